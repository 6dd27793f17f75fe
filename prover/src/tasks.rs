//! A batch's proof task by task, for who schedules the tasks or measures them. Every output's proof has been verified.

use std::ops::Range;

use ark_std::rand::rngs::OsRng;
use cairn_circuits::{
    config::Proof, recursion::Proven, seal::SealWitness, serialize::encode_proof,
};
use cairn_types::{Header, SealStatement, StreamEnvironment};
use cairn_wrap::{groth16, r1cs::Builder};

use crate::{
    circuits::Leaf,
    error::ProverError,
    graph::{TaskGraph, TaskKind},
    job::BatchJob,
    local::{ChunkShape, LocalProver},
    plan::Plan,
};

/// Bytes of the SNARK as the contract takes it.
const SNARK_BYTES: usize = 256;

/// A batch cut into tasks.
#[derive(Debug)]
pub struct BatchTasks<'a> {
    prover: &'a LocalProver,
    job: &'a BatchJob,
    header: Header,
    plan: Plan,
    graph: TaskGraph,
}

/// What a task hands on. Its proof has been verified.
#[derive(Debug)]
pub struct TaskOutput(Output);

#[derive(Debug)]
enum Output {
    Leaf(Box<Leaf>),
    Proven(Box<Proven>),
    Sealed(SealStatement, Box<Proven>),
    Shrunk(SealStatement, Box<Proof>),
    Wrapped { witness: Box<Builder>, proof_bytes: usize },
    Snark,
}

impl TaskOutput {
    /// Bytes of the proof in its serialized form; of the last two tasks, of the last plonky2 proof and of the SNARK.
    #[must_use]
    pub fn proof_bytes(&self) -> usize {
        match &self.0 {
            Output::Leaf(leaf) => encode_proof(&leaf.1).len(),
            Output::Shrunk(_, proof) => encode_proof(proof).len(),
            Output::Proven(proven) | Output::Sealed(_, proven) => encode_proof(&proven.proof).len(),
            Output::Wrapped { proof_bytes, .. } => *proof_bytes,
            Output::Snark => SNARK_BYTES,
        }
    }
}

impl<'a> BatchTasks<'a> {
    /// Cuts the batch into chunks of at most `operations` each.
    ///
    /// # Errors
    /// If the batch's opening lacks a leaf that an operation accesses.
    pub fn new(
        prover: &'a LocalProver,
        job: &'a BatchJob,
        operations: usize,
    ) -> Result<Self, ProverError> {
        let header = job.header();
        let Header { x, z, .. } = header;
        let environment = StreamEnvironment { x, z, circuit_set_root: prover.circuit_set_root() };
        let plan = Plan::new(&job.witness, operations, environment)?;
        let graph = TaskGraph::new(plan.chunks.len(), plan.streams.len());
        Ok(Self { prover, job, header, plan, graph })
    }

    /// The tasks and what each needs.
    #[must_use]
    pub fn graph(&self) -> &TaskGraph {
        &self.graph
    }

    /// The operations of a chunk leaf; empty if there is no such leaf.
    #[must_use]
    pub fn chunk(&self, index: usize) -> Range<usize> {
        self.plan.chunks.get(index).map(|chunk| chunk.operations.clone()).unwrap_or_default()
    }

    /// The size of the tables of a chunk leaf, if there is such a leaf.
    #[must_use]
    pub fn chunk_shape(&self, index: usize) -> Option<ChunkShape> {
        self.plan.chunks.get(index).map(|chunk| chunk.size.into())
    }

