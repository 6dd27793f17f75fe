//! What one worker runs at a time: a task of the graph, and the tasks that go on from its output alone where it was made.
//!
//! ```text
//! leaf        chunk leaf -> wrapper | stream leaf -> wrapper
//! recursion   chunk node | stream node | seal | chain node
//! wrap        shrink -> wrap -> groth16
//! ```
//!
//! Between assignments travel proofs of the common shape, all of one size; a leaf's proof and the witness of the SNARK,
//! which are larger, stay where they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::{TaskGraph, TaskKind};

/// Assignments that want the same circuits and about as much of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Proves operations or words from their witness.
    Leaf,
    /// Merges proofs.
    Recursion,
    /// Ends the pipeline with the SNARK.
    Wrap,
}

impl Class {
    /// All, in the order of the pipeline.
    pub const ALL: [Self; 3] = [Self::Leaf, Self::Recursion, Self::Wrap];

    /// Its name on command lines, in messages and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::Recursion => "recursion",
            Self::Wrap => "wrap",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl TaskKind {
    /// The class of its assignment.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::ChunkLeaf
            | Self::ChunkWrapper
            | Self::StreamLeaf
            | Self::StreamWrapper
            | Self::Exit => Class::Leaf,
            Self::ChunkNode | Self::StreamNode | Self::Seal | Self::ChainNode => Class::Recursion,
            Self::Shrink | Self::Wrap | Self::Groth16 => Class::Wrap,
        }
    }
}

/// Tasks that one worker runs one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What a worker must be able to do.
    pub class: Class,
    /// The tasks by their places in the graph: each but the first takes the output of the one before, and nothing else.
    pub tasks: Vec<usize>,
    /// The assignments whose last outputs the first task takes, in that order, by their places: all before this one.
    pub needs: Vec<usize>,
}

impl TaskGraph {
    /// The graph cut into assignments, in an order in which one worker can run them.
    #[must_use]
    pub fn assignments(&self) -> Vec<Assignment> {
        let mut assignments: Vec<Assignment> = Vec::new();
        let mut assignment_of = Vec::with_capacity(self.tasks().len());
        for (place, task) in self.tasks().iter().enumerate() {
            let class = task.kind.class();
            let needs: Vec<usize> = task.needs.iter().map(|&need| assignment_of[need]).collect();
            // A recursion's task merges two: what it makes is wanted elsewhere.
            let before = match needs[..] {
                [before] if class != Class::Recursion && assignments[before].class == class => {
                    before
                }
                _ => {
                    assignments.push(Assignment { class, tasks: Vec::new(), needs });
                    assignments.len() - 1
                }
            };
            assignments[before].tasks.push(place);
            assignment_of.push(before);
        }
        assignments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Leaves;

    #[test]
    fn leaves_and_the_end_of_the_pipeline_stay_where_they_are() {
        use Class::*;
        let graph = TaskGraph::new(&[Leaves { chunks: 3, streams: 1 }]);
        let assignments = graph.assignments();
        let rows: Vec<_> =
            assignments.iter().map(|a| (a.class, &a.tasks[..], &a.needs[..])).collect();
        let expected: [(Class, &[usize], &[usize]); 8] = [
            (Leaf, &[0, 3], &[]),
            (Leaf, &[1, 4], &[]),
            (Leaf, &[2, 5], &[]),
            (Recursion, &[6], &[0, 1]),
            (Recursion, &[7], &[3, 2]),
            (Leaf, &[8, 9], &[]),
            (Recursion, &[10], &[4, 5]),
            (Wrap, &[11, 12, 13], &[6]),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn each_task_is_in_one_assignment_after_all_that_it_needs() {
        for batches in [1, 2, 5] {
            let graph = TaskGraph::new(&vec![Leaves { chunks: 7, streams: 2 }; batches]);
            let mut places: Vec<usize> = Vec::new();
            for (place, assignment) in graph.assignments().iter().enumerate() {
                assert!(assignment.needs.iter().all(|&need| need < place));
                for pair in assignment.tasks.windows(2) {
                    assert_eq!(graph.tasks()[pair[1]].needs, pair[..1]);
                }
                places.extend(&assignment.tasks);
            }
            places.sort_unstable();
            assert!(places.into_iter().eq(0..graph.tasks().len()));
        }
    }
}
