//! Why the API does not do what it is asked; codes and words are those of [`cairn_client::api::error`].

pub use cairn_client::api::error::{CODES, ErrorBody, ErrorData};
use jsonrpsee::types::ErrorObjectOwned;

use crate::store::StoreError;

/// The most characters of an error's message.
const MESSAGE: usize = 300;

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter is not of its form.
    #[error("invalid parameters: {0}")]
    Parameters(String),
    /// The bytes are no transaction.
    #[error("not a transaction: {0}")]
    Malformed(String),
    /// The mempool refuses the transaction.
    #[error("{message}")]
    Refused {
        /// Stable word.
        reason: String,
        /// For people.
        message: String,
        /// Whether it may be accepted later.
        retryable: bool,
        /// When to try again, milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// There is no such thing.
    #[error("there is no {0}")]
    Unknown(String),
    /// It is not there yet.
    #[error("{0}")]
    NotYet(String),
    /// Too many requests.
    #[error("too many {what}, limit {limit} a second{}", if *.all { " for all clients" } else { "" })]
    Rate {
        /// Of what.
        what: &'static str,
        /// So many a second.
        limit: u32,
        /// Of all clients together.
        all: bool,
        /// When the next one is taken, milliseconds.
        retry_after_ms: u64,
    },
    /// An array is too long.
    #[error("too many items: expected at most {limit}, got {got}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// Of the request.
        got: usize,
    },
    /// The parameters are nested too deeply.
    #[error("parameters nested too deeply: expected at most {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The operator's token is missing or another.
    #[error("this method needs the operator's token as a bearer header")]
    Unauthorized,
    /// The answer did not come in time.
    #[error("no answer within {0} s; what was asked may still happen: ask again")]
    Timeout(u64),
    /// Subscriptions need a WebSocket.
    #[error("subscriptions need a WebSocket")]
    NeedsWebSocket,
    /// The operator's tool refuses.
    #[error("{0}")]
    Failed(String),
    /// A subscriber does not read its messages.
    #[error("the subscriber has read nothing for {0} s; subscribe again, the rest is in the store")]
    TooSlow(u64),
    /// Others are served at the moment.
    #[error("too busy: {0}")]
    Busy(&'static str),
    /// The store fails.
    #[error("the service cannot read its store; its log says more")]
    Store(#[from] StoreError),
    /// Something that must not be.
    #[error("the service fails: {0}")]
    Internal(&'static str),
}

impl ApiError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Parameters(_) => -32602,
            Self::Malformed(_) => 1001,
            Self::Refused { .. } => 1002,
            Self::Unknown(_) => 1003,
            Self::NotYet(_) => 1004,
            Self::Rate { .. } => 1005,
            Self::TooMany { .. } => 1006,
            Self::TooDeep { .. } => 1007,
            Self::Unauthorized => 1008,
            Self::Timeout(_) => 1009,
            Self::NeedsWebSocket => 1010,
            Self::Failed(_) => 1011,
            Self::TooSlow(_) => 1012,
            Self::Busy(_) => 1013,
            Self::Store(_) | Self::Internal(_) => -32603,
        }
    }

    /// The stable word.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Parameters(_) => "invalid_params",
            Self::Malformed(_) => "malformed_transaction",
            Self::Refused { reason, .. } => reason,
            Self::Unknown(_) => "unknown",
            Self::NotYet(_) => "not_yet",
            Self::Rate { .. } => "rate",
            Self::TooMany { .. } => "too_many_items",
            Self::TooDeep { .. } => "too_deep",
            Self::Unauthorized => "unauthorized",
            Self::Timeout(_) => "timeout",
            Self::NeedsWebSocket => "needs_websocket",
            Self::Failed(_) => "failed",
            Self::TooSlow(_) => "too_slow",
            Self::Busy(_) => "busy",
            Self::Store(_) | Self::Internal(_) => "internal",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Refused { retryable, .. } => *retryable,
            Self::NotYet(_) | Self::Rate { .. } | Self::Timeout(_) => true,
            Self::TooSlow(_) | Self::Busy(_) => true,
            _ => false,
        }
    }

    const fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::Refused { retry_after_ms, .. } => *retry_after_ms,
            Self::Rate { retry_after_ms, .. } => Some(*retry_after_ms),
            Self::NotYet(_) => Some(1_000),
            Self::Busy(_) => Some(100),
            _ => None,
        }
    }

    /// As it travels. Logs what only the operator should see.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        match self {
            Self::Store(error) => tracing::error!(%error, "api: reading the store"),
            Self::Internal(what) => tracing::error!(what, "api: a request has failed"),
            _ => {}
        }
        let data = ErrorData {
            reason: self.reason().to_owned(),
            retryable: self.is_transient(),
            retry_after_ms: self.retry_after_ms(),
        };
        let message = self.to_string().chars().take(MESSAGE).collect();
        ErrorBody { code: self.code(), message, data }
    }
}

impl From<ApiError> for ErrorObjectOwned {
    fn from(error: ApiError) -> Self {
        let ErrorBody { code, message, data } = error.body();
        Self::owned(code, message, Some(data))
    }
}
