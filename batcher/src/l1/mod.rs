//! L1: the connection, readers and writers of the contracts on top of it, the local node and the tools.

pub mod agreement;
pub mod anvil;
pub mod artifacts;
pub mod blobs;
pub mod circuit_sets;
pub mod client;
pub mod connection;
pub mod contracts;
pub mod data_modes;
pub mod deployment;
mod endpoint;
pub mod error;
pub mod fees;
pub(crate) mod http;
pub mod queue;
pub mod reader;
pub(crate) mod resent;
pub mod revert;
pub(crate) mod secrets;
pub mod tools;
pub mod transactions;
mod transport;
pub mod withdrawal_tree;

#[cfg(test)]
pub(crate) use self::transport::node;
pub use self::{http::Fault, transport::RequestError};
