//! The table of methods: name, purpose, parameters and result of each.
//!
//! Server, client and the OpenRPC document are made of it, so that none of them can differ.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use super::{fields::names, wire};

/// A method of the API.
pub trait Method {
    /// As it is called.
    const NAME: &'static str;
    /// What it does.
    const SUMMARY: &'static str;
    /// What it takes.
    type Params: Serialize + DeserializeOwned + JsonSchema + Send + 'static;
    /// What it answers, or of a subscription: what it sends.
    type Result: Serialize + DeserializeOwned + JsonSchema + Clone + Send + 'static;
}

/// Who may call a method, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Open,
    /// Everyone, over a WebSocket; another method ends it.
    Subscription {
        /// Ends it.
        unsubscribe: &'static str,
        /// What its messages are called.
        message: &'static str,
    },
    /// Who has the operator's token.
    Admin,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// As it is called.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Names of its parameters, in their order.
    pub parameters: fn() -> &'static [&'static str],
    /// Schema of all parameters as one object; other types stand in the generator's definitions.
    pub parameters_schema: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the result.
    pub result_schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Entry {
    fn of<M: Method>(access: Access) -> Self {
        Self {
            name: M::NAME,
            summary: M::SUMMARY.trim_ascii(),
            access,
            parameters: names::<M::Params>,
            parameters_schema: <M::Params as JsonSchema>::json_schema,
            result_schema: |generator| generator.subschema_for::<M::Result>(),
        }
    }
}

