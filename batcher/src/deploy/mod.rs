//! Deploys the contracts: timelock (if asked for), verifier, rollup with its custody.
//!
//! Every address follows from the deployer and its nonce, every byte of code from source, compiler and constructor arguments:
//! the manifest holds all of these, so that `cairn verify-deployment` can do it again and compare.

pub mod config;
pub mod development;
pub mod manifest;
pub mod project;

use std::path::Path;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, keccak256, utils::format_ether},
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::SolValue,
};
use cairn_prover::files::write_atomically;
use thiserror::Error;

use self::{
    config::{Config, ConfigError, Roles},
    manifest::{Circuits, Contract, FORMAT, Manifest, ManifestError, SetUp},
};
use crate::l1::{
    anvil::CHAIN_ID as DEVELOPMENT_CHAIN,
    artifacts::{Artifact, Artifacts, BuildError},
    connection::{connect_with, signing},
    contracts::{Configuration, Holders, IRollupL1},
    error::{L1Error, rpc},
};

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
}

/// A deployment that can be sent: nothing of it has been.
#[derive(Debug)]
pub struct Deployer {
    provider: DynProvider,
    sender: Address,
    config: Config,
}

/// What a contract is made with.
struct Creation {
    artifact: Artifact,
    file: String,
    arguments: Bytes,
}

impl Creation {
    fn new(
        artifacts: &Artifacts,
        file: &str,
        name: &str,
        arguments: Vec<u8>,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            artifact: artifacts.read(file, name)?,
            file: file.to_owned(),
            arguments: arguments.into(),
        })
    }

    fn code(&self) -> Vec<u8> {
        [&self.artifact.creation[..], &self.arguments[..]].concat()
    }
}

impl Deployer {
    /// Checks configuration, keys, chain and funds.
    ///
    /// # Errors
    /// Whatever would make the deployment fail, or make it worthless.
    pub async fn new(
        url: &str,
        signer: PrivateKeySigner,
        config: Config,
        set_up: SetUp,
    ) -> Result<Self, DeployError> {
        config.check()?;
        let expected = config.chain_id;
        if set_up == SetUp::Development && expected != DEVELOPMENT_CHAIN {
            return Err(DeployError::DevelopmentKeys { chain_id: expected });
        }
        let sender = signer.address();
        let provider = signing(connect_with(url)?, signer);
        let got = provider.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
        if got != expected {
            return Err(L1Error::WrongChain { expected, got }.into());
        }
        let deployer = Self { provider, sender, config };
        deployer.check_funds().await?;
        Ok(deployer)
    }

    /// Sends the transactions, one after the other, and reads back what they have made.
    ///
    /// # Errors
    /// The node's, or a constructor that refuses.
    pub async fn deploy(
        &self,
        artifacts: &Artifacts,
        circuits: Circuits,
        genesis_state: B256,
        commit: String,
    ) -> Result<Manifest, DeployError> {
        let Config { roles, terms, chain_id } = self.config.clone();
        let mut contracts = Vec::new();
        let mut governor = roles.governor;
        let mut first_block = None;
        let mut note = |(contract, receipt): (Contract, TransactionReceipt)| {
            first_block = first_block.or(receipt.block_number);
            contracts.push(contract);
        };
        if roles.timelock_delay != 0 {
            let timelock = self.create(timelock(artifacts, &roles)?).await?;
            governor = timelock.0.address;
            note(timelock);
        }
        let verifier =
            Creation::new(artifacts, "Groth16Verifier.sol", "Groth16Verifier", Vec::new())?;
        let verifier = self.create(verifier).await?;
        let configuration = Configuration {
            holders: Holders {
                governor,
                committer: roles.committer,
                prover: roles.prover,
                guardian: roles.guardian,
                council: roles.council,
            },
            verifier: verifier.0.address,
            circuitSetRoot: circuits.circuit_set_root,
            genesisState: genesis_state,
            developmentKeys: circuits.set_up == SetUp::Development,
            priorityFee: terms.priority_fee,
            priorityDeadline: terms.priority_deadline,
            upgradeDelay: terms.upgrade_delay,
            forcedTransactions: terms.forced_transactions,
            dataModes: terms.data_modes.bits(),
        };
        note(verifier);
        let rollup = Creation::new(artifacts, "Rollup.sol", "Rollup", configuration.abi_encode())?;
        let compiler = rollup.artifact.compiler.clone();
        let rollup = self.create(rollup).await?;
        let address = rollup.0.address;
        note(rollup);

        let what = "reading the new rollup";
        let contract = IRollupL1::new(address, &self.provider);
        let custody = contract.CUSTODY().call().await.map_err(|e| rpc(what, e))?;
        let domain = contract.DOMAIN().call().await.map_err(|e| rpc(what, e))?;
        Ok(Manifest {
            format: FORMAT,
            chain_id,
            first_block: first_block.unwrap_or_default(),
            deployer: self.sender,
            custody,
            custody_code_hash: self.code_hash(custody).await?,
            domain,
            genesis_state,
            contracts,
            roles,
            terms,
            circuits,
            compiler,
            commit,
        })
    }

