//! L1: the local node, the tools, the deployment and the client of the contracts.

pub mod anvil;
pub mod artifacts;
pub mod blobs;
pub mod client;
pub mod contracts;
pub mod data_modes;
pub mod deploy;
pub mod error;
pub mod queue;
pub mod reader;
pub mod tools;
pub mod withdrawal_tree;
