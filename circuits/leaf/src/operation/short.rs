//! Short transfers: 120 bits each, two a data word.
//!
//! Limbs have 62 bits, so the first slot of a word ends 4 bits into limb 2: it is cut into 54, 62 and 4
//! bits, the second into 58 and 62. The cuts fall into the payee (after 22 or 26 bits) and into the
//! exponent of the fee (after 1 bit), whose parts are known, so that every piece is a linear form.

use cairn_primitives::F;
use p3_field::Algebra;

use super::operand::{OperandColumns, PayeeIdColumns};
use crate::expression::{Expression, linear};

/// The 120 bits of a short transfer, cut in both ways; of degree 1. Means nothing for other kinds.
#[derive(Debug, Clone)]
pub(crate) struct Short<E> {
    /// As the first slot of a word: 54, 62 and 4 bits.
    pub(crate) first: [E; 3],
    /// As the second slot of a word: 58 and 62 bits.
    pub(crate) second: [E; 2],
}

impl<E: Algebra<F>> Short<E> {
    /// Packs payer, payee, amount and fee. Each is bounded, so the pieces are too.
    pub(crate) fn new<V: Copy>(operand: &OperandColumns<V>) -> Self
    where
        E: Expression<V>,
    {
        let PayeeIdColumns { from_16, from_10, from_6, from_0 } = &operand.payee;
        let [from_16, from_10, from_6, low_6] =
            [from_16.value::<E>(), from_10.value(), from_6.value(), from_0.value()];
        let high_22 = linear([(1 << 6, from_16), (1, from_10)]);
        let high_26 = linear([(1 << 4, high_22.clone()), (1, from_6.clone())]);
        let low_10 = linear([(1 << 6, from_6), (1, low_6.clone())]);

        // amount 35 + 5, fee 11 + 5: 56 bits, of which a first slot has the last 4 in the next limb.
        let (amount, fee) = (&operand.amount_decimal, &operand.fee_decimal);
        let [.., is_16] = fee.exponent;
        let fee_exponent_high = E::from(is_16);
        let tail_4 = fee.exponent_value::<E>() - linear([(16, fee_exponent_high.clone())]);
        let tail_52 = linear([
            (1 << 17, amount.quotient.value::<E>()),
            (1 << 12, amount.exponent_value()),
            (1 << 1, fee.quotient.value()),
            (1, fee_exponent_high),
        ]);
        let payer = || E::from(operand.payer);
        Self {
            first: [
                linear([(1 << 22, payer()), (1, high_22)]),
                linear([(1 << 52, low_10), (1, tail_52.clone())]),
                tail_4.clone(),
            ],
            second: [
                linear([(1 << 26, payer()), (1, high_26)]),
                linear([(1 << 56, low_6), (1 << 4, tail_52), (1, tail_4)]),
            ],
        }
    }
}
