//! What L1 has of a batch, and what must follow from its words.

use alloy::{
    consensus::Transaction as _,
    primitives::{B256, Bytes, TxKind},
    sol_types::SolEvent,
};
use cairn_state::{Environment, Outline, ReplayError, State};
use cairn_types::{BatchWords, DataMode, Stream, Streams, WORD_BYTES, Word};
use thiserror::Error;

use super::{calldata, history::Committed};
use crate::{
    committee::stream,
    l1::{
        blobs::WORDS,
        contracts::{Batch, IRollupL1::BatchData},
        error::{L1Error, rpc},
        reader::Reader,
        withdrawal_tree::WithdrawalTree,
    },
};

/// A batch as L1 has it, and where its data is.
#[derive(Debug, Clone)]
pub struct Publication {
    /// What the contract has said of it.
    pub committed: Committed,
    /// Where the data words are.
    pub location: DataLocation,
    /// Of the block, seconds; of data in blobs only.
    pub timestamp: u64,
}

/// Where a batch's data words are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLocation {
    /// In a call.
    Calldata(Bytes),
    /// In blobs.
    Blobs {
        /// Of each blob, in order.
        versioned_hashes: Vec<B256>,
        /// How many words.
        words: u32,
    },
    /// With the data committee: L1 has its signatures only.
    Committee {
        /// How many words.
        words: u32,
    },
}

/// What is wrong with a batch's words.
#[derive(Debug, Error)]
pub enum BatchFault {
    /// Bytes that are no words.
    #[error("{0} bytes are not whole words of {WORD_BYTES}")]
    NotWords(usize),
    /// The data is not the one behind the commitment's digest.
    #[error("the digest of its data is {got}, committed was {expected}")]
    Digest {
        /// As committed.
        expected: B256,
        /// Of the words.
        got: B256,
    },
    /// The state refuses it.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// It executes operations that L1 has not queued.
    #[error("it executes priority operations {start}..{end}, L1 has queued {queued}")]
    Queue {
        /// The first.
        start: u64,
        /// The end.
        end: u64,
        /// How many there are.
        queued: usize,
    },
    /// The withdrawals are not those that its operations make.
    #[error("its operations make withdrawals with the root {got}, committed was {expected}")]
    Withdrawals {
        /// As committed.
        expected: B256,
        /// Of those that the state makes.
        got: B256,
    },
    /// Another state.
    #[error("it leads to the state {got}, committed was {expected}")]
    State {
        /// As committed.
        expected: B256,
        /// As computed.
        got: B256,
    },
    /// Something else that the committer has said is not so.
    #[error("its words have a header with the chain hash {got}, committed was {expected}")]
    Header {
        /// As committed.
        expected: B256,
        /// As computed.
        got: B256,
    },
}

impl Publication {
    /// Finds where the data of a batch is.
    ///
    /// # Errors
    /// The node's, or what it has is not what the contract has accepted.
    pub async fn read(reader: &Reader, committed: &Committed) -> Result<Self, L1Error> {
        let words = committed.data_count;
        let (location, timestamp) = match committed.data_mode {
            DataMode::Calldata => (DataLocation::Calldata(call_data(reader, committed).await?), 0),
            DataMode::Blobs => {
                let versioned_hashes = blobs(reader, committed).await?;
                let timestamp = reader.block_time(committed.place.block).await?;
                (DataLocation::Blobs { versioned_hashes, words }, timestamp)
            }
            DataMode::Committee => (DataLocation::Committee { words }, 0),
        };
        Ok(Self { committed: committed.clone(), location, timestamp })
    }

