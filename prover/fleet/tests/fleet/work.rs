//! What a fleet does when nothing goes wrong, or nobody is to blame.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use cairn_fleet::{coordinator::Outcomes, error::FleetError, queue::Queue, worker::Event};
use cairn_prover::Cancel;

use crate::{
    plan::{Hasher, TestPlan, Way},
    world::{World, prove, without},
};

/// Expected: all assignments are done once, by both workers, and the last one's result is the proof.
#[test]
fn two_workers_share_a_proof() {
    let world = World::new();
    let coordinator = world.coordinator();
    let hashers = [(); 2].map(|()| Arc::new(Hasher::after(20)));
    let hands: Vec<_> = ["w0", "w1"]
        .into_iter()
        .zip(&hashers)
        .map(|(name, hasher)| world.work(name, hasher.clone()))
        .collect();
    world.until(&coordinator, |fleet| fleet.workers.len() == 2);
    let plan = TestPlan::new(1, 12).with_witness(2_500_000);
    let proof = world.prove(&coordinator, &plan).unwrap();
    assert!(proof.starts_with(b"1-groth16-0"));
    // 12 leaves, 11 nodes, 1 stream leaf, the seal, the SNARK.
    let counts = hashers.each_ref().map(|hasher| hasher.count());
    assert_eq!(counts.iter().sum::<u64>(), 26);
    assert!(counts.iter().all(|count| *count >= 8), "{counts:?}");
    let fleet = world.until(&coordinator, |fleet| fleet.outcomes.accepted == 26);
    assert_eq!(fleet.outcomes, Outcomes { accepted: 26, ..Outcomes::default() });
    assert!(fleet.assignments.is_empty());
    for hand in hands {
        hand.stop().unwrap();
    }
}

/// Expected: a second proof of the same batches takes no work, also of a coordinator that was started again.
#[test]
fn what_was_proven_once_is_not_proven_again() {
    let world = World::new();
    let hasher = Arc::new(Hasher::default());
    let hand = world.work("w0", hasher.clone());
    let plan = TestPlan::new(1, 3);
    let first = world.prove(&world.coordinator(), &plan).unwrap();
    let count = hasher.count();
    let again = world.coordinator();
    assert_eq!(world.prove(&again, &plan).unwrap(), first);
    assert_eq!(hasher.count(), count);
    world.until(&again, |fleet| fleet.outcomes.kept == count);
    hand.stop().unwrap();
}

/// Expected: two who want the same have it from one proof, and the second has it also where the
/// first gives up.
#[test]
fn two_proofs_of_the_same_are_one_until_the_last_gives_up() {
    let world = World::new();
    let coordinator = world.coordinator();
    let plan = TestPlan::new(1, 3);
    let cancels = [(); 2].map(|()| Cancel::default());
    let hasher = Arc::new(Hasher::default());
    std::thread::scope(|scope| {
        let (coordinator, plan) = (&coordinator, &plan);
        let start = |cancel| scope.spawn(move || prove(coordinator, plan, cancel));
        let [first, second] = cancels.each_ref().map(start);
        world.until(coordinator, |fleet| fleet.assignments.len() == 4);
        std::thread::sleep(Duration::from_millis(100));
        cancels[0].cancel();
        assert!(first.join().unwrap().is_err());
        assert_eq!(world.look(coordinator).assignments.len(), 4);
        let hand = world.work("w0", hasher.clone());
        assert!(second.join().unwrap().unwrap().starts_with(b"1-groth16-0"));
        hand.stop().unwrap();
    });
    assert_eq!(hasher.count(), 8);
    // And the last one leaves nothing.
    let (other, cancel) = (TestPlan::new(2, 3), Cancel::default());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&coordinator, &other, &cancel).is_err());
        world.until(&coordinator, |fleet| fleet.assignments.len() == 4);
        cancel.cancel();
        assert!(proof.join().unwrap());
    });
    world.until(&coordinator, |fleet| fleet.assignments.is_empty());
}

