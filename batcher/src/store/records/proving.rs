//! What is published and proven of a batch.

use alloy::primitives::{B256, Bytes, U256};
use cairn_prover::measure::StageTime;
use cairn_types::DataLocation;
use serde::{Deserialize, Serialize};

use super::{BatchNumber, Milliseconds};

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
