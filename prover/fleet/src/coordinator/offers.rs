//! Offers: published as they are due, told to who is idle where nobody claims them.

use std::time::Duration;

use cairn_prover::claim::AssignmentId;
use tracing::{debug, warn};

use super::{
    messages::{Place, Stored},
    run::Run,
};
use crate::{
    message::{Order, WorkerId},
    queue::Queue,
};

/// Nothing is offered for so long after the server did not take an offer.
const PAUSE: Duration = Duration::from_millis(500);

impl Run {
    /// Publishes what is due, and wakes who may have it. The server's word on it is not waited for:
    /// [`Self::is_stored`].
    pub(super) async fn offer(&mut self) {
        let now = self.now();
        let is_quiet = now < self.config.settings.quiet;
        if is_quiet || now < self.paused || !self.is_connected() {
            return;
        }
        for offer in self.ledger.due(now) {
            debug!(assignment = %offer.id, "an offer");
            self.messages.publish(&self.jetstream, offer).await;
        }
        self.wake().await;
    }

    /// Wakes somebody for each message: now, or as soon as somebody is idle. Who has ended may have
    /// looked before the message was there, and before its result was seen here.
    async fn wake(&mut self) {
        for queue in Queue::ALL {
            let offered = self.ledger.offered(queue);
            let owed = self.wakes.get(&queue).copied().unwrap_or(0).min(offered);
            let mut left = owed;
            while left > 0
                && let Some(idle) = self.longest_untold(self.ledger.idle(queue))
            {
                self.tell(&idle, &Order::Wake).await;
                left -= 1;
            }
            self.wakes.insert(queue, left);
        }
    }

    /// The server has an offer, or has not.
    pub(super) async fn is_stored(&mut self, (number, stored): Stored) {
        let now = self.now();
        match stored {
            Ok(place) => {
                let Some(offer) = self.messages.is_at(number, place, now) else { return };
                *self.wakes.entry(offer.queue).or_default() += 1;
            }
            Err(reason) => {
                self.messages.is_nowhere(number);
                // What of these was not published is due again.
                self.ledger.recount(&self.messages.unclaimed());
                if now >= self.paused {
                    warn!(reason, "an offer is not taken: the queues are looked at");
                    self.compare().await;
                    self.paused = self.now() + PAUSE;
                }
            }
        }
        for ask in std::mem::take(&mut self.early) {
            self.answer(ask).await;
        }
    }

    /// Tells those who are idle what nobody has claimed for too long: whoever pulls without end,
    /// and claims nothing, has all messages. Who was told longest ago is told first, so that one
    /// who does not claim what it is told either costs the others a moment. What is kept for
    /// somebody faster is told to who is idle and ends it first now.
    pub(super) async fn tell_unclaimed(&mut self) {
        let (now, round) = (self.now(), self.tellings);
        let limit = self.config.settings.unclaimed;
        let unclaimed = self.messages.unclaimed_that(|id, since| {
            now.saturating_sub(since) >= limit || self.ledger.kept_for(id).is_some()
        });
        for (place, id) in unclaimed {
            let told = |worker: &WorkerId| self.told.get(worker).copied().unwrap_or(0);
            let mut untold: Vec<_> =
                self.ledger.idle_for(&id).filter(|worker| told(worker) <= round).collect();
            untold.sort_by_cached_key(|worker| told(worker));
            let Some(idle) = self.ledger.first_to_have(&id, &untold, now).cloned() else {
                continue;
            };
            debug!(assignment = %id, worker = %idle, "an offer that nobody claims is told");
            self.tell_offer(&idle, place, id).await;
        }
    }

    /// Tells who an assignment is kept for, which claims it when it is idle.
    pub(super) async fn tell_kept(&mut self, place: Place, id: &AssignmentId) {
        if let Some(worker) = self.ledger.kept_for(id).cloned() {
            self.tell_offer(&worker, place, id.clone()).await;
        }
    }

    async fn tell_offer(&mut self, worker: &WorkerId, place: Place, id: AssignmentId) {
        let order = Order::Offer { queue: place.queue, place: place.place, id };
        self.tell(worker, &order).await;
    }

    fn longest_untold<'w>(&self, workers: impl Iterator<Item = &'w WorkerId>) -> Option<WorkerId> {
        workers.min_by_key(|worker| self.told.get(*worker).copied().unwrap_or(0)).cloned()
    }

    async fn tell(&mut self, worker: &WorkerId, order: &Order) {
        self.tellings += 1;
        self.told.insert(worker.clone(), self.tellings);
        self.order(worker, order).await;
    }
}
