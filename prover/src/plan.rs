//! How a batch is cut into proofs. The same batch gives the same plan everywhere.
//!
//! ```text
//! slots   |---- chunk 0 ----|---- chunk 1 ----|-- chunk 2 --|
//! level 0          w0                w1              w2
//! level 1               n(w0, w1)                    w2
//! level 2                      n(n(w0, w1), w2)
//! ```
//!
//! The words of the streams are cut and merged in the same way.

use std::ops::Range;

use cairn_circuits::stream::{self, StreamLeafWitness};
use cairn_state::BatchWitness;
use cairn_types::StreamEnvironment;

/// The leaves of a batch, in order.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Operations of each chunk leaf.
    pub chunks: Vec<Range<usize>>,
    /// Words of each stream leaf.
    pub streams: Vec<StreamLeafWitness>,
}

impl Plan {
    /// The fewest leaves that hold the batch, with `slots` operations a chunk. A batch without operations has one empty
    /// chunk: L1 takes such a batch, so it must be provable.
    #[must_use]
    pub fn new(batch: &BatchWitness, slots: usize, environment: StreamEnvironment) -> Self {
        let mut chunks = batch.chunks(slots);
        if chunks.is_empty() {
            chunks.push(0..0);
        }
        Self { chunks, streams: stream::split(environment, &batch.words()) }
    }
}

#[cfg(test)]
mod tests {
    use cairn_state::{BatchBuilder, Environment, State};
    use cairn_types::{Digest, Extension, Operation, PriorityOperation, PublicKey, Word};

    use super::*;

    fn plan(operations: u16, slots: usize) -> Plan {
        let environment = Environment { domain: Word::default(), timestamp: 1 };
        let mut batch = BatchBuilder::new(State::genesis(), environment);
        let key = PublicKey::new([1; 5]).unwrap();
        for token in 0..operations {
            let operation = PriorityOperation::RegisterToken { token, quantum_exponent: 0, key };
            batch.push(Operation::Priority(operation)).unwrap();
        }
        let root = Digest::new([0; 4]).unwrap();
        let environment = StreamEnvironment { x: Extension::ZERO, circuit_set_root: root };
        Plan::new(&batch.finish().1, slots, environment)
    }

    #[test]
    fn chunks_cover_every_batch_and_the_empty_one_has_one() {
        let ends =
            |operations| plan(operations, 4).chunks.iter().map(|c| c.end).collect::<Vec<_>>();
        assert_eq!(ends(0), [0]);
        assert_eq!(ends(4), [4]);
        assert_eq!(ends(9), [4, 8, 9]);
        assert_eq!(plan(9, 4).chunks[2], 8..9);
        // 512 priority words a leaf, two an operation.
        assert_eq!(plan(0, 4).streams.len(), 1);
        assert_eq!(plan(257, 300).streams.len(), 2);
    }
}