macro_rules! methods {
    ($($access:expr => $(#[doc = $summary:literal])+
        $name:literal $method:ident($params:ty) -> $result:ty;)+) => {
        $($(#[doc = $summary])+
        #[derive(Debug, Clone, Copy)]
        pub struct $method;

        impl Method for $method {
            const NAME: &'static str = $name;
            const SUMMARY: &'static str = concat!($($summary),+);
            type Params = $params;
            type Result = $result;
        })+

        /// All methods, in the order of the document.
        #[must_use]
        pub fn table() -> Vec<Entry> {
            vec![$(Entry::of::<$method>($access)),+]
        }
    };
}

const fn subscription(unsubscribe: &'static str, message: &'static str) -> Access {
    Access::Subscription { unsubscribe, message }
}

/// Notifications of [`SubscribeBlocks`] and their end.
pub const BLOCKS: Access = subscription("cairn_unsubscribeBlocks", "cairn_newBlock");
/// Notifications of [`SubscribeBatches`] and their end.
pub const BATCHES: Access = subscription("cairn_unsubscribeBatches", "cairn_newBatch");
/// Notifications of [`SubscribeTransaction`] and their end.
pub const STAGES: Access = subscription("cairn_unsubscribeTransaction", "cairn_newStage");

methods! {
    Access::Open =>
    /// Submits a signed transaction. Answered when it is durable; the same one again is answered alike.
    "cairn_submit" Submit(wire::SubmitOne) -> wire::Submitted;
    Access::Open =>
    /// Submits several signed transactions, each with its own outcome, in their order. Answered when all accepted
    /// ones are durable.
    "cairn_submitMany" SubmitMany(wire::SubmitMany) -> Vec<wire::SubmitOutcome>;
    Access::Open =>
    /// A transaction with its whole life; null if the operator never accepted it.
    "cairn_transaction" Transaction(wire::ByHash) -> Option<wire::TransactionView>;
    Access::Open =>
    /// As `cairn_transaction`, for several: how far each has come.
    "cairn_transactions" Transactions(wire::TransactionHashes) -> Vec<Option<wire::Life>>;
    Access::Open =>
    /// The operator's signed word that a transaction is executed in a block.
    "cairn_receipt" Receipt(wire::ByHash) -> wire::SignedReceipt;
    Access::Open =>
    /// An account after the last block; null if there is none with this id.
    "cairn_account" Account(wire::ById) -> Option<wire::AccountView>;
    Access::Open =>
    /// Accounts in the order of their ids; empty past the last.
    "cairn_accounts" Accounts(wire::AccountRange) -> Vec<wire::AccountView>;
    Access::Open =>
    /// The accounts that a key has now.
    "cairn_accountsOf" AccountsOf(wire::ByKey) -> wire::OwnedAccounts;
    Access::Open =>
    /// The next nonce that an account should sign, counting what waits.
    "cairn_nonce" Nonce(wire::ById) -> wire::NextNonce;
    Access::Open =>
    /// What a transaction should pay now.
    "cairn_estimateFee" EstimateFee(wire::EstimateFee) -> wire::FeeEstimate;
    Access::Open =>
    /// An account and its Merkle path in the last state that L1 has proven.
    "cairn_proof" Proof(wire::ById) -> wire::ProofView;
    Access::Open =>
    /// A block.
    "cairn_block" Block(wire::ByBlock) -> wire::BlockView;
    Access::Open =>
    /// A sealed batch.
    "cairn_batch" Batch(wire::ByBatch) -> wire::BatchView;
    Access::Open =>
    /// What it takes to claim the withdrawal of a transaction on L1.
    "cairn_withdrawal" Withdrawal(wire::ByHash) -> wire::WithdrawalView;
    Access::Open =>
    /// As `cairn_withdrawal`, by its place; also for withdrawals that were forced on L1.
    "cairn_withdrawalAt" WithdrawalAt(wire::WithdrawalAt) -> wire::WithdrawalView;
    Access::Open =>
    /// Operations of L1's queue in their order, with the batch that executes each; empty past the last.
    "cairn_queue" Queue(wire::QueueRange) -> Vec<wire::QueuedView>;
    Access::Open =>
    /// What an account has signed and the transfers that name it, the latest first. Looks at a bounded part of the
    /// operator's log: ask again with `before` while there is one.
    "cairn_history" History(wire::HistoryOf) -> wire::History;
    Access::Open =>
    /// The operator's own transactions on L1, the latest first: what each was for and what it has cost.
    "cairn_settlements" Settlements(wire::SettlementRange) -> Vec<wire::SettlementView>;
    Access::Open =>
    /// The last block and batches.
    "cairn_head" Head(wire::Nothing) -> wire::Head;
    Access::Open =>
    /// How far behind each stage is.
    "cairn_lag" Lag(wire::Nothing) -> wire::Lag;
    Access::Open =>
    /// Who the operator is, and what it takes.
    "cairn_info" Info(wire::Nothing) -> wire::Info;
    Access::Open =>
    /// This description.
    "rpc.discover" Discover(wire::Nothing) -> serde_json::Value;
    BLOCKS =>
    /// Every block from now on, without its operations.
    "cairn_subscribeBlocks" SubscribeBlocks(wire::Nothing) -> wire::BlockView;
    BATCHES =>
    /// Every sealed batch from now on.
    "cairn_subscribeBatches" SubscribeBatches(wire::Nothing) -> wire::BatchView;
    STAGES =>
    /// Every stage of a transaction, once, those reached already first; ends with `finalized` or `dropped`.
    "cairn_subscribeTransaction" SubscribeTransaction(wire::ByHash) -> wire::StageNews;
    Access::Admin =>
    /// Stops the sequencer from making blocks; intake goes on.
    "cairn_admin_pause" AdminPause(wire::Nothing) -> ();
    Access::Admin =>
    /// Lets the sequencer go on.
    "cairn_admin_resume" AdminResume(wire::Nothing) -> ();
    Access::Admin =>
    /// Seals the open batch now.
    "cairn_admin_seal" AdminSeal(wire::Nothing) -> ();
    Access::Admin =>
    /// Has a batch proven again.
    "cairn_admin_requeue" AdminRequeue(wire::ByBatch) -> ();
    Access::Admin =>
    /// Refuses transactions, seals what there is, and stops when it is settled.
    "cairn_admin_drain" AdminDrain(wire::Nothing) -> ();
    Access::Admin =>
    /// The workers that prove, and what proofs wait for.
    "cairn_admin_fleet" AdminFleet(wire::Nothing) -> wire::Fleet;
    Access::Admin =>
    /// Has a worker end with what it holds.
    "cairn_admin_fleetDrain" AdminFleetDrain(wire::ByName) -> ();
    Access::Admin =>
    /// Believes a worker no more; what it holds is given to others.
    "cairn_admin_fleetQuarantine" AdminFleetQuarantine(wire::ByName) -> ();
    Access::Admin =>
    /// Gives a worker or an assignment that is quarantined another chance.
    "cairn_admin_fleetRetry" AdminFleetRetry(wire::ByName) -> ();
    Access::Admin =>
    /// Reads every row of the store and holds its tables against each other. Takes minutes of a large store: ask over a
    /// WebSocket.
    "cairn_admin_check" AdminCheck(wire::Nothing) -> wire::StoreCheck;
    Access::Admin =>
    /// Gives back the room of rows that were removed from the store. Takes minutes of a large store: ask over a
    /// WebSocket.
    "cairn_admin_compact" AdminCompact(wire::Nothing) -> wire::StoreSizes;
    Access::Admin =>
    /// Copies the whole store into one file on the operator's machine. Takes minutes of a large store: ask over a
    /// WebSocket.
    "cairn_admin_backup" AdminBackup(wire::BackupTo) -> wire::BackedUp;
}
