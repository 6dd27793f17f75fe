//! Why nothing more is published or proven.

use cairn_prover::ProverError;
use thiserror::Error;

use super::price::Words;
use crate::{
    l1::blobs::BlobError,
    store::{StoreError, records::BatchNumber},
};

/// What ends the stage. None of it mends itself.
#[derive(Debug, Error)]
pub enum ProvingError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data does not become blobs.
    #[error("publishing batch {batch}: {source}")]
    Blobs {
        /// The batch.
        batch: BatchNumber,
        /// Why.
        source: BlobError,
    },
    /// The batch does not fit the only mode that there is.
    #[error(
        "publishing batch {batch}: {} words of data, {} of priority operations and {} of withdrawals do not fit a transaction's calldata; set proving.data to auto or blobs",
        .words.data, .words.priority, .words.withdrawals
    )]
    TooMuchCalldata {
        /// The batch.
        batch: BatchNumber,
        /// Its words.
        words: Words,
    },
    /// The committee's members did not sign.
    #[error("publishing batch {batch}: {reason}")]
    Committee {
        /// The batch.
        batch: BatchNumber,
        /// What they say.
        reason: String,
    },
    /// The prover refuses the batches again and again.
    #[error("proving batches {first} to {last}, {tries} tries: {source}")]
    Prover {
        /// The first batch.
        first: BatchNumber,
        /// The last.
        last: BatchNumber,
        /// How often it was tried.
        tries: u32,
        /// Why, the last time.
        source: ProverError,
    },
    /// A thread of the prover panicked.
    #[error("proving batches {first} to {last} panicked: {reason}")]
    Panic {
        /// The first batch.
        first: BatchNumber,
        /// The last.
        last: BatchNumber,
        /// The panic's message, if it has one.
        reason: String,
    },
}
