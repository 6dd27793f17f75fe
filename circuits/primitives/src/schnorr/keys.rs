//! Secret and public keys.

use std::fmt;

use num_bigint::BigUint;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha512};
use thiserror::Error;

use super::combine::combine;
use super::signature::{Signature, challenge};
use crate::digest::Digest;
use crate::ecgfp5::{Scalar, generator};
use crate::hash::{Tag, hash};
use crate::{F, ecgfp5};

/// Length of [`PublicKey::to_bytes`].
pub const PUBLIC_KEY_BYTES: usize = 40;

/// A public key as five field elements: the encoding of a point, if it is one.
///
/// A leaf of the state may hold a key that encodes no point; no signature verifies under it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct PublicKey(pub [F; 5]);

/// Why bytes are not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Wrong number of bytes.
    #[error("public key: expected {PUBLIC_KEY_BYTES} bytes, got {got}")]
    Length {
        /// Number of bytes.
        got: usize,
    },
    /// An element is not reduced.
    #[error("public key element {index}: expected less than {}, got {got}", F::ORDER_U64)]
    NotCanonical {
        /// Position of the element, 0 to 4.
        index: usize,
        /// The 64-bit value found there.
        got: u64,
    },
    /// Five zeros, the encoding of the neutral element.
    #[error("public key: expected a key that is not zero")]
    Zero,
}

impl PublicKey {
    /// Five canonical u64, little-endian.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_BYTES] {
        let mut bytes = [0; PUBLIC_KEY_BYTES];
        for (chunk, element) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&element.as_canonical_u64().to_le_bytes());
        }
        bytes
    }

    /// Reads [`Self::to_bytes`]. The key need not encode a point.
    ///
    /// # Errors
    /// On a wrong length, an element that is not reduced, and zero.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let length = KeyError::Length { got: bytes.len() };
        let bytes: &[u8; PUBLIC_KEY_BYTES] = bytes.try_into().map_err(|_| length)?;
        let mut key = Self::default();
        for (index, (element, word)) in key.0.iter_mut().zip(bytes.as_chunks().0).enumerate() {
            let got = u64::from_le_bytes(*word);
            if got >= F::ORDER_U64 {
                return Err(KeyError::NotCanonical { index, got });
            }
            *element = F::new(got);
        }
        if key.is_zero() { Err(KeyError::Zero) } else { Ok(key) }
    }

    /// Whether this is five zeros, which is no key: an empty leaf holds it.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// A secret key and its public key. Operations with it are not constant-time.
#[derive(Clone)]
pub struct SecretKey {
    scalar: Scalar,
    public: PublicKey,
}

impl SecretKey {
    /// The key of a seed: SHA-512 of a label and the seed, as a little-endian integer mod n.
    ///
    /// Trust: the seed is secret and has at least 128 bits of entropy.
    pub fn from_seed(seed: &[u8]) -> Self {
        let hash =
            Sha512::new().chain_update(b"cairn.schnorr.key.v1").chain_update(seed).finalize();
        Self::from_scalar(Scalar::reduce(&BigUint::from_bytes_le(&hash)))
    }

    fn from_scalar(scalar: Scalar) -> Self {
        let point = ecgfp5::Point::mul(&generator(), &scalar);
        Self { scalar, public: PublicKey(point.encode()) }
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs a message digest. Deterministic: the nonce is a hash of key and message.
    pub fn sign(&self, message: &Digest) -> Signature {
        (0..)
            .find_map(|attempt| self.try_sign(message, attempt))
            .expect("all but one in 2^32 nonces give a canonical signature")
    }

    /// `None` if the nonce does not give a canonical signature.
    fn try_sign(&self, message: &Digest, attempt: u64) -> Option<Signature> {
        let nonce = self.nonce(message, attempt);
        let commitment = combine(&nonce.limbs(), 0, &generator())?;
        let e = challenge(&commitment, &self.public, message);
        let response = nonce.sub(&integer(&e).mul(&self.scalar));
        let signature = Signature { e, s: response.limbs() };
        signature.is_canonical().then_some(signature)
    }

    /// Eight elements squeezed from key and message, as digits to the base p, mod n: uniform up to
    /// 2^-190, as Schnorr signatures need.
    fn nonce(&self, message: &Digest, attempt: u64) -> Scalar {
        let key = self.scalar.limbs().into_iter().flat_map(|limb| [limb & 0xffff_ffff, limb >> 32]);
        let mut input: Vec<F> = key.map(F::new).chain(message.0).collect();
        input.extend([F::new(attempt), F::ZERO]);
        let low = hash(Tag::SchnorrNonce, &input);
        if let Some(half) = input.last_mut() {
            *half = F::ONE;
        }
        let high = hash(Tag::SchnorrNonce, &input);
        let digits = low.0.into_iter().chain(high.0);
        Scalar::reduce(
            &digits.fold(BigUint::ZERO, |sum, digit| sum * F::ORDER_U64 + digit.as_canonical_u64()),
        )
    }
}

/// The challenge as an integer, `e0 + 2^64 e1`.
fn integer(e: &[F; 2]) -> Scalar {
    let [low, high] = e.map(|element| BigUint::from(element.as_canonical_u64()));
    Scalar::reduce(&(low + (high << 64)))
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("public", &self.public).finish_non_exhaustive()
    }
}
