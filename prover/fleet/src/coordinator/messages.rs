//! Messages that are in the queues, by their places: what an acknowledgement names.

use std::collections::{BTreeMap, HashMap};

use async_nats::{Client, HeaderMap, jetstream::Context};
use cairn_prover::{assignment::Class, claim::AssignmentId};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};

use crate::{
    ledger::{Offer, Time},
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

/// A message that was published and is not acknowledged.
#[derive(Debug)]
struct Published {
    queue: Queue,
    id: AssignmentId,
    since: Time,
    is_claimed: bool,
}

/// Which of the messages on their way is stored, and where; or why it is not.
pub(super) type Stored = (u64, Result<u64, String>);

/// All messages that were published and are not acknowledged.
pub(super) struct Messages {
    client: Client,
    names: Names,
    /// Of this coordinator alone: the server takes messages with one id for one.
    session: String,
    count: u64,
    /// Those of which the server has not said yet that it has them, by their number.
    sent: HashMap<u64, Offer>,
    storing: FuturesUnordered<BoxFuture<'static, Stored>>,
    /// The last place of each class that the server has named.
    last: BTreeMap<Class, u64>,
    /// By their places in the streams of the classes: an acknowledgement names no queue.
    published: HashMap<(Class, u64), Published>,
    /// Of what was claimed.
    leases: HashMap<Lease, Place>,
}

impl Messages {
    pub(super) fn new(client: Client, names: Names) -> Self {
        Self {
            client,
            names,
            session: Lease::random().as_str().to_owned(),
            count: 0,
            sent: HashMap::new(),
            storing: FuturesUnordered::new(),
            last: BTreeMap::new(),
            published: HashMap::new(),
            leases: HashMap::new(),
        }
    }

    /// Publishes a message; [`Self::stored`] says what comes of it.
    pub(super) async fn publish(&mut self, jetstream: &Context, offer: Offer) {
        self.count += 1;
        let number = self.count;
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{}-{number}", self.session));
        let body = message::encode(&message::Offer { id: offer.id.clone() });
        let subject = self.names.task(offer.queue);
        self.sent.insert(number, offer);
        let sent = jetstream.publish_with_headers(subject, headers, body).await;
        self.storing.push(Box::pin(async move {
            let stored = match sent {
                Ok(stored) => stored.await,
                Err(error) => return (number, Err(error.to_string())),
            };
            (number, stored.map(|at| at.sequence).map_err(|error| error.to_string()))
        }));
    }

    /// The next word of the server on what was published; nothing where nothing is on its way.
    pub(super) async fn stored(&mut self) -> Option<Stored> {
        self.storing.next().await
    }

    /// A message is in its queue; gives it.
    pub(super) fn is_at(&mut self, number: u64, place: u64, now: Time) -> Option<Offer> {
        let offer = self.sent.remove(&number)?;
        let Offer { queue, id } = offer.clone();
        let last = self.last.entry(queue.class()).or_default();
        *last = place.max(*last);
        let published = Published { queue, id, since: now, is_claimed: false };
        self.published.insert((queue.class(), place), published);
        Some(offer)
    }

    /// A message could not be published.
    pub(super) fn is_nowhere(&mut self, number: u64) {
        self.sent.remove(&number);
    }

    /// Whether the server may have a message of an assignment, and has not said so.
    pub(super) fn is_on_its_way(&self, id: &AssignmentId) -> bool {
        self.sent.values().any(|offer| offer.id == *id)
    }

    /// Whether a place that is not known has been used before. Whoever names one that will be used
    /// must not have it acknowledged.
    pub(super) fn is_past(&self, place: Place) -> bool {
        let class = place.queue.class();
        let last = self.last.get(&class).copied().unwrap_or(0);
        place.place <= last && self.sent.values().all(|offer| offer.queue.class() != class)
    }

    /// What is at a place, and in which queue.
    pub(super) fn at(&self, place: Place) -> Option<(Queue, &AssignmentId)> {
        self.published.get(&place.key()).map(|published| (published.queue, &published.id))
    }

    /// How many messages of each assignment nobody has claimed.
    pub(super) fn unclaimed(&self) -> HashMap<AssignmentId, usize> {
        let there = self.published.values().filter(|published| !published.is_claimed);
        let ids = there.map(|published| &published.id);
        let mut counts = HashMap::new();
        for id in ids.chain(self.sent.values().map(|offer| &offer.id)) {
            *counts.entry(id.clone()).or_default() += 1;
        }
        counts
    }

    /// Those that nobody has claimed, and that this is true of; with the time since when they are in
    /// their queues.
    pub(super) fn unclaimed_that(
        &self,
        is_so: impl Fn(&AssignmentId, Time) -> bool,
    ) -> Vec<(Place, AssignmentId)> {
        let those = self.published.iter().filter(|(_, published)| {
            !published.is_claimed && is_so(&published.id, published.since)
        });
        let those = those.map(|(&(_, place), published)| {
            (Place { queue: published.queue, place }, published.id.clone())
        });
        let mut those: Vec<_> = those.collect();
        those.sort_unstable_by_key(|(place, _)| place.place);
        those
    }

    /// The message at a place was claimed.
    pub(super) fn claimed(&mut self, place: Place, lease: Lease) {
        if let Some(published) = self.published.get_mut(&place.key()) {
            published.is_claimed = true;
        }
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
        let of_it = self.published.iter().filter(|(_, published)| published.id == *id);
        let places = of_it.map(|(&(_, place), of)| Place { queue: of.queue, place });
        let places: Vec<_> = places.collect();
        if places.is_empty() {
            return;
        }
        for place in places {
            self.remove(place).await;
        }
        let published = &self.published;
        self.leases.retain(|_, place| published.contains_key(&place.key()));
    }

    /// A message goes.
    pub(super) async fn remove(&mut self, place: Place) {
        self.published.remove(&place.key());
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
        self.published.keys().filter(|(other, _)| *other == class).count()
    }

    /// The server has lost those of a class.
    pub(super) fn lost(&mut self, class: Class) {
        self.last.remove(&class);
        self.published.retain(|(other, _), _| *other != class);
        self.leases.retain(|_, place| place.queue.class() != class);
    }
}
