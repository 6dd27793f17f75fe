//! The statements of chunk, stream and seal proofs. A proof has one public digest: the hash of the
//! elements given here, under the tag of its kind.

use crate::{BlobScalar, Digest, MODULUS, NonCanonical, Stream, Word};
use serde::{Deserialize, Serialize};

/// Elements of a [`ChunkStatement`].
pub const CHUNK_STATEMENT_LENGTH: usize = 47;
/// Elements of a [`StreamStatement`].
pub const STREAM_STATEMENT_LENGTH: usize = 72;
/// Elements of a [`SealStatement`].
pub const SEAL_STATEMENT_LENGTH: usize = 21;

/// An element of `GF(p)[X] / (X^2 - 7)`: two canonical coordinates, constant term first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "[u64; 2]", into = "[u64; 2]")]
pub struct Extension([u64; 2]);

impl Extension {
    /// The start of every evaluation.
    pub const ZERO: Self = Self([0; 2]);

    /// Checks that both coordinates are canonical.
    pub fn new(coordinates: [u64; 2]) -> Result<Self, NonCanonical> {
        match coordinates.iter().position(|&c| c >= MODULUS) {
            Some(index) => Err(NonCanonical { index, got: coordinates[index] }),
            None => Ok(Self(coordinates)),
        }
    }

    /// The canonical coordinates.
    pub const fn coordinates(&self) -> [u64; 2] {
        self.0
    }

    /// Two big-endian u64.
    pub fn to_bytes(&self) -> [u8; 16] {
        (u128::from(self.0[0]) << 64 | u128::from(self.0[1])).to_be_bytes()
    }
}

impl TryFrom<[u64; 2]> for Extension {
    type Error = NonCanonical;
    fn try_from(coordinates: [u64; 2]) -> Result<Self, NonCanonical> {
        Self::new(coordinates)
    }
}

impl From<Extension> for [u64; 2] {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

/// What all chunks of a batch share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChunkEnvironment {
    /// The rollup, see [`crate::domain`].
    pub domain: Word,
    /// Of the batch, in seconds.
    pub timestamp: u32,
    /// Merkle root over the verifier keys that the recursion admits.
    pub circuit_set_root: Digest,
}

/// Where a batch stands between two chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChunkState {
    /// State commitment.
    pub state: Digest,
    /// Signed transactions since the start of the batch.
    pub data: Stream,
    /// Priority operations since the start of the batch.
    pub priority: Stream,
    /// Withdrawals since the start of the batch.
    pub withdrawal: Stream,
}

/// A chunk of operations leads from `before` to `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChunkStatement {
    /// What all chunks share.
    pub environment: ChunkEnvironment,
    /// Before the first operation.
    pub before: ChunkState,
    /// After the last.
    pub after: ChunkState,
}

impl ChunkStatement {
    /// `domain(4), timestamp, circuit_set_root(4)`, then `before` and `after`, each
    /// `state(4)` and, for data, priority, withdrawal, `digest(4), count`.
    pub fn to_elements(&self) -> Vec<u64> {
        let Self { environment, before, after } = self;
        let mut elements = Vec::with_capacity(CHUNK_STATEMENT_LENGTH);
        elements.extend(environment.domain.limbs());
        elements.push(environment.timestamp.into());
        elements.extend(environment.circuit_set_root.elements());
        for state in [before, after] {
            elements.extend(state.state.elements());
            for stream in [state.data, state.priority, state.withdrawal] {
                elements.extend(stream_elements(&stream));
            }
        }
        elements
    }
}

/// What all stream proofs of a batch share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamEnvironment {
    /// The point of evaluation, see [`crate::points`].
    pub x: Extension,
    /// Where the data's blobs are evaluated, see [`crate::points`]; zero if the data is not in blobs.
    pub z: BlobScalar,
    /// Merkle root over the verifier keys that the recursion admits.
    pub circuit_set_root: Digest,
}

/// A stream and the evaluation of its limbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct EvaluatedStream {
    /// The chain.
    pub stream: Stream,
    /// `y := y * x + limb` over all limbs so far, from zero.
    pub y: Extension,
}

/// Where the evaluation of a batch stands between two stream proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct StreamState {
    /// Signed transactions.
    pub data: EvaluatedStream,
    /// Priority operations.
    pub priority: EvaluatedStream,
    /// Withdrawals.
    pub withdrawal: EvaluatedStream,
    /// `value := value * z + word` mod r over all data words so far, from zero.
    pub blob: BlobScalar,
}

/// Words that lead the streams from `before` to `after` evaluate so: all of them at `x` if `z` is zero;
/// else the data at `z`, and the others at `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamStatement {
    /// What all stream proofs share.
    pub environment: StreamEnvironment,
    /// Before the first word.
    pub before: StreamState,
    /// After the last.
    pub after: StreamState,
}

impl StreamStatement {
    /// `x(2), z(8), circuit_set_root(4)`, then `before` and `after`, each, for data, priority, withdrawal,
    /// `digest(4), count, y(2)`, and then `blob(8)`; z and blob as big-endian u32.
    pub fn to_elements(&self) -> Vec<u64> {
        let Self { environment, before, after } = self;
        let mut elements = Vec::with_capacity(STREAM_STATEMENT_LENGTH);
        elements.extend(environment.x.coordinates());
        elements.extend(environment.z.words().map(u64::from));
        elements.extend(environment.circuit_set_root.elements());
        for state in [before, after] {
            for EvaluatedStream { stream, y } in [state.data, state.priority, state.withdrawal] {
                elements.extend(stream_elements(&stream));
                elements.extend(y.coordinates());
            }
            elements.extend(state.blob.words().map(u64::from));
        }
        elements
    }
}

/// A range of batches leads the header chain from `from` to `to`; or leaves of a state exit, see
/// [`SealStatement::exit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SealStatement {
    /// What is proven, see [`crate::KIND_BATCHES`] and [`crate::KIND_EXIT`].
    pub kind: u32,
    /// Merkle root over the verifier keys that the recursion admits.
    pub circuit_set_root: Digest,
    /// Chain hash before the first batch.
    pub from: [u8; 32],
    /// Chain hash after the last batch.
    pub to: [u8; 32],
}

impl SealStatement {
    /// `kind, circuit_set_root(4), from(8), to(8)`; hashes as big-endian u32.
    pub fn to_elements(&self) -> Vec<u64> {
        let mut elements = Vec::with_capacity(SEAL_STATEMENT_LENGTH);
        elements.push(self.kind.into());
        elements.extend(self.circuit_set_root.elements());
        for hash in [&self.from, &self.to] {
            elements.extend(hash.as_chunks().0.iter().map(|&c| u64::from(u32::from_be_bytes(c))));
        }
        elements
    }
}

fn stream_elements(stream: &Stream) -> [u64; 5] {
    let [d0, d1, d2, d3] = stream.digest.elements();
    [d0, d1, d2, d3, stream.count.into()]
}
