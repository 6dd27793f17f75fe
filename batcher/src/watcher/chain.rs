//! What the watcher asks of L1: little enough that a model can stand in for it.

use std::future::Future;

use alloy::primitives::{Address, B256};
use cairn_types::DataMode;

use super::{contents::QueueHash, error::WatcherError};
use crate::store::records::{BatchNumber, BatchRecord, QueuedOperation};

/// A block's header, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) number: u64,
    pub(super) hash: B256,
    pub(super) parent: B256,
    /// Seconds.
    pub(super) timestamp: u64,
    /// Wei a gas.
    pub(super) base_fee: u128,
}

/// An event of the rollup's contract that changes what the operator may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    Queued(QueuedOperation),
    Committed { record: BatchRecord, withdrawals_root: B256, data_mode: DataMode },
    Proven { first: BatchNumber, last: BatchNumber, state: B256 },
    Reverted { first: BatchNumber, last: BatchNumber },
    Frozen,
    Paused(bool),
    Role { role: B256, account: Address, granted: bool },
    DataCommittee { number: u64, members: usize, threshold: u64 },
    CircuitSetAdded { index: u64, root: B256, active_at: u64 },
    CircuitSetRetired { index: u64 },
    OpenProving(bool),
}

/// An event, and where it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) block: u64,
    pub(super) block_hash: B256,
    /// Of the block, seconds.
    pub(super) timestamp: u64,
    pub(super) transaction: B256,
    pub(super) event: Event,
}

/// What the contract says of itself, to hold the events against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Whether the contract is there.
    pub(super) deployed: bool,
    pub(super) queue_length: u64,
    pub(super) committed: BatchNumber,
    pub(super) proven: BatchNumber,
    pub(super) paused: bool,
    pub(super) frozen: bool,
}

type Answer<T> = Result<T, WatcherError>;

/// L1 as one node shows it. Trust: none; answers may contradict each other.
pub(super) trait Chain: Send + Sync {
    /// Number of the last block.
    fn head(&self) -> impl Future<Output = Answer<u64>> + Send;

    /// Number of the last block that L1 has finalized, if it knows such a thing.
    fn finalized(&self) -> impl Future<Output = Answer<Option<u64>>> + Send;

    /// The header of a block; `None` if the node does not have it.
    fn header(&self, number: u64) -> impl Future<Output = Answer<Option<Header>>> + Send;

    /// The contract's events in a block, in order.
    fn events(&self, block: &Header) -> impl Future<Output = Answer<Vec<Seen>>> + Send;

    /// The contract's events in a range of blocks, in order; `None` if the node finds the range too wide.
    fn events_in(
        &self,
        first: u64,
        last: u64,
    ) -> impl Future<Output = Answer<Option<Vec<Seen>>>> + Send;

    /// What the contract says of itself after a block; `None` if the node has lost that state.
    fn counts(&self, block: &Header) -> impl Future<Output = Answer<Option<Counts>>> + Send;

    /// What the contract has remembered of the queue's first `length` operations, after a block that has its counts.
    fn queue_hash(
        &self,
        block: &Header,
        length: u64,
    ) -> impl Future<Output = Answer<QueueHash>> + Send;

    /// What the contract has remembered of a batch's record, after a block that has its counts.
    fn batch_hash(
        &self,
        block: &Header,
        number: BatchNumber,
    ) -> impl Future<Output = Answer<B256>> + Send;

    /// Wei a blob gas in a block; `None` if the node does not say.
    fn blob_base_fee(&self, block: &Header) -> impl Future<Output = Answer<Option<u128>>> + Send;

    /// Whether an account has a role, as of the last block.
    fn has_role(&self, role: B256, account: Address) -> impl Future<Output = Answer<bool>> + Send;
}
