//! A batch's data where L1 finds it, or finds signatures for it.

use alloy::primitives::Bytes;
use cairn_state::BatchWitness;
use cairn_types::{BlobScalar, DataLocation, DataMode, Word};
use eyre::{Result, WrapErr};

use crate::l1::{blobs::Blobs, client::CommitData, data_modes::DataModes};

/// The modes that the demo's deployment allows. With the committee it is that one alone, and no other demo is a validium.
#[must_use]
pub fn modes(data: DataMode) -> DataModes {
    match data {
        DataMode::Blobs | DataMode::Calldata => DataModes::ON_L1,
        DataMode::Committee => DataModes::only(data),
    }
}

/// The data of one batch, ready to be committed.
#[derive(Debug)]
pub struct Published {
    /// What the batch's points of evaluation follow from.
    pub location: DataLocation,
    /// The data's value in the blobs' field; zero in other modes.
    pub value: BlobScalar,
    /// The data's value at `x`, of data with the committee: L1 has no words to compute it from. Zero in other modes.
    pub hint: u128,
    /// The blobs, and their openings where the batch is evaluated.
    pub blobs: Option<(Blobs, Bytes)>,
    /// The data committee's.
    pub signatures: Bytes,
}

impl Published {
    /// Prepares the data of the batch with this number; with the committee, [`Self::signatures`] are yet to come.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub fn new(data: DataMode, batch: &BatchWitness, number: u32) -> Result<Self> {
        let blobs = match data {
            DataMode::Blobs => Some(Blobs::new(&batch.data).wrap_err("making blobs")?),
            DataMode::Calldata | DataMode::Committee => None,
        };
        // The point of evaluation hashes the blobs, so they come first.
        let location = match (&blobs, data) {
            (Some(blobs), _) => DataLocation::Blobs(blobs.versioned_hashes()),
            (None, DataMode::Committee) => DataLocation::Committee,
            (None, _) => DataLocation::Calldata,
        };
        let header = batch.header(number, &location);
        let hint = match location {
            DataLocation::Committee => u128::from_be_bytes(header.streams.data.y.to_bytes()),
            DataLocation::Calldata | DataLocation::Blobs(_) => 0,
        };
        let open = |blobs: Blobs| -> Result<(Blobs, Bytes)> {
            let openings = blobs.openings(header.z).wrap_err("opening blobs")?;
            Ok((blobs, openings))
        };
        let blobs = blobs.map(open).transpose()?;
        let (value, signatures) = (header.streams.blob, Bytes::new());
        Ok(Self { location, value, hint, blobs, signatures })
    }

    /// What the commitment takes.
    #[must_use]
    pub fn commit_data<'a>(&'a self, words: &'a [Word]) -> CommitData<'a> {
        match (&self.blobs, &self.location) {
            (Some((blobs, openings)), _) => CommitData::Blobs { blobs, openings: openings.clone() },
            (None, DataLocation::Committee) => CommitData::Committee(self.signatures.clone()),
            (None, _) => CommitData::Calldata(words),
        }
    }
}
