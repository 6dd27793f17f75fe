//! What L1 is told of a batch: its data in one of the modes, the header that follows, and the record that the contract makes.
//!
//! The header depends on where the data is, because the points of evaluation hash it. So this is fixed before a batch is
//! proven, and made again, from the same words, when it is committed.

use alloy::primitives::{Address, B256, Bytes};
use cairn_state::BatchWitness;
use cairn_types::{DataLocation, DataMode, Digest, Header, Word};

use crate::{
    l1::{
        blobs::{BlobError, Blobs},
        client::CommitData,
        contracts::{Batch, Commitment, Streams},
    },
    store::records::BatchRecord,
};

/// The data of one batch, ready to be committed.
#[derive(Debug)]
pub struct Published {
    /// Where the data is: the batch's points of evaluation follow from it.
    pub location: DataLocation,
    /// As the contract builds it.
    pub header: Header,
    /// The blobs with their openings, for data in blobs.
    pub blobs: Option<(Blobs, Bytes)>,
    /// The data committee's; empty until they are collected.
    pub signatures: Bytes,
}

impl Published {
    /// Prepares the data of the batch with this number. Blobs take some 0.2 s of CPU each.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub fn new(mode: DataMode, batch: &BatchWitness, number: u32) -> Result<Self, BlobError> {
        // The point of evaluation hashes the blobs, so they come first.
        let (location, blobs) = match mode {
            DataMode::Calldata => (DataLocation::Calldata, None),
            DataMode::Committee => (DataLocation::Committee, None),
            DataMode::Blobs => {
                let blobs = Blobs::new(&batch.data)?;
                (DataLocation::Blobs(blobs.versioned_hashes()), Some(blobs))
            }
        };
        let header = batch.header(number, &location);
        let open = |blobs: Blobs| -> Result<_, BlobError> {
            let openings = blobs.openings(header.z)?;
            Ok((blobs, openings))
        };
        let blobs = blobs.map(open).transpose()?;
        Ok(Self { location, header, blobs, signatures: Bytes::new() })
    }

    /// What the committer says of the batch.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        let Header { timestamp, state_after, streams, .. } = &self.header;
        // The only mode in which L1 has no words to evaluate takes the value on trust, until the proof.
        let hint = match self.location {
            DataLocation::Committee => u128::from_be_bytes(streams.data.y.to_bytes()),
            DataLocation::Calldata | DataLocation::Blobs(_) => 0,
        };
        Commitment {
            timestamp: *timestamp,
            state: hash(*state_after),
            dataDigest: hash(streams.data.stream.digest),
            priorityDigest: hash(streams.priority.stream.digest),
            withdrawalDigest: hash(streams.withdrawal.stream.digest),
            dataMode: self.location.mode().into(),
            dataCount: streams.data.stream.count,
            dataValue: hint,
            blobValue: streams.blob.to_bytes().into(),
        }
    }

    /// The streams as `commit` takes them. `origins` are those of the batch's priority operations, in their turn.
    #[must_use]
    pub fn streams(
        &self,
        batch: &BatchWitness,
        origins: impl IntoIterator<Item = Address>,
    ) -> Streams {
        let data = match (&self.blobs, &self.location) {
            (Some((_, openings)), _) => openings.clone(),
            (None, DataLocation::Committee) => self.signatures.clone(),
            (None, _) => bytes(&batch.data),
        };
        Streams {
            data,
            priority: bytes(&batch.priority),
            origins: origins.into_iter().flatten().collect(),
            withdrawals: bytes(&batch.withdrawals),
        }
    }

    /// The record that L1 makes of the batch after `previous`; `priority_end` counts the priority operations of this batch and
    /// all before it.
    #[must_use]
    pub fn record(&self, previous: &BatchRecord, priority_end: u64) -> BatchRecord {
        BatchRecord {
            number: self.header.number,
            timestamp: self.header.timestamp,
            priority_end,
            state: hash(self.header.state_after),
            chain_hash: self.header.chain_hash(&previous.chain_hash.0).into(),
        }
    }

    /// What [`crate::l1::client::L1Client::commit`] takes.
    #[must_use]
    pub fn commit_data<'a>(&'a self, words: &'a [Word]) -> CommitData<'a> {
        match (&self.blobs, &self.location) {
            (Some((blobs, openings)), _) => CommitData::Blobs { blobs, openings: openings.clone() },
            (None, DataLocation::Committee) => CommitData::Committee(self.signatures.clone()),
            (None, _) => CommitData::Calldata(words),
        }
    }
}

impl BatchRecord {
    /// L1's record of genesis, whose state commitment is `state`.
    #[must_use]
    pub fn genesis(state: Digest) -> Self {
        let (number, timestamp, priority_end) = (0, 0, 0);
        Self { number, timestamp, priority_end, state: hash(state), chain_hash: B256::ZERO }
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

/// Words as calldata.
#[must_use]
pub fn bytes<'a>(words: impl IntoIterator<Item = &'a Word>) -> Bytes {
    words.into_iter().flat_map(Word::bytes).collect()
}

fn hash(digest: Digest) -> B256 {
    B256::from(digest.to_bytes())
}
