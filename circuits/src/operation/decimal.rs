//! Packed amounts: `mantissa * 10^exponent`, one encoding a value.
//!
//! Any amount below `2^62` is written as `quotient * 10^exponent + remainder`, where the exponent is
//! the smallest with a quotient that fits the mantissa. That division exists for each amount and is
//! unique, and the amount has a packed form iff the remainder is zero: then quotient and exponent are
//! that form. So one set of constraints gives the packed form to short transfers and lets a long
//! transfer prove that it had none.

use super::{Builder, F};
use cairn_gadgets::arithmetic::assert_bits;
use cairn_types::AMOUNT_BITS;
use plonky2::{
    field::types::Field,
    iop::target::{BoolTarget, Target},
};

/// The shape of a packed amount.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// Bits of the mantissa.
    pub(crate) mantissa_bits: usize,
    /// Bits that hold [`Self::max_exponent`].
    exponent_bits: usize,
    /// Largest exponent that an amount below `2^62` needs.
    pub(crate) max_exponent: u32,
    /// Bits that hold `10^max_exponent`, at least.
    power_bits: usize,
}

/// 35-bit mantissa.
pub(crate) const AMOUNT: Format =
    Format { mantissa_bits: 35, exponent_bits: 4, max_exponent: 9, power_bits: 32 };
/// 11-bit mantissa.
pub(crate) const FEE: Format =
    Format { mantissa_bits: 11, exponent_bits: 5, max_exponent: 16, power_bits: 54 };

/// An amount divided by a power of ten.
#[derive(Debug, Clone)]
pub(crate) struct DecimalTarget {
    /// Witness: `amount / 10^exponent`, rounded down.
    pub(crate) quotient: Target,
    /// Witness: the exponent, least significant bit first.
    pub(crate) exponent: Vec<BoolTarget>,
    /// Witness: `amount mod 10^exponent`.
    pub(crate) remainder: Target,
}

impl DecimalTarget {
    /// Divides `amount`, which the caller has checked to be below `2^62`.
    pub(crate) fn new(builder: &mut Builder, format: Format, amount: Target) -> Self {
        let quotient = builder.add_virtual_target();
        let remainder = builder.add_virtual_target();
        let exponent: Vec<_> =
            (0..format.exponent_bits).map(|_| builder.add_virtual_bool_target_safe()).collect();
        let is_max = is_max(builder, &exponent, format.max_exponent);
        let power = power_of_ten(builder, &exponent);

        // amount = quotient * power + remainder, over the integers: the product stays below p,
        // as at the largest exponent the quotient has a bit less.
        assert_bits(builder, quotient, format.mantissa_bits);
        let top = builder.mul(is_max, quotient);
        assert_bits(builder, top, format.mantissa_bits - 1);
        let value = builder.mul_add(quotient, power, remainder);
        builder.connect(value, amount);

        // 0 <= remainder < power, and thereby exponent <= max_exponent: no larger power of ten is the sum
        // of two values of power_bits, also modulo p.
        assert_bits(builder, remainder, format.power_bits);
        let slack = builder.sub(power, remainder);
        let slack = builder.add_const(slack, F::NEG_ONE);
        assert_bits(builder, slack, format.power_bits);

        // No smaller exponent fits: amount >= 2^mantissa_bits * 10^(exponent - 1), unless that is 0.
        let all = exponent.iter().map(|bit| bit.target);
        let digits = builder.add_many(all);
        let zero = builder.zero();
        let unscaled = builder.is_equal(digits, zero);
        let scaled_power = builder.sub(power, unscaled.target);
        // 2^mantissa_bits / 10 as a field element: the product with a power of ten is an integer.
        let tenth = F::from_canonical_u64(1 << format.mantissa_bits) / F::from_canonical_u64(10);
        let least = builder.mul_const(tenth, scaled_power);
        let above = builder.sub(amount, least);
        assert_bits(builder, above, AMOUNT_BITS as usize);

        Self { quotient, exponent, remainder }
    }
}

/// The bit that an exponent, which is at most `max`, is `max`: all bits that `max` has are set.
fn is_max(builder: &mut Builder, exponent: &[BoolTarget], max: u32) -> Target {
    let bits = exponent.iter().enumerate().filter(|(i, _)| max >> i & 1 == 1);
    builder.mul_many(bits.map(|(_, bit)| bit.target))
}

/// `10^exponent`, by squares.
fn power_of_ten(builder: &mut Builder, exponent: &[BoolTarget]) -> Target {
    let one = builder.one();
    let mut square = F::from_canonical_u64(10);
    exponent.iter().fold(one, |power, bit| {
        let factor = builder.mul_const_add(square - F::ONE, bit.target, one);
        square *= square;
        builder.mul(power, factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plonky2::field::types::PrimeField64;

    #[test]
    fn larger_powers_leave_no_room_for_a_remainder() {
        for format in [AMOUNT, FEE] {
            let fits = |exponent: &u32| {
                let power = F::from_canonical_u64(10).exp_u64(u64::from(*exponent));
                (power - F::ONE).to_canonical_u64() <= 2 * ((1 << format.power_bits) - 1)
            };
            let exponents: Vec<u32> = (0..1 << format.exponent_bits).filter(fits).collect();
            assert_eq!(exponents, (0..=format.max_exponent).collect::<Vec<_>>());
        }
    }

    #[test]
    fn largest_exponents_are_needed_and_do_not_wrap() {
        for format in [AMOUNT, FEE] {
            let power = 10u128.pow(format.max_exponent);
            let largest = (1u128 << AMOUNT_BITS) - 1;
            let quotients = 1u128 << format.mantissa_bits;
            assert!(largest / (power / 10) >= quotients, "a smaller exponent does not do");
            assert!(largest / power < quotients / 2, "the bound of the top quotient is no loss");
            let p = u128::from(F::NEG_ONE.to_canonical_u64()) + 1;
            assert!(quotients / 2 * power + power < p);
            assert!(quotients * (power / 10) + power / 10 < p);
        }
    }
}
