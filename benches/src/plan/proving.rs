//! Batches on a fleet of workers: those that wait when a worker has nothing to do share a proof.

use std::{collections::HashMap, rc::Rc};

use cairn_prover::graph::TaskGraph;

use super::batches::Batch;
use crate::{
    error::BenchError,
    schedule::{Nanosecond, Queue, Work, run},
    times::TaskTimes,
};

/// How many batches share a proof, as `[proving]` of the configuration has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sharing {
    /// Batches, at the most.
    pub batches: usize,
    /// Their operations, at the most, where they are more than one.
    pub operations: usize,
}

/// What a fleet made of batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// When each batch and all before it had their proof: L1 takes proofs in order.
    pub at: Vec<Nanosecond>,
    /// The batches of each proof, by the place after its last.
    pub ends: Vec<usize>,
    /// Proofs that were under way at the same time, at the most.
    pub at_a_time: usize,
    /// Time of all tasks.
    pub work: Nanosecond,
}

impl Proven {
    /// Proves batches, in the order in which they were sealed, on so many workers, at least one.
    ///
    /// # Errors
    /// A task has no time.
    pub fn new(
        batches: &[Batch],
        times: &TaskTimes,
        sharing: Sharing,
        workers: usize,
    ) -> Result<Self, BenchError> {
        let (works, ends, begun) = (HashMap::new(), Vec::new(), Vec::new());
        let mut queue = Sealed { batches, times, sharing, works, ends, begun, work: 0 };
        let made = run(&mut queue, workers)?.ends;
        let (mut at, mut last) = (Vec::with_capacity(batches.len()), 0_u64);
        for (&end, made) in queue.ends.iter().zip(&made) {
            last = last.max(*made);
            at.resize(end, last);
        }
        let at_a_time = at_a_time(&queue.begun, made);
        Ok(Self { at, ends: queue.ends, at_a_time, work: queue.work })
    }

    /// The same with as many workers as can help, and a proof for each batch: no fleet is faster.
    ///
    /// # Errors
    /// A task has no time.
    pub fn at_best(batches: &[Batch], times: &TaskTimes) -> Result<Self, BenchError> {
        let alone = Sharing { batches: 1, operations: 0 };
        Self::new(batches, times, alone, usize::MAX)
    }
}

/// Sealed batches. The last one of each proof that has begun is known by the place after it.
struct Sealed<'a> {
    batches: &'a [Batch],
    times: &'a TaskTimes,
    sharing: Sharing,
    /// Of proofs by the leaves of their batches.
    works: HashMap<Vec<(usize, usize)>, Rc<Work>>,
    ends: Vec<usize>,
    /// When each proof began.
    begun: Vec<Nanosecond>,
    work: Nanosecond,
}

/// The most proofs that were under way at a time, of those that began and ended then.
fn at_a_time(begun: &[Nanosecond], mut ended: Vec<Nanosecond>) -> usize {
    ended.sort_unstable();
    let under_way = |(before, begun): (usize, &Nanosecond)| {
        (before + 1).saturating_sub(ended.partition_point(|end| end <= begun))
    };
    begun.iter().enumerate().map(under_way).max().unwrap_or(0)
}

impl Sealed<'_> {
    /// The first batch that is in no proof.
    fn next(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    fn work(&mut self, batches: &[Batch]) -> Result<Rc<Work>, BenchError> {
        let leaves: Vec<_> =
            batches.iter().map(|batch| self.times.leaves(batch.transfers.len())).collect();
        let key: Vec<_> = leaves.iter().map(|leaves| (leaves.chunks, leaves.streams)).collect();
        if let Some(work) = self.works.get(&key) {
            return Ok(Rc::clone(work));
        }
        let work = Rc::new(Work::new(&TaskGraph::new(&leaves), self.times)?);
        self.works.insert(key, Rc::clone(&work));
        Ok(work)
    }
}

