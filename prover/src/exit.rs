//! Leaves that exit from a frozen rollup, from witness to SNARK.

use cairn_circuits::exit::{ExitWitness, LeafExit};
use cairn_state::State;
use cairn_types::{AccountId, Digest, ExitEntry, SealStatement, Signature, Word};

use crate::{
    engine::Engine, error::ProverError, local::LocalProver, measure::StageTime, progress::Progress,
    run::Run, tasks::ProofTasks,
};

/// Leaves of a proof.
pub const EXIT_CAPACITY: usize = cairn_circuits::exit::CAPACITY;

/// Leaves of one state to be proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitJob {
    pub(crate) witness: ExitWitness,
}

/// What a leaf's owner asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitRequest {
    /// The leaf.
    pub leaf: AccountId,
    /// The L1 address that is credited.
    pub recipient: [u8; 20],
    /// The leaf's key's, see [`cairn_state::sign_exit`].
    pub signature: Signature,
}

/// A list of leaves with its SNARK.
#[derive(Debug)]
pub struct ExitProof {
    /// The list: the leaves, the last repeated up to [`EXIT_CAPACITY`].
    pub entries: Vec<ExitEntry>,
    /// What the SNARK's public input hashes.
    pub statement: SealStatement,
    /// The SNARK as the contract takes it.
    pub proof: [[u8; 32]; 8],
    /// What each stage took.
    pub stages: Vec<StageTime>,
}

impl ExitJob {
    /// The leaves with their paths, 1 to [`EXIT_CAPACITY`] of them. Nothing is checked before it is proven.
    ///
    /// Trust: `state` is the last proven one of the rollup of this domain, else L1 refuses the proof.
    #[must_use]
    pub fn new(state: &mut State, domain: Word, requests: &[ExitRequest]) -> Self {
        let leaves = requests.iter().map(|request| LeafExit {
            id: request.leaf,
            account: state.account(request.leaf),
            siblings: state.siblings(request.leaf),
            recipient: request.recipient,
            signature: request.signature,
        });
        let leaves = leaves.collect();
        Self { witness: ExitWitness { domain, state: state.summary(), leaves } }
    }

    /// The list that a proof holds for, as L1 takes it.
    #[must_use]
    pub fn entries(&self) -> Vec<ExitEntry> {
        self.witness.entries(EXIT_CAPACITY)
    }

    /// What a proof of it states (spec, section 6: kind 2).
    #[must_use]
    pub fn statement(&self, circuit_set_root: Digest) -> SealStatement {
        let ExitWitness { domain, state, .. } = &self.witness;
        SealStatement::exit(circuit_set_root, &state.commitment(), domain, &self.entries())
    }
}

impl LocalProver {
    /// Proves that leaves exit. Every proof on the way, the last one too, has been verified.
    ///
    /// # Errors
    /// A leaf may not leave, or circuits or keys cannot be read.
    pub fn prove_exit(
        &self,
        job: &ExitJob,
        progress: &dyn Progress,
    ) -> Result<ExitProof, ProverError> {
        let mut run = Run::to_the_end(progress);
        let statement = job.statement(self.circuit_set_root());
        let tasks = ProofTasks::of_exit(self, job);
        let proof = self.install(|| self.snark_of(&tasks, &statement, &mut run))?;
        Ok(ExitProof { entries: job.entries(), statement, proof, stages: run.stages })
    }
}
