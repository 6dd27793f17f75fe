//! `cairn run`.

mod dev;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use cairn_batcher::{
    node::{
        Checked, Node,
        config::Config,
        keys::Keys,
        stop::{StopRequest, StopRequests, until_stopped},
        telemetry::{LogFormat, Telemetry, TelemetryConfig},
    },
    progress::Bars,
};
use cairn_prover::LocalProver;
use eyre::Result;
use tempfile::TempDir;

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

/// What runs, and what must live as long.
struct Service {
    node: Node,
    telemetry: Telemetry,
    temporary: Option<TempDir>,
}

pub(crate) async fn run(arguments: Arguments) -> ExitCode {
    let fail = |error: &eyre::Report| {
        eprintln!("cairn: {}", line(error));
        ExitCode::from(BAD_INPUT)
    };
    let mut requests = match StopRequests::listen() {
        Ok(requests) => requests,
        Err(error) => return fail(&error.into()),
    };
    let started = tokio::select! {
        started = start(arguments) => started,
        request = requests.next() => {
            eprintln!("cairn: {} before the start was done", request.name());
            end(request)
        }
    };
    let Service { node, telemetry, temporary } = match started {
        Ok(service) => service,
        Err(error) => return fail(&error),
    };
    let code = until_stopped(node, &mut requests).await;
    // Blocks for some seconds at most, where a collector does not answer.
    let _ = tokio::task::spawn_blocking(move || telemetry.flush()).await;
    drop(temporary);
    // Not by returning: threads that prove would be waited for.
    std::process::exit(code.into())
}

/// Without waiting for anything: all that anyone was told is on disk.
fn end(request: StopRequest) -> ! {
    std::process::exit(request.exit_code().into())
}

async fn start(arguments: Arguments) -> Result<Service> {
    if arguments.dev {
        return dev::start(arguments.development, arguments.log).await;
    }
    let path = arguments.config.unwrap_or_default();
    let config = Config::read(&path)?;
    let telemetry = telemetry(&config.telemetry, arguments.log)?;
    let keys = {
        let keys = config.keys.clone();
        let open = move || Keys::load(&keys, |name| std::env::var(name).ok());
        tokio::task::spawn_blocking(open).await??
    };
    let (cache, threads) = (config.cache_dir.clone(), config.proving.threads());
    // Whatever can be refused is refused before the long work.
    let checked = Checked::check(config, keys).await?;
    let prover = load_prover(cache, threads).await?;
    let node = Node::start(checked, prover, Some(telemetry.metrics().clone())).await?;
    Ok(Service { node, telemetry, temporary: None })
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
