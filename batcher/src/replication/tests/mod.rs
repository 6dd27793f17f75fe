//! Against a real server.

mod leading;
mod losses;

use std::{sync::Arc, time::Duration};

use async_nats::jetstream;
use cairn_fleet::{
    bus::Target,
    server::{
        Server, cluster, free_port,
        rights::{Credential, Rollup, accounts},
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::*;
use crate::store::{
    StoreError,
    records::{Identity, Sequence},
    tests::{Rows, contents, identity, open},
};

/// Longer than any test: no lease expires of itself.
const LONG: Duration = Duration::from_secs(60);
const KEY: &str = "$KV.cairn_LEASE.operator";
const PATIENCE: Duration = Duration::from_secs(20);

struct World {
    server: Server,
    /// The others of a cluster, each of which keeps a copy of all.
    peers: Vec<Server>,
    runtime: Runtime,
    _folder: TempDir,
}

/// A store, and its operator's part in the stream.
struct Operator {
    store: Store,
    replication: Replication,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().unwrap();
        let server = Server::start(folder.path(), port, &rollup()).unwrap();
        Self { server, peers: Vec::new(), runtime: Runtime::new().unwrap(), _folder: folder }
    }

    fn cluster() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [server, second, third] = cluster::start(folder.path(), &rollup()).unwrap();
        let peers = vec![second, third];
        Self { server, peers, runtime: Runtime::new().unwrap(), _folder: folder }
    }

    /// The server of this name in the cluster.
    fn server_of(&mut self, name: &str) -> &mut Server {
        let servers = std::iter::once(&mut self.server).chain(&mut self.peers);
        let named = servers.enumerate().find(|(place, _)| cluster::name(*place) == name);
        named.unwrap().1
    }

    /// The server that leads the stream of commits, once the others have all of it.
    fn leader_of_the_stream(&self) -> String {
        let jetstream = self.jetstream();
        self.wait(async {
            loop {
                let stream = jetstream.get_stream("cairn_COMMIT").await.ok();
                let cluster = stream.and_then(|stream| stream.cached_info().cluster.clone());
                if let Some(cluster) = cluster
                    && let Some(leader) = cluster.leader
                    && cluster.replicas.iter().filter(|replica| replica.current).count() == 2
                {
                    return leader;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        })
    }

    fn config(&self, mode: Mode) -> Config {
        let url = self.server.url_of("operator", "secret");
        Config {
            target: Target { url, ..Target::default() },
            names: Names::default(),
            replicas: 1 + self.peers.len(),
            max_bytes: 1 << 30,
            lease: LONG,
            patience: Duration::ZERO,
            operator: format!("{mode:?}"),
            mode,
        }
    }

    fn begin(&self, store: &Store, mode: Mode) -> Operator {
        let config = self.config(mode);
        let replication = Replication::start(config, store.clone(), Box::new(|| ())).unwrap();
        Operator { store: store.clone(), replication }
    }

    fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        let in_time = async { tokio::time::timeout(PATIENCE, what).await };
        self.runtime.block_on(in_time).expect("in time")
    }

    /// An operator that leads with this store.
    fn lead(&self, store: &Store, mode: Mode) -> Operator {
        let operator = self.begin(store, mode);
        self.wait(operator.replication.leads()).unwrap();
        operator.replicated()
    }

    fn jetstream(&self) -> jetstream::Context {
        let config = self.config(Mode::Lead);
        self.wait(self.jetstream_of(&config))
    }

    async fn jetstream_of(&self, config: &Config) -> jetstream::Context {
        jetstream::new(config.target.connect(None).await.unwrap().client)
    }

    /// As if its holder were silent for as long as a lease lasts.
    fn expire(&self) {
        let jetstream = self.jetstream();
        self.wait(async {
            jetstream.publish(KEY, "".into()).await.unwrap().await.unwrap();
        });
    }

    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let in_time = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time =
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, in_time).await });
        assert!(in_time.is_ok(), "not so in time: {what}");
    }

    /// Waits until it says that what it followed is gone.
    fn until_gone(&self, operator: &Operator) {
        let mut role = operator.replication.role();
        let gone = |role: &Role| matches!(role, Role::Waiting(why) if why.contains("is gone"));
        self.wait(role.wait_for(gone)).unwrap();
    }

    /// Waits until the other store has all that this one has.
    fn until_same(&self, left: &Store, right: &Store) {
        self.until("the stores have the same rows", || rows(left) == rows(right));
    }
}

fn rollup() -> String {
    accounts(&[Rollup {
        names: Names::default(),
        coordinators: vec![Credential::Password("operator".into(), "secret".into())],
        workers: Vec::new(),
    }])
}

impl Operator {
    fn replicated(self) -> Self {
        self.store.replicate(Arc::new(self.replication.clone())).unwrap();
        self
    }

    fn put(&self, number: Sequence) -> Result<(), StoreError> {
        put(&self.store, number)
    }
}

fn put(store: &Store, number: Sequence) -> Result<(), StoreError> {
    let mut write = store.write();
    write.put(&store.hashes, &alloy::primitives::keccak256(number.to_be_bytes()), &number)?;
    write.put(&store.waiting_from, &(), &number)?;
    write.commit()
}

/// Everything but where the store stands.
fn rows(store: &Store) -> Rows {
    let mut rows = contents(store).unwrap();
    rows.retain(|(table, _), _| *table != "replica");
    rows
}

/// Opens a store again that an operator had, whose thread may need a moment to end.
fn open_again(world: &World, folder: &TempDir) -> Store {
    let mut store = None;
    world.until("the store is free", || {
        store = open(folder.path()).ok();
        store.is_some()
    });
    store.unwrap()
}

fn new_store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    (folder, store)
}
