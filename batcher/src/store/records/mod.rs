//! The rows of the store.

mod batches;
mod l1;
mod proving;
mod replica;
mod settlement;
mod transactions;

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};

pub use self::{
    batches::{Block, BlockOperation, Checkpoint, Order, QueuedOperation, SealReason, SealedBatch},
    l1::{L1Batch, L1Block, L1Place, L1Queued, L1View},
    proving::{BatchRecord, Publication, StoredProof},
    replica::{Replicated, StreamPosition, Term},
    settlement::{Attempt, Mined, OutboxTransaction, Purpose},
    transactions::{Accepted, Dropped, Outcome},
};
use super::{SCHEMA, error::StoreError};

/// Place of a transaction in the log, from 0.
pub type Sequence = u64;
/// Number of a block, from 1, over all batches.
pub type BlockNumber = u64;
/// Number of a batch on L1, from 1; 0 is genesis.
pub type BatchNumber = u32;
/// Milliseconds since 1970, by the operator's clock. For people and figures, and for when a batch is sealed; whether
/// L1 takes it, L1's clock decides.
pub type Milliseconds = u64;

/// Accounts that share a row of the checkpoint.
pub const ACCOUNTS_A_ROW: u32 = 16;

/// Whose store it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The layout of the tables.
    pub schema: u32,
    /// L1's chain.
    pub chain_id: u64,
    /// The rollup's contract.
    pub rollup: Address,
    /// The state commitment that the rollup started with.
    pub genesis: B256,
}

impl Identity {
    /// Refuses a store of another rollup, or of a schema that this program does not know.
    pub(super) fn check(&self, expected: &Self) -> Result<(), StoreError> {
        if self.schema > SCHEMA {
            return Err(StoreError::NewerSchema { expected: SCHEMA, got: self.schema });
        }
        let pairs = [
            ("chain", expected.chain_id.to_string(), self.chain_id.to_string()),
            ("rollup", expected.rollup.to_string(), self.rollup.to_string()),
            ("a rollup with genesis", expected.genesis.to_string(), self.genesis.to_string()),
        ];
        match pairs.into_iter().find(|(_, expected, got)| expected != got) {
            Some((what, expected, got)) => Err(StoreError::OtherRollup { what, expected, got }),
            None => Ok(()),
        }
    }
}