    /// Deploys a contract that takes no arguments: the demo's tokens.
    ///
    /// # Errors
    /// As [`Self::deploy`].
    pub async fn deploy_extra(
        &self,
        artifacts: &Artifacts,
        file: &str,
        name: &str,
    ) -> Result<Address, DeployError> {
        let creation = Creation::new(artifacts, file, name, Vec::new())?;
        Ok(self.create(creation).await?.0.address)
    }

    async fn create(
        &self,
        creation: Creation,
    ) -> Result<(Contract, TransactionReceipt), DeployError> {
        let what = "deploying a contract";
        let nonce =
            self.provider.get_transaction_count(self.sender).await.map_err(|e| rpc(what, e))?;
        let request = TransactionRequest::default()
            .with_from(self.sender)
            .with_nonce(nonce)
            .with_deploy_code(creation.code());
        let name = creation.artifact.name.clone();
        let sent = self.provider.send_transaction(request).await;
        let sent = sent.map_err(|e| rpc(what, e).about(&name))?;
        let receipt = sent.get_receipt().await.map_err(|e| rpc(what, e).about(&name))?;
        let transaction = receipt.transaction_hash;
        if !receipt.status() {
            return Err(L1Error::Reverted { what, hash: transaction }.into());
        }
        let address = self.sender.create(nonce);
        let code_hash = self.code_hash(address).await?;
        let Creation { file, arguments, .. } = creation;
        let contract = Contract { name, file, address, nonce, arguments, code_hash, transaction };
        Ok((contract, receipt))
    }

    async fn code_hash(&self, address: Address) -> Result<B256, L1Error> {
        let what = "reading a contract's code";
        let code = self.provider.get_code_at(address).await.map_err(|e| rpc(what, e))?;
        Ok(keccak256(code))
    }

    async fn check_funds(&self) -> Result<(), DeployError> {
        /// All transactions together, with room.
        const GAS: u64 = 15_000_000;
        let what = "reading the deployer's balance";
        let (deployer, provider) = (self.sender, &self.provider);
        let balance = provider.get_balance(deployer).await.map_err(|e| rpc(what, e))?;
        let price = provider.get_gas_price().await.map_err(|e| rpc("reading the gas price", e))?;
        let cost = U256::from(GAS) * U256::from(price);
        if balance < cost {
            return Err(DeployError::Unfunded { deployer, balance, cost });
        }
        Ok(())
    }
}

/// Without an administrator: the timelock is changed through itself only.
fn timelock(artifacts: &Artifacts, roles: &Roles) -> Result<Creation, BuildError> {
    let governors = vec![roles.governor];
    let delay = U256::from(roles.timelock_delay);
    let arguments = (delay, governors.clone(), governors, Address::ZERO).abi_encode_params();
    Creation::new(artifacts, "TimelockController.sol", "TimelockController", arguments)
}

/// Puts a verifier's source where the contracts are built from; says whether another one was there.
///
/// # Errors
/// What the file system says.
pub fn write_verifier(contracts: &Path, source: &str) -> std::io::Result<bool> {
    let path = contracts.join("src/generated/Groth16Verifier.sol");
    if std::fs::read_to_string(&path).is_ok_and(|present| present == source) {
        return Ok(false);
    }
    write_atomically(&path, |file| std::io::Write::write_all(file, source.as_bytes()))?;
    Ok(true)
}

/// The commit of the repository that a folder is in, with `+` where it has changes; empty where there is none.
pub async fn source_commit(folder: &Path) -> String {
    let git = |arguments: &'static [&'static str]| async move {
        let command =
            tokio::process::Command::new("git").current_dir(folder).args(arguments).output();
        let output = command.await.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "HEAD"]).await else { return String::new() };
    let changed = git(&["status", "--porcelain"]).await.is_some_and(|changes| !changes.is_empty());
    if changed { commit + "+" } else { commit }
}
