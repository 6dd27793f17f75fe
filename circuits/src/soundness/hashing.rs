//! What the hash of a layer is worth, and the challenges that it draws.

use std::any::TypeId;

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::hash::hash_types::NUM_HASH_OUT_ELTS;
use plonky2::plonk::config::GenericConfig;
use serde::Serialize;

use crate::config::{D, F};

/// Bits of the base field.
const FIELD_BITS: f64 = 64.0;

/// The hash of a layer's trees and of its transcript.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hashing {
    /// Bits that the likeliest challenge from the base field is likelier than one of `p`. By the
    /// lemma of Schwartz and Zippel for sets whose elements are not equally likely, and by the
    /// union over bad challenges, each element that a challenge is made of costs its term so much.
    pub bias_bits: f64,
    /// Bits of a collision: the birthday bound of digests.
    pub collision_bits: f64,
}

impl Hashing {
    /// Poseidon2 over Goldilocks: challenges are elements of its state.
    pub const GOLDILOCKS: Self =
        Self { bias_bits: 0.0, collision_bits: NUM_HASH_OUT_ELTS as f64 * FIELD_BITS / 2.0 };

    /// Poseidon2 over BN254's scalar field, in `cairn_wrap`: a digest is one element, of 253.597
    /// bits. Challenges are chunks of 64 bits, of which at most two make the same element of
    /// Goldilocks. The queries' positions and the proof of work take bits of a chunk as they are,
    /// so that they lose nothing. (That the 192 bits from which chunks are cut are not quite
    /// uniform is worth 2^-61 bits.)
    pub const BN254: Self = Self { bias_bits: 1.0, collision_bits: 126.798 };

    /// The hash of a configuration of plonky2. Whatever is not hashed over Goldilocks counts with
    /// the weaker one.
    pub fn of<C: GenericConfig<D, F = F> + 'static>() -> Self {
        if TypeId::of::<C>() == TypeId::of::<CairnConfig>() {
            Self::GOLDILOCKS
        } else {
            Self::BN254
        }
    }

    /// Bits of a challenge from the base field.
    pub fn base_bits(self) -> f64 {
        FIELD_BITS - self.bias_bits
    }

    /// Bits of a challenge from the extension.
    pub fn extension_bits(self) -> f64 {
        self.base_bits() * D as f64
    }
}

#[cfg(test)]
mod tests {
    use plonky2::plonk::config::PoseidonGoldilocksConfig;

    use super::*;

    #[test]
    fn what_is_not_ours_counts_with_the_weaker_hash() {
        assert_eq!(Hashing::of::<CairnConfig>(), Hashing::GOLDILOCKS);
        assert_eq!(Hashing::of::<PoseidonGoldilocksConfig>(), Hashing::BN254);
    }

    #[test]
    fn bits_by_hand() {
        let Hashing { collision_bits, .. } = Hashing::GOLDILOCKS;
        assert_eq!([collision_bits, Hashing::GOLDILOCKS.extension_bits()], [128.0, 128.0]);
        assert_eq!([Hashing::BN254.base_bits(), Hashing::BN254.extension_bits()], [63.0, 126.0]);
    }
}
