//! Rows as bytes: keys in an order that is that of their values, values with a checksum.
//!
//! A value is `crc32c (4 bytes, little-endian) || bincode`, the checksum over the table's name, the
//! key and the encoded value: a row that was moved to another key is as damaged as a flipped bit.

use alloy::primitives::B256;
use serde::{Serialize, de::DeserializeOwned};

use super::error::StoreError;

/// The most that a value may take in memory: the witness of the largest batch is far below.
const LIMIT: usize = 1 << 30;

/// What tables are ordered by.
pub trait Key: Sized {
    /// Bytes whose order is the order of the keys.
    fn encode(&self) -> Vec<u8>;
    /// Inverse of [`Self::encode`]; `None` for bytes that it never gives.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

impl Key for () {
    fn encode(&self) -> Vec<u8> {
        vec![0]
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        (bytes == [0]).then_some(())
    }
}

impl Key for u32 {
    fn encode(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for u64 {
    fn encode(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

impl Key for B256 {
    fn encode(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Self::try_from(bytes).ok()
    }
}

impl Key for ([u8; 40], u32) {
    fn encode(&self) -> Vec<u8> {
        [&self.0[..], &self.1.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (key, id) = bytes.split_first_chunk::<40>()?;
        Some((*key, u32::decode(id)?))
    }
}

fn checksum(table: &str, key: &[u8], value: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c(table.as_bytes());
    let sum = crc32c::crc32c_append(sum, key);
    crc32c::crc32c_append(sum, value).to_le_bytes()
}

/// A value as it is stored.
pub(super) fn encode<V: Serialize>(
    table: &'static str,
    key: &[u8],
    value: &V,
) -> Result<Vec<u8>, StoreError> {
    let encoded = bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|source| StoreError::Encode { table, source })?;
    let mut bytes = Vec::with_capacity(4 + encoded.len());
    bytes.extend(checksum(table, key, &encoded));
    bytes.extend(encoded);
    Ok(bytes)
}

/// Refuses bytes that are not those of a value of this table under this key.
pub(super) fn check(table: &'static str, key: &[u8], bytes: &[u8]) -> Result<(), StoreError> {
    open(table, key, bytes).map(drop)
}

/// The encoded value behind its checksum.
fn open<'a>(table: &'static str, key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    match bytes.split_first_chunk::<4>() {
        Some((sum, encoded)) if checksum(table, key, encoded) == *sum => Ok(encoded),
        _ => Err(StoreError::Damaged { table, key: key.to_vec() }),
    }
}

/// Inverse of [`encode`].
pub(super) fn decode<V: DeserializeOwned>(
    table: &'static str,
    key: &[u8],
    bytes: &[u8],
) -> Result<V, StoreError> {
    let damaged = || StoreError::Damaged { table, key: key.to_vec() };
    let encoded = open(table, key, bytes)?;
    let config = bincode::config::standard().with_limit::<LIMIT>();
    let (value, read) =
        bincode::serde::decode_from_slice(encoded, config).map_err(|_| damaged())?;
    if read == encoded.len() { Ok(value) } else { Err(damaged()) }
}
