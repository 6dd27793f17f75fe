//! Native hashing. [`super::gadget`] is its twin.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, PrimeField};

use super::params::{Poseidon2, T2};

/// Goldilocks limbs that one field element holds: 3 * 64 bits fit below the modulus.
pub const LIMBS_PER_WORD: usize = 3;

/// Field elements that the leaf sponge takes a permutation; the 16th cell is the capacity.
pub const LEAF_RATE: usize = 15;

/// Permutes in place.
pub fn permute<const T: usize>(poseidon2: &Poseidon2<T>, state: &mut [Fr; T]) {
    poseidon2.permute(state, |x, c| {
        *x += c;
        let x2 = x.square();
        *x *= x2.square();
    });
}

/// Width 16 the fastest way that the target has.
fn permute_wide(state: &mut [Fr; 16]) {
    cfg_select! {
        all(target_arch = "x86_64", target_feature = "avx512ifma") => super::ifma::permute(state),
        all(
            target_arch = "x86_64",
            target_feature = "avx2",
            target_feature = "fma",
            target_feature = "bmi2",
            target_feature = "adx"
        ) => super::fma::permute_16(state),
        _ => permute(&super::params::T16, state),
    }
}

/// Width 4 the fastest way that the target has.
pub(super) fn permute_transcript(state: &mut [Fr; 4]) {
    cfg_select! {
        all(
            target_arch = "x86_64",
            target_feature = "avx2",
            target_feature = "fma",
            target_feature = "bmi2",
            target_feature = "adx",
            not(target_feature = "avx512ifma")
        ) => super::fma::permute_4(state),
        _ => permute(&super::params::T4, state),
    }
}

/// Packs up to three limbs below 2^64, the first one lowest: injective for a fixed count.
///
/// Further limbs would be dropped; callers chunk by [`LIMBS_PER_WORD`].
pub fn pack(limbs: &[u64]) -> Fr {
    let mut words = [0; 4];
    words.iter_mut().zip(limbs.iter().take(LIMBS_PER_WORD)).for_each(|(w, limb)| *w = *limb);
    Fr::from_bigint(BigInt(words)).expect("192 bits are below the modulus")
}

/// Hash of a Merkle leaf: limbs below 2^64, packed by [`pack`], absorbed 15 words a permutation by
/// overwriting the rate (a short last block leaves the rest of the rate as it is). The capacity starts as
/// the number of limbs, so a leaf cannot pass for another of a different length.
pub fn leaf(limbs: &[u64]) -> Fr {
    let mut state = [Fr::ZERO; LEAF_RATE + 1];
    state[LEAF_RATE] = Fr::from(limbs.len() as u64);
    for block in limbs.chunks(LEAF_RATE * LIMBS_PER_WORD) {
        for (cell, limbs) in state.iter_mut().zip(block.chunks(LIMBS_PER_WORD)) {
            *cell = pack(limbs);
        }
        permute_wide(&mut state);
    }
    state[0]
}

/// Hash of a Merkle node: `P(left, right)[0] + left`. The feed-forward makes it one-way; a truncated
/// permutation alone can be inverted.
pub fn node(left: Fr, right: Fr) -> Fr {
    let mut state = [left, right];
    permute(&T2, &mut state);
    state[0] + left
}

#[cfg(test)]
mod tests {
    use super::super::params::{T4, T16};
    use super::*;
    use ark_ff::UniformRand;

    /// An independent implementation with its own copy of the constants.
    #[test]
    fn permutations_match_taceo() {
        let mut rng = ark_std::test_rng();
        for _ in 0..20 {
            let (mut a, mut b, mut c) = ([Fr::ZERO; 2], [Fr::ZERO; 4], [Fr::ZERO; 16]);
            a.iter_mut().chain(&mut b).chain(&mut c).for_each(|x| *x = Fr::rand(&mut rng));
            let expected = (
                taceo_poseidon2::bn254::t2::permutation(&a),
                taceo_poseidon2::bn254::t4::permutation(&b),
                taceo_poseidon2::bn254::t16::permutation(&c),
            );
            permute(&T2, &mut a);
            permute(&T4, &mut b);
            permute(&T16, &mut c);
            assert_eq!((a, b, c), expected);
        }
    }

    #[test]
    fn leaves_of_different_length_differ() {
        let zeros = [0; 92];
        let digests: std::collections::HashSet<Fr> = (0..=92).map(|n| leaf(&zeros[..n])).collect();
        assert_eq!(digests.len(), 93);
        assert_ne!(leaf(&[1, 0, 0]), leaf(&[0, 1, 0]));
    }

    #[test]
    fn node_feeds_forward() {
        let (left, right) = (Fr::from(5u64), Fr::from(7u64));
        let permuted = taceo_poseidon2::bn254::t2::permutation(&[left, right]);
        assert_eq!(node(left, right), permuted[0] + left);
        assert_ne!(node(left, right), node(right, left));
    }
}
