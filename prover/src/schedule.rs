//! Runs a proof's tasks on this machine's cores: kind after kind in the order of the pipeline, level after level. The tasks of a level
//! run at the same time; chunk leaves as many as the memory holds, each on its share of the cores, all others by work stealing.

use rayon::prelude::*;

use crate::{
    error::ProverError,
    graph::TaskKind,
    memory, plan,
    progress::Stage,
    run::Run,
    side_by_side::side_by_side,
    tasks::{Output, ProofTasks},
};

/// Runs all tasks up to those of the kind `last`, and returns the output of its last one: of the SNARK and the kinds before it, there
/// is one task.
///
/// # Errors
/// A task's, or [`ProverError::Cancelled`].
pub(crate) fn run(
    tasks: &ProofTasks<'_>,
    last: TaskKind,
    run: &mut Run<'_>,
) -> Result<Output, ProverError> {
    let graph = tasks.graph();
    let all = graph.tasks();
    let mut outputs: Vec<Option<Output>> = all.iter().map(|_| None).collect();
    for kind in TaskKind::ALL.into_iter().filter(|kind| *kind <= last) {
        let levels = graph.levels(kind);
        let total = levels.iter().map(Vec::len).sum();
        if total == 0 {
            continue;
        }
        for &place in levels.iter().flatten() {
            tasks.prepare(&all[place], &inputs(&outputs, &all[place].needs), run)?;
        }
        run.stage(Stage::Tasks(kind), total, |steps| {
            for level in levels {
                let work = |place: usize| {
                    let task = &all[place];
                    steps.run(|| tasks.output(task, &inputs(&outputs, &task.needs)))
                };
                let made = match kind {
                    TaskKind::ChunkLeaf => side_by_side(level.clone(), chunks(tasks), work),
                    _ => level.par_iter().map(|&place| work(place)).collect(),
                };
                for (place, output) in level.into_iter().zip(made?) {
                    // Nobody else takes these.
                    all[place].needs.iter().for_each(|&need| outputs[need] = None);
                    outputs[place] = Some(output);
                }
            }
            Ok(())
        })?;
    }
    let output = outputs.into_iter().flatten().next_back();
    output.ok_or(ProverError::TaskInputs { kind: last })
}

/// The outputs at these places, as far as they are there.
fn inputs<'o>(outputs: &'o [Option<Output>], needs: &[usize]) -> Vec<&'o Output> {
    needs.iter().filter_map(|&need| outputs[need].as_ref()).collect()
}

/// Chunk leaves to prove at a time.
fn chunks(tasks: &ProofTasks<'_>) -> usize {
    // Where the system does not tell, one at a time.
    let free_mb = memory::available_mb().unwrap_or(0);
    let chunks: Vec<_> = tasks.chunks().collect();
    plan::chunks_at_a_time(&chunks, rayon::current_num_threads(), free_mb)
}
