//! How many assignments go through the queues, when they take no time themselves.

use std::{sync::Arc, time::Instant};

use crate::{
    plan::{Hasher, TestPlan},
    world::{WORKERS, World},
};

/// Expected: some thousand a second on two cores; here only that it is not hundreds times less, as
/// tests share machines. The figure is printed.
#[test]
fn assignments_go_through_the_queues() {
    let world = World::new();
    let coordinator = world.coordinator();
    let hands: Vec<_> =
        WORKERS.map(|name| world.work(name, Arc::new(Hasher::default()))).into_iter().collect();
    world.until(&coordinator, |fleet| fleet.workers.len() == WORKERS.len());
    // A coordinator offers nothing at first.
    world.prove(&coordinator, &TestPlan::new(0, 1)).unwrap();
    let plan = TestPlan::new(1, 500);
    let started = Instant::now();
    world.prove(&coordinator, &plan).unwrap();
    let rate = 1_002.0 / started.elapsed().as_secs_f64();
    println!("{rate:.0} assignments a second through {} workers", WORKERS.len());
    assert!(rate > 20.0, "{rate}");
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}
