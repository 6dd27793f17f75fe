//! Poseidon2 with AVX-512: single states by Cairn's implementation, which spreads one state over the
//! vector, vectors of states by that of `p3-goldilocks`.

use cairn_primitives::poseidon2::{permute12_packed, permute12_scalar};
use p3_goldilocks::PackedGoldilocksAVX512;
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

impl Permutation<[PackedGoldilocksAVX512; WIDTH]> for Permutation12 {
    fn permute_mut(&self, state: &mut [PackedGoldilocksAVX512; WIDTH]) {
        permute12_packed(state);
    }
}

impl CryptographicPermutation<[Val; WIDTH]> for Permutation12 {}

impl CryptographicPermutation<[PackedGoldilocksAVX512; WIDTH]> for Permutation12 {}
