//! A running watcher with a store of its own.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use alloy::providers::Provider;
use cairn_batcher::{
    l1::connection::connect_with,
    signals::{Shutdown, ShutdownSender, Signals, shutdown},
    store::{
        SCHEMA, Store,
        records::{Identity, L1Batch, L1Queued, L1View},
    },
    watcher::{self, Input, WatcherConfig, WatcherError},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;

use crate::world::World;

pub(crate) const CONFIRMATIONS: u64 = 3;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn config() -> WatcherConfig {
    let base = WatcherConfig::default();
    WatcherConfig { confirmations: CONFIRMATIONS, poll_ms: 10, max_range: 5, ..base }
}

pub(crate) fn input(world: &World, url: &str, config: WatcherConfig) -> Input {
    let (rollup, custody) = (world.rollup, world.custody());
    let provider = connect_with(url).unwrap();
    Input { provider, rollup, custody, first_block: world.deployed, config }
}

/// All metrics of this process, as Prometheus reads them.
pub(crate) fn metrics() -> String {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap()).render()
}

/// Polls until it is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) struct Watch {
    pub(crate) store: Store,
    stop: ShutdownSender,
    task: JoinHandle<Result<(), WatcherError>>,
    _folder: tempfile::TempDir,
}

impl Watch {
    pub(crate) async fn start(world: &World) -> Self {
        Self::start_at(world, &world.url, config()).await
    }

    pub(crate) async fn start_at(world: &World, url: &str, config: WatcherConfig) -> Self {
        metrics();
        let folder = tempfile::tempdir().unwrap();
        let (rollup, genesis) = (world.rollup, world.records[0].state);
        let identity = Identity { schema: SCHEMA, chain_id: 31_337, rollup, genesis };
        let store = Store::open(folder.path(), &identity).unwrap();
        let (stop, task) = spawn(input(world, url, config), &store);
        Self { store, stop, task, _folder: folder }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> Result<(), WatcherError> {
        self.stop.stop();
        (&mut self.task).await.unwrap()
    }

    /// Ends it wherever it is.
    pub(crate) async fn kill(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Starts it again on the same store.
    pub(crate) fn restart(&mut self, world: &World) {
        (self.stop, self.task) = spawn(input(world, &world.url, config()), &self.store);
    }

    /// Runs another on the same store to its end.
    pub(crate) async fn run(&self, input: Input) -> Result<(), WatcherError> {
        let (_stop, shutdown) = shutdown();
        watcher::run(input, self.store.clone(), Signals::default(), shutdown).await
    }

    pub(crate) fn view(&self) -> Option<L1View> {
        self.store.l1_view.get(&()).unwrap()
    }

    /// Waits for a view.
    pub(crate) async fn until(&self, is_so: impl Fn(&L1View) -> bool) -> L1View {
        until("the view", || self.view().is_some_and(|view| is_so(&view))).await;
        self.view().unwrap()
    }

    /// Waits until everything is read; L1 must stand still.
    pub(crate) async fn reach_head(&self, world: &World) -> L1View {
        let block = world.provider.get_block_by_number(Default::default()).await.unwrap().unwrap();
        let hash = block.header.hash;
        self.until(|view| view.block_hash == hash).await
    }
}

fn spawn(input: Input, store: &Store) -> (ShutdownSender, JoinHandle<Result<(), WatcherError>>) {
    let (stop, shutdown): (_, Shutdown) = shutdown();
    let run = watcher::run(input, store.clone(), Signals::default(), shutdown);
    (stop, tokio::spawn(run))
}

/// Queue, batches, view.
pub(crate) type Tables = (Vec<(u64, L1Queued)>, Vec<(u32, L1Batch)>, Option<L1View>);

/// What the watcher has written, but for blocks that were settled at different times.
pub(crate) fn tables(store: &Store) -> Tables {
    (
        store.l1_queue.iter().collect::<Result<_, _>>().unwrap(),
        store.l1_batches.iter().collect::<Result<_, _>>().unwrap(),
        store.l1_view.get(&()).unwrap(),
    )
}
