//! A local L1: anvil as a child process that never outlives us.

use std::{
    fs::File,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use alloy::providers::Provider;
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use thiserror::Error;
use tokio::net::TcpStream;

use super::{
    connection::connect_with,
    error::{L1Error, rpc},
};

/// anvil's chain id, the only one where development keys are accepted.
pub const CHAIN_ID: u64 = 31_337;

/// How long anvil may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no local L1.
#[derive(Debug, Error)]
pub enum AnvilError {
    /// The port asked for is taken.
    #[error("port {0} is in use: stop what listens there, or choose another with --port")]
    PortInUse(u16),
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

/// A running anvil; dropping it ends the process unless [`Anvil::keep`] was called.
#[derive(Debug)]
pub struct Anvil {
    child: Option<Child>,
    port: u16,
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
        Self::launch(program, CHAIN_ID, port, folder, keep).await
    }

    /// Starts anvil on a free port as a chain with this id.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_chain(
        program: &Path,
        chain_id: u64,
        folder: &Path,
    ) -> Result<Self, AnvilError> {
        Self::launch(program, chain_id, None, folder, false).await
    }

    async fn launch(
        program: &Path,
        chain_id: u64,
        port: Option<u16>,
        folder: &Path,
        keep: bool,
    ) -> Result<Self, AnvilError> {
        let port = match port {
            Some(port) => {
                TcpListener::bind(("127.0.0.1", port)).map_err(|_| AnvilError::PortInUse(port))?;
                port
            }
            None => TcpListener::bind(("127.0.0.1", 0))
                .and_then(|listener| listener.local_addr())
                .map_err(|_| AnvilError::PortInUse(0))?
                .port(),
        };
        let log = folder.join("anvil.log");
        let failed = |reason: String| AnvilError::Failed { reason, log: log.clone() };
        let output = File::create(&log).map_err(|e| failed(e.to_string()))?;
        let errors = output.try_clone().map_err(|e| failed(e.to_string()))?;
        let mut command = Command::new(program);
        command
            .args(["--host", "127.0.0.1", "--hardfork", "osaka", "--port", &port.to_string()])
            .args(["--chain-id", &chain_id.to_string()])
            .args(["--accounts", "10", "--balance", "100000000"])
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // A group of its own: Ctrl-C in the terminal reaches us first, and we end it.
            .process_group(0);
        if !keep {
            die_with_parent(&mut command);
        }
        let child = command.spawn().map_err(|e| AnvilError::Missing {
            program: program.to_path_buf(),
            reason: e.to_string(),
        })?;
        // From here on the process ends with this value, also when this future is dropped.
        let mut anvil = Self { child: Some(child), port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
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
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Mines a block with this timestamp, in seconds.
    ///
    /// # Errors
    /// The node's: the time has passed already.
    pub async fn advance_to(&self, timestamp: u64) -> Result<(), L1Error> {
        let what = "moving the clock of the local L1";
        let node = connect_with(&self.url())?;
        let mined = node.raw_request("evm_mine".into(), [timestamp]).await;
        mined.map(|_: serde_json::Value| ()).map_err(|e| rpc(what, e))
    }

    /// Leaves the process running; returns its id.
    pub fn keep(mut self) -> u32 {
        self.child.take().map_or(0, |child| child.id())
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child);
        }
    }
}

/// Ends the process and its group; failures mean that it has ended already.
fn end(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id())
        && let Some(group) = Pid::from_raw(id)
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

/// Lets the kernel end the child when we are killed without a chance to do it.
#[expect(
    unsafe_code,
    reason = "pre_exec has no safe form; the hook makes one async-signal-safe system call"
)]
fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec the hook only calls prctl(2): no allocation, no locks.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
}
