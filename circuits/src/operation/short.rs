//! Short transfers: 120 bits each, two a data word.
//!
//! Limbs have 62 bits, so the first slot of a word ends 4 bits into limb 2: it is cut into 54, 62 and 4
//! bits, the second into 58 and 62. The cuts fall into the payee (after 22 or 26 bits) and into the
//! exponent of the fee (after 1 bit), whose bits are known, so that every piece is a linear form.

use super::{
    Builder, F,
    arithmetic::{from_bits, linear, select},
    operand::OperandTarget,
};
use plonky2::{field::types::Field, iop::target::Target};

/// A first slot that waits for its second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenPairTarget {
    /// Whether there is one: a bit.
    pub(crate) open: Target,
    /// Its 54, 62 and 4 bits.
    pub(crate) pieces: [Target; 3],
}

impl OpenPairTarget {
    /// No open pair: how a chunk starts.
    pub(crate) fn none(builder: &mut Builder) -> Self {
        let zero = builder.zero();
        Self { open: zero, pieces: [zero; 3] }
    }
}

/// The 120 bits of a short transfer, cut in both ways. Means nothing for other kinds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortTarget {
    /// As the first slot of a word: 54, 62 and 4 bits.
    pub(crate) first: [Target; 3],
    /// As the second slot of a word: 58 and 62 bits.
    pub(crate) second: [Target; 2],
}

impl ShortTarget {
    /// Packs payer, payee, amount and fee. Each is bounded, so the pieces are too.
    pub(crate) fn new(builder: &mut Builder, operand: &OperandTarget) -> Self {
        let (payer, payee) = (operand.payer.value, &operand.payee);
        let low_6 = from_bits(builder, &payee.bits[..6]);
        let next_4 = from_bits(builder, &payee.bits[6..10]);
        let low_10 = linear(builder, &[(1, low_6), (1 << 6, next_4)]);
        let high_26 = shift_right(builder, payee.value, low_6, 6);
        let high_22 = shift_right(builder, payee.value, low_10, 10);

        // amount 35 + 5, fee 11 + 5: 56 bits, of which a first slot has the last 4 in the next limb.
        let (low, high) = operand.fee_decimal.exponent.split_at(4);
        let tail_4 = from_bits(builder, low);
        let fee_exponent_high = from_bits(builder, high);
        let amount_exponent = from_bits(builder, &operand.amount_decimal.exponent);
        let tail_52 = linear(
            builder,
            &[
                (1 << 17, operand.amount_decimal.quotient),
                (1 << 12, amount_exponent),
                (1 << 1, operand.fee_decimal.quotient),
                (1, fee_exponent_high),
            ],
        );
        Self {
            first: [
                linear(builder, &[(1 << 22, payer), (1, high_22)]),
                linear(builder, &[(1 << 52, low_10), (1, tail_52)]),
                tail_4,
            ],
            second: [
                linear(builder, &[(1 << 26, payer), (1, high_26)]),
                linear(builder, &[(1 << 56, low_6), (1 << 4, tail_52), (1, tail_4)]),
            ],
        }
    }

    /// The limbs of the word that ends with this transfer, without tag: a pair if `second` (a bit),
    /// else this transfer alone.
    pub(crate) fn limbs(
        &self,
        builder: &mut Builder,
        second: Target,
        open: &OpenPairTarget,
    ) -> [Target; 4] {
        let [first_0, first_1, first_2] = select(builder, second, open.pieces, self.first);
        let [second_0, second_1] = self.second.map(|piece| builder.mul(second, piece));
        [first_0, first_1, linear(builder, &[(1 << 58, first_2), (1, second_0)]), second_1]
    }
}

/// `(value - low) / 2^bits`, where `low` is the low bits of `value`.
fn shift_right(builder: &mut Builder, value: Target, low: Target, bits: usize) -> Target {
    let high = builder.sub(value, low);
    builder.mul_const(F::from_canonical_u64(1 << bits).inverse(), high)
}
