//! A batch's task graph on many workers, by discrete events.
//!
//! Workers are alike and take one task at a time. A task is ready when all that it needs is done; whenever a worker is free it takes
//! the ready task of the oldest batch that has the longest way to the SNARK (list scheduling by critical path). Proofs travel in no time.

use std::{cmp::Reverse, collections::BinaryHeap};

use cairn_prover::{
    graph::{Leaves, TaskGraph, TaskKind},
    plan,
};

use crate::{
    data::Data,
    error::BenchError,
    record::{Record, Workload},
    sample::Second,
    stages::Stage,
};

/// How long each task takes on one worker.
#[derive(Debug, Clone)]
pub struct TaskTimes {
    /// Threads of that worker.
    pub threads: usize,
    /// Operations of a chunk at the most.
    pub chunk: usize,
    /// Where the batch's data goes.
    pub data: Data,
    /// By the order of [`TaskKind::ALL`].
    seconds: [Option<Second>; TaskKind::ALL.len()],
    /// Where they are from, for messages.
    source: String,
}

impl TaskTimes {
    /// Median times of these records; of a task that is in two of them, the first one's.
    ///
    /// A node of one tree stands in for a node of another: they are of one shape.
    ///
    /// # Errors
    /// Records of different circuits, chunk sizes, threads, instructions or places of the data.
    pub fn from_records<'a>(
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Self, BenchError> {
        let mut records = records.into_iter();
        let first =
            records.next().ok_or_else(|| BenchError::usage("expected at least one record"))?;
        let mut times = Self::of(first);
        for record in records {
            same_work(first, record)?;
            let more = Self::of(record);
            for (time, other) in times.seconds.iter_mut().zip(more.seconds) {
                *time = time.or(other);
            }
            times.source = "the records".to_owned();
        }
        Ok(times)
    }

    /// Seconds of a task.
    ///
    /// # Errors
    /// [`BenchError::NoTime`].
    pub fn seconds(&self, task: TaskKind) -> Result<Second, BenchError> {
        const NODES: &[TaskKind] =
            &[TaskKind::ChunkNode, TaskKind::StreamNode, TaskKind::ChainNode];
        let of = |kind: TaskKind| {
            let place = TaskKind::ALL.iter().position(|&other| other == kind)?;
            self.seconds[place]
        };
        let twins = if NODES.contains(&task) { NODES } else { &[] };
        of(task).or_else(|| twins.iter().find_map(|&node| of(node))).ok_or_else(|| {
            BenchError::NoTime {
                task: task.name(),
                records: self.source.clone(),
                stage: Stage::of_task(task).name(),
            }
        })
    }

    /// The leaves of a batch of so many short transfers.
    #[must_use]
    pub fn leaves(&self, transfers: usize) -> Leaves {
        let streams = plan::stream_leaves(self.data == Data::Blobs, transfers.div_ceil(2));
        Leaves { chunks: transfers.div_ceil(self.chunk), streams }
    }

    /// The tasks of a batch of so many short transfers.
    #[must_use]
    pub fn graph(&self, transfers: usize) -> TaskGraph {
        TaskGraph::new(&[self.leaves(transfers)])
    }

    /// Seconds of all tasks of a graph one after the other.
    ///
    /// # Errors
    /// [`BenchError::NoTime`].
    pub fn work(&self, graph: &TaskGraph) -> Result<Second, BenchError> {
        graph.tasks().iter().map(|task| self.seconds(task.kind)).sum()
    }

    fn of(record: &Record) -> Self {
        let Workload { threads, chunk, data, .. } = record.workload;
        let source = format!("the record of stage {}", record.workload.stage);
        let seconds = TaskKind::ALL.map(|task| record.task_s(task));
        Self { threads, chunk, data, seconds, source }
    }

    /// Times for tests.
    #[cfg(test)]
    pub(crate) fn from_fn(
        threads: usize,
        chunk: usize,
        seconds: impl Fn(TaskKind) -> Option<Second>,
    ) -> Self {
        let (seconds, source) = (TaskKind::ALL.map(seconds), "a test".to_owned());
        Self { threads, chunk, data: Data::Blobs, seconds, source }
    }
}

/// Fails unless the task times of two records can be used together.
fn same_work(a: &Record, b: &Record) -> Result<(), BenchError> {
    let fields = |record: &Record| {
        let Workload { threads, chunk, data, .. } = record.workload;
        [
            ("circuits", record.circuits.set_root.clone()),
            ("threads", threads.to_string()),
            ("chunk", chunk.to_string()),
            ("data", data.name().to_owned()),
            ("instructions", record.build.features.join(" ")),
        ]
    };
    for ((what, a), (_, b)) in fields(a).into_iter().zip(fields(b)) {
        if a != b {
            return Err(BenchError::Incomparable { what, a, b });
        }
    }
    Ok(())
}

/// What came of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// From the start to the first batch's SNARK.
    pub latency_s: Second,
    /// From the start to the last SNARK.
    pub makespan_s: Second,
    /// Of the workers' time until then, the part in which they worked.
    pub efficiency: f64,
}

