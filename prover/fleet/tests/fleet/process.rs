//! Workers and operators in processes of their own: what can be killed, frozen, put into another
//! network, given another clock, and measured.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use cairn_fleet::{
    bus::Target,
    coordinator::{Coordinator, Fleet},
    queue::Queue,
    worker,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};

use crate::{
    clocks,
    plan::{Hasher, TestPlan, version},
    world::{World, prove},
};

/// What a process is told by.
const TOLD: &str = "CAIRN_TEST_PROCESS";
/// What an operator's lines begin with: the harness of tests writes lines of its own.
const SAYS: &str = "operator: ";

/// A process of this test's program; it ends with this value.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// A worker that takes so long for everything.
    pub(crate) fn start(world: &World, name: &str, milliseconds: u64) -> Self {
        let url = world.target(&world.names, name).url;
        let program = Command::new(std::env::current_exe().unwrap());
        Self::worker(program, &url, name, [0, milliseconds])
    }

    /// A worker of the first rollup, by a command that runs this program with what comes after it.
    /// It takes so many milliseconds more the first time, and so many always.
    pub(crate) fn worker(
        mut command: Command,
        url: &str,
        name: &str,
        [first, each]: [u64; 2],
    ) -> Self {
        command.env(TOLD, format!("{name} {url} {first} {each}")).stdout(Stdio::null());
        Self::begin(command, "process::a_worker")
    }

    fn begin(mut command: Command, role: &str) -> Self {
        let command = command.args(["--exact", role, "--ignored", "--nocapture"]);
        Self(command.spawn().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// MiB, of what the system says of its memory under this name.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<u64>().unwrap() >> 10
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An operator.
pub(crate) struct Operator {
    pub(crate) process: Process,
    lines: BufReader<ChildStdout>,
}

impl Operator {
    pub(crate) fn start(world: &World) -> Self {
        Self::by(Command::new(std::env::current_exe().unwrap()), world)
    }

    /// By a command that runs this program.
    pub(crate) fn by(mut command: Command, world: &World) -> Self {
        let url = world.target(&world.names, "coordinator").url;
        command.env(TOLD, url).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::begin(command, "process::an_operator");
        let lines = BufReader::new(process.0.stdout.take().unwrap());
        Self { process, lines }
    }

    /// Has a batch with so many leaves proven.
    pub(crate) fn order(&mut self, batch: u32, leaves: usize) {
        writeln!(self.process.0.stdin.as_mut().unwrap(), "{batch} {leaves}").unwrap();
    }

    /// Waits for the next proof, and gives what came of all results until then, and how many assignments each worker has
    /// done.
    pub(crate) fn proven(&mut self) -> Value {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the operator has ended");
            if let Some((_, said)) = line.trim_end().split_once(SAYS) {
                return serde_json::from_str(said).unwrap();
            }
        }
    }
}

/// No test: a worker's process.
#[test]
#[ignore = "is started by the others"]
fn a_worker() {
    let Ok(told) = std::env::var(TOLD) else { return };
    let [name, url, first, each] = told.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    clocks::check();
    let config = worker::Config {
        target: Target { url: url.to_owned(), ..Target::default() },
        names: "alpha".parse().unwrap(),
        worker: name.parse().unwrap(),
        queues: Queue::ALL.to_vec(),
        memory_mb: 8_000,
        threads: 1,
        machine: "a test's".to_owned(),
        grace: Duration::ZERO,
    };
    let milliseconds = |text: &str| Duration::from_millis(text.parse().unwrap());
    let (first, delay) = (milliseconds(first), milliseconds(each));
    let hasher = Arc::new(Hasher { first, delay, ..Hasher::default() });
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    worker::run(config, hasher, stopped, &mut |_| {}).unwrap();
}

/// No test: an operator's process, which proves what it is told, line by line.
#[test]
#[ignore = "is started by the others"]
fn an_operator() {
    let Ok(url) = std::env::var(TOLD) else { return };
    clocks::check();
    let config = cairn_fleet::coordinator::Config {
        target: Target { url, ..Target::default() },
        names: "alpha".parse().unwrap(),
        version: version(),
        settings: cairn_fleet::ledger::Settings::default(),
        kept: None,
        replicas: 1,
    };
    let coordinator = Coordinator::start(config).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (batch, leaves) = line.split_once(' ').unwrap();
        let plan = TestPlan::new(batch.parse().unwrap(), leaves.parse().unwrap());
        prove(&coordinator, &plan, &cairn_prover::Cancel::default()).unwrap();
        let Fleet { workers, outcomes, .. } = runtime.block_on(coordinator.look());
        let done = workers.iter().map(|(name, worker)| (name.to_string(), worker.done.into()));
        let done: Map<String, Value> = done.collect();
        println!("{SAYS}{}", json!({ "outcomes": outcomes, "done": done }));
    }
}
