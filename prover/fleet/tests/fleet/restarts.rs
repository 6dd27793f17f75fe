//! The operator is started again, ten times. Expected: time is lost, and nothing else. Once is in
//! `losses.rs`.

use std::{sync::Arc, time::Duration};

use cairn_prover::Cancel;

use crate::{
    plan::{Hasher, TestPlan},
    world::{World, prove},
};

/// Expected: an operator that is started again in the middle of each of ten proofs loses none of
/// them.
#[test]
#[ignore = "full tier: takes a minute"]
fn ten_coordinators_one_after_the_other() {
    let world = World::new();
    let hasher = Arc::new(Hasher::after(100));
    let hands: Vec<_> = ["w0", "w1"].map(|name| world.work(name, hasher.clone())).into();
    for batch in 1..=10 {
        let (plan, cancel) = (TestPlan::new(batch, 6), Cancel::default());
        let first = world.coordinator();
        let before = hasher.count();
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| prove(&first, &plan, &cancel));
            while hasher.count() < before + 4 {
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.cancel();
            assert!(proof.join().unwrap().is_err());
        });
        drop(first);
        let second = world.coordinator();
        world.prove(&second, &plan).unwrap();
        let done = hasher.count() - before;
        assert!((14..=17).contains(&done), "{done}");
    }
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}

/// Expected: one batch is proven though ten operators end in the middle of it: none of the results
/// that were accepted is made again, and of what was on its way no more than one each time.
#[test]
#[ignore = "full tier: takes a minute"]
fn one_batch_through_ten_coordinators() {
    const ENDS: u64 = 10;
    let world = World::new();
    let hasher = Arc::new(Hasher::after(200));
    let hands = ["w0", "w1"].map(|name| world.work(name, hasher.clone()));
    let plan = TestPlan::new(1, 20);
    for _ in 0..ENDS {
        let (coordinator, cancel) = (world.coordinator(), Cancel::default());
        let before = hasher.count();
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| prove(&coordinator, &plan, &cancel));
            while hasher.count() < before + 3 {
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.cancel();
            assert!(proof.join().unwrap().is_err());
        });
    }
    let last = world.coordinator();
    world.prove(&last, &plan).unwrap();
    let (done, outcomes) = (hasher.count(), world.look(&last).outcomes);
    println!("42 assignments, done {done} times; of the last operator: {outcomes:?}");
    assert!((42..=42 + ENDS).contains(&done), "{done}");
    assert_eq!((outcomes.refused, outcomes.failed), (0, 0), "{outcomes:?}");
    assert!(outcomes.kept >= 20, "{outcomes:?}");
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}
