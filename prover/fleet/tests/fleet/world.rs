//! A server, a coordinator and workers.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use cairn_fleet::{
    bus::Target,
    coordinator::{Config, Coordinator, Fleet, Outcomes},
    engine,
    error::FleetError,
    ledger::Settings,
    message::WorkerId,
    names::Names,
    queue::Queue,
    server::{
        Server, cluster, free_port,
        rights::{Credential, Rollup, accounts},
    },
    worker::{self, Event, Perform},
};
use cairn_prover::{Cancel, ProverError, progress::Silent};
use tokio::sync::watch;

use crate::plan::{TestPlan, version};

/// Names of workers that the server knows, each with its name as password.
pub(crate) const WORKERS: [&str; 8] = ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"];

pub(crate) struct World {
    pub(crate) server: Server,
    /// The others of a cluster.
    pub(crate) peers: Vec<Server>,
    /// Servers that keep what the fleet has there.
    pub(crate) replicas: usize,
    pub(crate) names: Names,
    pub(crate) settings: Settings,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) runtime: tokio::runtime::Runtime,
    /// Coordinators so far.
    starts: AtomicUsize,
}

/// A worker in a thread of this process.
pub(crate) struct Hand {
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    thread: Option<JoinHandle<Result<(), FleetError>>>,
}

pub(crate) fn rollup(name: &str) -> Rollup {
    let password = |user: &str| Credential::Password(format!("{name}-{user}"), user.to_owned());
    Rollup {
        names: name.parse().unwrap(),
        coordinators: vec![password("coordinator")],
        workers: WORKERS.map(|worker| (worker.parse().unwrap(), password(worker))).to_vec(),
    }
}

fn rollups() -> String {
    accounts(&[rollup("alpha"), rollup("beta")])
}

pub(crate) fn prove(
    coordinator: &Coordinator,
    plan: &TestPlan,
    cancel: &Cancel,
) -> Result<Vec<u8>, ProverError> {
    engine::run(plan, coordinator, 1, &Silent, cancel).map(|(output, _)| output)
}

impl World {
    pub(crate) fn new() -> Self {
        Self::listening("127.0.0.1")
    }

    /// With a server that listens at this address.
    pub(crate) fn listening(address: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        // The server takes the last of two settings.
        let settings = format!("listen: {address}:{port}\n{}", rollups());
        let server = Server::start(&folder.path().join("nats"), port, &settings).unwrap();
        Self::of(folder, server, Vec::new())
    }

    /// With three servers in a cluster.
    pub(crate) fn cluster(replicas: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [server, second, third] = cluster::start(folder.path(), &rollups()).unwrap();
        Self { replicas, ..Self::of(folder, server, vec![second, third]) }
    }

    fn of(folder: tempfile::TempDir, server: Server, peers: Vec<Server>) -> Self {
        // What the coordinator says, with RUST_LOG=info and --nocapture.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .try_init();
        let settings = Settings { silence: Duration::from_secs(6), ..Settings::default() };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        Self {
            server,
            peers,
            replicas: 1,
            names: "alpha".parse().unwrap(),
            settings,
            folder,
            runtime,
            starts: 0.into(),
        }
    }

