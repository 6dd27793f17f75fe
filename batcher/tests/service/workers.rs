//! From proofs in the operator's own process to workers, and back. Expected of each: the batch that
//! was in flight when the operator was killed is proven by the other way, and no other is missing.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cairn_batcher::client::Client;
use cairn_fleet::{
    bus::Target,
    coordinator::{Config, Coordinator},
    engine,
    ledger::Settings,
    message::Version,
    names::Names,
    plan::Plan,
    queue::Queue,
    server::{
        Server,
        rights::{Credential, Rollup, accounts},
    },
    worker::{self, Perform},
};
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, ProverError,
    assignment::Assignment,
    claim::AssignmentId,
    graph::{Leaves, TaskGraph},
    progress::{Progress, Stage},
};
use cairn_types::{Digest, SealStatement};
use rustix::process::Signal;
use tokio::sync::watch;

use crate::{
    development::{STUBBORN, Service},
    stand_in::{StandIn, built, free_port},
};

/// Engines of the child: workers that prove at once, and workers that never do.
pub(crate) const WORKERS: &str = "workers";
pub(crate) const SLOW_WORKERS: &str = "slow workers";
const NAMES: [&str; 2] = ["w1", "w2"];

/// [`StandIn`] by two workers, over a nats-server of its own. It ends with its process.
#[derive(Debug)]
pub(crate) struct Fleet {
    coordinator: Coordinator,
    _server: Server,
}

impl Fleet {
    /// With the server's data in this folder. `begun` is made by the first worker that has begun;
    /// those that are slow take longer then than anybody waits.
    pub(crate) fn start(folder: &Path, begun: &Path, is_slow: bool) -> Self {
        Self::of(&NAMES, folder, begun, is_slow)
    }

    /// With workers of these names.
    pub(crate) fn of(names: &[&'static str], folder: &Path, begun: &Path, is_slow: bool) -> Self {
        let credential = |name: &str| Credential::Password(name.to_owned(), name.to_owned());
        let rollup = Rollup {
            names: Names::default(),
            coordinators: vec![credential("operator")],
            workers: names.iter().map(|name| (name.parse().unwrap(), credential(name))).collect(),
        };
        let server = Server::start(folder, free_port(), &accounts(&[rollup])).unwrap();
        let target = |name| Target { url: server.url_of(name, name), ..Target::default() };
        for &name in names {
            let config = worker::Config {
                target: target(name),
                names: Names::default(),
                worker: name.parse().unwrap(),
                queues: Queue::ALL.to_vec(),
                memory_mb: 8_000,
                threads: 1,
                machine: "a test's".to_owned(),
                grace: Duration::ZERO,
            };
            let hashes = Arc::new(Repeat { begun: begun.to_owned(), is_slow });
            std::thread::spawn(move || {
                let (_stop, stopped) = watch::channel(false);
                worker::run(config, hashes, stopped, &mut |_| {}).unwrap();
            });
        }
        let coordinator = Coordinator::start(Config {
            target: target("operator"),
            names: Names::default(),
            version: version(),
            settings: Settings { quiet: Duration::ZERO, ..Settings::default() },
            kept: None,
            replicas: 1,
        });
        Self { coordinator: coordinator.unwrap(), _server: server }
    }

    /// For who asks how it is.
    pub(crate) fn coordinator(&self) -> Coordinator {
        self.coordinator.clone()
    }
}

fn version() -> Version {
    Version { circuits: "stand-in".to_owned(), keys: "none".to_owned() }
}

/// The result of an assignment is what it starts from.
struct Repeat {
    begun: std::path::PathBuf,
    is_slow: bool,
}

impl Perform for Repeat {
    fn version(&self) -> Version {
        version()
    }

    fn perform(&self, work: &[u8]) -> Result<Vec<u8>, String> {
        std::fs::write(&self.begun, "").unwrap();
        if self.is_slow {
            std::thread::sleep(Duration::from_secs(300));
        }
        Ok(work.to_vec())
    }
}

impl Engine for Fleet {
    fn circuit_set_root(&self) -> Digest {
        StandIn.circuit_set_root()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let proof = StandIn.prove(jobs, progress, cancel)?;
        let number = jobs[0].number;
        let plan = Repeated::new(number, proof.seal.public_input());
        let (result, _) = engine::run(&plan, &self.coordinator, number.into(), progress, cancel)?;
        let mut words = [[0; 32]; 8];
        words[0] = result;
        Ok(BatchesProof { proof: words, ..proof })
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        StandIn.verifies(statement, proof)
    }

