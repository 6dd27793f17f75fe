//! What can go wrong with the settlement.

use alloy::primitives::B256;
use thiserror::Error;

use super::alarms::Alarm;
use crate::{
    l1::{blobs::BlobError, error::L1Error},
    store::{
        StoreError,
        records::{BatchNumber, BatchRecord},
    },
};

/// Why the settlement cannot go on, or not now.
#[derive(Debug, Error)]
pub enum SettlementError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node's.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The node does not know of a transaction that was final.
    #[error(
        "L1's node says that nonce {got} is next, expected at least {expected}: it is behind, or L1 was reorganized deeper than settlement.confirmations"
    )]
    NodeBehind {
        /// After the last transaction that was final.
        expected: u64,
        /// The node's.
        got: u64,
    },
    /// The node says that the account has sent what the settlement has not.
    #[error(
        "L1's node says that nonce {got} is next, expected at most {expected}: it is wrong, or somebody else sends with this key"
    )]
    NodeAhead {
        /// After the last transaction that is known.
        expected: u64,
        /// The node's.
        got: u64,
    },
    /// The watcher does not have the priority operations that a batch executes.
    #[error(
        "batch {batch} executes {expected} words of priority operations that L1's queue does not have in their turn"
    )]
    Queue {
        /// The batch.
        batch: BatchNumber,
        /// Words.
        expected: usize,
    },
    /// What follows from a batch's words is not what was published and proven.
    #[error("batch {batch}: {what} follow from its words otherwise than it was published")]
    Publication {
        /// The batch.
        batch: BatchNumber,
        /// What differs.
        what: &'static str,
    },
    /// L1 has another batch than this operator.
    #[error(
        "L1 has another batch {batch} than this operator: chain hash {}, expected {}; has somebody else committed with this key or role?",
        .got.chain_hash, .expected.chain_hash
    )]
    Diverged {
        /// The batch.
        batch: BatchNumber,
        /// Ours.
        expected: Box<BatchRecord>,
        /// L1's.
        got: Box<BatchRecord>,
    },
    /// L1 has another batch than this operator, in a block that it may still leave.
    #[error("L1 has another batch {batch} than this operator: it is waited for its confirmations")]
    Diverging {
        /// The batch.
        batch: BatchNumber,
    },
    /// Blobs cannot be made.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// A transaction cannot be signed.
    #[error("signing an L1 transaction: {0}")]
    Sign(String),
    /// A stored transaction is none.
    #[error("the outbox's transaction {hash} does not decode: restore a backup (cairn db restore)")]
    Undecodable {
        /// Of its last form.
        hash: B256,
    },
}

impl SettlementError {
    /// What people are told of it while it lasts.
    pub(super) fn alarm(&self) -> Alarm {
        match self {
            Self::Queue { .. } => Alarm::Queue,
            Self::NodeAhead { .. } => Alarm::Nonces,
            Self::Diverging { .. } => Alarm::Contract,
            _ => Alarm::L1,
        }
    }

    /// Whether the node has said what is not believed yet.
    pub(super) fn is_doubt(&self) -> bool {
        matches!(self, Self::NodeBehind { .. } | Self::NodeAhead { .. })
    }

    /// Whether another node may know better.
    pub(super) fn blames_node(&self) -> bool {
        match self {
            Self::NodeBehind { .. } => true,
            // An outbox in which nothing ever was explains nothing.
            Self::NodeAhead { expected, .. } => *expected > 0,
            _ => false,
        }
    }

    /// Whether waiting mends it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            // A node that refuses a question may be behind, or give way to another one.
            Self::L1(e) => !matches!(
                e,
                L1Error::WrongChain { .. }
                    | L1Error::NoContract { .. }
                    | L1Error::NoNode
                    | L1Error::Url { .. }
                    | L1Error::Setting(_)
            ),
            Self::NodeBehind { .. }
            | Self::NodeAhead { .. }
            | Self::Queue { .. }
            | Self::Diverging { .. } => true,
            Self::Store(_)
            | Self::Publication { .. }
            | Self::Diverged { .. }
            | Self::Blobs(_)
            | Self::Sign(_)
            | Self::Undecodable { .. } => false,
        }
    }
}
