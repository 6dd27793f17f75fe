//! Why work does not start: a line for whoever runs it.

use std::{io, net::SocketAddr, path::PathBuf};

use alloy::primitives::{Address, B256, U256, utils::format_ether};
use thiserror::Error;

use super::WINDOW;
use crate::l1::{data_modes::DataModes, error::L1Error};

/// Why work does not start.
#[derive(Debug, Error)]
pub enum CheckError {
    /// Somebody listens there.
    #[error("{field}: {address} is in use: stop what listens there, or choose another port")]
    PortInUse {
        /// The field or option.
        field: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened at.
    #[error("{field}: cannot listen at {address}: {source}")]
    Listen {
        /// The field or option.
        field: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing can be kept.
    #[error("data_dir: {} cannot be written: {source}", .path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// L1 does not answer.
    #[error("l1.urls: {0}")]
    L1(#[from] L1Error),
    /// Another chain.
    #[error(
        "l1.chain_id: the node serves chain {got}, expected {expected}: set l1.urls to nodes of that chain"
    )]
    WrongChain {
        /// Of the configuration.
        expected: u64,
        /// Of the node.
        got: u64,
    },
    /// Nothing there.
    #[error(
        "l1.rollup: there is no contract at {address} on chain {chain_id}: check the address, and that the node is in sync"
    )]
    NoContract {
        /// Where it should be.
        address: Address,
        /// The chain.
        chain_id: u64,
    },
    /// Something else there.
    #[error("l1.rollup: the contract at {address} is no rollup of this program: {reason}")]
    NotCairn {
        /// Where it is.
        address: Address,
        /// What differs.
        reason: String,
    },
    /// No event of the rollup's making.
    #[error(
        "l1.first_block: the rollup at {address} was not made in the {WINDOW} blocks from {first_block} on: set it to the block of the deployment, as its manifest has it"
    )]
    NoGenesis {
        /// The rollup.
        address: Address,
        /// Where the search began.
        first_block: u64,
    },
    /// The rollup is frozen for good.
    #[error(
        "l1.rollup: the rollup at {address} is frozen: what is proven is final, and all that is left to do is to leave"
    )]
    Frozen {
        /// The rollup.
        address: Address,
    },
    /// Proofs of this machine would be refused.
    #[error("circuit set {root} of this prover {reason}")]
    CircuitSet {
        /// Its root.
        root: B256,
        /// Why it does not count, and what to do.
        reason: String,
    },
    /// The key may not do it.
    #[error(
        "keys.operator: {account} does not have {role} of the rollup: have the governor grant it, or use the key of who has it"
    )]
    Role {
        /// The role's name in the contract.
        role: &'static str,
        /// The key's account.
        account: Address,
    },
    /// The account cannot pay.
    #[error(
        "keys.operator: {account} has {} ether, a batch costs about {}: send it some",
        format_ether(*.balance),
        format_ether(*.cost)
    )]
    Unfunded {
        /// The key's account.
        account: Address,
        /// What it has, wei.
        balance: U256,
        /// What it needs, wei.
        cost: U256,
    },
    /// The deployment does not take data so.
    #[error("proving.data: the rollup takes data in {allowed}, expected one of: {wanted}")]
    DataMode {
        /// What the contract allows.
        allowed: DataModes,
        /// What was asked for.
        wanted: DataModes,
    },
    /// The chain has no blobs.
    #[error("proving.data: chain {chain_id} has no blobs (EIP-4844): set it to \"calldata\"")]
    NoBlobs {
        /// The chain.
        chain_id: u64,
    },
}
