//! The whole rollup on a local L1, from deposits to claims, with real proofs.
//!
//! ```text
//! anvil, deployment, deposits -> the operator's service -> transactions by its API, seal -> L1 has a proof -> claims -> report
//!                                                (second batch, new key) /        (new key settles it, exits) /
//! ```
//!
//! What a batch does not hold, the next ones do: the operator seals whenever one is full, and the report is of all.
//!
//! The operator is the service that `cairn run` starts; everything that a user does goes through its API or through L1.

pub mod bounds;
pub mod circuit_sets;
pub mod claim;
pub mod committee;
pub mod exit;
pub mod fixtures;
pub mod forced;
pub mod ground;
pub mod play;
pub mod played;
pub mod rebuild;
pub mod report;
pub mod scenario;
pub mod service;
pub mod settle;
pub mod upgrade;
pub mod wallet;
mod workers;

use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use cairn_prover::{
    BatchesProof, Engine,
    files::{Output, check_folder, print_beside},
    measure::{StageTime, Stopwatch, peak_rss_mb},
};
use cairn_types::DataMode;
use eyre::{Result, WrapErr, ensure, eyre};

use self::{
    circuit_sets::CircuitSets,
    claim::claim,
    ground::{Ground, Started},
    played::Played,
    report::{Gas, Report},
    scenario::Scenario,
    service::Service,
    settle::{Committed, Golden, commit, prove},
    upgrade::{Desk, Upgrade},
    wallet::Wallets,
};
use crate::{
    l1::client::L1Client, store::records::BatchNumber, tell, temporary::Temporary, transfers,
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
    /// Workers of a fleet on this machine; in this process where absent.
    pub workers: Option<u16>,
    /// Where to write the report; `-` is standard output.
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
    /// Where to write the deployment's manifest; `-` is standard output.
    pub manifest: Option<PathBuf>,
    /// Replace the key while a batch is in flight.
    pub upgrade: bool,
    /// Freeze the rollup at the end, and let everyone leave.
    pub exit: bool,
}

/// Runs the demo; prints progress to stderr and the report to stdout, unless an output has that for itself.
///
/// # Errors
/// Bad input, a missing tool, a refusal of L1; each with what to do.
pub async fn run(options: Options) -> Result<Report> {
    let folder = Temporary::new("cairn-demo-")?;
    let result = run_in(folder.path(), &options).await;
    if options.keep || result.is_err() {
        // Logs and the batch stay for a look around, unless there are none.
        let folder = folder.keep();
        if std::fs::remove_dir(&folder).is_err() {
            tell!("logs and the batch are in {}", folder.display());
        }
    }
    result
}

