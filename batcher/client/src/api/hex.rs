//! Bytes and amounts in JSON, read as [`crate::parse`] reads them.
//!
//! Bytes are `0x` and two hex digits a byte, of exactly the expected length. Amounts are decimal
//! strings without sign, separator or leading zero, because JSON's readers lose integers above 2^53.

use std::{borrow::Cow, fmt, str::FromStr};

use alloy::primitives::{Address, B256};
use cairn_primitives::schnorr;
use cairn_types::{Digest, PublicKey, Word};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::parse::{self, ParseError, Unsigned};

/// `N` bytes as `0x` and hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// A hash: of a transaction, a state, an L1 block or transaction.
pub type Hash = Hex<32>;
/// A key of the rollup: five little-endian u64, as `cairn_primitives::schnorr::PublicKey::to_bytes`.
pub type Key = Hex<40>;
/// A signed transaction, as `SignedTransaction::to_bytes`.
pub type TransactionBytes = Hex<131>;

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        // 20 bytes are an address on L1, whose letters may hold a checksum.
        if N == 20 {
            parse::address(text)?;
        }
        parse::bytes(text).map(Self)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse::fields::read(deserializer, str::parse)
    }
}

impl<const N: usize> JsonSchema for Hex<N> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Hex{N}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^0x[0-9a-fA-F]{{{}}}$", 2 * N) })
    }
}

/// An integer as a decimal string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal<T>(pub T);

/// Quanta of a token, or wei.
pub type Amount = Decimal<u64>;
/// Wei, or wei a gas.
pub type Wei = Decimal<u128>;

impl<T: fmt::Display> fmt::Display for Decimal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Debug for Decimal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Unsigned> FromStr for Decimal<T> {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse::decimal(text).map(Self)
    }
}

impl<T: fmt::Display> Serialize for Decimal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Unsigned> Deserialize<'de> for Decimal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse::fields::decimal(deserializer).map(Self)
    }
}

impl<T> JsonSchema for Decimal<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(0|[1-9][0-9]*)$" })
    }
}

impl From<B256> for Hash {
    fn from(hash: B256) -> Self {
        Self(hash.0)
    }
}

impl From<Hash> for B256 {
    fn from(hash: Hash) -> Self {
        Self(hash.0)
    }
}

impl From<Digest> for Hash {
    fn from(digest: Digest) -> Self {
        Self(digest.to_bytes())
    }
}

impl From<Address> for Hex<20> {
    fn from(address: Address) -> Self {
        Self(address.into_array())
    }
}

impl From<Hex<20>> for Address {
    fn from(address: Hex<20>) -> Self {
        Self::from(address.0)
    }
}

impl From<Word> for Hex<31> {
    fn from(word: Word) -> Self {
        Self(word.bytes())
    }
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self(schnorr::PublicKey::from(key).to_bytes())
    }
}

impl TryFrom<Key> for PublicKey {
    type Error = schnorr::KeyError;
    fn try_from(key: Key) -> Result<Self, schnorr::KeyError> {
        schnorr::PublicKey::from_bytes(&key.0).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_text_a_value() {
        let good: Result<Hex<2>, _> = serde_json::from_str("\"0xAb01\"");
        assert_eq!(good.unwrap(), Hex([0xab, 1]));
        for bad in ["ab01", "0xab0", "0xab012", "0xab0g", "0Xab01", "", "0x", " 0xab01"] {
            assert!(bad.parse::<Hex<2>>().is_err(), "{bad}");
        }
        let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert!(
            address.parse::<Hex<20>>().is_ok() && address.to_lowercase().parse::<Hex<20>>().is_ok()
        );
        let mistyped = address.replace("5aA", "5aa");
        assert_eq!(mistyped.parse::<Hex<20>>(), Err(ParseError::Checksum));
        assert_eq!("0".parse::<Amount>().unwrap(), Decimal(0));
        let most = u64::MAX.to_string();
        assert_eq!(most.parse::<Amount>().unwrap(), Decimal(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", "1.0", "1e3", " 1", "18446744073709551616", "0x1"] {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Amount>("5").is_err(), "a number is no decimal string");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: [u8; 20], amount: u128) {
            let text = serde_json::to_string(&Hex(bytes)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Hex<20>>(&text).unwrap(), Hex(bytes));
            let text = serde_json::to_string(&Decimal(amount)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Wei>(&text).unwrap(), Decimal(amount));
        }
    }
}
