//! What workers send: results are looked at by those who wait for them, and judged.

use std::{collections::HashSet, time::Duration};

use async_nats::jetstream::{self, Context, Message, consumer::PullConsumer};
use cairn_prover::claim::AssignmentId;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::{Arrived, Outcomes, run::Run};
use crate::{
    layout::{COORDINATOR, RESULTS},
    ledger::Arrival,
    message::{self, ASSIGNMENT, Lease, Note, WorkerId},
    names::Names,
    payload,
};

/// Letters of the longest reason that is kept.
const REASON: usize = 1_000;
/// Results of an earlier run, whose leases nobody knows yet, that wait at the same time. What is
/// dropped instead is made again.
const EARLY: usize = 32;

impl Run {
    pub(super) async fn receive(&mut self, received: Message) {
        let Some((worker, lease)) = Names::holder(&received.subject) else {
            return acknowledge(&received).await;
        };
        let id = match self.arrival(&received, &worker, &lease) {
            Arrival::Owed(id) => id,
            Arrival::Late => return self.drop_result(&received, &worker, |o| &mut o.late).await,
            Arrival::Quarantined => {
                return self.drop_result(&received, &worker, |o| &mut o.quarantined).await;
            }
            Arrival::Unknown if self.may_wait(&worker, &lease) => {
                // Whoever waits for it may not have said so yet.
                let wait = jetstream::AckKind::Nak(Some(Duration::from_secs(2)));
                let _ = received.ack_with(wait).await;
                return;
            }
            Arrival::Unknown => {
                if self.may_log(&worker, "unheld") {
                    warn!(%worker, "a result of what it does not hold");
                }
                return self.drop_result(&received, &worker, |o| &mut o.unheld).await;
            }
        };
        if received.subject.starts_with(&format!("{}.note.", self.config.names)) {
            self.note(&id, &worker, &lease, &received.payload).await;
            return acknowledge(&received).await;
        }
        if self.waiting.is_looked_at(&lease) {
            return self.drop_result(&received, &worker, |o| &mut o.duplicate).await;
        }
        self.waiting.deliver(&id, lease, received);
    }

    /// Whether a result of who knows what may wait: a few of each worker, so that who sends
    /// without end keeps nobody's from being fetched.
    fn may_wait(&mut self, worker: &WorkerId, lease: &Lease) -> bool {
        if !self.inherits() {
            self.inherited.clear();
            return false;
        }
        let of_all: usize = self.inherited.values().map(HashSet::len).sum();
        let of_it = self.inherited.entry(worker.clone()).or_default();
        let has_room = of_it.len() < self.config.settings.leases && of_all < EARLY;
        of_it.contains(lease) || (has_room && of_it.insert(lease.clone()))
    }

    fn arrival(&mut self, received: &Message, worker: &WorkerId, lease: &Lease) -> Arrival {
        let arrival = self.ledger.arrival(lease, worker);
        if arrival != Arrival::Unknown || !self.inherits() {
            return arrival;
        }
        let named = received.headers.as_ref().and_then(|headers| headers.get(ASSIGNMENT));
        let id = named.and_then(|name| AssignmentId::new(name.as_str()));
        if let Some(id) = id {
            self.ledger.adopt(&id, worker, lease.clone(), self.now());
        }
        self.ledger.arrival(lease, worker)
    }

    /// Nobody wants it. All that a worker has in the stream goes with it where these are many: the
    /// stream has room for so much, and the others' results come behind.
    async fn drop_result(
        &mut self,
        received: &Message,
        worker: &WorkerId,
        outcome: impl Fn(&mut Outcomes) -> &mut u64,
    ) {
        *outcome(&mut self.outcomes) += 1;
        acknowledge(received).await;
        let now = self.now();
        if !self.floods.take(worker, "results", now) && self.purges.take(worker, "results", now) {
            if self.may_log(worker, "floods") {
                warn!(%worker, "it floods: all results that it has sent are dropped");
            }
            let names = &self.config.names;
            for of_it in names.all_of(worker) {
                payload::purge(&self.bus.client, &names.results(), &of_it).await;
            }
        }
    }

