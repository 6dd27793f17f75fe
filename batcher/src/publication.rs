//! A sealed batch as it is published: its data where L1 finds it, and what the committer says of it.
//!
//! ```text
//! witness, mode -> blobs -> location -> header -> record that L1 makes | commitment, streams
//! ```
//!
//! Everything here follows from the witness and the mode, so that it is made again whenever it is needed
//! and never stored. Trust: none; L1 builds the same header from what is published, or refuses.

use alloy::primitives::{B256, Bytes};
use cairn_state::BatchWitness;
use cairn_types::{DataLocation, DataMode, Header, Word};

use crate::{
    l1::{
        blobs::{BlobError, Blobs},
        contracts::{Batch, Commitment, Streams},
    },
    store::records::{BatchRecord, QueuedOperation},
};

/// The data of one batch, ready to be committed and proven.
#[derive(Debug)]
pub struct Published {
    /// What the batch's points of evaluation follow from.
    pub location: DataLocation,
    /// The header that L1 builds.
    pub header: Header,
    /// The blobs, with their openings at the header's `z`; none in other modes.
    pub blobs: Option<(Blobs, Bytes)>,
}

impl Published {
    /// Prepares the data of the batch with this number.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub fn new(mode: DataMode, batch: &BatchWitness, number: u32) -> Result<Self, BlobError> {
        let blobs = match mode {
            DataMode::Blobs => Some(Blobs::new(&batch.data)?),
            DataMode::Calldata | DataMode::Committee => None,
        };
        // The point of evaluation hashes the blobs, so they come first.
        let location = match (&blobs, mode) {
            (Some(blobs), _) => DataLocation::Blobs(blobs.versioned_hashes()),
            (None, DataMode::Committee) => DataLocation::Committee,
            (None, _) => DataLocation::Calldata,
        };
        let header = batch.header(number, &location);
        let open = |blobs: Blobs| blobs.openings(header.z).map(|openings| (blobs, openings));
        let blobs = blobs.map(open).transpose()?;
        Ok(Self { location, header, blobs })
    }

    /// The record that L1 makes of the batch after `previous`, when the queue is executed up to `priority_end`.
    #[must_use]
    pub fn record(&self, previous: &BatchRecord, priority_end: u64) -> BatchRecord {
        let Header { number, timestamp, state_after, .. } = self.header;
        BatchRecord {
            number,
            timestamp,
            priority_end,
            state: state_after.to_bytes().into(),
            chain_hash: self.header.chain_hash(&previous.chain_hash.0).into(),
        }
    }

    /// What the committer says of the batch.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let Header { timestamp, state_after, streams, .. } = &self.header;
        let mode = self.location.mode();
        // L1 has no words of the committee's data to compute this value from.
        let data_value = match mode {
            DataMode::Committee => u128::from_be_bytes(streams.data.y.to_bytes()),
            DataMode::Calldata | DataMode::Blobs => 0,
        };
        Commitment {
            timestamp: *timestamp,
            state: hash(state_after),
            dataDigest: hash(&streams.data.stream.digest),
            priorityDigest: hash(&streams.priority.stream.digest),
            withdrawalDigest: hash(&streams.withdrawal.stream.digest),
            dataMode: mode.into(),
            dataCount: streams.data.stream.count,
            dataValue: data_value,
            blobValue: B256::from(streams.blob.to_bytes()),
        }
    }

    /// The words of the batch as the contract takes them. `queue` are the priority operations that it
    /// executes, in their turn; `signatures` are the data committee's, empty in other modes.
    #[must_use]
    pub fn streams(
        &self,
        batch: &BatchWitness,
        queue: &[QueuedOperation],
        signatures: &Bytes,
    ) -> Streams {
        let data = match (&self.blobs, &self.location) {
            (Some((_, openings)), _) => openings.clone(),
            (None, DataLocation::Committee) => signatures.clone(),
            (None, _) => bytes(&batch.data),
        };
        Streams {
            data,
            priority: queue.iter().flat_map(|operation| bytes(&operation.words)).collect(),
            origins: queue.iter().flat_map(|operation| operation.origin).collect(),
            withdrawals: bytes(&batch.withdrawals),
        }
    }
}

impl From<BatchRecord> for Batch {
    fn from(record: BatchRecord) -> Self {
        let BatchRecord { number, timestamp, priority_end, state, chain_hash } = record;
        Self { number, timestamp, priorityEnd: priority_end, state, chainHash: chain_hash }
    }
}

impl From<Batch> for BatchRecord {
    fn from(batch: Batch) -> Self {
        let Batch { number, timestamp, priorityEnd, state, chainHash } = batch;
        Self { number, timestamp, priority_end: priorityEnd, state, chain_hash: chainHash }
    }
}

fn hash(digest: &cairn_types::Digest) -> B256 {
    digest.to_bytes().into()
}

fn bytes(words: &[Word]) -> Bytes {
    words.iter().flat_map(Word::bytes).collect()
}
