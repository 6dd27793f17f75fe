//! How long each task of a proof takes, as records have it.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_time_is_named_and_nodes_stand_in_for_each_other() {
        let times = TaskTimes::from_fn(1, 2, |task| (task == TaskKind::ChunkNode).then_some(3.0));
        assert_eq!(times.seconds(TaskKind::StreamNode).unwrap(), 3.0);
        assert_eq!(times.seconds(TaskKind::ChainNode).unwrap(), 3.0);
        let error = times.work(&times.graph(2)).unwrap_err();
        assert!(error.to_string().contains("chunk-leaf"), "{error}");
    }

    /// 100 transfers a chunk, two a word, 4,096 words a stream leaf.
    #[test]
    fn leaves_by_hand() {
        let times = TaskTimes::from_fn(1, 100, |_| None);
        assert_eq!(times.leaves(150), Leaves { chunks: 2, streams: 1 });
        assert_eq!(times.leaves(8_193), Leaves { chunks: 82, streams: 2 });
    }
}
