//! The choice of the demo's user: where batches have their data.

use cairn_types::DataMode;
use clap::ValueEnum;
use serde::Serialize;

use crate::l1::data_modes::DataModes;

/// Where the demo puts a batch's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// In blobs: what a rollup on Ethereum pays least for.
    #[default]
    Blobs,
    /// In calldata.
    Calldata,
    /// With a data committee, off L1: a validium, whose escape hatch is unavailable if the members withhold data.
    Committee,
}

impl Data {
    /// The modes that the demo's deployment allows. With the committee it is that one alone, and no other demo is a validium.
    #[must_use]
    pub fn modes(self) -> DataModes {
        match self {
            Self::Blobs | Self::Calldata => DataModes::CALLDATA.and(DataModes::BLOBS),
            Self::Committee => DataModes::COMMITTEE,
        }
    }
}

impl From<Data> for DataMode {
    fn from(data: Data) -> Self {
        match data {
            Data::Blobs => Self::Blobs,
            Data::Calldata => Self::Calldata,
            Data::Committee => Self::Committee,
        }
    }
}
