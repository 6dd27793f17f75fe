//! The header of a batch, from what the batch is made of: for those who have a witness, and for those who have words only.

use cairn_primitives::blob;
use cairn_types::{
    BatchWords, BlobScalar, DataLocation, Digest, EvaluatedStream, Extension, Header, StreamState,
    Streams, points,
};

use crate::{Environment, evaluate};

/// What the header of a batch follows from, but for where its data is.
#[derive(Debug, Clone, Copy)]
pub struct Outline<'a> {
    /// The rollup, and the batch's time.
    pub environment: Environment,
    /// The batch.
    pub number: u32,
    /// State commitment before.
    pub before: Digest,
    /// State commitment after.
    pub after: Digest,
    /// The commitments to the words.
    pub streams: Streams,
    /// The words.
    pub words: BatchWords<'a>,
}

impl Outline<'_> {
    /// The header as the contract builds it, when the data is there.
    ///
    /// L1 has the data's value at one point only: at z for data in blobs, else at x. The other is zero.
    #[must_use]
    pub fn header(&self, location: &DataLocation) -> Header {
        let Self { environment: Environment { domain, timestamp }, number, words, .. } = *self;
        let (x, z) = points(&domain, number, &self.streams, &words, location);
        let (data, blob) = match location {
            DataLocation::Blobs(_) => {
                let data = EvaluatedStream { stream: self.streams.data, y: Extension::ZERO };
                (data, blob::evaluate(BlobScalar::ZERO, words.data, z))
            }
            DataLocation::Calldata | DataLocation::Committee => {
                (evaluate(words.data, x), BlobScalar::ZERO)
            }
        };
        Header {
            domain,
            number,
            timestamp,
            state_before: self.before,
            state_after: self.after,
            x,
            z,
            streams: StreamState {
                data,
                priority: evaluate(words.priority, x),
                withdrawal: evaluate(words.withdrawals, x),
                blob,
            },
        }
    }
}
