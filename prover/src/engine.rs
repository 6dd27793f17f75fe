//! The local engine: one batch from witness to SNARK on this machine's cores.
//!
//! ```text
//! chunk leaves -> wrappers -> nodes \
//!                                     seal -> wrapper -> shrink -> squeeze -> wrap -> groth16
//! stream leaves -> wrappers -> nodes /
//! ```
//!
//! Every proof is verified before the next stage uses it: the circuits' own `prove` functions do.

use cairn_circuits::{
    circuit_set::CircuitSet,
    recursion::{Node, Proven},
    seal::SealWitness,
};
use cairn_types::{Header, SealStatement, StreamEnvironment};
use rayon::prelude::*;

use crate::{
    circuits::Circuits,
    error::ProverError,
    job::BatchJob,
    measure::{StageTime, Stopwatch},
    memory,
    on_demand::{OnDemand, Unit},
    plan::Plan,
    progress::{Progress, Stage},
    side_by_side::side_by_side,
};

/// A sealed batch: everything but the SNARK.
#[derive(Debug)]
pub(crate) struct SealedBatch {
    pub(crate) header: Header,
    pub(crate) statement: SealStatement,
    pub(crate) proven: Proven,
    pub(crate) chunks: usize,
}

/// Times the stages of one run and tells the listener.
pub(crate) struct Run<'a> {
    progress: &'a dyn Progress,
    pub(crate) stages: Vec<StageTime>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, stages: Vec::new() }
    }

    /// Runs a stage of `total` steps; the work calls its argument once a step.
    pub(crate) fn stage<T>(
        &mut self,
        stage: Stage,
        total: usize,
        work: impl FnOnce(&(dyn Fn() + Sync)) -> Result<T, ProverError>,
    ) -> Result<T, ProverError> {
        let watch = Stopwatch::start();
        self.progress.begin(stage, total);
        let result = work(&|| self.progress.step(stage));
        self.progress.end(stage);
        let time = watch.stop(stage.name());
        match self.stages.iter_mut().find(|earlier| earlier.name == time.name) {
            Some(earlier) => earlier.add(&time),
            None => self.stages.push(time),
        }
        result
    }

    /// A unit of circuits; reading it is a stage of its own, not a part of the stage that needs it.
    pub(crate) fn unit<'u, T: Unit>(
        &mut self,
        unit: &'u OnDemand<T>,
    ) -> Result<&'u T, ProverError> {
        match unit.loaded() {
            Some(loaded) => Ok(loaded),
            None => self.stage(Stage::Circuits, 1, |step| unit.get().inspect(|_| step())),
        }
    }
}

/// Proves a batch, in chunks of at most so many operations each, up to its seal, wrapped to the common shape.
pub(crate) fn seal_batch(
    circuits: &Circuits,
    job: &BatchJob,
    operations: usize,
    run: &mut Run<'_>,
) -> Result<SealedBatch, ProverError> {
    let batch = &job.witness;
    let header = job.header();
    let Header { x, z, .. } = header;
    let environment = StreamEnvironment { x, z, circuit_set_root: circuits.set_root() };
    let plan = Plan::new(batch, operations, environment)?;
    let set = &circuits.set;

    let provers = plan
        .chunks
        .iter()
        .map(|chunk| run.unit(circuits.chunk(chunk.size)))
        .collect::<Result<Vec<_>, _>>()?;
    let leaves = run.stage(Stage::ChunkLeaf, plan.chunks.len(), |step| {
        // Where the system does not tell, one at a time.
        let free_mb = memory::available_mb().unwrap_or(0);
        let at_a_time = plan.chunks_at_a_time(rayon::current_num_threads(), free_mb);
        let chunks = plan.chunks.iter().zip(&provers).collect();
        side_by_side(chunks, at_a_time, |(chunk, prover)| {
            prover.prove(&chunk.witness).inspect(|_| step())
        })
    })?;
    let node = node_of(&circuits.chunk_node, leaves.len(), run)?;
    let chunk = run.stage(Stage::ChunkNodes, 2 * leaves.len() - 1, |step| {
        let wrapped = provers
            .par_iter()
            .zip(&leaves)
            .map(|(prover, leaf)| prover.wrap(leaf).inspect(|_| step()))
            .collect::<Result<Vec<_>, ProverError>>()?;
        merge(set, node, wrapped, step)
    })?;

    let provers = plan
        .streams
        .iter()
        .map(|witness| run.unit(circuits.stream(witness.class())))
        .collect::<Result<Vec<_>, _>>()?;
    let node = node_of(&circuits.stream_node, plan.streams.len(), run)?;
    let stream = run.stage(Stage::Streams, 3 * plan.streams.len() - 1, |step| {
        let leaves = provers
            .par_iter()
            .zip(&plan.streams)
            .map(|(prover, witness)| prover.prove(witness).inspect(|_| step()))
            .collect::<Result<Vec<_>, ProverError>>()?;
        let wrapped = provers
            .par_iter()
            .zip(&leaves)
            .map(|(prover, leaf)| prover.wrap(leaf).inspect(|_| step()))
            .collect::<Result<Vec<_>, ProverError>>()?;
        merge(set, node, wrapped, step)
    })?;

    let prover = run.unit(&circuits.seal)?;
    let (statement, proven) = run.stage(Stage::Seal, 2, |step| {
        let previous = job.previous_chain_hash;
        let witness = SealWitness { header, previous, chunk: &chunk, stream: &stream };
        prover.prove(set, &witness, step)
    })?;
    Ok(SealedBatch { header, statement, proven, chunks: plan.chunks.len() })
}

/// The node of a tree over so many leaves; none for a single one.
fn node_of<'u>(
    unit: &'u OnDemand<Node>,
    leaves: usize,
    run: &mut Run<'_>,
) -> Result<Option<&'u Node>, ProverError> {
    (leaves > 1).then(|| run.unit(unit)).transpose()
}

/// Merges neighbours, level by level; an odd last one moves up as it is.
fn merge(
    set: &CircuitSet,
    node: Option<&Node>,
    mut level: Vec<Proven>,
    step: &(dyn Fn() + Sync),
) -> Result<Proven, ProverError> {
    while let (Some(node), true) = (node, level.len() > 1) {
        level = level
            .par_chunks(2)
            .map(|pair| match pair {
                [left, right] => Ok(node.prove(set, left, right).inspect(|_| step())?),
                rest => Ok(rest[0].clone()),
            })
            .collect::<Result<_, ProverError>>()?;
    }
    level.pop().ok_or(ProverError::EmptyPlan)
}
