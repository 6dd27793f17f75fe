//! The operator goes to other circuits while workers of the old ones are about, and at work.

use std::sync::Arc;

use cairn_fleet::{coordinator::Coordinator, error::FleetError, message::Version, worker::Event};
use cairn_prover::{Cancel, claim::AssignmentId};

use crate::{
    plan::{Hasher, TestPlan, Way, version},
    world::{World, assert_blameless, holds, prove},
};

fn is_of_old_circuits(error: &FleetError) -> bool {
    let said = error.to_string();
    matches!(error, FleetError::Version { .. })
        && said.contains("circuits c1 and keys k1, this worker with c0 and k1")
}

fn of(id: &AssignmentId, batch: u32) -> bool {
    id.as_str().starts_with(&format!("{batch}-"))
}

/// Expected: workers of old circuits that were let in by the operator before end what they hold,
/// take nothing of the new one, and end with both versions named. Workers of new circuits that come
/// too early end too; those that come later do all. Nobody is blamed, and no proof counts twice.
#[test]
fn old_workers_take_nothing_of_a_new_operator() {
    let world = World::new();
    let old_version = Version { circuits: "c0".to_owned(), ..version() };
    let mut config = world.operator(&world.names);
    config.version = old_version;
    let operator = Coordinator::start(config).unwrap();
    let hashers = [(); 3].map(|()| Arc::new(Hasher { way: Way::Old, ..Hasher::after(300) }));
    let old = ["w0", "w1", "w2"].into_iter().zip(&hashers);
    let old: Vec<_> = old.map(|(name, hasher)| world.work(name, hasher.clone())).collect();
    let (plan, cancel) = (TestPlan::new(1, 12), Cancel::default());
    std::thread::scope(|scope| {
        let proof = scope.spawn(|| prove(&operator, &plan, &cancel).is_err());
        world.until(&operator, |fleet| ["w0", "w1", "w2"].iter().all(|name| holds(fleet, name)));
        // Too early: it is told the versions the other way round.
        let early = world.work("w3", Arc::new(Hasher::default())).ended().unwrap_err();
        assert!(matches!(early, FleetError::Version { .. }), "{early}");
        cancel.cancel();
        assert!(proof.join().unwrap());
    });
    drop(operator);
    let operator = world.coordinator();
    let hasher = Arc::new(Hasher::after(50));
    let new = ["w4", "w5"].map(|name| world.work(name, hasher.clone()));
    world.prove(&operator, &TestPlan::new(2, 12)).unwrap();
    for hand in old {
        let began = |event: &Event| matches!(event, Event::Began(_, id) if of(id, 2));
        assert!(!hand.events().iter().any(began), "{:?}", hand.events());
        let error = hand.ended().unwrap_err();
        assert!(is_of_old_circuits(&error), "{error}");
    }
    assert_eq!(hasher.count(), 26);
    let fleet = world.look(&operator);
    assert_blameless(&fleet.outcomes, 26);
    assert!(fleet.workers.iter().all(|(_, worker)| worker.failures == 0));
    new.into_iter().for_each(|hand| hand.stop().unwrap());
}