    /// The server's.
    pub(crate) fn port(&self) -> u16 {
        self.server.url().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    pub(crate) fn target(&self, names: &Names, user: &str) -> Target {
        let url = self.server.url_of(&format!("{names}-{user}"), user);
        Target { url, ..Target::default() }
    }

    pub(crate) fn coordinator(&self) -> Coordinator {
        self.coordinator_of(&self.names)
    }

    pub(crate) fn coordinator_of(&self, names: &Names) -> Coordinator {
        Coordinator::start(self.operator(names)).unwrap()
    }

    /// What a coordinator is given. Before the first one nobody was at anything: it need not wait as long.
    pub(crate) fn operator(&self, names: &Names) -> Config {
        let mut settings = self.settings.clone();
        if self.starts.fetch_add(1, Ordering::Relaxed) == 0 {
            settings.quiet = Duration::from_secs(1);
        }
        Config {
            target: self.target(names, "coordinator"),
            names: names.clone(),
            version: version(),
            settings,
            kept: Some(self.kept().to_owned()),
            replicas: self.replicas,
        }
    }

    pub(crate) fn kept(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self, names: &Names, name: &str) -> worker::Config {
        worker::Config {
            target: self.target(names, name),
            names: names.clone(),
            worker: name.parse().unwrap(),
            queues: worker::queues(&cairn_prover::assignment::Class::ALL, u64::MAX).unwrap(),
            memory_mb: 8_000,
            threads: 1,
            machine: "a test's".to_owned(),
            grace: Duration::from_millis(500),
        }
    }

    pub(crate) fn work(&self, name: &str, perform: Arc<dyn Perform>) -> Hand {
        self.work_with(self.config(&self.names, name), perform)
    }

    pub(crate) fn work_with(&self, config: worker::Config, perform: Arc<dyn Perform>) -> Hand {
        let (stop, stopped) = watch::channel(false);
        let events = Arc::<Mutex<Vec<Event>>>::default();
        let told = Arc::clone(&events);
        let thread = std::thread::spawn(move || {
            let mut tell = |event| told.lock().unwrap().push(event);
            worker::run(config, perform, stopped, &mut tell)
        });
        Hand { stop, events, thread: Some(thread) }
    }

    /// Proves a plan, and gives what the last assignment came to.
    pub(crate) fn prove(
        &self,
        coordinator: &Coordinator,
        plan: &TestPlan,
    ) -> Result<Vec<u8>, ProverError> {
        prove(coordinator, plan, &Cancel::default())
    }

    pub(crate) fn look(&self, coordinator: &Coordinator) -> Fleet {
        self.runtime.block_on(coordinator.look())
    }

    /// Waits until the fleet is so.
    pub(crate) fn until(&self, coordinator: &Coordinator, is_so: impl Fn(&Fleet) -> bool) -> Fleet {
        let started = Instant::now();
        loop {
            let fleet = self.look(coordinator);
            if is_so(&fleet) {
                return fleet;
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "it does not come to it: {fleet:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Hand {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until something was told.
    pub(crate) fn until(&self, is_it: impl Fn(&Event) -> bool) {
        let started = Instant::now();
        while !self.events().iter().any(&is_it) {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(60), "it is not told: {:?}", self.events());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), FleetError> {
        self.stop.send_replace(true);
        self.thread.take().unwrap().join().unwrap()
    }

    /// Waits until it ends of itself.
    pub(crate) fn ended(mut self) -> Result<(), FleetError> {
        let started = Instant::now();
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(60), "it does not end: {:?}", self.events());
            std::thread::sleep(Duration::from_millis(10));
        }
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

pub(crate) fn id(name: &str) -> WorkerId {
    name.parse().unwrap()
}

/// Whether a worker holds something.
pub(crate) fn holds(fleet: &Fleet, name: &str) -> bool {
    let named = fleet.workers.iter().find(|(worker, _)| worker.as_str() == name);
    named.is_some_and(|(_, worker)| worker.holds().next().is_some())
}

/// Of a proof that was made with losses: each result once, and nobody blamed.
pub(crate) fn assert_blameless(outcomes: &Outcomes, assignments: u64) {
    let Outcomes { accepted, refused, unheld, quarantined, failed, .. } = *outcomes;
    assert_eq!((refused, unheld, quarantined, failed), (0, 0, 0, 0), "{outcomes:?}");
    assert_eq!(accepted, assignments, "{outcomes:?}");
}

/// All queues but these.
pub(crate) fn without(queues: &[Queue]) -> Vec<Queue> {
    Queue::ALL.into_iter().filter(|queue| !queues.contains(queue)).collect()
}
