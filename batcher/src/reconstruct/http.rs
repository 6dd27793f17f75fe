//! Answers of servers that nobody trusts: of bounded size, within bounded time.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;

/// What a request may take, from its start to the last byte of the answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes that are read of a refusal, for its reason.
const MAX_REFUSAL: usize = 4_096;

/// A client that neither waits nor reads for ever.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: Client,
    timeout: Duration,
}

/// What a server that refuses says, if it says it as beacon nodes do.
#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Http {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { client: Client::new(), timeout }
    }

    /// The bytes at `url`, `limit` at most; `None` if the server says that they are not there. An error is a reason, without
    /// the URL.
    pub(super) async fn get(&self, url: &str, limit: usize) -> Result<Option<Vec<u8>>, String> {
        let response = self.client.get(url).timeout(self.timeout).send().await;
        let response = response.map_err(|e| self.reason(e))?;
        let status = response.status();
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status) {
            return Ok(None);
        }
        if !status.is_success() {
            let body = self.body(response, MAX_REFUSAL).await.unwrap_or_default();
            let said = serde_json::from_slice(&body).map(|Refusal { message }| message);
            return Err(match said {
                Ok(message) => format!("{status}: {}", message.escape_default()),
                Err(_) => status.to_string(),
            });
        }
        self.body(response, limit).await.map(Some)
    }

    /// Reads piece by piece, and no further than the limit: what the server announces counts for nothing.
    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| self.reason(e))? {
            if body.len() + piece.len() > limit {
                return Err(format!("its answer has more than {limit} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn reason(&self, error: reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no whole answer within {} s", self.timeout.as_secs_f64());
        }
        // The causes are not part of an error's own text.
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        reason
    }
}
