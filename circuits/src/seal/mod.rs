//! The seal: a batch's chunk and stream proofs become a link of the header chain.
//!
//! docs/spec.md, section 6.
//!
//! The circuit holds *one* header and derives from it what the two proofs must state: the chunks
//! lead from the state before to the state after and make the header's streams from nothing, and
//! the header's streams, from nothing, evaluate as it says at its `x` and `z`. So there is nothing to
//! compare: a proof of any other statement has another digest.
//!
//! What the circuit does not know, L1 binds: the contract builds the header from its own storage
//! (number, previous state, cursor of the queue, its own `x` and evaluations) and recomputes the
//! chain hash.

mod circuit;
mod header;
#[cfg(test)]
pub(crate) mod tests;
mod witness;

use cairn_types::{Header, KIND_BATCHES, SealStatement};
use thiserror::Error;

pub use header::{HeaderTarget, chunk_statement, stream_statement};
pub(crate) use header::{domain_words, element_words};
#[cfg(test)]
pub(crate) use witness::hash_words;
pub(crate) use witness::root_digest;

use crate::circuit_set::{CircuitSet, Family};
use crate::config::{Circuit, LEAF, Proof};
use crate::proving::prove;
use crate::recursion::{Proven, RecursionError};
use crate::source::{Build, CircuitSource, finish};
use crate::statement::Statement;
use circuit::SealTarget;

/// The circuit of a seal: 4 public inputs, the digest of a [`SealStatement`] of one batch.
#[derive(Debug)]
pub struct SealCircuit {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    target: SealTarget,
}

/// What a batch is sealed from.
#[derive(Clone, Copy, Debug)]
pub struct SealWitness<'a> {
    /// The header, as L1 builds it.
    pub header: Header,
    /// The chain hash before.
    pub previous: [u8; 32],
    /// A proof of [`chunk_statement`] of the header.
    pub chunk: &'a Proven,
    /// A proof of [`stream_statement`] of the header.
    pub stream: &'a Proven,
}

/// A batch was not sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// A proof states something else than the header says.
    #[error("the {0:?} proof does not state what the header says")]
    Statement(Family),
    /// A proof is of the wrong family or does not verify in the circuit set.
    #[error(transparent)]
    Recursion(#[from] RecursionError),
}

impl SealCircuit {
    /// Builds the circuit. It does not depend on the circuit set.
    ///
    /// # Panics
    /// If the layer is too weak: an error in its parameters.
    pub fn build() -> Self {
        Self::from_source(&Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::build`].
    pub fn from_source(source: &impl CircuitSource) -> Self {
        let mut builder = LEAF.builder();
        let target = SealTarget::new(&mut builder);
        Self { circuit: finish("seal", builder, source), target }
    }

    /// Proves the header's link of the chain. The proof has been verified.
    ///
    /// # Errors
    /// If one of the proofs states something else or does not verify in this circuit set.
    pub fn prove(
        &self,
        set: &CircuitSet,
        witness: &SealWitness<'_>,
    ) -> Result<(SealStatement, Proof), SealError> {
        let SealWitness { header, previous, chunk, stream } = witness;
        let circuit_set_root = root_digest(set);
        let chunk_statement = Statement::from(&chunk_statement(header, circuit_set_root));
        let stream_statement = Statement::from(&stream_statement(header, circuit_set_root));
        for (family, proven, statement) in
            [(Family::Chunk, chunk, chunk_statement), (Family::Stream, stream, stream_statement)]
        {
            if proven.role.family() != family {
                return Err(RecursionError::Role { expected: family, got: proven.role }.into());
            }
            if proven.statement != statement {
                return Err(SealError::Statement(family));
            }
        }
        let statement = SealStatement {
            kind: KIND_BATCHES,
            circuit_set_root,
            from: *previous,
            to: header.chain_hash(previous),
        };
        let inputs = self.target.assign(set, witness)?;
        let proof = prove(&self.circuit, inputs).map_err(RecursionError::from)?;
        Ok((statement, proof))
    }
}
