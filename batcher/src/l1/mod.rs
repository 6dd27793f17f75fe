//! L1: the local node, the tools, the deployment and the client of the contracts.

pub mod anvil;
pub mod blobs;
pub mod client;
pub mod contracts;
pub mod deploy;
pub mod tools;
pub mod withdrawal_tree;
