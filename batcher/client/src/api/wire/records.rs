//! What the operator's records say beside blocks and batches: L1's queue, an account's history, the operator's own
//! transactions on L1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FeeKind, OnL1, TransactionView};
use crate::api::hex::{Amount, Hash, Hex, Key, Wei};

/// An operation of L1's queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedView {
    /// Its place in the queue, from 0.
    pub index: u64,
    /// `registerToken`, `deposit` or `forced`.
    pub kind: String,
    /// What a forced transaction asks for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transaction: Option<FeeKind>,
    /// The token.
    pub token: u16,
    /// Of a new token: a quantum is ten to this power of its base units.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quantum_exponent: Option<u8>,
    /// Quanta that are deposited, or that a forced transaction moves.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<Amount>,
    /// The account that a deposit asks for, or that a forced transaction is of. A deposit for an account that has
    /// another key or token makes a new account.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<u32>,
    /// The key that is given: the depositor's, a new account's, a new token's fee account's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<Key>,
    /// The account that a forced transfer pays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<u32>,
    /// The L1 address that a forced withdrawal pays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Hex<20>>,
    /// Who has paid for it on L1.
    pub origin: Hex<20>,
    /// Where it was queued.
    pub queued: OnL1,
    /// The sealed batch that executes it; none while it waits for that.
    pub batch: Option<u32>,
}

/// Transactions of an account, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Those that were found among the rows that this answer has looked at; there may be none.
    pub transactions: Vec<TransactionView>,
    /// Ask again with this for earlier ones; none at the beginning of the log.
    pub before: Option<u64>,
}

/// A transaction of the operator on L1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettlementView {
    /// Its nonce.
    pub nonce: u64,
    /// `commit`, `prove` or `cancel`.
    pub purpose: String,
    /// The first batch that it is for.
    pub first: Option<u32>,
    /// The last.
    pub last: Option<u32>,
    /// The form that was mined, or the latest that was signed.
    pub hash: Option<Hash>,
    /// How many forms were signed, each with higher fees than the one before.
    pub attempts: u32,
    /// When its first form was sent.
    pub sent_ms: Option<u64>,
    /// What it has cost; none while it is not mined.
    pub mined: Option<MinedView>,
    /// It is deep enough below L1's head.
    pub is_final: bool,
}

/// Where a transaction was mined, and what was paid for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MinedView {
    /// The block's number.
    pub block: u64,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used.
    pub gas: u64,
    /// Wei a gas.
    pub gas_price: Wei,
    /// Blob gas used.
    pub blob_gas: u64,
    /// Wei a blob gas.
    pub blob_gas_price: Wei,
}
