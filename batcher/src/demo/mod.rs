//! The whole rollup on a local L1, from deposits to claims, with real proofs.
//!
//! ```text
//! anvil, deployment, deposits -> the operator's service -> transactions by its API, seal -> L1 has a proof -> claims -> report
//!                                                (second batch, new key) /        (new key settles it, exits) /
//! ```
//!
//! The operator is the service that `cairn run` starts; everything that a user does goes through its API or through L1.

pub mod circuit_sets;
pub mod claim;
pub mod committee;
pub mod exit;
pub mod fixtures;
pub mod forced;
pub mod play;
pub mod rebuild;
pub mod report;
pub mod scenario;
pub mod service;
pub mod upgrade;
pub mod wallet;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use cairn_prover::{
    BatchesProof, Engine, LocalProver,
    files::check_writable,
    measure::{Stopwatch, peak_rss_mb},
};
use cairn_state::State;
use cairn_types::{DataMode, KIND_BATCHES, SealStatement, Word};
use eyre::{Result, WrapErr, ensure, eyre};

use self::{
    circuit_sets::CircuitSets,
    claim::claim,
    committee::DemoCommittee,
    play::Played,
    report::{Gas, Report},
    scenario::Scenario,
    service::Service,
    upgrade::{Upgrade, UpgradeEngine},
    wallet::Wallets,
};
use crate::{
    deploy::{
        development::{self, Accounts, Deployed},
        manifest::Circuits,
        write_verifier,
    },
    l1::{anvil::Anvil, client::L1Client, data_modes::DataModes, tools},
    node::Extras,
    progress::Bars,
    proving::{Listener, SignData},
    publication::Published,
    store::records::{BatchRecord, StoredProof},
    transfers,
};

/// What the demo is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Random transfers, where there is no input file.
    pub transfers: usize,
    /// Real transfers.
    pub input: Option<PathBuf>,
    /// Where the batch's data goes.
    pub data: DataMode,
    /// Keys and random transfers follow from it.
    pub seed: u64,
    /// Threads of the prover; all cores where absent.
    pub threads: Option<usize>,
    /// Where to write the report.
    pub json: Option<PathBuf>,
    /// Leave the local L1 running.
    pub keep: bool,
    /// Port of the local L1.
    pub port: Option<u16>,
    /// Where circuits and keys are kept.
    pub cache: Option<PathBuf>,
    /// The Foundry project.
    pub contracts: PathBuf,
    /// Where to write golden files.
    pub write_fixtures: Option<PathBuf>,
    /// Where to write the deployment's manifest.
    pub manifest: Option<PathBuf>,
    /// Replace the key while a batch is in flight.
    pub upgrade: bool,
    /// Freeze the rollup at the end, and let everyone leave.
    pub exit: bool,
}

/// First account of the development mnemonic that anvil funds; never use it on a chain with value.
const DEVELOPMENT_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Runs the demo; prints progress to stderr and the report to stdout.
///
/// # Errors
/// Bad input, a missing tool, a refusal of L1; each with what to do.
pub async fn run(options: Options) -> Result<Report> {
    let folder = tempfile::Builder::new().prefix("cairn-demo-").tempdir()?;
    let result = settle_one_batch(&options, folder.path()).await;
    if options.keep || result.is_err() {
        // Logs and the batch stay for a look around, unless there are none.
        let folder = folder.keep();
        if std::fs::remove_dir(&folder).is_err() {
            eprintln!("logs and the batch are in {}", folder.display());
        }
    }
    result
}

