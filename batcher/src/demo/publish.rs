//! A batch's data where L1 finds it.

use alloy::primitives::Bytes;
use cairn_state::BatchWitness;
use cairn_types::{BlobScalar, DataLocation, Word};
use eyre::{Result, WrapErr};

use super::Data;
use crate::l1::{blobs::Blobs, client::CommitData};

/// The data of one batch, ready to be committed.
#[derive(Debug)]
pub struct Published {
    /// What the batch's points of evaluation follow from.
    pub location: DataLocation,
    /// The data's value in the blobs' field; zero for calldata.
    pub value: BlobScalar,
    /// The blobs, and their openings where the batch is evaluated.
    pub blobs: Option<(Blobs, Bytes)>,
}

impl Published {
    /// Prepares the data of the batch with this number.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub fn new(data: Data, batch: &BatchWitness, number: u32) -> Result<Self> {
        if data == Data::Calldata {
            let (location, value) = (DataLocation::Calldata, BlobScalar::ZERO);
            return Ok(Self { location, value, blobs: None });
        }
        let blobs = Blobs::new(&batch.data).wrap_err("making blobs")?;
        // The point of evaluation hashes the blobs, so they come first.
        let location = DataLocation::Blobs(blobs.versioned_hashes());
        let header = batch.header(number, &location);
        let openings = blobs.openings(header.z).wrap_err("opening blobs")?;
        Ok(Self { location, value: header.streams.blob, blobs: Some((blobs, openings)) })
    }

    /// The number of the mode in the contract.
    #[must_use]
    pub fn mode(&self) -> u8 {
        u8::from(self.blobs.is_some())
    }

    /// What the commitment takes.
    #[must_use]
    pub fn commit_data<'a>(&'a self, words: &'a [Word]) -> CommitData<'a> {
        match &self.blobs {
            None => CommitData::Calldata(words),
            Some((blobs, openings)) => CommitData::Blobs { blobs, openings: openings.clone() },
        }
    }
}
