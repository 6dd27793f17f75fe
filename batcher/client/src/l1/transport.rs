//! Whom a request goes to, and whether it is sent again.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{U64, bytes::Bytes},
    rpc::json_rpc::{RequestPacket, ResponsePacket, ResponsePayload},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use thiserror::Error;
use tower_service::Service;

use super::{
    connection::ConnectionConfig,
    endpoint::Endpoint,
    http::{Fault, Limits, quote},
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
    /// Their chain, as the first that was asked has it.
    chain: OnceLock<u64>,
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

/// Bytes of the longest answer that is read of a method whose answers are bounded: a block, its receipts, a blob.
/// Parsed, a hostile answer takes some 36 times as much.
const MAX_SHORT_ANSWER: usize = 8 << 20;

/// Sends signed bytes: whoever sends them twice has sent one transaction.
const SEND: &str = "eth_sendRawTransaction";
/// Asks for the number of the last block.
const HEAD: &str = "eth_blockNumber";
/// Asks for the chain.
const CHAIN: &[u8] = br#"{"jsonrpc":"2.0","id":0,"method":"eth_chainId","params":[]}"#;

/// A request as it is sent, again and again if need be.
#[derive(Clone)]
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
        Self(Arc::new(Nodes { endpoints, config, chain: OnceLock::new() }))
    }

    /// What the node that is asked now says is wrong or old: it rests, if there is another one.
    pub(super) fn doubt(&self, why: &dyn fmt::Display) {
        if self.0.endpoints.len() > 1
            && let Some(endpoint) = self.0.pick()
        {
            endpoint.is_doubted(why);
        }
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
    async fn ask(self: Arc<Self>, call: Call) -> Result<ResponsePacket, TransportError> {
        let deadline = Instant::now() + self.config.deadline();
        let mut header_missed = false;
        let mut attempt = 0;
        loop {
            let endpoint = self.pick().ok_or_else(|| TransportErrorKind::custom_str("no node"))?;
            let left = deadline.saturating_duration_since(Instant::now());
            let time = self.config.attempt().min(left);
            let limits = Limits { time, bytes: self.most_bytes(&call.method) };
            let mut outcome = self.send(endpoint, &call, limits).await;
            if let Ok(packet) = &mut outcome
                && (attempt > 0 || self.endpoints.len() > 1)
                && call.method == SEND
            {
                resent::settle(packet, &call.body);
            }
            let verdict = judge(endpoint, &outcome, &call.method, &mut header_missed);
            if let Ok(packet) = &mut outcome
                && call.method == HEAD
                && let Some(higher) = self.higher_head(endpoint, packet, &call, limits).await
            {
                *packet = higher;
            }
            let wait = match verdict {
                _ if !call.repeatable || attempt == self.config.retries => None,
                Verdict::Answered => None,
                Verdict::Again { wait } => Some(self.wait(attempt, wait)),
                Verdict::Elsewhere => self.someone_is_well().then_some(Duration::ZERO),
            };
            match wait {
                Some(wait) if Instant::now() + wait < deadline => tokio::time::sleep(wait).await,
                _ => {
                    if call.method == SEND {
                        self.pass_on(&call, endpoint);
                    }
                    return answer(outcome, &call, endpoint);
                }
            }
            attempt += 1;
        }
    }

    /// The longest answer to a method that is read.
    fn most_bytes(&self, method: &str) -> usize {
        let most = self.config.max_answer_bytes;
        if may_be_long(method) { most } else { most.min(MAX_SHORT_ANSWER) }
    }

    /// Gives a transaction to the other nodes, too, whatever the one that was asked has said: it may take transactions
    /// and pass none on. What they say of it does not matter, and nobody waits for it.
    fn pass_on(self: &Arc<Self>, call: &Call, asked: &Endpoint) {
        // The chain must not be that of whichever is the quickest.
        if self.chain.get().is_none() {
            return;
        }
        let limits = Limits { time: self.config.attempt(), bytes: self.config.max_answer_bytes };
        for (place, endpoint) in self.endpoints.iter().enumerate() {
            if std::ptr::eq(endpoint, asked) {
                continue;
            }
            let (nodes, call) = (Arc::clone(self), call.clone());
            tokio::spawn(async move {
                let Some(endpoint) = nodes.endpoints.get(place) else { return };
                let sent = nodes.send(endpoint, &call, limits);
                let outcome = tokio::time::timeout(nodes.config.deadline(), sent).await;
                tracing::debug!(
                    endpoint = endpoint.name(),
                    ?outcome,
                    "a transaction was passed on"
                );
            });
        }
    }

    /// Sends a request to a node that is on the right chain.
    async fn send(
        &self,
        endpoint: &Endpoint,
        call: &Call,
        limits: Limits,
    ) -> Result<ResponsePacket, Fault> {
        self.admit(endpoint, limits).await?;
        endpoint.send(call.body.clone(), limits).await
    }

    /// Checks that a node is on the chain of the others, before its first request and after each rest. One node alone
    /// is on the chain that it is on.
    async fn admit(&self, endpoint: &Endpoint, limits: Limits) -> Result<(), Fault> {
        if self.endpoints.len() == 1 || endpoint.is_admitted() {
            return Ok(());
        }
        let packet = endpoint.send(Bytes::from_static(CHAIN), limits).await?;
        let Some(got) = number(&packet) else {
            return Err(Fault::Malformed(quote(&format!("eth_chainId: {packet:?}"))));
        };
        let expected = *self.chain.get_or_init(|| got);
        if got != expected {
            let endpoint = endpoint.name();
            tracing::error!(endpoint, expected, got, "this L1 node is of another chain");
            return Err(Fault::OtherChain { expected, got });
        }
        endpoint.admit();
        Ok(())
    }

    /// Where a node's head has stood still for long: the answer of another node, if that has a higher one. The first
    /// rests then.
    async fn higher_head(
        &self,
        endpoint: &Endpoint,
        packet: &ResponsePacket,
        call: &Call,
        limits: Limits,
    ) -> Option<ResponsePacket> {
        let head = number(packet)?;
        if self.endpoints.len() == 1 || !endpoint.stands_still(head, self.config.stale()) {
            return None;
        }
        let now = Instant::now();
        let others = self.endpoints.iter().filter(|other| !std::ptr::eq(*other, endpoint));
        for other in others.filter(|other| other.rests_until(now).is_none()) {
            match self.send(other, call, limits).await {
                Err(fault) => other.fails(&fault),
                Ok(packet) => {
                    if let Some(higher) = number(&packet).filter(|&higher| higher > head) {
                        let name = other.name();
                        let why = format!("its head stays at {head}, that of {name} is {higher}");
                        endpoint.is_doubted(&why);
                        return Some(packet);
                    }
                }
            }
        }
        endpoint.is_at_head(head);
        None
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
        self.config.backoff(attempt, asked_for)
    }
}

