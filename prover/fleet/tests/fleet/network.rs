//! The wire between a worker and the server is cut, or the server stands still. Nobody is told: no
//! connection is closed. Expected of each: time is lost, and nothing else.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use cairn_fleet::{coordinator::Coordinator, layout::LEASE, ledger::Settings};
use rustix::process::Signal;

use crate::{
    plan::{Hasher, TestPlan},
    wire::{Cut, Proxy, Wire},
    world::{World, assert_blameless, holds},
};

/// After so long without a beat a worker is gone.
const SILENCE: Duration = Duration::from_secs(4);

fn world() -> World {
    // The other end of a namespace is no local address.
    let mut world = World::listening("0.0.0.0");
    world.settings = Settings { silence: SILENCE, ..world.settings };
    world
}

/// A worker that holds something is cut off for longer than its lease lasts. Expected: another does
/// what it held, not before it was silent for long enough; and when the wire is mended, what it has
/// made meanwhile harms nobody, and it proves the next batch alone.
fn a_worker_is_cut_off(wire: fn(&World) -> Wire, cut: Cut) {
    let world = world();
    let wire = wire(&world);
    let coordinator = world.coordinator();
    let _worker = wire.work(&world, "w0", 1_500);
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 2)).unwrap());
        world.until(&coordinator, |fleet| holds(fleet, "w0"));
        wire.cut(cut);
        let started = Instant::now();
        let other = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        let took = started.elapsed();
        println!("{cut:?}: the proof is there {took:?} after the cut");
        // Who is heard may send what it holds.
        let least = if matches!(cut, Cut::ToWorker) { Duration::ZERO } else { SILENCE / 2 };
        assert!(took > least && took < SILENCE + Duration::from_secs(8), "{took:?}");
        other.stop().unwrap();
    });
    wire.mend();
    let mended = Instant::now();
    world.prove(&coordinator, &TestPlan::new(2, 2)).unwrap();
    println!("{cut:?}: the next proof is there {:?} after it was mended", mended.elapsed());
    let fleet = world.look(&coordinator);
    assert_blameless(&fleet.outcomes, 12);
    assert!(fleet.outcomes.late <= 1, "{:?}", fleet.outcomes);
}

#[test]
fn a_worker_is_cut_off_both_ways() {
    a_worker_is_cut_off(Wire::new, Cut::Both);
}

#[test]
fn a_worker_is_not_heard() {
    a_worker_is_cut_off(Wire::new, Cut::FromWorker);
}

#[test]
fn a_worker_does_not_hear() {
    a_worker_is_cut_off(Wire::new, Cut::ToWorker);
}

/// TCP knows no one-way wire: without acknowledgements nothing new is sent. Behind a proxy the
/// other way goes on as if nothing was.
#[test]
fn a_worker_is_not_heard_and_hears_all() {
    a_worker_is_cut_off(Wire::proxied, Cut::FromWorker);
}

#[test]
fn a_worker_is_heard_and_hears_nothing() {
    a_worker_is_cut_off(Wire::proxied, Cut::ToWorker);
}

/// Expected: a cut that is shorter than a lease lasts takes nothing from the worker: each
/// assignment is done once, by it, and none is late.
#[test]
fn a_short_cut_takes_no_lease() {
    let world = world();
    let wire = Wire::new(&world);
    let coordinator = world.coordinator();
    let _worker = wire.work(&world, "w0", 1_000);
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 2)).unwrap());
        world.until(&coordinator, |fleet| holds(fleet, "w0"));
        wire.cut(Cut::Both);
        std::thread::sleep(Duration::from_millis(1_500));
        wire.mend();
        proof.join().unwrap();
    });
    let outcomes = world.look(&coordinator).outcomes;
    assert_blameless(&outcomes, 6);
    assert_eq!((outcomes.late, outcomes.duplicate), (0, 0), "{outcomes:?}");
}

