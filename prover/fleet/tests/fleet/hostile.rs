//! Workers that lie, fail or flood. Expected of each: the proof is made by the others, and the outcome is counted by its name.

use std::sync::Arc;

use cairn_fleet::{
    coordinator::Fleet,
    error::FleetError,
    ledger::{Settings, Standing},
    worker::Event,
};
use cairn_prover::{Cancel, ProverError};

use crate::{
    plan::{Hasher, TestPlan, Way},
    world::{World, id, prove},
};

fn failures(fleet: &Fleet, name: &str) -> u64 {
    fleet.workers.iter().find(|(worker, _)| *worker == id(name)).map_or(0, |(_, w)| w.failures)
}

/// Expected: its first result is refused, it is quarantined and told so; an operator may give it another chance.
#[test]
fn a_forger_is_not_believed_again() {
    for way in [Way::Forge, Way::Swap] {
        let world = World::new();
        let coordinator = world.coordinator();
        let liar = world.work("w0", Arc::new(Hasher::that(way)));
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 3)).unwrap());
            world.until(&coordinator, |fleet| fleet.outcomes.refused >= 1);
            assert!(!proof.is_finished());
            let honest = world.work("w1", Arc::new(Hasher::default()));
            proof.join().unwrap();
            honest.stop().unwrap();
        });
        let error = liar.ended().unwrap_err();
        assert!(matches!(error, FleetError::Quarantined { .. }), "{error}");
        let fleet = world.look(&coordinator);
        let (_, worker) = fleet.workers.iter().find(|(name, _)| *name == id("w0")).unwrap();
        assert_eq!((worker.standing, worker.done), (Standing::Quarantined, 0));
        // A second one may have been looked at already.
        assert!((1..=2).contains(&fleet.outcomes.refused), "{:?}", fleet.outcomes);
        let retry = |name: &str| world.runtime.block_on(coordinator.retry(name.to_owned()));
        assert!(retry("w0") && !retry("w0"));
    }
}

/// Expected: what it fails goes to another, and never to it again.
#[test]
fn a_worker_that_fails_is_not_given_the_same_again() {
    for way in [Way::Fail, Way::Panic] {
        let world = World::new();
        let coordinator = world.coordinator();
        let broken = world.work("w0", Arc::new(Hasher::that(way)));
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 2)).unwrap());
            broken.until(|event| matches!(event, Event::Failed(..)));
            let good = world.work("w1", Arc::new(Hasher::default()));
            proof.join().unwrap();
            good.stop().unwrap();
        });
        let failed = broken.events();
        broken.stop().unwrap();
        let failed = failed.iter().filter_map(|event| match event {
            Event::Failed(id, _) => Some(id.clone()),
            _ => None,
        });
        let failed: Vec<_> = failed.collect();
        let mut once = failed.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), failed.len(), "{failed:?}");
        let fleet = world.look(&coordinator);
        assert_eq!(fleet.outcomes.failed, failed.len() as u64);
        assert_eq!(failures(&fleet, "w1"), 0);
    }
}

/// Expected: after three workers nobody is given it any more, its work is kept, and another proof goes on.
#[test]
fn a_poisoned_witness_stops_at_three_workers() {
    let world = World::new();
    let coordinator = world.coordinator();
    let hands: Vec<_> =
        ["w0", "w1", "w2", "w3"].map(|name| world.work(name, Arc::new(Hasher::default()))).into();
    world.until(&coordinator, |fleet| fleet.workers.len() == 4);
    let (poisoned, cancel) = (TestPlan::new(1, 3).with_poison(1), Cancel::default());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&coordinator, &poisoned, &cancel));
        let stuck = |fleet: &Fleet| fleet.assignments.iter().any(|view| view.is_quarantined);
        let fleet = world.until(&coordinator, stuck);
        world.prove(&coordinator, &TestPlan::new(2, 4)).unwrap();
        let view = fleet.assignments.iter().find(|view| view.is_quarantined).unwrap();
        assert_eq!(view.failures.len(), 3);
        let reasons = view.failures.values().all(|reason| reason.contains("nobody can prove"));
        assert!(reasons, "{view:?}");
        let file = world.kept().join(format!("{}.work", view.id));
        world.until(&coordinator, |_| file.exists());
        let kept = std::fs::read(file).unwrap();
        assert!(kept.starts_with(view.id.as_str().as_bytes()));
        cancel.cancel();
        assert!(matches!(proof.join().unwrap(), Err(ProverError::Cancelled)));
    });
    world.until(&coordinator, |fleet| fleet.assignments.is_empty());
    for hand in hands {
        hand.stop().unwrap();
    }
}

/// Expected: the client refuses to send it, the coordinator hears nothing of it, and once the worker is stopped another does it.
#[test]
fn a_result_that_no_message_holds_goes_nowhere() {
    let world = World::new();
    let coordinator = world.coordinator();
    let flood = world.work("w0", Arc::new(Hasher::that(Way::Huge)));
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap());
        flood.until(|event| matches!(event, Event::Waits(why) if why.contains("the result of")));
        assert_eq!(world.look(&coordinator).outcomes.accepted, 0);
        flood.stop().unwrap();
        let good = world.work("w1", Arc::new(Hasher::default()));
        proof.join().unwrap();
        good.stop().unwrap();
    });
}

/// Expected: who is late is helped by who is idle, the first result counts and the second is late.
#[test]
fn a_straggler_is_helped() {
    let mut world = World::new();
    world.settings = Settings { samples: 4, ..world.settings };
    let coordinator = world.coordinator();
    let fast = world.work("w0", Arc::new(Hasher::after(20)));
    world.prove(&coordinator, &TestPlan::new(1, 4)).unwrap();
    let slow = Arc::new(Hasher { held: Some(false.into()), ..Hasher::default() });
    fast.stop().unwrap();
    let straggler = world.work("w1", slow.clone());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| world.prove(&coordinator, &TestPlan::new(2, 1)).unwrap());
        straggler.until(|event| matches!(event, Event::Began(..)));
        let helper = world.work("w2", Arc::new(Hasher::default()));
        proof.join().unwrap();
        slow.held.as_ref().unwrap().store(true, std::sync::atomic::Ordering::SeqCst);
        straggler.until(|event| matches!(event, Event::Done(..) | Event::Returned(..)));
        helper.stop().unwrap();
    });
    straggler.stop().unwrap();
    let fleet = world.look(&coordinator);
    assert_eq!((fleet.outcomes.refused, fleet.outcomes.failed), (0, 0));
}
