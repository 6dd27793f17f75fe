//! The tasks of one proof, for who runs them: the local engine, whoever schedules them elsewhere, whoever measures them. Every
//! output's proof has been verified.

use std::ops::Range;

use cairn_circuits::{
    circuit_set::Size, config::Proof, recursion::Proven, seal::SealWitness,
    serialize::encode_proof, stream::StreamLeafWitness,
};
use cairn_types::{Header, SealStatement, StreamEnvironment};
use cairn_wrap::{groth16, r1cs::Builder};

use crate::{
    assignment::Assignment,
    circuits::Leaf,
    claim::SNARK_BYTES,
    error::ProverError,
    exit::ExitJob,
    graph::{Leaves, Task, TaskGraph, TaskKind},
    job::BatchJob,
    local::{ChunkShape, LocalProver},
    plan::{Plan, PlannedChunk},
    progress::Silent,
    run::Run,
    sequence::Sequence,
};

/// A proof cut into tasks.
#[derive(Debug)]
pub struct ProofTasks<'a> {
    pub(crate) prover: &'a LocalProver,
    pub(crate) batches: Vec<PlannedBatch>,
    exit: Option<&'a ExitJob>,
    graph: TaskGraph,
}

#[derive(Debug)]
pub(crate) struct PlannedBatch {
    pub(crate) header: Header,
    pub(crate) previous_chain_hash: [u8; 32],
    plan: Plan,
}

/// What a task hands on. Its proof has been verified.
#[derive(Debug)]
pub struct TaskOutput(pub(crate) Output);

#[derive(Debug)]
pub(crate) enum Output {
    Leaf(Box<Leaf>),
    Proven(Box<Proven>),
    /// Of the chain family.
    Chain(SealStatement, Box<Proven>),
    Shrunk(SealStatement, Box<Proof>),
    Wrapped(Wrapped),
    Snark(Box<groth16::Proof>),
    /// The SNARK as the contract takes it, from somebody else.
    Encoded([[u8; 32]; 8]),
}

/// All but the SNARK.
#[derive(Debug)]
pub(crate) struct Wrapped {
    /// The constraint system of the SNARK with its witness.
    pub(crate) witness: Builder,
    /// Bytes of the last plonky2 proof.
    pub(crate) proof_bytes: usize,
}

impl TaskOutput {
    /// Bytes of the proof in its serialized form; of the last two tasks, of the last plonky2 proof and of the SNARK.
    #[must_use]
    pub fn proof_bytes(&self) -> usize {
        match &self.0 {
            Output::Leaf(leaf) => encode_proof(&leaf.1).len(),
            Output::Shrunk(_, proof) => encode_proof(proof).len(),
            Output::Proven(proven) | Output::Chain(_, proven) => encode_proof(&proven.proof).len(),
            Output::Wrapped(wrapped) => wrapped.proof_bytes,
            Output::Snark(_) | Output::Encoded(_) => SNARK_BYTES,
        }
    }
}

impl<'a> ProofTasks<'a> {
    /// One proof of consecutive batches, cut into chunks of at most `operations` each.
    ///
    /// # Errors
    /// [`ProverError::Sequence`] if the batches do not follow each other, or a batch's opening lacks a leaf that an operation
    /// accesses.
    pub fn new(
        prover: &'a LocalProver,
        jobs: &[BatchJob],
        operations: usize,
    ) -> Result<Self, ProverError> {
        Self::of_batches(prover, &Sequence::new(jobs)?, operations)
    }

