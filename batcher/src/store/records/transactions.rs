//! Transactions of the log, and what became of them.

use alloy::primitives::B256;
use cairn_types::{PublicKey, SignedTransaction};
use serde::{Deserialize, Serialize};

use super::{BlockNumber, Milliseconds};

/// A transaction that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What was signed.
    pub transaction: SignedTransaction,
    /// The key under which its signature was verified; the payer's leaf may have another when its turn comes.
    pub key: PublicKey,
    /// When.
    pub received_ms: Milliseconds,
}

/// What became of an accepted transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was executed.
    InBlock {
        /// The block.
        block: BlockNumber,
        /// Its place among the block's operations, from 0.
        position: u32,
    },
    /// It never will be.
    Dropped {
        /// Why.
        reason: Dropped,
        /// When.
        at_ms: Milliseconds,
    },
}

/// Why an accepted transaction is not executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Dropped {
    /// Its signer sent another with the same nonce and a higher fee.
    #[error("replaced by {by} with a higher fee")]
    Replaced {
        /// Hash of the other.
        by: B256,
    },
    /// Its turn did not come before its expiry.
    #[error("expired at {expiry}, the batch is of {timestamp}")]
    Expired {
        /// As signed, seconds.
        expiry: u32,
        /// Of the batch, seconds.
        timestamp: u32,
    },
    /// The state refuses it, for good.
    #[error("{0}")]
    Refused(String),
    /// The mempool was full, and its leaf had to make room.
    #[error("the mempool was full, and its account had most waiting or waited for a missing nonce")]
    Evicted,
}

impl Dropped {
    /// A stable word for the reason, for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Replaced { .. } => "replaced",
            Self::Expired { .. } => "expired",
            Self::Refused(_) => "refused",
            Self::Evicted => "evicted",
        }
    }
}
