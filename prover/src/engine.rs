//! What proves batches: the interface that the operator knows, whatever is behind it.

use std::fmt;

use cairn_circuits::soundness::LayerSecurity;
use cairn_types::{Digest, Header, SealStatement};

use crate::{
    error::ProverError,
    graph::TaskKind,
    job::BatchJob,
    measure::StageTime,
    progress::{Cancel, Progress, Stage},
};

/// Proves batches. Calls block for as long as a proof takes, which is seconds to many minutes.
pub trait Engine: fmt::Debug + Send + Sync {
    /// Root of the circuit set, which L1 must know for these proofs to count.
    fn circuit_set_root(&self) -> Digest;

    /// One proof for all these batches, in the order of their numbers. It has been verified.
    ///
    /// That the batches follow each other is checked before any work. Once `cancel` says so, what the engine is at is finished and nothing
    /// new begins; circuits and keys that were read stay in memory.
    ///
    /// Trust: the witnesses are checked by proving them, that L1 has these batches is the caller's to know.
    ///
    /// # Errors
    /// [`ProverError`]; [`ProverError::is_transient`] says whether to try again.
    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError>;

    /// Whether L1's verifier would take this proof of this statement.
    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool;

    /// Threads that prove at the same time: what figures per core divide by.
    fn threads(&self) -> usize;

    /// How many proofs are worth making at the same time: one where each takes the whole machine.
    fn proofs_at_a_time(&self) -> usize {
        1
    }

    /// What the security of each layer that has been used rests on, in the order of the pipeline.
    fn security(&self) -> Vec<LayerSecurity>;
}

/// Consecutive batches with their SNARK, which has been verified.
#[derive(Debug, Clone)]
pub struct BatchesProof {
    /// The headers that L1 builds, and that the proof holds for.
    pub headers: Vec<Header>,
    /// What the SNARK's public input hashes: from the chain hash before the first batch to that after the last.
    pub seal: SealStatement,
    /// The SNARK as the contract takes it.
    pub proof: [[u8; 32]; 8],
    /// How many chunks the batches were proven in.
    pub chunks: usize,
    /// What each stage took, by [`Stage::row`].
    pub stages: Vec<StageTime>,
}

impl BatchesProof {
    /// Wall seconds of chunk leaves and chunk nodes.
    #[must_use]
    pub fn leaf_and_aggregation_s(&self) -> f64 {
        let rows = [TaskKind::ChunkLeaf, TaskKind::ChunkNode].map(|kind| Stage::Tasks(kind).row());
        self.stages.iter().filter(|s| rows.contains(&s.name.as_str())).map(|s| s.wall_s).sum()
    }
}
