//! The proving pipeline: the tasks of one proof and what each needs. There is no other encoding of it: the local engine runs this
//! graph, and so does who schedules tasks on many machines, measures them, or simulates that.
//!
//! ```text
//! of each batch   chunk leaf -> wrapper -> node ... \
//!                                                     seal
//!                 stream leaf -> wrapper -> node .. /
//! of all batches  seals -> chain node ... -> shrink -> wrap -> groth16
//! of an exit                        exit -> shrink -> wrap -> groth16
//! ```
//!
//! The graph follows from the numbers of leaves alone, so that everyone has the same.

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
    /// The header over both trees of a batch, brought to the common shape.
    Seal,
    /// Two neighbouring ranges of batches.
    ChainNode,
    /// Leaves that leave a frozen rollup, brought to the common shape.
    Exit,
    /// Universal: from the common shape towards the last layer (shrink and squeeze).
    Shrink,
    /// Last plonky2 layer, hashed over BN254, and the witness of the SNARK's constraints.
    Wrap,
    /// The SNARK.
    Groth16,
}

impl TaskKind {
    /// All kinds, in the order of the pipeline: a task needs none of a later kind.
    pub const ALL: [Self; 12] = [
        Self::ChunkLeaf,
        Self::ChunkWrapper,
        Self::ChunkNode,
        Self::StreamLeaf,
        Self::StreamWrapper,
        Self::StreamNode,
        Self::Seal,
        Self::ChainNode,
        Self::Exit,
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
            Self::ChainNode => "chain-node",
            Self::Exit => "exit",
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

/// How many leaves a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaves {
    /// Chunk leaves; 0 is taken for 1, since the empty batch has one.
    pub chunks: usize,
    /// Stream leaves; 0 is taken for 1.
    pub streams: usize,
}

/// One task of a [`TaskGraph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it proves.
    pub kind: TaskKind,
    /// Position of its batch among those of the proof; 0 for what is of all batches.
    pub batch: usize,
    /// Which of its kind in its batch, from 0; the number of a leaf is its place in the batch's plan.
    pub index: usize,
    /// The tasks whose outputs it takes, in that order, by their place in the graph: all before it.
    pub needs: Vec<usize>,
}

/// The tasks of a proof in an order in which one worker can run them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskGraph {
    tasks: Vec<Task>,
}

impl TaskGraph {
    /// The graph of consecutive batches with so many leaves each; without batches there are no tasks.
    #[must_use]
    pub fn new(batches: &[Leaves]) -> Self {
        use TaskKind::*;
        let mut graph = Self { tasks: Vec::new() };
        let seals = batches.iter().enumerate().map(|(batch, leaves)| {
            let chunk = graph.tree(batch, [ChunkLeaf, ChunkWrapper, ChunkNode], leaves.chunks);
            let stream = graph.tree(batch, [StreamLeaf, StreamWrapper, StreamNode], leaves.streams);
            graph.add(Seal, batch, 0, vec![chunk, stream])
        });
        let seals = seals.collect();
        match graph.merge(0, ChainNode, seals) {
            Some(chain) => graph.finish(chain),
            None => graph,
        }
    }

    /// The graph of leaves that leave a frozen rollup.
    #[must_use]
    pub fn exit() -> Self {
        let mut graph = Self { tasks: Vec::new() };
        let exit = graph.add(TaskKind::Exit, 0, 0, Vec::new());
        graph.finish(exit)
    }

    /// The tasks; each stands after those that it needs, the SNARK last.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Places of the tasks of a kind, level by level: those of one level need none of their kind but of the levels before.
    #[must_use]
    pub fn levels(&self, kind: TaskKind) -> Vec<Vec<usize>> {
        let mut levels: Vec<Vec<usize>> = Vec::new();
        let mut level_of = vec![0; self.tasks.len()];
        for (place, task) in self.tasks.iter().enumerate().filter(|(_, task)| task.kind == kind) {
            let same = task.needs.iter().filter(|&&need| self.tasks[need].kind == kind);
            let level = same.map(|&need| level_of[need] + 1).max().unwrap_or(0);
            level_of[place] = level;
            match levels.get_mut(level) {
                Some(places) => places.push(place),
                // The level before has the task that this one needs.
                None => levels.push(vec![place]),
            }
        }
        levels
    }

