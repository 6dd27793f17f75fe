//! What the API reads and asks: the interfaces that other rooms implement.

use std::{fmt, path::PathBuf, pin::Pin, sync::Arc};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use cairn_state::StateSummary;
use cairn_types::{Account, AccountId, DataMode, Digest, SignedTransaction, TREE_DEPTH, TokenId};
use metrics_exporter_prometheus::PrometheusHandle;

use super::wire::{BackedUp, FeeEstimate, FeeKind, Fleet, StoreCheck, StoreSizes};
use crate::{
    sequencer::Standing,
    signals::Signals,
    store::{
        Store,
        records::{BatchNumber, BlockNumber, Milliseconds, Sequence},
    },
};

/// What an asynchronous method of a trait object gives.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An accepted transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    /// The digest of its signed message.
    pub hash: B256,
    /// Its place in the log.
    pub sequence: Sequence,
}

/// Why a transaction is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable word, as `fee_too_low`.
    pub reason: &'static str,
    /// For people, with expected and got.
    pub message: String,
    /// Whether it may be accepted later.
    pub retryable: bool,
    /// When to try again, milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// How full the mempool is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Accepted transactions that no block has yet.
    pub waiting: u64,
    /// Why it refuses transactions, if it does.
    pub throttled: Option<String>,
}

/// Takes transactions: the mempool.
pub trait Intake: Send + Sync + 'static {
    /// Accepts transactions, each on its own; answers in their order, when the accepted ones are durable. A
    /// transaction that is known already is accepted again with its first sequence.
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>>;
    /// The next nonce that the account should sign, counting what waits.
    fn next_nonce(&self, id: AccountId) -> u32;
    /// What a transaction should pay.
    ///
    /// Trust: the token is registered.
    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> FeeEstimate;
    /// How full it is.
    fn pressure(&self) -> Pressure;
    /// Transactions that it verifies and writes at once, at the most.
    fn room(&self) -> usize;
}

/// The durable head of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerHead {
    /// The last block.
    pub block: BlockNumber,
    /// The batch that is open, or the last one.
    pub batch: BatchNumber,
    /// State commitment after the block.
    pub state: Digest,
    /// When it was made.
    pub made_ms: Milliseconds,
}

/// A leaf with its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf; empty if there is none.
    pub account: Account,
    /// The leaf's first.
    pub siblings: [Digest; TREE_DEPTH],
    /// What the state commitment hashes.
    pub summary: StateSummary,
}

/// Says what the sequencer is doing: its ledger.
pub trait Sequencing: Send + Sync + 'static {
    /// As of its last report.
    fn standing(&self) -> Standing;
}

/// Reads the state after the last durable block: the sequencer's ledger.
pub trait Accounts: Sequencing {
    /// A leaf; empty if there is none.
    fn account(&self, id: AccountId) -> Account;
    /// The id of the next new leaf.
    fn next_id(&self) -> u64;
    /// The number of the next token.
    fn next_token(&self) -> u32;
    /// Where it stands.
    fn head(&self) -> LedgerHead;
    /// Why no batch is sealed any more, if so.
    fn halted(&self) -> Option<String>;
    /// A leaf in the state after a sealed batch; none for a batch before the last finalized one or after the last
    /// sealed one.
    fn prove_leaf(&self, batch: BatchNumber, id: AccountId) -> Option<LeafProof>;
}

/// What the operator may ask of the running service: the node. Errors are sentences for the operator.
pub trait Admin: Send + Sync + 'static {
    /// Stops the sequencer from making blocks; intake goes on.
    fn pause(&self) -> Answer<'_, Result<(), String>>;
    /// Lets the sequencer go on.
    fn resume(&self) -> Answer<'_, Result<(), String>>;
    /// Seals the open batch now.
    fn seal(&self) -> Answer<'_, Result<(), String>>;
    /// Has a batch proven again.
    fn requeue(&self, batch: BatchNumber) -> Answer<'_, Result<(), String>>;
    /// Refuses transactions, seals what there is, and stops when it is settled.
    fn drain(&self) -> Answer<'_, Result<(), String>>;
    /// The workers that prove, and what proofs wait for.
    fn fleet(&self) -> Answer<'_, Result<Fleet, String>>;
    /// Has a worker end with what it holds.
    fn fleet_drain(&self, worker: String) -> Answer<'_, Result<(), String>>;
    /// Believes a worker no more.
    fn fleet_quarantine(&self, worker: String) -> Answer<'_, Result<(), String>>;
    /// Gives a worker or an assignment that is quarantined another chance.
    fn fleet_retry(&self, name: String) -> Answer<'_, Result<(), String>>;
    /// Reads and checks the whole store.
    fn check(&self) -> Answer<'_, Result<StoreCheck, String>>;
    /// Makes the store smaller.
    fn compact(&self) -> Answer<'_, Result<StoreSizes, String>>;
    /// Copies the store into a new file at this absolute path.
    fn backup(&self, file: PathBuf) -> Answer<'_, Result<BackedUp, String>>;
}

/// What is wrong with the service: the node.
pub trait Health: Send + Sync + 'static {
    /// One line for each stage that does not run and for a store that takes no writes; empty if all is well.
    fn faults(&self) -> Vec<String>;
}

/// Which rollup this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// L1's chain.
    pub chain_id: u64,
    /// The rollup's contract.
    pub rollup: Address,
    /// The contract that holds the funds.
    pub custody: Address,
    /// Root of the circuit set that proofs are made of.
    pub circuit_set_root: B256,
    /// How data may be published.
    pub data_modes: Vec<DataMode>,
}

/// The operator's token, for the `cairn_admin_` methods.
#[derive(Clone)]
pub struct AdminAccess {
    /// What they do.
    pub admin: Arc<dyn Admin>,
    /// What the bearer header must say.
    pub token: String,
}

impl fmt::Debug for AdminAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminAccess").finish_non_exhaustive()
    }
}

/// Everything that the API reads.
#[derive(Clone)]
pub struct Sources {
    /// The tables.
    pub store: Store,
    /// The mempool.
    pub intake: Arc<dyn Intake>,
    /// The ledger.
    pub accounts: Arc<dyn Accounts>,
    /// The node.
    pub health: Arc<dyn Health>,
    /// The node, if the operator has set a token.
    pub admin: Option<AdminAccess>,
    /// News of all stages.
    pub signals: Signals,
    /// Which rollup it is.
    pub about: About,
    /// Signs receipts.
    pub receipt_key: PrivateKeySigner,
    /// Metrics, if they are collected.
    pub metrics: Option<PrometheusHandle>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("about", &self.about).finish_non_exhaustive()
    }
}
