//! Accounts, blocks, batches, withdrawals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OnL1;
use crate::api::hex::{Amount, Hash, Hex, Key, Wei};

/// An account after the last durable block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its id.
    pub id: u32,
    /// Who may spend.
    pub key: Key,
    /// What it holds.
    pub token: u16,
    /// Transactions that it has signed and that were executed.
    pub nonce: u32,
    /// Quanta.
    pub balance: Amount,
    /// The next nonce to sign, counting what waits.
    pub next_nonce: u32,
}

/// Accounts of a key, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnedAccounts {
    /// Those that fit an answer.
    pub accounts: Vec<AccountView>,
    /// Ask again from this id for more.
    pub more: Option<u32>,
}

/// That an account is in the state that L1 knows as proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofView {
    /// The account's id.
    pub id: u32,
    /// Its key; 40 zero bytes if there is no such account.
    pub key: Key,
    /// Its token.
    pub token: u16,
    /// Its nonce.
    pub nonce: u32,
    /// Quanta.
    pub balance: Amount,
    /// The 32 siblings, the leaf's first.
    pub siblings: Vec<Hash>,
    /// The proven batch after which this is the state; 0 is genesis.
    pub batch: u32,
    /// Root of the account tree.
    pub root: Hash,
    /// The id of the next new account.
    pub next_id: u64,
    /// The number of the next token.
    pub next_token: u32,
    /// The state commitment: L1's `provenState` while this is the last proven batch.
    pub state: Hash,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    /// Its number.
    pub number: u64,
    /// The batch that it is in.
    pub batch: u32,
    /// The batch's timestamp, seconds of L1's clock.
    pub timestamp: u32,
    /// State commitment after it.
    pub state: Hash,
    /// When it was made.
    pub made_ms: u64,
    /// How many operations it has.
    pub operation_count: u32,
    /// They, in order of execution; none where blocks are listed by a subscription.
    #[serde(default)]
    pub operations: Vec<BlockEntry>,
}

/// An operation of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BlockEntry {
    /// A transaction, by its hash.
    Transaction(Hash),
    /// An operation of L1's queue, by its place in it.
    Priority(u64),
}

/// A sealed batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchView {
    /// Its number.
    pub number: u32,
    /// Seconds of L1's clock.
    pub timestamp: u32,
    /// Its first block.
    pub first_block: u64,
    /// Its last block.
    pub last_block: u64,
    /// State commitment before it.
    pub state_before: Hash,
    /// State commitment after it.
    pub state_after: Hash,
    /// Priority operations executed by it and all before it.
    pub priority_end: u64,
    /// Operations of all kinds.
    pub operations: u32,
    /// Transfers, to accounts and to new keys.
    pub transfers: u32,
    /// Words of its data.
    pub data_words: u32,
    /// Why it was sealed: `data`, `chunks`, `age`, `price`, `priority`, `asked`.
    pub reason: String,
    /// When its first block was made.
    pub opened_ms: u64,
    /// When it was sealed.
    pub sealed_ms: u64,
    /// Where its data goes.
    pub publication: Option<PublicationView>,
    /// When the proof that covers it was there.
    pub proof_made_ms: Option<u64>,
    /// How that proof was made.
    #[serde(default)]
    pub proof: Option<ProofMade>,
    /// What L1 says of it.
    pub l1: Option<BatchOnL1>,
    /// Whether its proof has enough confirmations.
    pub finalized: bool,
    /// When the operator saw that; unknown for what became final under a version that did not note it.
    pub finalized_ms: Option<u64>,
}

/// How a proof was made. It may cover several batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProofMade {
    /// The first batch that it covers.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Chunks of all of them.
    pub chunks: u32,
    /// When proving began.
    pub started_ms: u64,
    /// When the proof was there.
    pub made_ms: u64,
    /// What each stage took, in their order; stages may overlap.
    pub stages: Vec<ProvingStage>,
}

/// What a stage of proving took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvingStage {
    /// Its name.
    pub name: String,
    /// Seconds by the clock.
    pub wall_s: f64,
    /// Seconds of all threads together.
    pub cpu_s: f64,
}

/// Where a batch's data goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicationView {
    /// `calldata`, `blobs`, `committee`.
    pub data_mode: String,
    /// The blobs' versioned hashes.
    pub blobs: Vec<Hash>,
    /// Wei that were expected to be paid when the mode was chosen.
    pub estimate_wei: Wei,
    /// When.
    pub published_ms: u64,
}

/// What L1 says of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchOnL1 {
    /// Where it was committed.
    pub committed: OnL1,
    /// Where it was proven.
    pub proven: Option<OnL1>,
    /// State commitment after it.
    pub state: Hash,
    /// `h_i` of docs/spec.md, section 6.
    pub chain_hash: Hash,
    /// Root of its withdrawals.
    pub withdrawals_root: Hash,
}

/// What it takes to claim a withdrawal on L1: custody's `claim(batch, index, word, path)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalView {
    /// The batch.
    pub batch: u32,
    /// Its place among the batch's withdrawals.
    pub index: u32,
    /// Its word.
    pub word: Hex<31>,
    /// Siblings in the batch's withdrawal tree, the leaf's first.
    pub path: Vec<Hash>,
    /// Root of that tree.
    pub root: Hash,
    /// What is paid.
    pub token: u16,
    /// Whom.
    pub recipient: Hex<20>,
    /// Quanta.
    pub amount: Amount,
    /// Whether L1 has proven the batch. Whether it was claimed already, custody's `isClaimed` says.
    pub claimable: bool,
}
