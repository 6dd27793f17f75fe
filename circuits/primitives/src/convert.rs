//! Between the canonical integers of `cairn-types` and the field elements of this crate.

use p3_field::PrimeField64;

use crate::F;
use crate::digest::Digest;
use crate::schnorr::{PublicKey, Signature};

fn elements<const N: usize>(integers: [u64; N]) -> [F; N] {
    integers.map(F::new)
}

fn integers<const N: usize>(elements: [F; N]) -> [u64; N] {
    elements.map(|element| element.as_canonical_u64())
}

const CANONICAL: &str = "field elements give canonical integers";

impl From<cairn_types::Digest> for Digest {
    fn from(digest: cairn_types::Digest) -> Self {
        Self(elements(digest.elements()))
    }
}

impl From<Digest> for cairn_types::Digest {
    fn from(digest: Digest) -> Self {
        Self::new(integers(digest.0)).expect(CANONICAL)
    }
}

impl From<cairn_types::PublicKey> for PublicKey {
    fn from(key: cairn_types::PublicKey) -> Self {
        Self(elements(key.elements()))
    }
}

impl From<PublicKey> for cairn_types::PublicKey {
    fn from(key: PublicKey) -> Self {
        Self::new(integers(key.0)).expect(CANONICAL)
    }
}

impl From<cairn_types::Signature> for Signature {
    fn from(signature: cairn_types::Signature) -> Self {
        Self { e: elements(signature.e()), s: signature.s() }
    }
}

impl From<Signature> for cairn_types::Signature {
    fn from(signature: Signature) -> Self {
        Self::new(integers(signature.e), signature.s).expect(CANONICAL)
    }
}
