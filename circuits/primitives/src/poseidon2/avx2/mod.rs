//! The permutations with AVX2, on one state and on vectors of states.
//!
//! Elements are words that need not be reduced, neither before nor after. Sums are of two digits
//! each, reduced once a layer (`digits.rs`). What goes wrong in a product or a sum with a
//! probability of about 2^-32 is not corrected, but marked (`vector.rs`); so are some where nothing
//! is wrong. A permutation with a mark is done again by `p3-goldilocks`: one in 9,000 of random
//! vectors, in 40,000 of single states. So the time depends on the state, which is public or the
//! prover's own.

mod constants;
mod digits;
mod layout;
mod one;
mod packed;
mod vector;

#[cfg(test)]
mod intervals;
#[cfg(test)]
mod tests;

use std::arch::x86_64::__m256i;
use std::mem::transmute;
use std::sync::LazyLock;

use p3_field::PrimeField64;

use self::constants::Rounds;
use self::vector::Vector;
use super::{Packed, plonky3};
use crate::F;

struct Width8;

struct Width12;

/// High halves of noted words below this are marks, see `vector.rs`.
const MARK: u32 = 1 << 8;

static PACKED_8: LazyLock<packed::Constants<Vector, 8>> =
    LazyLock::new(|| packed::Constants::new(&Rounds::width_8()));

static PACKED_12: LazyLock<packed::Constants<Vector, 12>> =
    LazyLock::new(|| packed::Constants::new(&Rounds::width_12()));

static ONE_8: LazyLock<one::Constants<Vector, 8, 2>> =
    LazyLock::new(|| one::Constants::new::<Width8>(&Rounds::width_8()));

static ONE_12: LazyLock<one::Constants<Vector, 12, 3>> =
    LazyLock::new(|| one::Constants::new::<Width12>(&Rounds::width_12()));

pub(super) fn permute8(state: &mut [F; 8]) {
    marked_again(state, MARK, fast8, plonky3::permute8);
}

pub(super) fn permute12(state: &mut [u64; 12]) {
    marked_again(state, MARK, fast12, plonky3::permute12);
}

pub(super) fn permute8_packed(state: &mut [Packed; 8]) {
    marked_again(state, MARK, fast8_packed, plonky3::permute8_packed);
}

pub(super) fn permute12_packed(state: &mut [Packed; 12]) {
    marked_again(state, MARK, fast12_packed, plonky3::permute12_packed);
}

/// The result of `fast` if it notes no high half below `mark`, else that of `exact`.
#[inline(always)]
fn marked_again<S: Copy>(
    state: &mut S,
    mark: u32,
    fast: impl FnOnce(&mut S, &mut Vector),
    exact: impl FnOnce(&mut S),
) {
    let mut check = Vector::unmarked();
    let mut result = *state;
    fast(&mut result, &mut check);
    if check.is_below(mark) {
        exact(state);
    } else {
        *state = result;
    }
}

fn fast8(state: &mut [F; 8], check: &mut Vector) {
    let mut words = state.map(|element| element.as_canonical_u64());
    one::permute::<_, Width8, 8, 2>(&mut words, &ONE_8, check);
    *state = words.map(F::new);
}

fn fast12(state: &mut [u64; 12], check: &mut Vector) {
    one::permute::<_, Width12, 12, 3>(state, &ONE_12, check);
}

fn fast8_packed(state: &mut [Packed; 8], check: &mut Vector) {
    let mut vectors = vectors(state);
    packed::permute::<_, Width8, 8, 7>(&mut vectors, &PACKED_8, check);
    *state = elements(&vectors);
}

fn fast12_packed(state: &mut [Packed; 12], check: &mut Vector) {
    let mut vectors = vectors(state);
    packed::permute::<_, Width12, 12, 11>(&mut vectors, &PACKED_12, check);
    *state = elements(&vectors);
}

#[inline(always)]
fn vectors<const N: usize>(state: &[Packed; N]) -> [Vector; N] {
    let mut vectors = [Vector::unmarked(); N];
    for (vector, packed) in vectors.iter_mut().zip(state) {
        // SAFETY: both are 32 bytes, any of which are a vector.
        *vector = Vector(unsafe { transmute::<Packed, __m256i>(*packed) });
    }
    vectors
}

#[inline(always)]
fn elements<const N: usize>(vectors: &[Vector; N]) -> [Packed; N] {
    let mut state = [Packed::default(); N];
    for (packed, vector) in state.iter_mut().zip(vectors) {
        // SAFETY: both are 32 bytes, and any word is a field element.
        *packed = unsafe { transmute::<__m256i, Packed>(vector.0) };
    }
    state
}
