//! The operator's own transactions on L1.

use alloy::primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};

use super::{BatchNumber, Milliseconds};

/// What an L1 transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Commits a batch.
    Commit {
        /// Its number.
        batch: BatchNumber,
    },
    /// Posts a proof of batches.
    Prove {
        /// The first.
        first: BatchNumber,
        /// The last.
        last: BatchNumber,
    },
    /// Takes the place of a transaction that must not be mined.
    Cancel,
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Commit { batch } => write!(f, "commit of batch {batch}"),
            Self::Prove { first, last } => write!(f, "proof of batches {first} to {last}"),
            Self::Cancel => f.write_str("cancellation"),
        }
    }
}

/// A signed form of an L1 transaction. All attempts of one transaction have its nonce, so that at most one is mined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// Wei a gas, at most.
    pub max_fee: u128,
    /// Wei a gas for the proposer.
    pub priority_fee: u128,
    /// Wei a blob gas, at most; none without blobs.
    pub blob_fee: Option<u128>,
    /// When it was signed.
    pub signed_ms: Milliseconds,
}

/// An L1 transaction, stored before it is first sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxTransaction {
    /// What it is for.
    pub purpose: Purpose,
    /// All signed forms, the latest last.
    pub attempts: Vec<Attempt>,
    /// The latest signed form as it is sent: its network encoding, blobs and all. Empty once it is final.
    pub raw: Bytes,
    /// When its first form was sent; none before.
    pub sent_ms: Option<Milliseconds>,
    /// Where it was mined; taken back when that block leaves the chain.
    pub mined: Option<Mined>,
    /// It is deep enough below L1's head that nothing is expected to take it back.
    pub is_final: bool,
}

/// Where a transaction was mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mined {
    /// The attempt's hash.
    pub hash: B256,
    /// Block number.
    pub block: u64,
    /// Block hash.
    pub block_hash: B256,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used.
    pub gas: u64,
    /// Wei a gas, as paid.
    pub gas_price: u128,
    /// Blob gas used.
    pub blob_gas: u64,
    /// Wei a blob gas, as paid.
    pub blob_gas_price: u128,
}