impl Queue for Sealed<'_> {
    fn begin(&mut self, now: Nanosecond) -> Result<Option<Rc<Work>>, BenchError> {
        let (batches, first) = (self.batches, self.next());
        let (mut end, mut operations) = (first, 0);
        for batch in batches[first..].iter().take_while(|batch| batch.sealed <= now) {
            operations += batch.transfers.len();
            let count = end + 1 - first;
            let fits = count <= self.sharing.batches && operations <= self.sharing.operations;
            if count > 1 && !fits {
                break;
            }
            end += 1;
        }
        if end == first {
            return Ok(None);
        }
        self.ends.push(end);
        self.begun.push(now);
        let work = self.work(&batches[first..end])?;
        self.work += work.total();
        Ok(Some(work))
    }

    fn next_arrival(&self) -> Option<Nanosecond> {
        self.batches.get(self.next()).map(|batch| batch.sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::arrivals::Arrivals,
        schedule::{nanoseconds, seconds},
    };

    const SHARING: Sharing = Sharing { batches: 3, operations: 300 };

    /// Each task takes a second.
    fn times() -> TaskTimes {
        TaskTimes::from_fn(1, 100, |_| Some(1.0))
    }

    /// One after the other, sealed at these seconds.
    fn batches(sizes_and_times: &[(usize, f64)]) -> Vec<Batch> {
        let mut end = 0;
        let batch = |&(size, at): &(usize, f64)| {
            end += size;
            Batch { transfers: end - size..end, sealed: nanoseconds(at) }
        };
        sizes_and_times.iter().map(batch).collect()
    }

    fn prove(workers: usize, sizes_and_times: &[(usize, f64)]) -> (Vec<f64>, usize) {
        let proven = Proven::new(&batches(sizes_and_times), &times(), SHARING, workers).unwrap();
        (proven.at.into_iter().map(seconds).collect(), proven.ends.len())
    }

    /// Alone a batch of a chunk takes eight tasks; each further one that shares its proof five, and a chain node.
    #[test]
    fn batches_that_wait_for_one_worker_share_a_proof() {
        assert_eq!(prove(1, &[(10, 1.0)]), (vec![9.0], 1));
        let waiting = [(10, 1.0), (10, 2.0), (10, 3.0)];
        assert_eq!(prove(1, &waiting), (vec![9.0, 23.0, 23.0], 2));
        // As many as may, and as large.
        let many = [(10, 0.0), (10, 0.0), (10, 0.0), (10, 0.0)];
        assert_eq!(prove(1, &many), (vec![20.0, 20.0, 20.0, 28.0], 2));
        let large = [(250, 0.0), (10, 0.0), (60, 0.0)];
        assert_eq!(prove(1, &large).1, 2);
        let larger = [(350, 0.0), (10, 0.0)];
        assert_eq!(prove(1, &larger).1, 2);
    }

    #[test]
    fn on_many_workers_proofs_overlap_and_count_in_their_order() {
        let apart = [(10, 0.0), (10, 2.0), (10, 100.0)];
        assert_eq!(prove(9, &apart), (vec![6.0, 8.0, 106.0], 3));
        // The first has nodes, so that the second is ready before it.
        assert_eq!(prove(99, &[(800, 0.0), (10, 1.0)]), (vec![9.0, 9.0], 2));
    }

    #[test]
    fn proofs_at_the_same_time_are_counted() {
        let at_a_time = |workers, sizes_and_times: &[(usize, f64)]| {
            let batches = batches(sizes_and_times);
            Proven::new(&batches, &times(), SHARING, workers).unwrap().at_a_time
        };
        // The second begins when the first has no task for a worker that is free.
        assert_eq!(at_a_time(1, &[(10, 0.0), (10, 1.0)]), 1);
        assert_eq!(at_a_time(9, &[(10, 0.0), (10, 1.0), (10, 2.0), (10, 100.0)]), 3);
        assert_eq!(at_a_time(9, &[(10, 0.0), (10, 6.0)]), 1);
        assert_eq!(at_a_time(9, &[]), 0);
    }

    #[test]
    fn without_batches_there_is_nothing() {
        let proven = Proven::new(&[], &times(), SHARING, 3).unwrap();
        assert_eq!(proven, Proven { at: Vec::new(), ends: Vec::new(), at_a_time: 0, work: 0 });
    }

    /// One worker with a proof for each batch is a queue of one server, batches that come each for
    /// itself, and a time that is always the same: M/D/1. Of a load r, 1 - r do not wait at all,
    /// and the mean waits r / 2 (1 - r) times as long as it is served (Pollaczek and Khinchine).
    #[test]
    fn one_worker_waits_as_the_theory_of_queues_has_it() {
        let alone = Sharing { batches: 1, operations: 1 };
        let service_s = 8.0;
        for (load, days) in [(0.1, 28), (0.5, 10), (0.8, 28)] {
            let rate: f64 = load / service_s;
            let arrivals = Arrivals::Poisson { rate };
            let profile = arrivals.profile(Some(days * 86_400), 1.0, 1).unwrap();
            let batch = |(n, &sealed): (usize, &Nanosecond)| Batch { transfers: n..n + 1, sealed };
            let batches: Vec<_> = profile.arrivals.iter().enumerate().map(batch).collect();
            let proven = Proven::new(&batches, &times(), alone, 1).unwrap();
            let waits: Vec<_> = proven
                .at
                .iter()
                .zip(&batches)
                .map(|(at, batch)| seconds(at - batch.sealed) - service_s)
                .collect();
            let count = waits.len() as f64;
            let mean_s = waits.iter().sum::<f64>() / count;
            let expected_s = service_s * load / (2.0 * (1.0 - load));
            assert!((mean_s / expected_s - 1.0).abs() < 0.08, "{load}: {mean_s}, {expected_s}");
            let at_once = waits.iter().filter(|wait_s| **wait_s < 1e-6).count() as f64 / count;
            assert!((at_once - (1.0 - load)).abs() < 0.02, "{load}: {at_once}");
            assert!(waits.iter().all(|wait_s| *wait_s > -1e-6));
            assert_eq!(seconds(proven.work), service_s * count);
        }
    }

    #[test]
    fn every_batch_is_proven_no_earlier_than_at_best() {
        let batches: Vec<_> = (0..60_u32)
            .map(|n| (10 + n as usize * 37 % 400, f64::from(n * n % 13 + 12 * n)))
            .collect();
        let batches = self::batches(&batches);
        let best = Proven::at_best(&batches, &times()).unwrap();
        let total = |proven: &Proven| seconds(proven.at.iter().sum::<u64>());
        let mut before = f64::INFINITY;
        for workers in [1, 2, 4, 8, 16, 64] {
            let proven = Proven::new(&batches, &times(), SHARING, workers).unwrap();
            assert_eq!(proven.at.len(), batches.len());
            assert!(proven.at.is_sorted() && proven.ends.len() <= batches.len());
            assert!(proven.at.iter().zip(&best.at).all(|(at, best)| at >= best));
            // Twice as many workers are no worse, but for what list scheduling leaves to chance.
            assert!(total(&proven) <= before * 1.05, "{workers}");
            before = total(&proven);
        }
    }
}
