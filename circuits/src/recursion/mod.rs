//! Recursion: wrappers and nodes of one common shape, keys checked against the circuit set.
//!
//! ```text
//! leaf circuit -> Wrapper -> Node* -> seal, shrink (MemberTarget)
//! ```
//!
//! How the parts fit:
//! 1. `Wrapper::new(family, size, leaf)` and `Node::new(family)` for every family, in any order: no circuit
//!    depends on the set, the set's root is a public value;
//! 2. `CircuitSet::new` over their keys; its root goes into the environment of every statement;
//! 3. `wrapper.prove(statement, &leaf_proof)`, then `node.prove(&set, &left, &right)` in any binary tree;
//! 4. a circuit that takes the result builds a [`MemberTarget`] of the family, hashes the statement that it
//!    expects and connects the digests.

mod member;
mod node;
pub mod shape;
#[cfg(test)]
mod tests;
mod wrapper;

use thiserror::Error;

pub use member::MemberTarget;
pub use node::Node;
pub use wrapper::Wrapper;

use crate::circuit_set::{CircuitSet, Family, MissingRole, Role};
use crate::config::Proof;
use crate::proving::{self, ProveError, VerifyError};
use crate::statement::{Kind, Statement};

/// A proof of the common shape, with what it proves.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The circuit that made the proof.
    pub role: Role,
    /// What it proves.
    pub statement: Statement,
    /// The proof; its public inputs are the digest of the statement.
    pub proof: Proof,
}

/// A step of the recursion failed.
#[derive(Debug, Error)]
pub enum RecursionError {
    /// The proof is of a circuit that does not belong here.
    #[error("expected a proof of the {expected:?} family, got one of {got:?}")]
    Role {
        /// The family that is taken.
        expected: Family,
        /// The role of the proof.
        got: Role,
    },
    /// The statement is of another kind.
    #[error("expected a {expected:?} statement, got a {got:?} statement")]
    Kind {
        /// The kind that is taken.
        expected: Kind,
        /// The kind of the statement.
        got: Kind,
    },
    /// The proof is of another statement.
    #[error("the public inputs of the proof are not the digest of its statement")]
    Statement,
    /// The right statement does not start where the left one ends, or their environments differ.
    #[error("the statements do not follow each other in one environment")]
    Gap,
    /// The statement names another circuit set than the one at hand.
    #[error("the statement names another circuit set")]
    CircuitSet,
    /// The circuit set lacks the role.
    #[error(transparent)]
    MissingRole(#[from] MissingRole),
    /// A private input was set twice.
    #[error("cannot assign the witness: {0}")]
    Assignment(String),
    /// The circuit is not satisfied.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A given proof does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Proven {
    /// Verifies the proof under the key of its role, and that it is a proof of the statement in this
    /// circuit set.
    ///
    /// # Errors
    /// If it is not.
    pub fn verify(&self, set: &CircuitSet) -> Result<(), RecursionError> {
        check_statement(self.role.family(), &self.statement, &self.proof)?;
        if self.statement.circuit_set_root() != set.root() {
            return Err(RecursionError::CircuitSet);
        }
        Ok(proving::verify(shape::common(), set.key(self.role)?, &self.proof)?)
    }
}

/// Checks that the proof exposes the digest of a statement of the family's kind.
fn check_statement(
    family: Family,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), RecursionError> {
    if statement.kind() != family.kind() {
        return Err(RecursionError::Kind { expected: family.kind(), got: statement.kind() });
    }
    if proof.public_inputs != statement.digest() {
        return Err(RecursionError::Statement);
    }
    Ok(())
}
