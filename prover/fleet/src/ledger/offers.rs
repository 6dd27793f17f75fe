//! What is offered, and when.

use cairn_prover::claim::AssignmentId;

use super::{Entry, Ledger, Offer, Time, Worker};
use crate::queue::Queue;

impl Ledger {
    /// Messages that are due now.
    pub fn due(&mut self, now: Time) -> Vec<Offer> {
        let mut due = Vec::new();
        for queue in Queue::ALL {
            let room = self.room(queue);
            let waiting = self.waiting(queue);
            let left = room.saturating_sub(waiting.len());
            // Who has nothing else to do may be faster than who holds one for too long.
            let late = self.stragglers(queue, now).into_iter().take(left);
            due.extend(waiting.into_iter().take(room).chain(late).map(|id| Offer { id, queue }));
        }
        for Offer { id, .. } in &due {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.offers += 1;
            }
        }
        due
    }

    /// How many more messages a queue may hold: one for each worker that takes them, so that nobody waits for the next, and what
    /// is owed later and wanted sooner comes soon.
    pub(super) fn room(&self, queue: Queue) -> usize {
        let takers = self.takers(queue).count().max(1);
        takers.saturating_sub(self.of(queue).map(|(_, entry)| entry.offers).sum())
    }

    /// Those that are not out, in the order in which they go.
    pub(super) fn waiting(&self, queue: Queue) -> Vec<AssignmentId> {
        let waits = |entry: &Entry| !entry.is_out() && !entry.is_quarantined;
        let mut waiting: Vec<_> = self.of(queue).filter(|(_, entry)| waits(entry)).collect();
        waiting.sort_by_key(|(_, entry)| entry.priority);
        waiting.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Those that their only holder has for longer than others of the queue took.
    pub(super) fn stragglers(&self, queue: Queue, now: Time) -> Vec<AssignmentId> {
        let Some(limit) = self.times.get(&queue).and_then(|times| times.limit(&self.settings))
        else {
            return Vec::new();
        };
        // Somebody must be there who could be faster.
        if self.takers(queue).all(Worker::is_busy) {
            return Vec::new();
        }
        let is_late = |entry: &Entry| {
            let mut holders = entry.holders();
            match (holders.next(), holders.next()) {
                (Some(only), None) => entry.offers == 0 && now.saturating_sub(only.since) > limit,
                _ => false,
            }
        };
        self.of(queue).filter(|(_, entry)| is_late(entry)).map(|(id, _)| id.clone()).collect()
    }

    /// All messages of a queue are lost, as when the server has lost its disk; who holds a lease may finish it.
    pub fn lost(&mut self, queue: Queue) {
        for entry in self.entries.values_mut().filter(|entry| entry.queue == queue) {
            entry.offers = 0;
        }
    }
}
