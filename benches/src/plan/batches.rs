//! Batches as the sequencer makes them: blocks by time, sealed by its own policy.

use std::{collections::HashMap, ops::Range};

use cairn_batcher::{
    sequencer::{
        SequencerConfig,
        policy::{Situation, decide},
        price::Price,
    },
    store::records::SealReason,
};
use cairn_prover::graph::{Leaves, TaskGraph, TaskKind};

use crate::{
    error::BenchError,
    sample::Second,
    schedule::{MOST_WORK_S, Nanosecond, Work, seconds},
    times::TaskTimes,
};

/// Leaves of all batches, at the most: each fleet that is tried takes a second for them.
const MOST_LEAVES: usize = 250_000;
const MILLISECOND: Nanosecond = 1_000_000;

/// A sealed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its transfers, by their places in the profile.
    pub transfers: Range<usize>,
    /// When it was sealed.
    pub sealed: Nanosecond,
}

/// The sequencer.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequencer {
    /// Its settings.
    pub config: SequencerConfig,
    /// Transfers of a batch, at the most.
    pub most: usize,
    /// Transfers a second that it executes, at the most.
    pub capacity: f64,
}

impl Sequencer {
    /// Puts transfers, by their times, into batches.
    ///
    /// The policy is told of a prover that takes a batch's critical path for it and is busy until the last one is
    /// proven: workers are enough in the plan that is looked for.
    ///
    /// # Errors
    /// A task has no time, or there is more than can be scheduled.
    pub fn seal(
        &self,
        arrivals: &[Nanosecond],
        times: &TaskTimes,
    ) -> Result<Vec<Batch>, BenchError> {
        // No path is longer.
        check_work(times.work(&times.graph(self.most))?)?;
        let interval = self.config.block_interval_ms * MILLISECOND;
        // At the least one, or nothing would ever move.
        let block = ((self.capacity * seconds(interval)) as usize)
            .clamp(1, self.config.max_block_operations as usize);
        let mut paths = CriticalPaths { times, of_leaves: HashMap::new() };
        let mut batches: Vec<Batch> = Vec::new();
        // The first transfer of the open batch with the time of its block, and the first that is in no block.
        let (mut open, mut next) = (None, 0);
        let (mut now, mut prover_free): (Nanosecond, Nanosecond) = (0, 0);
        while next < arrivals.len() || open.is_some() {
            now += interval;
            let (first, opened) = open.unwrap_or_else(|| {
                now = now.max(arrivals[next].next_multiple_of(interval));
                (next, now)
            });
            let waiting = arrivals[next..].partition_point(|&arrival| arrival <= now);
            next += waiting.min(block).min(first + self.most - next);
            let path = paths.of(next - first)?;
            let situation = Situation {
                age_ms: (now - opened) / MILLISECOND,
                full: (next - first == self.most).then_some(SealReason::Data),
                asked: false,
                priority_ms: None,
                unproven_batches: 0,
                proving_s: seconds(path),
                backlog_s: seconds(prover_free.saturating_sub(now)),
                price: Price::Usual,
            };
            open = Some((first, opened));
            if decide(&self.config, &situation).is_some() {
                batches.push(Batch { transfers: first..next, sealed: now });
                (open, prover_free) = (None, now + path);
            }
        }
        check(&batches, times)?;
        Ok(batches)
    }
}

/// Refuses batches that take too long to schedule.
fn check(batches: &[Batch], times: &TaskTimes) -> Result<(), BenchError> {
    let mut of_leaves: HashMap<(usize, usize), usize> = HashMap::new();
    for batch in batches {
        let leaves = times.leaves(batch.transfers.len());
        *of_leaves.entry((leaves.chunks, leaves.streams)).or_default() += 1;
    }
    let leaves: usize =
        of_leaves.iter().map(|((chunks, streams), count)| (chunks + streams) * count).sum();
    let count = batches.len();
    if leaves > MOST_LEAVES {
        return Err(BenchError::usage(format!(
            "{count} batches in chunks of {}: expected at most {MOST_LEAVES} leaves, got {leaves}: \
             give fewer --seconds or records of larger chunks",
            times.chunk
        )));
    }
    // Of those that share a proof; records need not have it where none do.
    let node_s = times.seconds(TaskKind::ChainNode).unwrap_or_default();
    let mut work_s = 0.0;
    for ((chunks, streams), count) in of_leaves {
        let graph = TaskGraph::new(&[Leaves { chunks, streams }]);
        work_s += (times.work(&graph)? + node_s) * count as f64;
    }
    check_work(work_s)
}

