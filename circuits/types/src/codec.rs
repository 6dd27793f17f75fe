//! What the codecs of all words share: tags, errors and the two-part form of keys.

use crate::{NonCanonical, PackError, PublicKey, Signature, Word, WordError};

/// Byte 0 of a word.
pub mod word_tag {
    /// Two short transfers.
    pub const PAIR: u8 = 0x01;
    /// One short transfer.
    pub const SINGLE: u8 = 0x02;
    /// Transfer, long form.
    pub const TRANSFER: u8 = 0x10;
    /// Transfer to a new leaf, two words.
    pub const TRANSFER_TO_NEW: u8 = 0x11;
    /// Withdrawal, two words.
    pub const WITHDRAW: u8 = 0x12;
    /// Change of key, two words.
    pub const CHANGE_KEY: u8 = 0x13;
    /// Priority: registration of a token, two words.
    pub const REGISTER_TOKEN: u8 = 0x20;
    /// Priority: deposit, two words.
    pub const DEPOSIT: u8 = 0x21;
    /// Priority: forced transaction, five words.
    pub const FORCED: u8 = 0x22;
    /// Withdrawal stream: a payment owed on L1.
    pub const WITHDRAWAL: u8 = 0x30;
}

/// A value that words cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// An amount or fee is not below `2^62`.
    #[error(transparent)]
    Limb(#[from] WordError),
    /// Operations name keys; zero is none.
    #[error("the key is zero, expected a key")]
    ZeroKey,
    /// The response of a forced transaction is too large, which L1 refuses.
    #[error("response: expected top 32 bits below {expected:#x}, got {got:#x}", expected = Signature::RESPONSE_TOP_LIMIT)]
    Response {
        /// Its top 32 bits.
        got: u32,
    },
}

/// Words that no encoder makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("word {position}: {reason}")]
pub struct DecodeError {
    /// Index of the first word of the operation in its stream.
    pub position: usize,
    /// Why.
    pub reason: Malformed,
}

/// What is wrong with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No operation of this stream has the tag.
    #[error("unknown tag {got:#04x}")]
    UnknownTag {
        /// Byte 0.
        got: u8,
    },
    /// The stream ends inside the operation.
    #[error("truncated: expected {expected} words, got {got}")]
    Truncated {
        /// Words of the operation.
        expected: usize,
        /// Words left.
        got: usize,
    },
    /// Padding that is not zero, or a field that is too large.
    #[error("not canonical: expected {expected:?}, got {got:?}")]
    NotCanonical {
        /// The encoding of what was read.
        expected: Word,
        /// What was read.
        got: Word,
    },
    /// A key with elements that are not canonical.
    #[error("key: {0}")]
    Key(#[from] NonCanonical),
    /// A packed amount or fee that is out of range or not canonical.
    #[error("packed amount: {0}")]
    Packed(#[from] PackError),
    /// Fields that no encoder takes.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Places the tag on top of a limb.
pub(crate) const fn with_tag(tag: u8, rest: u64) -> u64 {
    (tag as u64) << 54 | rest
}

/// A key as the ten high bits (two an element, first element on top) and five 62-bit limbs.
pub(crate) fn split_key(key: &PublicKey) -> Result<(u64, [u64; 5]), EncodeError> {
    if key.is_zero() {
        return Err(EncodeError::ZeroKey);
    }
    Ok(split(key.elements()))
}

/// Inverse of [`split_key`]; bits of `high` above the ten are ignored.
pub(crate) fn join_key(high: u64, low: [u64; 5]) -> Result<PublicKey, NonCanonical> {
    PublicKey::new(join(high, low))
}

/// The two high bits of each integer, those of the first on top, and the 62 low bits.
pub(crate) fn split<const N: usize>(integers: [u64; N]) -> (u64, [u64; N]) {
    let high = integers.iter().fold(0, |high, integer| high << 2 | integer >> 62);
    (high, integers.map(|integer| integer & ((1 << 62) - 1)))
}

/// Inverse of [`split`]; bits of `high` above the `2 N` are ignored.
pub(crate) fn join<const N: usize>(high: u64, low: [u64; N]) -> [u64; N] {
    let mut shift = 2 * N as u32;
    low.map(|low| {
        shift -= 2;
        (high >> shift & 3) << 62 | low
    })
}

/// The first `N` words, which are those of one operation.
pub(crate) fn take<const N: usize>(words: &[Word]) -> Result<&[Word; N], Malformed> {
    words.first_chunk().ok_or(Malformed::Truncated { expected: N, got: words.len() })
}

/// Readers take fields without looking at what is between them; this refuses whatever they missed,
/// because the encoding of what they read must be what they read it from.
pub(crate) fn check_canonical(expected: &[Word], got: &[Word]) -> Result<(), Malformed> {
    match expected.iter().zip(got).find(|(expected, got)| expected != got) {
        Some((&expected, &got)) => Err(Malformed::NotCanonical { expected, got }),
        None => Ok(()),
    }
}
