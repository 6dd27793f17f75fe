//! The least fleet that is fast enough, or why there is none.

use super::{
    arrivals::Profile,
    batches::Batch,
    proving::{Proven, Sharing},
    settlement::{L1, percentile},
};
use crate::{
    error::BenchError,
    sample::Second,
    schedule::{Work, seconds},
    times::TaskTimes,
};

/// So many percent of all transfers must be final in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Above 0, at most 100.
    pub percent: f64,
    /// From submission to finality.
    pub slo_s: Second,
}

/// What does not change with the fleet.
#[derive(Debug)]
pub struct Traffic<'a> {
    /// The transfers.
    pub profile: &'a Profile,
    /// Their batches.
    pub batches: &'a [Batch],
    /// The times of tasks.
    pub times: &'a TaskTimes,
    /// How proofs are shared.
    pub sharing: Sharing,
    /// Where they are settled.
    pub l1: L1,
}

/// A fleet that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// Its workers.
    pub workers: usize,
    /// What it made.
    pub proven: Proven,
}

impl Traffic<'_> {
    /// The least fleet of at most so many workers that meets the target.
    ///
    /// # Errors
    /// [`BenchError::TooSlow`] with the reason; a task has no time.
    pub fn least(&self, target: Target, most: usize) -> Result<Fleet, BenchError> {
        let best_s = self.percentile(&Proven::at_best(self.batches, self.times)?, target.percent);
        if best_s > target.slo_s {
            return Err(self.never(target, best_s)?);
        }
        let mut largest_s = Second::INFINITY;
        let least = bisect(most, |workers| -> Result<_, BenchError> {
            let proven = self.prove(workers)?;
            let got_s = self.percentile(&proven, target.percent);
            if workers == most {
                largest_s = got_s;
            }
            Ok((got_s <= target.slo_s).then_some(Fleet { workers, proven }))
        })?;
        let Target { percent, slo_s } = target;
        least.ok_or_else(|| {
            BenchError::TooSlow(format!(
                "{most} workers are too few: with them p{percent} of the latency is {largest_s:.0} \
                 s, expected at most {slo_s} s; {best_s:.0} s is the least on any number: give a \
                 higher --max-workers"
            ))
        })
    }

    fn prove(&self, workers: usize) -> Result<Proven, BenchError> {
        Proven::new(self.batches, self.times, self.sharing, workers)
    }

    fn percentile(&self, proven: &Proven, percent: f64) -> Second {
        percentile(&mut self.l1.latencies(self.profile, self.batches, proven), percent)
    }

    /// Why no number of workers meets a target.
    fn never(&self, target: Target, best_s: Second) -> Result<BenchError, BenchError> {
        let Target { percent, slo_s } = target;
        let largest = self.batches.iter().map(|batch| batch.transfers.len()).max().unwrap_or(0);
        let path_s = seconds(Work::new(&self.times.graph(largest), self.times)?.critical_path());
        let l1_s = self.l1.seconds();
        let (alone_s, rest) = (path_s + l1_s, "the rest until a batch is sealed");
        let why = if alone_s > slo_s { "and alone too long" } else { rest };
        Ok(BenchError::TooSlow(format!(
            "no number of workers is enough: p{percent} of the latency is at least {best_s:.0} s, \
             expected at most {slo_s} s: {path_s:.0} s are the critical path of a batch of \
             {largest} transfers, {l1_s:.0} s L1, {why}: give a higher --slo, a lower \
             --time-to-finality or --max-batch, or an earlier --finality"
        )))
    }
}

/// The result for the least number from 1 to `most` that has one: that number has one and the number below it has none,
/// whatever chance makes of others.
fn bisect<T, E>(
    most: usize,
    mut try_one: impl FnMut(usize) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let Some(mut best) = try_one(most)? else { return Ok(None) };
    let (mut fails, mut holds) = (0, most);
    while holds - fails > 1 {
        let middle = usize::midpoint(fails, holds);
        match try_one(middle)? {
            Some(result) => (best, holds) = (result, middle),
            None => fails = middle,
        }
    }
    Ok(Some(best))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::nanoseconds;

    #[test]
    fn the_least_number_is_found_in_few_tries() {
        for most in [1, 2, 7, 1_000] {
            for least in 1..=most {
                let mut tries = 0;
                let found = bisect(most, |n| {
                    tries += 1;
                    Ok::<_, ()>((n >= least).then_some(n))
                });
                assert_eq!(found, Ok(Some(least)));
                assert!(tries <= 11, "{tries}");
            }
            assert_eq!(bisect(most, |_| Ok::<Option<()>, ()>(None)), Ok(None));
        }
        assert_eq!(bisect(9, |n| if n < 4 { Err(n) } else { Ok(Some(n)) }), Err(2));
    }

    /// Ten batches of a transfer, one a second; a proof takes 8 tasks of a second, 6 of them one after the other.
    fn with_traffic<T>(test: impl FnOnce(&Traffic<'_>) -> T) -> T {
        let times = TaskTimes::from_fn(1, 100, |_| Some(1.0));
        let arrivals: Vec<_> = (0..10).map(|n| nanoseconds(f64::from(n))).collect();
        let batch = |n: usize| Batch { transfers: n..n + 1, sealed: arrivals[n] };
        let batches: Vec<_> = (0..10).map(batch).collect();
        let profile = Profile { arrivals, duration: nanoseconds(10.0) };
        test(&Traffic {
            profile: &profile,
            batches: &batches,
            times: &times,
            sharing: Sharing { batches: 1, operations: 1 },
            l1: L1 { inclusion_s: 0.0, finality_s: 100.0 },
        })
    }

    /// Eight seconds of work a second: with 8 workers none waits, and each proof takes its critical path.
    #[test]
    fn the_least_fleet_by_hand() {
        with_traffic(|traffic| {
            let least = |slo_s, most| traffic.least(Target { percent: 100.0, slo_s }, most);
            assert_eq!(least(106.0, 1_000).unwrap().workers, 8);
            // One after the other on one worker: the last is sealed at 9 and proven at 80.
            assert_eq!(least(171.0, 1_000).unwrap().workers, 1);
            assert!(least(170.0, 1_000).unwrap().workers > 1);
            let workers: Vec<_> =
                (106..=171).map(|s| least(f64::from(s), 1_000).unwrap().workers).collect();
            assert!(workers.is_sorted_by(|a, b| a >= b), "{workers:?}");
        });
    }

    #[test]
    fn a_target_that_is_not_met_is_told_with_its_reason() {
        with_traffic(|traffic| {
            let error = |slo_s, most| {
                let target = Target { percent: 95.0, slo_s };
                traffic.least(target, most).unwrap_err().to_string()
            };
            let never = error(105.0, 1_000);
            assert!(never.starts_with("no number of workers is enough: p95 "), "{never}");
            assert!(never.contains("at least 106 s, expected at most 105 s: 6 s are"), "{never}");
            assert!(never.contains("and alone too long"), "{never}");
            let few = error(106.0, 2);
            assert!(few.starts_with("2 workers are too few") && few.contains("106 s is"), "{few}");
            assert!(!never.contains('\n') && !few.contains('\n'));
        });
    }
}
