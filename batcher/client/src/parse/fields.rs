//! The same strict reading for fields that serde reads: `#[serde(deserialize_with = "parse::fields::address")]`.
//!
//! Other forms than text are refused: the libraries' own readers take arrays of numbers, too.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use alloy::primitives::{Address, B256, Bytes};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::{ParseError, Unsigned};

/// An address on L1.
///
/// # Errors
/// As [`super::address`].
pub fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    read(deserializer, super::address)
}

/// A number, as text: those of L1 do not fit the integers of TOML and JSON.
///
/// # Errors
/// As [`super::decimal`].
pub fn decimal<'de, T: Unsigned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    read(deserializer, super::decimal)
}

/// A hash.
///
/// # Errors
/// As [`super::hash`].
pub fn hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<B256, D::Error> {
    read(deserializer, super::hash)
}

/// Bytes of any count.
///
/// # Errors
/// As [`super::data`].
pub fn data<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    read(deserializer, super::data)
}

/// Named hashes.
///
/// # Errors
/// As [`super::hash`].
pub fn named_hashes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, B256>, D::Error> {
    let named = BTreeMap::<String, Hash>::deserialize(deserializer)?;
    Ok(named.into_iter().map(|(name, Hash(hash))| (name, hash)).collect())
}

/// The eight words of a proof.
///
/// # Errors
/// As [`super::hash`].
pub fn proof<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[B256; 8], D::Error> {
    <[Hash; 8]>::deserialize(deserializer).map(|words| words.map(|Hash(word)| word))
}

/// Reads a text without a copy of it.
///
/// # Errors
/// It is no text, or what `parse` says.
pub fn read<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, ParseError>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(parse, PhantomData))
}

#[derive(Deserialize)]
struct Hash(#[serde(deserialize_with = "hash")] B256);

struct Text<T, F>(F, PhantomData<T>);

impl<T, F: FnOnce(&str) -> Result<T, ParseError>> Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        self.0(text).map_err(E::custom)
    }
}
