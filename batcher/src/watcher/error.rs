//! What can go wrong with watching L1.

use alloy::primitives::{Address, B256};
use thiserror::Error;

use crate::store::StoreError;

/// Why the watcher did not read on.
#[derive(Debug, Error)]
pub enum WatcherError {
    /// The store's. Ends the stage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The custody of the configuration is not the rollup's. Ends the stage.
    #[error("rollup {rollup} has custody {got}, expected {expected}: check the addresses")]
    OtherCustody {
        /// The rollup's contract.
        rollup: Address,
        /// Of the configuration.
        expected: Address,
        /// Of the contract.
        got: Address,
    },
    /// The rollup's first event is not among those read. Waiting mends it if the node is to blame.
    #[error(
        "L1 block {block}: the rollup's first event was not seen: the first block to read must not be after its deployment, \
         and the node must not leave out logs"
    )]
    NoGenesis {
        /// What was read up to.
        block: u64,
    },
    /// The node does not answer, or refuses. Waiting mends it.
    #[error("L1, {what}: {reason}")]
    Node {
        /// What was tried.
        what: &'static str,
        /// What the node or the transport says.
        reason: String,
    },
    /// The node does not have a block that it says there is. Waiting mends it.
    #[error("L1: the node does not have block {block}, below the head that it names")]
    MissingBlock {
        /// Its number.
        block: u64,
    },
    /// A block is from the future. Nothing is written; the node is asked again.
    #[error(
        "L1's block {block} is {ahead} s ahead of this machine's clock, expected {most} at most: set the machine's clock, or, \
         if that is right, use another L1 node (watcher.max_clock_ahead_s)"
    )]
    Future {
        /// Its number.
        block: u64,
        /// Seconds.
        ahead: u64,
        /// Seconds that it may be.
        most: u64,
    },
    /// The node leaves out logs, or makes them up. Nothing is written; it is asked again.
    #[error("the L1 node is unreliable: at block {block}, {what}: expected {expected}, got {got}")]
    Unreliable {
        /// Where.
        block: u64,
        /// What differs.
        what: &'static str,
        /// As the contract, or what was read before, has it.
        expected: String,
        /// As the logs have it.
        got: String,
    },
    /// The node has lost the state of a block whose logs must be checked. Waiting may mend it.
    #[error(
        "the L1 node has no state of block {block} any more: use a node that keeps it (an archive node)"
    )]
    NoState {
        /// The block.
        block: u64,
    },
    /// L1 went back further than can be taken back. Halts the watcher until L1 is as it was, not the stage.
    #[error(
        "L1 was reorganized deeper than the confirmation window: block {block} was {expected} and is {got} now. \
         Nothing is read or sealed until L1 has that block again. Check the L1 node: with a right one, reading goes on. \
         If L1 really went back, stop, rebuild from L1 into a new data_dir, and ask clients to submit again what L1 has lost"
    )]
    TooDeep {
        /// The last block that counted as settled.
        block: u64,
        /// Its hash as it was read.
        expected: B256,
        /// The hash of that block now.
        got: B256,
    },
}

impl WatcherError {
    /// Whether asking again later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Node { .. }
                | Self::MissingBlock { .. }
                | Self::Future { .. }
                | Self::Unreliable { .. }
                | Self::NoGenesis { .. }
                | Self::NoState { .. }
        )
    }

    /// Whether another node may say something else.
    pub(super) fn blames_node(&self) -> bool {
        matches!(
            self,
            Self::MissingBlock { .. }
                | Self::Future { .. }
                | Self::Unreliable { .. }
                | Self::NoGenesis { .. }
                | Self::NoState { .. }
                | Self::TooDeep { .. }
        )
    }

    /// What does not change while the same thing stays wrong: it is logged once for each of these.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::OtherCustody { .. } => "other custody",
            Self::NoGenesis { .. } => "no genesis",
            Self::Node { what, .. } => what,
            Self::MissingBlock { .. } => "missing block",
            Self::Future { .. } => "future",
            Self::Unreliable { .. } => "unreliable",
            Self::NoState { .. } => "no state",
            Self::TooDeep { .. } => "too deep",
        }
    }
}
