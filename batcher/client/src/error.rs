//! Why there is no answer.

use std::{error::Error as StdError, time::Duration};

use jsonrpsee::{core::client::Error as RpcError, types::ErrorObjectOwned};

use crate::{
    api::{
        error::{ErrorBody, ErrorData},
        hex::Hash,
        methods::{self, Method},
        receipt::ReceiptError,
    },
    url::shown,
};

/// Characters that are kept of what a service says.
const MOST: usize = 300;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The URL is neither http nor ws, or does not parse.
    #[error("{url}: expected a URL as http://127.0.0.1:8650 or ws://127.0.0.1:8650: {reason}")]
    Url {
        /// As it may be shown.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The service refuses.
    #[error("{method}: {message} ({code}, {})", .data.as_ref().map_or("no reason", |data| data.reason.as_str()))]
    Refused {
        /// The method.
        method: &'static str,
        /// As `api::error` lists them.
        code: i32,
        /// For people.
        message: String,
        /// For programs; none from JSON-RPC itself.
        data: Option<ErrorData>,
    },
    /// Nobody answers there.
    #[error("no answer from {url}: {reason}; does the operator run there?")]
    NoAnswer {
        /// As it may be shown.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The service did not answer as it should.
    #[error("{method}: {reason}")]
    Transport {
        /// The method.
        method: &'static str,
        /// What happened.
        reason: String,
    },
    /// The service has stored something else than what was sent.
    #[error(
        "the operator answers for transaction {got}, expected {expected}: do not send it again, \
         ask for both"
    )]
    OtherTransaction {
        /// As sent.
        expected: Hash,
        /// As answered.
        got: Hash,
    },
    /// A receipt does not hold.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

impl ClientError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { data, .. } => data.as_ref().is_some_and(|data| data.retryable),
            Self::NoAnswer { .. } => true,
            Self::Url { .. }
            | Self::Transport { .. }
            | Self::OtherTransaction { .. }
            | Self::Receipt(_) => false,
        }
    }

    /// The stable word of a refusal.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused { data: Some(data), .. } => Some(&data.reason),
            _ => None,
        }
    }

    /// How long the service wants to be left alone.
    pub(crate) fn pause(&self) -> Option<Duration> {
        match self {
            Self::Refused { data: Some(data), .. } => {
                data.retry_after_ms.map(Duration::from_millis)
            }
            _ => None,
        }
    }

    pub(crate) fn new(url: &str, method: &'static str, error: RpcError) -> Self {
        match error {
            RpcError::Call(error) => Self::refused(method, &error),
            RpcError::Transport(error) => Self::no_answer(url, &*error),
            RpcError::RequestTimeout | RpcError::RestartNeeded(_) => Self::no_answer(url, &error),
            other => Self::Transport { method, reason: said(&other.to_string()) },
        }
    }

    pub(crate) fn url(url: &str, reason: impl ToString) -> Self {
        Self::Url { url: shown(url), reason: reason.to_string() }
    }

    /// The last cause says what happened, those before it only where in the client.
    pub(crate) fn no_answer(url: &str, error: &(dyn StdError + 'static)) -> Self {
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Self::NoAnswer { url: shown(url), reason: said(&cause.to_string()) }
    }

    fn refused(method: &'static str, error: &ErrorObjectOwned) -> Self {
        let data = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
        let data = data.map(|data: ErrorData| ErrorData { reason: said(&data.reason), ..data });
        Self::Refused { method, code: error.code(), message: said(error.message()), data }
    }
}

impl From<ErrorBody> for ClientError {
    fn from(error: ErrorBody) -> Self {
        let ErrorBody { code, message, data } = error;
        let data = Some(ErrorData { reason: said(&data.reason), ..data });
        Self::Refused { method: methods::SubmitMany::NAME, code, message: said(&message), data }
    }
}

/// The beginning of what a service says, without what moves a cursor.
fn said(text: &str) -> String {
    let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().take(MOST).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_says_has_an_end_and_moves_no_cursor() {
        let hostile = format!("\u{1b}[2J\n{}", "x".repeat(1 << 20));
        let error = ErrorObjectOwned::owned(
            1,
            hostile.clone(),
            Some(ErrorData { reason: hostile, retryable: true, retry_after_ms: Some(7) }),
        );
        let error = ClientError::new("http://h", "cairn_info", RpcError::Call(error));
        let text = error.to_string();
        assert!(text.len() < 1_000 && !text.contains(['\n', '\u{1b}']), "{text}");
        assert!(error.is_transient() && error.pause() == Some(Duration::from_millis(7)));
    }
}