async fn run_in(folder: &Path, options: &Options) -> Result<Report> {
    let total = Stopwatch::start();
    let mut stages = Vec::new();
    let Outputs { json, manifest } = outputs(options)?;
    let standard_output_is_taken =
        [&json, &manifest].into_iter().flatten().any(Output::is_standard_output);
    let scenario = scenario(options)?;
    let ground = Ground::prepare(options, &scenario, folder, manifest, &mut stages).await?;

    let watch = Stopwatch::start();
    let mut wallets = Wallets::new(&scenario, options.seed, ground.domain());
    let bar = ground.bars.bar("deposits", play::priority_operations(&scenario));
    let (l1, assets) = (&ground.l1, &ground.assets);
    let (anvil, seed) = (&ground.anvil, options.seed);
    let deposit = play::fund(anvil, l1, &scenario, assets, &wallets, seed, &bar).await?;
    let force = forced::queue(l1, &scenario, &mut wallets, l1.priority_fee().await?).await?;
    ground.bars.finish(&bar);
    stages.push(watch.stop("deposits"));

    let watch = Stopwatch::start();
    let Started { mut service, desk, workers } = ground.start_operator(options, folder).await?;
    let mut played = Played::new(options.write_fixtures.is_some());
    service.executed(play::priority_operations(&scenario), &mut played).await?;
    service.learn_leaves(&mut wallets).await?;
    stages.push(watch.stop("operator"));

    let bars = &ground.bars;
    let committed =
        commit(&mut service, &scenario, &mut wallets, played, bars, &mut stages).await?;
    let upgrade = match desk {
        Some(desk) => {
            let last = committed.played.last;
            let begun = begin_upgrade(&ground, &scenario, desk, last, &mut service, &mut wallets);
            Some(timed("second batch, new key", &mut stages, begun).await?)
        }
        None => None,
    };
    let proven = prove(l1, &committed, &mut service, ground.prover.circuit_set_root()).await?;
    let validium = match &ground.committee {
        Some(committee) => {
            Some(committee.check(&ground.anvil.url(), committed.record.state).await?)
        }
        None => None,
    };
    stages.extend(settle::stages(&proven.proofs));
    let claims = claim_all(l1, &service, &committed, &scenario, assets);
    let claim = timed("claims", &mut stages, claims).await?;
    if let Some(folder) = &options.write_fixtures {
        let golden = settle::golden(&service, &committed, &proven, options.data).await?;
        write_fixtures(folder, &ground, &committed, &golden)?;
    }

    let upgrade = match upgrade {
        Some(upgrade) => {
            let finished =
                async { upgrade.finish(&mut service).await.wrap_err("upgrading to a new key") };
            Some(timed("upgrade", &mut stages, finished).await?)
        }
        None => None,
    };
    let account = service.account();
    let workers = match &workers {
        Some(workers) => workers.report().await,
        None => Vec::new(),
    };
    service.stop().await.wrap_err("stopping the operator")?;
    let exit = if options.exit {
        let settled = exit::Settled {
            anvil: &ground.anvil,
            operator: l1,
            prover_address: account,
            manifest: &ground.manifest,
            scenario: &scenario,
            assets,
            wallets: &wallets,
            batch: committed.played.last,
            state: committed.record.state,
            members: ground.committee.as_ref().map(|c| c.folders()).unwrap_or_default(),
            prover: ground.prover.clone(),
            bars: bars.clone(),
            folder,
        };
        let left =
            async { exit::leave(settled, options.seed).await.wrap_err("leaving the rollup") };
        Some(timed("exit of everyone", &mut stages, left).await?)
    } else {
        None
    };

    let mut report = report(&ground, &committed, &proven.proofs);
    report.verified = proven.number >= committed.played.last;
    report.l1_state_root = proven.l1_state.to_string();
    report.data = options.data;
    report.workers = workers;
    report.validium = validium;
    report.gas = Gas {
        commit: proven.commit_gas,
        commit_per_transfer: proven.commit_gas as f64 / report.transfers.max(1) as f64,
        blob: proven.blob_gas,
        prove: proven.prove_gas,
        claim,
        deposit,
        force,
    };
    report.upgrade = upgrade;
    report.exit = exit;
    report.stages = stages;
    report.total_wall_s = total.stop("total").wall_s;
    report.peak_rss_mb = peak_rss_mb();
    // First, since nobody need read the table; which is printed in any case.
    let written = json.map(|json| json.write(|out| report.write_json(out))).transpose();
    print_beside(format_args!("{report}\n"), standard_output_is_taken);
    written?;
    if options.keep {
        print_beside(keep(ground), standard_output_is_taken);
    }
    Ok(report)
}

/// What the demo writes for its caller.
struct Outputs {
    json: Option<Output>,
    manifest: Option<Output>,
}

/// Outputs that cannot be written are refused before any work.
fn outputs(options: &Options) -> Result<Outputs> {
    let [json, manifest] = Output::create_all([
        ("--json", options.json.as_deref()),
        ("--manifest", options.manifest.as_deref()),
    ])?;
    for output in [&json, &manifest].into_iter().flatten() {
        output.refuse_inputs([("--input", options.input.as_deref())])?;
    }
    if let Some(folder) = &options.write_fixtures {
        check_folder("--write-fixtures", folder)?;
    }
    Ok(Outputs { json, manifest })
}

