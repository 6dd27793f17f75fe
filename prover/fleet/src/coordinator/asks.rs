//! What workers ask, and how they are: claims are granted, leases kept alive.

use async_nats::{Message as Received, Subject};
use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use tracing::{debug, info, warn};

use super::{Command, messages::Place, run::Run};
use crate::{
    ledger::{Arrival, Denial},
    message::{self, Answer, Ask, Beat, Lease, Order, WorkerId},
    names::Names,
    payload::{self, SMALL, SMALL_TOGETHER},
};

/// Claims that wait for the server's word on what was just published.
const EARLY: usize = 256;
/// Leases that a sign of life may name: more than anybody is given.
const HOLDS: usize = 64;
/// Letters of the longest description of a machine.
const MACHINE: usize = 200;

/// What a worker is given.
pub(super) struct Given {
    id: AssignmentId,
    lease: Lease,
    work: Bytes,
}

impl Run {
    pub(super) async fn answer(&mut self, ask: Received) {
        let (Some(worker), Some(reply)) = (Names::worker(&ask.subject), ask.reply.clone()) else {
            return;
        };
        let answer = match message::decode(&ask.payload) {
            Ok(Ask::Join { .. }) if self.ledger.is_quarantined(&worker) => {
                Answer::Denied(Denial::Quarantined)
            }
            Ok(Ask::Join { version }) if version == self.config.version => {
                if self.may_log(&worker, "joins") {
                    info!(%worker, "joins");
                }
                Answer::Welcome
            }
            Ok(Ask::Join { .. }) => Answer::Version(self.config.version.clone()),
            Ok(Ask::Claim { version, queue, place, delivery, id })
                if version != self.config.version =>
            {
                if self.may_log(&worker, "version") {
                    info!(%worker, "of other circuits or keys");
                }
                let place = Place { queue, place };
                // What it has got goes to others.
                if self.messages.at(place) == Some((queue, &id)) {
                    self.messages.pass_on(place, delivery).await;
                }
                Answer::Version(self.config.version.clone())
            }
            Ok(Ask::Claim { queue, place, delivery, id, .. }) => {
                let place = Place { queue, place };
                // Whoever is quick has a message before the server has said where it is.
                let is_early = self.messages.at(place).is_none()
                    && self.messages.is_on_its_way(&id)
                    && self.early.len() < EARLY;
                if is_early {
                    return self.early.push(ask);
                }
                match self.claim(&worker, place, delivery, id).await {
                    Ok(given) => return self.grant(worker, given, reply).await,
                    Err(denial) => Answer::Denied(denial),
                }
            }
            Err(reason) => {
                if self.may_log(&worker, "ask") {
                    warn!(%worker, reason, "it asks what nobody understands");
                }
                return;
            }
        };
        let _ = self.bus.client.publish(reply, message::encode(&answer)).await;
    }

    async fn claim(
        &mut self,
        worker: &WorkerId,
        place: Place,
        delivery: u64,
        id: AssignmentId,
    ) -> Result<Vec<Given>, Denial> {
        match self.messages.at(place) {
            Some((queue, there)) if queue == place.queue && *there == id => {}
            // It has not got that message: what is there stays there.
            Some(_) => return Err(Denial::Others),
            None => {
                // Of an earlier run, or of what is done; a place that is not known yet is neither.
                if self.messages.is_past(place) {
                    self.messages.remove(place).await;
                }
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
                Ok(self.with_more(worker, place, Given { id, lease, work }))
            }
            (Err(Denial::Over), _) | (_, None) => {
                self.messages.remove(place).await;
                Err(Denial::Over)
            }
            (Err(Denial::Later), _) => {
                // Its message stays with who has it now, until it is told to somebody who claims it.
                self.tell_kept(place, &id).await;
                Err(Denial::Later)
            }
            (Err(denial), _) => {
                self.messages.pass_on(place, delivery).await;
                Err(denial)
            }
        }
    }

    /// What a worker has claimed, with more of the queue where that is tiny: as much as one answer
    /// holds.
    fn with_more(&mut self, worker: &WorkerId, place: Place, claimed: Given) -> Vec<Given> {
        let mut room = SMALL_TOGETHER.saturating_sub(claimed.work.len());
        let mut given = vec![claimed];
        for id in self.ledger.ahead(worker, place.queue) {
            let small = self.waiting.work(&id).filter(|work| work.len() <= SMALL.min(room));
            let Some(work) = small else { break };
            room -= work.len();
            let lease = Lease::random();
            self.ledger.give(&id, worker, lease.clone(), self.now());
            given.push(Given { id, lease, work });
        }
        given
    }

    /// Answers with the work; what no answer holds is put there before that, which takes a moment:
    /// not in the loop.
    async fn grant(&mut self, worker: WorkerId, given: Vec<Given>, reply: Subject) {
        let mut grants = Vec::new();
        let mut here = Vec::new();
        let mut there = Vec::new();
        for Given { id, lease, work } in given {
            let grant = payload::describe(id, lease.clone(), &work);
            match grant.is_here {
                true => here.push(work),
                false => there.push((lease, work)),
            }
            grants.push(grant);
        }
        let answer = message::encode_with(&Answer::Granted(grants), &here);
        let client = self.bus.client.clone();
        if there.is_empty() {
            let _ = client.publish(reply, answer).await;
            return;
        }
        self.stored.extend(there.iter().map(|(lease, _)| lease.clone()));
        let (jetstream, names) = (self.jetstream.clone(), self.config.names.clone());
        let sender = self.inbox.sender.clone();
        tokio::spawn(async move {
            let mut failure = None;
            for (lease, work) in &there {
                failure = payload::put(&jetstream, &names, &worker, lease, work).await.err();
                if failure.is_some() {
                    break;
                }
            }
            match &failure {
                None => drop(client.publish(reply, answer).await),
                Some(error) => warn!(%worker, %error, "work could not be granted"),
            }
            if let Some(sender) = sender.upgrade() {
                let is_there = failure.is_none();
                for (lease, _) in there {
                    let _ = sender.send(Command::Put { lease, is_there });
                }
            }
        });
    }

    /// Work was put there for a lease, or could not be.
    pub(super) async fn put(&mut self, lease: &Lease, is_there: bool) {
        if !is_there {
            self.ledger.withdraw(lease);
            self.messages.end(lease).await;
        }
        // It may have ended before its work was there.
        if !is_there || !self.ledger.is_held(lease) {
            self.stored.insert(lease.clone());
            self.release(lease).await;
        }
    }

    pub(super) async fn hear(&mut self, received: &Received) {
        let Some(worker) = Names::worker(&received.subject) else { return };
        let mut beat: Beat = match message::decode(&received.payload) {
            Ok(beat) => beat,
            Err(reason) => return debug!(%worker, reason, "a beat that nobody understands"),
        };
        let now = self.now();
        // It speaks for itself only.
        if beat.worker != worker {
            return;
        }
        if beat.version != self.config.version {
            // It was let in by an operator of before.
            let order = Order::Version(self.config.version.clone());
            return self.order(&worker, &order).await;
        }
        // It is shown to people.
        beat.machine = beat.machine.chars().filter(|c| !c.is_control()).take(MACHINE).collect();
        beat.holds.truncate(HOLDS);
        for held in &beat.holds {
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
