//! All that a worker needs for an assignment, as a value and as bytes: a witness or the proofs that it goes on from, and
//! nothing of the rest of the batch.

use std::borrow::Cow;

pub use cairn_circuits::circuit_set::Size;
use cairn_circuits::{
    chunk::ChunkWitness,
    circuit_set::{Family, Role},
    recursion::Proven,
    seal::SealWitness,
    serialize::encode_proof,
    stream::StreamLeafWitness,
};
use cairn_types::{Header, SealStatement};
use cairn_wrap::groth16::EncodedProof;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    assignment::Assignment,
    error::ProverError,
    graph::TaskKind,
    local::LocalProver,
    tasks::{Output, ProofTasks, TaskOutput},
};

/// Bytes of the largest work that is read: a chunk's witness takes some 20 MiB.
const MAX_BYTES: usize = 1 << 28;

/// What an assignment starts from.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and proofs are larger")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work<'a> {
    /// A chunk leaf.
    Chunk(Cow<'a, ChunkWitness>, Size),
    /// A stream leaf.
    Stream(Cow<'a, StreamLeafWitness>),
    /// Two neighbours of one family.
    Node(#[serde(with = "carried")] Cow<'a, Proven>, #[serde(with = "carried")] Cow<'a, Proven>),
    /// Both roots of a batch.
    Seal {
        /// The batch's header, as L1 builds it.
        header: Header,
        /// Chain hash before it.
        previous: [u8; 32],
        /// Root of the chunk tree.
        #[serde(with = "carried")]
        chunk: Cow<'a, Proven>,
        /// Root of the stream tree.
        #[serde(with = "carried")]
        stream: Cow<'a, Proven>,
    },
    /// The root of all batches.
    Wrap(SealStatement, #[serde(with = "carried")] Cow<'a, Proven>),
}

/// Bytes are no work.
#[derive(Debug, Error)]
pub enum WorkError {
    /// They do not decode: torn, foreign, of another version, or too large.
    #[error("not the work of an assignment of this version: {0}")]
    Decode(#[from] bincode::error::DecodeError),
    /// There is more than one.
    #[error("the work of an assignment ends after {expected} bytes, got {got}")]
    Trailing {
        /// Bytes of the work.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
}

impl Work<'_> {
    /// In bincode's standard encoding.
    ///
    /// # Panics
    /// Never: the encoding holds all work.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bincode::serde::encode_to_vec(self, bincode::config::standard())
            .expect("plain data has an encoding")
    }

    /// Inverse of [`Self::to_bytes`]. Trust: none; what decodes may still not be provable.
    ///
    /// # Errors
    /// [`WorkError`]; memory stays below a small multiple of the input.
    pub fn from_bytes(bytes: &[u8]) -> Result<Work<'static>, WorkError> {
        let config = bincode::config::standard().with_limit::<MAX_BYTES>();
        let (work, expected) = bincode::serde::decode_from_slice(bytes, config)?;
        if expected == bytes.len() {
            Ok(work)
        } else {
            Err(WorkError::Trailing { expected, got: bytes.len() })
        }
    }
}

impl LocalProver {
    /// Runs an assignment on this prover's threads and gives its result: a proof of the common shape, or the SNARK as the
    /// contract takes it. It has been verified.
    ///
    /// # Errors
    /// The work is not that of a valid batch, or circuits or keys cannot be read.
    pub fn perform(&self, work: &Work<'_>) -> Result<Vec<u8>, ProverError> {
        self.install(|| match work {
            Work::Wrap(statement, proven) => self.finish(statement, proven),
            _ => Ok(encode_proof(&self.member(work)?.proof)),
        })
    }

    /// The proof of the common shape.
    fn member(&self, work: &Work<'_>) -> Result<Proven, ProverError> {
        let circuits = self.circuits();
        let set = &circuits.set;
        match work {
            Work::Chunk(witness, size) => {
                let unit = circuits.chunk(*size).get()?;
                unit.wrap(&unit.prove(witness)?)
            }
            Work::Stream(witness) => {
                let unit = circuits.stream(witness.class()).get()?;
                unit.wrap(&unit.prove(witness)?)
            }
            Work::Node(left, right) => {
                let unit = match left.role.family() {
                    Family::Chunk => &circuits.chunk_node,
                    Family::Stream => &circuits.stream_node,
                    Family::Chain => &circuits.chain_node,
                };
                Ok(unit.get()?.prove(set, left, right)?)
            }
            Work::Seal { header, previous, chunk, stream } => {
                let (header, previous) = (*header, *previous);
                let witness = SealWitness { header, previous, chunk, stream };
                Ok(circuits.seal.get()?.prove(set, &witness)?.1)
            }
            Work::Wrap(_, proven) => Ok(Proven::clone(proven)),
        }
    }

    fn finish(&self, statement: &SealStatement, proven: &Proven) -> Result<Vec<u8>, ProverError> {
        let circuits = self.circuits();
        let unit = circuits.wrap.get()?;
        let wrapped = unit.finish(statement, &unit.shrink(&circuits.set, statement, proven)?)?;
        let EncodedProof(proof) = EncodedProof::encode(&self.keys().prove(&wrapped.witness)?);
        if self.keys().verifies(statement, &proof) {
            Ok(proof.concat())
        } else {
            Err(ProverError::Statement)
        }
    }
}

impl ProofTasks<'_> {
    /// What an assignment of the graph starts from. `inputs` are the results of the assignments that it needs, in that
    /// order, as [`crate::claim::Claim::check`] gives them.
    ///
    /// # Errors
    /// They are not those of this assignment.
    pub fn work<'w>(
        &'w self,
        assignment: &Assignment,
        inputs: &[&'w TaskOutput],
    ) -> Result<Work<'w>, ProverError> {
        let task = assignment.tasks.first().and_then(|&place| self.graph().tasks().get(place));
        let task = task.ok_or(ProverError::TaskInputs { kind: TaskKind::ChunkLeaf })?;
        let proofs = inputs.iter().filter_map(|input| match &input.0 {
            Output::Proven(proven) => Some(Cow::Borrowed(&**proven)),
            _ => None,
        });
        let mut proofs = proofs.fuse();
        let work = match (task.kind, proofs.next(), proofs.next()) {
            (TaskKind::ChunkLeaf, None, None) => {
                let chunk = self.chunk_of(task);
                Some(Work::Chunk(Cow::Borrowed(&chunk.witness), chunk.size))
            }
            (TaskKind::StreamLeaf, None, None) => {
                Some(Work::Stream(Cow::Borrowed(self.stream_of(task))))
            }
            (
                TaskKind::ChunkNode | TaskKind::StreamNode | TaskKind::ChainNode,
                Some(left),
                Some(right),
            ) => Some(Work::Node(left, right)),
            (TaskKind::Seal, Some(chunk), Some(stream)) => {
                self.batches.get(task.batch).map(|batch| Work::Seal {
                    header: batch.header,
                    previous: batch.previous_chain_hash,
                    chunk,
                    stream,
                })
            }
            (TaskKind::Shrink, Some(proven), None) => {
                self.seal().map(|statement| Work::Wrap(statement, proven))
            }
            _ => None,
        };
        work.ok_or(ProverError::TaskInputs { kind: task.kind })
    }
}

