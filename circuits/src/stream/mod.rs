//! The stream leaf: words lead the three chains on and evaluate at `x`, or the data at `z`.
//!
//! docs/spec.md, sections 5 and 6.
//!
//! There are three circuits ([`StreamClass`]) that prove the same kind of statement. One evaluates all streams at
//! x and knows only z = 0; the others, for half a blob and a whole one, evaluate the data in the field of its
//! blobs, at z, and refuse z = 0.
//!
//! # Who binds what
//!
//! The circuit does not range-check limbs, and need not know what words mean:
//!
//! - the *chunk leaf* makes the words of a batch from operations, with limbs below `2^62`, and
//!   chains them into a digest and a count;
//! - the *seal* demands that the chunk proof and the stream proof start at zero and end at the same
//!   digest and count for each stream. By the collision resistance of `compress` along two chains of
//!   one length, the limbs evaluated here are the limbs of the chunk;
//! - the *contract* takes the words from calldata (31 bytes each, so that a limb is below `2^62` by
//!   construction) and from its queue, as many as the count says, hashes digests, counts and words
//!   into `x`, and compares evaluations. Two different lists of `n` words agree at `x` with
//!   probability at most `4 n / p^2` (times 4 for the slight bias of `x`), and neither can be
//!   chosen after `x`;
//! - of data in *blobs* the contract has commitments to polynomials, hashes them into `z` too, and compares
//!   values there: a batch of k blobs is one polynomial of degree below `4096 k`, so two different ones agree with
//!   probability `4096 k / r`.
//!
//! Hence no limb is checked here for the evaluation at x: a wrong one breaks the digest or the evaluation. At z the
//! limbs are cut anew, which checks them again.
//!
//! A batch's leaves share one environment, and the header that L1 hashes has its z. It is zero unless L1 has checked the
//! value at z. So how a batch is evaluated is L1's choice, not the prover's, and no word is left
//! out of the evaluation that L1 compares.

mod blob_section;
#[cfg(test)]
mod blob_tests;
mod circuit;
mod native;
#[cfg(test)]
mod tests;
mod witness;

use thiserror::Error;

pub use native::{DataEvaluation, StreamClass, StreamLeafWitness, advance, split};

use crate::config::{Circuit, LEAF, Proof};
use crate::proving::{ProveError, prove};
use crate::source::{Build, CircuitSource, finish};
use circuit::StreamLeafTarget;

/// The circuit of a stream leaf: 4 public inputs, the digest of a [`cairn_types::StreamStatement`].
#[derive(Debug)]
pub struct StreamLeaf {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    evaluation: DataEvaluation,
    target: StreamLeafTarget,
}

/// The words were not proven.
#[derive(Debug, Error)]
pub enum StreamLeafError {
    /// The circuit evaluates the data at another point than the environment says.
    #[error("stream leaf: expected z for data {expected:?}, got one for {got:?}")]
    Evaluation {
        /// What the circuit does.
        expected: DataEvaluation,
        /// What the witness needs.
        got: DataEvaluation,
    },
    /// A stream has more words than slots.
    #[error("stream leaf: expected at most {expected} words, got {got}")]
    TooManyWords {
        /// Slots of the stream.
        expected: usize,
        /// Words of the witness.
        got: usize,
    },
    /// A private input was set twice.
    #[error("cannot assign the witness: {0}")]
    Assignment(String),
    /// The circuit is not satisfied.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl StreamLeaf {
    /// Builds the circuit with slots for `capacity` words of each stream (data, priority,
    /// withdrawal), data at z in whole groups of 16; [`StreamClass::capacity`] fills the rows.
    ///
    /// # Panics
    /// If the layer is too weak: an error in its parameters.
    pub fn build(evaluation: DataEvaluation, capacity: [usize; 3]) -> Self {
        Self::from_source(evaluation, capacity, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::build`].
    pub fn from_source(
        evaluation: DataEvaluation,
        capacity: [usize; 3],
        source: &impl CircuitSource,
    ) -> Self {
        let mut builder = LEAF.builder();
        let target = StreamLeafTarget::new(&mut builder, evaluation, capacity);
        Self { circuit: finish("stream leaf", builder, source), evaluation, target }
    }

    /// Proves [`StreamLeafWitness::statement`]. The proof has been verified.
    ///
    /// # Errors
    /// If there are more words than slots, or z is not for this circuit.
    pub fn prove(&self, witness: &StreamLeafWitness) -> Result<Proof, StreamLeafError> {
        let (expected, got) = (self.evaluation, DataEvaluation::of(&witness.environment));
        if got != expected {
            return Err(StreamLeafError::Evaluation { expected, got });
        }
        Ok(prove(&self.circuit, self.target.assign(witness)?)?)
    }
}
