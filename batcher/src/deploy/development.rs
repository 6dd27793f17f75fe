//! A deployment for development: one account has every role but the operator's, and there are tokens that anyone can mint.

use std::path::Path;

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};

use super::{
    DeployError, Deployer,
    config::{Config, Roles, Terms},
    manifest::{Circuits, Manifest, ManifestError},
    source_commit,
};
use crate::l1::{
    anvil::CHAIN_ID, artifacts::Artifacts, data_modes::DataModes, deployment::Deployment,
};

/// What has been deployed.
#[derive(Debug)]
pub struct Deployed {
    /// Everything that the code follows from.
    pub manifest: Manifest,
    /// Where it is.
    pub l1: Deployment,
    /// The ERC-20 contracts.
    pub tokens: Vec<Address>,
}

/// Builds the contracts and deploys them to the local chain at `url`, with so many tokens; batches may have their data in
/// these modes.
///
/// # Errors
/// As [`Deployer`]'s.
pub async fn deploy(
    contracts: &Path,
    url: &str,
    accounts: Accounts<'_>,
    circuits: Circuits,
    genesis_state: B256,
    data_modes: DataModes,
    tokens: usize,
) -> Result<Deployed, DeployError> {
    let artifacts = Artifacts::build(contracts).await?;
    let commit = source_commit(contracts).await;
    let built = Built { artifacts: &artifacts, circuits, commit };
    deploy_built(built, url, accounts, genesis_state, data_modes, tokens).await
}

/// Who has which role.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a> {
    /// Deploys, and has every role but the operator's.
    pub deployer: &'a PrivateKeySigner,
    /// Commits and proves.
    pub operator: Address,
}

/// Contracts and what they verify.
#[derive(Debug)]
pub struct Built<'a> {
    /// The contracts.
    pub artifacts: &'a Artifacts,
    /// What the verifier follows from.
    pub circuits: Circuits,
    /// See [`source_commit`].
    pub commit: String,
}

/// As [`deploy`], with contracts that are built.
///
/// # Errors
/// As [`Deployer`]'s.
pub async fn deploy_built(
    Built { artifacts, circuits, commit }: Built<'_>,
    url: &str,
    Accounts { deployer: signer, operator }: Accounts<'_>,
    genesis_state: B256,
    data_modes: DataModes,
    tokens: usize,
) -> Result<Deployed, DeployError> {
    let everyone = signer.address();
    let roles = Roles {
        governor: everyone,
        timelock_delay: 0,
        committer: operator,
        prover: operator,
        guardian: everyone,
        council: everyone,
    };
    let terms = Terms { forced_transactions: true, data_modes, ..Terms::default() };
    let config = Config { chain_id: CHAIN_ID, roles, terms };
    let deployer = Deployer::new(url, signer.clone(), config, circuits.set_up).await?;
    let manifest = deployer.deploy(artifacts, circuits, genesis_state, commit).await?;
    let l1 = Deployment::try_from(&manifest)?;
    let mut contracts = Vec::new();
    for _ in 0..tokens {
        contracts.push(deployer.deploy_extra(artifacts, "DemoToken.sol", "DemoToken").await?);
    }
    Ok(Deployed { manifest, l1, tokens: contracts })
}

impl TryFrom<&Manifest> for Deployment {
    type Error = ManifestError;

    /// What the manifest says of the contracts' places.
    fn try_from(manifest: &Manifest) -> Result<Self, ManifestError> {
        Ok(Self {
            rollup: manifest.contract("Rollup")?.address,
            custody: manifest.custody,
            domain: manifest.domain,
        })
    }
}
