//! What the API answers when it does not do what it is asked.
//!
//! Codes are stable: clients may branch on them, and on `data.reason`. Messages are for people.
//!
//! | code | `data.reason` | meaning |
//! |---|---|---|
//! | -32600, -32601, -32700 | none | as JSON-RPC defines them |
//! | -32602 | `invalid_params` | a parameter is missing, unknown or not of its form |
//! | 1001 | `malformed_transaction` | the 131 bytes are no transaction |
//! | 1002 | the mempool's | the mempool refuses the transaction |
//! | 1003 | `unknown` | there is no such transaction, account, block, batch or withdrawal |
//! | 1004 | `not_yet` | it is not there yet: no block, no proof |
//! | 1005 | `rate` | too many requests; ask again after `retryAfterMs` |
//! | 1006 | `too_many_items` | an array is longer than the limit |
//! | 1007 | `too_deep` | the parameters are nested deeper than the limit |
//! | 1008 | `unauthorized` | the method needs the operator's token |
//! | 1009 | `timeout` | the answer did not come in time; what was asked may still happen |
//! | 1010 | `needs_websocket` | subscriptions need a WebSocket |
//! | 1011 | `failed` | the operator's tool refuses, see the message |
//! | 1012 | `too_slow` | ends a subscription whose client does not read |
//! | 1013 | `busy` | the service has too much to do at the moment; ask again after `retryAfterMs` |
//! | -32603 | `internal` | the service fails; its log says why |

use jsonrpsee::types::ErrorObjectOwned;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;

/// The most characters of an error's message.
const MESSAGE: usize = 300;

/// The stable codes and words, for the OpenRPC document.
pub const CODES: [(i32, &str); 15] = [
    (-32602, "invalid_params"),
    (-32603, "internal"),
    (1001, "malformed_transaction"),
    (1002, "the mempool's reason"),
    (1003, "unknown"),
    (1004, "not_yet"),
    (1005, "rate"),
    (1006, "too_many_items"),
    (1007, "too_deep"),
    (1008, "unauthorized"),
    (1009, "timeout"),
    (1010, "needs_websocket"),
    (1011, "failed"),
    (1012, "too_slow"),
    (1013, "busy"),
];

/// What stands beside the message of every error of this API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorData {
    /// Stable word for the reason.
    pub reason: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// How long to wait before that, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after_ms: Option<u64>,
}

/// An error as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// Stable number.
    pub code: i32,
    /// A sentence for people.
    pub message: String,
    /// For programs.
    pub data: ErrorData,
}

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
