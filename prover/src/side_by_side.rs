//! How many proofs to make at a time, and making them so.
//!
//! ```text
//! all cores on one proof          a group of cores for each proof
//! core 0  |  A  |  B  |  C  |     core 0  |     A     |     C     |
//! core 1  |  A  |  B  |  C  |     core 1  |     B     |
//! ```
//!
//! A proof has parts that do not get faster with more cores, so groups waste less. They need the memory of several proofs, and
//! cores wait when the number of proofs does not divide.

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread,
};

use crate::error::ProverError;

/// Percent of a chunk's proof that one core does while the others wait, on 2 cores: a chunk takes 21.3 s on both, two chunks on one core
/// each 42.1 s (`benches/METHODOLOGY.md`).
const SERIAL_PERCENT: usize = 2;
/// Percent by which groups must be faster in theory before they are worth their memory.
const LEAST_GAIN_PERCENT: usize = 5;

/// Cores that this process may use; 1 where the system does not tell.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Proofs to make at a time, so that all are ready the earliest: 1 unless more is faster by a margin, and no more than
/// the memory holds.
///
/// `fitting` is how many proofs the memory holds.
#[must_use]
pub fn at_a_time(proofs: usize, cores: usize, fitting: usize) -> usize {
    let most = cores.min(proofs).min(fitting).max(1);
    let alone = duration(proofs, cores, 1);
    let best = (1..=most).min_by_key(|&groups| duration(proofs, cores, groups)).unwrap_or(1);
    let worth = duration(proofs, cores, best) * 100 <= alone * (100 - LEAST_GAIN_PERCENT);
    if worth { best } else { 1 }
}

/// Time of all proofs in so many groups of cores, where one proof on one core takes 100 times 2^10 (Amdahl's law).
const fn duration(proofs: usize, cores: usize, groups: usize) -> usize {
    let rounds = proofs.div_ceil(groups);
    let parallel = (100 - SERIAL_PERCENT) << 10;
    rounds * ((SERIAL_PERCENT << 10) + parallel.div_ceil(cores / groups))
}

/// Does the work for each item, so many at a time, each on its share of the current pool's cores. Results keep the order.
///
/// # Errors
/// The first error in time; what has not begun by then is left out. Or the threads cannot be started.
pub(crate) fn side_by_side<I: Send, T: Send>(
    items: Vec<I>,
    at_a_time: usize,
    work: impl Fn(I) -> Result<T, ProverError> + Sync,
) -> Result<Vec<T>, ProverError> {
    if at_a_time <= 1 {
        return items.into_iter().map(work).collect();
    }
    let cores = (rayon::current_num_threads() / at_a_time).max(1);
    let groups = (0..at_a_time)
        .map(|_| rayon::ThreadPoolBuilder::new().num_threads(cores).build())
        .collect::<Result<Vec<_>, _>>()?;
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = |group: &rayon::ThreadPool| {
        let mut done = Vec::new();
        while let Some((place, item)) = next() {
            let result = group.install(|| work(item));
            // After an error nobody finds anything to do.
            done.push((place, result.inspect_err(|_| while next().is_some() {})?));
        }
        Ok::<_, ProverError>(done)
    };
    let done = thread::scope(|scope| {
        let workers: Vec<_> = groups.iter().map(|group| scope.spawn(move || run(group))).collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.collect::<Result<Vec<_>, _>>()
    })?;
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    fn in_pool<T: Send>(cores: usize, work: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(cores).build().unwrap().install(work)
    }

    #[test]
    fn few_cores_prove_one_at_a_time_and_many_do_not() {
        assert_eq!(at_a_time(0, 2, 9), 1);
        assert_eq!(at_a_time(1, 64, 9), 1);
        // 1 % is not worth twice the memory.
        assert_eq!(at_a_time(2, 2, 9), 1);
        // The third would run on one core alone.
        assert_eq!(at_a_time(3, 2, 9), 1);
        assert_eq!(at_a_time(64, 64, 99), 64);
        assert_eq!(at_a_time(64, 64, 4), 4);
        assert_eq!(at_a_time(64, 64, 0), 1);
        assert!((2..=4).contains(&at_a_time(4, 64, 9)));
    }

    #[test]
    fn results_keep_the_order_and_groups_run_at_once() {
        let barrier = Barrier::new(2);
        let results = in_pool(4, || {
            side_by_side((0..6).collect(), 2, |i| {
                barrier.wait();
                Ok((i, rayon::current_num_threads()))
            })
        });
        assert_eq!(results.unwrap(), (0..6).map(|i| (i, 2)).collect::<Vec<_>>());
        let alone =
            in_pool(4, || side_by_side(vec![7], 1, |i| Ok((i, rayon::current_num_threads()))));
        assert_eq!(alone.unwrap(), [(7, 4)]);
    }

    #[test]
    fn an_error_ends_the_rest() {
        let begun = AtomicUsize::new(0);
        let result = in_pool(2, || {
            side_by_side((0..1_000).collect(), 2, |_| {
                begun.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(ProverError::Cancelled)
            })
        });
        assert!(matches!(result, Err(ProverError::Cancelled)));
        assert!(begun.into_inner() <= 2);
    }
}
