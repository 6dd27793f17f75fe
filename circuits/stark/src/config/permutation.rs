//! Poseidon2 where the machine has vectors: by `cairn-primitives`, which has the fastest of each
//! kind. Without vectors a packed state is a single one, and `p3-goldilocks` has both.

use cairn_primitives::poseidon2::{permute12_packed, permute12_scalar};
#[cfg(not(target_feature = "avx512f"))]
use p3_goldilocks::PackedGoldilocksAVX2 as Packed;
#[cfg(target_feature = "avx512f")]
use p3_goldilocks::PackedGoldilocksAVX512 as Packed;
use p3_symmetric::{CryptographicPermutation, Permutation};

use super::{Val, WIDTH};

/// Poseidon2 of width 12, on single states and on vectors of states.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permutation12;

impl Permutation<[Val; WIDTH]> for Permutation12 {
    fn permute_mut(&self, state: &mut [Val; WIDTH]) {
        permute12_scalar(state);
    }
}

impl Permutation<[Packed; WIDTH]> for Permutation12 {
    fn permute_mut(&self, state: &mut [Packed; WIDTH]) {
        permute12_packed(state);
    }
}

impl CryptographicPermutation<[Val; WIDTH]> for Permutation12 {}

impl CryptographicPermutation<[Packed; WIDTH]> for Permutation12 {}
