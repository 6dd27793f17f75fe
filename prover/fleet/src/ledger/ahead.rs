//! Several tiny assignments at a time: where asking takes longer than doing, who asks for one gets
//! more of the queue. What takes seconds is given one by one, as whoever has it may be slow.

use cairn_prover::claim::AssignmentId;

use super::{Ledger, Time};
use crate::{
    message::{Lease, WorkerId},
    queue::Queue,
};

impl Ledger {
    /// What else of a queue a worker that has claimed there may be given, the most wanted first: a
    /// fair share of what waits, as there are others.
    #[must_use]
    pub fn ahead(&self, worker: &WorkerId, queue: Queue) -> Vec<AssignmentId> {
        let Some(line) = self.lines.get(&queue).filter(|_| self.are_tiny(queue)) else {
            return Vec::new();
        };
        let share = line.waiting.len() / self.takers(queue).count().max(1);
        let room = (self.most() - self.load(worker).min(self.most())).min(self.settings.ahead - 1);
        let fit = line.waiting.iter().map(|(_, id)| id).filter(|id| {
            self.entries.get(*id).is_some_and(|entry| !entry.failures.contains_key(worker))
        });
        fit.take(share.min(room)).cloned().collect()
    }

    /// Gives a worker what is [`Self::ahead`], which no message was sent of.
    pub fn give(&mut self, id: &AssignmentId, worker: &WorkerId, lease: Lease, now: Time) {
        self.hold(id, worker, lease, now);
    }

    /// Whether a worker may hold one more.
    pub(super) fn has_room(&self, worker: &WorkerId) -> bool {
        self.load(worker) < self.most()
    }

    /// What a worker holds, in tiny assignments.
    fn load(&self, worker: &WorkerId) -> usize {
        let held = self.workers.get(worker).into_iter().flat_map(|worker| worker.held());
        held.map(|(_, queue)| if self.are_tiny(queue) { 1 } else { self.settings.ahead }).sum()
    }

    fn most(&self) -> usize {
        self.settings.leases * self.settings.ahead
    }

    fn are_tiny(&self, queue: Queue) -> bool {
        self.times.get(&queue).is_some_and(|times| times.are_tiny(&self.settings))
    }
}
