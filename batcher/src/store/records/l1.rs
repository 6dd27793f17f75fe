//! L1 as the watcher has seen it.

use alloy::primitives::B256;
use cairn_types::DataMode;
use serde::{Deserialize, Serialize};

use super::{BatchNumber, BatchRecord, QueuedOperation};
use crate::store::table::UndoEntry;

/// A place on L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Place {
    /// Block number.
    pub block: u64,
    /// Block hash.
    pub block_hash: B256,
    /// The block's timestamp, seconds.
    pub timestamp: u64,
    /// The transaction.
    pub transaction: B256,
}

/// A block of L1 that may still leave the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Block {
    /// Its hash.
    pub hash: B256,
    /// Seconds.
    pub timestamp: u64,
    /// How to take back what it did to the `l1_*` tables; the latest change last.
    pub undo: Vec<UndoEntry>,
}

/// An operation of L1's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Queued {
    /// The operation.
    pub operation: QueuedOperation,
    /// Where it was queued.
    pub place: L1Place,
}

/// What L1 says of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct L1Batch {
    /// The contract's record.
    pub record: BatchRecord,
    /// Where it was committed.
    pub committed: L1Place,
    /// Root of its withdrawals.
    pub withdrawals_root: B256,
    /// Where its data is.
    pub data_mode: DataMode,
    /// Where it was proven.
    pub proven: Option<L1Place>,
}

/// Heads and switches of the rollup on L1, as of the last block that the watcher has read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct L1View {
    /// The last block that was read.
    pub block: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Its timestamp, seconds: what the sequencer takes for L1's clock.
    pub timestamp: u64,
    /// Operations in the queue.
    pub queue_length: u64,
    /// Of them, those in blocks with enough confirmations: the sequencer may execute these.
    pub confirmed_queue: u64,
    /// The last committed batch.
    pub committed: BatchNumber,
    /// The last proven batch.
    pub proven: BatchNumber,
    /// The last batch whose proof has enough confirmations.
    pub finalized: BatchNumber,
    /// Whether the contracts are paused.
    pub paused: bool,
    /// Whether the rollup is frozen for good.
    pub frozen: bool,
    /// L1's base fee in the last block, wei a gas.
    pub base_fee: u128,
    /// L1's blob base fee in the last block, wei a blob gas.
    pub blob_base_fee: u128,
    /// Why the watcher has stopped: L1 was reorganized deeper than the confirmation window. Nothing is sealed then.
    pub halted: Option<String>,
}
