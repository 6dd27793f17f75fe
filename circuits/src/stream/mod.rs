//! The stream leaf: words lead the three chains on and evaluate at `x`.
//!
//! docs/spec.md, sections 5 and 6.
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
//!   chosen after `x`.
//!
//! Hence no limb is checked here: a wrong one breaks the digest or the evaluation.

mod circuit;
mod native;
#[cfg(test)]
mod tests;
mod witness;

use thiserror::Error;

pub use native::{CAPACITY, StreamLeafWitness, advance, split};

use crate::config::{Circuit, LEAF, Proof};
use crate::proving::{ProveError, prove};
use crate::source::{Build, CircuitSource};
use circuit::StreamLeafTarget;

/// The circuit of a stream leaf: 4 public inputs, the digest of a [`cairn_types::StreamStatement`].
#[derive(Debug)]
pub struct StreamLeaf {
    /// The circuit, for its wrapper.
    pub circuit: Circuit,
    target: StreamLeafTarget,
}

/// The words were not proven.
#[derive(Debug, Error)]
pub enum StreamLeafError {
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
    /// withdrawal); [`CAPACITY`] fills 2^12 rows.
    pub fn build(capacity: [usize; 3]) -> Self {
        Self::from_source(capacity, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    pub fn from_source(capacity: [usize; 3], source: &impl CircuitSource) -> Self {
        let mut builder = LEAF.builder();
        let target = StreamLeafTarget::new(&mut builder, capacity);
        Self { circuit: source.finish(builder), target }
    }

    /// Proves [`StreamLeafWitness::statement`]. The proof has been verified.
    ///
    /// # Errors
    /// If there are more words than slots.
    pub fn prove(&self, witness: &StreamLeafWitness) -> Result<Proof, StreamLeafError> {
        Ok(prove(&self.circuit, self.target.assign(witness)?)?)
    }
}
