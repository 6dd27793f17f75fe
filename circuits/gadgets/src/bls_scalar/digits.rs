//! Digits of up to three bits: range-checked, and put together to integers.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use crate::ring::Ring;

/// Bits of a digit; only the top digit of an integer may have less.
pub(super) const DIGIT_BITS: usize = 3;

/// Digits of an integer of so many bits.
pub(super) const fn count(bits: usize) -> usize {
    bits.div_ceil(DIGIT_BITS)
}

/// Bits of digit `i` of an integer of so many bits.
pub(super) const fn width(bits: usize, i: usize) -> usize {
    if bits - DIGIT_BITS * i < DIGIT_BITS { bits - DIGIT_BITS * i } else { DIGIT_BITS }
}

/// The digits of an integer below `2^bits`, the lowest first; of a larger one those of the low bits.
pub(super) fn of(value: u64, bits: usize) -> impl Iterator<Item = GoldilocksField> {
    (0..count(bits)).map(move |i| {
        let digit = value >> (DIGIT_BITS * i) & ((1 << width(bits, i)) - 1);
        GoldilocksField::from_canonical_u64(digit)
    })
}

/// Emits a constraint for each digit that holds iff it is in range, and returns the integer.
pub(super) fn compose<R: Ring>(
    ring: &mut R,
    bits: usize,
    digit: impl Fn(usize) -> R::Value,
    emit: &mut impl FnMut(R::Value),
) -> R::Value {
    for i in 0..count(bits) {
        emit(vanishing(ring, width(bits, i), digit(i)));
    }
    let top = count(bits) - 1;
    let radix = GoldilocksField::from_canonical_u64(1 << DIGIT_BITS);
    (0..top).rev().fold(digit(top), |value, i| ring.scale_add(radix, value, digit(i)))
}

/// The polynomial that vanishes on the integers below `2^bits`: degree `2^bits`.
fn vanishing<R: Ring>(ring: &mut R, bits: usize, x: R::Value) -> R::Value {
    let square = ring.mul(x, x);
    let constant = GoldilocksField::from_noncanonical_i64;
    match bits {
        1 => ring.sub(square, x),
        2 => {
            // With t = x (x - 3): x (x - 1) (x - 2) (x - 3) = t (t + 2).
            let t = ring.scale_add(constant(-3), x, square);
            let square = ring.mul(t, t);
            ring.scale_add(constant(2), t, square)
        }
        _ => {
            // With t = x (x - 7): the product of x - i for i < 8 is t (t + 6) (t + 10) (t + 12).
            let t = ring.scale_add(constant(-7), x, square);
            let square = ring.mul(t, t);
            let left = ring.scale_add(constant(6), t, square);
            let right = ring.scale_add(constant(22), t, square);
            let right = ring.add_constant(right, constant(120));
            ring.mul(left, right)
        }
    }
}
