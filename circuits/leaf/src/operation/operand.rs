//! The fields of an operation.

use cairn_primitives::F;
use cairn_types::word_tag;
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use super::decimal::{AmountColumns, FeeColumns};
use super::key::{ElementColumns, packed_high};
use super::kind::{Kind, KindColumns, Selectors};
use crate::bus::RANGE;
use crate::expression::{Expression, linear};
use crate::range::Uint;

/// The fields of an operation, in canonical form whatever its kind is. A field that a kind does not
/// have is free and used nowhere.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct OperandColumns<T> {
    /// The leaf that pays, or that a deposit names. It is below `2^32` as it is accessed.
    pub(crate) payer: T,
    /// The leaf that a transfer pays; zero for other signed operations.
    pub(crate) payee: PayeeIdColumns<T>,
    /// The token.
    pub(crate) token: Uint<T, 16, 1>,
    /// Quanta. Zero for operations without amount.
    pub(crate) amount: Uint<T, 62, 4>,
    /// Quanta. Of a registration, the quantum exponent, which counts nowhere but in its word.
    pub(crate) fee: Uint<T, 62, 4>,
    /// Of a forced transaction that changes nothing, its type; zero of a transaction that is executed.
    pub(crate) forced_type: T,
    /// The key that the operation names (of the payee, new, or of the depositor), or the L1 address
    /// in three limbs and two zeros.
    pub(crate) target: [ElementColumns<T>; 5],
    /// Hint: where the target must be a key, the inverse of its weight; else zero.
    pub(crate) target_inverse: T,
    /// The amount divided by a power of ten.
    pub(crate) amount_decimal: AmountColumns<T>,
    /// The fee divided by a power of ten.
    pub(crate) fee_decimal: FeeColumns<T>,
    /// Hint: for a long transfer, the inverse of the sum of both remainders; else zero.
    pub(crate) remainder_inverse: T,
}

/// A leaf id, cut where data words cut it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct PayeeIdColumns<T> {
    /// Bits 16 to 31.
    pub(crate) from_16: Uint<T, 16, 1>,
    /// Bits 10 to 15.
    pub(crate) from_10: Uint<T, 6, 1>,
    /// Bits 6 to 9.
    pub(crate) from_6: Uint<T, 4, 1>,
    /// Bits 0 to 5.
    pub(crate) from_0: Uint<T, 6, 1>,
}

/// What the constraints of an operation make of [`OperandColumns`]: all of degree 1.
#[derive(Debug, Clone)]
pub(crate) struct Operand<E> {
    pub(crate) kind: Selectors<E>,
    pub(crate) payer: E,
    pub(crate) payee: E,
    pub(crate) token: E,
    pub(crate) amount: E,
    pub(crate) fee: E,
    pub(crate) forced_type: E,
    /// Of a transaction: its type in the message.
    pub(crate) transaction_type: E,
    pub(crate) target: [E; 5],
    /// The 62 low bits of each element of the target.
    pub(crate) target_low: [E; 5],
    /// The high bits of the target.
    pub(crate) target_high: E,
}

impl<E: PrimeCharacteristicRing> Operand<E> {
    /// Reads the fields. Says nothing about them: see [`OperandColumns::check`].
    pub(crate) fn new<V: Copy>(kind: &KindColumns<V>, columns: &OperandColumns<V>) -> Self
    where
        E: Expression<V>,
    {
        let PayeeIdColumns { from_16, from_10, from_6, from_0 } = &columns.payee;
        let kind = Selectors::<E>::new(kind);
        let forced_type = E::from(columns.forced_type);
        let types = linear([
            (word_tag::TRANSFER.into(), kind.transfer.clone()),
            (word_tag::TRANSFER_TO_NEW.into(), kind.to_new.clone()),
            (word_tag::WITHDRAW.into(), kind.withdraw.clone()),
            (word_tag::CHANGE_KEY.into(), kind.change_key.clone()),
        ]);
        Self {
            transaction_type: types + forced_type.clone(),
            forced_type,
            kind,
            payer: columns.payer.into(),
            payee: linear([
                (1 << 16, from_16.value::<E>()),
                (1 << 10, from_10.value()),
                (1 << 6, from_6.value()),
                (1, from_0.value()),
            ]),
            token: columns.token.value(),
            amount: columns.amount.value(),
            fee: columns.fee.value(),
            target: columns.target.map(|element| element.value()),
            target_low: columns.target.map(|element| element.low.value()),
            target_high: packed_high(&columns.target),
        }
    }
}

