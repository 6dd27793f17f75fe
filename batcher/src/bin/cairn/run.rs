//! `cairn run`.

mod dev;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use alloy::primitives::B256;
use cairn_batcher::{
    fleet::{Fleet, local::URL},
    node::{
        Checked, Extras, Node,
        config::Config,
        keys::Keys,
        standby::Led,
        stop::{StopRequests, unless_stopped, until_stopped},
        telemetry::{LogFormat, Telemetry, TelemetryConfig},
    },
    progress::Bars,
    replication::Mode,
    tell,
    temporary::Temporary,
};
use cairn_fleet::coordinator::Coordinator;
use cairn_prover::{Engine, LocalProver};
use eyre::{Report, Result, eyre};

use crate::{config::BAD_INPUT, line};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration, in TOML; see `cairn config print`.
    #[arg(long, value_name = "FILE.toml", required_unless_present = "dev")]
    config: Option<PathBuf>,
    /// The form of the log, instead of the configuration's.
    #[arg(long, value_enum, value_name = "FORMAT")]
    log: Option<LogFormat>,
    /// Proves on the workers of this NATS server, instead of fleet.url of the configuration.
    #[arg(long, value_name = "URL", env = URL, hide_env_values = true, conflicts_with = "dev")]
    nats: Option<String>,
    /// Follows the operator that leads, serves what may be read, and takes over when that one is gone.
    #[arg(long, conflicts_with = "dev")]
    standby: bool,
    /// Leads with a store that has only followed, after the stream of commits was lost together with the operator that
    /// led: what this store lacks is lost.
    #[arg(long, conflicts_with_all = ["dev", "standby"])]
    promote: bool,
    /// Runs a rollup for development: a local L1 with the contracts, accounts with money, and keys that everyone knows.
    #[arg(long, conflicts_with = "config")]
    dev: bool,
    /// Runs without the server that this store's commits went to; no standby can go on from it afterwards.
    #[arg(long, conflicts_with_all = ["dev", "standby", "promote", "nats"])]
    alone: bool,
    #[command(flatten)]
    development: dev::Arguments,
}

/// What runs.
struct Service {
    node: Node,
    telemetry: Telemetry,
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let fail = |error: &Report| {
        tell!("cairn: {}", line(error));
        ExitCode::from(BAD_INPUT)
    };
    // Hears of requests that come when the start is all but done.
    let mut requests = match StopRequests::listen() {
        Ok(requests) => requests,
        Err(error) => return fail(&error.into()),
    };
    // Outlives all that writes there.
    let mut temporary = None;
    let stands_by = arguments.standby;
    let started = unless_stopped(start(arguments, &mut temporary)).await;
    let Service { node, telemetry } = match started.map_err(Report::from) {
        Ok(Ok(Ok(service))) => service,
        Ok(Ok(Err(error))) | Err(error) => {
            drop(temporary);
            return fail(&error);
        }
        Ok(Err(request)) => {
            // All else that was begun has ended; threads that make circuits end with the process.
            drop(temporary);
            if stands_by {
                tell!("cairn: {}: it stands by no more", request.name());
                std::process::exit(0)
            }
            tell!("cairn: {} before the start was done", request.name());
            std::process::exit(request.exit_code().into())
        }
    };
    let code = until_stopped(node, &mut requests).await;
    // After a second request nothing is waited for: its code is 128 and more.
    if code < 128 {
        // Takes some seconds where a collector does not answer.
        let flush = tokio::task::spawn_blocking(move || telemetry.flush());
        tokio::select! {
            _ = flush => {}
            _ = requests.next() => {}
        }
    }
    drop(temporary);
    // Not by returning: threads that prove would be waited for.
    std::process::exit(code.into())
}