/// A proof of the common shape in another encoding's field: the position of its role, its statement's elements, its bytes.
mod carried {
    use cairn_circuits::{recursion::shape, serialize::decode_proof, statement::Statement};
    use plonky2::field::types::PrimeField64;
    use serde::{Deserializer, Serializer, de::Error};

    use super::{Cow, Deserialize, Proven, Role, Serialize, encode_proof};

    type Parts = (u8, Vec<u64>, Vec<u8>);

    pub(super) fn serialize<S: Serializer>(
        proven: &Proven,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let position = proven.role.position() as u8;
        let elements = proven.statement.elements().iter().map(|element| element.to_canonical_u64());
        let parts: Parts = (position, elements.collect(), encode_proof(&proven.proof));
        parts.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Cow<'static, Proven>, D::Error> {
        let (position, elements, proof) = Parts::deserialize(deserializer)?;
        let role = Role::all().find(|role| role.position() == usize::from(position));
        let role = role.ok_or_else(|| D::Error::custom("no circuit has this position"))?;
        let statement =
            Statement::from_elements(role.family().kind(), &elements).map_err(D::Error::custom)?;
        let proof = decode_proof(&proof, shape::common()).map_err(D::Error::custom)?;
        Ok(Cow::Owned(Proven { role, statement, proof }))
    }
}
