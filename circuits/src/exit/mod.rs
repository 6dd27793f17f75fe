//! Leaving a frozen rollup: leaves of a state exit to L1 addresses that their keys have signed.
//!
//! docs/spec.md, section 6, kind 2.
//!
//! For each entry of the list the circuit shows
//!
//! - that the leaf of this id in this state has this token and balance: its hash, with the siblings
//!   at the bits of the id, leads to the root that the state commitment hashes;
//! - that the leaf's key has signed domain, kind, id and recipient. A leaf that is empty has the key
//!   zero, under which no signature holds.
//!
//! The statement is a [`SealStatement`] of kind [`KIND_EXIT`](cairn_types::KIND_EXIT), so that the
//! layers above are those of a batch. The chain node merges statements of one kind only, because the
//! kind is part of its one environment; two exits it could merge only where the hash of a list is a
//! state commitment, a collision of two hash functions.
//!
//! A list has always [`CAPACITY`] entries: a shorter one repeats its last, which L1 passes over.

mod circuit;
mod entry;
#[cfg(test)]
mod tests;
mod witness;

use cairn_types::{AccountId, Digest, SealStatement};
use thiserror::Error;

pub use witness::{ExitWitness, LeafExit};

use crate::config::{Circuit, LEAF, Proof};
use crate::proving::{ProveError, prove};
use crate::source::{Build, CircuitSource, finish};
use circuit::ExitTarget;

/// Entries of a proof: what 2^13 rows hold, of which they take 7,600.
pub const CAPACITY: usize = 44;

/// The circuit of an exit: 4 public inputs, the digest of a [`SealStatement`] of kind 2.
#[derive(Debug)]
pub struct ExitCircuit {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    target: ExitTarget,
}

/// Why leaves do not exit.
#[derive(Debug, Error)]
pub enum ExitError {
    /// No leaves, or more than there are entries.
    #[error("exit: expected 1 to {expected} leaves, got {got}")]
    Leaves {
        /// Entries of the circuit.
        expected: usize,
        /// Leaves of the witness.
        got: usize,
    },
    /// The state has no such leaf.
    #[error("exit: leaf {leaf} is empty")]
    Empty {
        /// The leaf.
        leaf: AccountId,
    },
    /// The path does not lead to the root.
    #[error("exit: leaf {leaf}: expected a path to the root {expected:?}, got one to {got:?}")]
    Path {
        /// The leaf.
        leaf: AccountId,
        /// Root of the state.
        expected: Digest,
        /// Where the path leads.
        got: Digest,
    },
    /// The leaf's key has not signed this leaf, this recipient and this rollup.
    #[error("exit: leaf {leaf}: the signature is not one of its key for this recipient and rollup")]
    Signature {
        /// The leaf.
        leaf: AccountId,
    },
    /// A private input was set twice.
    #[error("cannot assign the witness: {0}")]
    Assignment(String),
    /// The circuit is not satisfied.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl ExitCircuit {
    /// Builds the circuit for lists of `entries` entries, which is [`CAPACITY`] but for tests. It does
    /// not depend on the circuit set.
    ///
    /// # Panics
    /// If `entries` is odd: the list would not be whole words of SHA-256. If the layer is too weak.
    pub fn build(entries: usize) -> Self {
        Self::from_source(entries, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::build`].
    pub fn from_source(entries: usize, source: &impl CircuitSource) -> Self {
        let mut builder = LEAF.builder();
        let target = ExitTarget::new(&mut builder, entries);
        Self { circuit: finish("exit", builder, source), target }
    }

    /// Proves that the leaves exit. The proof has been verified.
    ///
    /// # Errors
    /// What is wrong with the first leaf that may not leave.
    pub fn prove(
        &self,
        circuit_set_root: Digest,
        witness: &ExitWitness,
    ) -> Result<(SealStatement, Proof), ExitError> {
        let capacity = self.target.entries.len();
        witness.check(capacity)?;
        let inputs = self
            .target
            .assign(circuit_set_root, witness)
            .map_err(|error| ExitError::Assignment(error.to_string()))?;
        let proof = prove(&self.circuit, inputs)?;
        Ok((witness.statement(circuit_set_root, capacity), proof))
    }
}
