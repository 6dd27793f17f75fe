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
            if room == 0 {
                continue;
            }
            let waiting = self.waiting(queue, room);
            let left = room - waiting.len();
            // Who has nothing else to do may be faster than who holds one for too long.
            let late = if left > 0 { self.stragglers(queue, now, left) } else { Vec::new() };
            due.extend(waiting.into_iter().chain(late).map(|id| Offer { id, queue }));
        }
        for Offer { id, .. } in &due {
            let offers = self.entries.get(id).map_or(0, |entry| entry.offers);
            self.set_offers(id, offers + 1);
        }
        due
    }

    /// Messages of a queue that nobody has claimed.
    #[must_use]
    pub fn offered(&self, queue: Queue) -> usize {
        self.lines.get(&queue).map_or(0, |line| line.offers)
    }

    /// How many more messages a queue may hold: one for each worker that takes them, so that
    /// nobody waits for the next, and what is owed later and wanted sooner comes soon.
    fn room(&self, queue: Queue) -> usize {
        // Most of the time nothing of most queues is owed.
        let Some(line) = self.lines.get(&queue) else { return 0 };
        if line.waiting.is_empty() && line.out.is_empty() {
            return 0;
        }
        self.takers(queue).count().max(1).saturating_sub(line.offers)
    }

    /// The first of those that are not out.
    fn waiting(&self, queue: Queue, most: usize) -> Vec<AssignmentId> {
        // What all who take it have failed is no message: it would go round among them.
        let someone = |id: &AssignmentId| {
            self.entries.get(id).is_some_and(|entry| {
                entry.failures.is_empty() || self.could(queue, entry).next().is_some()
            })
        };
        let waiting = self.lines.get(&queue).into_iter().flat_map(|line| &line.waiting);
        let waiting = waiting.map(|(_, id)| id).filter(|id| someone(id));
        waiting.take(most).cloned().collect()
    }

    /// Those that all their holders have for longer than others of the queue took, where
    /// somebody is idle who may be faster.
    fn stragglers(&self, queue: Queue, now: Time, most: usize) -> Vec<AssignmentId> {
        let limit = self.times.get(&queue).and_then(|times| times.limit(&self.settings));
        let limit = limit.unwrap_or(self.settings.unknown);
        let is_late = |entry: &Entry| {
            entry.offers == 0
                && !entry.is_quarantined
                && entry.holders().all(|holder| now.saturating_sub(holder.since) > limit)
                && self.could(queue, entry).any(|(_, worker)| !worker.is_busy())
        };
        let out = self.lines.get(&queue).into_iter().flat_map(|line| &line.out);
        let late = out.filter(|id| self.entries.get(*id).is_some_and(is_late));
        late.take(most).cloned().collect()
    }

    /// Those who may have an assignment: who take its queue, and have neither failed nor got it.
    pub(super) fn could<'l>(
        &'l self,
        queue: Queue,
        entry: &'l Entry,
    ) -> impl Iterator<Item = (&'l WorkerId, &'l Worker)> {
        let could = move |id: &WorkerId| {
            !entry.failures.contains_key(id) && entry.holders().all(|holder| holder.worker != *id)
        };
        let takers = self.workers.iter().filter(move |(_, worker)| worker.takes(queue));
        takers.filter(move |(id, _)| could(id))
    }

    /// How many messages of each assignment wait, by whoever has published them: what could not be
    /// published, and what the server has lost, waits no more. Who holds a lease may finish it.
    pub fn recount(&mut self, offers: &HashMap<AssignmentId, usize>) {
        let wrong = self.entries.iter().filter_map(|(id, entry)| {
            let offers = offers.get(id).copied().unwrap_or(0);
            (offers != entry.offers).then(|| (id.clone(), offers))
        });
        for (id, offers) in wrong.collect::<Vec<_>>() {
            self.set_offers(&id, offers);
        }
    }
}
