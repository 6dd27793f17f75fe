//! Where batches of a deployment may have their data.

use std::fmt;

use alloy::primitives::U256;
use cairn_types::DataMode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a deployment that allows the committee is.
pub const VALIDIUM: &str =
    "VALIDIUM: if the data committee withholds a batch, the escape hatch is unavailable";

/// The modes that a deployment allows: bit i is mode i (docs/spec.md, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataModes(u8);

impl DataModes {
    /// Those of a rollup: calldata and blobs.
    pub const ON_L1: Self = Self::only(DataMode::Calldata).and(DataMode::Blobs);

    /// One mode.
    #[must_use]
    pub const fn only(mode: DataMode) -> Self {
        Self(1 << mode as u8)
    }

    /// One more.
    #[must_use]
    pub const fn and(self, mode: DataMode) -> Self {
        Self(self.0 | Self::only(mode).0)
    }

    /// The bits, as the contract takes them.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a batch may have its data so.
    #[must_use]
    pub const fn contains(self, mode: DataMode) -> bool {
        self.0 & Self::only(mode).0 != 0
    }

    /// Whether a batch may have its data off L1.
    #[must_use]
    pub const fn is_validium(self) -> bool {
        self.contains(DataMode::Committee)
    }

    /// The modes, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = DataMode> {
        DataMode::ALL.into_iter().filter(move |&mode| self.contains(mode))
    }

    /// Whether every bit is that of a mode, and there is one.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.0 != 0 && self.iter().fold(Self::default(), Self::and) == self
    }
}

impl From<u8> for DataModes {
    fn from(bits: u8) -> Self {
        Self(bits)
    }
}

impl From<U256> for DataModes {
    /// As the contract has it: its constructor takes 8 bits.
    fn from(bits: U256) -> Self {
        Self(bits.byte(0))
    }
}

impl fmt::Display for DataModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(DataMode::name).collect();
        f.write_str(&names.join(", "))?;
        if self.is_validium() { write!(f, "; {VALIDIUM}") } else { Ok(()) }
    }
}

impl Serialize for DataModes {
    /// For reports: the names.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(DataMode::name))
    }
}

/// For files that have the bits.
pub mod as_bits {
    use super::{DataModes, Deserialize, Deserializer, Serializer};

    /// The bits as a number.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(modes: &DataModes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(modes.bits())
    }

    /// Any number of 8 bits: see [`DataModes::is_valid`].
    ///
    /// # Errors
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DataModes, D::Error> {
        u8::deserialize(deserializer).map(DataModes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_with_a_committee_says_what_it_is() {
        let rollup = DataModes::ON_L1;
        assert_eq!((rollup.to_string().as_str(), rollup.bits()), ("calldata, blobs", 3));
        assert!(!rollup.is_validium());
        let all = DataModes::from(U256::from(7));
        assert!(all.is_validium());
        assert_eq!(all.to_string(), format!("calldata, blobs, committee; {VALIDIUM}"));
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"["calldata","blobs","committee"]"#);
    }

    #[test]
    fn bits_of_no_mode_are_noticed() {
        for bits in 0..=u8::MAX {
            assert_eq!(DataModes::from(bits).is_valid(), (1..8).contains(&bits));
        }
    }
}