/// Expected: work that no worker's queues have waits, and goes as soon as there is one.
#[test]
fn what_does_not_fit_a_worker_never_reaches_it() {
    let world = World::new();
    let coordinator = world.coordinator();
    let mut config = world.config(&world.names, "w0");
    config.queues = without(&[Queue::Wrap]);
    let small = Arc::new(Hasher::default());
    let hand = world.work_with(config, small.clone());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 2)).unwrap());
        let is_left = |fleet: &cairn_fleet::coordinator::Fleet| {
            fleet.assignments.iter().any(|view| view.queue == Queue::Wrap && view.offers == 1)
        };
        world.until(&coordinator, is_left);
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!((small.count(), proof.is_finished()), (5, false));
        let large = Arc::new(Hasher::default());
        let other = world.work("w1", large.clone());
        proof.join().unwrap();
        assert_eq!((small.count(), large.count()), (5, 1));
        other.stop().unwrap();
    });
    hand.stop().unwrap();
}

/// Expected: what it holds is given back within its grace, is no failure, and another does it.
#[test]
fn a_worker_that_is_told_to_stop_hands_back() {
    let world = World::new();
    let coordinator = world.coordinator();
    let slow = Arc::new(Hasher { held: Some(false.into()), ..Hasher::default() });
    let stopped = world.work("w0", slow.clone());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        stopped.until(|event| matches!(event, Event::Began(..)));
        let other = world.work("w1", Arc::new(Hasher::default()));
        let asked = Instant::now();
        let events = stopped.events.clone();
        stopped.stop().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        let events = events.lock().unwrap().clone();
        assert!(events.iter().any(|event| matches!(event, Event::Returned(..))), "{events:?}");
        proof.join().unwrap();
        other.stop().unwrap();
    });
    slow.held.as_ref().unwrap().store(true, Ordering::SeqCst);
    let fleet = world.look(&coordinator);
    assert_eq!((fleet.outcomes.returned, fleet.outcomes.failed), (1, 0));
    assert!(fleet.workers.iter().all(|(_, worker)| worker.failures == 0));
}

/// Expected: one that has time to end what it holds ends it.
#[test]
fn a_worker_that_is_told_to_stop_ends_what_it_can() {
    let world = World::new();
    let coordinator = world.coordinator();
    let mut config = world.config(&world.names, "w0");
    config.grace = Duration::from_secs(20);
    let hand = world.work_with(config, Arc::new(Hasher::after(1_000)));
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        hand.until(|event| matches!(event, Event::Began(..)));
        let events = hand.events.clone();
        hand.stop().unwrap();
        let events = events.lock().unwrap().clone();
        assert!(events.iter().any(|event| matches!(event, Event::Done(..))), "{events:?}");
        let other = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        other.stop().unwrap();
    });
}

/// Expected: the operator drains one worker, which ends; the other does the rest.
#[test]
fn the_operator_drains_a_worker() {
    let world = World::new();
    let coordinator = world.coordinator();
    let drained = world.work("w0", Arc::new(Hasher::default()));
    world.until(&coordinator, |fleet| fleet.workers.len() == 1);
    let drain = |name: &str| world.runtime.block_on(coordinator.drain(name.parse().unwrap()));
    assert!(drain("w0") && !drain("w5"));
    drained.until(|event| *event == Event::Drains);
    drained.ended().unwrap();
}

/// Expected: a worker of other circuits is told both versions, and ends; of the coordinator nobody is told before there is one.
#[test]
fn a_worker_of_another_version_is_refused() {
    let world = World::new();
    let hand = world.work("w0", Arc::new(Hasher::that(Way::Old)));
    hand.until(|event| matches!(event, Event::Waits(why) if why.contains("no coordinator")));
    let _coordinator = world.coordinator();
    let error = hand.ended().unwrap_err();
    assert!(matches!(error, FleetError::Version { .. }) && !error.is_transient(), "{error}");
    assert!(error.to_string().contains("circuits c1 and keys k1, this worker with c0"), "{error}");
}

/// Expected: refused credentials are one line, and nothing waits.
#[test]
fn wrong_credentials_end_it() {
    let world = World::new();
    let mut config = world.config(&world.names, "w0");
    config.target.url = world.server.url_of("alpha-w0", "wrong");
    let error = world.work_with(config, Arc::new(Hasher::default())).ended().unwrap_err();
    assert!(matches!(error, FleetError::Credentials { .. }), "{error}");
    assert!(!error.to_string().contains("wrong"), "{error}");
}
