//! A development rollup as a process: started, stopped by signals, killed, started again.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::providers::{Provider, ProviderBuilder};
use cairn_batcher::node::{
    Checked, Node,
    dev::{self, DevChain, deployment::Deployment},
    stop::{StopRequests, until_stopped},
};
use cairn_prover::Engine;
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    stand_in::{StandIn, Stubborn, built, contracts, free_port, place, plan},
    workers::{Fleet, SLOW_WORKERS, WORKERS},
};

/// Folder, built contracts and ports of the child.
const VARIABLE: &str = "CAIRN_TEST_SERVICE";
/// What the child prints when it serves.
const READY: &str = "serving";
/// The engine that never comes to an end, and what it and workers leave when they have begun.
pub(crate) const STUBBORN: &str = "stubborn";
const BEGUN: &str = "proving-has-begun";

/// The service, when this program is started again by a test below; nothing otherwise.
#[tokio::test]
async fn child_process() {
    let Ok(place_of) = std::env::var(VARIABLE) else { return };
    let parts: Vec<_> = place_of.split('|').collect();
    let [folder, contracts, l1, api, engine] = parts[..] else { panic!("{place_of}") };
    let mut requests = StopRequests::listen().unwrap();
    let folder = Path::new(folder);
    let plan = plan(Path::new(contracts), 2, false);
    let chain = DevChain::start(&place(folder, l1.parse().unwrap()), &plan).await.unwrap();
    let mut config = chain.config(folder, ([127, 0, 0, 1], api.parse().unwrap()).into());
    let engine: Arc<dyn Engine> = match engine {
        STUBBORN => {
            config.sequencer.max_batch_age_s = 1;
            Arc::new(Stubborn { begun: folder.join(BEGUN) })
        }
        WORKERS | SLOW_WORKERS => {
            config.sequencer.max_batch_age_s = 1;
            let (nats, is_slow) = (folder.join("nats"), engine == SLOW_WORKERS);
            Arc::new(Fleet::start(&nats, &folder.join(BEGUN), is_slow))
        }
        _ => Arc::new(StandIn),
    };
    let checked = Checked::check(config, dev::keys()).await.unwrap();
    let mut node = Node::start(checked, engine, Default::default()).await.unwrap();
    node.supervise("local L1", |shutdown| chain.run(shutdown));
    println!("{READY}");
    std::process::exit(until_stopped(node, &mut requests).await.into());
}

pub(crate) struct Service {
    child: Child,
    l1: String,
    pub(crate) api: String,
}

impl Service {
    fn start(folder: &Path, built: &Path) -> Self {
        Self::with(folder, built, "")
    }

    pub(crate) fn with(folder: &Path, built: &Path, engine: &str) -> Self {
        let (l1, api) = (free_port(), free_port());
        let place = format!("{}|{}|{l1}|{api}|{engine}", folder.display(), built.display());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "development::child_process", "--nocapture"])
            .env(VARIABLE, place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let ready = output.lines().map_while(Result::ok).any(|line| line.contains(READY));
        assert!(ready, "it ended before it served: {:?}", child.wait());
        Self::of(child, l1, api)
    }

    pub(crate) fn of(child: Child, l1: u16, api: u16) -> Self {
        let url = |port| format!("http://127.0.0.1:{port}");
        Self { child, l1: url(l1), api: url(api) }
    }

    /// Waits until it has begun a proof.
    pub(crate) fn begun(&self, folder: &Path) {
        let started = Instant::now();
        while !folder.join(BEGUN).exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is proven");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    fn code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if started.elapsed() > Duration::from_secs(40) => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    async fn l1_block(&self) -> u64 {
        let provider = ProviderBuilder::new().connect_http(self.l1.parse().unwrap());
        provider.get_block_number().await.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn deployment(folder: &Path) -> Deployment {
    Deployment::read(folder).unwrap().unwrap()
}

/// However it ends, the next start has the same rollup, and L1 goes on from where it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_goes_on() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    let data: PathBuf = folder.path().join("data");
    let mut service = Service::start(&data, built);
    let first = deployment(&data);
    assert_eq!(first.leaf(1, 1), Some((1 << 16) + 3));
    let mut block = service.l1_block().await;
    assert!(block > 8, "deployment, tokens and deposits");
    for (signal, code) in [
        (Signal::TERM, Some(0)),
        (Signal::INT, Some(0)),
        (Signal::HUP, Some(0)),
        (Signal::KILL, None),
    ] {
        service.signal(signal);
        assert_eq!(service.code(), code, "{signal:?}");
        service = Service::start(&data, built);
        assert_eq!(deployment(&data), first);
        let now = service.l1_block().await;
        assert!(now >= block, "L1 went back from {block} to {now}");
        block = now;
    }
}

/// What the engine is at takes longer than a stop may: it ends with the process, which has done what it was asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_proof() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    let data = folder.path().join("data");
    let mut service = Service::with(&data, built, STUBBORN);
    service.begun(&data);
    let asked = Instant::now();
    service.signal(Signal::TERM);
    assert_eq!(service.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(25), "it took {:?}", asked.elapsed());
    // The local L1 has had its time to write its state.
    assert!(data.join("l1/state.json").exists());
}