/// Proves so many batches of this graph, all there from the start, on so many workers.
///
/// # Errors
/// [`BenchError::NoTime`].
pub fn simulate(
    graph: &TaskGraph,
    times: &TaskTimes,
    workers: usize,
    batches: usize,
) -> Result<Outcome, BenchError> {
    let tasks = graph.tasks();
    let nanoseconds = tasks
        .iter()
        .map(|task| Ok((times.seconds(task.kind)? * 1e9).round() as u64))
        .collect::<Result<Vec<u64>, BenchError>>()?;

    // The task that takes each output, and the time from a task's start to the SNARK.
    let mut next = vec![None; tasks.len()];
    for (place, task) in tasks.iter().enumerate() {
        task.needs.iter().for_each(|&need| next[need] = Some(place));
    }
    let mut to_end = nanoseconds.clone();
    for place in (0..tasks.len()).rev() {
        to_end[place] += next[place].map_or(0, |next: usize| to_end[next]);
    }

    let urgency = |batch: usize, place: usize| (Reverse(batch), to_end[place], Reverse(place));
    let mut missing: Vec<Vec<usize>> =
        vec![tasks.iter().map(|task| task.needs.len()).collect(); batches];
    let mut ready: BinaryHeap<_> = (0..batches)
        .flat_map(|batch| (0..tasks.len()).map(move |place| (batch, place)))
        .filter(|&(_, place)| tasks[place].needs.is_empty())
        .map(|(batch, place)| urgency(batch, place))
        .collect();
    let mut running = BinaryHeap::new();
    let (mut now, mut first_done) = (0, None);
    loop {
        while running.len() < workers {
            let Some((Reverse(batch), _, Reverse(place))) = ready.pop() else { break };
            running.push(Reverse((now + nanoseconds[place], batch, place)));
        }
        let Some(Reverse((time, batch, place))) = running.pop() else { break };
        now = time;
        match next[place] {
            Some(next) => {
                missing[batch][next] -= 1;
                if missing[batch][next] == 0 {
                    ready.push(urgency(batch, next));
                }
            }
            None if batch == 0 => first_done = Some(now),
            None => {}
        }
    }
    let seconds = |time: u64| time as f64 / 1e9;
    let work = seconds(nanoseconds.iter().sum::<u64>() * batches as u64);
    Ok(Outcome {
        latency_s: seconds(first_done.unwrap_or(now)),
        makespan_s: seconds(now),
        efficiency: work / (workers as f64 * seconds(now)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunk leaf 4 s, stream leaf 2 s, all else 1 s.
    fn times() -> TaskTimes {
        TaskTimes::from_fn(2, 100, |task| {
            Some(match task {
                TaskKind::ChunkLeaf => 4.0,
                TaskKind::StreamLeaf => 2.0,
                _ => 1.0,
            })
        })
    }

    fn graph(chunks: usize, streams: usize) -> TaskGraph {
        TaskGraph::new(&[Leaves { chunks, streams }])
    }

    /// Two chunks, one stream leaf: `4 + 4 + 1 + 1 + 1` and `2 + 1`, then four tasks of a second.
    fn run(workers: usize, batches: usize) -> (f64, f64, f64) {
        let outcome = simulate(&graph(2, 1), &times(), workers, batches).unwrap();
        (outcome.latency_s, outcome.makespan_s, outcome.efficiency)
    }

    #[test]
    fn one_worker_does_all_in_turn() {
        assert_eq!(times().work(&graph(2, 1)).unwrap(), 18.0);
        assert_eq!(run(1, 1), (18.0, 18.0, 1.0));
        assert_eq!(run(1, 3), (18.0, 54.0, 1.0));
    }

    /// 0 to 4 both chunk leaves; 4 to 6 the stream leaf beside both wrappers; 6 to 7 node and stream wrapper; 7 to 11 the rest.
    #[test]
    fn two_workers_by_hand() {
        assert_eq!(run(2, 1), (11.0, 11.0, 18.0 / 22.0));
    }

    /// The critical path: 4 + 1 + 1 + 4.
    #[test]
    fn more_workers_than_tasks_take_the_critical_path() {
        assert_eq!(run(3, 1), (10.0, 10.0, 18.0 / 30.0));
        assert_eq!(run(1_000, 1), (10.0, 10.0, 18.0 / 10_000.0));
        assert_eq!(run(1_000, 7).1, 10.0);
    }

    /// Batch 0 is not delayed. Batch 1: its first leaf 3-7 where the stream tasks of batch 0 were, its second 5-9 where a wrapper of
    /// batch 0 was, its stream leaf 7-9 after the first leaf, wrappers 9-10, node beside stream wrapper 10-11, the rest 11-15.
    #[test]
    fn a_second_batch_fills_the_gaps() {
        assert_eq!(run(3, 2), (10.0, 15.0, 36.0 / 45.0));
    }

    #[test]
    fn a_missing_time_is_named_and_nodes_stand_in_for_each_other() {
        let times = TaskTimes::from_fn(1, 2, |task| (task == TaskKind::ChunkNode).then_some(3.0));
        assert_eq!(times.seconds(TaskKind::StreamNode).unwrap(), 3.0);
        assert_eq!(times.seconds(TaskKind::ChainNode).unwrap(), 3.0);
        let error = simulate(&graph(1, 1), &times, 1, 1).unwrap_err();
        assert!(error.to_string().contains("chunk-leaf"), "{error}");
    }
}
