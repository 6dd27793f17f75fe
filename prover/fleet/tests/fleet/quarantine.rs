//! The operator is started again after somebody or something was quarantined. Expected of each: it
//! stays so, until a person says otherwise.

use std::{sync::Arc, time::Duration};

use cairn_fleet::{
    coordinator::{Coordinator, Fleet},
    error::FleetError,
    ledger::{Quarantine, Standing},
};
use cairn_prover::Cancel;

use crate::{
    plan::{Hasher, TestPlan, Way},
    world::{World, id, prove},
};

fn retry(world: &World, coordinator: &Coordinator, name: &str) -> bool {
    world.runtime.block_on(coordinator.retry(name.to_owned()))
}

fn is_quarantined(fleet: &Fleet, name: &str) -> bool {
    let named = fleet.workers.iter().find(|(worker, _)| *worker == id(name));
    named.is_some_and(|(_, worker)| worker.standing == Standing::Quarantined)
}

/// Expected: an operator that is started again lets it in no more, until it is told to.
#[test]
fn a_forger_stays_quarantined_over_a_restart() {
    let world = World::new();
    let (plan, cancel) = (TestPlan::new(1, 1), Cancel::default());
    let first = world.coordinator();
    let liar = world.work("w0", Arc::new(Hasher::that(Way::Forge)));
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&first, &plan, &cancel));
        world.until(&first, |fleet| fleet.outcomes.refused >= 1);
        cancel.cancel();
        assert!(proof.join().unwrap().is_err());
    });
    liar.ended().unwrap_err();
    drop(first);
    let second = world.coordinator();
    assert!(is_quarantined(&world.look(&second), "w0"));
    let again = world.work("w0", Arc::new(Hasher::default()));
    let error = again.ended().unwrap_err();
    assert!(matches!(error, FleetError::Quarantined { .. }), "{error}");
    assert!(retry(&world, &second, "w0") && !retry(&world, &second, "w0"));
    drop(second);
    let third = world.coordinator();
    assert!(!is_quarantined(&world.look(&third), "w0"));
    let hand = world.work("w0", Arc::new(Hasher::default()));
    world.prove(&third, &plan).unwrap();
    hand.stop().unwrap();
}

/// Expected: what three workers have failed is given to nobody by the next operator either, with
/// their reasons, until it is told to.
#[test]
fn a_poisoned_witness_stays_quarantined_over_a_restart() {
    let world = World::new();
    let plan = TestPlan::new(1, 2).with_poison(1);
    let hands = ["w0", "w1", "w2"].map(|name| world.work(name, Arc::new(Hasher::default())));
    let stuck = |fleet: &Fleet| fleet.assignments.iter().any(|view| view.is_quarantined);
    let run = |coordinator: &Coordinator, then: &dyn Fn(Fleet)| {
        let cancel = Cancel::default();
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| prove(coordinator, &plan, &cancel));
            then(world.until(coordinator, stuck));
            cancel.cancel();
            assert!(proof.join().unwrap().is_err());
        });
    };
    let first = world.coordinator();
    run(&first, &|fleet| assert_eq!(fleet.outcomes.failed, 3));
    drop(first);
    let second = world.coordinator();
    run(&second, &|fleet| {
        let view = fleet.assignments.iter().find(|view| view.is_quarantined).unwrap();
        let reasons = view.failures.values().filter(|reason| reason.contains("nobody can prove"));
        assert_eq!(reasons.count(), 3, "{view:?}");
        // Longer than nothing is offered after a start: the others are kept, and it is not tried.
        std::thread::sleep(Duration::from_secs(4));
        assert_eq!(world.look(&second).outcomes.failed, 0);
        assert!(retry(&world, &second, view.id.as_str()));
        world.until(&second, |fleet| fleet.outcomes.failed == 3 && stuck(fleet));
    });
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}

/// Expected: the operator starts, tries all again, and leaves the file to whoever wants to look.
#[test]
fn a_file_that_nobody_can_read_is_put_aside() {
    let world = World::new();
    let (file, aside) = ("quarantined.json", "quarantined.json.unreadable");
    let [file, aside] = [file, aside].map(|name| world.kept().join(name));
    for text in
        [&b"{\"workers\": [\"w0\"]"[..], b"{\"workers\": [\"w 0\"], \"assignments\": {}}", b"\xff"]
    {
        std::fs::write(&file, text).unwrap();
        let coordinator = world.coordinator();
        assert!(world.look(&coordinator).workers.is_empty());
        assert_eq!(std::fs::read(&aside).unwrap(), text);
        assert!(!file.exists());
        // And what comes next is written.
        world.runtime.block_on(coordinator.quarantine(id("w5")));
        world.look(&coordinator);
        let written: Quarantine = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert!(written.workers.contains(&id("w5")) && written.assignments.is_empty());
    }
}
