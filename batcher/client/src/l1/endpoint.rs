//! One node of L1, and whether it is well.

use std::{
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use alloy::{
    primitives::bytes::Bytes,
    rpc::json_rpc::{ResponsePacket, ResponsePayload},
};
use reqwest::Url;

use super::http::{Answer, Fault, Http, Limits, host};

/// Failures in a row after which the rest is not doubled any more.
const MAX_DOUBLINGS: u32 = 4;

/// A node.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: Url,
    name: String,
    http: Http,
    rest: Duration,
    health: Mutex<Health>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Health {
    /// In a row.
    failures: u32,
    /// It is passed over until then.
    rests_until: Option<Instant>,
    /// Until then, that it answers does not mean that it is well: its answers were doubted.
    doubted_until: Option<Instant>,
    /// It was asked for its chain since it last failed.
    is_admitted: bool,
    /// The highest head that it has had, and since when.
    head: Option<(u64, Instant)>,
}

impl Endpoint {
    pub(super) fn new(url: Url, rest: Duration) -> Self {
        let (name, http) = (host(&url), Http::new(&url));
        Self { url, name, http, rest, health: Mutex::default() }
    }

    /// Its host: all that may be said of its URL.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// When it may be asked again; `None` if it may be now.
    pub(super) fn rests_until(&self, now: Instant) -> Option<Instant> {
        self.health().rests_until.filter(|&until| until > now)
    }

    /// Whether it is known to be on the right chain.
    pub(super) fn is_admitted(&self) -> bool {
        self.health().is_admitted
    }

    /// It is on the right chain.
    pub(super) fn admit(&self) {
        self.health().is_admitted = true;
    }

    /// It does what it should.
    pub(super) fn is_well(&self) {
        let mut health = self.health();
        if health.doubted_until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        let failures = std::mem::take(&mut health.failures);
        (health.rests_until, health.doubted_until) = (None, None);
        drop(health);
        if failures > 0 {
            tracing::info!(endpoint = self.name, failures, "L1 node answers again");
        }
    }

    /// Notes its head; whether that has been no higher for longer than `limit`.
    pub(super) fn stands_still(&self, head: u64, limit: Duration) -> bool {
        let mut health = self.health();
        match health.head {
            Some((highest, since)) if head <= highest => since.elapsed() > limit,
            _ => {
                health.head = Some((head, Instant::now()));
                false
            }
        }
    }

    /// Nobody has a higher head.
    pub(super) fn is_at_head(&self, head: u64) {
        self.health().head = Some((head, Instant::now()));
    }

    /// It answers, but what it says is wrong or old: as if it failed, and longer each time until it has not been doubted for as
    /// long as it rests.
    pub(super) fn is_doubted(&self, why: &dyn std::fmt::Display) {
        self.fails(why);
        let mut health = self.health();
        health.doubted_until = health.rests_until.map(|until| until + self.rest);
    }

    /// It does not: others are asked for a while.
    pub(super) fn fails(&self, why: &dyn std::fmt::Display) {
        let mut health = self.health();
        health.is_admitted = false;
        let rest = self.rest * (1 << health.failures.min(MAX_DOUBLINGS));
        health.rests_until = Some(Instant::now() + rest);
        health.failures = health.failures.saturating_add(1);
        let first = health.failures == 1;
        drop(health);
        if first {
            tracing::warn!(endpoint = self.name, %why, "L1 node fails");
        }
    }

    /// Sends a request, once. A node's own error is an answer.
    pub(super) async fn send(&self, body: Bytes, limits: Limits) -> Result<ResponsePacket, Fault> {
        let asks_for_one = !is_list(&body);
        let answer = self.http.post(self.url.clone(), body, limits).await?;
        let Answer { status, retry_after, body } = answer;
        // One of millions of small answers would take many times the memory of its text.
        if asks_for_one && is_list(&body) {
            return Err(Fault::Malformed("a list of answers to one request".to_owned()));
        }
        let parsed = serde_json::from_slice::<ResponsePacket>(&body);
        let said = || self.http.quote(&String::from_utf8_lossy(&body));
        match parsed {
            // Some nodes give their errors a status, too.
            Ok(packet) if status.is_success() || packet.is_error() => Ok(packet),
            Ok(_) => Err(Fault::Status { status, said: String::new(), retry_after }),
            Err(_) if status.is_success() => Err(Fault::Malformed(said())),
            Err(_) => Err(Fault::Status { status, said: said(), retry_after }),
        }
    }

    /// Makes the node's own errors printable, and says who has said it of what.
    pub(super) fn attribute(&self, packet: &mut ResponsePacket, method: &str) {
        let responses = match packet {
            ResponsePacket::Single(response) => std::slice::from_mut(response),
            ResponsePacket::Batch(responses) => responses.as_mut_slice(),
        };
        for response in responses {
            if let ResponsePayload::Failure(error) = &mut response.payload {
                let said = self.http.quote(&error.message);
                error.message = format!("{said} ({method} at {})", self.name).into();
            }
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether JSON is a list.
fn is_list(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"[")
}
