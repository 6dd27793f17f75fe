//! Against a real server.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream;
use cairn_fleet::{
    bus::Target,
    server::{
        Server, free_port,
        rights::{Credential, Rollup, accounts},
    },
};
use rand::Rng;
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
        let rollup = Rollup {
            names: Names::default(),
            coordinators: vec![Credential::Password("operator".into(), "secret".into())],
            workers: Vec::new(),
        };
        let port = free_port().unwrap();
        let server = Server::start(folder.path(), port, &accounts(&[rollup])).unwrap();
        Self { server, runtime: Runtime::new().unwrap(), _folder: folder }
    }

    fn config(&self, mode: Mode) -> Config {
        let url = self.server.url_of("operator", "secret");
        Config {
            target: Target { url, ..Target::default() },
            names: Names::default(),
            replicas: 1,
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
        self.wait(async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(is_so(), "{what}");
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

fn new_store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    (folder, store)
}

#[test]
fn who_follows_has_the_same_rows() {
    let world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    (0..50).for_each(|number| leader.put(number).unwrap());
    let follower = world.begin(&right, Mode::Standby);
    world.until_same(&left, &right);
    // A commit of several messages, and a row that is removed.
    let mut write = left.write();
    let long: Vec<_> = (0..100_000).map(|n| cairn_types::Word::new([n as u8; 31])).collect();
    write.put(&left.withdrawals, &1, &long).unwrap();
    write.remove(&left.waiting_from, &());
    write.commit().unwrap();
    world.until_same(&left, &right);
    assert_eq!(right.withdrawals.get(&1).unwrap(), Some(long));
    let standing = follower.replication.standing().unwrap();
    let leads = leader.replication.standing().unwrap();
    assert_eq!((standing.position, standing.leads, leads.leads), (leads.position, false, true));
    let role = follower.replication.role().borrow().clone();
    assert_eq!(role, Role::Following { leader: "Lead".into(), behind: 0 });
    assert_eq!(right.replica.get(&()).unwrap(), Some(standing));
}

/// A stopped process that goes on after its lease: what it wants to write then is nowhere.
#[test]
fn who_was_overtaken_writes_nothing_more() {
    let world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    let follower = world.begin(&right, Mode::Standby);
    world.until_same(&left, &right);
    world.expire();
    world.wait(follower.replication.leads()).unwrap();
    let follower = follower.replicated();
    let before = rows(&left);
    let error = leader.put(2).unwrap_err().to_string();
    assert!(error.contains("another operator has taken over (Standby)"), "{error}");
    assert!(matches!(leader.put(3), Err(StoreError::Replication { .. })));
    assert_eq!(rows(&left), before);
    let lost = world.wait(leader.replication.lost());
    assert_eq!(lost, ReplicationError::Fenced { by: "Standby".into() });
    follower.put(4).unwrap();
    // It follows now, if it is asked to.
    drop(leader);
    drop(left);
    let left = open(_a.path()).unwrap();
    let _again = world.begin(&left, Mode::Standby);
    world.until_same(&left, &right);
}

#[test]
fn only_one_leads_and_the_next_waits_or_is_told() {
    let world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    // Between two signs of a living leader, none can be told from a dead one.
    let mut config = world.config(Mode::Lead);
    config.operator = "second".into();
    let second = Replication::start(config, right.clone(), Box::new(|| ())).unwrap();
    let signs = std::thread::spawn({
        let jetstream = world.jetstream();
        move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                jetstream.publish(KEY, "Lead".into()).await.unwrap().await.unwrap();
            });
        }
    });
    let error = world.wait(second.leads()).unwrap_err();
    assert_eq!(error, ReplicationError::Led { leader: "Lead".into() });
    signs.join().unwrap();
    leader.put(1).unwrap();
    // One that ends in order is followed at once.
    let follower = world.begin(&right, Mode::Standby);
    world.until_same(&left, &right);
    // Its last sign was overwritten above.
    world.wait(leader.replication.end());
    world.expire();
    world.wait(follower.replication.leads()).unwrap();
    assert!(leader.put(2).is_err());
}

/// Killed after a commit is in the stream and before it is on its disk.
#[test]
fn what_is_in_the_stream_alone_is_there_after_a_start() {
    let world = World::new();
    let (folder, store) = new_store();
    let leader = world.lead(&store, Mode::Lead);
    leader.put(1).unwrap();
    let (_other, elsewhere) = new_store();
    put(&elsewhere, 2).unwrap();
    let mut write = elsewhere.write();
    write.put(&elsewhere.waiting_from, &(), &2).unwrap();
    let commit = write.encoded().unwrap();
    leader.replication.append(commit).unwrap();
    assert_eq!(store.waiting_from.get(&()).unwrap(), Some(1));
    world.wait(leader.replication.end());
    drop((leader, store));
    let store = open(folder.path()).unwrap();
    let leader = world.lead(&store, Mode::Lead);
    assert_eq!(store.waiting_from.get(&()).unwrap(), Some(2));
    leader.put(3).unwrap();
}

