//! The Poseidon2 permutations over Goldilocks (<https://eprint.iacr.org/2023/323>), widths 8 and
//! 12.
//!
//! Parameters: `x^7`, 4 + 22 + 4 rounds, and the default round constants and matrices of
//! `p3-goldilocks`, re-exported here for the circuit twins. A round of the circuit is: the external
//! matrix once at the start; an external round adds the constants, raises every element to the 7th
//! power and applies the external matrix; an internal round does so to element 0 only and applies
//! `1 + diag(MATRIX_DIAG)`.

#[cfg(all(target_feature = "avx2", not(target_feature = "avx512f")))]
mod avx2;
#[cfg(target_feature = "avx512f")]
mod avx512;
mod plonky3;
#[cfg(any(target_feature = "avx2", target_feature = "avx512f"))]
mod scalar;

use p3_field::{Field, PrimeField64};

pub use p3_goldilocks::{
    GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_FINAL as EXTERNAL_FINAL_8,
    GOLDILOCKS_POSEIDON2_RC_8_EXTERNAL_INITIAL as EXTERNAL_INITIAL_8,
    GOLDILOCKS_POSEIDON2_RC_8_INTERNAL as INTERNAL_8,
    GOLDILOCKS_POSEIDON2_RC_12_EXTERNAL_FINAL as EXTERNAL_FINAL_12,
    GOLDILOCKS_POSEIDON2_RC_12_EXTERNAL_INITIAL as EXTERNAL_INITIAL_12,
    GOLDILOCKS_POSEIDON2_RC_12_INTERNAL as INTERNAL_12, MATRIX_DIAG_8_GOLDILOCKS as MATRIX_DIAG_8,
    MATRIX_DIAG_12_GOLDILOCKS as MATRIX_DIAG_12,
};

use crate::F;

/// As many field elements as the machine's vectors hold: 8 with AVX-512, 4 with AVX2, else 1.
pub type Packed = <F as Field>::Packing;

/// The fastest of each for this machine.
#[cfg(all(target_feature = "avx2", not(target_feature = "avx512f")))]
use avx2 as fastest;
#[cfg(not(any(target_feature = "avx2", target_feature = "avx512f")))]
use plonky3 as fastest;
#[cfg(target_feature = "avx512f")]
mod fastest {
    pub(super) use super::avx512::permute as permute12;
    pub(super) use super::plonky3::{permute8, permute8_packed, permute12_packed};
}

/// The permutation of width 8, in place.
pub fn permute8(state: &mut [F; 8]) {
    fastest::permute8(state);
}

/// The permutation of width 8 on a whole vector of states at once.
pub fn permute8_packed(state: &mut [Packed; 8]) {
    fastest::permute8_packed(state);
}

/// The permutation of width 12 on one state, in place.
pub fn permute12_scalar(state: &mut [F; 12]) {
    let mut words = state.map(|element| element.as_canonical_u64());
    permute12_words(&mut words);
    *state = words.map(F::new);
}

/// The permutation of width 12 on one state of words, each standing for its residue mod p; neither
/// input nor output need be reduced.
pub fn permute12_words(state: &mut [u64; 12]) {
    fastest::permute12(state);
}

/// The permutation of width 12 on a whole vector of states at once.
pub fn permute12_packed(state: &mut [Packed; 12]) {
    fastest::permute12_packed(state);
}

#[cfg(test)]
mod tests {
    use p3_field::PackedValue;
    use proptest::prelude::*;

    use super::*;

    /// Horizen Labs' parameter script applied to these parameters, as published with
    /// `p3-goldilocks` (`test_default_goldilocks_poseidon2_width_8` and `_12`): the images of (0,
    /// 1, 2, ..).
    #[test]
    fn published_vectors() {
        let mut state: [F; 8] = std::array::from_fn(|i| F::new(i as u64));
        permute8(&mut state);
        let expected = [
            0x020cf04a1b214d14,
            0x84e14aaaeacaed25,
            0x1ae0f640e81c7457,
            0xa4d204cbaeb0d8a5,
            0x0cf637b627b3a7ff,
            0x788d304d948b486b,
            0x7327133ea1949af4,
            0xf415abb924da395b,
        ];
        assert_eq!(state, expected.map(F::new));

        let mut state: [F; 12] = std::array::from_fn(|i| F::new(i as u64));
        permute12_scalar(&mut state);
        let expected = [
            0xf292ab67c0f14b03,
            0x0a32f1b37656544c,
            0x053c61ab895498de,
            0x02ff92e55b196ffb,
            0x58176e8f6f58cab2,
            0xb0aa1206e7aec0f8,
            0xe90c13f3dce83ca4,
            0xf4da15333edf39c2,
            0x23b701c053c2ca6c,
            0xd233d593dcdfbf58,
            0x4effa5f9516fb52e,
            0x0aaf4489f1f40166,
        ];
        assert_eq!(state, expected.map(F::new));
    }

    /// Words that need not be reduced.
    fn word() -> impl Strategy<Value = u64> {
        prop_oneof![
            any::<u64>(),
            0..3u64,
            F::ORDER_U64 - 2..F::ORDER_U64 + 2,
            u64::MAX - 2..=u64::MAX
        ]
    }

    proptest! {
        #[test]
        fn one_state_is_as_in_plonky3(words in prop::array::uniform12(word())) {
            let mut expected = words;
            plonky3::permute12(&mut expected);
            let expected = expected.map(F::new);
            let mut state = words;
            permute12_words(&mut state);
            prop_assert_eq!(state.map(F::new), expected);
            let mut state = words.map(F::new);
            permute12_scalar(&mut state);
            prop_assert_eq!(state, expected);
        }

        #[test]
        fn one_state_and_many_agree(words in any::<[u64; 12]>()) {
            let mut states = [[F::default(); 12]; Packed::WIDTH];
            for (lane, state) in states.iter_mut().enumerate() {
                *state = words.map(|word| F::new(word.rotate_left(lane as u32)));
            }
            let mut packed: [Packed; 12] =
                std::array::from_fn(|i| Packed::from_fn(|lane| states[lane][i]));
            permute12_packed(&mut packed);
            for (lane, state) in states.iter_mut().enumerate() {
                permute12_scalar(state);
                prop_assert_eq!(*state, packed.map(|element| element.extract(lane)));
            }
        }
    }
}
