//! Small formulas over targets that the constraints of a slot are written in.

use super::{Builder, F};
use cairn_gadgets::arithmetic::select_array;
use plonky2::{
    field::types::Field,
    iop::target::{BoolTarget, Target},
};

/// The sum of some targets.
pub(crate) fn sum(builder: &mut Builder, terms: &[Target]) -> Target {
    builder.add_many(terms)
}

/// `sum of coefficient * target`.
pub(crate) fn linear(builder: &mut Builder, terms: &[(u64, Target)]) -> Target {
    let zero = builder.zero();
    terms.iter().fold(zero, |accumulator, &(coefficient, target)| {
        builder.mul_const_add(F::from_canonical_u64(coefficient), target, accumulator)
    })
}

/// `sum of left * right`.
pub(crate) fn inner_product<const N: usize>(
    builder: &mut Builder,
    left: &[Target; N],
    right: &[Target; N],
) -> Target {
    let zero = builder.zero();
    left.iter().zip(right).fold(zero, |accumulator, (&l, &r)| builder.mul_add(l, r, accumulator))
}

/// The number with these bits, least significant first.
pub(crate) fn from_bits(builder: &mut Builder, bits: &[BoolTarget]) -> Target {
    let zero = builder.zero();
    bits.iter()
        .rev()
        .fold(zero, |accumulator, bit| builder.mul_const_add(F::TWO, accumulator, bit.target))
}

/// `if condition { then } else { otherwise }`; `condition` must be a bit.
pub(crate) fn select<const N: usize>(
    builder: &mut Builder,
    condition: Target,
    then: [Target; N],
    otherwise: [Target; N],
) -> [Target; N] {
    select_array(builder, BoolTarget::new_unsafe(condition), then, otherwise)
}

/// Asserts `x == 0` where `condition != 0`.
pub(crate) fn assert_zero_if(builder: &mut Builder, condition: Target, x: Target) {
    let product = builder.mul(condition, x);
    builder.assert_zero(product);
}

/// Asserts `x == y` where `condition != 0`.
pub(crate) fn assert_equal_if(builder: &mut Builder, condition: Target, x: Target, y: Target) {
    let difference = builder.sub(x, y);
    assert_zero_if(builder, condition, difference);
}
