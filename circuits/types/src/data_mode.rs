//! Where a batch's data is: one name for it in the contract, the store and every report.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Where L1, or whoever rebuilds the state, finds a batch's data (docs/spec.md, section 6).
///
/// The numbers are those of `DataMode` in `DataAvailability.sol`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DataMode {
    /// In the calldata of the commitment.
    Calldata = 0,
    /// In blobs (EIP-4844), which travel with the commitment.
    #[default]
    Blobs = 1,
    /// Off L1, with a data committee: a validium.
    Committee = 2,
}

/// The number is that of no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("data mode: expected 0 (calldata), 1 (blobs) or 2 (committee), got {got}")]
pub struct UnknownDataMode {
    /// The number.
    pub got: u8,
}

impl DataMode {
    /// All modes, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Calldata, Self::Blobs, Self::Committee];

    /// As reports, configuration and JSON name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calldata => "calldata",
            Self::Blobs => "blobs",
            Self::Committee => "committee",
        }
    }
}

impl fmt::Display for DataMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl TryFrom<u8> for DataMode {
    type Error = UnknownDataMode;

    fn try_from(got: u8) -> Result<Self, UnknownDataMode> {
        Self::ALL.into_iter().find(|&mode| mode as u8 == got).ok_or(UnknownDataMode { got })
    }
}

impl From<DataMode> for u8 {
    fn from(mode: DataMode) -> Self {
        mode as Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_contracts() {
        for (number, mode) in DataMode::ALL.into_iter().enumerate() {
            assert_eq!(DataMode::try_from(number as u8), Ok(mode));
            assert_eq!(u8::from(mode) as usize, number);
        }
        assert_eq!(DataMode::try_from(3), Err(UnknownDataMode { got: 3 }));
    }
}
