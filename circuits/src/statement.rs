//! Statements in circuit: the twins of `cairn_types`' statements, and the digest that a proof exposes.
//!
//! Every statement is `environment || before || after`: what all proofs of a tree share, and the state
//! that the proven work leads from and to. [`Kind`] has the lengths, so that a node can merge
//! statements of any kind; the typed structs are for circuits that know theirs. Order and meaning of
//! the elements: docs/spec.md, section 6.

use cairn_gadgets::field::{digest_to_plonky2, from_plonky2};
use cairn_gadgets::poseidon2::{DigestTarget, hash};
use cairn_primitives::Tag;
use cairn_types::{ChunkStatement, SealStatement, StreamStatement};
use plonky2::field::types::{Field, Field64};
use plonky2::iop::target::Target;
use thiserror::Error;

use crate::config::{Builder, F};

#[cfg(test)]
mod tests;

/// The kinds of statements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Operations lead a state to another.
    Chunk,
    /// Words evaluate so at a point.
    Stream,
    /// Batches lead the chain of headers from one hash to another.
    Seal,
}

impl Kind {
    /// The domain of the statement's digest.
    pub const fn tag(self) -> Tag {
        match self {
            Self::Chunk => Tag::ChunkStatement,
            Self::Stream => Tag::StreamStatement,
            Self::Seal => Tag::SealStatement,
        }
    }

    /// Elements of the environment.
    pub const fn environment_len(self) -> usize {
        match self {
            Self::Chunk => 9,
            Self::Stream => 14,
            Self::Seal => 5,
        }
    }

    /// Where the circuit-set root starts: it ends every environment.
    pub const fn circuit_set_root(self) -> usize {
        self.environment_len() - 4
    }

    /// Elements of a state.
    pub const fn state_len(self) -> usize {
        match self {
            Self::Chunk => 19,
            Self::Stream => 29,
            Self::Seal => 8,
        }
    }

    /// Elements of a statement.
    pub const fn statement_len(self) -> usize {
        self.environment_len() + 2 * self.state_len()
    }
}

/// The public values of one proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    kind: Kind,
    elements: Vec<F>,
}

/// Elements that make no statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Error)]
pub enum StatementError {
    /// Another kind's, or cut off.
    #[error("a {kind:?} statement has {expected} elements, got {got}")]
    Length {
        /// What it is to be about.
        kind: Kind,
        /// Elements of all statements of the kind.
        expected: usize,
        /// Elements found.
        got: usize,
    },
    /// An element is not reduced.
    #[error("element {index} is not canonical")]
    NonCanonical {
        /// Which.
        index: usize,
    },
}

impl Statement {
    /// # Panics
    /// If there are not `kind.statement_len()` elements, or one is not canonical: both come from typed
    /// statements, which cannot be so.
    fn new(kind: Kind, elements: Vec<u64>) -> Self {
        assert_eq!(elements.len(), kind.statement_len(), "{kind:?} statements have a fixed length");
        Self { kind, elements: elements.into_iter().map(F::from_canonical_u64).collect() }
    }

    /// The statement with these elements, from anyone: nothing is said of whether it holds.
    ///
    /// # Errors
    /// There are not [`Kind::statement_len`] of them, or one is not canonical.
    pub fn from_elements(kind: Kind, elements: &[u64]) -> Result<Self, StatementError> {
        let expected = kind.statement_len();
        if elements.len() != expected {
            return Err(StatementError::Length { kind, expected, got: elements.len() });
        }
        match elements.iter().position(|element| *element >= F::ORDER) {
            None => Ok(Self::new(kind, elements.to_vec())),
            Some(index) => Err(StatementError::NonCanonical { index }),
        }
    }

    /// What the statement is about.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// All elements, in the order of the specification.
    pub fn elements(&self) -> &[F] {
        &self.elements
    }

    /// What all proofs of a tree share.
    pub fn environment(&self) -> &[F] {
        &self.elements[..self.kind.environment_len()]
    }

    /// The root over the verifier keys that the recursion admits.
    pub fn circuit_set_root(&self) -> [F; 4] {
        std::array::from_fn(|i| self.elements[self.kind.circuit_set_root() + i])
    }

    /// The state before.
    pub fn before(&self) -> &[F] {
        &self.elements[self.kind.environment_len()..][..self.kind.state_len()]
    }

    /// The state after.
    pub fn after(&self) -> &[F] {
        &self.elements[self.kind.environment_len() + self.kind.state_len()..]
    }

    /// `self` and then `next`, if they share kind and environment and `next` starts where `self` ends.
    pub fn then(&self, next: &Self) -> Option<Self> {
        let follows = self.kind == next.kind
            && self.environment() == next.environment()
            && self.after() == next.before();
        follows.then(|| Self {
            kind: self.kind,
            elements: [self.environment(), self.before(), next.after()].concat(),
        })
    }

    /// The public inputs of the proof.
    pub fn digest(&self) -> [F; 4] {
        let native: Vec<_> = self.elements.iter().copied().map(from_plonky2).collect();
        digest_to_plonky2(&cairn_primitives::hash(self.kind.tag(), &native))
    }
}

impl From<&ChunkStatement> for Statement {
    fn from(statement: &ChunkStatement) -> Self {
        Self::new(Kind::Chunk, statement.to_elements())
    }
}

impl From<&StreamStatement> for Statement {
    fn from(statement: &StreamStatement) -> Self {
        Self::new(Kind::Stream, statement.to_elements())
    }
}

impl From<&SealStatement> for Statement {
    fn from(statement: &SealStatement) -> Self {
        Self::new(Kind::Seal, statement.to_elements())
    }
}

