//! Forced transactions: five words of the priority stream, in two rows.
//!
//! The *head* has the transaction and two words, and executes it or shows why not ([`super::refused`]). The *tail*, in the
//! row after it, has the signature, the time and three words. What one row knows and the other needs goes over [`FORCED`],
//! so that neither stands alone.
//!
//! A tail has no accesses; its columns are read anew:
//!
//! | of a tail | column |
//! |---|---|
//! | key, digest: as in the head | key of the payer, digest |
//! | nonce, payee, token, expiry of the words | the same |
//! | challenge: low bits, high bits | amount and fee, key of the fee leaf |
//! | response | target |
//! | enqueued | balance of the payee |
//! | limited | token of the payer |
//! | late, judged, refused | token and nonce of the fee leaf, last element of its key |

use cairn_primitives::F;
use p3_air::AirBuilder;
use p3_field::{Algebra, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};

use super::columns::OperationColumns;
use super::kind::Kind;
use super::operand::Operand;
use super::refused::Refused;
use crate::bus::{FORCED, SIGNED};
use crate::expression::{Expression, lift, linear};

/// What a tail reads from the columns; of degree 1. Means nothing in other rows.
#[derive(Debug, Clone)]
pub(crate) struct Tail<E> {
    pub(crate) nonce: E,
    pub(crate) expiry: E,
    /// When L1 accepted the transaction, in seconds.
    pub(crate) enqueued: E,
    /// The high bits of both elements of the challenge, highest first.
    pub(crate) challenge_high: [E; 4],
    /// Whether there is an expiry that is held.
    pub(crate) limited: E,
    /// Whether that was after its expiry.
    pub(crate) late: E,
    /// Whether the signature is judged.
    pub(crate) judged: E,
    /// The verdict.
    pub(crate) refused: E,
    /// Hint: if it is late, the inverse of the expiry.
    pub(crate) expiry_inverse: E,
}

impl<E: Algebra<F>> Tail<E> {
    /// Reads a row.
    pub(crate) fn new<V: Copy>(row: &OperationColumns<V>) -> Self
    where
        E: Expression<V>,
    {
        let [h0, h1, h2, h3, refused] = lift(&row.fee_leaf.key);
        Self {
            nonce: row.payer.nonce.value(),
            expiry: row.authorization.expiry.value(),
            enqueued: row.payee.balance_after.value(),
            challenge_high: [h0, h1, h2, h3],
            limited: row.payer.token.into(),
            late: row.fee_leaf.token.into(),
            judged: row.fee_leaf.nonce.into(),
            refused,
            expiry_inverse: row.payee.nonce.into(),
        }
    }

    /// The high bits of both elements of the challenge, as numbers below 4.
    fn challenge_highs(&self) -> [E; 2] {
        let [h0, h1, h2, h3] = self.challenge_high.clone();
        [linear([(2, h0), (1, h1)]), linear([(2, h2), (1, h3)])]
    }

    /// The limbs of its first word, the third of the transaction.
    pub(crate) fn first_limbs(&self, operand: &Operand<E>) -> [E; 4] {
        let [high_0, high_1] = self.challenge_highs();
        let highs = linear([
            (1 << 46, operand.token.clone()),
            (1 << 36, operand.target_high.clone()),
            (1 << 34, high_0),
            (1 << 32, high_1),
            (1, self.nonce.clone()),
        ]);
        [highs, operand.payee.clone(), self.expiry.clone(), self.enqueued.clone()]
    }

    /// Asserts that bits are bits, where `is_tail` is set.
    pub(crate) fn check<AB: AirBuilder<F = F, Expr = E>>(&self, builder: &mut AB, is_tail: &E) {
        let mut tail = builder.when(is_tail.clone());
        self.challenge_high.iter().for_each(|bit| tail.assert_bool(bit.clone()));
        tail.assert_bool(self.judged.clone());
        tail.assert_bool(self.refused.clone());
    }
}

/// Sends who has signed what: of a transaction in the data with the row itself, of a forced one with its tail, if the
/// signature is judged; then with challenge, response and verdict.
pub(crate) fn send_signature<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &OperationColumns<AB::Var>,
    operand: &Operand<AB::Expr>,
    tail: &Tail<AB::Expr>,
) {
    let is_tail = &operand.kind.tail;
    let signed = row.payer.key.into_iter().chain(row.authorization.digest).map(AB::Expr::from);
    // Limbs of 32 bits, lowest first.
    let low = [row.operand.amount, row.operand.fee];
    let challenge = low.into_iter().zip(tail.challenge_highs()).flat_map(|(low, high)| {
        let [l0, l1, l2, l3] = low.0.map(AB::Expr::from);
        [linear([(1, l0), (1 << 16, l1)]), linear([(1, l2), (1 << 16, l3), (1 << 30, high)])]
    });
    let response = row.operand.target.iter().flat_map(|element| element.halves());
    let verdict = tail.refused.clone();
    let named = challenge.chain(response).chain([AB::Expr::ONE, verdict]);
    let named = named.map(|element| is_tail.clone() * element);
    let count = operand.kind.dated.clone() + is_tail.clone() * tail.judged.clone();
    SIGNED.send(builder, signed.chain(named), Count::bounded(count, 1));
}

/// Tells the tail, in the next row, what the head knows of it, and what the head needs it to prove.
///
/// A transaction is executed if it is in time and its signature is judged and not refused. A head that refuses says
/// what the tail is, late or not.
pub(crate) fn relay<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &OperationColumns<AB::Var>,
    operand: &Operand<AB::Expr>,
    nonce: AB::Expr,
    tail: &Tail<AB::Expr>,
) {
    let kind = &operand.kind;
    let refused = Refused::<AB::Expr>::new(row);
    // The leaf's nonce, but where the transaction may have another; of a tail its own.
    let unsigned = kind.of(Kind::Unsigned);
    let another = kind.refusing.clone() - unsigned.clone();
    let stated = nonce + another * refused.nonce_difference;
    let signed = row.payer.key.into_iter().chain(row.authorization.digest).map(AB::Expr::from);
    let known = [operand.token.clone(), stated, operand.payee.clone(), tail.expiry.clone()];
    let executed = kind.head.clone() - kind.refusing.clone();
    let proven = [
        executed + unsigned.clone() + kind.tail.clone() * tail.judged.clone(),
        unsigned + kind.tail.clone() * tail.refused.clone(),
        kind.refusing.clone() * refused.is_late + kind.tail.clone() * tail.late.clone(),
    ];
    // One message, sent by a head and heard by a tail: a row is one of them at the most.
    let of_tail = AB::Expr::from(row.clock) + kind.head.clone();
    let message = [of_tail].into_iter().chain(signed).chain(known).chain(proven);
    let count = kind.head.clone() - kind.tail.clone();
    FORCED.send(builder, message, Count::bounded(count, 1));
}
