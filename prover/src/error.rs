//! Why there is no proof.

use std::{io, path::PathBuf};

use cairn_circuits::{
    chunk::ChunkError, recursion::RecursionError, seal::SealError, serialize::CircuitEncodeError,
    stream::StreamLeafError,
};
use cairn_wrap::{groth16, verifier};
use thiserror::Error;

/// Why there is no proof. None of these goes away by trying again with the same batch, except [`Self::Cache`].
#[derive(Debug, Error)]
pub enum ProverError {
    /// Circuits or keys cannot be read or kept.
    #[error(
        "circuit cache {folder}: {source}; free some space or choose another folder with --cache"
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
    /// A layer is weaker than every layer must be.
    #[error(
        "layer {layer}: expected at least {expected} conjectured bits of security, got {got:.1}"
    )]
    Security {
        /// The layer.
        layer: String,
        /// Bits that every layer must have.
        expected: usize,
        /// Bits that it has.
        got: f64,
    },
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
    /// A plan without leaves: a bug in the plan.
    #[error("the plan has no leaves")]
    EmptyPlan,
}
