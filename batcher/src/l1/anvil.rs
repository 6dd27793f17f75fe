//! A local L1: anvil as a child process that never outlives us.

use std::{
    fs::{File, TryLockError},
    io,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use alloy::providers::Provider;
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use thiserror::Error;
use tokio::net::TcpStream;

use super::{
    connection::connect_with,
    error::{L1Error, rpc},
    tools,
};

/// anvil's chain id, the only one where development keys are accepted.
pub const CHAIN_ID: u64 = 31_337;

/// How long anvil may take until it answers, and an earlier one until it has ended.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long anvil may take to write its state when it ends.
const END_TIMEOUT: Duration = Duration::from_secs(20);
/// What anvil prints; the one that keeps its state beside it has it locked.
const LOG: &str = "anvil.log";
/// How often anvil writes its state while it runs, seconds: what a crash of the machine may cost.
const STATE_INTERVAL: &str = "60";

/// Why there is no local L1.
#[derive(Debug, Error)]
pub enum AnvilError {
    /// The port asked for is taken.
    #[error("port {port} is in use: stop what listens there, or choose another with {option}")]
    PortInUse {
        /// The port.
        port: u16,
        /// The program's option that names it.
        option: &'static str,
    },
    /// The port asked for cannot be had, as one below 1024 by most users.
    #[error("port {port}: cannot listen there: {source}; choose another with {option}")]
    Port {
        /// The port.
        port: u16,
        /// The program's option that names it.
        option: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Another anvil keeps its state there.
    #[error("another anvil runs on the state in {}: end it, or choose another folder", .folder.display())]
    StateInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The program is not there.
    #[error("cannot start {program}: {reason}; `./x demo` installs the pinned tools")]
    Missing {
        /// The program that was tried.
        program: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It started and ended, or never answered.
    #[error("anvil did not come up: {reason}; its output is in {log}")]
    Failed {
        /// What happened.
        reason: String,
        /// Where its output went.
        log: PathBuf,
    },
}

/// When anvil ends, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// With us, and nothing is left.
    WithUs,
    /// With us, also when we are killed; it writes its state first.
    Stored,
    /// It may outlive us.
    Free,
}

impl Life {
    /// The option that names the port: `cairn demo` has one chain, `cairn run --dev` serves the API on `--port`.
    fn port_option(self) -> &'static str {
        match self {
            Self::Stored => "--l1-port",
            Self::WithUs | Self::Free => "--port",
        }
    }
}

/// A running anvil; dropping it ends the process unless [`Anvil::keep`] was called.
#[derive(Debug)]
pub struct Anvil {
    child: Option<Child>,
    host: Ipv4Addr,
    port: u16,
    life: Life,
}

/// An address of this machine that nobody guesses: anvil takes orders from everyone who reaches it, as a page in a browser
/// on this machine, and what is compared with it must be what was built.
fn hidden_host() -> Ipv4Addr {
    let [a, b, c] = rand::random::<[u8; 3]>();
    // Elsewhere loopback has one address.
    let host =
        if cfg!(target_os = "linux") { [127, a, b, c.clamp(2, 253)] } else { [127, 0, 0, 1] };
    host.into()
}

impl Anvil {
    /// Starts anvil on `port`, or on a free one where `port` is `None`, and waits until it listens.
    ///
    /// # Errors
    /// The port is in use, the program is missing, or it does not come up within 30 s.
    pub async fn start(
        program: &Path,
        port: Option<u16>,
        folder: &Path,
        keep: bool,
    ) -> Result<Self, AnvilError> {
        let life = if keep { Life::Free } else { Life::WithUs };
        Self::launch(program, CHAIN_ID, Ipv4Addr::LOCALHOST, port, folder, life).await
    }

    /// Starts anvil with its state in `folder`: it goes on from where the last one ended. The state is written when it ends,
    /// however we end, and once a minute. Waits for an earlier one that is still writing.
    ///
    /// # Errors
    /// As [`Self::start`], or another anvil keeps its state there.
    pub async fn resume(program: &Path, port: u16, folder: &Path) -> Result<Self, AnvilError> {
        let (host, port) = (Ipv4Addr::LOCALHOST, Some(port));
        Self::launch(program, CHAIN_ID, host, port, folder, Life::Stored).await
    }

    /// That [`Self::resume`] can have this port. Where it is in use, an earlier anvil with its state in `folder` may have
    /// it, which is still ending.
    ///
    /// # Errors
    /// Somebody else has it, or nobody can.
    pub fn check_port(port: u16, folder: &Path) -> Result<(), AnvilError> {
        match free_port(Ipv4Addr::LOCALHOST, Some(port), Life::Stored) {
            Err(AnvilError::PortInUse { .. }) if is_running(folder) => Ok(()),
            checked => checked.map(drop),
        }
    }

    /// Starts anvil on a free port, and an address of this machine that nobody guesses, as a chain with this id.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_chain(
        program: &Path,
        chain_id: u64,
        folder: &Path,
    ) -> Result<Self, AnvilError> {
        Self::launch(program, chain_id, hidden_host(), None, folder, Life::WithUs).await
    }

    async fn launch(
        program: &Path,
        chain_id: u64,
        host: Ipv4Addr,
        port: Option<u16>,
        folder: &Path,
        life: Life,
    ) -> Result<Self, AnvilError> {
        let started = Instant::now();
        // Before anything is written; where an earlier one may still have it, that is waited for below.
        let port = if life == Life::Stored { port } else { Some(free_port(host, port, life)?) };
        let log = folder.join(LOG);
        let failed = |reason: String| AnvilError::Failed { reason, log: log.clone() };
        let output = File::options().create(true).append(true).open(&log);
        let output = output.map_err(|e| failed(e.to_string()))?;
        // The child inherits the lock with its output, and has it for as long as it lives.
        while life == Life::Stored
            && let Err(error) = output.try_lock()
        {
            match error {
                TryLockError::Error(error) => return Err(failed(error.to_string())),
                TryLockError::WouldBlock if started.elapsed() > START_TIMEOUT => {
                    return Err(AnvilError::StateInUse { folder: folder.to_owned() });
                }
                TryLockError::WouldBlock => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        let errors = output.try_clone().map_err(|e| failed(e.to_string()))?;
        let port = match port {
            Some(port) if life != Life::Stored => port,
            port => free_port(host, port, life)?,
        };
        // Its own in both senses: anvil keeps files there, and finds no settings of the user's.
        let folder = std::path::absolute(folder).map_err(|e| failed(e.to_string()))?;
        let home = folder.join("home");
        std::fs::create_dir_all(&home).map_err(|e| failed(e.to_string()))?;
        let mut command = tools::command(program, &home);
        command
            .args(["--host", &host.to_string(), "--port", &port.to_string(), "--hardfork", "osaka"])
            .args(["--chain-id", &chain_id.to_string()])
            .args(["--accounts", "10", "--balance", "100000000"])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C in the terminal reaches us first, and we end it.
            .process_group(0);
        match life {
            Life::Free => {}
            Life::WithUs => die_with_parent(&mut command, Signal::KILL),
            Life::Stored => {
                let state = folder.join("state.json");
                command.arg("--state").arg(state).args(["--state-interval", STATE_INTERVAL]);
                die_with_parent(&mut command, Signal::TERM);
            }
        }
        let child = command.spawn().map_err(|e| AnvilError::Missing {
            program: program.to_path_buf(),
            reason: e.to_string(),
        })?;
        // From here on the process ends with this value, also when this future is dropped.
        let mut anvil = Self { child: Some(child), host, port, life };
        let started = Instant::now();
        while TcpStream::connect((host, port)).await.is_err() {
            if let Some(Ok(Some(status))) = anvil.child.as_mut().map(Child::try_wait) {
                return Err(failed(format!("it ended with {status}")));
            }
            if started.elapsed() > START_TIMEOUT {
                return Err(failed("no answer within 30 s".to_owned()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(anvil)
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// The process's status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// Mines a block every so many seconds from now on, and no longer at once for each transaction.
    ///
    /// # Errors
    /// The node's.
    pub async fn mine_every(&self, seconds: u64) -> Result<(), L1Error> {
        self.ask("setting the block time of the local L1", "evm_setIntervalMining", seconds).await
    }

    /// Mines a block of what waits, now.
    ///
    /// # Errors
    /// The node's.
    pub async fn mine(&self) -> Result<(), L1Error> {
        self.ask("mining a block of the local L1", "anvil_mine", 1).await
    }

    /// Mines a block with this timestamp, in seconds.
    ///
    /// # Errors
    /// The node's: the time has passed already.
    pub async fn advance_to(&self, timestamp: u64) -> Result<(), L1Error> {
        self.ask("moving the clock of the local L1", "evm_mine", timestamp).await
    }

    async fn ask(
        &self,
        what: &'static str,
        method: &'static str,
        argument: u64,
    ) -> Result<(), L1Error> {
        let node = connect_with(&self.url())?;
        let answer = node.raw_request(method.into(), [argument]).await;
        answer.map(|_: serde_json::Value| ()).map_err(|e| rpc(what, e))
    }

    /// Leaves the process running; returns its id.
    pub fn keep(mut self) -> u32 {
        self.child.take().map_or(0, |child| child.id())
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if self.life == Life::Stored && matches!(child.try_wait(), Ok(None)) {
            signal(child, Signal::TERM);
            let started = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && started.elapsed() < END_TIMEOUT {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        // What was waited for has no process group any more that is ours.
        if matches!(child.try_wait(), Ok(None)) {
            signal(child, Signal::KILL);
            let _ = child.wait();
        }
    }
}

/// To the process and its group, which has not been waited for.
fn signal(child: &Child, signal: Signal) {
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = Pid::from_raw(id)
    {
        let _ = kill_process_group(group, signal);
    }
}

/// Whether an anvil with its state in this folder lives.
fn is_running(folder: &Path) -> bool {
    let log = File::open(folder.join(LOG));
    log.is_ok_and(|log| matches!(log.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The port asked for, or any that is free.
fn free_port(host: Ipv4Addr, port: Option<u16>, life: Life) -> Result<u16, AnvilError> {
    let asked = port.unwrap_or(0);
    let listener = TcpListener::bind((host, asked)).and_then(|l| l.local_addr());
    listener.map(|address| address.port()).map_err(|e| port_error(asked, life.port_option(), e))
}

fn port_error(port: u16, option: &'static str, source: io::Error) -> AnvilError {
    match source.kind() {
        io::ErrorKind::AddrInUse => AnvilError::PortInUse { port, option },
        _ => AnvilError::Port { port, option, source },
    }
}

/// Lets the kernel send the child this signal when we are killed without a chance to do it.
#[expect(
    unsafe_code,
    reason = "pre_exec has no safe form; the hook makes one async-signal-safe system call"
)]
fn die_with_parent(command: &mut Command, signal: Signal) {
    // SAFETY: between fork and exec the hook only calls prctl(2): no allocation, no locks.
    unsafe {
        command.pre_exec(move || Ok(set_parent_process_death_signal(Some(signal))?));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_told_with_the_option_that_names_it() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let (folder, program) = (tempfile::tempdir().unwrap(), Path::new("anvil"));
        let started = Anvil::start(program, Some(port), folder.path(), false).await;
        assert!(started.unwrap_err().to_string().ends_with("choose another with --port"));
        let resumed = Anvil::resume(program, port, folder.path()).await;
        assert!(resumed.unwrap_err().to_string().ends_with("choose another with --l1-port"));
    }

    #[test]
    fn a_port_in_use_may_be_that_of_an_earlier_one_in_the_same_folder() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let refused = || Anvil::check_port(port, folder.path()).unwrap_err().to_string();
        assert!(refused().ends_with("choose another with --l1-port"));
        let log = File::create(folder.path().join(LOG)).unwrap();
        assert!(refused().contains("is in use"));
        log.lock().unwrap();
        Anvil::check_port(port, folder.path()).unwrap();
        drop((log, taken));
        Anvil::check_port(0, folder.path()).unwrap();
    }

    #[test]
    fn a_port_that_is_not_in_use_is_not_said_to_be() {
        let denied = io::ErrorKind::PermissionDenied.into();
        assert_eq!(
            port_error(80, "--port", denied).to_string(),
            "port 80: cannot listen there: permission denied; choose another with --port"
        );
    }
}