/// What is to happen.
fn scenario(options: &Options) -> Result<Scenario> {
    ensure!(
        options.write_fixtures.is_none() || options.data != DataMode::Committee,
        "--write-fixtures: there are golden files of data in calldata and in blobs, not with the committee"
    );
    let scenario = match &options.input {
        Some(path) => Scenario::from_records(&transfers::read(path)?),
        None => Scenario::random(options.transfers, options.seed),
    };
    let input =
        || options.input.as_ref().map_or("--transfers".into(), |path| path.display().to_string());
    bounds::check(&scenario).wrap_err_with(input)?;
    if options.write_fixtures.is_some() {
        fixtures::check(&scenario)?;
    }
    Ok(scenario)
}

/// Does the work of a stage, and notes what it took.
async fn timed<T>(
    name: &str,
    stages: &mut Vec<StageTime>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let watch = Stopwatch::start();
    let result = work.await;
    stages.push(watch.stop(name));
    result
}

async fn begin_upgrade<'a>(
    ground: &'a Ground,
    scenario: &'a Scenario,
    desk: Desk,
    last: BatchNumber,
    service: &mut Service,
    wallets: &mut Wallets,
) -> Result<Upgrade<'a>> {
    let setting = upgrade::Setting {
        anvil: &ground.anvil,
        l1: &ground.l1,
        sets: CircuitSets::new(&ground.l1, ground.manifest.rollup, service.account()),
        contracts: &ground.contracts,
        scenario,
        assets: &ground.assets,
        last,
        desk,
        prover: ground.prover.clone(),
        bars: ground.bars.clone(),
    };
    Upgrade::begin(setting, service, wallets).await.wrap_err("registering a new key")
}

/// Claims the withdrawals of all batches; returns the mean gas.
async fn claim_all(
    l1: &L1Client,
    service: &Service,
    committed: &Committed,
    scenario: &Scenario,
    assets: &[Address],
) -> Result<u64> {
    let (mut gas, mut claims) = (0, 0);
    for (batch, words) in (1..).zip(&committed.played.withdrawals) {
        gas += claim(l1, service.client(), batch, words, scenario, assets).await?;
        claims += words.len() as u64;
    }
    Ok(gas / claims.max(1))
}

fn write_fixtures(
    folder: &Path,
    ground: &Ground,
    committed: &Committed,
    golden: &Golden,
) -> Result<()> {
    let batch = committed.played.golden.as_ref().ok_or_else(|| eyre!("no witness was kept"))?;
    let settled = fixtures::Settled {
        manifest: &ground.manifest,
        assets: &ground.assets,
        previous: &golden.previous,
        record: &committed.record,
        batch,
        published: &golden.published,
        proof: &golden.proof,
    };
    fixtures::write(folder, &settled, &ground.prover)
}

/// Leaves the local L1 running, and tells where.
fn keep(ground: Ground) -> String {
    let (url, manifest) = (ground.anvil.url(), ground.manifest);
    let process = ground.anvil.keep();
    format!(
        "anvil (process {process}) runs at {url}; end it with: kill {process}\n\
         rollup {}, custody {}\n",
        manifest.rollup, manifest.custody
    )
}

/// The report, but for what the caller knows or measures last: what L1 says, gas, stages, total time and memory.
fn report(ground: &Ground, committed: &Committed, proofs: &[BatchesProof]) -> Report {
    let played = &committed.played;
    let (bytes_per_short_transfer, bytes_per_transfer) = played.bytes_per_transfer();
    let (transfers, operations) = (played.transfers, played.operations);
    let threads = ground.threads;
    let leaf_s: f64 = proofs.iter().map(BatchesProof::leaf_and_aggregation_s).sum();
    let per_core = |count: usize| count as f64 / (leaf_s * threads as f64);
    Report {
        transfers,
        operations,
        blocks: played.blocks,
        batches: played.last,
        proofs: proofs.len(),
        chunks: proofs.iter().map(|proof| proof.chunks).sum(),
        verified: false,
        l1_state_root: String::new(),
        l2_state_root: committed.record.state.to_string(),
        leaf_transfers_per_s_per_core: per_core(transfers),
        leaf_operations_per_s_per_core: per_core(operations),
        threads,
        workers: Vec::new(),
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
        security: ground.prover.security(),
        setup: "development only: local, from a public seed; who knows it can forge proofs",
    }
}
