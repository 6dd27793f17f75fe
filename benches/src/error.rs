//! Why there is no figure. Every message is one line.

use std::{io, path::PathBuf};

use cairn_batcher::{l1::blobs::BlobError, transfers::CsvError};
use cairn_prover::{ProverError, files::OutputError};
use cairn_state::Refusal;
use thiserror::Error;

/// Why there is no figure.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The command line cannot be understood, or asks for what there is not.
    #[error("{0}")]
    Usage(String),
    /// Bad transfers, with file and line.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// The batch's words did not become blobs.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The machine has too little memory for the proofs asked for.
    #[error(
        "too little memory: expected at least {expected_mb} MiB for {what}, got {got_mb} MiB; choose a smaller --chunk or fewer --accounts"
    )]
    Memory {
        /// The work.
        what: String,
        /// Estimated need in MiB.
        expected_mb: u64,
        /// Available in MiB.
        got_mb: u64,
    },
    /// An output that cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is no record of this version.
    #[error("{path}: not a record of schema {expected}: {reason}")]
    Record {
        /// The file.
        path: PathBuf,
        /// The schema that this program reads.
        expected: u32,
        /// What does not fit.
        reason: String,
    },
    /// Two records that measure different things.
    #[error("the records differ in {what}: {a} and {b}; their ratio would mean nothing")]
    Incomparable {
        /// Which field.
        what: &'static str,
        /// In the first record.
        a: String,
        /// In the second.
        b: String,
    },
    /// No record has the time of a task.
    #[error(
        "no time of task {task} in {records}; measure it with `cairn-bench run --stage {stage}`"
    )]
    NoTime {
        /// The task.
        task: &'static str,
        /// Where it was looked for.
        records: String,
        /// The stage that measures it.
        stage: &'static str,
    },
    /// The transition function refuses a generated transfer.
    #[error("transfer {number} is refused: {reason}")]
    Refused {
        /// From 1.
        number: usize,
        /// The reason.
        reason: Refusal,
    },
    /// No fleet is fast enough.
    #[error("{0}")]
    TooSlow(String),
    /// No proof.
    #[error(transparent)]
    Prover(#[from] ProverError),
}

impl BenchError {
    /// 2 for what the caller can mend on the command line or in a file, 1 for the rest, also where the answer is no.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::TooSlow(_) | Self::Prover(_) => 1,
            _ => 2,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }
}
