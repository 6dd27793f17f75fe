//! The leaves of the pool in the orders in which it looks for one.

use std::collections::BTreeSet;

use cairn_types::AccountId;

use super::queue::Standing;
use crate::store::records::Sequence;

/// Lists of leaves, kept in step with their queues.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Leaves whose turn it is, in the order in which their first was accepted.
    ready: BTreeSet<(Sequence, AccountId)>,
    /// Leaves by who must make room first, the last before all others: those that wait in vain, as they may never pay,
    /// and of these and of the rest those with most waiting.
    crowd: BTreeSet<(bool, usize, AccountId)>,
    /// Leaves that wait for a nonce that is missing.
    parked: BTreeSet<AccountId>,
}

impl Index {
    pub(super) fn list(&mut self, id: AccountId, standing: Standing) {
        let parked = standing.is_parked();
        if let Some(head) = standing.head {
            self.ready.insert((head, id));
        }
        if standing.waiting > 0 {
            self.crowd.insert((parked, standing.waiting, id));
        }
        if parked {
            self.parked.insert(id);
        }
    }

    pub(super) fn unlist(&mut self, id: AccountId, standing: Standing) {
        let parked = standing.is_parked();
        if let Some(head) = standing.head {
            self.ready.remove(&(head, id));
        }
        self.crowd.remove(&(parked, standing.waiting, id));
        if parked {
            self.parked.remove(&id);
        }
    }

    /// The leaf whose turn it is, and its transaction.
    pub(super) fn first_ready(&self) -> Option<(Sequence, AccountId)> {
        self.ready.first().copied()
    }

    /// The leaf that makes room first: whether it waits in vain, how many wait, which.
    pub(super) fn most_crowded(&self) -> Option<(bool, usize, AccountId)> {
        self.crowd.last().copied()
    }

    /// Leaves whose turn it is, and leaves that wait in vain.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.ready.len(), self.parked.len())
    }

    /// Parked leaves after one, in order.
    pub(super) fn parked_after(&self, id: Option<AccountId>, most: usize) -> Vec<AccountId> {
        let from = id.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        self.parked.range((from, std::ops::Bound::Unbounded)).take(most).copied().collect()
    }
}
