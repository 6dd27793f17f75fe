//! What the result of an assignment must prove. It follows from the batches alone, so that a result counts whoever made it.

use std::fmt;

use cairn_circuits::{
    circuit_set::{Family, Role, Size},
    recursion::{Proven, RecursionError, shape},
    serialize::{DecodeError, decode_proof},
    statement::Statement,
};
use cairn_types::{KIND_BATCHES, SealStatement};
use plonky2::field::types::PrimeField64;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{
    assignment::Assignment,
    engine::BatchesProof,
    error::ProverError,
    graph::{Task, TaskKind},
    local::LocalProver,
    measure::StageTime,
    tasks::{Output, ProofTasks, TaskOutput},
};

/// Bytes of the SNARK as the contract takes it.
pub(crate) const SNARK_BYTES: usize = 256;

/// Bytes of the hash in a name: nobody finds two claims with the same by 2^64 tries.
const ID_BYTES: usize = 16;

/// Letters of the longest name.
const LONGEST_ID: usize = 100;

/// Names what an assignment proves, by which circuits and keys: whoever has a result of this name has what the name says.
/// Shown as the batch, what it is of it, and the start of a hash over all of that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AssignmentId(String);

impl AssignmentId {
    /// A name from anyone: lower case letters, digits and hyphens, fit for the name of a file or a part of one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(is_fit);
        fits.then(|| Self(text.to_owned()))
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for AssignmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| D::Error::custom("no name of an assignment"))
    }
}

impl fmt::Display for AssignmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a result must prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// This statement, by the circuit in this role.
    Member {
        /// The circuit.
        role: Role,
        /// What it proves.
        statement: Statement,
    },
    /// This statement, by the SNARK.
    Snark(SealStatement),
}

/// A result that is not what it should be.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The bytes are no proof of the common shape.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The bytes are no SNARK.
    #[error("a SNARK has {SNARK_BYTES} bytes, got {got}")]
    Length {
        /// Bytes found.
        got: usize,
    },
    /// The proof does not hold for the statement.
    #[error(transparent)]
    Member(#[from] RecursionError),
    /// The SNARK does not hold for the statement.
    #[error("the SNARK does not hold for the batches that were given")]
    Snark,
}

impl Claim {
    /// Checks a result from anyone. Takes some milliseconds.
    ///
    /// # Errors
    /// It is no proof of this claim.
    pub fn check(&self, prover: &LocalProver, bytes: &[u8]) -> Result<TaskOutput, Refusal> {
        let output = match self {
            Self::Member { role, statement } => {
                let proof = decode_proof(bytes, shape::common())?;
                let proven = Proven { role: *role, statement: statement.clone(), proof };
                proven.verify(&prover.circuits().set)?;
                Output::Proven(Box::new(proven))
            }
            Self::Snark(statement) => {
                let (words, rest) = bytes.as_chunks();
                let proof = <[[u8; 32]; 8]>::try_from(words).ok().filter(|_| rest.is_empty());
                let proof = proof.ok_or(Refusal::Length { got: bytes.len() })?;
                if !prover.keys().verifies(statement, &proof) {
                    return Err(Refusal::Snark);
                }
                Output::Encoded(proof)
            }
        };
        Ok(TaskOutput(output))
    }

    /// A hash over what is claimed, with the SNARK's keys.
    fn digest(&self, keys: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"cairn assignment 1");
        hash.update(keys);
        let (position, statement) = match self {
            Self::Member { role, statement } => (role.position() as u8, statement.clone()),
            Self::Snark(statement) => (u8::MAX, Statement::from(statement)),
        };
        hash.update([position]);
        // The root of the circuit set is among them.
        for element in statement.elements() {
            hash.update(element.to_canonical_u64().to_le_bytes());
        }
        hash.finalize().into()
    }
}

