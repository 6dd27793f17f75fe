//! Who leads, and what becomes of who leads no more.

use rand::Rng;

use super::*;

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
    let standing = right.replica.get(&()).unwrap().unwrap();
    let leads = left.replica.get(&()).unwrap().unwrap();
    assert_eq!((standing.position, standing.leads, leads.leads), (leads.position, false, true));
    let role = follower.replication.role().borrow().clone();
    assert_eq!(role, Role::Following { leader: "Lead".into(), behind: 0 });
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
    let left = open_again(&world, &_a);
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
    let jetstream = world.jetstream();
    let signs = async {
        loop {
            jetstream.publish(KEY, "Lead".into()).await.unwrap().await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let error = world.wait(async {
        tokio::select! {
            led = second.leads() => led.unwrap_err(),
            () = signs => unreachable!("they go on"),
        }
    });
    assert_eq!(error, ReplicationError::Led { leader: "Lead".into() });
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
    let store = open_again(&world, &folder);
    let leader = world.lead(&store, Mode::Lead);
    assert_eq!(store.waiting_from.get(&()).unwrap(), Some(2));
    leader.put(3).unwrap();
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

/// The parts of a commit that its writer never finished.
#[test]
fn half_a_commit_is_void_once_another_leads() {
    let world = World::new();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    leader.put(1).unwrap();
    let last = left.replica.get(&()).unwrap().unwrap().position;
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

fn has(store: &Store, number: Sequence) -> bool {
    let hash = alloy::primitives::keccak256(number.to_be_bytes());
    store.hashes.get(&hash).unwrap() == Some(number)
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
        let store = open_again(&world, folder);
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
                    }
                    let before = committed.clone();
                    for number in 0..random.random_range(1..8) {
                        let number = round * 100 + index as u64 * 10 + number;
                        match operators[index].put(number) {
                            Ok(()) => {
                                // So it leads, and has had all of it: whoever believes to lead may not.
                                let store = &operators[index].store;
                                assert!(before.iter().all(|number| has(store, *number)));
                                committed.push(number);
                            }
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
    world.until("all are there", || committed.iter().all(|number| has(&fourth, *number)));
}
