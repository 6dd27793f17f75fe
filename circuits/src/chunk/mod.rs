//! The chunk leaf: consecutive operations of a batch, one proof.
//!
//! A chunk has a fixed number of slots (see [`crate::operation`]) that run one after the other from the
//! state before to the state after; the slots past the last operation are empty. Its public inputs are
//! the hash of its statement, `ChunkStatement`: environment, state before, state after. Whether those
//! are the right ones is not the chunk's business: nodes and seal compare them with those of the
//! neighbours and of L1.
//!
//! A data word that two short transfers share is appended with the second of them. The statement has no
//! room for the first half, so that a pair never spans two chunks: `BatchWitness::chunks` cuts so.

mod circuit;
mod witness;

#[cfg(test)]
mod tests;

use circuit::ChunkTarget;
pub use witness::ChunkWitness;

use crate::{
    config::{Builder, Circuit, F, LEAF, Proof},
    proving::{ProveError, prove},
    source::{Build, CircuitSource},
};
use plonky2::{iop::witness::PartialWitness, plonk::circuit_data::CircuitConfig};
use thiserror::Error;

/// Slots of the chunk that fills `2^14` rows.
pub const CHUNK_SLOTS: usize = 52;

/// Why a chunk was not proven.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// More operations than slots.
    #[error("chunk: expected at most {expected} operations, got {got}")]
    TooManyOperations {
        /// Slots of the circuit.
        expected: usize,
        /// Operations of the witness.
        got: usize,
    },
    /// The witness is none of a valid transition.
    #[error("chunk: {0}")]
    Prove(#[from] ProveError),
    /// Circuit and reference transition function disagree on the outcome.
    #[error("chunk: public digest: expected {expected:?}, got {got:?}")]
    Disagreement {
        /// Of the witness, whose outcome the reference transition function has computed.
        expected: Vec<F>,
        /// Of the proof.
        got: Vec<F>,
    },
}

/// The circuit of a chunk.
#[derive(Debug)]
pub struct ChunkCircuit {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    target: ChunkTarget,
}

impl ChunkCircuit {
    /// Builds the circuit. Deterministic; takes seconds.
    pub fn build(slots: usize) -> Self {
        Self::from_source(slots, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    pub fn from_source(slots: usize, source: &impl CircuitSource) -> Self {
        Self::with_config(LEAF.circuit_config(), slots, source)
    }

    fn with_config(config: CircuitConfig, slots: usize, source: &impl CircuitSource) -> Self {
        let mut builder = Builder::new(config);
        let target = ChunkTarget::new(&mut builder, slots);
        Self { circuit: source.finish(builder), target }
    }

    /// Number of operations that fit.
    pub fn slots(&self) -> usize {
        self.target.slots.len()
    }

    /// Proves a chunk. The proof is verified, and its public inputs are those of the witness.
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn prove(&self, witness: &ChunkWitness) -> Result<Proof, ChunkError> {
        let (expected, got) = (self.slots(), witness.slots.len());
        if got > expected {
            return Err(ChunkError::TooManyOperations { expected, got });
        }
        let mut inputs = PartialWitness::new();
        self.target
            .assign(&mut inputs, witness)
            .map_err(|error| ProveError::Unsatisfied(error.to_string()))?;
        let proof = prove(&self.circuit, inputs)?;
        let expected = witness.public_inputs().to_vec();
        if proof.public_inputs != expected {
            return Err(ChunkError::Disagreement { expected, got: proof.public_inputs });
        }
        Ok(proof)
    }
}
