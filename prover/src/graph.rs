//! The tasks of a batch's proof and what each needs: for who schedules them on many machines, or simulates that.
//!
//! ```text
//! chunk leaf -> wrapper -> node ... \
//!                                     seal -> shrink -> wrap -> groth16
//! stream leaf -> wrapper -> node .. /
//! ```
//!
//! The graph follows from the number of leaves alone, so that everyone has the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a task proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// The operations of one chunk.
    ChunkLeaf,
    /// A chunk leaf's proof, verified in a proof of the common shape.
    ChunkWrapper,
    /// Two neighbours of the chunk tree.
    ChunkNode,
    /// The words of one stream leaf.
    StreamLeaf,
    /// As [`Self::ChunkWrapper`].
    StreamWrapper,
    /// As [`Self::ChunkNode`].
    StreamNode,
    /// The header over both trees, brought to the common shape.
    Seal,
    /// Universal: from the common shape towards the last layer (shrink and squeeze).
    Shrink,
    /// Last plonky2 layer, hashed over BN254, and the witness of the SNARK's constraints.
    Wrap,
    /// The SNARK.
    Groth16,
}

impl TaskKind {
    /// All kinds, in the order of the pipeline.
    pub const ALL: [Self; 10] = [
        Self::ChunkLeaf,
        Self::ChunkWrapper,
        Self::ChunkNode,
        Self::StreamLeaf,
        Self::StreamWrapper,
        Self::StreamNode,
        Self::Seal,
        Self::Shrink,
        Self::Wrap,
        Self::Groth16,
    ];

    /// As records and reports print it; also its serialized form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChunkLeaf => "chunk-leaf",
            Self::ChunkWrapper => "chunk-wrapper",
            Self::ChunkNode => "chunk-node",
            Self::StreamLeaf => "stream-leaf",
            Self::StreamWrapper => "stream-wrapper",
            Self::StreamNode => "stream-node",
            Self::Seal => "seal",
            Self::Shrink => "shrink",
            Self::Wrap => "wrap",
            Self::Groth16 => "groth16",
        }
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One task of a [`TaskGraph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it proves.
    pub kind: TaskKind,
    /// Which of its kind, from 0; the number of a leaf is its place in the plan.
    pub index: usize,
    /// The tasks whose outputs it takes, in that order, by their place in the graph: all before it.
    pub needs: Vec<usize>,
}

/// The tasks of a batch in an order in which one worker can run them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskGraph {
    tasks: Vec<Task>,
}

impl TaskGraph {
    /// The graph of a batch with so many chunk leaves and stream leaves; a count of 0 is taken for 1, since the empty batch
    /// has one of each.
    #[must_use]
    pub fn new(chunks: usize, streams: usize) -> Self {
        use TaskKind::*;
        let mut graph = Self { tasks: Vec::new() };
        let chunk = graph.tree([ChunkLeaf, ChunkWrapper, ChunkNode], chunks.max(1));
        let stream = graph.tree([StreamLeaf, StreamWrapper, StreamNode], streams.max(1));
        let seal = graph.add(Seal, 0, vec![chunk, stream]);
        let shrink = graph.add(Shrink, 0, vec![seal]);
        let wrap = graph.add(Wrap, 0, vec![shrink]);
        graph.add(Groth16, 0, vec![wrap]);
        graph
    }

    /// The tasks; each stands after those that it needs, the SNARK last.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Leaves, wrappers, and nodes that merge neighbours level by level; an odd last one moves up as it is. Returns the
    /// place of the root.
    fn tree(&mut self, [leaf, wrapper, node]: [TaskKind; 3], leaves: usize) -> usize {
        let leaves: Vec<_> = (0..leaves).map(|i| self.add(leaf, i, Vec::new())).collect();
        let mut level: Vec<_> = leaves
            .into_iter()
            .enumerate()
            .map(|(i, leaf)| self.add(wrapper, i, vec![leaf]))
            .collect();
        let mut nodes = 0;
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [_, _] => {
                        nodes += 1;
                        self.add(node, nodes - 1, pair.to_vec())
                    }
                    odd => odd[0],
                })
                .collect();
        }
        level[0]
    }

    fn add(&mut self, kind: TaskKind, index: usize, needs: Vec<usize>) -> usize {
        self.tasks.push(Task { kind, index, needs });
        self.tasks.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(graph: &TaskGraph, kind: TaskKind) -> usize {
        graph.tasks().iter().filter(|task| task.kind == kind).count()
    }

    #[test]
    fn three_chunks_and_one_stream_leaf_by_hand() {
        use TaskKind::*;
        let graph = TaskGraph::new(3, 1);
        let tasks: Vec<_> =
            graph.tasks().iter().map(|task| (task.kind, task.index, &task.needs[..])).collect();
        let expected: [(TaskKind, usize, &[usize]); 14] = [
            (ChunkLeaf, 0, &[]),
            (ChunkLeaf, 1, &[]),
            (ChunkLeaf, 2, &[]),
            (ChunkWrapper, 0, &[0]),
            (ChunkWrapper, 1, &[1]),
            (ChunkWrapper, 2, &[2]),
            (ChunkNode, 0, &[3, 4]),
            (ChunkNode, 1, &[6, 5]),
            (StreamLeaf, 0, &[]),
            (StreamWrapper, 0, &[8]),
            (Seal, 0, &[7, 9]),
            (Shrink, 0, &[10]),
            (Wrap, 0, &[11]),
            (Groth16, 0, &[12]),
        ];
        assert_eq!(tasks, expected);
    }

    #[test]
    fn every_tree_has_one_node_less_than_leaves_and_runs_in_order() {
        for leaves in [0, 1, 2, 5, 64, 157] {
            let graph = TaskGraph::new(leaves, leaves);
            assert_eq!(count(&graph, TaskKind::ChunkNode), leaves.max(1) - 1);
            assert_eq!(count(&graph, TaskKind::StreamWrapper), leaves.max(1));
            let mut used = vec![0; graph.tasks().len()];
            for (place, task) in graph.tasks().iter().enumerate() {
                assert!(task.needs.iter().all(|&need| need < place));
                task.needs.iter().for_each(|&need| used[need] += 1);
            }
            // Every output is taken once, but for the SNARK.
            assert!(used.split_last().is_some_and(|(snark, rest)| {
                *snark == 0 && rest.iter().all(|&uses| uses == 1)
            }));
        }
    }
}
