//! The one way to talk to L1: several nodes as one provider, every request with a deadline, a limit on its answer and safe
//! retries. All nodes must be on the chain of the first that answers; others are passed over.
//!
//! ```text
//! readers, writers -> provider (alloy) -> Transport: whom to ask, whether again -> Endpoint: one node -> Http: limits
//! ```

use std::{fmt, time::Duration};

use alloy::{
    network::EthereumWallet,
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::client::RpcClient,
    signers::local::PrivateKeySigner,
};
use documented::DocumentedFields;
use rand::Rng;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    endpoint::Endpoint,
    error::L1Error,
    http::{host, is_loopback},
    transport::Transport,
};

/// How patient a connection is. The defaults suit public nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionConfig {
    /// What one attempt may take, from its start to the last byte of the answer, milliseconds.
    pub attempt_ms: u64,
    /// What a request may take with all its attempts, milliseconds.
    pub deadline_ms: u64,
    /// The longest answer that is read, bytes. A search for logs with a longer one is made in parts.
    pub max_answer_bytes: usize,
    /// Attempts after the first one.
    pub retries: u32,
    /// Wait before the second attempt, milliseconds; doubled each time, and shortened by up to half at random.
    pub backoff_ms: u64,
    /// The longest such wait, also where a node asks for a longer one, milliseconds.
    pub max_backoff_ms: u64,
    /// How long a node that fails is passed over while there are others, milliseconds; doubled with each failure in a row, up
    /// to 16 times as long.
    pub rest_ms: u64,
    /// How long a node's head may stand still until the other nodes are asked whether they have a higher one, milliseconds. One
    /// that has stopped syncing is passed over like one that fails.
    pub stale_ms: u64,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            attempt_ms: 30_000,
            deadline_ms: 90_000,
            max_answer_bytes: 24 << 20,
            retries: 5,
            backoff_ms: 250,
            max_backoff_ms: 10_000,
            rest_ms: 30_000,
            stale_ms: 60_000,
        }
    }
}

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} is {got}, expected {expected}")]
pub struct BadSetting {
    /// Its name.
    pub field: &'static str,
    /// Its value.
    pub got: u64,
    /// What it may be.
    pub expected: &'static str,
}

impl ConnectionConfig {
    /// Refuses times of zero and answers too small to hold a block.
    ///
    /// # Errors
    /// The first bad field.
    pub fn check(&self) -> Result<(), BadSetting> {
        let Self { attempt_ms, deadline_ms, max_answer_bytes, retries, .. } = *self;
        let bad = |field, got, expected| Err(BadSetting { field, got, expected });
        if attempt_ms == 0 {
            return bad("attempt_ms", attempt_ms, "more than 0");
        }
        if deadline_ms < attempt_ms {
            return bad("deadline_ms", deadline_ms, "attempt_ms at least");
        }
        if max_answer_bytes < 4_096 {
            return bad("max_answer_bytes", max_answer_bytes as u64, "4096 at least");
        }
        if retries > 100 {
            return bad("retries", retries.into(), "100 at most");
        }
        Ok(())
    }

    /// What one attempt may take.
    #[must_use]
    pub fn attempt(&self) -> Duration {
        Duration::from_millis(self.attempt_ms)
    }

    /// What a request may take with all its attempts.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// The wait after attempt number `attempt`, from zero, where the server may have asked for one.
    pub fn backoff(&self, attempt: u32, asked_for: Option<Duration>) -> Duration {
        let Self { backoff_ms, max_backoff_ms, .. } = *self;
        let doubled = backoff_ms.saturating_mul(1 << attempt.min(20)).min(max_backoff_ms);
        let backoff = Duration::from_millis(doubled).mul_f64(rand::rng().random_range(0.5..=1.0));
        let longest = Duration::from_millis(max_backoff_ms);
        backoff.max(asked_for.unwrap_or_default().min(longest))
    }

    pub(super) fn rest(&self) -> Duration {
        Duration::from_millis(self.rest_ms)
    }

