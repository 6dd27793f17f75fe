//! A run of many batches while workers die at random: the full tier, which takes minutes.
//!
//! ```text
//! cargo test --release --workspace --test fleet -- --ignored storm --nocapture
//! ```

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use cairn_fleet::coordinator::Outcomes;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    plan::TestPlan,
    process::Process,
    world::{WORKERS, World, assert_blameless, holds},
};

const BATCHES: u32 = 20;
/// Leaves of a batch; with a stream's leaf, nodes, the seal and the SNARK:
const LEAVES: usize = 8;
const ASSIGNMENTS: u64 = BATCHES as u64 * 18;
/// What one takes.
const MILLISECONDS: u64 = 200;
/// Of the workers that are looked at, each time.
const DYING: f64 = 0.3;
/// Between two such looks.
const ROUND: Duration = Duration::from_secs(4);

/// What a run came to.
struct Run {
    took: Duration,
    /// Workers that were killed, and how many of them held something.
    killed: u64,
    robbed: u64,
    outcomes: Outcomes,
}

/// Expected: all 20 batches are proven, each assignment's result is accepted once, and no worker is
/// blamed. What is done twice is what dying workers held.
#[test]
#[ignore = "full tier: takes minutes"]
fn twenty_batches_while_three_in_ten_workers_die() {
    let [calm, storm] = [false, true].map(|dies| {
        let run = run(dies);
        let Run { took, killed, robbed, outcomes } = &run;
        let Outcomes { accepted, late, duplicate, returned, .. } = outcomes;
        println!(
            "{ASSIGNMENTS} assignments in {took:.1?}, {killed} workers killed, {robbed} of them at \
             work: {accepted} accepted, {duplicate} duplicates, {late} late, {returned} returned"
        );
        run
    });
    let ratio = storm.took.as_secs_f64() / calm.took.as_secs_f64();
    let again = storm.robbed as f64 / ASSIGNMENTS as f64;
    println!("{ratio:.2} times as long; {:.1} % were begun again", again * 100.0);
    assert!(storm.killed >= WORKERS.len() as u64, "{}", storm.killed);
}

fn run(dies: bool) -> Run {
    let world = World::new();
    let coordinator = world.coordinator();
    let mut workers = WORKERS.map(|name| (name, Process::start(&world, name, MILLISECONDS)));
    world.until(&coordinator, |fleet| fleet.workers.len() == WORKERS.len());
    let is_over = AtomicBool::new(false);
    let started = Instant::now();
    let (mut killed, mut robbed) = (0, 0);
    let took = std::thread::scope(|scope| {
        let (world, coordinator, is_over) = (&world, &coordinator, &is_over);
        let (killed, robbed) = (&mut killed, &mut robbed);
        scope.spawn(move || {
            let mut random = StdRng::seed_from_u64(1);
            while !is_over.load(Ordering::SeqCst) {
                for (name, worker) in &mut workers {
                    if dies && random.random_bool(DYING) {
                        *killed += 1;
                        *robbed += u64::from(holds(&world.look(coordinator), name));
                        // With whatever it holds, and started again as on another machine.
                        worker.kill();
                        *worker = Process::start(world, name, MILLISECONDS);
                    }
                }
                std::thread::sleep(ROUND);
            }
        });
        for batch in 1..=BATCHES {
            world.prove(coordinator, &TestPlan::new(batch, LEAVES)).unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
        started.elapsed()
    });
    let fleet = world.until(&coordinator, |fleet| fleet.assignments.is_empty());
    assert_blameless(&fleet.outcomes, ASSIGNMENTS);
    assert!(fleet.workers.iter().all(|(_, worker)| worker.failures == 0));
    Run { took, killed, robbed, outcomes: fleet.outcomes }
}
