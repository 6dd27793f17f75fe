//! Why the sequencer ends.

use cairn_state::{Refusal, ReplayError};
use cairn_types::{DecodeError, Digest};
use thiserror::Error;

use crate::store::{
    StoreError,
    records::{BatchNumber, BlockNumber, Sequence},
};

/// What ends the stage, or keeps it from starting. None of it mends itself.
#[derive(Debug, Error)]
pub enum SequencerError {
    /// The store's. After a failed write it is unknown what was written: start again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The accounts of the checkpoint are not those of its state.
    #[error(
        "the store is damaged: accounts after batch {batch} hash to {}, expected {}; restore a backup (cairn db restore)",
        hex::encode(.got.to_bytes()), hex::encode(.expected.to_bytes())
    )]
    Checkpoint {
        /// The batch.
        batch: BatchNumber,
        /// State commitment, as stored.
        expected: Digest,
        /// As the accounts give it.
        got: Digest,
    },
    /// A stored block does not lead to its state.
    #[error(
        "the store is damaged, or another version wrote it: block {block} leads to state {}, expected {}; restore a backup (cairn db restore)",
        hex::encode(.got.to_bytes()), hex::encode(.expected.to_bytes())
    )]
    BlockState {
        /// The block.
        block: BlockNumber,
        /// State commitment, as stored.
        expected: Digest,
        /// As executed.
        got: Digest,
    },
    /// A stored operation is refused.
    #[error("the store is damaged: operation {position} of block {block}: {refusal}")]
    Refused {
        /// The block.
        block: BlockNumber,
        /// From 0.
        position: usize,
        /// Why.
        refusal: Refusal,
    },
    /// A transaction of a block is not in the log.
    #[error("the store is damaged: block {block} has transaction {sequence}, which the log lacks")]
    NoTransaction {
        /// The block.
        block: BlockNumber,
        /// Place in the log.
        sequence: Sequence,
    },
    /// Blocks and batches do not fit each other.
    #[error("the store is damaged: block {block} is of batch {got}, expected {expected}")]
    BlockBatch {
        /// The block.
        block: BlockNumber,
        /// The batch that comes next.
        expected: BatchNumber,
        /// As stored.
        got: BatchNumber,
    },
    /// L1 takes a batch no more for its age, and does not have it. The next start stamps it anew.
    #[error(
        "batch {batch} has grown too old for L1, which does not have it: start again, and it is stamped anew, published and proven again"
    )]
    TooOld {
        /// The first such batch.
        batch: BatchNumber,
    },
    /// L1 has queued what is no operation.
    #[error("operation {index} of L1's queue: {reason}")]
    Priority {
        /// Place in the queue.
        index: u64,
        /// Why.
        reason: DecodeError,
    },
    /// L1 has queued what the state refuses. Its contracts exclude that; nothing can be executed any more.
    #[error("operation {index} of L1's queue is refused: {refusal}")]
    PriorityRefused {
        /// Place in the queue.
        index: u64,
        /// Why.
        refusal: Refusal,
    },
    /// L1 has queued several operations as one, or none.
    #[error("operation {index} of L1's queue: expected one operation, got {got}")]
    PriorityCount {
        /// Place in the queue.
        index: u64,
        /// Operations in its words.
        got: usize,
    },
    /// The words of a batch, which was checked, are refused.
    #[error("batch {batch} is executed again, its words: {refusal}")]
    Replay {
        /// The batch.
        batch: BatchNumber,
        /// Why.
        refusal: ReplayError,
    },
    /// A thread of the sequencer panicked.
    #[error("the sequencer panicked while {what}: {reason}")]
    Panicked {
        /// What it did.
        what: &'static str,
        /// What the runtime says.
        reason: String,
    },
}
