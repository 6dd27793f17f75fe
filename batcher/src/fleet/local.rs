//! A fleet on this machine, for development: a NATS server and workers in processes of their own.

mod memory;
mod worker;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cairn_fleet::{
    message::{Lease, WorkerId},
    names::Names,
    server::{
        Server, ServerError, free_port, program,
        rights::{Credential, Rollup, accounts},
    },
};
use thiserror::Error;

use self::worker::{LocalWorker, Recipe};
use super::config::FleetConfig;
use crate::signals::Shutdown;

/// The worker's program, beside this one.
const PROGRAM: &str = "cairn-prover";
/// Where a worker is told the server, with its password.
pub const URL: &str = "CAIRN_NATS";
/// How long workers may take to give back what they hold.
const END: Duration = Duration::from_secs(5);
/// How often it is looked whether they run.
const LOOK: Duration = Duration::from_secs(1);

/// Why there is no fleet.
#[derive(Debug, Error)]
pub enum LocalError {
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The worker's program is not there.
    #[error("{} is not there: build it with `cargo build --release -p cairn-batcher`", .0.display())]
    Program(PathBuf),
    /// A worker does not start.
    #[error("starting a worker: {0}")]
    Worker(io::Error),
    /// It is not enough for them.
    #[error("{workers} workers take at least {expected} MiB, got {got}: give fewer --workers")]
    Memory {
        /// Workers.
        workers: u16,
        /// MiB that they take.
        expected: u64,
        /// MiB that there are.
        got: u64,
    },
    /// The system does not tell.
    #[error("the system does not say how much memory there is for workers")]
    UnknownMemory,
}

/// How a fleet is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Workers.
    pub workers: u16,
    /// Threads of each.
    pub threads: usize,
    /// Where circuits and keys are kept.
    pub cache: Option<PathBuf>,
}

/// A running fleet; it ends with this value, and with this process.
#[derive(Debug)]
pub struct LocalFleet {
    // Before the server: workers give back what they hold.
    workers: Vec<LocalWorker>,
    server: Server,
    password: String,
    /// Operations of a chunk that the first worker can prove.
    chunk_operations: usize,
}

/// That a fleet of so many workers can be started, before long work.
///
/// # Errors
/// A program is not there, or too little memory.
pub fn check(workers: u16) -> Result<(), LocalError> {
    program()?;
    worker_program()?;
    memory::shares(workers).map(drop)
}

fn worker_program() -> Result<PathBuf, LocalError> {
    let here = std::env::current_exe().unwrap_or_default();
    let program = here.with_file_name(PROGRAM);
    // Tests run one folder below.
    let above = here.ancestors().nth(2).map(|folder| folder.join(PROGRAM)).unwrap_or_default();
    let found = [&program, &above].into_iter().find(|program| program.is_file()).cloned();
    found.ok_or(LocalError::Program(program))
}

/// Nobody else on this machine may take part.
fn password() -> String {
    Lease::random().as_str().to_owned()
}

impl LocalFleet {
    /// Starts server and workers, with the server's data in `folder`.
    ///
    /// # Errors
    /// A program is not there, or does not start; too little memory.
    pub fn start(folder: &Path, plan: &Plan) -> Result<Self, LocalError> {
        let program = worker_program()?;
        let shares = memory::shares(plan.workers)?;
        let names = Names::default();
        let name = |n: u16| format!("local-{n}").parse::<WorkerId>().ok();
        let workers: Vec<_> =
            (1..=plan.workers).filter_map(name).map(|name| (name, password())).collect();
        let of = |(name, password): &(WorkerId, String)| {
            (name.clone(), Credential::Password(name.to_string(), password.clone()))
        };
        let own = password();
        let rollup = Rollup {
            names,
            coordinators: vec![Credential::Password(OPERATOR.to_owned(), own.clone())],
            workers: workers.iter().map(of).collect(),
        };
        let port = free_port().map_err(LocalError::Worker)?;
        let server = Server::start(folder, port, &accounts(&[rollup]))?;
        let chunk_operations = shares.first().copied().map_or(0, memory::chunk_operations);
        let mut fleet = Self { workers: Vec::new(), server, password: own, chunk_operations };
        for ((name, password), memory_mb) in workers.into_iter().zip(shares) {
            let recipe = Recipe {
                program: program.clone(),
                url: fleet.server.url_of(name.as_str(), &password),
                name,
                threads: plan.threads,
                memory_mb,
                cache: plan.cache.clone(),
                folder: folder.to_owned(),
            };
            fleet.workers.push(LocalWorker::start(recipe).map_err(LocalError::Worker)?);
        }
        Ok(fleet)
    }

    /// What the operator is told.
    #[must_use]
    pub fn config(&self) -> FleetConfig {
        FleetConfig {
            url: self.server.url_of(OPERATOR, &self.password),
            max_operations_a_chunk: self.chunk_operations,
            ..FleetConfig::default()
        }
    }

    /// As a stage: starts again what has ended, until shutdown.
    ///
    /// # Errors
    /// The server has ended.
    pub async fn run(mut self, mut shutdown: Shutdown) -> Result<(), String> {
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = shutdown.stopped() => break,
                _ = tick.tick() => {}
            }
            if self.server.has_ended() {
                return Err("nats-server has ended; its log is in nats/server.log".to_owned());
            }
            self.workers.iter_mut().for_each(LocalWorker::look);
        }
        // Waits for them.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
        Ok(())
    }
}

/// The operator's name on a local server.
const OPERATOR: &str = "operator";

impl Drop for LocalFleet {
    fn drop(&mut self) {
        self.workers.iter().for_each(LocalWorker::ask);
        let by = Instant::now() + END;
        self.workers.iter_mut().for_each(|worker| worker.end(by));
    }
}
