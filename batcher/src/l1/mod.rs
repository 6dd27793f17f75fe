//! L1: readers and writers of the contracts, the local node and the tools, on top of cairn-client's connection.

pub mod agreement;
pub mod anvil;
pub mod artifacts;
pub mod blobs;
pub mod circuit_sets;
pub mod client;
pub mod data_modes;
pub mod deployment;
pub mod fees;
pub mod queue;
pub mod reader;
pub mod tools;
pub mod transactions;
pub mod withdrawal_tree;

/// The same node for the tests of both crates, each of which asks for a part of what it does.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../client/src/l1/transport/node.rs"]
pub(crate) mod node;

pub use cairn_client::l1::{
    Fault, RequestError, connection, contracts, error, http, resent, revert,
};