#[test]
fn a_server_that_is_away_is_waited_for_and_a_lost_stream_begun_again() {
    let mut world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    (0..5).for_each(|number| leader.put(number).unwrap());
    // The signs of the one that leads were away with the server: it gets the time to show up.
    let config = Config { patience: LONG, ..world.config(Mode::Standby) };
    let follower = Replication::start(config, right.clone(), Box::new(|| ())).unwrap();
    world.until_same(&left, &right);
    for (round, wipe) in (1..).zip([false, true, true]) {
        world.server.restart(wipe).unwrap();
        let numbers = 10 * round..10 * (round + 1);
        numbers.for_each(|number| leader.put(number).unwrap());
        world.until_same(&left, &right);
    }
    let mut role = follower.role();
    world.wait(role.wait_for(|role| matches!(role, Role::Following { .. }))).unwrap();
    drop(follower);

    // A store that lacks something leads no more once the stream is lost.
    leader.put(50).unwrap();
    world.wait(leader.replication.end());
    drop((leader, left, right));
    world.server.restart(true).unwrap();
    let right = open(_b.path()).unwrap();
    let behind = world.begin(&right, Mode::Standby);
    world.until_gone(&behind);
    // Not as an operator of its own either, unless somebody says so.
    drop(behind);
    let told = world.begin(&right, Mode::Lead);
    let error = world.wait(told.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::Followed { .. }), "{error}");
    // Who led begins it again, from where the other is not.
    let left = open(_a.path()).unwrap();
    let leader = world.lead(&left, Mode::Lead);
    leader.put(51).unwrap();
    let behind = world.begin(&right, Mode::Standby);
    let error = world.wait(behind.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::OtherPast { .. }), "{error}");
}

/// One that led and stopped, or was killed, knows nothing of who led after it: its store says that it led.
#[test]
fn when_the_leader_is_lost_with_the_stream_somebody_must_say_who_leads() {
    let mut world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    let follower = world.begin(&right, Mode::Standby);
    world.until_same(&left, &right);
    world.wait(leader.replication.end());
    drop((leader, left));
    world.wait(follower.replication.leads()).unwrap();
    let follower = follower.replicated();
    follower.put(2).unwrap();
    world.wait(follower.replication.end());
    world.server.restart(true).unwrap();
    drop((follower, right));
    // Both have led; neither begins the stream of itself.
    let (left, right) = (open(_a.path()).unwrap(), open(_b.path()).unwrap());
    let (first, second) = (world.begin(&left, Mode::Standby), world.begin(&right, Mode::Standby));
    world.until_gone(&first);
    world.until_gone(&second);
    drop(second);
    let second = world.lead(&right, Mode::Lead);
    let error = world.wait(first.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::OtherPast { .. }), "{error}");
    second.put(3).unwrap();
    world.wait(second.replication.end());
    // Whoever is promoted leads with what it has.
    let promoted = world.lead(&left, Mode::Promote);
    promoted.put(4).unwrap();
    let error = second.put(5).unwrap_err();
    assert!(matches!(error, StoreError::Replication { .. }), "{error}");
}

/// A backup of the operator that led is not that operator.
#[test]
fn a_backup_begins_no_stream() {
    let mut world = World::new();
    let (_a, left) = new_store();
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    let place = tempfile::tempdir().unwrap();
    left.backup(&place.path().join("backup")).unwrap();
    leader.put(2).unwrap();
    world.wait(leader.replication.end());
    world.server.restart(true).unwrap();
    crate::store::restore(&place.path().join("backup"), &place.path().join("store")).unwrap();
    let copy = open(&place.path().join("store")).unwrap();
    let operator = world.begin(&copy, Mode::Lead);
    let error = world.wait(operator.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::Followed { .. }), "{error}");
}

/// The answer to a sign was lost: the sign is there, and its revision unknown.
#[test]
fn nobody_is_overtaken_by_its_own_sign() {
    let world = World::new();
    let jetstream = world.jetstream();
    let mut config = world.config(Mode::Lead);
    config.lease = Duration::from_secs(2);
    let mut lease = lease::Lease::new(jetstream.clone(), &config);
    let mut other = lease::Lease::new(jetstream, &config);
    world.wait(async {
        assert!(lease.take().await.unwrap());
        lease.forget();
        assert!(lease.renew().await.unwrap());
        assert!(!other.take().await.unwrap(), "of the same name, and another process");
        lease.release().await;
        assert!(other.take().await.unwrap());
        assert!(!lease.renew().await.unwrap());
        // A lease that was made with another age.
        config.lease = Duration::from_secs(30);
        let longer = lease::Lease::new(world.jetstream_of(&config).await, &config);
        longer.adjust().await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(longer.holder().await.unwrap().is_some(), "it lives for 30 s now");
    });
}

