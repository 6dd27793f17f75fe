//! The operator: who it is, how far it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::hex::{Hash, Hex};

/// Where the chain ends at each level of certainty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The last block.
    pub block: u64,
    /// The batch that is open, or the last one.
    pub batch: u32,
    /// State commitment after the last block.
    pub state: Hash,
    /// When the last block was made; 0 before the first.
    pub made_ms: u64,
    /// The id of the next new account.
    pub next_id: u64,
    /// The number of the next token.
    pub next_token: u32,
    /// The last sealed batch.
    pub sealed: u32,
    /// The last batch that L1 has.
    pub committed: u32,
    /// The last batch that L1 has verified a proof of.
    pub proven: u32,
    /// The last batch whose proof has enough confirmations.
    pub finalized: u32,
    /// The last block of L1 that was read.
    pub l1_block: u64,
    /// Its timestamp, seconds.
    pub l1_timestamp: u64,
    /// Whether the contracts are paused: L1 takes nothing then.
    pub l1_paused: bool,
    /// What the sequencer is doing: `running`, `paused`, `draining`, `drained`, `halted`.
    pub standing: String,
    /// Why nothing is sealed any more, if so.
    pub halted: Option<String>,
}

/// How far behind each stage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// In the order of the pipeline.
    pub stages: Vec<StageLag>,
    /// Why intake refuses, if it does.
    pub throttled: Option<String>,
}

/// How far behind a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageLag {
    /// `mempool`, `priority`, `sealing`, `publishing`, `proving`, `committing`, `settling`, `finalizing`.
    pub stage: String,
    /// What it counts: `transactions`, `operations`, `blocks`, `batches`.
    pub unit: String,
    /// The last one that it is done with.
    pub head: u64,
    /// How many wait for it.
    pub behind: u64,
    /// How long the oldest of them has waited, milliseconds.
    pub oldest_ms: Option<u64>,
}

/// Who the operator is, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The program's version.
    pub version: String,
    /// L1's chain.
    pub chain_id: u64,
    /// The rollup's contract.
    pub rollup: Hex<20>,
    /// The contract that holds the funds.
    pub custody: Hex<20>,
    /// What transactions are signed for.
    pub domain: Hex<31>,
    /// Root of the circuit set that proofs are made of.
    pub circuit_set_root: Hash,
    /// Who signs receipts.
    pub receipt_signer: Hex<20>,
    /// How data may be published.
    pub data_modes: Vec<String>,
    /// The largest request, bytes.
    pub max_request_bytes: u32,
    /// Items of an array in a request or a response.
    pub max_items: u32,
    /// Calls of a JSON-RPC batch.
    pub max_batch_calls: u32,
    /// Levels that parameters may be nested.
    pub max_depth: u32,
    /// Requests a second of one client address.
    pub requests_per_second: u32,
}

/// What a check of the store has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreCheck {
    /// Each table.
    pub tables: Vec<TableRows>,
    /// What is wrong, the first hundred; empty if all is well.
    pub faults: Vec<String>,
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TableRows {
    /// Its name.
    pub table: String,
    /// How many.
    pub rows: u64,
}

/// What compaction has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreSizes {
    /// Bytes on disk before.
    pub before: u64,
    /// Bytes on disk after.
    pub after: u64,
}

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackedUp {
    /// Rows in it.
    pub rows: u64,
}