    /// As [`Self::new`], of batches that have been checked.
    pub(crate) fn of_batches(
        prover: &'a LocalProver,
        sequence: &Sequence<'_>,
        operations: usize,
    ) -> Result<Self, ProverError> {
        let circuit_set_root = prover.circuits().set_root();
        let batches = sequence.jobs.iter().zip(&sequence.headers).map(|(job, &header)| {
            let environment = StreamEnvironment { x: header.x, z: header.z, circuit_set_root };
            let plan = Plan::new(&job.witness, operations, environment)?;
            Ok(PlannedBatch { header, previous_chain_hash: job.previous_chain_hash, plan })
        });
        let batches = batches.collect::<Result<Vec<_>, ProverError>>()?;
        let leaves = batches.iter().map(|PlannedBatch { plan, .. }| Leaves {
            chunks: plan.chunks.len(),
            streams: plan.streams.len(),
        });
        let graph = TaskGraph::new(&leaves.collect::<Vec<_>>());
        Ok(Self { prover, batches, exit: None, graph })
    }

    /// One proof of leaves that exit.
    pub(crate) fn of_exit(prover: &'a LocalProver, job: &'a ExitJob) -> Self {
        Self { prover, batches: Vec::new(), exit: Some(job), graph: TaskGraph::exit() }
    }

    /// The tasks and what each needs.
    #[must_use]
    pub fn graph(&self) -> &TaskGraph {
        &self.graph
    }

    /// The operations of a chunk leaf of the first batch; empty if there is no such leaf.
    #[must_use]
    pub fn chunk(&self, index: usize) -> Range<usize> {
        self.first_batch_chunk(index).map(|chunk| chunk.operations.clone()).unwrap_or_default()
    }

    /// The size of the tables of a chunk leaf of the first batch, if there is such a leaf.
    #[must_use]
    pub fn chunk_shape(&self, index: usize) -> Option<ChunkShape> {
        self.first_batch_chunk(index).map(|chunk| chunk.size.into())
    }

    /// The size of the chunk that an assignment proves, if it proves one.
    #[must_use]
    pub fn chunk_size(&self, assignment: &Assignment) -> Option<Size> {
        let task = assignment.tasks.first().and_then(|&place| self.graph.tasks().get(place))?;
        (task.kind == TaskKind::ChunkLeaf).then(|| self.chunk_of(task).size)
    }

