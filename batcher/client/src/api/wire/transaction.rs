//! Transactions: submission, life, receipt.

use std::fmt;

use cairn_types::{ShortTransfer, Transaction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{
    error::ErrorBody,
    hex::{Amount, Hash, Hex, Key, TransactionBytes},
};

/// A transaction that is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submitted {
    /// What it is known by.
    pub hash: Hash,
    /// Its place in the operator's log.
    pub sequence: u64,
}

/// What became of one transaction of many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubmitOutcome {
    /// It is durable.
    Accepted(Submitted),
    /// It is not taken.
    Refused(ErrorBody),
}

/// A kind of transaction: what its cost depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FeeKind {
    /// Pays an existing account, in the short form.
    Transfer,
    /// Pays an existing account an amount or a fee that the short form does not hold: twice the data.
    LongTransfer,
    /// Makes a new account and pays it.
    TransferToNew,
    /// Pays an L1 address.
    Withdraw,
    /// Hands the account to another key.
    ChangeKey,
}

impl FeeKind {
    /// The kind of a transaction.
    #[must_use]
    pub fn of(transaction: &Transaction) -> Self {
        match transaction {
            Transaction::Transfer { .. } => match ShortTransfer::new(transaction) {
                Some(Ok(_)) => Self::Transfer,
                _ => Self::LongTransfer,
            },
            Transaction::TransferToNew { .. } => Self::TransferToNew,
            Transaction::Withdraw { .. } => Self::Withdraw,
            Transaction::ChangeKey { .. } => Self::ChangeKey,
        }
    }
}

/// What a transaction should pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeeEstimate {
    /// Of this token.
    pub token: u16,
    /// For this kind.
    pub kind: FeeKind,
    /// Quanta: with this fee it is taken and executed soon.
    pub fee: Amount,
    /// Quanta: below this it is refused.
    pub floor: Amount,
}

/// The next nonce to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NextNonce {
    /// The account.
    pub id: u32,
    /// Counting what waits.
    pub next: u32,
    /// As executed.
    pub executed: u32,
}

/// How far a transaction has come. In this order, but for the last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// It is durable and waits.
    Accepted,
    /// It was executed and is confirmed by the operator's word.
    InBlock,
    /// Its batch is sealed.
    Batched,
    /// L1 has its batch.
    Committed,
    /// L1 has verified a proof of its batch.
    Proven,
    /// That proof has enough confirmations.
    Finalized,
    /// It will not be executed.
    Dropped,
}

/// As it travels.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::InBlock => "inBlock",
            Self::Batched => "batched",
            Self::Committed => "committed",
            Self::Proven => "proven",
            Self::Finalized => "finalized",
            Self::Dropped => "dropped",
        })
    }
}

/// A transaction and its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    /// What it is known by.
    pub hash: Hash,
    /// Its place in the operator's log.
    pub sequence: u64,
    /// What it does.
    pub kind: FeeKind,
    /// The account that pays.
    pub from: u32,
    /// As signed.
    pub nonce: u32,
    /// As signed.
    pub token: u16,
    /// Quanta.
    pub amount: Amount,
    /// Quanta.
    pub fee: Amount,
    /// Last second at which it may be executed; 0 for ever.
    pub expiry: u32,
    /// The account that a transfer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// The key of the new account, or the account's new key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The L1 address that a withdrawal pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Hex<20>>,
    /// As it was submitted.
    pub bytes: TransactionBytes,
    /// How far it has come.
    pub life: Life,
}

/// The stages that a transaction has reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Life {
    /// The last stage.
    pub stage: Stage,
    /// When it was accepted.
    pub accepted_ms: u64,
    /// Its block.
    pub in_block: Option<InBlockAt>,
    /// When its batch was sealed.
    pub batched_ms: Option<u64>,
    /// Where L1 has its batch.
    pub committed: Option<OnL1>,
    /// Where L1 has the proof.
    pub proven: Option<OnL1>,
    /// Whether the proof has enough confirmations.
    pub finalized: bool,
    /// When the operator saw that; unknown for what became final under a version that did not note it.
    pub finalized_ms: Option<u64>,
    /// Why it will not be executed.
    pub dropped: Option<DroppedAt>,
}

impl Life {
    /// Of a transaction that was accepted at this time, and has come no further.
    #[must_use]
    pub const fn accepted(at_ms: u64) -> Self {
        Self {
            stage: Stage::Accepted,
            accepted_ms: at_ms,
            in_block: None,
            batched_ms: None,
            committed: None,
            proven: None,
            finalized: false,
            finalized_ms: None,
            dropped: None,
        }
    }
}

/// A place in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InBlockAt {
    /// When the block was made.
    pub at_ms: u64,
    /// The block.
    pub block: u64,
    /// Among its operations, from 0.
    pub position: u32,
    /// The batch that the block is in.
    pub batch: u32,
}

/// A place on L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnL1 {
    /// The block's timestamp.
    pub at_ms: u64,
    /// Block number.
    pub block: u64,
    /// Block hash.
    pub block_hash: Hash,
    /// The L1 transaction.
    pub transaction: Hash,
}

/// The end of a transaction that is not executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DroppedAt {
    /// When.
    pub at_ms: u64,
    /// Stable word: `replaced`, `expired`, `refused`, `evicted`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// The transaction that took its place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaced_by: Option<Hash>,
}

/// A stage that a transaction has just reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageNews {
    /// The transaction.
    pub hash: Hash,
    /// The stage.
    pub stage: Stage,
    /// Everything that is known then.
    pub life: Life,
}

/// The operator's signed word that a transaction is executed: docs/api.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedReceipt {
    /// The transaction.
    pub transaction: Hash,
    /// The batch of its block: L1 has the batch's data, from which anyone can see whether it is executed there.
    pub batch: u32,
    /// Its block.
    pub block: u64,
    /// Its place among the block's operations, from 0.
    pub position: u32,
    /// State commitment after the block.
    pub state: Hash,
    /// r, s, v over the EIP-712 hash.
    pub signature: Hex<65>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_shown_as_it_travels() {
        let stages = [
            Stage::Accepted,
            Stage::InBlock,
            Stage::Batched,
            Stage::Committed,
            Stage::Proven,
            Stage::Finalized,
            Stage::Dropped,
        ];
        for stage in stages {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.to_string());
        }
        assert!(stages.is_sorted());
    }
}