/// The number that a node answers with.
fn number(packet: &ResponsePacket) -> Option<u64> {
    let ResponsePacket::Single(response) = packet else { return None };
    let ResponsePayload::Success(value) = &response.payload else { return None };
    serde_json::from_str::<U64>(value.get()).ok().map(|number| number.to())
}

/// What an outcome says of the node and of the request.
fn judge(
    endpoint: &Endpoint,
    outcome: &Result<ResponsePacket, Fault>,
    method: &str,
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
            // The question is at fault, not the node.
            Some(error) if searches_too_much(method, &error.message) => Verdict::Answered,
            Some(error) if error.is_retry_err() => {
                endpoint.fails(&quote(&error.message));
                Verdict::Again { wait: None }
            }
            _ => {
                endpoint.is_well();
                Verdict::Answered
            }
        },
        // The question is at fault, not the node.
        Err(Fault::TooLarge(_)) if may_be_long(method) => Verdict::Answered,
        Err(fault) => {
            endpoint.fails(fault);
            match fault.is_transient() {
                true => Verdict::Again { wait: fault.retry_after() },
                false => Verdict::Elsewhere,
            }
        }
    }
}

/// Whether a node refuses to search so many blocks for logs. Some say it with the code of a rate limit, which waiting
/// would mend.
fn searches_too_much(method: &str, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    method == "eth_getLogs" && ["range", "results", "blocks"].iter().any(|w| message.contains(w))
}

fn answer(
    outcome: Result<ResponsePacket, Fault>,
    call: &Call,
    endpoint: &Endpoint,
) -> Result<ResponsePacket, TransportError> {
    match outcome {
        Ok(mut packet) => {
            endpoint.attribute(&mut packet, &call.method);
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

/// Whether a method's answer may be as long as the chain has made it.
fn may_be_long(method: &str) -> bool {
    method == "eth_getLogs"
}

/// Whether a method does the same if it is called twice: it reads, or sends the same bytes. A filter's changes are
/// given out once, and `eth_sendTransaction` signs with a new nonce.
fn is_repeatable(method: &str) -> bool {
    const READS: [&str; 4] = ["eth_", "net_", "web3_", "anvil_get"];
    const ONCE: [&str; 3] = ["eth_sendTransaction", "eth_getFilterChanges", "eth_uninstallFilter"];
    READS.iter().any(|prefix| method.starts_with(prefix)) && !ONCE.contains(&method)
}

#[cfg(test)]
pub(crate) mod node;
#[cfg(test)]
mod tests;
