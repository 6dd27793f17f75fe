//! `cairn run`.

mod dev;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use cairn_batcher::{
    fleet::{Fleet, local::URL},
    node::{
        Checked, Extras, Node,
        config::Config,
        keys::Keys,
        stop::{StopRequests, until_stopped},
        telemetry::{LogFormat, Telemetry, TelemetryConfig},
    },
    progress::Bars,
    tell,
    temporary::Temporary,
};
use cairn_fleet::coordinator::Coordinator;
use cairn_prover::{Engine, LocalProver};
use eyre::{Result, eyre};

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
    /// Runs a rollup for development: a local L1 with the contracts, accounts with money, and keys that everyone knows.
    #[arg(long, conflicts_with = "config")]
    dev: bool,
    #[command(flatten)]
    development: dev::Arguments,
}

/// What runs.
struct Service {
    node: Node,
    telemetry: Telemetry,
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let fail = |error: &eyre::Report| {
        tell!("cairn: {}", line(error));
        ExitCode::from(BAD_INPUT)
    };
    let mut requests = match StopRequests::listen() {
        Ok(requests) => requests,
        Err(error) => return fail(&error.into()),
    };
    // Outlives all that writes there.
    let mut temporary = None;
    let started = tokio::select! {
        started = start(arguments, &mut temporary) => Ok(started),
        request = requests.next() => Err(request),
    };
    let Service { node, telemetry } = match started {
        Ok(Ok(service)) => service,
        Ok(Err(error)) => {
            drop(temporary);
            return fail(&error);
        }
        Err(request) => {
            tell!("cairn: {} before the start was done", request.name());
            drop(temporary);
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
    let keys = {
        let keys = config.keys.clone();
        let open = move || Keys::load(&keys, |name| std::env::var(name).ok());
        tokio::task::spawn_blocking(open).await??
    };
    let (cache, threads) = (config.cache_dir.clone(), config.proving.threads());
    let settings = config.telemetry.clone();
    // Whatever can be refused is refused before the long work, in one line: the log begins after it.
    let checked = Checked::check(config, keys).await?;
    let telemetry = telemetry(&settings, arguments.log)?;
    let prover = load_prover(cache, threads).await?;
    let fleet = start_fleet(&checked, &prover).await?;
    let (engine, fleet) = proving_with(prover, fleet);
    let metrics = Some(telemetry.metrics().clone());
    let node = Node::start(checked, engine, Extras { metrics, fleet, ..Extras::default() }).await?;
    Ok(Service { node, telemetry })
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