    pub(super) fn stale(&self) -> Duration {
        Duration::from_millis(self.stale_ms)
    }
}

/// A provider over these nodes, the first one preferred; nothing is sent yet. It signs nothing, see [`signing`].
///
/// # Errors
/// There is no node, a URL is not HTTP's, or the configuration makes no sense.
pub fn connect(urls: &[Url], config: &ConnectionConfig) -> Result<DynProvider, L1Error> {
    config.check()?;
    if urls.is_empty() {
        return Err(L1Error::NoNode);
    }
    if let Some(url) = urls.iter().find(|url| !["http", "https"].contains(&url.scheme())) {
        // Of `user:password@host` the user is the scheme.
        let reason = match url.has_host() {
            true => format!("its scheme is {}", url.scheme()),
            false => "it has no host".to_owned(),
        };
        return Err(L1Error::Url { host: host(url), reason });
    }
    let endpoints = urls.iter().map(|url| Endpoint::new(url.clone(), config.rest())).collect();
    let transport = Transport::new(endpoints, config.clone());
    let client = RpcClient::new(transport, urls.iter().all(is_loopback));
    Ok(ProviderBuilder::default().connect_client(client).erased())
}

/// Says that what the provider's node answers cannot be, or is old, which only they can tell who understand it: another node is
/// asked for a while, where there is one that is well. Nothing for a provider that is not of [`connect`].
pub fn doubt(provider: &DynProvider, why: impl fmt::Display) {
    let client = provider.client();
    if let Some(transport) = client.transport().as_any().downcast_ref::<Transport>() {
        transport.doubt(&why);
    }
}

/// Failed rounds of one who asks, in a row. A node may answer everything but one question, and that with an error, again and
/// again: nothing shows that but that its caller does not get on.
#[derive(Debug, Default)]
pub struct Patience {
    failures: u32,
}

impl Patience {
    /// Failures after which another node is asked.
    const MOST: u32 = 3;

    /// A round has come to its end.
    pub fn is_renewed(&mut self) {
        self.failures = 0;
    }

    /// A round has failed: the last of several in a row has the node doubted, see [`doubt`].
    pub fn is_tried(&mut self, provider: &DynProvider, why: impl fmt::Display) {
        self.failures += 1;
        if self.failures >= Self::MOST {
            self.failures = 0;
            doubt(provider, format_args!("several rounds in a row have failed, the last: {why}"));
        }
    }
}

/// As [`connect`], to one node, for the tools.
///
/// # Errors
/// As [`connect`]; the URL does not parse.
pub fn connect_with(url: &str) -> Result<DynProvider, L1Error> {
    let parsed = url
        .parse()
        .map_err(|e| L1Error::Url { host: "(not a URL)".to_owned(), reason: format!("{e}") })?;
    connect(&[parsed], &ConnectionConfig::default())
}

/// The provider with a signer: it fills in nonce, fees and gas of what is sent through it. Its clones share the count of what
/// has been sent: one account must not have two others.
#[must_use]
pub fn signing(provider: DynProvider, signer: PrivateKeySigner) -> DynProvider {
    let wallet = EthereumWallet::from(signer);
    ProviderBuilder::new().wallet(wallet).connect_provider(provider).erased()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_settings_and_urls_are_named_without_secrets() {
        let config = ConnectionConfig { deadline_ms: 1, ..ConnectionConfig::default() };
        let error = connect(&["http://node".parse().unwrap()], &config).unwrap_err().to_string();
        assert_eq!(error, "L1 connection: deadline_ms is 1, expected attempt_ms at least");
        assert!(matches!(connect(&[], &ConnectionConfig::default()), Err(L1Error::NoNode)));
        for url in ["wss://user:secret@node/secret", "secret", "secret:pw@node", "data:secret"] {
            let error = connect_with(url).unwrap_err().to_string();
            assert!(error.contains("http://") && !error.contains("secret"), "{error}");
        }
    }
}
