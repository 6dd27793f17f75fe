//! Two operators of one rollup, of which one leads and the other stands by.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use cairn_batcher::{
    api::{hex::Hash, methods, wire},
    fleet::config::FleetConfig,
};
use cairn_fleet::{
    names::Names,
    server::{
        Server,
        rights::{Credential, Rollup, accounts},
    },
};
use rand::{Rng, seq::IndexedRandom};
use rustix::process::Signal;

use crate::{
    ground::Ground,
    operator::{Operator, Setting},
    runner::Counts,
    stand_in::free_port,
    users::Users,
    wire::Wire,
};

/// Takeovers in the full tier.
const FULL: u64 = 100;
/// The lease of these operators: short, as it is what most of a takeover takes.
const LEASE_S: u64 = 2;
/// How long it may take until users are served again.
const TAKEOVER: Duration = Duration::from_secs(15);
/// How long one that was overtaken may take to notice.
const NOTICE: Duration = Duration::from_secs(20);

/// What becomes of the operator that leads.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Killed,
    /// Stopped, and goes on when the other leads.
    Frozen,
    /// Cut off from the server, and back when the other leads.
    CutOff,
    /// Asked to stop.
    Stopped,
}

const FATES: [Fate; 4] = [Fate::Killed, Fate::Frozen, Fate::CutOff, Fate::Stopped];

struct Pair {
    ground: Ground,
    /// The one that stands by.
    other: (Setting, Operator, Arc<Wire>),
    /// Between the one that leads and the server.
    wire: Arc<Wire>,
    door: Wire,
    receipts: Receipts,
    takeovers: Vec<Duration>,
    _server: Server,
    _folder: tempfile::TempDir,
}

impl Pair {
    async fn new(lease_s: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rollup = Rollup {
            names: Names::default(),
            coordinators: vec![Credential::Password("operator".into(), "secret".into())],
            workers: Vec::new(),
        };
        let port = free_port();
        let server = Server::start(folder.path(), port, &accounts(&[rollup])).unwrap();
        let to_server = async || Arc::new(Wire::to(Some(([127, 0, 0, 1], port).into())).await);
        let (wire, other_wire) = (to_server().await, to_server().await);
        let fleet = |wire: &Wire, operator: &str| FleetConfig {
            url: format!("nats://operator:secret@{}", wire.address),
            operator: operator.to_owned(),
            lease_s,
            stream_gib: 1,
            ..FleetConfig::default()
        };
        let addresses = [free_port(), free_port()].map(|port| ([127, 0, 0, 1], port).into());
        let door = Wire::door(addresses.to_vec()).await;
        let ground = Ground::with(|setting| {
            setting.config.fleet = fleet(&wire, "first");
            setting.config.api.listen = addresses[0];
            setting.door = Some(door.address);
        })
        .await;
        let mut setting = ground.setting.clone();
        setting.folder = folder.path().join("second");
        std::fs::create_dir(&setting.folder).unwrap();
        setting.config.data_dir = setting.folder.join("data");
        setting.config.fleet = fleet(&other_wire, "second");
        setting.config.api.listen = addresses[1];
        let other = (setting.clone(), Operator::stand_by(&setting), other_wire);
        let receipts = Receipts::collect(ground.users.clone());
        let takeovers = Vec::new();
        Self { ground, other, wire, door, receipts, takeovers, _server: server, _folder: folder }
    }