    fn threads(&self) -> usize {
        1
    }

    fn security(&self) -> Vec<LayerSecurity> {
        Vec::new()
    }
}

/// The assignments of a small batch, each of which repeats the proof.
struct Repeated {
    assignments: Vec<Assignment>,
    ids: Vec<AssignmentId>,
    graph: TaskGraph,
    proof: [u8; 32],
}

impl Repeated {
    fn new(batch: u32, proof: [u8; 32]) -> Self {
        let graph = TaskGraph::new(&[Leaves { chunks: 1, streams: 1 }]);
        let assignments = graph.assignments();
        let name = |place: usize| AssignmentId::new(&format!("{batch}-{place}")).unwrap();
        Self { ids: (0..assignments.len()).map(name).collect(), assignments, graph, proof }
    }
}

impl Plan for Repeated {
    type Output = [u8; 32];

    fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    fn id(&self, place: usize) -> &AssignmentId {
        &self.ids[place]
    }

    fn queue(&self, _: usize) -> Queue {
        Queue::Recursion
    }

    fn work(&self, _: usize, _: &[&[u8; 32]]) -> Result<Bytes, ProverError> {
        Ok(self.proof.to_vec().into())
    }

    fn check(&self, _: usize, result: &[u8]) -> Result<[u8; 32], String> {
        let result = result.try_into().map_err(|_| "it has another length".to_owned())?;
        if result == self.proof { Ok(result) } else { Err("it is of something else".to_owned()) }
    }

    fn stage(&self, place: usize) -> Stage {
        Stage::Tasks(self.graph.tasks()[self.assignments[place].tasks[0]].kind)
    }
}

/// Waits until all batches that were sealed are proven, and there is one.
async fn proven(api: &str, patience: Duration) {
    let started = Instant::now();
    loop {
        let head = match Client::connect(api).await {
            Ok(client) => client.head().await.ok(),
            Err(_) => None,
        };
        if head.as_ref().is_some_and(|head| head.sealed > 0 && head.proven == head.sealed) {
            return;
        }
        assert!(started.elapsed() < patience, "it is not proven: {head:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_batch_in_flight_is_lost_between_this_process_and_workers() {
    for [first, second] in [[SLOW_WORKERS, ""], [STUBBORN, WORKERS]] {
        let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
        let data = folder.path().join("data");
        let started = Instant::now();
        let service = Service::with(&data, built, first);
        service.begun(&data);
        service.signal(Signal::KILL);
        drop(service);
        let (service, killed) = (Service::with(&data, built, second), started.elapsed());
        proven(&service.api, Duration::from_secs(60)).await;
        println!("{first:?}, killed: {killed:.1?}; {second:?}, proven: {:.1?}", started.elapsed());
    }
}

/// `cairn run --dev` with these options, on the folder.
fn run(data: &Path, options: &[&str]) -> Service {
    let (l1, api) = (free_port(), free_port());
    let child = Command::new(env!("CARGO_BIN_EXE_cairn"))
        .args(["run", "--dev", "--port", &api.to_string(), "--l1-port", &l1.to_string()])
        .arg("--data-dir")
        .arg(data)
        .arg("--contracts")
        .arg(crate::stand_in::contracts())
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Service::of(child, l1, api)
}

/// The same with the real programs, circuits and proofs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "full tier: makes real proofs, for minutes"]
async fn real_batches_go_over_from_workers_to_this_process_and_back() {
    const PATIENCE: Duration = Duration::from_secs(1_800);
    for [first, second] in [[&["--workers", "2"][..], &[]], [&[], &["--workers", "2"]]] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let service = run(&data, first);
        let started = Instant::now();
        loop {
            let stages = match Client::connect(&service.api).await {
                Ok(client) => client.head().await.ok(),
                Err(_) => None,
            };
            if let Some(head) = stages
                && head.sealed > head.proven
            {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "no batch is sealed");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // Some seconds into the proof.
        tokio::time::sleep(Duration::from_secs(8)).await;
        service.signal(Signal::KILL);
        drop(service);
        let (service, started) = (run(&data, second), Instant::now());
        proven(&service.api, PATIENCE).await;
        println!("{first:?}, killed, {second:?}: proven after {:.0?}", started.elapsed());
    }
}
