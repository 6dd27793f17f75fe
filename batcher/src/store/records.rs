//! The rows of the store.

use alloy::primitives::{Address, B256, Bytes, U256};
use cairn_prover::measure::StageTime;
use cairn_state::StateSummary;
use cairn_types::{DataLocation, DataMode, Digest, PublicKey, SignedTransaction, Word};
use serde::{Deserialize, Serialize};

use super::{SCHEMA, error::StoreError, table::UndoEntry};

/// Place of a transaction in the log, from 0.
pub type Sequence = u64;
/// Number of a block, from 1, over all batches.
pub type BlockNumber = u64;
/// Number of a batch on L1, from 1; 0 is genesis.
pub type BatchNumber = u32;
/// Milliseconds since 1970, by the operator's clock. For people and figures; nothing is decided by it.
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

// --- transactions ---------------------------------------------------------------------------------

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

// --- blocks and batches ---------------------------------------------------------------------------

/// A block: operations that were executed and confirmed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its number.
    pub number: BlockNumber,
    /// The batch that it is in.
    pub batch: BatchNumber,
    /// The batch's timestamp, seconds of L1's clock.
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

// --- proving --------------------------------------------------------------------------------------

/// L1's record of a batch, as the contract makes it: `Batch` in `Settlement.sol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRecord {
    /// Its number.
    pub number: BatchNumber,
    /// Seconds.
    pub timestamp: u32,
    /// Priority operations executed by this batch and all before it.
    pub priority_end: u64,
    /// State commitment after it.
    pub state: B256,
    /// `h_i` of docs/spec.md, section 6.
    pub chain_hash: B256,
}

/// Where a sealed batch's data will be: from here on its header is fixed, so that it can be proven and committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The mode, and the blobs' versioned hashes.
    pub location: DataLocation,
    /// The record that L1 will make.
    pub record: BatchRecord,
    /// Of data with the committee: its signatures, as the contract takes them.
    pub signatures: Bytes,
    /// What the commitment was expected to cost, in wei, when the mode was chosen.
    pub estimate_wei: U256,
    /// When.
    pub published_ms: Milliseconds,
}

/// A proof that was verified here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredProof {
    /// The first batch that it covers; the last is the row's key.
    pub first: BatchNumber,
    /// Root of the circuit set that it was made of.
    pub circuit_set_root: B256,
    /// As the contract takes it.
    pub proof: [B256; 8],
    /// What each stage took, for reports.
    pub stages: Vec<StageTime>,
    /// Chunks of all its batches.
    pub chunks: u32,
    /// When proving began.
    pub started_ms: Milliseconds,
    /// When the proof was there.
    pub proven_ms: Milliseconds,
}

// --- settlement -----------------------------------------------------------------------------------

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

// --- L1 as the watcher has seen it ----------------------------------------------------------------

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
