//! Elements of BLS12-381's scalar field, in which blobs are polynomials.

use serde::{Deserialize, Serialize};

/// The field's order r, highest part first (EIP-4844: `BLS_MODULUS`).
const ORDER: [u64; 4] =
    [0x73eda753299d7d48, 0x3339d80809a1d805, 0x53bda402fffe5bfe, 0xffffffff00000001];

/// An integer below r, as 32 bytes, big-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "[u8; 32]", into = "[u8; 32]")]
pub struct BlobScalar([u8; 32]);

/// 32 bytes that are no element: the integer is not below r.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not below the order of BLS12-381's scalar field: got {got:02x?}")]
pub struct NotAScalar {
    /// The bytes found.
    pub got: [u8; 32],
}

impl BlobScalar {
    /// Zero: also the point and the value of a batch whose data is not in blobs.
    pub const ZERO: Self = Self([0; 32]);

    /// Checks that the integer is below r.
    ///
    /// # Errors
    /// If it is not.
    pub fn new(bytes: [u8; 32]) -> Result<Self, NotAScalar> {
        match Self::reduce(bytes) {
            Self(reduced) if reduced == bytes => Ok(Self(bytes)),
            _ => Err(NotAScalar { got: bytes }),
        }
    }

    /// The integer mod r.
    pub fn reduce(bytes: [u8; 32]) -> Self {
        let parts = bytes.as_chunks::<8>().0;
        let mut value = [0; 4];
        value.iter_mut().zip(parts).for_each(|(value, part)| *value = u64::from_be_bytes(*part));
        // 2^256 < 3 r: twice at most.
        while value >= ORDER {
            let mut borrow = false;
            for (part, order) in value.iter_mut().zip(ORDER).rev() {
                let (difference, first) = part.overflowing_sub(order);
                let (difference, second) = difference.overflowing_sub(borrow.into());
                (*part, borrow) = (difference, first || second);
            }
        }
        let mut reduced = [0; 32];
        let parts = reduced.as_chunks_mut::<8>().0;
        parts.iter_mut().zip(value).for_each(|(part, value)| *part = value.to_be_bytes());
        Self(reduced)
    }

    /// The bytes.
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// As statements have it: eight 32-bit words, the most significant first.
    pub fn words(&self) -> [u32; 8] {
        let words = self.0.as_chunks::<4>().0;
        core::array::from_fn(|i| words.get(i).map_or(0, |word| u32::from_be_bytes(*word)))
    }
}

impl TryFrom<[u8; 32]> for BlobScalar {
    type Error = NotAScalar;
    fn try_from(bytes: [u8; 32]) -> Result<Self, NotAScalar> {
        Self::new(bytes)
    }
}

impl From<BlobScalar> for [u8; 32] {
    fn from(scalar: BlobScalar) -> Self {
        scalar.0
    }
}