/// Refuses more work than can be counted.
fn check_work(work_s: Second) -> Result<(), BenchError> {
    if work_s <= MOST_WORK_S {
        return Ok(());
    }
    Err(BenchError::usage(format!(
        "expected at most {MOST_WORK_S:e} s of work, got {work_s:.1e} s: give fewer --seconds or a \
         smaller --max-batch"
    )))
}

/// Critical paths of batches by their leaves.
struct CriticalPaths<'a> {
    times: &'a TaskTimes,
    of_leaves: HashMap<(usize, usize), Nanosecond>,
}

impl CriticalPaths<'_> {
    fn of(&mut self, transfers: usize) -> Result<Nanosecond, BenchError> {
        let leaves = self.times.leaves(transfers);
        let key = (leaves.chunks, leaves.streams);
        if let Some(path) = self.of_leaves.get(&key) {
            return Ok(*path);
        }
        let path = Work::new(&TaskGraph::new(&[leaves]), self.times)?.critical_path();
        self.of_leaves.insert(key, path);
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::nanoseconds;

    /// Each task takes a second: leaf, wrapper, seal, shrink, wrap and SNARK of a chunk six.
    fn times() -> TaskTimes {
        TaskTimes::from_fn(1, 100, |_| Some(1.0))
    }

    fn sequencer(most: usize) -> Sequencer {
        Sequencer { config: SequencerConfig::default(), most, capacity: 1e4 }
    }

    fn sealed(sequencer: &Sequencer, arrivals: &[f64]) -> Vec<(usize, f64)> {
        let arrivals: Vec<_> = arrivals.iter().map(|&at| nanoseconds(at)).collect();
        let batches = sequencer.seal(&arrivals, &times()).unwrap();
        let mut end = 0;
        for batch in &batches {
            assert_eq!(std::mem::replace(&mut end, batch.transfers.end), batch.transfers.start);
        }
        assert_eq!(end, arrivals.len());
        batches.iter().map(|batch| (batch.transfers.len(), seconds(batch.sealed))).collect()
    }

    /// 90 % of what 240 s leave beside 30 s for L1 and 6 s for the proof: 183.6 s, and up to the next block.
    #[test]
    fn a_batch_is_sealed_at_the_age_of_the_policy() {
        assert_eq!(sealed(&sequencer(100), &[0.7, 5.0, 184.9]), [(3, 185.0)]);
        assert_eq!(sealed(&sequencer(100), &[0.7, 5.0, 185.1]), [(2, 185.0), (1, 369.5)]);
        let config = SequencerConfig { max_batch_age_s: 10, ..SequencerConfig::default() };
        assert_eq!(sealed(&Sequencer { config, ..sequencer(100) }, &[0.7]), [(1, 11.0)]);
    }

    #[test]
    fn a_full_batch_is_sealed_at_once_and_the_rest_is_in_the_next_block() {
        let arrivals = [0.1, 0.2, 0.3, 0.4, 0.5];
        assert_eq!(sealed(&sequencer(2), &arrivals), [(2, 0.5), (2, 1.0), (1, 185.5)]);
        // Six in a second and a block, though all wait.
        let slow = Sequencer { capacity: 6.0, ..sequencer(5) };
        assert_eq!(sealed(&slow, &[0.0; 5]), [(5, 1.0)]);
    }

    /// A prover that is slower than the target is given the next batch when it is free, but for five seconds.
    #[test]
    fn a_batch_behind_a_busy_prover_takes_more() {
        let times = TaskTimes::from_fn(1, 100, |_| Some(50.0));
        let arrivals: Vec<_> = (0..700).map(|second| nanoseconds(f64::from(second))).collect();
        let batches = sequencer(1_000).seal(&arrivals, &times).unwrap();
        let sealed: Vec<_> = batches.iter().map(|batch| seconds(batch.sealed)).collect();
        // Two chunks or more have nodes.
        assert_eq!(sealed[..2], [0.5, 295.5]);
        assert!(sealed.len() < 5, "{sealed:?}");
    }

    #[test]
    fn batches_without_end_are_refused() {
        let config = SequencerConfig { max_batch_age_s: 1, ..SequencerConfig::default() };
        let sequencer = Sequencer { config, ..sequencer(100) };
        let arrivals: Vec<_> = (0..200_000).map(|n| nanoseconds(1.5 * f64::from(n))).collect();
        let error = sequencer.seal(&arrivals, &times()).unwrap_err().to_string();
        assert!(error.contains("at most 250000 leaves") && error.lines().count() == 1, "{error}");
    }
}
