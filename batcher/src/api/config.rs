//! Where the API listens, and what it takes from one client and from all.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// A day: what waits longer does not wait for anything.
const DAY_S: u64 = 86_400;

/// The API's part of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Address and port for JSON-RPC over HTTP and WebSocket, the page, `/health`, `/ready`, `/metrics` and
    /// `/openrpc.json`.
    pub listen: SocketAddr,
    /// The largest request, bytes.
    pub max_request_bytes: u32,
    /// The largest response, bytes.
    pub max_response_bytes: u32,
    /// Bytes of answers that wait for clients to take them, of all together; an eighth of it for one client address.
    pub max_unread_bytes: u32,
    /// Items of an array in a request, and of one in a response: transactions, hashes, accounts.
    pub max_items: u32,
    /// Calls of a JSON-RPC batch.
    pub max_batch_calls: u32,
    /// Levels that parameters may be nested.
    pub max_depth: u32,
    /// Requests a second of one client address; not those with the operator's token. As many again may come at once.
    pub requests_per_second: u32,
    /// Transactions a second of one client address, whatever becomes of them; not of clients on this machine. Twice as
    /// many may come at once.
    pub transactions_per_second: u32,
    /// Requests a second of all clients together. As many again may come at once.
    pub total_requests_per_second: u32,
    /// Connections of all clients together. Clients on this machine have 16 more.
    pub max_connections: u32,
    /// Connections of one client address; not of clients on this machine, nor of `trusted_proxies`.
    pub max_connections_per_address: u32,
    /// Addresses of reverse proxies. Of their requests, the client's address is the last one in `X-Forwarded-For`
    /// that is none of theirs.
    pub trusted_proxies: Vec<IpAddr>,
    /// Subscriptions of one connection.
    pub max_subscriptions: u32,
    /// Subscriptions of all connections together; a quarter of them for one client address, but for clients on this
    /// machine.
    pub max_total_subscriptions: u32,
    /// Messages that wait for a slow client on one connection.
    pub subscription_buffer: u32,
    /// How long a subscriber may leave that buffer full before its subscription ends, seconds. A client that takes
    /// nothing at all for twice as long loses its connection.
    pub subscriber_patience_s: u64,
    /// How long a request may take, seconds; not one with the operator's token.
    pub request_timeout_s: u64,
    /// How long a connection may be idle, seconds.
    pub idle_timeout_s: u64,
    /// Whether the page for browsers is served at `/`.
    pub page: bool,
    /// `/ready` fails when no block of L1 was read for this long, seconds.
    pub max_l1_silence_s: u64,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8650)),
            max_request_bytes: 1 << 20,
            max_response_bytes: 8 << 20,
            max_unread_bytes: 256 << 20,
            max_items: 1_000,
            max_batch_calls: 100,
            max_depth: 16,
            requests_per_second: 500,
            transactions_per_second: 2_000,
            total_requests_per_second: 5_000,
            max_connections: 1_000,
            max_connections_per_address: 100,
            trusted_proxies: Vec::new(),
            max_subscriptions: 64,
            max_total_subscriptions: 4_096,
            subscription_buffer: 64,
            subscriber_patience_s: 10,
            request_timeout_s: 30,
            idle_timeout_s: 120,
            page: true,
            max_l1_silence_s: 180,
        }
    }
}

/// A field that the service cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("api.{field}: expected {expected}, got {got}")]
pub struct ApiConfigError {
    field: &'static str,
    expected: &'static str,
    got: u64,
}

impl ApiConfig {
    /// Refuses what the service cannot work with.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn check(&self) -> Result<(), ApiConfigError> {
        let at_least = |field, got: u64, least: u64, expected| {
            if got < least { Err(ApiConfigError { field, expected, got }) } else { Ok(()) }
        };
        // A transaction takes 265 bytes in an array; a block's row about 110 in an answer.
        at_least("max_request_bytes", self.max_request_bytes.into(), 4_096, "at least 4096")?;
        at_least("max_response_bytes", self.max_response_bytes.into(), 1 << 16, "at least 65536")?;
        let (unread, longest) = (self.max_unread_bytes.into(), self.max_response_bytes.into());
        at_least("max_unread_bytes", unread, longest, "at least max_response_bytes")?;
        at_least("max_depth", self.max_depth.into(), 2, "2 to 100")?;
        if self.max_depth > 100 {
            let got = self.max_depth.into();
            return Err(ApiConfigError { field: "max_depth", expected: "2 to 100", got });
        }
        let positive = [
            ("max_items", self.max_items.into()),
            ("max_batch_calls", self.max_batch_calls.into()),
            ("requests_per_second", self.requests_per_second.into()),
            ("total_requests_per_second", self.total_requests_per_second.into()),
            ("transactions_per_second", self.transactions_per_second.into()),
            ("max_connections", self.max_connections.into()),
            ("max_connections_per_address", self.max_connections_per_address.into()),
            ("max_subscriptions", self.max_subscriptions.into()),
            ("max_total_subscriptions", self.max_total_subscriptions.into()),
            ("subscription_buffer", self.subscription_buffer.into()),
            ("subscriber_patience_s", self.subscriber_patience_s),
            ("request_timeout_s", self.request_timeout_s),
            ("idle_timeout_s", self.idle_timeout_s),
            ("max_l1_silence_s", self.max_l1_silence_s),
        ];
        for (field, got) in positive {
            at_least(field, got, 1, "at least 1")?;
            // An instant so far from now may not exist.
            if field.ends_with("_s") && got > DAY_S {
                return Err(ApiConfigError { field, expected: "1 to 86400", got });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_field_is_named() {
        assert_eq!(ApiConfig::default().check(), Ok(()));
        let config = ApiConfig { max_depth: 200, ..ApiConfig::default() };
        let error = config.check().unwrap_err().to_string();
        assert_eq!(error, "api.max_depth: expected 2 to 100, got 200");
        let config = ApiConfig { idle_timeout_s: u64::MAX, ..ApiConfig::default() };
        let error = config.check().unwrap_err().to_string();
        let expected = format!("api.idle_timeout_s: expected 1 to 86400, got {}", u64::MAX);
        assert_eq!(error, expected);
        let config = ApiConfig { max_unread_bytes: 1 << 20, ..ApiConfig::default() };
        let error = config.check().unwrap_err().to_string();
        let expected = "expected at least max_response_bytes, got 1048576";
        assert_eq!(error, format!("api.max_unread_bytes: {expected}"));
        let unknown = toml::from_str::<ApiConfig>("prot = 1").unwrap_err().to_string();
        assert!(unknown.contains("prot"), "{unknown}");
    }
}
