//! The operator as a process: this program again, with a stand-in engine.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use cairn_batcher::{
    node::{
        Checked, Extras, Node,
        config::Config,
        dev,
        stop::{StopRequests, until_stopped},
        telemetry::Telemetry,
    },
    replication::Mode,
};
use cairn_prover::Engine;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::engine::Directed;

/// The configuration of the child.
const CONFIG: &str = "CAIRN_FAULTS_CONFIG";
/// The file with its engine's directive.
const ENGINE: &str = "CAIRN_FAULTS_ENGINE";
/// The version of its circuits.
const CIRCUITS: &str = "CAIRN_FAULTS_CIRCUITS";
/// Set where it stands by.
const STANDBY: &str = "CAIRN_FAULTS_STANDBY";
/// What it prints when it serves.
const READY: &str = "serving";
/// How long an operator may take to end after it was asked to; what the documentation promises.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// SIGXFSZ: a file would become larger than the limit. Whoever takes it gets an error from the write instead.
const FILE_TOO_LARGE: i32 = 25;

/// The service, where this program was started as one.
pub(crate) fn child() -> Option<ExitCode> {
    let config = std::env::var_os(CONFIG)?;
    let engine = PathBuf::from(std::env::var_os(ENGINE)?);
    let version = std::env::var(CIRCUITS).ok()?.parse().ok()?;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let code = runtime.block_on(serve(Path::new(&config), Directed { file: engine, version }));
    // As `cairn run` ends: what a second request leaves behind is not waited for.
    std::process::exit(code.into())
}

async fn serve(config: &Path, engine: Directed) -> u8 {
    let mut requests = StopRequests::listen().expect("signals");
    let _full_disk = signal(SignalKind::from_raw(FILE_TOO_LARGE)).expect("signals");
    let started = async {
        let config = Config::read(config).map_err(|error| error.to_string())?;
        let telemetry = Telemetry::install(&config.telemetry).map_err(|e| e.to_string())?;
        let checked = Checked::check(config, dev::keys()).await.map_err(|e| e.to_string())?;
        let metrics = Some(telemetry.metrics().clone());
        let led = if checked.config().fleet.is_used() {
            let mode = std::env::var_os(STANDBY).map_or(Mode::Lead, |_| Mode::Standby);
            let root = B256::from(engine.circuit_set_root().to_bytes());
            let led = checked.lead(mode, root, metrics.clone()).await;
            Some(led.map_err(|error| error.to_string())?)
        } else {
            None
        };
        let extras = Extras { metrics, led, ..Extras::default() };
        let node = Node::start(checked, Arc::new(engine), extras).await;
        node.map_err(|error| error.to_string())
    };
    let node = tokio::select! {
        started = started => started,
        request = requests.next() => return request.exit_code(),
    };
    match node {
        Ok(node) => {
            println!("{READY}");
            until_stopped(node, &mut requests).await
        }
        Err(line) => {
            eprintln!("cairn: {line}");
            2
        }
    }
}

/// How a process is started.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) config: Config,
    /// Its configuration, the engine's file and its log are here.
    pub(crate) folder: PathBuf,
    /// Of its circuits.
    pub(crate) version: u64,
    /// Where its users come, if not to its own address.
    pub(crate) door: Option<SocketAddr>,
}

impl Setting {
    /// Where its users come.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.door.unwrap_or(self.config.api.listen))
    }

    /// The file that the engine obeys.
    pub(crate) fn engine(&self) -> PathBuf {
        self.folder.join("engine")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("operator.log")
    }

    /// The last of what it has logged, for people.
    pub(crate) fn log_tail(&self) -> String {
        let log = self.logged();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// What it has logged: of all processes with this setting.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

/// A process that serves, or has ended.
#[derive(Debug)]
pub(crate) struct Operator {
    child: Child,
}

impl Operator {
    /// Starts it and waits until it serves.
    pub(crate) fn start(setting: &Setting) -> Self {
        let (operator, line) = Self::launch(setting);
        assert_eq!(line.as_deref(), Some(READY), "it does not start: {}", setting.log_tail());
        operator
    }

    /// Tries to start one: if it refuses, its exit code and its last line. One that serves is killed.
    pub(crate) fn tried(setting: &Setting) -> Option<(Option<i32>, String)> {
        let (mut operator, line) = Self::launch(setting);
        if line.is_some() {
            return None;
        }
        let code = operator.code();
        Some((code, setting.logged().lines().last().unwrap_or_default().to_owned()))
    }

    fn launch(setting: &Setting) -> (Self, Option<String>) {
        let mut operator = Self::spawn(setting, false);
        let mut line = String::new();
        let said = operator.child.stdout.take().unwrap();
        let read = BufReader::new(said).read_line(&mut line).unwrap();
        (operator, (read > 0).then(|| line.trim_end().to_owned()))
    }

    /// Starts it as a standby, and waits for nothing.
    pub(crate) fn stand_by(setting: &Setting) -> Self {
        Self::spawn(setting, true)
    }

    fn spawn(setting: &Setting, stands_by: bool) -> Self {
        let config = setting.folder.join("cairn.toml");
        std::fs::write(&config, toml::to_string(&setting.config).unwrap()).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(setting.log()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        if stands_by {
            command.env(STANDBY, "1");
        }
        let child = command
            .env("NO_COLOR", "1")
            .env(CONFIG, &config)
            .env(ENGINE, setting.engine())
            .env(CIRCUITS, setting.version.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child }
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Kills it: it has no chance to do anything.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Its exit code, once it has ended.
    pub(crate) fn code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None => assert!(started.elapsed() < STOP_LIMIT, "it does not end within 30 s"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// From now on none of its files can become larger than this; None takes the limit away. The nearest to a full disk that needs no
    /// privileges: every write past the limit fails.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(self.id()), Resource::Fsize, limit).unwrap();
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
