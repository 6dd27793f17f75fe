//! An engine that proves as a file tells it to. The file outlives the operator's process, and is written by the scenario.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, ProverError, progress::Progress,
};
use cairn_types::{Digest, SealStatement};

use crate::stand_in::{StandIn, circuit_set};

/// What the engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directive {
    /// Proves.
    Prove,
    /// Waits until it is told something else.
    Hold,
    /// Gives a proof of something else.
    Lie,
}

impl Directive {
    const ALL: [(Self, &str); 3] =
        [(Self::Prove, "prove"), (Self::Hold, "hold"), (Self::Lie, "lie")];

    /// Told to the engine that reads this file.
    pub(crate) fn write(self, file: &Path) {
        let (_, word) = Self::ALL.into_iter().find(|(directive, _)| *directive == self).unwrap();
        // Whole or not at all: the engine reads at any time.
        let new = file.with_extension("new");
        std::fs::write(&new, word).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let found = Self::ALL.into_iter().find(|(_, word)| *word == text);
        found.map_or(Self::Prove, |(directive, _)| directive)
    }
}

/// A set of circuits; the first is what the rollup is deployed with.
pub(crate) fn circuit_set_of(version: u64) -> Digest {
    let [first, rest @ ..] = circuit_set().elements();
    Digest::new([first + version, rest[0], rest[1], rest[2]]).unwrap()
}

/// Makes proofs for the verifier's double.
#[derive(Debug)]
pub(crate) struct Directed {
    pub(crate) file: PathBuf,
    pub(crate) version: u64,
}

impl Engine for Directed {
    fn circuit_set_root(&self) -> Digest {
        circuit_set_of(self.version)
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        while Directive::read(&self.file) == Directive::Hold {
            cancel.check()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut proof = StandIn.prove(jobs, progress, cancel)?;
        proof.seal.circuit_set_root = self.circuit_set_root();
        proof.proof[0] = proof.seal.public_input();
        if Directive::read(&self.file) == Directive::Lie {
            proof.proof[0][31] ^= 1;
        }
        Ok(proof)
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        StandIn.verifies(statement, proof)
    }

    fn threads(&self) -> usize {
        1
    }

    fn security(&self) -> Vec<LayerSecurity> {
        Vec::new()
    }
}
