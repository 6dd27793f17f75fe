//! How the machine's memory is divided among its workers.

use cairn_fleet::{queue::Queue, worker::queues};
use cairn_leaf::class::{LARGE, MEDIUM, SMALL};
use cairn_prover::{assignment::Class, memory::available_mb};

use super::LocalError;

/// MiB of each of so many workers, of what this machine has now.
pub(super) fn shares(workers: u16) -> Result<Vec<u64>, LocalError> {
    let got = available_mb().ok_or(LocalError::UnknownMemory)?;
    divided(got, workers).ok_or_else(|| {
        let expected = whole_mb() + least_mb() * u64::from(workers.saturating_sub(1));
        LocalError::Memory { workers, expected, got }
    })
}

/// Equal parts where each is enough for every class. Else the first worker has what that takes, as
/// a proof needs all classes, and the others share the rest, for the classes that fit them. None
/// where nothing fits them.
fn divided(free_mb: u64, workers: u16) -> Option<Vec<u64>> {
    let equal = free_mb.checked_div(workers.into())?;
    if equal >= whole_mb() {
        return Some(vec![equal; workers.into()]);
    }
    let others = workers - 1;
    let rest = free_mb.checked_sub(whole_mb())?.checked_div(others.into())?;
    let others = std::iter::repeat_n(rest, others.into());
    (rest >= least_mb()).then(|| std::iter::once(whole_mb()).chain(others).collect())
}

/// MiB that a worker of all classes takes at the least.
fn whole_mb() -> u64 {
    let least = |class| Queue::ALL.into_iter().filter(move |queue| queue.class() == class);
    let of_class = |class| least(class).map(Queue::memory_mb).min();
    Class::ALL.into_iter().filter_map(of_class).max().unwrap_or(0)
}

/// MiB that a worker of any class takes at the least.
fn least_mb() -> u64 {
    Queue::ALL.into_iter().map(Queue::memory_mb).min().unwrap_or(0)
}

/// The classes of which something fits so many MiB.
pub(super) fn classes(memory_mb: u64) -> impl Iterator<Item = Class> {
    Class::ALL.into_iter().filter(move |class| queues(&[*class], memory_mb).is_ok())
}

/// Operations of a chunk that fits so many MiB, at the most.
pub(super) fn chunk_operations(memory_mb: u64) -> usize {
    let sizes = [(Queue::LeafLarge, LARGE), (Queue::LeafMedium, MEDIUM)];
    let fitting = sizes.into_iter().find(|(queue, _)| queue.memory_mb() <= memory_mb);
    1 << fitting.map_or(SMALL, |(_, class)| class).operations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_an_equal_part_where_that_is_enough_and_one_does_all_where_it_is_not() {
        assert_eq!(divided(22_000, 2), Some(vec![11_000, 11_000]));
        assert_eq!(divided(22_000, 4), Some(vec![5_500; 4]));
        assert_eq!(divided(9_999, 2), Some(vec![5_000, 4_999]));
        assert_eq!(divided(7_300, 2), Some(vec![5_000, 2_300]));
        for (free_mb, workers) in [(7_299, 2), (4_999, 1), (0, 1), (22_000, 64), (22_000, 0)] {
            assert_eq!(divided(free_mb, workers), None, "{free_mb} {workers}");
        }
        for workers in 1..=64 {
            let parts = divided(60_000, workers).unwrap_or_default();
            assert!(parts.iter().sum::<u64>() <= 60_000);
            // None is told what nothing fits, and one has every class.
            assert!(parts.iter().all(|&part| classes(part).next().is_some()));
            assert!(parts.first().is_none_or(|&part| classes(part).count() == Class::ALL.len()));
        }
    }

    #[test]
    fn chunks_fit_the_worker_that_does_all() {
        assert_eq!([7_500, 7_499, 5_000, 2_300].map(chunk_operations), [8_192, 2_048, 2_048, 256]);
        assert_eq!(classes(4_999).collect::<Vec<_>>(), [Class::Leaf, Class::Recursion]);
    }
}