#[test]
fn a_store_with_a_past_of_its_own_is_followed_by_its_copies_only() {
    let world = World::new();
    let ((_a, left), (_b, fresh)) = (new_store(), new_store());
    // As after years without a standby.
    let mut write = left.write();
    write.put(&left.l1_view, &(), &Default::default()).unwrap();
    write.commit().unwrap();
    put(&left, 1).unwrap();
    let leader = world.lead(&left, Mode::Lead);
    leader.put(2).unwrap();
    let follower = world.begin(&fresh, Mode::Standby);
    let error = world.wait(follower.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::OtherPast { .. }), "{error}");
    let place = tempfile::tempdir().unwrap();
    left.backup(&place.path().join("backup")).unwrap();
    leader.put(3).unwrap();
    crate::store::restore(&place.path().join("backup"), &place.path().join("store")).unwrap();
    let copy = open(&place.path().join("store")).unwrap();
    let _follower = world.begin(&copy, Mode::Standby);
    world.until_same(&left, &copy);
}

/// Whose operators were given one prefix by mistake.
#[test]
fn another_rollups_stream_is_refused() {
    let world = World::new();
    let (_a, left) = new_store();
    let folder = tempfile::tempdir().unwrap();
    let right = Store::open(folder.path(), &Identity { chain_id: 7, ..identity() }).unwrap();
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    for mode in [Mode::Standby, Mode::Lead] {
        let other = world.begin(&right, mode);
        let error = world.wait(other.replication.leads()).unwrap_err();
        assert!(matches!(error, ReplicationError::OtherRollup { .. }), "{error}");
    }
    leader.put(2).unwrap();
}

/// The parts of a commit that its writer never finished.
#[test]
fn half_a_commit_is_void_once_another_leads() {
    let world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    let last = leader.replication.standing().unwrap().position;
    let parts = message::parts(last.term, &vec![7; 2 * message::PART]);
    let jetstream = world.jetstream();
    world.wait(async {
        let ack = jetstream.publish("cairn.commit", parts[0].clone().into()).await.unwrap();
        ack.await.unwrap();
    });
    let follower = world.begin(&right, Mode::Standby);
    world.until_same(&left, &right);
    // What somebody else has written is told from what this one has sent.
    assert!(leader.put(2).is_err());
    world.expire();
    world.wait(follower.replication.leads()).unwrap();
    let follower = follower.replicated();
    follower.put(3).unwrap();
    let (_c, third) = new_store();
    let _third = world.begin(&third, Mode::Standby);
    world.until_same(&right, &third);
}

/// Three operators, of whom any may believe to lead: what one of them has committed is in every later leader's store.
#[test]
fn whoever_leads_has_all_that_was_committed() {
    const ROUNDS: u64 = 40;
    let world = World::new();
    let mut random = rand::rng();
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let start = |index: usize, mode| {
        let folder: &TempDir = &folders[index];
        let store = open(folder.path()).unwrap();
        world.begin(&store, mode)
    };
    let mut operators = vec![start(0, Mode::Lead)];
    world.wait(operators[0].replication.leads()).unwrap();
    operators.extend([start(1, Mode::Standby), start(2, Mode::Standby)]);
    let mut is_replicated = [false; 3];
    let mut committed = Vec::new();
    let (mut refused, mut changes) = (0, 0);
    for round in 0..ROUNDS {
        for index in 0..3 {
            let role = operators[index].replication.role().borrow().clone();
            match role {
                Role::Leading { .. } => {
                    if !std::mem::replace(&mut is_replicated[index], true) {
                        let operator = &operators[index];
                        operator.store.replicate(Arc::new(operator.replication.clone())).unwrap();
                        changes += 1;
                        for number in &committed {
                            let hash = alloy::primitives::keccak256(u64::to_be_bytes(*number));
                            assert_eq!(operator.store.hashes.get(&hash).unwrap(), Some(*number));
                        }
                    }
                    for number in 0..random.random_range(1..8) {
                        let number = round * 100 + index as u64 * 10 + number;
                        match operators[index].put(number) {
                            Ok(()) => committed.push(number),
                            Err(_) => refused += 1,
                        }
                    }
                }
                // It starts again, as a process would.
                Role::Over(ReplicationError::Fenced { .. }) => {
                    let gone = operators.remove(index);
                    drop(gone);
                    operators.insert(index, start(index, Mode::Standby));
                    is_replicated[index] = false;
                }
                Role::Over(other) => panic!("{other}"),
                Role::Following { .. } | Role::Waiting(_) => {}
            }
        }
        if random.random_bool(0.5) {
            world.expire();
            std::thread::sleep(Duration::from_millis(random.random_range(0..600)));
        }
    }
    world.until("somebody leads", || {
        let leads = |operator: &Operator| {
            matches!(&*operator.replication.role().borrow(), Role::Leading { .. })
        };
        operators.iter().any(leads)
    });
    assert!(changes > 3 && committed.len() > 50, "{changes} changes, {committed:?}");
    println!("{changes} takeovers, {} commits, {refused} refused", committed.len());
    // The stream, read from its beginning, has them in their order.
    let (_d, fourth) = new_store();
    let _fourth = world.begin(&fourth, Mode::Standby);
    world.until("all are there", || {
        committed.iter().all(|number| {
            let hash = alloy::primitives::keccak256(u64::to_be_bytes(*number));
            fourth.hashes.get(&hash).unwrap() == Some(*number)
        })
    });
}
