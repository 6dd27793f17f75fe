//! Why there is no proof.

use std::{io, path::PathBuf};

use cairn_circuits::{
    chunk::ChunkError, exit::ExitError, recursion::RecursionError, seal::SealError,
    serialize::CircuitEncodeError, soundness::WeakLayer, stream::StreamLeafError,
};
use cairn_state::OpeningError;
use cairn_wrap::{groth16, verifier};
use thiserror::Error;

use crate::{graph::TaskKind, sequence::SequenceError};

/// Why there is no proof; [`Self::is_transient`] says whether trying again may help.
#[derive(Debug, Error)]
pub enum ProverError {
    /// Circuits or keys cannot be read or kept.
    #[error(
        "circuit cache {folder} cannot be used; free some space or choose another folder with --cache"
    )]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A circuit cannot be kept.
    #[error(transparent)]
    Encode(#[from] CircuitEncodeError),
    /// The operations do not satisfy the chunk circuit.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// The words do not satisfy the stream circuit.
    #[error(transparent)]
    Stream(#[from] StreamLeafError),
    /// A wrapper, node, shrink or squeeze.
    #[error(transparent)]
    Recursion(#[from] RecursionError),
    /// Seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Leaves that may not exit.
    #[error(transparent)]
    Exit(#[from] ExitError),
    /// The last plonky2 proof does not fit its verifier in R1CS.
    #[error(transparent)]
    Wrap(#[from] verifier::WrapError),
    /// The last plonky2 circuit uses what its verifier in R1CS does not check.
    #[error(transparent)]
    UnsupportedWrap(#[from] verifier::UnsupportedCircuit),
    /// Groth16 keys.
    #[error(transparent)]
    Keys(#[from] groth16::StoreError),
    /// Groth16 keys that must not guard anything.
    #[error(transparent)]
    KeyFault(#[from] groth16::KeyFault),
    /// The batch lacks a leaf that it accesses.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// A layer is weaker than every layer must be.
    #[error(transparent)]
    Security(#[from] WeakLayer),
    /// The cached verifying key is not that of the proving key.
    #[error(
        "the verifying key in the cache belongs to other keys: remove the folder of version {version} in the cache"
    )]
    OtherKeys {
        /// Version of the circuits.
        version: &'static str,
    },
    /// Groth16.
    #[error(transparent)]
    Groth16(#[from] groth16::ProveError),
    /// The public input of the SNARK is not that of the seal: a bug in a circuit or its twin.
    #[error("public input: expected {expected}, got {got}")]
    PublicInput {
        /// Of the seal's statement.
        expected: String,
        /// Of the proof.
        got: String,
    },
    /// The prover's threads could not be started.
    #[error("cannot start the prover's threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A task was given other inputs than the outputs of the tasks that it needs.
    #[error("task {kind}: its inputs are not those that the graph names")]
    TaskInputs {
        /// The task.
        kind: TaskKind,
    },
    /// The batches do not make one proof; nothing has been proven.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The SNARK does not hold for the statement of the batches that were given: a bug in the pipeline, or a machine that errs.
    #[error("the proof does not hold for the batches that were given")]
    Statement,
    /// What proves elsewhere cannot be had: why.
    #[error("{0}")]
    Unavailable(String),
    /// The caller ended the work.
    #[error("the proof was cancelled")]
    Cancelled,
}

impl ProverError {
    /// Whether the same batches may be proven later, by this prover as it is: the disk, memory or threads were short, the caller ended
    /// the work, or the proof does not hold, as where a bit of memory has flipped. All else is in the batches, the circuits or the keys.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        use groth16::StoreError;
        match self {
            Self::Cache { .. }
            | Self::Threads(_)
            | Self::Cancelled
            | Self::Statement
            | Self::Unavailable(_) => true,
            Self::Keys(error) => matches!(error, StoreError::Io { .. }),
            _ => false,
        }
    }
}
