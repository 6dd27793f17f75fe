//! Deploys the contracts: timelock (if asked for), verifier, rollup with its custody.
//!
//! Every address follows from the deployer and its nonce, every byte of code from source, compiler and constructor
//! arguments: the manifest holds all of these, so that `cairn verify-deployment` can do it again and compare. A
//! deployment that is cut short goes on from its [`journal`].

pub mod config;
pub mod development;
mod error;
pub mod journal;
pub mod manifest;
pub mod project;
mod sending;

use std::{path::Path, time::Duration};

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
    signers::local::PrivateKeySigner,
    sol_types::SolValue,
};
use cairn_prover::files::write_atomically;

pub use self::error::DeployError;
use self::{
    config::{Config, Roles},
    journal::{Journal, Plan},
    manifest::{Circuits, FORMAT, Manifest, SetUp},
    sending::Creation,
};
use crate::l1::{
    anvil::CHAIN_ID as DEVELOPMENT_CHAIN,
    artifacts::{Artifacts, BuildError},
    connection::connect_with,
    contracts::{Configuration, Holders, IRollupL1},
    error::{L1Error, rpc},
    fees::MOST_GWEI,
    tools,
};

/// How long a transaction may take until it is mined, where nothing else is said.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// A deployment that can be sent.
#[derive(Debug)]
pub struct Deployer {
    provider: DynProvider,
    wallet: EthereumWallet,
    sender: Address,
    config: Config,
    patience: Duration,
    most_gwei: u64,
    tell: fn(&str),
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
        let deployer = Self::begun(url, signer, config, set_up).await?;
        deployer.check_funds().await?;
        Ok(deployer)
    }

    /// As [`Self::new`] for a deployment that was begun: the funds may be spent already.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn begun(
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
        let provider = connect_with(url)?;
        let got = provider.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
        if got != expected {
            return Err(L1Error::WrongChain { expected, got }.into());
        }
        let (sender, wallet) = (signer.address(), EthereumWallet::from(signer));
        Ok(Self {
            provider,
            wallet,
            sender,
            config,
            patience: PATIENCE,
            most_gwei: MOST_GWEI,
            tell: |_| {},
        })
    }

    /// Waits so long for each transaction, and tells what it does, a line each.
    #[must_use]
    pub fn with(mut self, patience: Duration, tell: fn(&str)) -> Self {
        (self.patience, self.tell) = (patience, tell);
        self
    }

    /// Pays so many gwei a gas at the most.
    #[must_use]
    pub fn paying_at_most(mut self, gwei: u64) -> Self {
        self.most_gwei = gwei;
        self
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
        let mut journal = Journal::in_memory();
        self.deploy_with(&mut journal, artifacts, circuits, genesis_state, commit).await
    }

    /// As [`Self::deploy`], from where the journal ends. In the end its file is the manifest.
    ///
    /// # Errors
    /// As [`Self::deploy`], or what was begun is something else.
    pub async fn deploy_with(
        &self,
        journal: &mut Journal,
        artifacts: &Artifacts,
        circuits: Circuits,
        genesis_state: B256,
        commit: String,
    ) -> Result<Manifest, DeployError> {
        let Config { chain_id, roles, terms } = self.config;
        let timelock = match roles.timelock_delay {
            0 => None,
            _ => Some(timelock(artifacts, &roles)?),
        };
        let verifier =
            Creation::new(artifacts, "Groth16Verifier.sol", "Groth16Verifier", Vec::new())?;
        let mut rollup = Creation::new(artifacts, "Rollup.sol", "Rollup", Vec::new())?;
        let creations = timelock.iter().chain([&verifier, &rollup]);
        let creations = creations.map(|c| (c.artifact.name.clone(), c.artifact.creation_hash()));
        let plan = Plan {
            chain_id,
            deployer: self.sender,
            genesis_state,
            roles,
            terms,
            circuits,
            compiler: rollup.artifact.compiler.clone(),
            creations: creations.collect(),
            commit,
        };
        let mut journal = journal.begin(plan)?;

        let (mut governor, mut made) = (roles.governor, 0);
        if let Some(timelock) = timelock {
            governor = self.create(&mut journal, made, timelock).await?;
            made += 1;
        }
        let verifier = self.create(&mut journal, made, verifier).await?;
        let circuits = &journal.progress().plan.circuits;
        let configuration = Configuration {
            holders: Holders {
                governor,
                committer: roles.committer,
                prover: roles.prover,
                guardian: roles.guardian,
                council: roles.council,
            },
            verifier,
            circuitSetRoot: circuits.circuit_set_root,
            genesisState: genesis_state,
            developmentKeys: circuits.set_up == SetUp::Development,
            priorityFee: terms.priority_fee,
            priorityDeadline: terms.priority_deadline,
            upgradeDelay: terms.upgrade_delay,
            forcedTransactions: terms.forced_transactions,
            dataModes: terms.data_modes.bits(),
        };
        rollup.arguments = configuration.abi_encode().into();
        let rollup = self.create(&mut journal, made + 1, rollup).await?;

        let what = "reading the new rollup";
        let contract = IRollupL1::new(rollup, &self.provider);
        let custody = contract.CUSTODY().call().await.map_err(|e| rpc(what, e))?;
        let domain = contract.DOMAIN().call().await.map_err(|e| rpc(what, e))?;
        let progress = journal.progress().clone();
        let manifest = Manifest {
            format: FORMAT,
            chain_id,
            first_block: progress.first_block.unwrap_or_default(),
            deployer: self.sender,
            custody,
            custody_code_hash: self.code_hash(custody).await?,
            domain,
            genesis_state,
            contracts: progress.contracts,
            roles,
            terms,
            circuits: progress.plan.circuits,
            compiler: progress.plan.compiler,
            commit: progress.plan.commit,
        };
        journal.finish(&manifest)?;
        Ok(manifest)
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
        self.create_once(creation).await
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
        let mut git = tools::command("git", Path::new(tools::NO_HOME));
        // Whose the folder is does not matter: its code is built and run. It is only read.
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_OPTIONAL_LOCKS", "0");
        git.args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]);
        git.args(arguments).current_dir(folder);
        let output = tokio::process::Command::from(git).output().await;
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "HEAD"]).await else { return String::new() };
    let status = git(&["status", "--porcelain", "--untracked-files=normal"]).await;
    // What cannot be said to be without changes is not.
    if status.is_some_and(|changes| changes.is_empty()) { commit } else { commit + "+" }
}
