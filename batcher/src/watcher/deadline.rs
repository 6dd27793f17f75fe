//! How much of its time the queue's oldest operation has used: L1 lets anyone freeze the rollup once it is used up.

use crate::store::{Store, StoreError, records::L1View};

/// How pressing the oldest operation is. The order is that of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Nothing waits, or not for long.
    Fine,
    /// A tenth of its time is used.
    Tenth,
    /// Half of its time is used.
    Half,
    /// Its time is up: anyone may prove in the operator's place, or freeze the rollup.
    Overdue,
}

/// The oldest operation that is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Oldest {
    /// Its place in the queue.
    pub(super) index: u64,
    /// Seconds since it was queued, by L1's clock.
    pub(super) age: u64,
}

impl Urgency {
    /// Of an operation of that age, both in seconds.
    pub(super) fn of(age: u64, deadline: u64) -> Self {
        match u128::from(age) * 10 {
            _ if age > deadline => Self::Overdue,
            tenths if tenths >= u128::from(deadline) * 5 => Self::Half,
            tenths if tenths >= u128::from(deadline) => Self::Tenth,
            _ => Self::Fine,
        }
    }
}

/// The oldest operation that waits for its proof, if any.
///
/// # Errors
/// The store's.
pub(super) fn oldest(store: &Store, view: &L1View) -> Result<Option<Oldest>, StoreError> {
    let proven = store.l1_batches.get(&view.proven)?;
    let index = proven.map_or(0, |batch| batch.record.priority_end);
    let queued = store.l1_queue.get(&index)?;
    Ok(queued
        .map(|queued| Oldest { index, age: view.timestamp.saturating_sub(queued.place.timestamp) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_grows_with_age_and_never_wraps() {
        let of = |age| Urgency::of(age, 1_000);
        assert_eq!([of(0), of(99)], [Urgency::Fine; 2]);
        assert_eq!([of(100), of(499)], [Urgency::Tenth; 2]);
        assert_eq!([of(500), of(1_000)], [Urgency::Half; 2]);
        assert_eq!([of(1_001), of(u64::MAX)], [Urgency::Overdue; 2]);
        assert_eq!(Urgency::of(u64::MAX, u64::MAX), Urgency::Half);
    }
}
