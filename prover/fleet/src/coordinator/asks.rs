//! What workers ask, and how they are: claims are granted, leases kept alive.

use async_nats::Message as Received;
use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use tracing::{debug, info, warn};

use super::{Command, messages::Place, run::Run};
use crate::{
    ledger::{Arrival, Denial},
    message::{self, Answer, Ask, Beat, Lease, WorkerId},
    names::Names,
    payload,
};

impl Run {
    pub(super) async fn answer(&mut self, ask: Received) {
        let (Some(worker), Some(reply)) = (Names::worker(&ask.subject), ask.reply) else { return };
        let answer = match message::decode(&ask.payload) {
            Ok(Ask::Join { .. }) if self.ledger.is_quarantined(&worker) => {
                Answer::Denied(Denial::Quarantined)
            }
            Ok(Ask::Join { version }) if version == self.config.version => {
                info!(%worker, "joins");
                Answer::Welcome
            }
            Ok(Ask::Join { .. }) => Answer::Version(self.config.version.clone()),
            Ok(Ask::Claim { queue, place, delivery, id }) => {
                match self.claim(&worker, Place { queue, place }, delivery, id).await {
                    Ok((lease, work)) => return self.grant(worker, lease, work, reply),
                    Err(denial) => Answer::Denied(denial),
                }
            }
            Err(reason) => return warn!(%worker, reason, "it asks what nobody understands"),
        };
        let _ = self.bus.client.publish(reply, message::encode(&answer)).await;
    }

    pub(super) async fn claim(
        &mut self,
        worker: &WorkerId,
        place: Place,
        delivery: u64,
        id: AssignmentId,
    ) -> Result<(Lease, Bytes), Denial> {
        match self.messages.at(place) {
            Some((queue, there)) if *queue == place.queue && *there == id => {}
            // It has not got that message: what is there stays there.
            Some(_) => return Err(Denial::Others),
            None => {
                self.messages.remove(place).await;
                return Err(Denial::Over);
            }
        }
        let lease = Lease::random();
        let claimed = self.ledger.claim(&id, worker, lease.clone(), self.now());
        debug!(%worker, ?place, assignment = %id, ?claimed, "a claim");
        let work = self.waiting.work(&id);
        match (claimed, work) {
            (Ok(()), Some(work)) => {
                self.messages.claimed(place, lease.clone());
                Ok((lease, work))
            }
            (Err(Denial::Over), _) | (_, None) => {
                self.messages.remove(place).await;
                Err(Denial::Over)
            }
            (Err(denial), _) => {
                self.messages.pass_on(place, delivery).await;
                Err(denial)
            }
        }
    }

    /// Puts the work there and answers. It takes a moment: not in the loop.
    pub(super) fn grant(
        &self,
        worker: WorkerId,
        lease: Lease,
        work: Bytes,
        reply: async_nats::Subject,
    ) {
        let (jetstream, names) = (self.jetstream.clone(), self.config.names.clone());
        let (client, sender) = (self.bus.client.clone(), self.inbox.sender.clone());
        tokio::spawn(async move {
            let put = payload::put(&jetstream, &names, &worker, lease.clone(), work).await;
            let is_there = put.is_ok();
            match put {
                Ok(grant) => {
                    let _ = client.publish(reply, message::encode(&Answer::Granted(grant))).await;
                }
                Err(error) => warn!(%worker, %error, "work could not be granted"),
            }
            if let Some(sender) = sender.upgrade() {
                let _ = sender.send(Command::Put { lease, is_there });
            }
        });
    }

    pub(super) async fn hear(&mut self, received: &Received) {
        let Some(worker) = Names::worker(&received.subject) else { return };
        let beat: Beat = match message::decode(&received.payload) {
            Ok(beat) => beat,
            Err(reason) => return debug!(%worker, reason, "a beat that nobody understands"),
        };
        let now = self.now();
        // It speaks for itself only.
        if beat.worker != worker || beat.version != self.config.version {
            return;
        }
        if let Some(held) = &beat.holds {
            if self.inherits() {
                self.ledger.adopt(&held.id, &worker, held.lease.clone(), now);
            }
            if matches!(self.ledger.arrival(&held.lease, &worker), Arrival::Owed(_)) {
                self.messages.renew(&held.lease).await;
            }
        }
        let forgotten = self.ledger.beat(beat, now);
        self.end_leases(forgotten).await;
    }
}
