//! Why a shadow run ends without a report.

use std::{io, path::PathBuf};

use cairn_prover::ProverError;
use cairn_state::Refusal;
use thiserror::Error;

use crate::{
    l1::{blobs::BlobError, error::L1Error},
    transfers::CsvError,
};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ShadowError {
    /// A file with transfers or balances.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// L1's node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The file in which events are collected.
    #[error("--ledger {}: {reason}", .file.display())]
    Collected {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// What the node gives is no ERC-20's.
    #[error("--token: the transfer at log {index} of block {block} {reason}")]
    Event {
        /// L1's block.
        block: u64,
        /// Of the log in the block.
        index: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The contract has no transfers there.
    #[error(
        "--token: there is no transfer from block {first} to {last}: check the address and the blocks"
    )]
    NoTransfers {
        /// The first block.
        first: u64,
        /// The last.
        last: u64,
    },
    /// More rows than are read of a file.
    #[error(
        "--rpc: there are more than {most} transfers up to block {block}: end there, with --to-block"
    )]
    TooMany {
        /// As there may be.
        most: usize,
        /// The last block whose transfers fit.
        block: u64,
    },
    /// More tokens than a rollup has numbers.
    #[error("expected at most {most} tokens, got {got}: leave out the rarest")]
    Tokens {
        /// As there may be.
        most: usize,
        /// As found.
        got: usize,
    },
    /// An option names a token that the ledger does not have.
    #[error("{option}: no transfer is of token {token}")]
    UnknownToken {
        /// The option.
        option: &'static str,
        /// As given, fit to be shown.
        token: String,
    },
    /// The balances of a token do not fit a rollup.
    #[error(
        "token {token}: accounts would start with {got} quanta of 10^{exponent} base units, expected less \
         than 2^62: give a larger --quantum"
    )]
    Balances {
        /// Its name, fit to be shown.
        token: String,
        /// Of a quantum.
        exponent: u8,
        /// In all.
        got: u128,
    },
    /// The state refuses what it starts with: a fault of this program.
    #[error("the first state cannot be made: {0}")]
    Genesis(Refusal),
    /// The second execution of a batch gives something else: a fault of the sequencer.
    #[error("batch {batch}: {reason}: this is a fault of Cairn, please report it with the input")]
    Differs {
        /// The batch.
        batch: u32,
        /// What differs.
        reason: String,
    },
    /// A batch's data cannot be prepared.
    #[error("batch {batch}: {source}")]
    Blob {
        /// The batch.
        batch: u32,
        /// Why.
        source: BlobError,
    },
    /// There is no proof.
    #[error("batch {batch}: {source}")]
    Prover {
        /// The batch.
        batch: u32,
        /// Why.
        source: ProverError,
    },
    /// There is no folder for circuits and keys.
    #[error(transparent)]
    Cache(#[from] io::Error),
    /// Circuits and keys.
    #[error(transparent)]
    Engine(#[from] ProverError),
}