/// The digest of a statement's elements.
///
/// # Panics
/// If there are not `kind.statement_len()` of them.
pub fn digest(builder: &mut Builder, kind: Kind, elements: &[Target]) -> DigestTarget {
    assert_eq!(elements.len(), kind.statement_len(), "{kind:?} statements have a fixed length");
    hash(builder, kind.tag(), elements)
}

/// A running stream: digest and number of words.
#[derive(Clone, Copy, Debug)]
pub struct StreamTarget {
    /// The chain's digest.
    pub digest: DigestTarget,
    /// Words in the chain.
    pub count: Target,
}

impl StreamTarget {
    fn to_array(self) -> [Target; 5] {
        let [a, b, c, d] = self.digest;
        [a, b, c, d, self.count]
    }
}

/// What all chunks of a batch share.
#[derive(Clone, Copy, Debug)]
pub struct ChunkEnvironmentTarget {
    /// The rollup.
    pub domain: [Target; 4],
    /// Of the batch, in seconds.
    pub timestamp: Target,
    /// Root over the verifier keys that the recursion admits.
    pub circuit_set_root: DigestTarget,
}

/// Where a batch stands between two chunks.
#[derive(Clone, Copy, Debug)]
pub struct ChunkStateTarget {
    /// State commitment.
    pub state: DigestTarget,
    /// Data words since the start of the batch.
    pub data: StreamTarget,
    /// Priority words since the start of the batch.
    pub priority: StreamTarget,
    /// Withdrawal words since the start of the batch.
    pub withdrawal: StreamTarget,
}

/// A chunk of operations leads from `before` to `after`.
#[derive(Clone, Copy, Debug)]
pub struct ChunkStatementTarget {
    /// What all chunks share.
    pub environment: ChunkEnvironmentTarget,
    /// Before the first operation.
    pub before: ChunkStateTarget,
    /// After the last.
    pub after: ChunkStateTarget,
}

impl ChunkStatementTarget {
    /// The elements, in the order of the specification.
    pub fn to_vec(&self) -> Vec<Target> {
        let Self { environment, before, after } = self;
        let mut elements = environment.domain.to_vec();
        elements.push(environment.timestamp);
        elements.extend(environment.circuit_set_root);
        for state in [before, after] {
            elements.extend(state.state);
            for stream in [state.data, state.priority, state.withdrawal] {
                elements.extend(stream.to_array());
            }
        }
        elements
    }

    /// The public inputs of the proof.
    pub fn digest(&self, builder: &mut Builder) -> DigestTarget {
        digest(builder, Kind::Chunk, &self.to_vec())
    }
}

/// A stream and the evaluation of its limbs.
#[derive(Clone, Copy, Debug)]
pub struct EvaluatedStreamTarget {
    /// The chain.
    pub stream: StreamTarget,
    /// `y := y x + limb` over all limbs so far: coordinates over `X^2 - 7`.
    pub y: [Target; 2],
}

/// What all stream proofs of a batch share.
#[derive(Clone, Copy, Debug)]
pub struct StreamEnvironmentTarget {
    /// The point of evaluation.
    pub x: [Target; 2],
    /// Where blobs are evaluated, as big-endian u32; zero for data that is not in blobs.
    pub z: [Target; 8],
    /// Root over the verifier keys that the recursion admits.
    pub circuit_set_root: DigestTarget,
}

/// Where the evaluation of a batch stands between two stream proofs.
#[derive(Clone, Copy, Debug)]
pub struct StreamStateTarget {
    /// Signed transactions.
    pub data: EvaluatedStreamTarget,
    /// Priority operations.
    pub priority: EvaluatedStreamTarget,
    /// Withdrawals.
    pub withdrawal: EvaluatedStreamTarget,
    /// Value of the data at z, as big-endian u32.
    pub blob: [Target; 8],
}

/// Words that lead the streams from `before` to `after` evaluate so at `x` and `z`.
#[derive(Clone, Copy, Debug)]
pub struct StreamStatementTarget {
    /// What all stream proofs share.
    pub environment: StreamEnvironmentTarget,
    /// Before the first word.
    pub before: StreamStateTarget,
    /// After the last.
    pub after: StreamStateTarget,
}

impl StreamStatementTarget {
    /// The elements, in the order of the specification.
    pub fn to_vec(&self) -> Vec<Target> {
        let Self { environment, before, after } = self;
        let mut elements = environment.x.to_vec();
        elements.extend(environment.z);
        elements.extend(environment.circuit_set_root);
        for state in [before, after] {
            for evaluated in [state.data, state.priority, state.withdrawal] {
                elements.extend(evaluated.stream.to_array());
                elements.extend(evaluated.y);
            }
            elements.extend(state.blob);
        }
        elements
    }

    /// The public inputs of the proof.
    pub fn digest(&self, builder: &mut Builder) -> DigestTarget {
        digest(builder, Kind::Stream, &self.to_vec())
    }
}

/// A range of batches leads the header chain from `from` to `to`.
#[derive(Clone, Copy, Debug)]
pub struct SealStatementTarget {
    /// What is sealed.
    pub kind: Target,
    /// Root over the verifier keys that the recursion admits.
    pub circuit_set_root: DigestTarget,
    /// Chain hash before the first batch, big-endian u32.
    pub from: [Target; 8],
    /// Chain hash after the last batch, big-endian u32.
    pub to: [Target; 8],
}

impl SealStatementTarget {
    /// The elements, in the order of the specification.
    pub fn to_vec(&self) -> Vec<Target> {
        let mut elements = vec![self.kind];
        elements.extend(self.circuit_set_root);
        elements.extend(self.from);
        elements.extend(self.to);
        elements
    }

    /// The public inputs of the proof.
    pub fn digest(&self, builder: &mut Builder) -> DigestTarget {
        digest(builder, Kind::Seal, &self.to_vec())
    }
}
