//! Whom a request goes to, and whether it is sent again.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use alloy::{
    primitives::bytes::Bytes,
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use rand::Rng;
use thiserror::Error;
use tower_service::Service;

use super::{
    connection::ConnectionConfig,
    endpoint::{Endpoint, attribute},
    http::{Fault, Limits},
    resent,
};

/// The nodes, as alloy's transport.
#[derive(Debug, Clone)]
pub(super) struct Transport(Arc<Nodes>);

#[derive(Debug)]
struct Nodes {
    /// At least one; the first that is well is asked.
    endpoints: Vec<Endpoint>,
    config: ConnectionConfig,
}

/// A request that no node has answered, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{method} at {endpoint}: {fault}")]
pub struct RequestError {
    /// What was asked.
    pub method: String,
    /// The host that was asked last.
    pub endpoint: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Sends signed bytes: whoever sends them twice has sent one transaction.
const SEND: &str = "eth_sendRawTransaction";

/// A request as it is sent, again and again if need be.
struct Call {
    method: String,
    repeatable: bool,
    body: Bytes,
}

/// What to do with what came back.
enum Verdict {
    /// It is the caller's.
    Answered,
    /// Ask again, at this time at the earliest if the node asks for that.
    Again { wait: Option<Duration> },
    /// Ask another node, if there is one.
    Elsewhere,
}

impl Transport {
    /// Over these nodes: one at least.
    pub(super) fn new(endpoints: Vec<Endpoint>, config: ConnectionConfig) -> Self {
        Self(Arc::new(Nodes { endpoints, config }))
    }
}

impl Service<RequestPacket> for Transport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let nodes = Arc::clone(&self.0);
        Box::pin(async move { nodes.ask(Call::new(packet)?).await })
    }
}

impl Nodes {
    async fn ask(&self, call: Call) -> Result<ResponsePacket, TransportError> {
        let deadline = Instant::now() + self.config.deadline();
        let mut header_missed = false;
        let mut attempt = 0;
        loop {
            let endpoint = self.pick().ok_or_else(|| TransportErrorKind::custom_str("no node"))?;
            let left = deadline.saturating_duration_since(Instant::now());
            let time = self.config.attempt().min(left);
            let limits = Limits { time, bytes: self.config.max_answer_bytes };
            let mut outcome = endpoint.send(call.body.clone(), limits).await;
            if let Ok(packet) = &mut outcome
                && attempt > 0
                && call.method == SEND
            {
                resent::settle(packet, &call.body);
            }
            let verdict = judge(endpoint, &outcome, &mut header_missed);
            let wait = match verdict {
                _ if !call.repeatable || attempt == self.config.retries => None,
                Verdict::Answered => None,
                Verdict::Again { wait } => Some(self.wait(attempt, wait)),
                Verdict::Elsewhere => self.someone_is_well().then_some(Duration::ZERO),
            };
            match wait {
                Some(wait) if Instant::now() + wait < deadline => tokio::time::sleep(wait).await,
                _ => return answer(outcome, &call, endpoint),
            }
            attempt += 1;
        }
    }

    /// The first node that is well, else the one that has rested longest.
    fn pick(&self) -> Option<&Endpoint> {
        let now = Instant::now();
        // `None`, not resting, is the least; of several the first is taken.
        self.endpoints.iter().min_by_key(|endpoint| endpoint.rests_until(now))
    }

    fn someone_is_well(&self) -> bool {
        let now = Instant::now();
        self.endpoints.iter().any(|endpoint| endpoint.rests_until(now).is_none())
    }

    /// Before the attempt after this one: nothing if there is a node that is well.
    fn wait(&self, attempt: u32, asked_for: Option<Duration>) -> Duration {
        if self.endpoints.len() > 1 && self.someone_is_well() {
            return Duration::ZERO;
        }
        let ConnectionConfig { backoff_ms, max_backoff_ms, .. } = self.config;
        let doubled = backoff_ms.saturating_mul(1 << attempt.min(20)).min(max_backoff_ms);
        let backoff = Duration::from_millis(doubled).mul_f64(rand::rng().random_range(0.5..=1.0));
        let longest = Duration::from_millis(max_backoff_ms);
        backoff.max(asked_for.unwrap_or_default().min(longest))
    }
}

/// What an outcome says of the node and of the request.
fn judge(
    endpoint: &Endpoint,
    outcome: &Result<ResponsePacket, Fault>,
    header_missed: &mut bool,
) -> Verdict {
    match outcome {
        Ok(packet) => match packet.as_error() {
            // A node behind a balancer that does not have the newest block yet.
            Some(error) if error.message.contains("header not found") => {
                match std::mem::replace(header_missed, true) {
                    true => Verdict::Answered,
                    false => Verdict::Again { wait: None },
                }
            }
            Some(error) if error.is_retry_err() => {
                endpoint.fails(&super::http::quote(&error.message));
                Verdict::Again { wait: None }
            }
            _ => {
                endpoint.is_well();
                Verdict::Answered
            }
        },
        // The question is at fault, not the node.
        Err(Fault::TooLarge(_)) => Verdict::Answered,
        Err(fault) => {
            endpoint.fails(fault);
            match fault {
                Fault::Status { retry_after, .. } if fault.is_transient() => {
                    Verdict::Again { wait: *retry_after }
                }
                _ if fault.is_transient() => Verdict::Again { wait: None },
                _ => Verdict::Elsewhere,
            }
        }
    }
}

fn answer(
    outcome: Result<ResponsePacket, Fault>,
    call: &Call,
    endpoint: &Endpoint,
) -> Result<ResponsePacket, TransportError> {
    match outcome {
        Ok(mut packet) => {
            attribute(&mut packet, &call.method, endpoint.name());
            Ok(packet)
        }
        Err(fault) => {
            let transient = fault.is_transient();
            let (method, endpoint) = (call.method.clone(), endpoint.name().to_owned());
            let error = RequestError { method, endpoint, fault };
            Err(match transient {
                true => TransportErrorKind::custom(error),
                false => TransportErrorKind::non_retryable(error),
            })
        }
    }
}

impl Call {
    fn new(packet: RequestPacket) -> Result<Self, TransportError> {
        let names: Vec<_> = packet.method_names().collect();
        let repeatable = names.iter().all(|name| is_repeatable(name));
        let method = match names[..] {
            [name] => name.to_owned(),
            [first, ..] => format!("{} calls of {first} and others", names.len()),
            [] => "no call".to_owned(),
        };
        let body = packet.serialize().map_err(TransportError::ser_err)?;
        Ok(Self { method, repeatable, body: Bytes::from(String::from(Box::<str>::from(body))) })
    }
}

/// Whether a method does the same if it is called twice: it reads, or sends the same bytes. A filter's changes are given out once,
/// and `eth_sendTransaction` signs with a new nonce.
fn is_repeatable(method: &str) -> bool {
    const READS: [&str; 5] = ["eth_", "net_", "web3_", "debug_trace", "anvil_get"];
    const ONCE: [&str; 3] = ["eth_sendTransaction", "eth_getFilterChanges", "eth_uninstallFilter"];
    READS.iter().any(|prefix| method.starts_with(prefix)) && !ONCE.contains(&method)
}

#[cfg(test)]
pub(super) mod node;
#[cfg(test)]
mod tests;
