//! The stream is lost, or is another's.

use super::*;

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
    drop((follower, role));

    // A store that lacks something leads no more once the stream is lost.
    leader.put(50).unwrap();
    world.wait(leader.replication.end());
    drop((leader, left, right));
    world.server.restart(true).unwrap();
    let right = open_again(&world, &_b);
    let behind = world.begin(&right, Mode::Standby);
    world.until_gone(&behind);
    // Not as an operator of its own either, unless somebody says so.
    drop(behind);
    let told = world.begin(&right, Mode::Lead);
    let error = world.wait(told.replication.leads()).unwrap_err();
    assert!(matches!(error, ReplicationError::Followed { .. }), "{error}");
    // Who led begins it again, from where the other is not.
    let left = open_again(&world, &_a);
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
    let (left, right) = (open_again(&world, &_a), open_again(&world, &_b));
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

/// Expected: each time the server that leads the stream of commits is killed while an operator
/// commits. What is committed meanwhile waits for the next one, is there once, and a standby has all
/// of it; the server comes back with its disk.
#[test]
#[ignore = "full tier: three servers, a minute"]
fn the_leader_of_the_stream_is_killed_and_nothing_is_lost() {
    let mut world = World::cluster();
    let ((_a, left), (_b, right)) = (new_store(), new_store());
    let leader = world.lead(&left, Mode::Lead);
    let config = Config { patience: LONG, ..world.config(Mode::Standby) };
    let follower = Replication::start(config, right.clone(), Box::new(|| ())).unwrap();
    let mut commits = 0..;
    for round in 0..4 {
        commits.by_ref().take(20).for_each(|number| leader.put(number).unwrap());
        let name = world.leader_of_the_stream();
        world.server_of(&name).signal(rustix::process::Signal::KILL);
        let killed = std::time::Instant::now();
        commits.by_ref().take(1).for_each(|number| leader.put(number).unwrap());
        println!("round {round}: {name} led; the next commit took {:.1?}", killed.elapsed());
        commits.by_ref().take(20).for_each(|number| leader.put(number).unwrap());
        world.until_same(&left, &right);
        world.server_of(&name).restart(false).unwrap();
    }
    world.until_same(&left, &right);
    let mut role = follower.role();
    world.wait(role.wait_for(|role| matches!(role, Role::Following { .. }))).unwrap();
}
