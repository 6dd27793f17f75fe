//! The demo's deployment: one account has every role, and there are tokens that anyone can mint.

use std::path::Path;

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};

use super::{anvil::CHAIN_ID, artifacts::Artifacts, data_modes::DataModes};
use crate::deploy::{
    DeployError, Deployer,
    config::{Config, Roles, Terms},
    manifest::{self, Circuits},
    source_commit,
};

/// Where the contracts are: what the batcher needs to know.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The rollup.
    pub rollup: Address,
    /// Its custody.
    pub custody: Address,
    /// The demo's ERC-20 contracts.
    pub tokens: Vec<Address>,
    /// What signatures and proofs are bound to.
    pub domain: B256,
}

/// What the demo has deployed.
#[derive(Debug)]
pub struct Deployed {
    /// Everything that the code follows from.
    pub manifest: manifest::Manifest,
    /// The batcher's part of it, with the demo's tokens.
    pub l1: Manifest,
}

/// Deploys to the local chain at `url`, with so many tokens; batches may have their data in these modes.
///
/// # Errors
/// As [`Deployer`]'s.
pub async fn deploy(
    contracts: &Path,
    url: &str,
    signer: &PrivateKeySigner,
    circuits: Circuits,
    genesis_state: B256,
    data_modes: DataModes,
    tokens: usize,
) -> Result<Deployed, DeployError> {
    let everyone = signer.address();
    let roles = Roles {
        governor: everyone,
        timelock_delay: 0,
        committer: everyone,
        prover: everyone,
        guardian: everyone,
        council: everyone,
    };
    let terms =
        Terms { forced_transactions: true, data_modes: data_modes.bits(), ..Terms::default() };
    let config = Config { chain_id: CHAIN_ID, roles, terms };
    let artifacts = Artifacts::build(contracts).await?;
    let deployer = Deployer::new(url, signer.clone(), config, circuits.set_up).await?;
    let commit = source_commit(contracts).await;
    let manifest = deployer.deploy(&artifacts, circuits, genesis_state, commit).await?;
    let mut l1 = Manifest::try_from(&manifest)?;
    for _ in 0..tokens {
        let token = deployer.deploy_extra(&artifacts, "DemoToken.sol", "DemoToken").await?;
        l1.tokens.push(token);
    }
    Ok(Deployed { manifest, l1 })
}

impl TryFrom<&manifest::Manifest> for Manifest {
    type Error = manifest::ManifestError;

    /// The batcher's part of a whole manifest.
    fn try_from(manifest: &manifest::Manifest) -> Result<Self, Self::Error> {
        Ok(Self {
            rollup: manifest.contract("Rollup")?.address,
            custody: manifest.custody,
            tokens: Vec::new(),
            domain: manifest.domain,
        })
    }
}
