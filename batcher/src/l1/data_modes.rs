//! Where batches of a deployment may have their data.

use std::fmt;

use alloy::primitives::U256;
use serde::{Serialize, Serializer};

/// What a deployment that allows the committee is.
pub const VALIDIUM: &str =
    "VALIDIUM: if the data committee withholds a batch, the escape hatch is unavailable";

/// The modes that a deployment allows: bit i is mode i (docs/spec.md, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataModes(u8);

impl DataModes {
    /// In calldata.
    pub const CALLDATA: Self = Self(1);
    /// In blobs.
    pub const BLOBS: Self = Self(2);
    /// With a committee.
    pub const COMMITTEE: Self = Self(4);

    /// Those of either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether a batch may have its data off L1.
    #[must_use]
    pub fn is_validium(self) -> bool {
        self.0 & Self::COMMITTEE.0 != 0
    }

    /// Names of the modes.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let names =
            [(Self::CALLDATA, "calldata"), (Self::BLOBS, "blobs"), (Self::COMMITTEE, "committee")];
        names.into_iter().filter(move |(mode, _)| self.0 & mode.0 != 0).map(|(_, name)| name)
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
        let names: Vec<_> = self.names().collect();
        f.write_str(&names.join(", "))?;
        if self.is_validium() { write!(f, "; {VALIDIUM}") } else { Ok(()) }
    }
}

impl Serialize for DataModes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_with_a_committee_says_what_it_is() {
        let rollup = DataModes::CALLDATA.and(DataModes::BLOBS);
        assert_eq!((rollup.to_string().as_str(), rollup.bits()), ("calldata, blobs", 3));
        assert!(!rollup.is_validium());
        let all = DataModes::from(U256::from(7));
        assert!(all.is_validium());
        assert_eq!(all.to_string(), format!("calldata, blobs, committee; {VALIDIUM}"));
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"["calldata","blobs","committee"]"#);
    }
}
