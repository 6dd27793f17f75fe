//! Why nothing more is published or proven.

use alloy::primitives::B256;
use cairn_prover::ProverError;
use thiserror::Error;

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
    /// The data does not fit where the configuration puts it.
    #[error(
        "publishing batch {batch}: L1 takes at most {expected} words in calldata, it has {got}; set proving.data to auto or blobs"
    )]
    TooMuchCalldata {
        /// The batch.
        batch: BatchNumber,
        /// The contract's bound.
        expected: usize,
        /// Words of the batch.
        got: usize,
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
    /// The proof is of other headers than those that were published.
    #[error("the proof of batches {first} to {last} leads to header {got}, expected {expected}")]
    OtherHeader {
        /// The first batch.
        first: BatchNumber,
        /// The last.
        last: BatchNumber,
        /// As published.
        expected: B256,
        /// As proven.
        got: B256,
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
