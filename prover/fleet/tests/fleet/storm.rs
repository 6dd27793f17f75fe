//! A run of many batches while workers die at random: the full tier, which takes minutes.
//!
//! ```text
//! cargo test --release --workspace --test fleet -- --ignored storm --nocapture
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    losses::Process,
    plan::{Hasher, TestPlan},
    world::{WORKERS, World},
};

const BATCHES: u32 = 20;
/// Of the workers that are looked at, each time.
const DYING: f64 = 0.3;

/// Expected: all 20 batches are proven, each assignment's result is accepted once, and no worker is blamed.
#[test]
#[ignore = "takes minutes"]
fn twenty_batches_while_three_in_ten_workers_die() {
    let seconds = [false, true].map(|dies| {
        let started = Instant::now();
        let accepted = run(dies);
        let took = started.elapsed();
        println!("workers die: {dies}, {accepted} assignments, {took:?}");
        took.as_secs_f64()
    });
    println!("{:.2} times as long", seconds[1] / seconds[0]);
}

fn run(dies: bool) -> u64 {
    let world = World::new();
    let coordinator = world.coordinator();
    let is_over = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let over = Arc::clone(&is_over);
        let world = &world;
        scope.spawn(move || {
            let mut random = StdRng::seed_from_u64(1);
            let start = |name: &str| Process::start(world, name, 200);
            let mut workers: Vec<_> = WORKERS.map(|name| (name, start(name))).into();
            while !over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_secs(4));
                for (name, worker) in &mut workers {
                    if dies && random.random_bool(DYING) {
                        // Killed with whatever it holds, and started again as on another machine.
                        *worker = start(name);
                    }
                }
            }
        });
        for batch in 1..=BATCHES {
            world.prove(&coordinator, &TestPlan::new(batch, 8)).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let fleet = world.until(&coordinator, |fleet| fleet.assignments.is_empty());
    let outcomes = fleet.outcomes;
    assert_eq!(outcomes.accepted, u64::from(BATCHES) * 18, "{outcomes:?}");
    assert_eq!((outcomes.refused, outcomes.failed, outcomes.unheld), (0, 0, 0), "{outcomes:?}");
    assert!(fleet.workers.iter().all(|(_, worker)| worker.failures == 0));
    outcomes.accepted
}

/// Expected: an operator that is started again in the middle of each of ten proofs loses none of them.
#[test]
#[ignore = "takes minutes"]
fn ten_coordinators_one_after_the_other() {
    let world = World::new();
    let hasher = Arc::new(Hasher::after(100));
    let hands: Vec<_> = ["w0", "w1"].map(|name| world.work(name, hasher.clone())).into();
    for batch in 1..=10 {
        let (plan, cancel) = (TestPlan::new(batch, 6), cairn_prover::Cancel::default());
        let first = world.coordinator();
        let before = hasher.count();
        std::thread::scope(|scope| {
            let proof = scope.spawn(|| crate::world::prove(&first, &plan, &cancel));
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
