//! What a worker sends and asks for.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message, Request, Subscriber, connection::State};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;

use crate::{
    bus::PATIENCE,
    error::FleetError,
    message::{self, ASSIGNMENT, Answer, Ask, Beat, Held, Note, Offer, WorkerId},
    names::Names,
    queue::Queue,
};

/// How long a queue may take to say that it is empty.
const EMPTY: Duration = Duration::from_secs(1);
/// Between two tries to send something.
pub(super) const AGAIN: Duration = Duration::from_secs(1);

/// A worker's connection.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) worker: WorkerId,
}

/// Where messages of the queues come.
pub(super) struct Offers {
    inbox: String,
    offers: Subscriber,
}

/// A message of a queue.
pub(super) struct Offered {
    pub(super) queue: Queue,
    pub(super) place: u64,
    pub(super) delivery: u64,
    pub(super) offer: Offer,
}

impl Offers {
    pub(super) async fn new(client: &Client) -> Result<Self, FleetError> {
        let inbox = client.new_inbox();
        let offers = client.subscribe(inbox.clone()).await.map_err(|error| FleetError::Stream {
            what: "subscribing".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { inbox, offers })
    }

    /// The next message of a queue, if there is one.
    pub(super) async fn pull(&mut self, link: &Link, queue: Queue) -> Option<Offered> {
        // What is asked while the server is away is asked all at once when it is back.
        if link.client.connection_state() != State::Connected {
            return None;
        }
        let (subject, body) = (link.names.next(queue), Bytes::from_static(PULL));
        link.client.publish_with_reply(subject, self.inbox.clone(), body).await.ok()?;
        let received = tokio::time::timeout(EMPTY, self.offers.next()).await.ok()??;
        offered(&received)
    }

    /// A message that came after it was waited for, if there is one.
    pub(super) fn late(&mut self) -> Option<Offered> {
        offered(&self.offers.next().now_or_never()??)
    }
}

fn offered(received: &Message) -> Option<Offered> {
    // A status says that there is none.
    if received.status.is_some() {
        return None;
    }
    // $JS.ACK.STREAM.QUEUE.DELIVERIES.PLACE.DELIVERY..: an account that imports it may see more
    // before it.
    let reply = received.reply.as_ref()?;
    let parts: Vec<_> = reply.split('.').skip_while(|part| *part != "ACK").collect();
    let queue = parts.get(2)?;
    let queue = Queue::ALL.into_iter().find(|known| known.name() == *queue)?;
    let (place, delivery) = (parts.get(4)?.parse().ok()?, parts.get(5)?.parse().ok()?);
    let offer = message::decode(&received.payload).ok()?;
    Some(Offered { queue, place, delivery, offer })
}

impl Link {
    /// Asks the coordinator; nothing where nobody answers. With what comes behind the answer.
    pub(super) async fn ask(&self, ask: &Ask) -> Option<(Answer, Bytes)> {
        let subject = self.names.ask(self.worker.as_str());
        let asked = self.client.request(subject, message::encode(ask));
        let answer = tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?;
        message::decode_with(&answer.payload).ok()
    }

    pub(super) async fn beat(&self, beat: &Beat) {
        let subject = self.names.beat(self.worker.as_str());
        let sent = async {
            let _ = self.client.publish(subject, message::encode(beat)).await;
            let _ = self.client.flush().await;
        };
        // Where the server is gone, nobody hears it.
        let _ = tokio::time::timeout(EMPTY, sent).await;
    }

    /// One try to send a result.
    pub(super) async fn send(&self, held: &Held, result: Bytes) -> Result<(), String> {
        let subject = self.names.result(&self.worker, &held.lease);
        self.store(subject, held, result).await
    }

    /// Says instead of a result what came of it; a lease that nobody hears of any more runs out.
    pub(super) async fn note(&self, held: &Held, note: &Note) {
        let subject = self.names.note(&self.worker, &held.lease);
        for _ in 0..3 {
            match self.store(subject.clone(), held, message::encode(note)).await {
                Ok(()) => return,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    async fn store(&self, subject: String, held: &Held, body: Bytes) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        headers.insert(ASSIGNMENT, held.id.as_str());
        let request = Request::new().headers(headers).payload(body).timeout(Some(PATIENCE));
        let answer = self.client.send_request(subject, request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let stored: Stored =
            serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())?;
        match stored.error {
            // There is one already: the answer to the try before was lost.
            Some(error) if error.err_code == Some(TOO_MANY) => Ok(()),
            Some(error) => Err(error.description),
            None => Ok(()),
        }
    }
}

/// At once, or nothing.
const PULL: &[u8] = br#"{"batch":1,"no_wait":true}"#;
/// "maximum messages per subject exceeded".
const TOO_MANY: u64 = 10_077;

/// What a stream answers to who stores something.
#[derive(Deserialize)]
struct Stored {
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    err_code: Option<u64>,
    #[serde(default)]
    description: String,
}