/// Without anvil there is no service: it says so and ends with 1.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_anvil_ends_the_service() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    let data = folder.path().join("data");
    let mut service = Service::start(&data, built);
    let anvil = children_of(service.child.id());
    let [anvil] = anvil[..] else { panic!("{anvil:?}") };
    kill_process(Pid::from_raw(anvil).unwrap(), Signal::KILL).unwrap();
    assert_eq!(service.code(), Some(1));
}

/// A folder that is somebody else's is not touched.
#[tokio::test]
async fn another_folder_is_refused() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    std::fs::create_dir(folder.path().join("store")).unwrap();
    let plan = plan(built, 2, false);
    let error = DevChain::start(&place(folder.path(), free_port()), &plan).await.unwrap_err();
    let expected = format!(
        "{} holds no development rollup, and is not empty: choose another folder with --data-dir",
        folder.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(folder.path().join("store").exists());
}

/// Who names no accounts takes those that are there; who names others is told.
#[tokio::test]
async fn a_second_start_takes_the_accounts_that_are_there() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    let data = folder.path().join("data");
    let place = place(&data, free_port());
    let first = DevChain::start(&place, &plan(built, 3, true)).await.unwrap();
    let error = DevChain::start(&place, &plan(built, 3, true)).await.unwrap_err().to_string();
    let expected = format!(
        "another process runs the rollup in {}: end it, or choose another folder with --data-dir",
        data.display()
    );
    assert_eq!(error, expected);
    let deployment = first.deployment.clone();
    assert!(deployment.prepared && data.join("store").exists() && data.join("l1").exists());
    drop(first);

    let error = DevChain::start(&place, &plan(built, 4, true)).await.unwrap_err().to_string();
    let expected = format!(
        "the rollup in {} has started with 3 accounts in its state, --accounts asks for 4: leave it out, or choose another folder",
        data.display()
    );
    assert_eq!(error, expected);
    for plan in [plan(built, 3, true), plan(built, 2, false)] {
        let again = DevChain::start(&place, &plan).await.unwrap();
        assert_eq!(again.deployment, deployment);
    }
}

/// A set-up that was cut short starts over, but not while somebody is at it.
#[tokio::test]
async fn a_set_up_under_way_is_left_alone() {
    let (folder, built) = (tempfile::tempdir().unwrap(), built().await);
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("store")).unwrap();
    std::fs::write(data.join("development.unfinished"), "").unwrap();
    let lock = std::fs::File::create(data.join("development.lock")).unwrap();
    lock.try_lock().unwrap();
    let (place, plan) = (place(&data, free_port()), plan(built, 1, false));
    let error = DevChain::start(&place, &plan).await.unwrap_err().to_string();
    assert!(error.starts_with("another process runs the rollup in "), "{error}");
    assert!(data.join("store").exists(), "the other's store is gone");
    drop(lock);
    DevChain::start(&place, &plan).await.unwrap();
    assert!(!data.join("store").exists(), "what was left of the first try is still there");
}

/// Told to stop while the circuits are made, at a first start, it ends at once, and the folder that
/// nobody has named is gone.
#[test]
fn an_interrupted_first_start_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (temporary, project) = (folder.path().join("tmp"), folder.path().join("project"));
    std::fs::create_dir(&temporary).unwrap();
    // What is refused first is there.
    for tool in ["anvil", "forge"] {
        let bin = project.join(format!("node_modules/@foundry-rs/{tool}-test/bin"));
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join(tool), "").unwrap();
    }
    for name in ["src", "script", "tools", "foundry.toml"] {
        let from = contracts().join(name);
        std::os::unix::fs::symlink(from, project.join(name)).unwrap();
    }
    let made = || {
        let names = std::fs::read_dir(&temporary).unwrap().flatten().map(|e| e.file_name());
        names.filter(|name| name.to_string_lossy().starts_with("cairn-dev-")).count()
    };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (api, l1) = (free_port().to_string(), free_port().to_string());
        let child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["run", "--dev", "--port", &api, "--l1-port", &l1])
            .arg("--contracts")
            .arg(&project)
            .arg("--cache")
            .arg(folder.path().join("cache"))
            .env("TMPDIR", &temporary)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut service = Service::of(child, 0, 0);
        let started = Instant::now();
        while made() == 0 {
            assert!(started.elapsed() < Duration::from_secs(20), "no folder is made");
            std::thread::sleep(Duration::from_millis(10));
        }
        // Until circuits are made, on all cores.
        std::thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        service.signal(signal);
        assert_eq!(service.code(), Some(code));
        assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
        assert_eq!(made(), 0);
    }
}

fn children_of(id: u32) -> Vec<i32> {
    let path = format!("/proc/{id}/task");
    let tasks = std::fs::read_dir(path).unwrap().flatten();
    let children = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    let all = children.collect::<String>();
    all.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}