    /// Reads the circuits that the batch needs, which the first task to use them does otherwise.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn load_circuits(&self) -> Result<(), ProverError> {
        let circuits = self.prover.circuits();
        self.plan.sizes().try_for_each(|size| circuits.chunk(size).get().map(drop))?;
        if self.plan.chunks.len() > 1 {
            circuits.chunk_node.get()?;
        }
        for witness in &self.plan.streams {
            circuits.stream(witness.class()).get()?;
        }
        if self.plan.streams.len() > 1 {
            circuits.stream_node.get()?;
        }
        circuits.seal.get()?;
        circuits.wrap.get().map(drop)
    }

    /// Runs the task at this place of the graph on the prover's threads. `inputs` are the outputs of the tasks that it needs,
    /// in that order.
    ///
    /// # Errors
    /// The witness is not that of a valid batch, or the inputs are not those of this task.
    ///
    /// # Panics
    /// If the graph has no such place.
    pub fn run(&self, place: usize, inputs: &[&TaskOutput]) -> Result<TaskOutput, ProverError> {
        let task = &self.graph.tasks()[place];
        let inputs: Vec<_> = inputs.iter().map(|input| &input.0).collect();
        self.prover.install(|| self.output(task.kind, task.index, &inputs)).map(TaskOutput)
    }

    fn output(
        &self,
        kind: TaskKind,
        index: usize,
        inputs: &[&Output],
    ) -> Result<Output, ProverError> {
        let circuits = self.prover.circuits();
        Ok(match (kind, inputs) {
            (TaskKind::ChunkLeaf, []) => {
                let chunk = &self.plan.chunks[index];
                leaf(circuits.chunk(chunk.size).get()?.prove(&chunk.witness)?)
            }
            (TaskKind::StreamLeaf, []) => {
                let witness = &self.plan.streams[index];
                leaf(circuits.stream(witness.class()).get()?.prove(witness)?)
            }
            (TaskKind::ChunkWrapper, [Output::Leaf(leaf)]) => {
                proven(circuits.chunk(self.plan.chunks[index].size).get()?.wrap(leaf)?)
            }
            (TaskKind::StreamWrapper, [Output::Leaf(leaf)]) => {
                proven(circuits.stream(self.plan.streams[index].class()).get()?.wrap(leaf)?)
            }
            (TaskKind::ChunkNode, [Output::Proven(left), Output::Proven(right)]) => {
                proven(circuits.chunk_node.get()?.prove(&circuits.set, left, right)?)
            }
            (TaskKind::StreamNode, [Output::Proven(left), Output::Proven(right)]) => {
                proven(circuits.stream_node.get()?.prove(&circuits.set, left, right)?)
            }
            (TaskKind::Seal, [Output::Proven(chunk), Output::Proven(stream)]) => {
                let previous = self.job.previous_chain_hash;
                let witness = SealWitness { header: self.header, previous, chunk, stream };
                let (statement, proven) =
                    circuits.seal.get()?.prove(&circuits.set, &witness, || ())?;
                Output::Sealed(statement, Box::new(proven))
            }
            (TaskKind::Shrink, [Output::Sealed(statement, proven)]) => {
                let prover = circuits.wrap.get()?;
                let shrunk = prover.shrink.prove(&circuits.set, statement, proven)?;
                Output::Shrunk(*statement, Box::new(prover.squeeze.prove(&shrunk)?))
            }
            (TaskKind::Wrap, [Output::Shrunk(statement, proof)]) => {
                let prover = circuits.wrap.get()?;
                let wrapped = prover.wrap(proof)?;
                let proof_bytes = wrapped.to_bytes().len();
                let witness = Box::new(prover.synthesize(statement, &wrapped)?);
                Output::Wrapped { witness, proof_bytes }
            }
            (TaskKind::Groth16, [Output::Wrapped { witness, .. }]) => {
                groth16::prove(self.prover.keys().proving(witness)?, witness, &mut OsRng)?;
                Output::Snark
            }
            (kind, _) => return Err(ProverError::TaskInputs { kind }),
        })
    }
}

fn leaf(leaf: Leaf) -> Output {
    Output::Leaf(Box::new(leaf))
}

fn proven(proven: Proven) -> Output {
    Output::Proven(Box::new(proven))
}