    /// Waits until the standby has what the other has, as it says itself: it serves reads.
    async fn until_followed(&mut self) {
        let head = self.ground.head().await.block;
        let url = format!("http://{}", self.other.0.config.api.listen);
        let started = Instant::now();
        let client = cairn_batcher::client::Client::connect(&url).await.unwrap();
        while !client.head().await.is_ok_and(|other| other.block >= head) {
            let log = self.other.0.log_tail();
            assert!(started.elapsed() < NOTICE, "the standby does not follow\n{log}");
            assert!(!self.other.1.has_ended(), "the standby has ended\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The one that leads meets its fate; the other takes over, and stands by when it starts again.
    async fn take_over(&mut self, fate: Fate) {
        let expected = self.other.0.config.api.listen;
        let started = Instant::now();
        match fate {
            Fate::Killed => self.ground.kill(),
            Fate::Frozen => self.ground.operator.signal(Signal::STOP),
            Fate::CutOff => self.wire.cut(true),
            Fate::Stopped => self.ground.operator.signal(Signal::TERM),
        }
        while self.door.target() != Some(expected) {
            let (took, log) = (started.elapsed(), self.other.0.log_tail());
            assert!(took < TAKEOVER, "{fate:?}: nobody has taken over\n{log}");
            assert!(!self.other.1.has_ended(), "{fate:?}: the standby has ended\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.takeovers.push(started.elapsed());
        match fate {
            Fate::Frozen => self.ground.operator.signal(Signal::CONT),
            Fate::CutOff => self.wire.cut(false),
            Fate::Killed | Fate::Stopped => {}
        }
        // Whoever was overtaken ends by itself.
        if !matches!(fate, Fate::Killed) {
            let code = self.ground.operator.code();
            let expected = if matches!(fate, Fate::Stopped) { 0 } else { 1 };
            assert_eq!(code, Some(expected), "{fate:?}\n{}", self.ground.setting.log_tail());
        }
        std::mem::swap(&mut self.ground.setting, &mut self.other.0);
        std::mem::swap(&mut self.ground.operator, &mut self.other.1);
        std::mem::swap(&mut self.wire, &mut self.other.2);
        self.other.1 = Operator::stand_by(&self.other.0);
    }

    async fn end(self) -> Counts {
        let Self { ground, receipts, mut takeovers, .. } = self;
        let receipts = receipts.hold(&ground.users).await;
        let mut counts = ground.end().await;
        takeovers.sort();
        let ms = |duration: Option<&Duration>| duration.map_or(0, |d| d.as_millis() as u64);
        counts.insert("takeovers", takeovers.len() as u64);
        counts.insert("ms at the most", ms(takeovers.last()));
        counts.insert("ms in the middle", ms(takeovers.get(takeovers.len() / 2)));
        counts.insert("receipts held", receipts);
        counts
    }
}

/// Receipts as users got them, of whoever led then.
struct Receipts {
    seen: Arc<Mutex<BTreeMap<[u8; 32], wire::SignedReceipt>>>,
    work: tokio::task::JoinHandle<()>,
}

impl Receipts {
    fn collect(users: Arc<Users>) -> Self {
        let seen = Arc::<Mutex<BTreeMap<_, _>>>::default();
        let noted = seen.clone();
        let work = tokio::spawn(async move {
            loop {
                let hash = users.latest().choose(&mut rand::rng()).copied();
                if let Some(hash) = hash
                    && let Some(receipt) = receipt(&users, hash).await
                {
                    noted.lock().unwrap().entry(hash.0).or_insert(receipt);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        Self { seen, work }
    }

    /// Holds them against what the operator that leads in the end says; how many.
    async fn hold(self, users: &Users) -> u64 {
        self.work.abort();
        let seen = self.seen.lock().unwrap().clone();
        assert!(!seen.is_empty(), "nobody got a receipt: nothing was tested");
        for first in seen.values() {
            let now = receipt(users, first.transaction).await;
            assert_eq!(now.as_ref(), Some(first), "a receipt is contradicted");
        }
        seen.len() as u64
    }
}

async fn receipt(users: &Users, hash: Hash) -> Option<wire::SignedReceipt> {
    users.client().call::<methods::Receipt>(&wire::ByHash { hash }).await.ok()
}

/// Each fate once.
pub(crate) async fn takes_over() -> Counts {
    let mut pair = Pair::new(LEASE_S).await;
    let load = pair.ground.users.load();
    for fate in FATES {
        pair.until_followed().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        pair.take_over(fate).await;
    }
    load.end().await;
    pair.end().await
}

/// Any fate at any time, with the lease that operators have.
pub(crate) async fn takes_over_often() -> Counts {
    let mut pair = Pair::new(FleetConfig::default().lease_s).await;
    let load = pair.ground.users.load();
    for _ in 0..FULL {
        pair.until_followed().await;
        let life = rand::rng().random_range(20..2_000);
        tokio::time::sleep(Duration::from_millis(life)).await;
        let fate = *FATES.choose(&mut rand::rng()).unwrap();
        pair.take_over(fate).await;
    }
    load.end().await;
    pair.end().await
}