    async fn note(&mut self, id: &AssignmentId, worker: &WorkerId, lease: &Lease, bytes: &[u8]) {
        match message::decode(bytes) {
            Ok(Note::Returned) => {
                self.outcomes.returned += 1;
                self.ledger.returned(lease, self.now());
            }
            Ok(Note::Failed(reason)) => {
                // It is shown to people.
                let reason: String =
                    reason.chars().filter(|c| !c.is_control()).take(REASON).collect();
                self.outcomes.failed += 1;
                if self.may_log(worker, "fails") {
                    warn!(%worker, assignment = %id, reason, "it cannot do it");
                }
                self.ledger.failed(lease, &reason, self.now());
            }
            Err(reason) if self.may_log(worker, "note") => {
                warn!(%worker, reason, "a note that nobody understands");
            }
            Err(_) => {}
        }
        self.end_leases(vec![lease.clone()]).await;
    }

    /// What was put there for a lease goes.
    pub(super) async fn release(&mut self, lease: &Lease) {
        if self.stored.remove(lease) {
            payload::remove(&self.bus.client, &self.config.names, lease).await;
        }
    }

    /// Whether a worker may be the reason of one more line in the operator's log.
    pub(super) fn may_log(&mut self, worker: &WorkerId, kind: &'static str) -> bool {
        let may = self.logged.take(worker, kind, self.now());
        self.outcomes.muted += u64::from(!may);
        may
    }

    /// A result was verified.
    pub(super) async fn judge(&mut self, arrived: Arrived, verdict: Result<(), String>) {
        let Arrived { id, lease, bytes } = arrived;
        let Some(lease) = lease else {
            if !self.waiting.is_owed(&id) {
                return;
            }
            match verdict {
                Ok(()) => self.outcomes.kept += 1,
                // Of other circuits, or damaged: made again.
                Err(reason) => {
                    warn!(assignment = %id, reason, "a result that was kept does not hold");
                    if let Some((queue, priority)) = self.waiting.place(&id) {
                        self.ledger.add(id, queue, priority);
                    }
                    return;
                }
            }
            return self.end(&id, None).await;
        };
        let Some(message) = self.waiting.looked_at(&lease) else { return };
        let worker = Names::holder(&message.subject).map(|(worker, _)| worker);
        let now = self.now();
        match verdict {
            Ok(()) => {
                let others = self.ledger.others(&lease);
                // A copy may have been verified a moment before.
                match self.ledger.accepted(&lease, now) {
                    true => self.outcomes.accepted += 1,
                    false => self.outcomes.late += 1,
                }
                let subject = self.config.names.proof(&id);
                let _ = self.bus.client.publish(subject, bytes).await;
                self.kept.insert(id.clone());
                self.end(&id, Some(others)).await;
                self.release(&lease).await;
            }
            Err(reason) => {
                self.outcomes.refused += 1;
                error!(assignment = %id, worker = ?worker, reason, "a result does not hold");
                let mut lost = self.ledger.refused(&lease, &reason, now);
                lost.push(lease);
                self.end_leases(lost).await;
            }
        }
        acknowledge(&message).await;
    }
}

pub(super) async fn acknowledge(message: &Message) {
    // Where the connection is lost, it comes again, and is late then.
    let _ = message.ack().await;
}

/// Fetches what workers send, for as long as somebody takes it. A stream that was lost is found again once it is made.
pub(super) async fn fetch_results(
    jetstream: Context,
    stream: String,
    forward: mpsc::Sender<Message>,
) {
    const WAIT: Duration = Duration::from_secs(1);
    loop {
        let found: Result<PullConsumer, _> =
            jetstream.get_consumer_from_stream(COORDINATOR, &stream).await;
        if let Ok(consumer) = found {
            let asked = consumer.stream().max_messages_per_batch(RESULTS).expires(WAIT * 10);
            // Without one, as of a stream that is not there any more, the consumer is looked for.
            let mut results = match asked.heartbeat(WAIT).messages().await {
                Ok(results) => results,
                Err(_) => continue,
            };
            while let Some(Ok(message)) = results.next().await {
                if forward.send(message).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(WAIT).await;
    }
}
