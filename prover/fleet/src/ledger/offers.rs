//! What is offered, and when.

use std::collections::HashMap;

use cairn_prover::claim::AssignmentId;

use super::{Entry, Ledger, Offer, Time, Worker};
use crate::{message::WorkerId, queue::Queue};

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
        // What all who take it have failed is no message: it would go round among them.
        let waits = |entry: &Entry| {
            let someone = entry.failures.is_empty() || self.could(queue, entry).next().is_some();
            !entry.is_out() && !entry.is_quarantined && someone
        };
        let mut waiting: Vec<_> = self.of(queue).filter(|(_, entry)| waits(entry)).collect();
        waiting.sort_by_key(|(_, entry)| entry.priority);
        waiting.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// Those that all their holders have for longer than others of the queue took, where somebody is idle who may be faster.
    pub(super) fn stragglers(&self, queue: Queue, now: Time) -> Vec<AssignmentId> {
        let limit = self.times.get(&queue).and_then(|times| times.limit(&self.settings));
        let limit = limit.unwrap_or(self.settings.unknown);
        let is_late = |entry: &Entry| {
            entry.offers == 0
                && entry.is_out()
                && entry.holders().all(|holder| now.saturating_sub(holder.since) > limit)
                && self.could(queue, entry).any(|worker| !worker.is_busy())
        };
        self.of(queue).filter(|(_, entry)| is_late(entry)).map(|(id, _)| id.clone()).collect()
    }

    /// Those who may have an assignment: who take its queue, and have neither failed nor got it.
    fn could<'l>(&'l self, queue: Queue, entry: &'l Entry) -> impl Iterator<Item = &'l Worker> {
        let could = move |id: &WorkerId| {
            !entry.failures.contains_key(id) && entry.holders().all(|holder| holder.worker != *id)
        };
        let takers = self.workers.iter().filter(move |(_, worker)| worker.takes(queue));
        takers.filter(move |(id, _)| could(id)).map(|(_, worker)| worker)
    }

    /// How many messages of each assignment wait, by whoever has published them: what could not be published, and what the
    /// server has lost, waits no more. Who holds a lease may finish it.
    pub fn recount(&mut self, offers: &HashMap<AssignmentId, usize>) {
        for (id, entry) in &mut self.entries {
            entry.offers = offers.get(id).copied().unwrap_or(0);
        }
    }
}
