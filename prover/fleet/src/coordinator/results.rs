//! What workers send: results are looked at by those who wait for them, and judged.

use std::time::Duration;

use async_nats::jetstream::{self, Context, Message, consumer::PullConsumer};
use cairn_prover::claim::AssignmentId;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tracing::{error, warn};

use super::{Arrived, Outcomes, run::Run};
use crate::{
    layout::COORDINATOR,
    ledger::Arrival,
    message::{self, ASSIGNMENT, Lease, Note, WorkerId},
    names::Names,
    payload,
};

/// Letters of the longest reason that is kept.
const REASON: usize = 1_000;

impl Run {
    pub(super) async fn receive(&mut self, received: Message) {
        let Some((worker, lease)) = Names::holder(&received.subject) else {
            return acknowledge(&received).await;
        };
        let id = match self.arrival(&received, &worker, &lease) {
            Arrival::Owed(id) => id,
            Arrival::Late => return self.drop_result(&received, |o| &mut o.late).await,
            Arrival::Quarantined => {
                return self.drop_result(&received, |o| &mut o.quarantined).await;
            }
            Arrival::Unknown if self.inherits() => {
                // Whoever waits for it may not have said so yet.
                let wait = jetstream::AckKind::Nak(Some(Duration::from_secs(2)));
                let _ = received.ack_with(wait).await;
                return;
            }
            Arrival::Unknown => {
                warn!(%worker, "a result of what it does not hold");
                return self.drop_result(&received, |o| &mut o.unheld).await;
            }
        };
        if received.subject.starts_with(&format!("{}.note.", self.config.names)) {
            self.note(&id, &worker, &lease, &received.payload).await;
            return acknowledge(&received).await;
        }
        if self.waiting.is_looked_at(&lease) {
            return self.drop_result(&received, |o| &mut o.duplicate).await;
        }
        self.waiting.deliver(&id, lease, received);
    }

    pub(super) fn arrival(
        &mut self,
        received: &Message,
        worker: &WorkerId,
        lease: &Lease,
    ) -> Arrival {
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

    pub(super) async fn drop_result(
        &mut self,
        received: &Message,
        outcome: impl Fn(&mut Outcomes) -> &mut u64,
    ) {
        *outcome(&mut self.outcomes) += 1;
        acknowledge(received).await;
    }

    pub(super) async fn note(
        &mut self,
        id: &AssignmentId,
        worker: &WorkerId,
        lease: &Lease,
        bytes: &[u8],
    ) {
        match message::decode(bytes) {
            Ok(Note::Returned) => {
                self.outcomes.returned += 1;
                self.ledger.returned(lease);
            }
            Ok(Note::Failed(reason)) => {
                // It is shown to people.
                let reason: String =
                    reason.chars().filter(|c| !c.is_control()).take(REASON).collect();
                self.outcomes.failed += 1;
                warn!(%worker, assignment = %id, reason, "it cannot do it");
                self.ledger.failed(lease, &reason, self.now());
            }
            Err(reason) => warn!(%worker, reason, "a note that nobody understands"),
        }
        self.messages.end(lease).await;
        self.release(worker, lease);
    }

    /// What was put there for a lease goes.
    pub(super) fn release(&self, worker: &WorkerId, lease: &Lease) {
        let (jetstream, names) = (self.jetstream.clone(), self.config.names.clone());
        let (worker, lease) = (worker.clone(), lease.clone());
        tokio::spawn(async move { payload::remove(&jetstream, &names, &worker, &lease).await });
    }

    /// A result was verified.
    pub(super) async fn judge(&mut self, arrived: Arrived, verdict: Result<(), String>) {
        let Arrived { id, lease, bytes } = arrived;
        let Some(lease) = lease else {
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
                self.outcomes.accepted += 1;
                let others = self.ledger.others(&lease);
                self.ledger.accepted(&lease, now);
                let subject = self.config.names.proof(&id);
                let _ = self.bus.client.publish(subject, bytes).await;
                self.end(&id, Some(others)).await;
            }
            Err(reason) => {
                self.outcomes.refused += 1;
                error!(assignment = %id, worker = ?worker, reason, "a result does not hold");
                let lost = self.ledger.refused(&lease, &reason, now);
                self.messages.end(&lease).await;
                self.end_leases(lost).await;
            }
        }
        acknowledge(&message).await;
        if let Some(worker) = worker {
            self.release(&worker, &lease);
        }
    }
}

async fn acknowledge(message: &Message) {
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
        let Ok(consumer) = found else {
            tokio::time::sleep(WAIT).await;
            continue;
        };
        let Ok(mut batch) = consumer.fetch().max_messages(64).expires(WAIT).messages().await else {
            tokio::time::sleep(WAIT).await;
            continue;
        };
        while let Some(message) = batch.next().await {
            let Ok(message) = message else { break };
            if forward.send(message).await.is_err() {
                return;
            }
        }
    }
}