    /// Executes the batch on the state before it, and checks everything that L1 knows of it. Gives the words of its
    /// withdrawals.
    ///
    /// # Errors
    /// The words are not those behind the record; the state is then not to be used any more.
    pub fn replay(
        &self,
        previous: &Batch,
        state: &mut State,
        domain: &Word,
        priority: &[Word],
        data: &[Word],
    ) -> Result<Vec<Word>, BatchFault> {
        let Committed { batch, data_digest, withdrawals_root, .. } = &self.committed;
        let streams = Streams { data: stream(data), ..Streams::default() };
        equal(*data_digest, streams.data.digest.to_bytes())
            .map_err(|(expected, got)| BatchFault::Digest { expected, got })?;

        let before = state.summary().commitment();
        let made = state.replay(domain, priority, data)?;
        let after = state.summary().commitment();
        equal(batch.state, after.to_bytes())
            .map_err(|(expected, got)| BatchFault::State { expected, got })?;
        // What the state makes is a word.
        let withdrawals: Vec<_> = made.iter().filter_map(|made| made.word().ok()).collect();
        equal(*withdrawals_root, WithdrawalTree::new(&withdrawals).root())
            .map_err(|(expected, got)| BatchFault::Withdrawals { expected, got })?;

        // Everything else that the committer has said is in the header.
        let outline = Outline {
            environment: Environment { domain: *domain, timestamp: batch.timestamp },
            number: batch.number,
            before,
            after,
            streams: Streams {
                priority: stream(priority),
                withdrawal: stream(&withdrawals),
                ..streams
            },
            words: BatchWords { data, priority, withdrawals: &withdrawals },
        };
        let header = outline.header(&self.location.clone().into());
        equal(batch.chainHash, header.chain_hash(&previous.chainHash.0))
            .map_err(|(expected, got)| BatchFault::Header { expected, got })?;
        Ok(withdrawals)
    }
}

impl From<DataLocation> for cairn_types::DataLocation {
    fn from(location: DataLocation) -> Self {
        match location {
            DataLocation::Calldata(_) => Self::Calldata,
            DataLocation::Blobs { versioned_hashes, .. } => {
                Self::Blobs(versioned_hashes.into_iter().map(|hash| hash.0).collect())
            }
            DataLocation::Committee { .. } => Self::Committee,
        }
    }
}

/// The data words of a batch in calldata: in the transaction's own input, else in the contract's event.
async fn call_data(reader: &Reader, committed: &Committed) -> Result<Bytes, L1Error> {
    let what = "reading a commitment";
    let place = &committed.place;
    let number = committed.batch.number;
    let transaction = reader.transaction(place).await;
    if let Ok(transaction) = &transaction
        && transaction.kind() == TxKind::Call(reader.address())
        && let Some(data) = calldata::data(transaction.input())
    {
        return Ok(Bytes::copy_from_slice(data));
    }
    let logs = reader.logs_of(place, BatchData::SIGNATURE_HASH, number).await?;
    let mut found = Vec::new();
    for log in logs {
        let event = BatchData::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
        found.push(event.data.data);
    }
    // A transaction may commit the batch, take it back, and commit another one of this number.
    let committed = (committed.data_digest, committed.data_count);
    let is_committed =
        |data: &&Bytes| words(data).is_ok_and(|words| is(&stream(&words), committed));
    match found.iter().find(is_committed).or(found.last()) {
        Some(data) => Ok(data.clone()),
        None => {
            // Without an event the data is in the transaction's input.
            let hash = transaction.map(|_| place.transaction)?;
            Err(rpc(what, format!("the node has no data of batch {number} in {hash}")))
        }
    }
}

/// The blobs of a batch: the transaction's first ones, as many as the words take.
async fn blobs(reader: &Reader, committed: &Committed) -> Result<Vec<B256>, L1Error> {
    let transaction = reader.transaction(&committed.place).await?;
    let hashes = transaction.blob_versioned_hashes().unwrap_or_default();
    let expected = (committed.data_count as usize).div_ceil(WORDS);
    let hashes = hashes.get(..expected).map(<[B256]>::to_vec);
    hashes.ok_or_else(|| {
        let Committed { batch, place, .. } = committed;
        let reason = format!(
            "batch {} is in {expected} blobs, by the node {} has fewer",
            batch.number, place.transaction
        );
        rpc("reading a commitment", reason)
    })
}

/// Bytes as words.
///
/// # Errors
/// [`BatchFault::NotWords`].
pub fn words(bytes: &[u8]) -> Result<Vec<Word>, BatchFault> {
    let (words, rest) = bytes.as_chunks::<WORD_BYTES>();
    if !rest.is_empty() {
        return Err(BatchFault::NotWords(bytes.len()));
    }
    Ok(words.iter().copied().map(Word::new).collect())
}

fn is(stream: &Stream, (digest, count): (B256, u32)) -> bool {
    (B256::from(stream.digest.to_bytes()), stream.count) == (digest, count)
}

fn equal(expected: B256, got: [u8; 32]) -> Result<(), (B256, B256)> {
    let got = B256::from(got);
    if expected == got { Ok(()) } else { Err((expected, got)) }
}
