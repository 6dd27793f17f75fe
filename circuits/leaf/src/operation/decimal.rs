//! Packed amounts: `mantissa * 10^exponent`, one encoding a value.
//!
//! Any amount below `2^62` is written as `quotient * 10^exponent + remainder`, where the exponent is
//! the smallest with a quotient that fits the mantissa. That division exists for each amount and is
//! unique, and the amount has a packed form iff the remainder is zero: then quotient and exponent are
//! that form. So one set of constraints gives the packed form to short transfers and lets a long
//! transfer prove that it had none.

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use crate::bus::RANGE;
use crate::expression::{Expression, lift, linear};
use crate::range::{LIMB_BITS, Uint};

/// An amount divided by a power of ten: a mantissa of `M` bits in `ML` limbs, an exponent up to `X`,
/// and `R` bits in `RL` limbs for what is below `10^X`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct DecimalColumns<
    T,
    const X: usize,
    const M: usize,
    const ML: usize,
    const R: usize,
    const RL: usize,
> {
    /// One-hot: 1, 2, .. `X`; none is set for exponent zero.
    pub(crate) exponent: [T; X],
    /// `amount / 10^exponent`, rounded down.
    pub(crate) quotient: Uint<T, M, ML>,
    /// `amount mod 10^exponent`.
    pub(crate) remainder: Uint<T, R, RL>,
    /// `10^exponent - 1 - remainder`.
    pub(crate) slack: Uint<T, R, RL>,
    /// By how much the amount is too large for the next smaller exponent; zero for exponent zero.
    pub(crate) above: Uint<T, 62, 4>,
}

/// Largest exponent that an amount below `2^62` needs at a mantissa of 35 bits.
pub(crate) const AMOUNT_EXPONENT: usize = 9;
/// Largest exponent that a fee below `2^62` needs at a mantissa of 11 bits.
pub(crate) const FEE_EXPONENT: usize = 16;

/// 35-bit mantissa.
pub(crate) type AmountColumns<T> = DecimalColumns<T, AMOUNT_EXPONENT, 35, 3, 32, 2>;
/// 11-bit mantissa.
pub(crate) type FeeColumns<T> = DecimalColumns<T, FEE_EXPONENT, 11, 1, 54, 4>;

impl<T: Copy, const X: usize, const M: usize, const ML: usize, const R: usize, const RL: usize>
    DecimalColumns<T, X, M, ML, R, RL>
{
    /// The exponent as a number.
    pub(crate) fn exponent_value<E: Expression<T>>(&self) -> E {
        linear((1..).zip(lift::<X, T, E>(&self.exponent)))
    }

    /// Asserts that these columns divide `amount`, which the caller has checked to be below `2^62`,
    /// on rows where `real` (a bit) is set.
    pub(crate) fn check<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        amount: AB::Expr,
        real: &Count<AB::Expr>,
    ) {
        let hot: [AB::Expr; X] = lift(&self.exponent);
        builder.assert_bools(hot.clone());
        builder.assert_bool(hot.iter().cloned().sum::<AB::Expr>());
        let powers = || (1..=X as u32).map(|exponent| 10u64.pow(exponent)).zip(hot.iter().cloned());
        let below_power = linear(powers().map(|(power, hot)| (power - 1, hot))); // 10^exponent - 1

        // amount = quotient * power + remainder, over the integers: the product stays below p,
        // as at the largest exponent the quotient has a bit less.
        let quotient = self.quotient.check(builder, real.clone());
        let top = AB::Expr::from(self.quotient.0[ML - 1]);
        let shift = F::from_u64(1 << (ML * LIMB_BITS - M + 1));
        let is_max = Count::bounded(hot[X - 1].clone(), 1);
        RANGE.lookup_key(builder, [top * shift], is_max);
        let remainder = self.remainder.check(builder, real.clone());
        let power = below_power.clone() + AB::Expr::ONE;
        builder.assert_eq(quotient * power + remainder.clone(), amount.clone());

        // 0 <= remainder < power.
        let slack = self.slack.check(builder, real.clone());
        builder.assert_eq(remainder + slack, below_power);

        // No smaller exponent fits: amount >= 2^M * 10^(exponent - 1), unless that is 0.
        let above = self.above.check(builder, real.clone());
        let least = linear(powers().map(|(power, hot)| ((1 << M) * (power / 10), hot)));
        builder.assert_eq(above + least, amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_field::PrimeField64;

    /// Exponent, bits of the mantissa, bits of the remainder.
    const FORMATS: [(usize, u32, u32); 2] = [(AMOUNT_EXPONENT, 35, 32), (FEE_EXPONENT, 11, 54)];

    #[test]
    fn largest_exponents_are_needed_and_do_not_wrap() {
        for (exponent, mantissa_bits, remainder_bits) in FORMATS {
            let power = 10u128.pow(exponent as u32);
            let largest = (1u128 << 62) - 1;
            let quotients = 1u128 << mantissa_bits;
            assert!(largest / (power / 10) >= quotients, "a smaller exponent does not do");
            assert!(largest / power < quotients / 2, "the bound of the top quotient is no loss");
            assert!(power < 1 << remainder_bits);
            let p = u128::from(F::ORDER_U64);
            assert!(quotients / 2 * power + (1 << remainder_bits) < p);
            assert!(quotients * (power / 10) + (1 << remainder_bits) < p);
            assert!(quotients * (power / 10) < 1 << 62);
        }
    }
}
