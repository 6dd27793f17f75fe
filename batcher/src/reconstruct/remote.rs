//! A server that gives out what it keeps: a beacon node, an archive, a member of a data committee.

use std::{
    fmt,
    time::{Duration, Instant},
};

use reqwest::Url;
use thiserror::Error;

use super::places::Refusal;
use crate::l1::{
    connection::ConnectionConfig,
    http::{Http, Limits, host},
};

/// What one attempt may take, from its start to the last byte of the answer.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A URL that leads to no server. It is not shown: it may have a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}: expected http://HOST or https://HOST")]
pub struct BadUrl(String);

/// A server.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    url: Url,
    http: Http,
    config: ConnectionConfig,
}

impl Remote {
    /// The server of this URL; nothing is sent yet.
    pub(super) fn new(url: &str) -> Result<Self, BadUrl> {
        Self::with_attempt(url, ATTEMPT)
    }

    /// As [`Self::new`], with another time for an attempt.
    pub(super) fn with_attempt(url: &str, attempt: Duration) -> Result<Self, BadUrl> {
        let url: Url = url.parse().map_err(|e| BadUrl(format!("this is not a URL ({e})")))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(BadUrl("this is the URL of something else".to_owned()));
        }
        let attempt_ms = u64::try_from(attempt.as_millis()).unwrap_or(u64::MAX);
        let config = ConnectionConfig {
            attempt_ms,
            // A server that is silent is asked twice.
            deadline_ms: attempt_ms.saturating_mul(5) / 2,
            ..ConnectionConfig::default()
        };
        Ok(Self { http: Http::new(&url), url, config })
    }

    /// What is behind a path, and a query if there is one, of at most so many bytes. What may pass is tried again, for as
    /// long as there is time for a whole attempt.
    pub(super) async fn get(
        &self,
        path: &str,
        query: Option<(&str, &str)>,
        bytes: usize,
    ) -> Result<Vec<u8>, Refusal> {
        let url = self.url_of(path, query);
        let limits = Limits { time: self.config.attempt(), bytes };
        let started = Instant::now();
        let mut attempt = 0;
        loop {
            let fault = match self.http.get(url.clone(), limits).await {
                Ok(body) => return Ok(body),
                Err(fault) if fault.is_absence() => return Err(Refusal::Absent),
                Err(fault) => fault,
            };
            let wait = self.config.backoff(attempt, fault.retry_after());
            let end = started.elapsed().saturating_add(wait).saturating_add(limits.time);
            let last = attempt == self.config.retries || end > self.config.deadline();
            if last || !fault.is_transient() {
                return Err(Refusal::Server { path: path.to_owned(), fault });
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// The server's URL with this behind its own path, and this beside its own query: either may have a key.
    fn url_of(&self, path: &str, query: Option<(&str, &str)>) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }
}

/// Its host: all that may be said of its URL.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&host(&self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stays_where_it_is_and_is_not_shown() {
        let query = Some(("hash", "0x7"));
        let url = |url| Remote::new(url).unwrap().url_of("/eth/1", query).to_string();
        assert_eq!(url("http://node/"), "http://node/eth/1?hash=0x7");
        assert_eq!(url("http://node/v3/key/"), "http://node/v3/key/eth/1?hash=0x7");
        assert_eq!(url("http://node?key=k"), "http://node/eth/1?key=k&hash=0x7");
        assert_eq!(Remote::new("https://u:secret@node/key?k=1").unwrap().to_string(), "node");
        for url in ["secret", "ftp://user:secret@node", "http://secret:port", "file:///secret"] {
            let error = Remote::new(url).unwrap_err().to_string();
            assert!(error.contains("expected http://") && !error.contains("secret"), "{error}");
        }
    }
}
