//! What can go wrong with L1, whoever talks to it.

use std::fmt;

use alloy::{
    contract,
    primitives::{Address, B256, Bytes},
    providers::PendingTransactionError,
    rpc::json_rpc::ErrorPayload,
    sol_types,
    transports::{RpcError, TransportError, TransportErrorKind},
};
use serde_json::Value;
use thiserror::Error;

use super::{
    connection::BadSetting,
    http::{Fault, quote},
    revert::{describe, explain},
    transport::RequestError,
};

/// Why L1 did not do what was asked.
#[derive(Debug, Error)]
pub enum L1Error {
    /// The node refuses the request, or answers with what cannot be.
    #[error("L1, {what}: {reason}")]
    Rpc {
        /// What was tried.
        what: &'static str,
        /// What the node or the transport says.
        reason: String,
    },
    /// No node answers, or not for now: the same request may be answered later.
    #[error("L1, {what}: {reason}")]
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// What the node or the transport says.
        reason: String,
    },
    /// There is no node to ask.
    #[error("no node of L1: give the URL of one at least")]
    NoNode,
    /// A URL that leads to no node.
    #[error("the URL of the L1 node {host}: {reason}; expected http://HOST:PORT or https://HOST")]
    Url {
        /// Its host: the rest may be a secret.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// A setting of the connection.
    #[error("L1 connection: {0}")]
    Setting(#[from] BadSetting),
    /// The transaction was mined and reverted.
    #[error("L1, {what}: transaction {hash} reverted")]
    Reverted {
        /// What was tried.
        what: &'static str,
        /// The transaction.
        hash: B256,
    },
    /// As [`Self::Reverted`], and the same call says why.
    #[error("L1, {what}: transaction {hash} reverted: {reason}")]
    Refused {
        /// What was tried.
        what: &'static str,
        /// The transaction.
        hash: B256,
        /// What the contract says.
        reason: String,
    },
    /// The node serves another chain.
    #[error(
        "the node serves chain {got}, expected {expected}: give --l1 the URL of a node of that chain"
    )]
    WrongChain {
        /// Asked for.
        expected: u64,
        /// Of the node.
        got: u64,
    },
    /// There is no contract.
    #[error(
        "there is no contract at {address} on chain {chain_id}: check the address, and that --l1 is the right chain and in sync"
    )]
    NoContract {
        /// Where it should be.
        address: Address,
        /// Chain of the node.
        chain_id: u64,
    },
    /// The block that was read from is not on the chain any more.
    #[error("L1 was reorganized at block {block} while it was read: run the command again")]
    Reorganized {
        /// Its number.
        block: u64,
    },
}

impl L1Error {
    /// Whether the same may succeed later, with nothing changed here.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Reorganized { .. })
    }

    /// The same about one of several things that are handled alike.
    pub fn about(mut self, subject: impl fmt::Display) -> Self {
        if let Self::Rpc { reason, .. } | Self::Unavailable { reason, .. } = &mut self {
            *reason = format!("{subject}: {reason}");
        }
        self
    }
}

/// What the node or the transport says of a request, in one line.
pub fn rpc(what: &'static str, reason: impl Reason) -> L1Error {
    let text = reason.text();
    match reason.is_transient() {
        true => L1Error::Unavailable { what, reason: text },
        false => L1Error::Rpc { what, reason: text },
    }
}

/// Something that went wrong, as [`L1Error`] has it.
pub trait Reason {
    /// One printable line.
    fn text(&self) -> String;

    /// See [`L1Error::is_transient`].
    fn is_transient(&self) -> bool {
        false
    }
}

impl Reason for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl Reason for &str {
    fn text(&self) -> String {
        (*self).to_owned()
    }
}

impl Reason for sol_types::Error {
    fn text(&self) -> String {
        quote(&self.to_string())
    }
}

/// What a contract says in a node's error; none where it is the node that refuses, or the contract says nothing.
fn refusal(error: &ErrorPayload) -> Option<String> {
    let known = |text: &str| {
        let data: Bytes = text.strip_prefix("Reverted ").unwrap_or(text).parse().ok()?;
        describe(&data)
    };
    // Some nodes call a revert something else, and some wrap what another node has said.
    let in_data = || {
        let data: Value = serde_json::from_str(error.data.as_ref()?.get()).ok()?;
        ["", "/data", "/originalError/data"]
            .into_iter()
            .find_map(|place| known(data.pointer(place)?.as_str()?))
    };
    // Hardhat says it in words, of an error that it has no name of.
    let in_message = || {
        let (_, data) = error.message.split_once("(return data: ")?;
        known(data.split_once(')')?.0)
    };
    // What is no error of a contract is the node's, unless the node calls it a revert.
    let unknown = || {
        let data = error.as_revert_data()?;
        (!data.is_empty()).then(|| explain(&data))
    };
    in_data().or_else(in_message).or_else(unknown)
}