async fn settle_one_batch(options: &Options, folder: &Path) -> Result<Report> {
    let total = Stopwatch::start();
    let mut stages = Vec::new();
    for (option, path) in [("json", &options.json), ("manifest", &options.manifest)] {
        if let Some(path) = path {
            check_writable(path).wrap_err_with(|| format!("--{option} {}", path.display()))?;
        }
    }
    ensure!(
        options.write_fixtures.is_none() || options.data != DataMode::Committee,
        "--write-fixtures: there are golden files of data in calldata and in blobs, not with the committee"
    );
    let scenario = match &options.input {
        Some(path) => Scenario::from_records(&transfers::read(path)?),
        None => Scenario::random(options.transfers, options.seed),
    };
    let contracts = options
        .contracts
        .canonicalize()
        .wrap_err_with(|| format!("no Foundry project at {}", options.contracts.display()))?;
    let modules = contracts.join("node_modules");
    let anvil = tools::find(&modules, "anvil")?;

    let anvil = Anvil::start(&anvil, options.port, folder, options.keep).await?;
    let url = anvil.url();
    let bars = Arc::new(Bars::default());

    // Circuits first: what L1 verifies follows from them.
    let watch = Stopwatch::start();
    let threads = options.threads.unwrap_or_else(default_threads);
    let cache = options.cache.clone().map_or_else(cairn_prover::default_cache_folder, Ok)?;
    let prover = {
        let bars = Arc::clone(&bars);
        tokio::task::spawn_blocking(move || LocalProver::load(&cache, threads, &*bars)).await??
    };
    let prover = Arc::new(prover);
    stages.push(watch.stop("circuits and keys"));

    let watch = Stopwatch::start();
    let signer: PrivateKeySigner = DEVELOPMENT_KEY.parse()?;
    let source = prover.keys().solidity_verifier()?;
    if write_verifier(&contracts, &source).wrap_err("writing the verifier's source")? {
        eprintln!("the circuits have changed: the verifier's source was written again");
    }
    let genesis = B256::from(State::genesis().summary().commitment().to_bytes());
    let tokens = scenario.tokens.iter().filter(|t| !t.is_ether).count();
    let circuits = Circuits::of(&prover);
    let modes = modes(options.data);
    let accounts = Accounts { deployer: &signer, operator: service::operator()?.address() };
    let deployed =
        development::deploy(&contracts, &url, accounts, circuits, genesis, modes, tokens).await?;
    let Deployed { manifest: full_manifest, l1: manifest, tokens } = deployed;
    if let Some(path) = &options.manifest {
        full_manifest.write(path)?;
    }
    let assets = assets(&scenario, &tokens)?;
    let domain = Word::new(std::array::from_fn(|i| manifest.domain[i + 1]));
    let l1 = L1Client::new(&url, signer, manifest)?;
    let committee = match options.data {
        DataMode::Committee => Some(DemoCommittee::set_up(&l1, manifest.rollup, folder).await?),
        DataMode::Blobs | DataMode::Calldata => None,
    };
    stages.push(watch.stop("deploy"));

    let watch = Stopwatch::start();
    let mut wallets = Wallets::new(&scenario, options.seed, domain);
    let bar = bars.bar("deposits", play::priority_operations(&scenario));
    let deposit_gas = play::fund(&l1, &scenario, &assets, &wallets, options.seed, &bar).await?;
    let forced_gas = forced::queue(&l1, &scenario, &mut wallets, l1.priority_fee().await?).await?;
    bars.finish(&bar);
    stages.push(watch.stop("deposits"));

    let watch = Stopwatch::start();
    let prover_engine = Arc::clone(&prover);
    let (engine, desk): (Arc<dyn Engine>, _) = if options.upgrade {
        let (engine, desk) = UpgradeEngine::new(prover_engine);
        (Arc::new(engine), Some(desk))
    } else {
        (prover_engine, None)
    };
    let committee = committee.map(Arc::new);
    let signers = committee.clone().map(|committee| committee as Arc<dyn SignData>);
    let progress: Arc<dyn Listener> = bars.clone();
    let setting = service::Setting {
        anvil: &anvil,
        deployment: &manifest,
        data: options.data,
        engine,
        extras: Extras { metrics: None, progress, committee: signers },
        folder: &folder.join("operator"),
    };
    let mut service = Service::start(setting).await.wrap_err("starting the operator")?;
    let queued = play::priority_operations(&scenario);
    service.executed(queued).await?;
    service.learn_leaves(&mut wallets).await?;
    stages.push(watch.stop("operator"));

    let watch = Stopwatch::start();
    let bar = bars.bar("operations", scenario.actions.len());
    play::play(&mut service, &scenario, &mut wallets, &bar).await?;
    bars.finish(&bar);
    stages.push(watch.stop("operations"));

    let watch = Stopwatch::start();
    let (number, batch) = service.seal().await?;
    let committed = service.batch(number, "a batch on L1", |view| view.l1.is_some()).await?;
    let played = Played { batch, blocks: committed.last_block - committed.first_block + 1 };
    forced::check(&played.outcomes(), &scenario)?;
    let (previous, publication) = service.published(number)?;
    let record = publication.record;
    stages.push(watch.stop("data, commit"));
    let upgrade = match desk {
        Some(desk) => {
            let watch = Stopwatch::start();
            let setting = upgrade::Setting {
                anvil: &anvil,
                l1: &l1,
                sets: CircuitSets::new(&l1, manifest.rollup, service.account()),
                contracts: &contracts,
                scenario: &scenario,
                assets: &assets,
                desk,
                prover: Arc::clone(&prover),
                bars: Arc::clone(&bars),
            };
            let upgrade = Upgrade::begin(setting, &mut service, &mut wallets).await;
            stages.push(watch.stop("second batch, new key"));
            Some(upgrade.wrap_err("registering a new key")?)
        }
        None => None,
    };
    let settled = service.proven(number).await?;
    let on_l1 = settled.l1.ok_or_else(|| eyre!("batch {number} is not on L1"))?;
    let proven_on_l1 = on_l1.proven.ok_or_else(|| eyre!("batch {number} is not proven"))?;
    let (commit_gas, blob_gas) = service::gas(&l1, on_l1.committed.transaction.into()).await?;
    let (prove_gas, _) = service::gas(&l1, proven_on_l1.transaction.into()).await?;
    let (proven, l1_state) = l1.proven().await?;
    let published = {
        let (mode, witness) = (options.data, played.batch.clone());
        tokio::task::spawn_blocking(move || Published::new(mode, &witness, number)).await??
    };
    let proof = proof_of(service.proof(number)?, &previous, &record, &published, &prover);
    stages.extend(proof.stages.iter().cloned());
    let validium = match &committee {
        Some(committee) => Some(committee.check(&url, record.state).await?),
        None => None,
    };

    let watch = Stopwatch::start();
    let words = &played.batch.withdrawals;
    let claim_gas = claim(&l1, service.client(), number, words, &scenario, &assets).await?;
    stages.push(watch.stop("claims"));
    if let Some(folder) = &options.write_fixtures {
        let settled = fixtures::Settled {
            manifest: &manifest,
            assets: &assets,
            previous: &previous,
            record: &record,
            batch: &played.batch,
            published: &published,
            proof: &proof,
        };
        fixtures::write(folder, &settled, &prover)?;
    }

    let upgrade = match upgrade {
        Some(upgrade) => {
            let watch = Stopwatch::start();
            let report = upgrade.finish(&mut service).await.wrap_err("upgrading to a new key")?;
            stages.push(watch.stop("upgrade"));
            Some(report)
        }
        None => None,
    };
    let account = service.account();
    service.stop().await.wrap_err("stopping the operator")?;
    let exit = if options.exit {
        let watch = Stopwatch::start();
        let settled = exit::Settled {
            anvil: &anvil,
            operator: &l1,
            prover_address: account,
            manifest: &manifest,
            scenario: &scenario,
            assets: &assets,
            wallets: &wallets,
            state: record.state,
            members: committee.as_ref().map(|c| c.folders()).unwrap_or_default(),
            prover: Arc::clone(&prover),
            bars: Arc::clone(&bars),
            folder,
        };
        let report = exit::leave(settled, options.seed).await.wrap_err("leaving the rollup")?;
        stages.push(watch.stop("exit of everyone"));
        Some(report)
    } else {
        None
    };

    let gas = Gas {
        commit: commit_gas,
        commit_per_transfer: commit_gas as f64 / played.transfers().max(1) as f64,
        blob: blob_gas,
        prove: prove_gas,
        claim: claim_gas,
        deposit: deposit_gas,
        force: forced_gas,
    };
    let verified = proven >= number;
    let mut report = report(&played, &proof, &prover, threads, verified, l1_state);
    report.data = options.data;
    report.validium = validium;
    report.gas = gas;
    report.upgrade = upgrade;
    report.exit = exit;
    report.stages = stages;
    report.total_wall_s = total.stop("total").wall_s;
    report.peak_rss_mb = peak_rss_mb();
    println!("{report}");
    if let Some(path) = &options.json {
        report.write_json(path).wrap_err_with(|| format!("writing {}", path.display()))?;
    }
    if options.keep {
        let process = anvil.keep();
        println!("anvil (process {process}) runs at {url}; end it with: kill {process}");
        println!("rollup {}, custody {}", manifest.rollup, manifest.custody);
    }
    Ok(report)
}