impl<T: Copy> OperandColumns<T> {
    /// All checks that concern nothing but the fields.
    pub(crate) fn check<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
    ) {
        let real = Count::bounded(operand.kind.real.clone(), 1);
        self.payee.from_16.check(builder, real.clone());
        self.payee.from_10.check(builder, real.clone());
        self.payee.from_6.check(builder, real.clone());
        self.payee.from_0.check(builder, real.clone());
        self.token.check(builder, real.clone());
        self.amount.check(builder, real.clone());
        self.fee.check(builder, real.clone());
        let any = &operand.kind.tail;
        self.target.iter().for_each(|element| element.check(builder, &real, any.clone()));
        self.amount_decimal.check(builder, operand.amount.clone(), &real);
        self.fee_decimal.check(builder, operand.fee.clone(), &real);
        assert_absent_fields(builder, operand);
        self.assert_key(builder, &operand.kind);
        self.assert_address(builder, operand);
        self.assert_short_iff_packable(builder, &operand.kind);
    }

    /// A key is not zero: only then has its weight an inverse.
    fn assert_key<AB: AirBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        kind: &Selectors<AB::Expr>,
    ) {
        let is_key = kind.names_key.clone();
        let weight: AB::Expr = self.target.iter().map(|element| element.weight::<AB::Expr>()).sum();
        builder.assert_eq(weight * AB::Expr::from(self.target_inverse), is_key);
    }

    /// An L1 address has 160 bits: 36, 62, 62.
    fn assert_address<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
    ) {
        let withdraw = operand.kind.withdraw.clone();
        let [_, _, top_4, unused] = self.target[0].low.0.map(AB::Expr::from);
        let shifted = top_4 * F::from_u64(1 << 12);
        RANGE.lookup_key(builder, [shifted], Count::bounded(withdraw.clone(), 1));
        let [_, _, _, unused_3, unused_4] = operand.target.clone();
        let zeros = [unused, operand.target_high.clone(), unused_3, unused_4];
        builder.assert_zeros(zeros.map(|zero| withdraw.clone() * zero));
    }

    /// A short transfer has packed forms, a long one lacks one of them. Remainders are below `2^54`, so
    /// that their sum is zero only if both are.
    fn assert_short_iff_packable<AB: AirBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        kind: &Selectors<AB::Expr>,
    ) {
        let amount = self.amount_decimal.remainder.value::<AB::Expr>();
        let remainder = amount + self.fee_decimal.remainder.value::<AB::Expr>();
        builder.assert_zero(kind.short.clone() * remainder.clone());
        let product = remainder * AB::Expr::from(self.remainder_inverse);
        builder.assert_eq(product, kind.of(Kind::LongTransfer));
    }
}

/// Registrations and key changes have no amount: message, word and balances all use zero. Signed
/// operations that are no transfers have no payee: so does their message. Those that are executed have the type of
/// their kind.
fn assert_absent_fields<AB: AirBuilder<F = F>>(builder: &mut AB, operand: &Operand<AB::Expr>) {
    let kind = &operand.kind;
    let no_amount = kind.of(Kind::RegisterToken) + kind.change_key.clone();
    builder.assert_zero(no_amount * operand.amount.clone());
    let no_payee = kind.signed.clone() - kind.transfer.clone();
    builder.assert_zero(no_payee * operand.payee.clone());
    builder.assert_zero(kind.signed.clone() * operand.forced_type.clone());
}
