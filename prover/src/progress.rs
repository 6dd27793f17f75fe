//! What the engine tells about long work while it goes on.

use serde::{Deserialize, Serialize};

/// The stages of a proof, in order: of a batch, or of leaves that exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Circuits and keys, from the cache or built.
    Circuits,
    /// One proof a chunk of operations.
    ChunkLeaf,
    /// Chunk proofs brought to the common shape and merged two by two.
    ChunkNodes,
    /// The evaluation of the streams.
    Streams,
    /// Header chain.
    Seal,
    /// Leaves that leave a frozen rollup.
    Exit,
    /// Towards the last layer.
    Shrink,
    /// Last plonky2 layer, hashed over BN254.
    Wrap,
    /// Development keys of the SNARK, once for each version of the circuits.
    SetUp,
    /// The SNARK that L1 verifies.
    Groth16,
}

impl Stage {
    /// As reports print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Circuits => "circuits",
            Self::ChunkLeaf => "chunk leaves",
            Self::ChunkNodes => "chunk nodes",
            Self::Streams => "streams",
            Self::Seal => "seal",
            Self::Exit => "exit",
            Self::Shrink => "shrink",
            Self::Wrap => "wrap",
            Self::SetUp => "key set-up",
            Self::Groth16 => "groth16",
        }
    }
}

/// Listens to the engine; called from worker threads. A stage may come in several parts, each with a beginning and an end.
pub trait Progress: Sync {
    /// A stage of `total` steps begins.
    fn begin(&self, stage: Stage, total: usize);
    /// One of its steps is done.
    fn step(&self, stage: Stage);
    /// All its steps are done.
    fn end(&self, stage: Stage);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self, _: Stage) {}
    fn end(&self, _: Stage) {}
}
