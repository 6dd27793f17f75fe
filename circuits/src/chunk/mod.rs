//! The chunk leaf: consecutive operations of a batch, one proof.
//!
//! A STARK proves the operations ([`cairn_leaf`]), a plonky2 circuit verifies it and hashes its public
//! values to a `ChunkStatement`: environment, state before, state after. Whether those are the right ones is
//! not the chunk's business: nodes and seal compare them with those of the neighbours and of L1.
//!
//! There is a circuit for each [`Class`] of table heights; a chunk takes the smallest that holds it.
//!
//! A data word that two short transfers share is appended with the second of them. The statement has no
//! room for the first half, so that a pair never spans two chunks.

mod circuit;
#[cfg(test)]
mod tests;
mod witness;

use cairn_leaf::chunk::{ChunkTraces, Leaf, LeafError};
use cairn_leaf::class::{Class, DENSE, LARGE, MEDIUM, SMALL};
use cairn_stark::config::{Parameters, RATE_HALF, RATE_QUARTER};
use cairn_stark::native::Proof as StarkProof;
use cairn_state::{Environment, OpeningError, PartialTree};
use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::CircuitConfig;
use thiserror::Error;

use crate::circuit_set::Size;
use crate::config::{Circuit, F, LEAF, Proof};
use crate::proving::{ProveError, prove};
use crate::soundness::{WeakLayer, circuit_security, stark_security};
use crate::source::{Build, CircuitSource};
use circuit::ChunkTarget;
pub use witness::ChunkWitness;

/// The soundness parameters of the STARK of each size: those with which STARK and verifier together are the
/// fastest. The verifier's time doubles with each power of two of its rows.
///
/// Rate 1/2 makes the cheaper STARK, and verifiers of 2^15 rows. Where the STARK is the smaller part,
/// half the queries pay for themselves: at rate 1/4 the verifier has 2^14 rows.
pub const fn parameters(size: Size) -> Parameters {
    match size {
        Size::Small => RATE_QUARTER,
        Size::Medium | Size::Dense | Size::Large => RATE_HALF,
    }
}

/// The class of each size of chunk.
pub const fn class(size: Size) -> Class {
    match size {
        Size::Small => SMALL,
        Size::Medium => MEDIUM,
        Size::Dense => DENSE,
        Size::Large => LARGE,
    }
}

/// Why a chunk was not proven.
#[derive(Debug, Error)]
pub enum ChunkError {
    /// The operations do not fit the class, or the STARK's prover refused them.
    #[error("chunk: {0}")]
    Leaf(#[from] LeafError),
    /// The opening of the account tree is malformed.
    #[error("chunk: {0}")]
    Opening(#[from] OpeningError),
    /// The STARK or its verifier is a layer with fewer bits of soundness than every layer must have.
    #[error(transparent)]
    Weak(#[from] WeakLayer),
    /// The STARK's proof does not satisfy its verifier's circuit.
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

/// The circuit of a chunk class.
#[derive(Debug)]
pub struct ChunkCircuit {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    leaf: Leaf,
    target: ChunkTarget,
}

/// A STARK's proof of a chunk, and what it proves.
#[allow(missing_debug_implementations, reason = "the proof is not Debug")]
pub struct LeafProof {
    proof: StarkProof,
    public_values: Vec<Vec<cairn_primitives::F>>,
}

impl ChunkCircuit {
    /// Builds the circuit. Deterministic; takes seconds.
    ///
    /// # Errors
    /// If the parameters do not fit the class or are too weak.
    pub fn build(size: Size) -> Result<Self, ChunkError> {
        Self::from_source(size, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn from_source(size: Size, source: &impl CircuitSource) -> Result<Self, ChunkError> {
        let chunk =
            Self::with_config(LEAF.circuit_config(), class(size), parameters(size), source)?;
        chunk.require()?;
        Ok(chunk)
    }

    /// Fails unless both layers have the bits that every layer must have.
    fn require(&self) -> Result<(), WeakLayer> {
        let name = self.class().name;
        stark_security(&format!("chunk, {name}"), &self.leaf).require()?;
        circuit_security(&format!("chunk verifier, {name}"), &self.circuit).require()
    }

    fn with_config(
        config: CircuitConfig,
        class: Class,
        parameters: Parameters,
        source: &impl CircuitSource,
    ) -> Result<Self, ChunkError> {
        let leaf = Leaf::new(class, parameters)?;
        let mut builder = crate::config::Builder::new(config);
        let target = ChunkTarget::new(&mut builder, &leaf);
        Ok(Self { circuit: source.finish(builder), leaf, target })
    }

    /// The heights of its tables.
    pub fn class(&self) -> &Class {
        self.leaf.class()
    }

    /// The STARK: tables, parameters, keys.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// Proves a chunk: the STARK, then its verification.
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn prove(&self, witness: &ChunkWitness) -> Result<Proof, ChunkError> {
        self.verify_leaf(witness, &self.prove_leaf(witness)?)
    }

    /// The STARK alone. The proof has been verified.
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn prove_leaf(&self, witness: &ChunkWitness) -> Result<LeafProof, ChunkError> {
        let traces = self.fill(witness)?;
        let proof = self.leaf.prove(&traces)?;
        Ok(LeafProof { proof, public_values: traces.public_values })
    }

    /// The tables of a chunk, filled. Trust: as [`ChunkTraces::fill`].
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn fill(&self, witness: &ChunkWitness) -> Result<ChunkTraces, ChunkError> {
        let tree = PartialTree::new(&witness.opening)?;
        let environment = Environment {
            domain: witness.environment.domain,
            timestamp: witness.environment.timestamp,
        };
        let ChunkWitness { before, slots, .. } = witness;
        Ok(ChunkTraces::fill(self.leaf.class(), &environment, before, slots, tree)?)
    }

    /// The recursive verification alone. The proof has been verified, and its public inputs are those of the
    /// witness.
    ///
    /// # Errors
    /// See [`ChunkError`].
    pub fn verify_leaf(
        &self,
        witness: &ChunkWitness,
        leaf: &LeafProof,
    ) -> Result<Proof, ChunkError> {
        let mut inputs = PartialWitness::new();
        let root = witness.environment.circuit_set_root.elements();
        self.target
            .proof
            .set_witness(
                &mut inputs,
                self.leaf.keys(),
                self.leaf.airs(),
                &leaf.proof,
                &leaf.public_values,
            )
            .map_err(|error| ProveError::Unsatisfied(error.to_string()))?;
        inputs
            .set_target_arr(&self.target.circuit_set_root, &root.map(F::from_canonical_u64))
            .map_err(|error| ProveError::Unsatisfied(error.to_string()))?;
        let proof = prove(&self.circuit, inputs)?;
        let expected = witness.public_inputs().to_vec();
        if proof.public_inputs != expected {
            return Err(ChunkError::Disagreement { expected, got: proof.public_inputs });
        }
        Ok(proof)
    }
}
