//! Goldilocks elements as canonical u64: digests, keys and signatures.

use serde::{Deserialize, Serialize};

/// The Goldilocks prime `2^64 - 2^32 + 1`.
pub const MODULUS: u64 = 0xffff_ffff_0000_0001;

/// A u64 that is no canonical field element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("element {index} is not canonical: got {got:#x}, expected less than {MODULUS:#x}")]
pub struct NonCanonical {
    /// Position of the element in its digest, key or signature.
    pub index: usize,
    /// The value found.
    pub got: u64,
}

fn canonical<const N: usize>(elements: [u64; N]) -> Result<[u64; N], NonCanonical> {
    match elements.iter().position(|&e| e >= MODULUS) {
        Some(index) => Err(NonCanonical { index, got: elements[index] }),
        None => Ok(elements),
    }
}

/// A hash of four canonical elements.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "[u64; 4]", into = "[u64; 4]")]
pub struct Digest([u64; 4]);

impl Digest {
    /// Four zeros: the start of every stream.
    pub const ZERO: Self = Self([0; 4]);

    /// Checks that every element is canonical.
    pub fn new(elements: [u64; 4]) -> Result<Self, NonCanonical> {
        canonical(elements).map(Self)
    }

    /// The canonical elements.
    pub const fn elements(&self) -> [u64; 4] {
        self.0
    }

    /// As Solidity's `bytes32`: four big-endian u64, first element first.
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, element) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&element.to_be_bytes());
        }
        bytes
    }

    /// Inverse of [`Self::to_bytes`]; refuses elements that are not canonical.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, NonCanonical> {
        let mut elements = [0; 4];
        for (element, chunk) in elements.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *element = u64::from_be_bytes(*chunk);
        }
        Self::new(elements)
    }
}

impl TryFrom<[u64; 4]> for Digest {
    type Error = NonCanonical;
    fn try_from(elements: [u64; 4]) -> Result<Self, NonCanonical> {
        Self::new(elements)
    }
}

impl From<Digest> for [u64; 4] {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

/// The canonical encoding `w` of an ecGFp5 group element, or zero where there is no key.
///
/// It need not decode to a group element: a leaf with such a key cannot be spent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "[u64; 5]", into = "[u64; 5]")]
pub struct PublicKey([u64; 5]);

impl PublicKey {
    /// No key: marks the empty leaf.
    pub const ZERO: Self = Self([0; 5]);

    /// Checks that every element is canonical.
    pub fn new(elements: [u64; 5]) -> Result<Self, NonCanonical> {
        canonical(elements).map(Self)
    }

    /// The canonical elements.
    pub const fn elements(&self) -> [u64; 5] {
        self.0
    }

    /// True for [`Self::ZERO`], which no operation may name.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl TryFrom<[u64; 5]> for PublicKey {
    type Error = NonCanonical;
    fn try_from(elements: [u64; 5]) -> Result<Self, NonCanonical> {
        Self::new(elements)
    }
}

impl From<PublicKey> for [u64; 5] {
    fn from(key: PublicKey) -> Self {
        key.0
    }
}

/// A Schnorr signature as it travels: the challenge `e` (two canonical elements) and the response
/// `s`, a 320-bit integer in little-endian u64.
///
/// That `s` is below the group order is checked by verification, not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "([u64; 2], [u64; 5])", into = "([u64; 2], [u64; 5])")]
pub struct Signature {
    e: [u64; 2],
    s: [u64; 5],
}

impl Signature {
    /// Length of [`Self::to_bytes`].
    pub const BYTES: usize = 56;

    /// The top 32 bits of a canonical response are below this, the top 32 bits of the group order.
    pub const RESPONSE_TOP_LIMIT: u32 = 0x7fff_fffd;

    /// Checks that both elements of `e` are canonical.
    pub fn new(e: [u64; 2], s: [u64; 5]) -> Result<Self, NonCanonical> {
        Ok(Self { e: canonical(e)?, s })
    }

    /// The challenge.
    pub const fn e(&self) -> [u64; 2] {
        self.e
    }

    /// The response, little-endian limbs.
    pub const fn s(&self) -> [u64; 5] {
        self.s
    }

    /// The top 32 bits of the response.
    pub const fn response_top(&self) -> u32 {
        (self.s[4] >> 32) as u32
    }

    /// `e0, e1, s` in little-endian bytes.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.e.into_iter().chain(self.s)) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    /// Inverse of [`Self::to_bytes`]; refuses a challenge that is not canonical.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Result<Self, NonCanonical> {
        let mut limbs = [0; 7];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*chunk);
        }
        let [e0, e1, s @ ..] = limbs;
        Self::new([e0, e1], s)
    }
}

impl TryFrom<([u64; 2], [u64; 5])> for Signature {
    type Error = NonCanonical;
    fn try_from((e, s): ([u64; 2], [u64; 5])) -> Result<Self, NonCanonical> {
        Self::new(e, s)
    }
}

impl From<Signature> for ([u64; 2], [u64; 5]) {
    fn from(signature: Signature) -> Self {
        (signature.e, signature.s)
    }
}
