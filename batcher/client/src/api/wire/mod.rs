//! What travels: parameters and results of every method, the same types on both sides.
//!
//! Hashes and keys are `0x` hex, amounts decimal strings, times milliseconds since 1970 by the operator's clock
//! (by L1's, in whole seconds, where L1 is the witness). A reader takes no field that it does not know in
//! parameters, and any in results, so that results may grow.

mod chain;
mod fleet;
mod operator;
mod parameters;
mod records;
mod transaction;

pub use chain::{
    AccountView, BatchOnL1, BatchView, BlockEntry, BlockView, OwnedAccounts, ProofMade, ProofView,
    ProvingStage, PublicationView, WithdrawalView,
};
pub use fleet::{
    AssignmentFailure, AssignmentHolder, Fleet, FleetAssignment, FleetResults, FleetWorker,
    QueueTime,
};
pub use operator::{BackedUp, Head, Info, Lag, StageLag, StoreCheck, StoreSizes, TableRows};
pub use parameters::{
    AccountRange, BackupTo, ByBatch, ByBlock, ByHash, ById, ByKey, ByName, EstimateFee, HistoryOf,
    Nothing, QueueRange, SettlementRange, SubmitMany, SubmitOne, TransactionHashes, WithdrawalAt,
};
pub use records::{History, MinedView, QueuedView, SettlementView};
pub use transaction::{
    DroppedAt, FeeEstimate, FeeKind, InBlockAt, Life, NextNonce, OnL1, SignedReceipt, Stage,
    StageNews, SubmitOutcome, Submitted, TransactionView,
};
