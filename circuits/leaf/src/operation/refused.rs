//! Forced transactions that change nothing: one condition that fails.
//!
//! Whatever the state, a transaction holds or one of these is true, so that a proof of either exists. Which of several is
//! shown does not matter.
//!
//! | kind | leaf that is read | shown |
//! |---|---|---|
//! | Refused | payer | the bit of one reason, below |
//! | Mismatched | payee | a difference of key or token, as of a deposit |
//! | Keyless | payer | its key encodes no point |
//! | Unsigned | payer, with the nonce of the transaction | the signature table refuses |
//!
//! They have no accesses B and C: the columns of payee and fee leaf are read anew.
//!
//! A balance that would leave its 63 bits is no reason here: the caps on deposits keep the sum of all balances of a token
//! below `2^63`.

use cairn_primitives::F;
use cairn_primitives::ecgfp5::{DOUBLE_ODD_A, FOUR_B, NON_RESIDUE};
use cairn_types::word_tag;
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;

use super::columns::OperationColumns;
use super::kind::Kind;
use super::operand::Operand;
use crate::expression::{Expression, lift, linear};
use crate::signature::quintic::Quintic;

/// What a row that refuses reads from the columns; of degree 1. Means nothing in other rows.
#[derive(Debug, Clone)]
pub(crate) struct Refused<E> {
    /// The nonce of the transaction less that of the leaf.
    pub(crate) nonce_difference: E,
    /// Reason: that is not zero.
    nonce: E,
    /// Reason: the leaf has another token.
    token: E,
    /// Reason: the balance is below the amount.
    amount: E,
    /// Reason: what the amount leaves is below the fee.
    fee: E,
    /// Reason: L1 accepted it after its expiry.
    late: E,
    /// Whether it did, as the tail shows; in every row that refuses.
    pub(crate) is_late: E,
    /// Reason: the leaf has no nonce left.
    exhausted: E,
    /// Reason: no id is left for a new leaf.
    ids: E,
    /// By how much the balance is too small, less one.
    shortage: E,
    /// The same and `2^62`: as both are below `2^63`, no negative number is a shortage.
    above: E,
    /// Hints: inverses of the differences of nonce and token, if these are the reason.
    inverses: [E; 2],
}

impl<E: PrimeCharacteristicRing> Refused<E> {
    /// Reads a row.
    pub(crate) fn new<V: Copy>(row: &OperationColumns<V>) -> Self
    where
        E: Expression<V>,
    {
        let [nonce, token, amount, fee, late] = lift(&row.fee_leaf.key);
        let [nonce_inverse, token_inverse, is_late, _] = lift(&row.words.after_third);
        Self {
            nonce_difference: row.payee.nonce.into(),
            nonce,
            token,
            amount,
            fee,
            late,
            is_late,
            exhausted: row.fee_leaf.token.into(),
            ids: row.fee_leaf.nonce.into(),
            shortage: row.payee.balance_after.value(),
            above: row.fee_leaf.balance_after.value(),
            inverses: [nonce_inverse, token_inverse],
        }
    }
}

