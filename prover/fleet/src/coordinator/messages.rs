//! Messages that are in the queues, by their places: what an acknowledgement names.

use std::collections::{HashMap, HashSet};

use async_nats::{Client, HeaderMap, jetstream::Context};
use cairn_prover::{assignment::Class, claim::AssignmentId};

use crate::{
    error::FleetError,
    ledger::Offer,
    message::{self, Lease},
    names::Names,
    queue::Queue,
};

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) queue: Queue,
    /// In the stream of its class.
    pub(super) place: u64,
}

impl Place {
    const fn key(self) -> (Class, u64) {
        (self.queue.class(), self.place)
    }
}

/// All messages that were published and are not acknowledged.
#[derive(Debug)]
pub(super) struct Messages {
    client: Client,
    names: Names,
    /// Of this coordinator alone: the server takes messages with one id for one.
    session: String,
    count: u64,
    /// By their places in the streams of the classes: an acknowledgement names no queue.
    ids: HashMap<(Class, u64), (Queue, AssignmentId)>,
    /// Of what was claimed.
    leases: HashMap<Lease, Place>,
}

impl Messages {
    pub(super) fn new(client: Client, names: Names) -> Self {
        let session = Lease::random().as_str().to_owned();
        Self { client, names, session, count: 0, ids: HashMap::new(), leases: HashMap::new() }
    }

    /// Publishes a message.
    pub(super) async fn publish(
        &mut self,
        jetstream: &Context,
        offer: &Offer,
    ) -> Result<(), FleetError> {
        self.count += 1;
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{}-{}", self.session, self.count));
        let body = message::encode(&message::Offer { id: offer.id.clone() });
        let subject = self.names.task(offer.queue);
        let failed =
            |reason: String| FleetError::Stream { what: format!("offering {}", offer.id), reason };
        let sent = jetstream.publish_with_headers(subject, headers, body).await;
        let stored = sent.map_err(|error| failed(error.to_string()))?.await;
        let place = stored.map_err(|error| failed(error.to_string()))?.sequence;
        self.ids.insert((offer.queue.class(), place), (offer.queue, offer.id.clone()));
        Ok(())
    }

    /// What is at a place, and in which queue.
    pub(super) fn at(&self, place: Place) -> Option<&(Queue, AssignmentId)> {
        self.ids.get(&place.key())
    }

    /// How many messages of each assignment nobody has claimed.
    pub(super) fn unclaimed(&self) -> HashMap<AssignmentId, usize> {
        let claimed: HashSet<_> = self.leases.values().map(|place| place.key()).collect();
        let mut counts = HashMap::new();
        for (_, (_, id)) in self.ids.iter().filter(|(place, _)| !claimed.contains(*place)) {
            *counts.entry(id.clone()).or_default() += 1;
        }
        counts
    }

    /// The message at a place was claimed.
    pub(super) fn claimed(&mut self, place: Place, lease: Lease) {
        self.leases.insert(lease, place);
    }

    /// A worker is at what it has claimed.
    pub(super) async fn renew(&self, lease: &Lease) {
        if let Some(place) = self.leases.get(lease) {
            self.acknowledge(*place, "+WPI").await;
        }
    }

    /// What was claimed is done, or is offered anew: its message goes.
    pub(super) async fn end(&mut self, lease: &Lease) {
        if let Some(place) = self.leases.remove(lease) {
            self.remove(place).await;
        }
    }

    /// All messages of an assignment go.
    pub(super) async fn end_all(&mut self, id: &AssignmentId) {
        let places = self.ids.iter().filter(|(_, (_, other))| other == id);
        let places = places.map(|(&(_, place), &(queue, _))| Place { queue, place });
        for place in places.collect::<Vec<_>>() {
            self.remove(place).await;
        }
        let ids = &self.ids;
        self.leases.retain(|_, place| ids.contains_key(&place.key()));
    }

    /// A message goes.
    pub(super) async fn remove(&mut self, place: Place) {
        self.ids.remove(&place.key());
        self.acknowledge(place, "+ACK").await;
    }

    /// A message goes to somebody else, in a moment.
    pub(super) async fn pass_on(&self, place: Place, delivery: u64) {
        self.say(place, delivery, "-NAK {\"delay\": 300000000}").await;
    }

    async fn acknowledge(&self, place: Place, what: &'static str) {
        self.say(place, 1, what).await;
    }

    async fn say(&self, place: Place, delivery: u64, what: &'static str) {
        let subject = self.names.ack(place.queue, place.place, delivery);
        // Where the connection is lost, the message comes again.
        let _ = self.client.publish(subject, what.into()).await;
    }

    /// How many there should be of a class.
    pub(super) fn of_class(&self, class: Class) -> usize {
        self.ids.keys().filter(|(other, _)| *other == class).count()
    }

    /// The server has lost those of a class.
    pub(super) fn lost(&mut self, class: Class) {
        self.ids.retain(|(other, _), _| *other != class);
        self.leases.retain(|_, place| place.queue.class() != class);
    }
}