/// `temporary` is given the folder that must be removed in the end, if there is one.
async fn start(arguments: Arguments, temporary: &mut Option<Temporary>) -> Result<Service> {
    if arguments.dev {
        return dev::start(arguments.development, arguments.log, temporary).await;
    }
    let path = arguments.config.unwrap_or_default();
    let mut config = Config::read(&path)?;
    if let Some(url) = arguments.nats {
        config.fleet.url = url;
        config.fleet.check().map_err(|reason| eyre!(reason.replace("fleet.url", "--nats")))?;
    }
    let mode = match (arguments.standby, arguments.promote) {
        (true, _) => Mode::Standby,
        (_, true) => Mode::Promote,
        _ => Mode::Lead,
    };
    if arguments.alone {
        config.fleet.url.clear();
    }
    if mode != Mode::Lead && !config.fleet.is_used() {
        return Err(eyre!(
            "a standby follows its operator over a NATS server: give --nats, or set fleet.url"
        ));
    }
    let keys = {
        let keys = config.keys.clone();
        let open = move || Keys::load(&keys, |name| std::env::var(name).ok());
        tokio::task::spawn_blocking(open).await??
    };
    let (cache, threads) = (config.cache_dir.clone(), config.proving.threads());
    let settings = config.telemetry.clone();
    // Whatever can be refused is refused before the long work, in one line: the log begins after it.
    let mut checked = Checked::check(config, keys).await?;
    if arguments.alone {
        checked = checked.alone();
    }
    let telemetry = telemetry(&settings, arguments.log)?;
    let prover = load_prover(cache, threads).await?;
    let led = lead(&checked, &prover, mode, &telemetry).await?;
    // Its coordinator gives work out: not before this operator leads.
    let fleet = start_fleet(&checked, &prover).await?;
    let (engine, fleet) = proving_with(prover, fleet);
    let metrics = Some(telemetry.metrics().clone());
    let extras = Extras { metrics, fleet, led, ..Extras::default() };
    let node = Node::start(checked, engine, extras).await?;
    Ok(Service { node, telemetry })
}

/// With a fleet's server, waits until this operator leads.
async fn lead(
    checked: &Checked,
    prover: &LocalProver,
    mode: Mode,
    telemetry: &Telemetry,
) -> Result<Option<Led>> {
    if !checked.config().fleet.is_used() {
        return Ok(None);
    }
    let root = B256::from(prover.circuit_set_root().to_bytes());
    let metrics = Some(telemetry.metrics().clone());
    Ok(Some(checked.lead(mode, root, metrics).await?))
}

/// The fleet, if the configuration has one.
async fn start_fleet(checked: &Checked, prover: &Arc<LocalProver>) -> Result<Option<Fleet>> {
    let (config, data_dir) = (checked.config().fleet.clone(), checked.config().data_dir.clone());
    if !config.is_used() {
        return Ok(None);
    }
    let prover = Arc::clone(prover);
    let start = move || Fleet::start(&config, prover, &data_dir);
    Ok(Some(tokio::task::spawn_blocking(start).await??))
}

/// The fleet's engine, or the prover of this process.
fn proving_with(
    prover: Arc<LocalProver>,
    fleet: Option<Fleet>,
) -> (Arc<dyn Engine>, Option<Coordinator>) {
    match fleet {
        Some(Fleet { engine, coordinator }) => (engine, Some(coordinator)),
        None => (prover, None),
    }
}

fn telemetry(config: &TelemetryConfig, log: Option<LogFormat>) -> Result<Telemetry> {
    let mut config = config.clone();
    config.log_format = log.unwrap_or(config.log_format);
    Ok(Telemetry::install(&config)?)
}

/// Circuits and keys from the cache; without them the work of minutes.
async fn load_prover(cache: Option<PathBuf>, threads: usize) -> Result<Arc<LocalProver>> {
    let cache = cache.map_or_else(cairn_prover::default_cache_folder, Ok)?;
    let bars = Arc::new(Bars::default());
    let load = move || LocalProver::load(&cache, threads, &*bars);
    Ok(Arc::new(tokio::task::spawn_blocking(load).await??))
}
