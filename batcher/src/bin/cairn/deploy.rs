//! `cairn deploy`.

use std::{fmt, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    deploy::{
        Deployer, PATIENCE,
        config::Config,
        journal::Journal,
        manifest::{Circuits, Manifest, SetUp},
        project::{build_with_verifier, check_project},
        source_commit,
    },
    l1::{fees::MOST_GWEI, tools},
    parse,
    progress::Bars,
    secret_file::{self, shown_name, warn_of_readers},
    tell,
    temporary::Temporary,
};
use cairn_prover::LocalProver;
use cairn_state::State;
use eyre::{Result, WrapErr, eyre};
use serde::Serialize;

use crate::reconstruct::print;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A node of L1.
    #[arg(long = "l1", value_name = "URL", env = "CAIRN_L1", hide_env_values = true)]
    url: String,
    /// Chain, roles and terms, in TOML.
    #[arg(long, value_name = "FILE.toml")]
    config: PathBuf,
    /// The manifest to write. After each step it says how far the deployment is: run again, the same command goes on.
    #[arg(long, value_name = "FILE.json")]
    manifest: PathBuf,
    /// A file with the deployer's private key in hex [default: $CAIRN_DEPLOYER_KEY].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// How long each transaction may take until it is mined.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs(), value_parser = parse::within(1..=604_800_u64))]
    wait: u64,
    /// What is paid for a gas at the most, whatever the node says that it costs.
    #[arg(long, value_name = "GWEI", default_value_t = MOST_GWEI, value_parser = parse::within(1..=1_000_000_u64))]
    max_fee_gwei: u64,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    prover: Prover,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// What replaces the configuration's own.
#[derive(Debug, clap::Args)]
struct Changes {
    /// Instead of the configuration's.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    governor: Option<Address>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    committer: Option<Address>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    prover: Option<Address>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    guardian: Option<Address>,
    /// Instead of the configuration's.
    #[arg(long, value_name = "ADDRESS", value_parser = parse::address)]
    council: Option<Address>,
    /// Instead of the configuration's, seconds.
    #[arg(long, value_name = "SECONDS", value_parser = parse::decimal::<u64>)]
    timelock_delay: Option<u64>,
    /// Instead of the configuration's, wei.
    #[arg(long, value_name = "WEI", value_parser = parse::decimal::<U256>)]
    priority_fee: Option<U256>,
}

/// Where circuits, keys and contracts are.
#[derive(Debug, clap::Args)]
pub(crate) struct Prover {
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Foundry project with its tools installed.
    #[arg(long, value_name = "DIR", env = "CAIRN_CONTRACTS", default_value = "verifier-contracts")]
    contracts: PathBuf,
}

impl Changes {
    fn apply(&self, config: &mut Config) {
        let roles = &mut config.roles;
        for (holder, change) in [
            (&mut roles.governor, self.governor),
            (&mut roles.committer, self.committer),
            (&mut roles.prover, self.prover),
            (&mut roles.guardian, self.guardian),
            (&mut roles.council, self.council),
        ] {
            *holder = change.unwrap_or(*holder);
        }
        roles.timelock_delay = self.timelock_delay.unwrap_or(roles.timelock_delay);
        config.terms.priority_fee = self.priority_fee.unwrap_or(config.terms.priority_fee);
    }
}

impl Prover {
    pub(crate) fn contracts(&self) -> Result<PathBuf> {
        let path = &self.contracts;
        path.canonicalize().wrap_err_with(|| format!("no Foundry project at {}", path.display()))
    }

    /// Circuits and keys from the cache; without them the work of minutes.
    pub(crate) async fn load(&self) -> Result<LocalProver> {
        let threads = cairn_prover::cores();
        let cache = self.cache.clone().map_or_else(cairn_prover::default_cache_folder, Ok)?;
        let bars = Arc::new(Bars::default());
        let load = move || LocalProver::load(&cache, threads, &*bars);
        Ok(tokio::task::spawn_blocking(load).await??)
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode> {
    let path = &arguments.manifest;
    let mut journal = Journal::open(path)?;
    let mut config = Config::read(&arguments.config)?;
    arguments.changes.apply(&mut config);
    let contracts = arguments.prover.contracts()?;
    // Whatever can be refused is refused before the long work.
    tools::find(&contracts.join("node_modules"), "forge")?;
    check_project(&contracts)?;
    // From nothing, and apart from the user's files: nothing that was built before can be deployed.
    let folder = Temporary::new("cairn-deploy-")?;
    let (url, key, set_up) = (&arguments.url, signer(&arguments)?, SetUp::Development);
    let deployer = match journal.is_begun() {
        true => {
            tell!("cairn: going on with the deployment in {}", path.display());
            Deployer::begun(url, key, config, set_up).await?
        }
        false => Deployer::new(url, key, config, set_up).await?,
    };
    let patience = Duration::from_secs(arguments.wait);
    let deployer = deployer.paying_at_most(arguments.max_fee_gwei);
    let deployer = deployer.with(patience, |line| tell!("cairn: {line}"));

    let prover = arguments.prover.load().await?;
    let source = prover.keys().solidity_verifier()?;
    let project = folder.path().join("project");
    tell!("cairn: building the contracts from source");
    let artifacts = build_with_verifier(&contracts, &source, &project, &["src", "script"]).await?;
    let genesis = B256::from(State::genesis().summary().commitment().to_bytes());
    let (circuits, commit) = (Circuits::of(&prover), source_commit(&contracts).await);
    let deployed = deployer.deploy_with(&mut journal, &artifacts, circuits, genesis, commit);
    let manifest = deployed.await?;
    print(&Deployed { manifest: &manifest, path: path.display().to_string() }, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Not on the command line, where everyone on the machine can read it.
fn signer(arguments: &Arguments) -> Result<PrivateKeySigner> {
    const VARIABLE: &str = "CAIRN_DEPLOYER_KEY";
    const MAX_KEY_BYTES: u64 = 4_096;
    let text = match &arguments.key {
        Some(path) => {
            warn_of_readers(path);
            let name = shown_name(path);
            secret_file::read(path, MAX_KEY_BYTES).wrap_err_with(|| format!("--key {name}"))?
        }
        None => std::env::var(VARIABLE)
            .map_err(|_| eyre!("no key to sign with: set {VARIABLE} or give --key FILE"))?,
    };
    text.trim().parse().map_err(|_| eyre!("the deployer's key is not 32 bytes in hex"))
}

#[derive(Serialize)]
struct Deployed<'a> {
    path: String,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

impl fmt::Display for Deployed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for contract in &self.manifest.contracts {
            writeln!(f, "{:<20} {}", contract.name, contract.address)?;
        }
        writeln!(f, "{:<20} {}", "Custody", self.manifest.custody)?;
        writeln!(f, "{:<20} {}", "data", self.manifest.terms.data_modes)?;
        if self.manifest.circuits.set_up == SetUp::Development {
            writeln!(f, "INSECURE development keys: anyone can forge proofs")?;
        }
        write!(f, "manifest: {}", self.path)
    }
}
