//! Where a batch's data goes.

use cairn_batcher::l1::blobs::{BlobError, Blobs};
use cairn_types::{DataLocation, Word};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Where the data of a batch goes. It decides which stream leaves prove it, and what L1 asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// With the commitment.
    Calldata,
    /// EIP-4844.
    #[default]
    Blobs,
}

impl Data {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Calldata, Self::Blobs];

    /// As tables print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calldata => "calldata",
            Self::Blobs => "blobs",
        }
    }

    /// The data words where L1 finds them.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub fn location(self, words: &[Word]) -> Result<DataLocation, BlobError> {
        Ok(match self {
            Self::Calldata => DataLocation::Calldata,
            Self::Blobs => DataLocation::Blobs(Blobs::new(words)?.versioned_hashes()),
        })
    }
}
