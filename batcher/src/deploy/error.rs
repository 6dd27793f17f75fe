//! Why there is no deployment, or only a part of one.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256, U256, utils::format_ether};
use thiserror::Error;

use super::{config::ConfigError, manifest::ManifestError};
use crate::l1::{anvil::CHAIN_ID as DEVELOPMENT_CHAIN, artifacts::BuildError, error::L1Error};

/// Why there is no deployment.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The contracts do not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The node.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Keys that must guard nothing.
    #[error(
        "the keys are for development: who knows their seed can forge proofs, so they are refused on chain {chain_id}; deploy to chain {DEVELOPMENT_CHAIN}, or use the keys of a ceremony"
    )]
    DevelopmentKeys {
        /// The chain asked for.
        chain_id: u64,
    },
    /// The deployer cannot pay.
    #[error("the deployer {deployer} has {} ether, the deployment costs about {}: send it some", format_ether(*.balance), format_ether(*.cost))]
    Unfunded {
        /// Who pays.
        deployer: Address,
        /// What it has.
        balance: U256,
        /// What it needs.
        cost: U256,
    },
    /// A manifest on standard output.
    #[error(
        "--manifest -: a deployment that is cut short goes on from its manifest, so it must be a file: name one"
    )]
    NoFile,
    /// A manifest without a name.
    #[error("--manifest {}: this is a folder: name the file in it, as in {}", .path.display(), .path.join("manifest.json").display())]
    Folder {
        /// What was named.
        path: PathBuf,
    },
    /// Nothing is left to do.
    #[error(
        "{}: this deployment is finished: check it with `cairn verify-deployment`; to make another, name another file with --manifest",
        .path.display()
    )]
    Finished {
        /// The manifest.
        path: PathBuf,
    },
    /// Two would deploy the same contract.
    #[error("another `cairn deploy` is at work on a manifest in {}: wait until it has ended", .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Another deployment than the one that was begun.
    #[error(
        "{}: the deployment that was begun has {what} = {begun}, and now it is {now}: run it as it was begun, or name another file with --manifest",
        .path.display()
    )]
    OtherPlan {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// Noted.
        begun: String,
        /// Asked for.
        now: String,
    },
    /// The journal has other contracts than the plan.
    #[error(
        "the unfinished manifest notes {got} where {expected} comes next, or with other arguments or another address: name another file with --manifest"
    )]
    Unexpected {
        /// By the plan.
        expected: String,
        /// Noted.
        got: String,
    },
    /// The chain has not what the journal says.
    #[error(
        "{name} is not at {address} any more, or with other code: this is another chain, or it was reorganized; to start over, name another file with --manifest"
    )]
    Gone {
        /// The contract.
        name: String,
        /// Where it was.
        address: Address,
    },
    /// The chain makes no blocks, or the fee is too low.
    #[error(
        "{name}: transaction {transaction} is not mined after {} s: run the same command again, it goes on waiting for it{}{reason}",
        .patience.as_secs_f64(),
        if .reason.is_empty() { "" } else { "; the last answer: " }
    )]
    NotMined {
        /// The contract.
        name: String,
        /// The transaction.
        transaction: B256,
        /// How long it was waited for.
        patience: Duration,
        /// What the node says, if it does not answer.
        reason: String,
    },
    /// The account is used elsewhere.
    #[error(
        "{name}: another transaction of the deployer's has taken nonce {nonce}: let nothing else send from this account, and run the same command again"
    )]
    Replaced {
        /// The contract.
        name: String,
        /// Its nonce.
        nonce: u64,
    },
    /// A node that has forgotten, or a contract of somebody else's making.
    #[error(
        "{name}: there is a contract at {address}, but the node has no receipt of transaction {transaction}: run the same command again with --l1 of a node that keeps all receipts"
    )]
    NoReceipt {
        /// The contract.
        name: String,
        /// Where it should be.
        address: Address,
        /// The transaction.
        transaction: B256,
    },
}

impl DeployError {
    /// Whether the transaction can never make the contract: there is no use in waiting for it again.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Replaced { .. } | Self::L1(L1Error::Reverted { .. } | L1Error::Refused { .. })
        )
    }
}
