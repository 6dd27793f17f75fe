//! The permutations of `p3-goldilocks`: where Cairn has none of its own, and what its own are
//! tested against.

use std::sync::LazyLock;

use p3_goldilocks::{
    Poseidon2Goldilocks, default_goldilocks_poseidon2_8, default_goldilocks_poseidon2_12,
};
use p3_symmetric::Permutation;

use super::Packed;
use crate::F;

static WIDTH_8: LazyLock<Poseidon2Goldilocks<8>> = LazyLock::new(default_goldilocks_poseidon2_8);
static WIDTH_12: LazyLock<Poseidon2Goldilocks<12>> = LazyLock::new(default_goldilocks_poseidon2_12);

pub(super) fn permute8(state: &mut [F; 8]) {
    WIDTH_8.permute_mut(state);
}

pub(super) fn permute8_packed(state: &mut [Packed; 8]) {
    WIDTH_8.permute_mut(state);
}

#[cfg(any(test, not(target_feature = "avx512f")))]
pub(super) fn permute12(state: &mut [u64; 12]) {
    use p3_field::PrimeField64;

    let mut elements = state.map(F::new);
    WIDTH_12.permute_mut(&mut elements);
    *state = elements.map(|element| element.as_canonical_u64());
}

pub(super) fn permute12_packed(state: &mut [Packed; 12]) {
    WIDTH_12.permute_mut(state);
}
