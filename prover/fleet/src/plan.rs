//! A proof cut into assignments, as the fleet sees it: what each starts from, and whether a result holds.

use bytes::Bytes;
use cairn_prover::{
    BatchJob, BatchesProof, LocalProver, ProofTasks, ProverError, TaskOutput,
    assignment::Assignment,
    claim::{AssignmentId, Claim},
    graph::TaskKind,
    measure::StageTime,
    progress::Stage,
};

use crate::queue::Queue;

/// A proof's assignments in an order in which one worker can run them; the last one's result is the proof.
pub trait Plan {
    /// What a result comes to once it holds.
    type Output;

    /// The assignments.
    fn assignments(&self) -> &[Assignment];

    /// Its name.
    fn id(&self, place: usize) -> &AssignmentId;

    /// Where it waits.
    fn queue(&self, place: usize) -> Queue;

    /// What it starts from; `inputs` are the outputs of those that it needs, in that order.
    ///
    /// # Errors
    /// They are others.
    fn work(&self, place: usize, inputs: &[&Self::Output]) -> Result<Bytes, ProverError>;

    /// Holds a result from anyone against what it must prove.
    ///
    /// # Errors
    /// Why it does not hold.
    fn check(&self, place: usize, result: &[u8]) -> Result<Self::Output, String>;

    /// The stage whose steps an assignment's end is.
    fn stage(&self, place: usize) -> Stage;
}

/// Real batches.
#[derive(Debug)]
pub struct BatchesPlan<'a> {
    prover: &'a LocalProver,
    tasks: ProofTasks<'a>,
    assignments: Vec<Assignment>,
    claims: Vec<Claim>,
    ids: Vec<AssignmentId>,
}

impl<'a> BatchesPlan<'a> {
    /// One proof of consecutive batches, its chunks of at most `operations` each.
    ///
    /// # Errors
    /// The batches do not follow each other.
    pub fn new(
        prover: &'a LocalProver,
        jobs: &[BatchJob],
        operations: usize,
    ) -> Result<Self, ProverError> {
        let tasks = ProofTasks::new(prover, jobs, operations)?;
        let assignments = tasks.graph().assignments();
        let claims = tasks.claims(&assignments)?;
        let ids = tasks.ids(&assignments, &claims)?;
        Ok(Self { prover, tasks, assignments, claims, ids })
    }

    /// The proof of all batches, from the output of the last assignment.
    ///
    /// # Errors
    /// It is another's.
    pub fn proof(
        &self,
        last: &TaskOutput,
        stages: Vec<StageTime>,
    ) -> Result<BatchesProof, ProverError> {
        self.tasks.proof(last, stages)
    }

    fn kind(&self, place: usize, last: bool) -> TaskKind {
        let tasks = self.assignments.get(place).map(|assignment| &assignment.tasks[..]);
        let task = tasks.and_then(|tasks| if last { tasks.last() } else { tasks.first() });
        let task = task.and_then(|&task| self.tasks.graph().tasks().get(task));
        task.map_or(TaskKind::Groth16, |task| task.kind)
    }
}

impl Plan for BatchesPlan<'_> {
    type Output = TaskOutput;

    fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    fn id(&self, place: usize) -> &AssignmentId {
        &self.ids[place]
    }

    fn queue(&self, place: usize) -> Queue {
        let size = self.tasks.chunk_size(&self.assignments[place]);
        match (self.kind(place, false), size) {
            (TaskKind::ChunkLeaf, Some(size)) => Queue::of_chunk(size),
            (TaskKind::StreamLeaf | TaskKind::ChunkLeaf, _) => Queue::LeafSmall,
            (TaskKind::Shrink, _) => Queue::Wrap,
            _ => Queue::Recursion,
        }
    }

    fn work(&self, place: usize, inputs: &[&TaskOutput]) -> Result<Bytes, ProverError> {
        Ok(self.tasks.work(&self.assignments[place], inputs)?.to_bytes().into())
    }

    fn check(&self, place: usize, result: &[u8]) -> Result<TaskOutput, String> {
        let checked = self.claims[place].check(self.prover, result);
        checked.map_err(|refusal| refusal.to_string())
    }

    fn stage(&self, place: usize) -> Stage {
        Stage::Tasks(self.kind(place, false))
    }
}
