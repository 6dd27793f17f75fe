//! Signatures: canonical bytes and verification.

use p3_field::{PrimeCharacteristicRing, PrimeField64};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::combine::combine;
use super::keys::PublicKey;
use crate::F;
use crate::digest::Digest;
use crate::ecgfp5::Affine;
use crate::hash::{Tag, hash};

/// Length of [`Signature::to_bytes`].
pub const SIGNATURE_BYTES: usize = 56;

/// The top 32 bits of a canonical response are below this, the top 32 bits of the group order.
///
/// So `s < n` and `s + n` is no second signature, for one comparison in the circuit; a signer meets
/// the excluded values with probability 2^-32 and then takes another nonce.
pub const RESPONSE_TOP_LIMIT: u32 = cairn_types::Signature::RESPONSE_TOP_LIMIT;

/// A signature: challenge `e` and response `s`, five little-endian 64-bit limbs.
///
/// A value of this type need not be canonical; [`verify`] refuses it then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The challenge, `e0 + 2^64 e1`.
    pub e: [F; 2],
    /// The response.
    pub s: [u64; 5],
}

/// Why bytes are not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Wrong number of bytes.
    #[error("signature: expected {SIGNATURE_BYTES} bytes, got {got}")]
    Length {
        /// Number of bytes.
        got: usize,
    },
    /// An element of the challenge is not reduced.
    #[error("challenge element {index}: expected less than {}, got {got}", F::ORDER_U64)]
    ChallengeNotCanonical {
        /// Position of the element, 0 or 1.
        index: usize,
        /// The 64-bit value found there.
        got: u64,
    },
    /// The response is too large.
    #[error("response, top 32 bits: expected less than {RESPONSE_TOP_LIMIT:#x}, got {got:#x}")]
    ResponseNotCanonical {
        /// The top 32 bits.
        got: u32,
    },
}

impl Signature {
    /// Whether the response is in the canonical range.
    pub fn is_canonical(&self) -> bool {
        self.response_top() < RESPONSE_TOP_LIMIT
    }

    /// e as an integer.
    pub(super) fn challenge(&self) -> u128 {
        let [e0, e1] = self.e.map(|element| u128::from(element.as_canonical_u64()));
        e0 | e1 << 64
    }

    fn response_top(&self) -> u32 {
        (self.s[4] >> 32) as u32
    }

    /// e, then s, little-endian.
    pub fn to_bytes(&self) -> [u8; SIGNATURE_BYTES] {
        let words = self.e.iter().map(F::as_canonical_u64).chain(self.s);
        let mut bytes = [0; SIGNATURE_BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads [`Self::to_bytes`].
    ///
    /// # Errors
    /// On a wrong length and on every encoding that is not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignatureError> {
        let length = SignatureError::Length { got: bytes.len() };
        let bytes: &[u8; SIGNATURE_BYTES] = bytes.try_into().map_err(|_| length)?;
        let mut words = [0; SIGNATURE_BYTES / 8];
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let [e0, e1, s @ ..] = words;
        for (index, got) in [e0, e1].into_iter().enumerate() {
            if got >= F::ORDER_U64 {
                return Err(SignatureError::ChallengeNotCanonical { index, got });
            }
        }
        let signature = Self { e: [e0, e1].map(F::new), s };
        if signature.is_canonical() {
            Ok(signature)
        } else {
            Err(SignatureError::ResponseNotCanonical { got: signature.response_top() })
        }
    }
}

/// `e` of the commitment R, the key and the message.
pub(super) fn challenge(commitment: &Affine, key: &PublicKey, message: &Digest) -> [F; 2] {
    let mut input = [F::ZERO; 14];
    let elements = commitment.encode().into_iter().chain(key.0).chain(message.0);
    input.iter_mut().zip(elements).for_each(|(input, element)| *input = element);
    let [e0, e1, ..] = hash(Tag::SchnorrChallenge, &input).0;
    [e0, e1]
}

/// Whether `signature` is one of `message` under `key`. Total: false for a key that encodes no
/// point, for a response out of range, and where [`combine`] refuses.
pub fn verify(key: &PublicKey, message: &Digest, signature: &Signature) -> bool {
    let Some(point) = Affine::decode(&key.0) else { return false };
    signature.is_canonical()
        && combine(&signature.s, signature.challenge(), &point)
            .is_some_and(|commitment| challenge(&commitment, key, message) == signature.e)
}

#[cfg(test)]
mod tests;