    /// From a proof of the chain family to the SNARK.
    fn finish(mut self, chain: usize) -> Self {
        let shrink = self.add(TaskKind::Shrink, 0, 0, vec![chain]);
        let wrap = self.add(TaskKind::Wrap, 0, 0, vec![shrink]);
        self.add(TaskKind::Groth16, 0, 0, vec![wrap]);
        self
    }

    /// Leaves, wrappers and nodes of a batch. Returns the place of the root.
    fn tree(&mut self, batch: usize, [leaf, wrapper, node]: [TaskKind; 3], leaves: usize) -> usize {
        let leaves: Vec<_> =
            (0..leaves.max(1)).map(|index| self.add(leaf, batch, index, Vec::new())).collect();
        let wrappers = leaves
            .into_iter()
            .enumerate()
            .map(|(index, leaf)| self.add(wrapper, batch, index, vec![leaf]))
            .collect();
        self.merge(batch, node, wrappers).expect("there is a wrapper for each of 1 or more leaves")
    }

    /// Nodes that merge neighbours level by level; an odd last one moves up as it is. Returns the place of the root.
    fn merge(&mut self, batch: usize, node: TaskKind, mut level: Vec<usize>) -> Option<usize> {
        let mut nodes = 0;
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [_, _] => {
                        nodes += 1;
                        self.add(node, batch, nodes - 1, pair.to_vec())
                    }
                    odd => odd[0],
                })
                .collect();
        }
        level.pop()
    }

    fn add(&mut self, kind: TaskKind, batch: usize, index: usize, needs: Vec<usize>) -> usize {
        self.tasks.push(Task { kind, batch, index, needs });
        self.tasks.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (TaskKind, usize, usize, &'a [usize]);

    fn rows(graph: &TaskGraph) -> Vec<Row<'_>> {
        let tasks = graph.tasks().iter();
        tasks.map(|task| (task.kind, task.batch, task.index, &task.needs[..])).collect()
    }

    fn leaves(chunks: usize, streams: usize) -> Leaves {
        Leaves { chunks, streams }
    }

    fn count(graph: &TaskGraph, kind: TaskKind) -> usize {
        graph.tasks().iter().filter(|task| task.kind == kind).count()
    }

    #[test]
    fn one_batch_of_three_chunks_by_hand() {
        use TaskKind::*;
        let graph = TaskGraph::new(&[leaves(3, 1)]);
        let expected: [Row<'_>; 14] = [
            (ChunkLeaf, 0, 0, &[]),
            (ChunkLeaf, 0, 1, &[]),
            (ChunkLeaf, 0, 2, &[]),
            (ChunkWrapper, 0, 0, &[0]),
            (ChunkWrapper, 0, 1, &[1]),
            (ChunkWrapper, 0, 2, &[2]),
            (ChunkNode, 0, 0, &[3, 4]),
            (ChunkNode, 0, 1, &[6, 5]),
            (StreamLeaf, 0, 0, &[]),
            (StreamWrapper, 0, 0, &[8]),
            (Seal, 0, 0, &[7, 9]),
            (Shrink, 0, 0, &[10]),
            (Wrap, 0, 0, &[11]),
            (Groth16, 0, 0, &[12]),
        ];
        assert_eq!(rows(&graph), expected);
        assert_eq!(graph.levels(ChunkLeaf), [[0, 1, 2]]);
        assert_eq!(graph.levels(ChunkNode), [[6], [7]]);
        assert!(graph.levels(ChainNode).is_empty());
    }

    /// Each batch has its trees and its seal; the seals are merged in order, the odd last one by the second node.
    #[test]
    fn three_batches_by_hand() {
        use TaskKind::*;
        let graph = TaskGraph::new(&[leaves(1, 1), leaves(2, 1), leaves(1, 0)]);
        let expected: [Row<'_>; 22] = [
            (ChunkLeaf, 0, 0, &[]),
            (ChunkWrapper, 0, 0, &[0]),
            (StreamLeaf, 0, 0, &[]),
            (StreamWrapper, 0, 0, &[2]),
            (Seal, 0, 0, &[1, 3]),
            (ChunkLeaf, 1, 0, &[]),
            (ChunkLeaf, 1, 1, &[]),
            (ChunkWrapper, 1, 0, &[5]),
            (ChunkWrapper, 1, 1, &[6]),
            (ChunkNode, 1, 0, &[7, 8]),
            (StreamLeaf, 1, 0, &[]),
            (StreamWrapper, 1, 0, &[10]),
            (Seal, 1, 0, &[9, 11]),
            (ChunkLeaf, 2, 0, &[]),
            (ChunkWrapper, 2, 0, &[13]),
            (StreamLeaf, 2, 0, &[]),
            (StreamWrapper, 2, 0, &[15]),
            (Seal, 2, 0, &[14, 16]),
            (ChainNode, 0, 0, &[4, 12]),
            (ChainNode, 0, 1, &[18, 17]),
            (Shrink, 0, 0, &[19]),
            (Wrap, 0, 0, &[20]),
        ];
        let rows = rows(&graph);
        assert_eq!(rows[..22], expected);
        assert_eq!(rows[22..], [(Groth16, 0, 0, &[21][..])]);
        assert_eq!(graph.levels(ChunkLeaf), [[0, 5, 6, 13]]);
        assert_eq!(graph.levels(Seal), [[4, 12, 17]]);
        assert_eq!(graph.levels(ChainNode), [[18], [19]]);
    }

    #[test]
    fn an_exit_has_the_tail_of_the_pipeline() {
        use TaskKind::*;
        let graph = TaskGraph::exit();
        let expected: [Row<'_>; 4] =
            [(Exit, 0, 0, &[]), (Shrink, 0, 0, &[0]), (Wrap, 0, 0, &[1]), (Groth16, 0, 0, &[2])];
        assert_eq!(rows(&graph), expected);
        assert!(TaskGraph::new(&[]).tasks().is_empty());
    }

    #[test]
    fn every_tree_has_one_node_less_than_leaves_and_runs_in_order() {
        for (batches, tree) in [(1, 0), (1, 1), (1, 2), (2, 5), (5, 3), (3, 64), (64, 1), (2, 157)]
        {
            let graph = TaskGraph::new(&vec![leaves(tree, tree); batches]);
            assert_eq!(count(&graph, TaskKind::ChunkNode), batches * (tree.max(1) - 1));
            assert_eq!(count(&graph, TaskKind::StreamWrapper), batches * tree.max(1));
            assert_eq!(count(&graph, TaskKind::ChainNode), batches - 1);
            let tasks = graph.tasks();
            let mut used = vec![0; tasks.len()];
            for (place, task) in tasks.iter().enumerate() {
                for &need in &task.needs {
                    assert!(need < place && tasks[need].kind <= task.kind);
                    used[need] += 1;
                }
            }
            // Every output is taken once, but for the SNARK.
            assert!(used.split_last().is_some_and(|(snark, rest)| {
                *snark == 0 && rest.iter().all(|&uses| uses == 1)
            }));
            // Kind by kind and level by level, every task comes after what it needs, and none is left out.
            let order: Vec<usize> =
                TaskKind::ALL.into_iter().flat_map(|kind| graph.levels(kind)).flatten().collect();
            let mut done = vec![false; tasks.len()];
            for place in order {
                assert!(tasks[place].needs.iter().all(|&need| done[need]));
                done[place] = true;
            }
            assert!(done.into_iter().all(|done| done));
        }
    }
}
