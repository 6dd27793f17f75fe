//! The assignments of one queue, by what they wait for: what is due is found without looking at all
//! that is owed.

use std::collections::BTreeSet;

use cairn_prover::claim::AssignmentId;

use super::{Ledger, Priority};
use crate::queue::Queue;

/// A queue, as the ledger sees it.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Neither offered nor held, in the order in which they go.
    pub(super) waiting: BTreeSet<(Priority, AssignmentId)>,
    /// Offered or held.
    pub(super) out: BTreeSet<AssignmentId>,
    /// Messages that nobody has claimed.
    pub(super) offers: usize,
}

impl Line {
    /// It is in neither set.
    pub(super) fn forget(&mut self, priority: Priority, id: &AssignmentId) {
        self.waiting.remove(&(priority, id.clone()));
        self.out.remove(id);
    }
}

impl Ledger {
    pub(super) fn line(&mut self, queue: Queue) -> &mut Line {
        self.lines.entry(queue).or_default()
    }

    /// Puts an assignment where it belongs, after anything about it has changed.
    pub(super) fn settle(&mut self, id: &AssignmentId) {
        let Some(entry) = self.entries.get(id) else { return };
        let (queue, priority) = (entry.queue, entry.priority);
        let (is_out, is_quarantined) = (entry.is_out(), entry.is_quarantined);
        let line = self.line(queue);
        line.forget(priority, id);
        if is_out {
            line.out.insert(id.clone());
        } else if !is_quarantined {
            line.waiting.insert((priority, id.clone()));
        }
    }

    /// So many messages of an assignment wait.
    pub(super) fn set_offers(&mut self, id: &AssignmentId, offers: usize) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        let (queue, before) = (entry.queue, entry.offers);
        entry.offers = offers;
        let line = self.line(queue);
        line.offers = line.offers - before + offers;
        self.settle(id);
    }
}
