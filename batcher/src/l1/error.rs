//! What can go wrong with L1, whoever talks to it.

use alloy::primitives::{Address, B256};
use thiserror::Error;

/// Why L1 did not do what was asked.
#[derive(Debug, Error)]
pub enum L1Error {
    /// The node does not answer, or refuses the request.
    #[error("L1, {what}: {reason}")]
    Rpc {
        /// What was tried.
        what: &'static str,
        /// What the node or the transport says.
        reason: String,
    },
    /// The transaction was mined and reverted.
    #[error("L1, {what}: transaction {hash} reverted")]
    Reverted {
        /// What was tried.
        what: &'static str,
        /// The transaction.
        hash: B256,
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
    /// A receipt lacks the event that the contract emits.
    #[error("L1, {0}: the receipt lacks the contract's event; is the contract another version?")]
    NoEvent(&'static str),
}

/// What the node or the transport says of a request.
pub(crate) fn rpc(what: &'static str, reason: impl std::fmt::Display) -> L1Error {
    L1Error::Rpc { what, reason: reason.to_string() }
}