/// The modes that the demo's deployment allows. With the committee it is that one alone, and no other demo is a validium.
fn modes(data: DataMode) -> DataModes {
    match data {
        DataMode::Blobs | DataMode::Calldata => DataModes::ON_L1,
        DataMode::Committee => DataModes::only(data),
    }
}

/// A stored proof of one batch, with what it is of.
fn proof_of(
    stored: StoredProof,
    previous: &BatchRecord,
    record: &BatchRecord,
    published: &Published,
    prover: &LocalProver,
) -> BatchesProof {
    let seal = SealStatement {
        kind: KIND_BATCHES,
        circuit_set_root: prover.circuit_set_root(),
        from: previous.chain_hash.0,
        to: record.chain_hash.0,
    };
    BatchesProof {
        headers: vec![published.header],
        seal,
        proof: stored.proof.map(|word| word.0),
        chunks: stored.chunks as usize,
        stages: stored.stages,
    }
}

/// As many as the machine has cores.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The L1 contract of each token; zero for ether.
fn assets(scenario: &Scenario, tokens: &[Address]) -> Result<Vec<Address>> {
    let mut contracts = tokens.iter();
    scenario
        .tokens
        .iter()
        .map(|token| match token.is_ether {
            true => Ok(Address::ZERO),
            false => contracts
                .next()
                .copied()
                .ok_or_else(|| eyre!("the deploy script made too few tokens")),
        })
        .collect()
}