    /// The chunks of all batches.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &PlannedChunk> {
        self.batches.iter().flat_map(|batch| &batch.plan.chunks)
    }

    /// Reads the circuits of all tasks, which the first task to use them does otherwise. The keys of the SNARK are no circuit, see
    /// [`LocalProver::load_keys`].
    ///
    /// # Errors
    /// They cannot be read.
    pub fn load_circuits(&self) -> Result<(), ProverError> {
        let mut run = Run::to_the_end(&Silent);
        self.graph.tasks().iter().try_for_each(|task| self.prepare(task, &[], &mut run))
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
        self.prover.install(|| self.output(task, &inputs)).map(TaskOutput)
    }

    /// Reads what a task runs on, as a stage of its own, unless that is in memory. Of the inputs it needs those of earlier kinds
    /// only.
    pub(crate) fn prepare(
        &self,
        task: &Task,
        inputs: &[&Output],
        run: &mut Run<'_>,
    ) -> Result<(), ProverError> {
        let circuits = self.prover.circuits();
        match (task.kind, inputs) {
            (TaskKind::ChunkLeaf | TaskKind::ChunkWrapper, _) => {
                run.unit(circuits.chunk(self.chunk_of(task).size)).map(drop)
            }
            (TaskKind::StreamLeaf | TaskKind::StreamWrapper, _) => {
                run.unit(circuits.stream(self.stream_of(task).class())).map(drop)
            }
            (TaskKind::ChunkNode, _) => run.unit(&circuits.chunk_node).map(drop),
            (TaskKind::StreamNode, _) => run.unit(&circuits.stream_node).map(drop),
            (TaskKind::ChainNode, _) => run.unit(&circuits.chain_node).map(drop),
            (TaskKind::Seal, _) => run.unit(&circuits.seal).map(drop),
            (TaskKind::Exit, _) => run.unit(&circuits.exit).map(drop),
            (TaskKind::Shrink | TaskKind::Wrap, _) => run.unit(&circuits.wrap).map(drop),
            (TaskKind::Groth16, [Output::Wrapped(wrapped)]) => {
                self.prover.keys().prepare(&wrapped.witness, run)
            }
            (TaskKind::Groth16, _) => Ok(()),
        }
    }

    /// Runs a task on the current threads.
    pub(crate) fn output(&self, task: &Task, inputs: &[&Output]) -> Result<Output, ProverError> {
        let circuits = self.prover.circuits();
        let set = &circuits.set;
        Ok(match (task.kind, inputs) {
            (TaskKind::ChunkLeaf, []) => {
                let chunk = self.chunk_of(task);
                leaf(circuits.chunk(chunk.size).get()?.prove(&chunk.witness)?)
            }
            (TaskKind::StreamLeaf, []) => {
                let witness = self.stream_of(task);
                leaf(circuits.stream(witness.class()).get()?.prove(witness)?)
            }
            (TaskKind::ChunkWrapper, [Output::Leaf(leaf)]) => {
                proven(circuits.chunk(self.chunk_of(task).size).get()?.wrap(leaf)?)
            }
            (TaskKind::StreamWrapper, [Output::Leaf(leaf)]) => {
                proven(circuits.stream(self.stream_of(task).class()).get()?.wrap(leaf)?)
            }
            (TaskKind::ChunkNode, [Output::Proven(left), Output::Proven(right)]) => {
                proven(circuits.chunk_node.get()?.prove(set, left, right)?)
            }
            (TaskKind::StreamNode, [Output::Proven(left), Output::Proven(right)]) => {
                proven(circuits.stream_node.get()?.prove(set, left, right)?)
            }
            (TaskKind::Seal, [Output::Proven(chunk), Output::Proven(stream)]) => {
                let PlannedBatch { header, previous_chain_hash, .. } = &self.batches[task.batch];
                let (header, previous) = (*header, *previous_chain_hash);
                let witness = SealWitness { header, previous, chunk, stream };
                chain(circuits.seal.get()?.prove(set, &witness)?)
            }
            (TaskKind::ChainNode, [Output::Chain(first, left), Output::Chain(last, right)]) => {
                let statement = SealStatement { to: last.to, ..*first };
                chain((statement, circuits.chain_node.get()?.prove(set, left, right)?))
            }
            (TaskKind::Exit, []) => {
                let job = self.exit.ok_or(ProverError::TaskInputs { kind: task.kind })?;
                chain(circuits.exit.get()?.prove(circuits.set_root(), &job.witness)?)
            }
            (TaskKind::Shrink, [Output::Chain(statement, proven)]) => {
                let shrunk = circuits.wrap.get()?.shrink(set, statement, proven)?;
                Output::Shrunk(*statement, Box::new(shrunk))
            }
            (TaskKind::Wrap, [Output::Shrunk(statement, proof)]) => {
                Output::Wrapped(circuits.wrap.get()?.finish(statement, proof)?)
            }
            (TaskKind::Groth16, [Output::Wrapped(wrapped)]) => {
                Output::Snark(Box::new(self.prover.keys().prove(&wrapped.witness)?))
            }
            (kind, _) => return Err(ProverError::TaskInputs { kind }),
        })
    }

    pub(crate) fn chunk_of(&self, task: &Task) -> &PlannedChunk {
        &self.batches[task.batch].plan.chunks[task.index]
    }

    pub(crate) fn stream_of(&self, task: &Task) -> &StreamLeafWitness {
        &self.batches[task.batch].plan.streams[task.index]
    }

    fn first_batch_chunk(&self, index: usize) -> Option<&PlannedChunk> {
        self.batches.first()?.plan.chunks.get(index)
    }
}

fn leaf(leaf: Leaf) -> Output {
    Output::Leaf(Box::new(leaf))
}

fn proven(proven: Proven) -> Output {
    Output::Proven(Box::new(proven))
}

fn chain((statement, proven): (SealStatement, Proven)) -> Output {
    Output::Chain(statement, Box::new(proven))
}
