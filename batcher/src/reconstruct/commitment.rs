//! What the committer of a batch has told L1, and what must follow from it.

use alloy::{
    primitives::{B256, Bytes},
    sol_types::SolCall,
};
use cairn_state::{ReplayError, State};
use cairn_types::{DataMode, WORD_BYTES, Word};
use thiserror::Error;

use crate::l1::{
    contracts::{Batch, Commitment, IRollupL1},
    error::{L1Error, rpc},
    reader::{Call, Reader},
};

use super::history::Committed;

/// Calls that commit a batch.
const SELECTORS: [[u8; 4]; 2] =
    [IRollupL1::commitCall::SELECTOR, IRollupL1::commitAndProveCall::SELECTOR];

/// A commitment, and where the data behind it is.
#[derive(Debug, Clone)]
pub struct CommitmentCall {
    /// What the committer says.
    pub commitment: Commitment,
    /// Where the data words are.
    pub location: DataLocation,
    /// Withdrawal words.
    pub withdrawals: Vec<Word>,
    /// Of the block, seconds.
    pub timestamp: u64,
}

/// Where a batch's data words are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataLocation {
    /// In the call.
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

impl DataLocation {
    /// By the number of `DataMode` in `DataAvailability.sol`.
    fn new(mode: u8, words: u32, data: Bytes, versioned_hashes: &[B256]) -> Result<Self, String> {
        Ok(match DataMode::try_from(mode).map_err(|e| e.to_string())? {
            DataMode::Calldata => Self::Calldata(data),
            DataMode::Blobs => Self::Blobs { versioned_hashes: versioned_hashes.to_vec(), words },
            DataMode::Committee => Self::Committee { words },
        })
    }
}

/// What is wrong with a batch's words.
#[derive(Debug, Error)]
pub enum BatchFault {
    /// The commitment is not the record's.
    #[error("its {what} on L1 is {expected}, in the commitment {got}")]
    Commitment {
        /// Which part.
        what: &'static str,
        /// Of the record.
        expected: String,
        /// Of the call.
        got: String,
    },
    /// Bytes that are no words.
    #[error("{0} bytes are not whole words of {WORD_BYTES}")]
    NotWords(usize),
    /// A stream is not the one behind the commitment's digest.
    #[error("the digest of its {stream} is {got}, committed was {expected}")]
    Digest {
        /// Which.
        stream: &'static str,
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
    #[error("its operations make {expected} withdrawals, other ones are committed ({got})")]
    Withdrawals {
        /// How many the state makes.
        expected: usize,
        /// How many are committed.
        got: usize,
    },
    /// Another state.
    #[error("it leads to the state {got}, committed was {expected}")]
    State {
        /// As committed.
        expected: B256,
        /// As computed.
        got: B256,
    },
}

impl CommitmentCall {
    /// Reads the call that has committed a batch.
    ///
    /// # Errors
    /// The node's, or a call that does not decode.
    pub async fn read(reader: &Reader, committed: &Committed) -> Result<Self, L1Error> {
        let Committed { transaction, index, .. } = committed;
        let call = reader.call(*transaction, *index, &SELECTORS).await?;
        Self::decode(&call).map_err(|e| rpc("reading a commitment", format!("{transaction}: {e}")))
    }

    fn decode(call: &Call) -> Result<Self, String> {
        let (commitment, streams) = if call.input.starts_with(&IRollupL1::commitCall::SELECTOR) {
            let call = IRollupL1::commitCall::abi_decode(&call.input).map_err(|e| e.to_string())?;
            (call.next, call.streams)
        } else {
            let call = IRollupL1::commitAndProveCall::abi_decode(&call.input)
                .map_err(|e| e.to_string())?;
            (call.next, call.streams)
        };
        let Commitment { dataMode, dataCount, .. } = commitment;
        Ok(Self {
            location: DataLocation::new(dataMode, dataCount, streams.data, &call.versioned_hashes)?,
            commitment,
            withdrawals: words(&streams.withdrawals).map_err(|e| e.to_string())?,
            timestamp: call.timestamp,
        })
    }

    /// Executes the batch on the state before it, and checks everything that L1 knows of it.
    ///
    /// # Errors
    /// The words are not those behind the record; the state is then not to be used any more.
    pub fn replay(
        &self,
        record: &Batch,
        state: &mut State,
        domain: &Word,
        priority: &[Word],
        data: &[Word],
    ) -> Result<(), BatchFault> {
        let Commitment { timestamp, state: after, .. } = self.commitment;
        same("timestamp", record.timestamp, timestamp)?;
        same("state", record.state, after)?;
        digest("data", self.commitment.dataDigest, data)?;
        digest("priority operations", self.commitment.priorityDigest, priority)?;
        digest("withdrawals", self.commitment.withdrawalDigest, &self.withdrawals)?;

        let made = state.replay(domain, priority, data)?;
        let committed = &self.withdrawals;
        let equal = made.iter().map(|withdrawal| withdrawal.word().ok());
        if !equal.eq(committed.iter().copied().map(Some)) {
            let (expected, got) = (made.len(), committed.len());
            return Err(BatchFault::Withdrawals { expected, got });
        }
        let got = B256::from(state.summary().commitment().to_bytes());
        if got != after {
            return Err(BatchFault::State { expected: after, got });
        }
        Ok(())
    }
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

fn digest(stream: &'static str, expected: B256, words: &[Word]) -> Result<(), BatchFault> {
    let got = B256::from(crate::committee::stream(words).digest.to_bytes());
    if got == expected { Ok(()) } else { Err(BatchFault::Digest { stream, expected, got }) }
}

fn same<T: PartialEq + ToString>(
    what: &'static str,
    expected: T,
    got: T,
) -> Result<(), BatchFault> {
    if expected == got {
        return Ok(());
    }
    let (expected, got) = (expected.to_string(), got.to_string());
    Err(BatchFault::Commitment { what, expected, got })
}
