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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
