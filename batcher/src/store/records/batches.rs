//! Blocks and batches, and which state the accounts are.

use alloy::primitives::Address;
use cairn_state::StateSummary;
use cairn_types::{Digest, Word};
use serde::{Deserialize, Serialize};

use super::{BatchNumber, BlockNumber, Milliseconds, Sequence};

/// A block: operations that were executed and confirmed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its number.
    pub number: BlockNumber,
    /// The batch that it is in.
    pub batch: BatchNumber,
    /// The batch's timestamp, seconds of L1's clock. It changes where a batch that L1 has not taken is stamped anew.
    pub timestamp: u32,
    /// In order of execution. Priority operations stand in the first blocks of a batch only.
    pub operations: Vec<BlockOperation>,
    /// State commitment after the block.
    pub state: Digest,
    /// When it was made.
    pub made_ms: Milliseconds,
}

/// An operation of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockOperation {
    /// Of L1's queue.
    Priority(QueuedOperation),
    /// Of the log.
    Transaction(Sequence),
}

/// A priority operation as L1 has queued it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedOperation {
    /// Place in the queue, from 0.
    pub index: u64,
    /// Its words.
    pub words: Vec<Word>,
    /// Who has paid for it.
    pub origin: Address,
}

/// Why a batch was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealReason {
    /// Its data fills the blobs that it may take.
    Data,
    /// Its operations fill the chunks that it may take.
    Chunks,
    /// It would miss its time to finality.
    Age,
    /// L1 is cheap now.
    Price,
    /// A priority operation waits for the next batch.
    Priority,
    /// The operator asked for it.
    Asked,
}

impl SealReason {
    /// As in JSON, for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Chunks => "chunks",
            Self::Age => "age",
            Self::Price => "price",
            Self::Priority => "priority",
            Self::Asked => "asked",
        }
    }
}

/// A batch to which nothing is added any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedBatch {
    /// Its number.
    pub number: BatchNumber,
    /// Seconds of L1's clock.
    pub timestamp: u32,
    /// Its first block.
    pub first_block: BlockNumber,
    /// Its last block.
    pub last_block: BlockNumber,
    /// Before it.
    pub before: StateSummary,
    /// After it.
    pub after: StateSummary,
    /// Priority operations executed by this batch and all before it.
    pub priority_end: u64,
    /// Operations of all kinds.
    pub operations: u32,
    /// Transfers, to leaves and to new keys.
    pub transfers: u32,
    /// Words of its data.
    pub data_words: u32,
    /// Why it was sealed.
    pub reason: SealReason,
    /// When its first block was made.
    pub opened_ms: Milliseconds,
    /// When it was sealed.
    pub sealed_ms: Milliseconds,
}

/// Which state the table of accounts is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// After this batch.
    pub batch: BatchNumber,
    /// And after this block, the batch's last.
    pub block: BlockNumber,
    /// What the accounts must hash to.
    pub state: StateSummary,
}

/// What the operator has last told the sequencer. It holds until another is given, whoever starts and stops meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// Make blocks and batches.
    #[default]
    Run,
    /// Make none.
    Pause,
    /// Accept nothing more, execute what was accepted and the operations of L1's queue before `until`, and settle it.
    Drain {
        /// Operations that were confirmed when the order was given: what comes later would keep it from its end.
        until: u64,
    },
    /// That is done. Accept and make nothing.
    Drained,
}
