//! Digests: four field elements, and their form on L1.

use std::fmt;

use p3_field::{PrimeCharacteristicRing, PrimeField64};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::F;

/// The output of [`crate::hash()`] and [`crate::compress`]: four field elements.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(pub [F; 4]);

/// Why 32 bytes are not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DigestError {
    /// An element is not reduced, so the bytes are a second encoding of some digest.
    #[error("digest element {index}: expected less than {}, got {got}", F::ORDER_U64)]
    NotCanonical {
        /// Position of the element, 0 to 3.
        index: usize,
        /// The 64-bit value found there.
        got: u64,
    },
}

impl Digest {
    /// Four zeros: the start of every stream chain.
    pub const ZERO: Self = Self([F::ZERO; 4]);

    /// The `bytes32` form: four canonical u64, big-endian, first element first.
    pub fn to_bytes32(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, element) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&element.as_canonical_u64().to_be_bytes());
        }
        bytes
    }

    /// Reads the `bytes32` form.
    ///
    /// # Errors
    /// [`DigestError::NotCanonical`] if an element is not below the modulus.
    pub fn from_bytes32(bytes: &[u8; 32]) -> Result<Self, DigestError> {
        let (words, _) = bytes.as_chunks::<8>();
        let mut elements = [F::ZERO; 4];
        for (index, (element, word)) in elements.iter_mut().zip(words).enumerate() {
            let got = u64::from_be_bytes(*word);
            if got >= F::ORDER_U64 {
                return Err(DigestError::NotCanonical { index, got });
            }
            *element = F::new(got);
        }
        Ok(Self(elements))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x")?;
        self.to_bytes32().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes32_round_trip(words in any::<[u64; 4]>()) {
            let digest = Digest(words.map(F::new));
            prop_assert_eq!(Digest::from_bytes32(&digest.to_bytes32()), Ok(digest));
        }
    }

    #[test]
    fn bytes32_is_big_endian_and_ordered() {
        let digest = Digest([1, 2, 3, 0x0102_0304_0506_0708].map(F::new));
        let expected = "0000000000000001000000000000000200000000000000030102030405060708";
        assert_eq!(hex::encode(digest.to_bytes32()), expected);
        assert_eq!(format!("{digest:?}"), format!("0x{expected}"));
    }

    #[test]
    fn unreduced_elements_are_refused() {
        for index in 0..4 {
            let mut bytes = [0; 32];
            bytes[8 * index..8 * index + 8].copy_from_slice(&F::ORDER_U64.to_be_bytes());
            let error = DigestError::NotCanonical { index, got: F::ORDER_U64 };
            assert_eq!(Digest::from_bytes32(&bytes), Err(error));
        }
    }
}
