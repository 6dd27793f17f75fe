//! The fixed-base table as polynomials in the bits of the digits.

use std::sync::LazyLock;

use cairn_primitives::schnorr::fixed_base_table;
use plonky2::field::goldilocks_field::GoldilocksField;

use super::algebra::{POINT, Point, elements};
use crate::ring::Ring;

const BITS: usize = 6;

/// For each set of bits, the coefficients of the monomial of that set in X and Y of the entry.
///
/// The entry of the table at the index whose set of bits is S is the sum over the subsets of S;
/// this is the inverse.
static COEFFICIENTS: LazyLock<[[GoldilocksField; POINT]; 1 << BITS]> = LazyLock::new(|| {
    let mut values = fixed_base_table().map(|point| elements(&point));
    for bit in 0..BITS {
        for set in (0..1 << BITS).filter(|set| set >> bit & 1 == 1) {
            let without = values[set ^ 1 << bit];
            values[set].iter_mut().zip(without).for_each(|(value, part)| *value -= part);
        }
    }
    values
});

/// The entry at the index with these bits, least significant first. Degree 6.
///
/// Trust: the caller constrains the bits to be bits.
pub(super) fn look_up<R: Ring>(ring: &mut R, bits: &[R::Value; BITS]) -> Point<R::Value> {
    let coefficients: &[[_; POINT]; 1 << BITS] = &COEFFICIENTS;
    let mut entry = coefficients[0].map(|coefficient| ring.constant(coefficient));
    let mut monomials = [bits[0]; 1 << BITS];
    for set in 1usize..1 << BITS {
        let lowest = set.trailing_zeros() as usize;
        let rest = set & (set - 1);
        monomials[set] =
            if rest == 0 { bits[lowest] } else { ring.mul(bits[lowest], monomials[rest]) };
        for (value, &coefficient) in entry.iter_mut().zip(&coefficients[set]) {
            let coefficient = ring.constant(coefficient);
            *value = ring.mul_add(coefficient, monomials[set], *value);
        }
    }
    Point { x: std::array::from_fn(|i| entry[i]), y: std::array::from_fn(|i| entry[i + 5]) }
}