/// Expected: a coordinator that is cut off takes nothing from its workers, however long they could
/// not be heard: what they hold counts once it is back, and nothing counts twice.
#[test]
fn a_coordinator_that_is_cut_off_takes_no_lease() {
    // Each way beside the others: they wait most of the time.
    std::thread::scope(|scope| {
        for cut in [Cut::Both, Cut::FromWorker, Cut::ToWorker] {
            scope.spawn(move || a_coordinator_is_cut_off(cut));
        }
    });
}

fn a_coordinator_is_cut_off(cut: Cut) {
    let world = world();
    let proxy = Proxy::new(world.port());
    let mut config = world.operator(&world.names);
    let there = format!("127.0.0.1:{}", world.port());
    let url = config.target.url.replace(&there, &format!("127.0.0.1:{}", proxy.port));
    config.target.url = url;
    let coordinator = Coordinator::start(config).unwrap();
    let hasher = Arc::new(Hasher::after(500));
    let hand = world.work("w0", hasher.clone());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        world.until(&coordinator, |fleet| holds(fleet, "w0"));
        proxy.cut(cut);
        std::thread::sleep(SILENCE + Duration::from_secs(1));
        proxy.mend();
        let mended = Instant::now();
        proof.join().unwrap();
        println!("{cut:?}: the proof is there {:?} after it was mended", mended.elapsed());
    });
    // What was granted as the wire was cut may be granted once more.
    assert!((4..=5).contains(&hasher.count()), "{}", hasher.count());
    assert_blameless(&world.look(&coordinator).outcomes, 4);
    hand.stop().unwrap();
}

/// Expected: workers that hold something while the server stands still for longer than they may be
/// silent go on with it, and send it then. Nothing is lost and nothing counts twice: nobody is
/// silent who could not be heard.
#[test]
fn the_server_freezes_while_workers_are_at_work() {
    let world = world();
    let coordinator = world.coordinator();
    let hasher = Arc::new(Hasher { held: Some(false.into()), ..Hasher::default() });
    let hands = ["w0", "w1"].map(|name| world.work(name, hasher.clone()));
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        world.until(&coordinator, |fleet| holds(fleet, "w0") && holds(fleet, "w1"));
        world.server.signal(Signal::STOP);
        std::thread::sleep(Duration::from_secs(1));
        hasher.held.as_ref().unwrap().store(true, Ordering::SeqCst);
        std::thread::sleep(world.settings.silence);
        world.server.signal(Signal::CONT);
        let woken = Instant::now();
        proof.join().unwrap();
        println!("the proof is there {:?} after the server goes on", woken.elapsed());
        assert!(woken.elapsed() < Duration::from_secs(20), "{:?}", woken.elapsed());
    });
    // Their silence is as short here as what it takes to notice that nobody can be heard: one may be
    // given once more what it has.
    assert!((4..=5).contains(&hasher.count()), "{}", hasher.count());
    assert_blameless(&world.look(&coordinator).outcomes, 4);
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}

/// Expected: nothing is lost, and nothing but what was on its way is done twice. What a worker had
/// asked for and never got is given out again once nobody acknowledges it for as long as
/// `layout::LEASE`.
#[test]
#[ignore = "full tier: takes two minutes"]
fn the_server_freezes_in_the_middle_of_everything() {
    for seconds in [7, LEASE.as_secs() + 5] {
        let world = World::new();
        let coordinator = world.coordinator();
        let hasher = Arc::new(Hasher::after(100));
        let hands = ["w0", "w1"].map(|name| world.work(name, hasher.clone()));
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 12)).unwrap());
            while hasher.count() < 5 {
                std::thread::sleep(Duration::from_millis(10));
            }
            world.server.signal(Signal::STOP);
            std::thread::sleep(Duration::from_secs(seconds));
            world.server.signal(Signal::CONT);
            let woken = Instant::now();
            proof.join().unwrap();
            println!("frozen for {seconds} s, and {:?} later there is a proof", woken.elapsed());
            assert!(woken.elapsed() < LEASE + Duration::from_secs(20), "{:?}", woken.elapsed());
        });
        let done = hasher.count();
        assert!((26..=29).contains(&done), "{done}");
        assert_blameless(&world.look(&coordinator).outcomes, 26);
        hands.into_iter().for_each(|hand| hand.stop().unwrap());
    }
}
