//! `cairn run`.

mod dev;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use cairn_batcher::{
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
use cairn_prover::LocalProver;
use eyre::Result;

use crate::{config::BAD_INPUT, line};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration, in TOML; see `cairn config print`.
    #[arg(long, value_name = "FILE.toml", required_unless_present = "dev")]
    config: Option<PathBuf>,
    /// The form of the log, instead of the configuration's.
    #[arg(long, value_enum, value_name = "FORMAT")]
    log: Option<LogFormat>,
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
    let config = Config::read(&path)?;
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
    let extras = Extras { metrics: Some(telemetry.metrics().clone()), ..Extras::default() };
    let node = Node::start(checked, prover, extras).await?;
    Ok(Service { node, telemetry })
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
