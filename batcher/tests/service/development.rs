//! A development rollup as a process: started, stopped by signals, killed, started again.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use alloy::providers::{Provider, ProviderBuilder};
use cairn_batcher::node::{
    Checked, Node,
    dev::{self, DevChain, deployment::Deployment},
    stop::{StopRequests, until_stopped},
};
use rustix::process::{Pid, Signal, kill_process};

use crate::stand_in::{StandIn, built, free_port, place, plan};

/// Folder, built contracts and ports of the child.
const VARIABLE: &str = "CAIRN_TEST_SERVICE";
/// What the child prints when it serves.
const READY: &str = "serving";

/// The service, when this program is started again by a test below; nothing otherwise.
#[tokio::test]
async fn child_process() {
    let Ok(place_of) = std::env::var(VARIABLE) else { return };
    let parts: Vec<_> = place_of.split('|').collect();
    let [folder, contracts, l1, api] = parts[..] else { panic!("{place_of}") };
    let mut requests = StopRequests::listen().unwrap();
    let folder = Path::new(folder);
    let plan = plan(Path::new(contracts), 2, false);
    let chain = DevChain::start(&place(folder, l1.parse().unwrap()), &plan).await.unwrap();
    let config = chain.config(folder, ([127, 0, 0, 1], api.parse().unwrap()).into());
    let checked = Checked::check(config, dev::keys()).await.unwrap();
    let mut node = Node::start(checked, std::sync::Arc::new(StandIn), None).await.unwrap();
    node.supervise("local L1", |shutdown| chain.run(shutdown));
    println!("{READY}");
    std::process::exit(until_stopped(node, &mut requests).await.into());
}

struct Service {
    child: Child,
    l1: String,
}

impl Service {
    fn start(folder: &Path, built: &Path) -> Self {
        let (l1, api) = (free_port(), free_port());
        let place = format!("{}|{}|{l1}|{api}", folder.display(), built.display());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "development::child_process", "--nocapture"])
            .env(VARIABLE, place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let ready = output.lines().map_while(Result::ok).any(|line| line.contains(READY));
        assert!(ready, "it ended before it served: {:?}", child.wait());
        Self { child, l1: format!("http://127.0.0.1:{l1}") }
    }

    fn signal(&self, signal: Signal) {
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

fn children_of(id: u32) -> Vec<i32> {
    let path = format!("/proc/{id}/task");
    let tasks = std::fs::read_dir(path).unwrap().flatten();
    let children = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    let all = children.collect::<String>();
    all.split_whitespace().filter_map(|id| id.parse().ok()).collect()
}
