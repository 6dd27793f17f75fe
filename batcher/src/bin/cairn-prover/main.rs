//! `cairn-prover`: a worker of a fleet that proves.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use cairn_batcher::{
    console::{self, ShellCommand},
    fleet::local::URL,
    host,
    node::{
        stop::StopRequests,
        telemetry::{LogFormat, Telemetry, TelemetryConfig},
    },
    parse,
    progress::Bars,
    tell,
};
use cairn_fleet::{
    bus::Target,
    message::WorkerId,
    names::Names,
    worker::{self, Config, Event, machine, queues},
};
use cairn_prover::{
    LocalProver,
    allocator::{Allocator, keep_pages},
    assignment::Class,
    memory::available_mb,
};
use clap::{CommandFactory, Parser, Subcommand};
use eyre::{Result, WrapErr, eyre};
use tokio::sync::watch;

/// What no new start mends: other circuits, refused credentials, too little memory, no more trust.
const HOPELESS: u8 = 2;

/// A worker of a fleet that proves batches of a ZK-rollup.
#[derive(Debug, Parser)]
#[command(name = "cairn-prover", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes assignments from the fleet's queues and proves them, until it is told to stop.
    Run(Box<Run>),
    #[command(flatten)]
    Shell(ShellCommand),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The NATS server, as nats://HOST:PORT or tls://HOST:PORT; a user and a password may be in it.
    #[arg(long, value_name = "URL", env = URL, hide_env_values = true)]
    nats: String,
    /// The file with the seed of this worker's nkey.
    #[arg(long, value_name = "FILE")]
    nkey: Option<PathBuf>,
    /// The certificate of who vouches for the server, where the system does not.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The fleet: the prefix of its streams and subjects.
    #[arg(long, value_name = "PREFIX", default_value = "cairn")]
    fleet: Names,
    /// This worker's name, unique in the fleet; the server's permissions name it [default: the host's name and the
    /// process id].
    #[arg(long)]
    name: Option<WorkerId>,
    /// What it does: leaf, recursion, wrap.
    #[arg(long, value_delimiter = ',', default_values = ["leaf", "recursion", "wrap"], value_parser = class)]
    classes: Vec<Class>,
    /// Threads that prove [default: all cores].
    #[arg(long, value_parser = parse::within(1..=1_024_u16))]
    threads: Option<u16>,
    /// GiB that it may take, as 16 or 7.5: work that takes more never reaches it [default: what the
    /// machine has].
    #[arg(long = "memory", value_name = "GiB", value_parser = mib)]
    memory_mb: Option<u64>,
    /// Where circuits and keys are kept [default: $CAIRN_CACHE, else the user's cache folder].
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Serves metrics at this address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Seconds that it goes on with what it holds when it is told to stop; then it gives that back.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = parse::within(0..=86_400_u64))]
    grace: u64,
    /// The form of the log.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    log: LogFormat,
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// MiB of so many GiB.
fn mib(text: &str) -> Result<u64, String> {
    match parse::fraction(text) {
        Ok(gib) if (1.0..=65_536.0).contains(&gib) => Ok((gib * 1_024.0).round() as u64),
        Ok(_) => Err("expected a number from 1 to 65536".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn class(text: &str) -> Result<Class, String> {
    let found = Class::ALL.into_iter().find(|class| class.name() == text);
    found.ok_or_else(|| "expected leaf, recursion or wrap".to_owned())
}

fn main() -> ExitCode {
    keep_pages();
    console::run("cairn-prover", || match Arguments::try_parse() {
        Ok(Arguments { command }) => match carry_out(command) {
            Ok(code) => code,
            Err(error) => {
                tell!("cairn-prover: {error:#}");
                ExitCode::from(HOPELESS)
            }
        },
        Err(error) => console::answer_usage("cairn-prover", &error),
    })
}

fn carry_out(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(arguments) => run(*arguments),
        Command::Shell(command) => {
            command.run(Arguments::command())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(arguments: Run) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().wrap_err("cannot start threads")?;
    let memory_mb = match arguments.memory_mb {
        Some(memory_mb) => memory_mb,
        None => available_mb()
            .ok_or_else(|| eyre!("--memory: the system does not say how much there is"))?,
    };
    // Whatever can be refused is refused before the circuits are read.
    let queues = queues(&arguments.classes, memory_mb)?;
    let telemetry = telemetry(&arguments)?;
    let worker = match arguments.name {
        Some(name) => name,
        None => own_name()?,
    };
    let threads = arguments.threads.map_or_else(cairn_prover::cores, usize::from);
    let cache = arguments.cache.clone().map_or_else(cairn_prover::default_cache_folder, Ok)?;
    let (stop, stopped) = watch::channel(false);
    runtime.block_on(async { listen(stop) })?;
    if let Some(address) = arguments.metrics {
        runtime.block_on(serve(address, telemetry))?;
    }
    let Some(prover) = runtime.block_on(load(cache, threads, stopped.clone()))? else {
        // It holds nothing; threads that make circuits are not waited for.
        std::process::exit(0)
    };
    let config = Config {
        target: Target { url: arguments.nats, nkey: arguments.nkey, ca: arguments.ca },
        names: arguments.fleet,
        worker: worker.clone(),
        queues,
        memory_mb,
        threads,
        machine: machine(),
        grace: Duration::from_secs(arguments.grace),
    };
    tracing::info!(%worker, threads, memory_mb, queues = ?config.queues, "ready");
    let mut log = |event| note(&worker, event);
    let ended = worker::run(config, Arc::new(prover), stopped, &mut log);
    // What it holds is given back: threads that prove are not waited for.
    match ended {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            tell!("cairn-prover: {error}");
            std::process::exit(if error.is_transient() { 1 } else { HOPELESS.into() })
        }
    }
}

/// Circuits and keys from the cache, without them the work of minutes; nothing if it is told to
/// stop meanwhile.
async fn load(
    cache: PathBuf,
    threads: usize,
    mut stopped: watch::Receiver<bool>,
) -> Result<Option<LocalProver>> {
    let load = move || LocalProver::load(&cache, threads, &Bars::default());
    tokio::select! {
        loaded = tokio::task::spawn_blocking(load) => Ok(Some(loaded??)),
        _ = stopped.wait_for(|stop| *stop) => Ok(None),
    }
}

fn telemetry(arguments: &Run) -> Result<Telemetry> {
    let config = TelemetryConfig { log_format: arguments.log, ..TelemetryConfig::default() };
    Ok(Telemetry::install(&config)?)
}

/// The host's name and the process id, with what no subject takes left out.
fn own_name() -> Result<WorkerId> {
    let fit: String = host::name().chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    Ok(format!("{fit}-{}", std::process::id()).parse()?)
}

/// The first request to stop lets it end with what it holds, the second ends it.
fn listen(stop: watch::Sender<bool>) -> Result<()> {
    let mut requests = StopRequests::listen()?;
    tokio::spawn(async move {
        let first = requests.next().await;
        tell!(
            "cairn-prover: {}: it ends with what it holds; once more ends it at once",
            first.name()
        );
        stop.send_replace(true);
        let second = requests.next().await;
        std::process::exit(second.exit_code().into())
    });
    Ok(())
}

/// Serves metrics for as long as the process lives.
async fn serve(address: SocketAddr, telemetry: Telemetry) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.wrap_err_with(|| format!("--metrics {address}"))?;
    tokio::spawn(cairn_batcher::fleet::metrics::serve(listener, telemetry.metrics().clone()));
    Ok(())
}

fn note(worker: &WorkerId, event: Event) {
    match event {
        Event::Waits(reason) => tell!("cairn-prover: {worker} waits: {reason}"),
        Event::Joined => tracing::info!("joined"),
        Event::Began(queue, id) => tracing::debug!(%queue, assignment = %id, "begun"),
        Event::Done(queue, id, took) => {
            let seconds = took.as_secs_f64();
            tracing::info!(%queue, assignment = %id, seconds, "done");
        }
        Event::Failed(id, reason) => tracing::error!(assignment = %id, reason, "failed"),
        Event::Returned(id, reason) => tracing::info!(assignment = %id, reason, "given back"),
        Event::Drains => tracing::info!("takes nothing more"),
    }
}