/// Asserts that the reason of a refused row is one, and that the type is one of the four.
pub(crate) fn assert_refused<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &OperationColumns<AB::Var>,
    operand: &Operand<AB::Expr>,
    next_id: &AB::Expr,
) {
    let refused = Refused::<AB::Expr>::new(row);
    let kind = &operand.kind;
    let is_refused = kind.of(Kind::Refused);
    let Refused { nonce, token, amount, fee, late, exhausted, ids, shortage, .. } = refused;
    let reasons = [&nonce, &token, &amount, &fee, &late, &exhausted, &ids].map(Clone::clone);
    let mut when = builder.when(is_refused);
    reasons.iter().for_each(|reason| when.assert_bool(reason.clone()));
    when.assert_one(reasons.into_iter().sum::<AB::Expr>());

    let [nonce_inverse, token_inverse] = refused.inverses;
    when.assert_eq(refused.nonce_difference * nonce_inverse, nonce);
    let other_token = AB::Expr::from(row.payer.token) - operand.token.clone();
    when.assert_eq(other_token * token_inverse, token);
    let last = AB::Expr::from_u32(u32::MAX);
    when.assert_zero(late * (AB::Expr::ONE - refused.is_late));
    when.assert_zero(exhausted * (row.payer.nonce.value::<AB::Expr>() - last));

    let balance = AB::Expr::from(row.payer.balance);
    let missing = shortage.clone() + AB::Expr::ONE;
    when.assert_eq(refused.above, shortage + AB::Expr::from_u64(1 << 62));
    when.assert_zero(amount * (operand.amount.clone() - balance - missing.clone()));
    let rest = row.payer.without_amount.value::<AB::Expr>();
    when.assert_zero(fee * (operand.fee.clone() - rest - missing));

    when.assert_zero(ids.clone() * (next_id.clone() - AB::Expr::from_u64(1 << 32)));
    let to_new = AB::Expr::from_u8(word_tag::TRANSFER_TO_NEW);
    when.assert_zero(ids * (operand.transaction_type.clone() - to_new));

    // Of four types, which the columns of two gaps tell.
    let mut refusing = builder.when(kind.refusing.clone());
    let bits = [row.payee.gap.0[0], row.fee_leaf.gap.0[0]].map(AB::Expr::from);
    bits.iter().for_each(|bit| refusing.assert_bool(bit.clone()));
    let [low, high] = bits;
    let offset = operand.transaction_type.clone() - AB::Expr::from_u8(word_tag::TRANSFER);
    refusing.assert_eq(offset.clone(), linear([(1, low), (2, high)]));

    let mut mismatched = builder.when(kind.of(Kind::Mismatched));
    mismatched.assert_zero(offset);
    mismatched.assert_eq(operand.payer.clone(), operand.payee.clone());
}

/// What the payer's id in the words has more than the column: that is the leaf that is read, of a mismatched row the
/// payee's, and the payer has 32 bits elsewhere. Of degree 2.
pub(crate) fn payer_correction<V: Copy, E: Expression<V>>(
    row: &OperationColumns<V>,
    operand: &Operand<E>,
) -> E {
    let [low, high, _, _] = row.fee_leaf.balance_after.0.map(E::from);
    let of_mismatched = linear([(1, low), (1 << 16, high)]);
    operand.kind.of(Kind::Mismatched) * (of_mismatched - operand.payer.clone())
}

/// The amount, where a refused row takes it from the balance to see what it leaves; of degree 3.
pub(crate) fn amount_held<V: Copy, E: Expression<V>>(
    row: &OperationColumns<V>,
    operand: &Operand<E>,
) -> E {
    let fee = Refused::<E>::new(row).fee;
    operand.kind.of(Kind::Refused) * fee * operand.amount.clone()
}

/// Asserts, where `keyless` is set, that the payer's key encodes no point: the discriminant `t^2 - 4 b` of its quadratic,
/// `t = w^2 - a`, is not a square, as its product with a number that is none has a root. (It is not zero, since b is not
/// a square.) See [`cairn_primitives::ecgfp5::Affine::decode`].
pub(crate) fn assert_keyless<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &OperationColumns<AB::Var>,
    keyless: &AB::Expr,
) {
    let constant = Quintic::<AB::Expr>::constant;
    let [r0, r1, r2, r3, r4, ..] = *row.authorization.capacities.as_flattened() else {
        unreachable!("eight columns")
    };
    let root = Quintic::<AB::Expr>::read(&[r0, r1, r2, r3, r4]);
    let trace = Quintic::<AB::Expr>::read(&row.fee_leaf.key);
    let square = Quintic::<AB::Expr>::read(&row.payer.key).square() - constant(&DOUBLE_ODD_A);
    let discriminant = trace.square() - constant(&FOUR_B);
    let twisted = discriminant.scale(NON_RESIDUE.into());
    let mut when = builder.when(keyless.clone());
    when.assert_zeros((square - trace).0);
    when.assert_zeros((root.square() - twisted).0);
}
