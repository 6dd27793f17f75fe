//! A plan and a worker's work that take no time: a result is a hash of what it was made from.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use cairn_fleet::{message::Version, payload::sha256, plan::Plan, queue::Queue, worker::Perform};
use cairn_prover::{
    ProverError,
    assignment::Assignment,
    claim::AssignmentId,
    graph::{Leaves, TaskGraph, TaskKind},
    progress::Stage,
};

pub(crate) fn version() -> Version {
    Version { circuits: "c1".to_owned(), keys: "k1".to_owned() }
}

/// A proof of one batch with so many leaves.
pub(crate) struct TestPlan {
    graph: TaskGraph,
    assignments: Vec<Assignment>,
    ids: Vec<AssignmentId>,
    /// Bytes of a leaf's witness.
    witness: usize,
    /// An assignment that nobody can do.
    poison: Option<usize>,
}

impl TestPlan {
    pub(crate) fn new(batch: u32, leaves: usize) -> Self {
        let graph = TaskGraph::new(&[Leaves { chunks: leaves, streams: 1 }]);
        let assignments = graph.assignments();
        let ids = assignments.iter().map(|assignment| {
            let task = &graph.tasks()[*assignment.tasks.last().unwrap()];
            AssignmentId::new(&format!("{batch}-{}-{}", task.kind, task.index)).unwrap()
        });
        let ids = ids.collect();
        Self { graph, assignments, ids, witness: 1_000, poison: None }
    }

    /// With so many bytes of witness a leaf.
    pub(crate) fn with_witness(self, witness: usize) -> Self {
        Self { witness, ..self }
    }

    /// With an assignment that makes every worker fail.
    pub(crate) fn with_poison(self, place: usize) -> Self {
        Self { poison: Some(place), ..self }
    }
}

impl Plan for TestPlan {
    type Output = Vec<u8>;

    fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    fn id(&self, place: usize) -> &AssignmentId {
        &self.ids[place]
    }

    fn queue(&self, place: usize) -> Queue {
        let first = self.assignments[place].tasks[0];
        match self.graph.tasks()[first].kind {
            TaskKind::ChunkLeaf | TaskKind::StreamLeaf => Queue::LeafSmall,
            TaskKind::Shrink => Queue::Wrap,
            _ => Queue::Recursion,
        }
    }

    fn work(&self, place: usize, inputs: &[&Vec<u8>]) -> Result<Bytes, ProverError> {
        let mut work = self.ids[place].as_str().as_bytes().to_vec();
        work.push(if self.poison == Some(place) { POISON } else { b' ' });
        inputs.iter().for_each(|input| work.extend_from_slice(input));
        if inputs.is_empty() {
            work.extend((0..self.witness).map(|i| (i * 7 % 251) as u8));
        }
        Ok(work.into())
    }

    fn check(&self, place: usize, result: &[u8]) -> Result<Vec<u8>, String> {
        let name = self.ids[place].as_str().as_bytes();
        match result.strip_prefix(name) {
            Some(hash) if hash.len() == 64 => Ok(result.to_vec()),
            _ => Err("it is of something else".to_owned()),
        }
    }

    fn stage(&self, place: usize) -> Stage {
        Stage::Tasks(self.graph.tasks()[self.assignments[place].tasks[0]].kind)
    }
}

const POISON: u8 = b'!';

/// What a worker does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    #[default]
    Honest,
    /// A result of nothing.
    Forge,
    /// The result of another assignment, which it has done before.
    Swap,
    /// It cannot.
    Fail,
    Panic,
    /// Of other circuits.
    Old,
    /// A result that no message holds.
    Huge,
}

/// Hashes, after so long.
#[derive(Debug, Default)]
pub(crate) struct Hasher {
    pub(crate) delay: Duration,
    /// So long besides, the first time.
    pub(crate) first: Duration,
    pub(crate) way: Way,
    pub(crate) done: AtomicU64,
    pub(crate) begun: AtomicBool,
    /// It holds what it has until this is set.
    pub(crate) held: Option<AtomicBool>,
}

impl Hasher {
    pub(crate) fn after(milliseconds: u64) -> Self {
        Self { delay: Duration::from_millis(milliseconds), ..Self::default() }
    }

    pub(crate) fn that(way: Way) -> Self {
        Self { way, ..Self::default() }
    }

    pub(crate) fn count(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }
}

impl Perform for Hasher {
    fn version(&self) -> Version {
        match self.way {
            Way::Old => Version { circuits: "c0".to_owned(), keys: "k1".to_owned() },
            _ => version(),
        }
    }

    fn perform(&self, work: &[u8]) -> Result<Vec<u8>, String> {
        let first =
            if self.begun.swap(true, Ordering::SeqCst) { Duration::ZERO } else { self.first };
        std::thread::sleep(self.delay + first);
        while self.held.as_ref().is_some_and(|held| !held.load(Ordering::SeqCst)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let end = work.iter().position(|&byte| byte == b' ' || byte == POISON);
        let (name, rest) = work.split_at(end.ok_or("no work")?);
        if rest[0] == POISON {
            return Err("a witness that nobody can prove".to_owned());
        }
        self.done.fetch_add(1, Ordering::SeqCst);
        match self.way {
            Way::Honest | Way::Old => Ok([name, sha256(rest).as_bytes()].concat()),
            Way::Forge => Ok(b"nothing".to_vec()),
            Way::Swap => Ok([b"9-chunk-wrapper-9", sha256(rest).as_bytes()].concat()),
            Way::Fail => Err("the disk is full".to_owned()),
            Way::Panic => panic!("a bug"),
            Way::Huge => Ok(vec![7; 3 << 20]),
        }
    }
}