impl Reason for TransportError {
    fn text(&self) -> String {
        match self {
            // From our transport: printable, and with the method and the node.
            Self::Transport(kind) => kind.to_string(),
            Self::ErrorResp(error) => match refusal(error) {
                Some(said) => format!("the contract refuses: {said}"),
                None => error.message.to_string(),
            },
            Self::NullResp => "the node answers with nothing".to_owned(),
            Self::DeserError { text, .. } => {
                format!("the node answers with something else: {}", quote(text))
            }
            other => quote(&other.to_string()),
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Transport(kind) => !kind.is_non_retryable(),
            Self::ErrorResp(error) => {
                error.is_retry_err() || error.message.contains("header not found")
            }
            Self::NullResp | Self::DeserError { .. } => true,
            _ => false,
        }
    }
}

impl Reason for PendingTransactionError {
    fn text(&self) -> String {
        match self {
            Self::TransportError(error) => error.text(),
            other => quote(&other.to_string()),
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::TransportError(error) => error.is_transient(),
            _ => true,
        }
    }
}

impl Reason for contract::Error {
    fn text(&self) -> String {
        match self {
            Self::TransportError(error) => error.text(),
            Self::PendingTransactionError(error) => error.text(),
            other => quote(&other.to_string()),
        }
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::TransportError(error) => error.is_transient(),
            Self::PendingTransactionError(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Whether the answer was too much for the node or for us: less may be asked for.
#[must_use]
pub fn is_too_much(error: &TransportError) -> bool {
    let RpcError::Transport(
        TransportErrorKind::Custom(cause) | TransportErrorKind::NonRetryable(cause),
    ) = error
    else {
        return error.is_error_resp();
    };
    let fault = cause.downcast_ref::<RequestError>().map(|error| &error.fault);
    match fault {
        Some(Fault::TooLarge(_) | Fault::Timeout(_)) => true,
        Some(Fault::Status { status, .. }) => [413, 504].contains(&status.as_u16()),
        _ => false,
    }
}

/// Whether a call was answered, by a contract that refuses: not by a node that does not call it.
pub(super) fn is_revert(error: &TransportError) -> bool {
    /// What nodes call it: the first as most do, the other as those do that say `VM execution error`.
    const CODES: [i64; 2] = [3, -32015];
    let RpcError::ErrorResp(error) = error else { return false };
    let is_called_so = CODES.contains(&error.code) || error.message.contains("revert");
    is_called_so || refusal(error).is_some()
}

/// Whether a request ended because no answer came in time, here or at a proxy before the node.
pub fn is_silence(error: &TransportError) -> bool {
    let RpcError::Transport(
        TransportErrorKind::Custom(cause) | TransportErrorKind::NonRetryable(cause),
    ) = error
    else {
        return false;
    };
    match cause.downcast_ref::<RequestError>().map(|error| &error.fault) {
        Some(Fault::Timeout(_)) => true,
        Some(Fault::Status { status, .. }) => status.as_u16() == 504,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use alloy::transports::RpcError;
    use serde_json::json;

    use super::*;

    #[test]
    fn contracts_are_understood_behind_every_node() {
        // WrongBlobCount(2, 3), with the selector as the compiler gives it.
        let data = format!("0x92daeab3{:064x}{:064x}", 2, 3);
        let named = "the contract refuses: WrongBlobCount { ";
        let wrapped = json!({ "code": 3, "data": data, "message": "execution reverted" });
        let hardhat = "Error: VM Exception while processing transaction: reverted with an \
                       unrecognized custom error (return data: ";
        let (words, other_words) = (format!("{hardhat}{data})"), format!("{hardhat}0x12345678)"));
        for (message, data, said) in [
            ("execution reverted", json!(data), named),
            ("execution reverted: custom error 0x92daeab3", json!({ "data": data }), named),
            ("VM execution error.", json!(data), named),
            ("VM execution error.", json!(format!("Reverted {data}")), named),
            (
                "execution reverted",
                json!("0x12345678"),
                "the contract refuses: an unknown error, 0x12345678",
            ),
            ("execution reverted", json!("0x"), "execution reverted"),
            ("execution reverted", json!(null), "execution reverted"),
            ("nonce too low", json!("0x12345678"), "nonce too low"),
            ("nonce too low", json!([data]), "nonce too low"),
            ("Internal JSON-RPC error.", wrapped.clone(), named),
            ("Internal JSON-RPC error.", json!({ "originalError": wrapped }), named),
            ("execution reverted", json!({ "hash": "0x07", "originalError": wrapped }), named),
            ("Internal JSON-RPC error.", json!({ "originalError": 7 }), "Internal JSON-RPC error."),
            (&words[..], json!(null), named),
            (&other_words[..], json!(null), &other_words[..]),
        ] {
            let error = json!({ "code": 3, "message": message, "data": data });
            let error: TransportError = RpcError::ErrorResp(serde_json::from_value(error).unwrap());
            let text = rpc("trying", error).to_string();
            assert!(text.starts_with(&format!("L1, trying: {said}")), "{text}");
        }
    }
}
