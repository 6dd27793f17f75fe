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
    recursion::{Node, Proven, Wrapper},
    statement::Statement,
};
use cairn_types::{Header, SealStatement, StreamEnvironment};
use rayon::prelude::*;

use crate::{
    circuits::{Circuits, Leaf},
    error::ProverError,
    job::BatchJob,
    measure::{StageTime, Stopwatch},
    plan::Plan,
    progress::{Progress, Stage},
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
        self.stages.push(watch.stop(stage.name()));
        result
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
    let header = batch.header(job.number);
    let environment = StreamEnvironment { x: header.x, circuit_set_root: circuits.set_root() };
    let plan = Plan::new(batch, operations, environment)?;
    let set = &circuits.set;

    let sizes: Vec<_> = plan.sizes().collect();
    run.stage(Stage::ChunkCircuits, sizes.len(), |step| {
        sizes.iter().try_for_each(|&size| circuits.chunks.get(size).map(|_| step()))
    })?;
    let leaves = run.stage(Stage::ChunkLeaf, plan.chunks.len(), |step| {
        // One after the other, each on all cores: a large chunk fills the memory, a small one shares its work well.
        plan.chunks
            .iter()
            .map(|chunk| {
                let prover = circuits.chunks.get(chunk.size)?;
                let leaf = prover.prove(&chunk.witness)?;
                step();
                Ok((prover, leaf))
            })
            .collect::<Result<Vec<_>, ProverError>>()
    })?;
    let chunk = run.stage(Stage::ChunkNodes, 2 * leaves.len() - 1, |step| {
        let wrapped = leaves
            .par_iter()
            .map(|(prover, leaf)| {
                let proven = prover.wrap(leaf)?;
                step();
                Ok(proven)
            })
            .collect::<Result<Vec<_>, ProverError>>()?;
        merge(set, &circuits.chunk_node, wrapped, step)
    })?;

    let stream = run.stage(Stage::Streams, 3 * plan.streams.len() - 1, |step| {
        let leaves = plan
            .streams
            .par_iter()
            .map(|witness| {
                let leaf = circuits.stream_leaf(witness)?;
                step();
                Ok(leaf)
            })
            .collect::<Result<Vec<_>, ProverError>>()?;
        let wrapped = wrap_all(&circuits.stream_wrapper, leaves, step)?;
        merge(set, &circuits.stream_node, wrapped, step)
    })?;

    let (statement, proven) = run.stage(Stage::Seal, 2, |step| {
        let (statement, proof) = circuits.seal(job, header, &chunk, &stream)?;
        step();
        let proven = circuits.seal_wrapper.prove(Statement::from(&statement), &proof)?;
        step();
        Ok((statement, proven))
    })?;
    Ok(SealedBatch { header, statement, proven, chunks: plan.chunks.len() })
}

fn wrap_all(
    wrapper: &Wrapper,
    leaves: Vec<Leaf>,
    step: &(dyn Fn() + Sync),
) -> Result<Vec<Proven>, ProverError> {
    leaves
        .into_par_iter()
        .map(|(statement, proof)| {
            let proven = wrapper.prove(statement, &proof)?;
            step();
            Ok(proven)
        })
        .collect()
}

/// Merges neighbours, level by level; an odd last one moves up as it is.
fn merge(
    set: &cairn_circuits::circuit_set::CircuitSet,
    node: &Node,
    mut level: Vec<Proven>,
    step: &(dyn Fn() + Sync),
) -> Result<Proven, ProverError> {
    while level.len() > 1 {
        level = level
            .par_chunks(2)
            .map(|pair| match pair {
                [left, right] => {
                    let proven = node.prove(set, left, right)?;
                    step();
                    Ok(proven)
                }
                rest => Ok(rest[0].clone()),
            })
            .collect::<Result<_, ProverError>>()?;
    }
    level.pop().ok_or(ProverError::EmptyPlan)
}
