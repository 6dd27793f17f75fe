//! A fleet on this machine, for development: a NATS server and workers in processes of their own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
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
use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;
use tracing::warn;

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
    Worker(std::io::Error),
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

/// A running fleet; it ends with this value.
#[derive(Debug)]
pub struct LocalFleet {
    // Before the server: workers give back what they hold.
    workers: Vec<LocalWorker>,
    server: Server,
    password: String,
}

#[derive(Debug)]
struct LocalWorker {
    name: WorkerId,
    url: String,
    plan: Plan,
    program: PathBuf,
    /// What it says is in a file of its name.
    folder: PathBuf,
    child: Child,
}

/// That a fleet can be started, before long work.
///
/// # Errors
/// A program is not there.
pub fn check() -> Result<(), LocalError> {
    program()?;
    worker_program().map(drop)
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
    /// A program is not there, or does not start.
    pub fn start(folder: &Path, plan: &Plan) -> Result<Self, LocalError> {
        let program = worker_program()?;
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
        let mut fleet = Self { workers: Vec::new(), server, password: own };
        for (name, password) in workers {
            let url = fleet.server.url_of(name.as_str(), &password);
            let child = spawn(&program, &name, &url, plan, folder)?;
            let (program, plan, folder) = (program.clone(), plan.clone(), folder.to_owned());
            fleet.workers.push(LocalWorker { name, url, plan, program, folder, child });
        }
        Ok(fleet)
    }

    /// What the operator is told.
    #[must_use]
    pub fn config(&self) -> FleetConfig {
        FleetConfig { url: self.server.url_of(OPERATOR, &self.password), ..FleetConfig::default() }
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

fn spawn(
    program: &Path,
    name: &WorkerId,
    url: &str,
    plan: &Plan,
    folder: &Path,
) -> Result<Child, LocalError> {
    let log = folder.join(format!("{name}.log"));
    let log = File::options().create(true).append(true).open(log).map_err(LocalError::Worker)?;
    let mut command = Command::new(program);
    command.arg("run").args(["--name", name.as_str(), "--log", "text"]);
    command.args(["--threads", &plan.threads.to_string()]);
    if let Some(cache) = &plan.cache {
        command.arg("--cache").arg(cache);
    }
    // Everyone on this machine can read a command line.
    command.env(URL, url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(LocalError::Worker)
}

impl LocalWorker {
    fn look(&mut self) {
        let Ok(Some(status)) = self.child.try_wait() else { return };
        warn!(worker = %self.name, %status, "a worker has ended: it is started again");
        match spawn(&self.program, &self.name, &self.url, &self.plan, &self.folder) {
            Ok(child) => self.child = child,
            Err(error) => warn!(worker = %self.name, %error, "it does not start"),
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, signal);
        }
    }
}

impl Drop for LocalFleet {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.signal(Signal::TERM));
        let asked = Instant::now();
        for worker in &mut self.workers {
            while matches!(worker.child.try_wait(), Ok(None)) {
                if asked.elapsed() > END {
                    let _ = worker.child.kill();
                    let _ = worker.child.wait();
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
