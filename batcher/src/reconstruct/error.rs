//! Why a state cannot be rebuilt, and how final what was rebuilt is.

use alloy::primitives::B256;
use thiserror::Error;

use super::{commitment::BatchFault, history::HistoryError, source::DataError};
use crate::{l1::error::L1Error, snapshot::SnapshotError};

/// How far a batch is on L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// Nobody can take it back.
    Proven,
    /// It waits for its proof: the committer can take it back, and it need not even be valid.
    Committed,
}

impl std::fmt::Display for Finality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Committed => "only committed",
        })
    }
}

/// Why the state cannot be rebuilt.
#[derive(Debug, Error)]
pub enum ReconstructError {
    /// The node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// Its events.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The snapshot to start from.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The rollup starts from money that nobody has deposited.
    #[error(
        "the rollup starts from the state {got}, expected {expected}: whoever has deployed it may have given accounts money that nobody has deposited; do not use it, or give the ledger that was published with it: --genesis FILE"
    )]
    Genesis {
        /// Of the empty ledger, or of the published one.
        expected: B256,
        /// L1's.
        got: B256,
    },
    /// A snapshot of a later state as the ledger that a rollup starts from.
    #[error("--genesis: the snapshot is of batch {batch}, expected one of batch 0")]
    NoGenesis {
        /// The snapshot's.
        batch: u32,
    },
    /// The events say something else than the contract has kept.
    #[error(
        "the record of batch {batch} has the hash {got} by L1's events, {expected} by the contract's storage; the node is wrong: try another"
    )]
    OtherRecord {
        /// The batch.
        batch: u32,
        /// Of the storage.
        expected: B256,
        /// Of the events.
        got: B256,
    },
    /// No such batch.
    #[error("batch {batch} is not committed; the last one is {committed}")]
    NotCommitted {
        /// Asked for.
        batch: u32,
        /// The last one.
        committed: u32,
    },
    /// A batch before the snapshot.
    #[error(
        "the snapshot is after batch {snapshot}, batch {batch} is before it: leave out --from-snapshot"
    )]
    BeforeSnapshot {
        /// Asked for.
        batch: u32,
        /// The snapshot's.
        snapshot: u32,
    },
    /// A snapshot of a batch that L1 has with another state.
    #[error("the snapshot is not L1's state after batch {batch}: expected {expected}, got {got}")]
    OtherState {
        /// The batch.
        batch: u32,
        /// L1's.
        expected: B256,
        /// The snapshot's.
        got: B256,
    },
    /// A snapshot of a batch that is not final.
    #[error(
        "batch {batch} of the snapshot is not proven (the last proven one is {proven}): its state is not final"
    )]
    NotProven {
        /// The snapshot's.
        batch: u32,
        /// The last one.
        proven: u32,
    },
    /// The data of a batch.
    #[error("batch {batch} ({finality}): {source}")]
    Data {
        /// The batch.
        batch: u32,
        /// How far it is.
        finality: Finality,
        /// What is missing.
        source: DataError,
    },
    /// The words of a batch.
    #[error("batch {batch} ({finality}): {fault}{}", advice(.batch, .finality))]
    Batch {
        /// The batch.
        batch: u32,
        /// How far it is.
        finality: Finality,
        /// What is wrong.
        fault: BatchFault,
    },
    /// A thread ended early.
    #[error("reading ahead: {0}")]
    Task(String),
}

fn advice(batch: &u32, finality: &Finality) -> String {
    match finality {
        Finality::Proven => {
            "; L1 has accepted a proof of it: is this program older than the rollup's circuits?"
                .to_owned()
        }
        Finality::Committed => {
            format!(
                "; no proof of it exists, so it will be taken back: use --to {}",
                batch.saturating_sub(1)
            )
        }
    }
}
