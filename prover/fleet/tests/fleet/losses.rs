//! Server, coordinator or worker are gone, for a while or for good. Expected of each: time is lost, and nothing else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cairn_fleet::worker::Event;
use cairn_prover::Cancel;
use rustix::process::Signal;

use crate::{
    plan::{Hasher, TestPlan},
    process::Process,
    rights::{connect, count},
    world::{World, holds, prove},
};

/// Parts of work on the server, a moment later.
async fn granted(world: &World) -> u64 {
    let coordinator = connect(world, &world.names, "coordinator").await;
    let started = Instant::now();
    loop {
        let parts = count(&coordinator, &world.names, "PAYLOAD").await;
        if parts == 0 || started.elapsed() > Duration::from_secs(3) {
            return parts;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Expected: what it held is offered again once it was silent for 6 s.
#[test]
fn a_worker_killed_at_work_loses_its_lease() {
    let world = World::new();
    let coordinator = world.coordinator();
    let victim = Process::start(&world, "w0", 60_000);
    std::thread::scope(|scope| {
        let (world, coordinator) = (&world, &coordinator);
        let plan = TestPlan::new(1, 2).with_witness(200_000);
        let proof = scope.spawn(move || world.prove(coordinator, &plan).unwrap());
        world.until(coordinator, |fleet| holds(fleet, "w0"));
        drop(victim);
        let killed = Instant::now();
        let other = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        let took = killed.elapsed();
        assert!(took > Duration::from_secs(3) && took < Duration::from_secs(20), "{took:?}");
        other.stop().unwrap();
    });
    let fleet = world.look(&coordinator);
    assert_eq!(fleet.outcomes.accepted, 6);
    assert_eq!(world.runtime.block_on(granted(&world)), 0, "the victim's work is gone, too");
}

/// Expected: another does what it held; its own result, when it wakes, is late and harms nobody.
#[test]
fn a_worker_frozen_and_revived_is_late() {
    let world = World::new();
    let coordinator = world.coordinator();
    let frozen = Process::start(&world, "w0", 1_500);
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        world.until(&coordinator, |fleet| holds(fleet, "w0"));
        frozen.signal(Signal::STOP);
        let other = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        frozen.signal(Signal::CONT);
        other.stop().unwrap();
    });
    // It goes on with what comes next.
    world.prove(&coordinator, &TestPlan::new(2, 1)).unwrap();
    let fleet = world.look(&coordinator);
    let outcomes = fleet.outcomes;
    assert_eq!((outcomes.refused, outcomes.unheld, outcomes.failed), (0, 0, 0), "{outcomes:?}");
}

/// Expected: all go on, those who hold something with that; nothing is done twice but for what was on its way.
#[test]
fn a_server_that_is_killed_and_comes_back_costs_time() {
    for wipe in [false, true] {
        let mut world = World::new();
        let coordinator = world.coordinator();
        let hasher = Arc::new(Hasher::after(150));
        let hand = world.work("w0", hasher.clone());
        std::thread::scope(|scope| {
            let (coordinator, server) = (&coordinator, &mut world.server);
            let proof = scope.spawn(move || {
                let (plan, cancel) = (TestPlan::new(1, 12), Cancel::default());
                prove(coordinator, &plan, &cancel).unwrap()
            });
            while hasher.count() < 5 {
                std::thread::sleep(Duration::from_millis(10));
            }
            let killed = Instant::now();
            server.restart(wipe).unwrap();
            proof.join().unwrap();
            println!("wiped: {wipe}, {:?} after the kill", killed.elapsed());
            assert!(killed.elapsed() < Duration::from_secs(50), "{:?}", killed.elapsed());
        });
        let done = hasher.count();
        assert!((26..=29).contains(&done), "{done}");
        hand.stop().unwrap();
    }
}

/// Expected: a coordinator that is started again goes on from the results that hold and from what workers hold.
#[test]
fn a_coordinator_that_is_started_again_goes_on() {
    let world = World::new();
    let hasher = Arc::new(Hasher::after(200));
    let hand = world.work("w0", hasher.clone());
    let plan = TestPlan::new(1, 8);
    let first = world.coordinator();
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&first, &plan, &cancel));
        while hasher.count() < 7 {
            std::thread::sleep(Duration::from_millis(10));
        }
        cancel.cancel();
        assert!(proof.join().unwrap().is_err());
    });
    drop(first);
    let second = world.coordinator();
    world.prove(&second, &plan).unwrap();
    let done = hasher.count();
    assert!((18..=19).contains(&done), "{done}");
    assert!(world.look(&second).outcomes.kept >= 6);
    hand.stop().unwrap();
}

/// Expected: a worker that is told to stop ends, though what it holds can be given back to nobody.
#[test]
fn a_worker_stops_without_its_server() {
    let mut world = World::new();
    let coordinator = world.coordinator();
    let held = Arc::new(Hasher { held: Some(false.into()), ..Hasher::default() });
    let hand = world.work("w0", held.clone());
    let cancel = Cancel::default();
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&coordinator, &TestPlan::new(1, 1), &cancel).is_err());
        hand.until(|event| matches!(event, Event::Began(..)));
        world.server.signal(Signal::STOP);
        let asked = Instant::now();
        hand.stop().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(40), "{:?}", asked.elapsed());
        held.held.as_ref().unwrap().store(true, std::sync::atomic::Ordering::SeqCst);
        cancel.cancel();
        assert!(proof.join().unwrap());
    });
    world.server.signal(Signal::CONT);
    world.server.restart(false).unwrap();
}

/// Expected: what it has proven is sent once the server is back, though it was told to stop
/// before.
#[test]
fn a_worker_that_stops_sends_what_it_has_when_the_server_is_back() {
    let world = World::new();
    let coordinator = world.coordinator();
    let hasher = Arc::new(Hasher { held: Some(false.into()), ..Hasher::default() });
    let mut config = world.config(&world.names, "w0");
    config.grace = Duration::from_secs(40);
    let hand = world.work_with(config, hasher.clone());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        hand.until(|event| matches!(event, Event::Began(..)));
        world.server.signal(Signal::STOP);
        hasher.held.as_ref().unwrap().store(true, std::sync::atomic::Ordering::SeqCst);
        hand.until(|event| matches!(event, Event::Waits(why) if why.contains("the result of")));
        hand.stop.send_replace(true);
        // Longer than a try takes.
        std::thread::sleep(Duration::from_secs(9));
        world.server.signal(Signal::CONT);
        hand.until(|event| matches!(event, Event::Done(..)));
        hand.ended().unwrap();
        let other = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        other.stop().unwrap();
    });
    let accepted = world.look(&coordinator).outcomes.accepted;
    assert_eq!((accepted, hasher.count()), (4, 1));
}

/// Expected: a worker waits for a server that is not there yet, says so once, and then joins.
#[test]
fn a_worker_waits_for_its_server() {
    let mut world = World::new();
    world.server.signal(Signal::STOP);
    let url = world.target(&world.names, "w0").url;
    let mut config = world.config(&world.names, "w0");
    config.target.url = url.replace(&url[url.rfind(':').unwrap()..], ":9");
    let nobody = world.work_with(config, Arc::new(Hasher::default()));
    nobody.until(|event| matches!(event, Event::Waits(why) if why.contains("nats-server running")));
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(nobody.events().len(), 1, "{:?}", nobody.events());
    nobody.stop().unwrap();
    world.server.signal(Signal::CONT);
    world.server.restart(false).unwrap();
    let coordinator = world.coordinator();
    let hand = world.work("w0", Arc::new(Hasher::default()));
    world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap();
    hand.stop().unwrap();
}