impl ProofTasks<'_> {
    /// What each of these assignments of the graph must prove, in their order.
    ///
    /// # Errors
    /// They are not the graph's, or the batches do not make one proof.
    pub fn claims(&self, assignments: &[Assignment]) -> Result<Vec<Claim>, ProverError> {
        let mut claims: Vec<Claim> = Vec::with_capacity(assignments.len());
        for assignment in assignments {
            let needs: Vec<_> =
                assignment.needs.iter().filter_map(|&need| claims.get(need)).collect();
            let task = self.last_task(assignment)?;
            let claim = self.claim(task, &needs);
            claims.push(claim.ok_or(ProverError::TaskInputs { kind: task.kind })?);
        }
        Ok(claims)
    }

    /// Names of assignments by their claims.
    ///
    /// # Errors
    /// They are not the graph's.
    pub fn ids(
        &self,
        assignments: &[Assignment],
        claims: &[Claim],
    ) -> Result<Vec<AssignmentId>, ProverError> {
        let keys = self.prover.keys().verifying_key_hash();
        let ids = assignments.iter().zip(claims).map(|(assignment, claim)| {
            let task = self.last_task(assignment)?;
            let batch = self.batches.get(task.batch).map_or(0, |batch| batch.header.number);
            let digest = claim.digest(&keys);
            let (digest, _) = digest.split_at(ID_BYTES);
            let Task { kind, index, .. } = task;
            Ok(AssignmentId(format!("{batch}-{kind}-{index}-{}", hex::encode(digest))))
        });
        ids.collect()
    }

    fn last_task(&self, assignment: &Assignment) -> Result<&Task, ProverError> {
        let place = assignment.tasks.last().and_then(|&place| self.graph().tasks().get(place));
        place.ok_or(ProverError::TaskInputs { kind: TaskKind::Groth16 })
    }

    /// What a task must prove; `needs` are the claims of those that it needs.
    fn claim(&self, task: &Task, needs: &[&Claim]) -> Option<Claim> {
        let member = |role, statement| Some(Claim::Member { role, statement });
        let merged = |family| match needs {
            [Claim::Member { statement: left, .. }, Claim::Member { statement: right, .. }] => {
                member(Role::Node(family), left.then(right)?)
            }
            _ => None,
        };
        match task.kind {
            TaskKind::ChunkWrapper => {
                let chunk = self.chunk_of(task);
                let role = Role::Wrapper(Family::Chunk, chunk.size);
                member(role, Statement::from(&chunk.witness.statement()))
            }
            TaskKind::StreamWrapper => {
                let witness = self.stream_of(task);
                let role = Role::Wrapper(Family::Stream, witness.class().size());
                member(role, Statement::from(&witness.statement()))
            }
            TaskKind::ChunkNode => merged(Family::Chunk),
            TaskKind::StreamNode => merged(Family::Stream),
            TaskKind::ChainNode => merged(Family::Chain),
            TaskKind::Seal => {
                let statement = self.seal_of(task.batch, task.batch)?;
                member(Role::Wrapper(Family::Chain, Size::Small), Statement::from(&statement))
            }
            TaskKind::Groth16 => self.seal().map(Claim::Snark),
            _ => None,
        }
    }

    /// The proof of all batches, from the result of the last assignment.
    ///
    /// # Errors
    /// It is the result of another.
    pub fn proof(
        &self,
        last: &TaskOutput,
        stages: Vec<StageTime>,
    ) -> Result<BatchesProof, ProverError> {
        match (&last.0, self.seal()) {
            (Output::Encoded(proof), Some(seal)) => {
                let headers = self.batches.iter().map(|batch| batch.header).collect();
                let chunks = self.chunks().count();
                Ok(BatchesProof { headers, seal, proof: *proof, chunks, stages })
            }
            _ => Err(ProverError::TaskInputs { kind: TaskKind::Groth16 }),
        }
    }

    /// What a proof of all batches states.
    pub(crate) fn seal(&self) -> Option<SealStatement> {
        self.seal_of(0, self.batches.len().checked_sub(1)?)
    }

    /// What a proof of these batches states.
    fn seal_of(&self, first: usize, last: usize) -> Option<SealStatement> {
        let from = self.batches.get(first)?.previous_chain_hash;
        let last = self.batches.get(last)?;
        let to = last.header.chain_hash(&last.previous_chain_hash);
        let circuit_set_root = self.prover.circuits().set_root();
        Some(SealStatement { kind: KIND_BATCHES, circuit_set_root, from, to })
    }
}
