//! Words and streams.

use crate::Digest;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Bytes of a word: the most that surely fit a BLS12-381 scalar, and exactly four 62-bit limbs.
pub const WORD_BYTES: usize = 31;
const LIMB_BITS: u32 = 62;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// 31 bytes, a big-endian 248-bit integer; the unit of every stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Word([u8; WORD_BYTES]);

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Limbs that make no word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("limb {limb} is out of range: got {got:#x}, expected less than 2^62")]
pub struct WordError {
    /// Position of the limb.
    pub limb: usize,
    /// The value found.
    pub got: u64,
}

impl Word {
    /// Any 31 bytes are a word.
    pub const fn new(bytes: [u8; WORD_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn bytes(&self) -> [u8; WORD_BYTES] {
        self.0
    }

    /// Four limbs of 62 bits, most significant first.
    pub fn limbs(&self) -> [u64; 4] {
        // A limb is 7.75 bytes: take them from two overlapping 128-bit halves.
        let mut high = [0; 16];
        let mut low = [0; 16];
        high.copy_from_slice(&self.0[..16]);
        low.copy_from_slice(&self.0[15..]);
        let high = u128::from_be_bytes(high); // bits 247..120
        let low = u128::from_be_bytes(low); // bits 127..0
        [
            (high >> 66) as u64,
            (high >> 4) as u64 & LIMB_MASK,
            (low >> 62) as u64 & LIMB_MASK,
            low as u64 & LIMB_MASK,
        ]
    }

    /// Inverse of [`Self::limbs`].
    pub fn from_limbs(limbs: [u64; 4]) -> Result<Self, WordError> {
        if let Some(limb) = limbs.iter().position(|&l| l > LIMB_MASK) {
            return Err(WordError { limb, got: limbs[limb] });
        }
        let [l0, l1, l2, l3] = limbs.map(u128::from);
        let high = (l0 << 58 | l1 >> 4).to_be_bytes(); // bits 247..128
        let low = (l1 << 124 | l2 << 62 | l3).to_be_bytes(); // bits 127..0
        let mut bytes = [0; WORD_BYTES];
        bytes[..15].copy_from_slice(&high[1..]);
        bytes[15..].copy_from_slice(&low);
        Ok(Self(bytes))
    }
}

/// The running chain of a stream: `digest := compress(digest, limbs)` a word, from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Stream {
    /// The chain.
    pub digest: Digest,
    /// Words so far.
    pub count: u32,
}

/// The three streams of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Streams {
    /// Signed transactions, from L2 to L1.
    pub data: Stream,
    /// Operations from the queue of L1.
    pub priority: Stream,
    /// Payments owed on L1.
    pub withdrawal: Stream,
}