/// The report, but for what the caller measures last: gas, stages, total time and memory.
fn report(
    played: &Played,
    proof: &BatchesProof,
    prover: &LocalProver,
    threads: usize,
    verified: bool,
    l1_state: B256,
) -> Report {
    let (bytes_per_short_transfer, bytes_per_transfer) = played.bytes_per_transfer();
    let (transfers, operations) = (played.transfers(), played.batch.slots.len());
    let per_core = |count: usize| count as f64 / (proof.leaf_and_aggregation_s() * threads as f64);
    Report {
        transfers,
        operations,
        blocks: played.blocks,
        chunks: proof.chunks,
        verified,
        l1_state_root: l1_state.to_string(),
        l2_state_root: B256::from(played.batch.after.state.commitment().to_bytes()).to_string(),
        leaf_transfers_per_s_per_core: per_core(transfers),
        leaf_operations_per_s_per_core: per_core(operations),
        threads,
        stages: Vec::new(),
        total_wall_s: 0.0,
        peak_rss_mb: 0,
        bytes_per_short_transfer,
        bytes_per_transfer,
        data: DataMode::default(),
        validium: None,
        forced: played.forced(),
        gas: Gas::default(),
        upgrade: None,
        exit: None,
        security: prover.security(),
        setup: "development only: local, from a public seed; who knows it can forge proofs",
    }
}
