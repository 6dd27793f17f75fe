//! How much of something a worker may cause in a while: lines of the operator's log, results that
//! nobody waits for.

use std::{collections::HashMap, time::Duration};

use crate::{ledger::Time, message::WorkerId};

/// Pairs that are known at the most; names are the server's accounts', so there are few.
const PAIRS: usize = 10_000;

/// So many of each kind a worker within a time.
#[derive(Debug)]
pub(super) struct Quota {
    most: u32,
    within: Duration,
    /// Since when is counted, and how many there were.
    counts: HashMap<(WorkerId, &'static str), (Time, u32)>,
}

impl Quota {
    pub(super) fn new(most: u32, within: Duration) -> Self {
        Self { most, within, counts: HashMap::new() }
    }

    /// Counts one, and says whether it is within the quota.
    pub(super) fn take(&mut self, worker: &WorkerId, kind: &'static str, now: Time) -> bool {
        if self.counts.len() >= PAIRS {
            self.counts.retain(|_, (since, _)| now.saturating_sub(*since) < self.within);
        }
        let (since, count) = self.counts.entry((worker.clone(), kind)).or_insert((now, 0));
        if now.saturating_sub(*since) >= self.within {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_and_kind_has_its_own_and_a_new_one_later() {
        let at = Duration::from_secs;
        let (liar, other) = ("liar".parse().unwrap(), "other".parse().unwrap());
        let mut quota = Quota::new(5, at(60));
        assert_eq!((0..1_000).filter(|_| quota.take(&liar, "unheld", at(1))).count(), 5);
        assert!(quota.take(&other, "unheld", at(1)) && quota.take(&liar, "failed", at(1)));
        assert!(!quota.take(&liar, "unheld", at(60)) && quota.take(&liar, "unheld", at(61)));
    }
}
