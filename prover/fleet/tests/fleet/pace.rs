//! Machines of several speeds: what little is left is kept for those who end it sooner.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::Client;
use cairn_fleet::{
    coordinator::Fleet,
    ledger::Settings,
    message::{Beat, encode},
    names::Names,
    queue::Queue,
};

use crate::{
    plan::{Hasher, TestPlan, version},
    rights::connect,
    world::{WORKERS, World, id},
};

const BATCHES: u32 = 2;

/// Seconds for batches of three chunks, one after the other, on workers that take so many
/// milliseconds for everything; and assignments that each has done.
fn prove(milliseconds: &[u64], slower: f64) -> (f64, Vec<u64>) {
    let mut world = World::new();
    world.settings = Settings { slower, ..world.settings };
    let coordinator = world.coordinator();
    let hashers = milliseconds.iter().map(|each| Arc::new(Hasher::after(*each)));
    let hashers: Vec<_> = hashers.collect();
    let hands = WORKERS.iter().zip(&hashers).map(|(name, hasher)| world.work(name, hasher.clone()));
    let hands: Vec<_> = hands.collect();
    world.until(&coordinator, |fleet| fleet.workers.len() == milliseconds.len());
    // What each takes becomes known.
    world.prove(&coordinator, &TestPlan::new(0, 2 * milliseconds.len())).unwrap();
    let before: Vec<_> = hashers.iter().map(|hasher| hasher.count()).collect();
    let started = Instant::now();
    for batch in 1..=BATCHES {
        world.prove(&coordinator, &TestPlan::new(batch, 3)).unwrap();
    }
    let took = started.elapsed().as_secs_f64();
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
    let done = hashers.iter().zip(before).map(|(hasher, before)| hasher.count() - before);
    (took, done.collect())
}

/// With the rule, and without.
fn both(milliseconds: &[u64]) -> [f64; 2] {
    let both = std::thread::scope(|scope| {
        [Settings::default().slower, f64::INFINITY]
            .map(|slower| scope.spawn(move || prove(milliseconds, slower)))
            .map(|run| run.join().unwrap())
    });
    let [(with, done), (without, without_done)] = &both;
    println!(
        "{milliseconds:?} ms: {with:.1} s and {done:?} done, without the rule {without:.1} s and \
         {without_done:?}: {:.2}",
        with / without
    );
    both.map(|(took, _)| took)
}

/// Expected: batches take a good part less than where the slow one is given whatever it claims.
#[test]
fn one_slow_machine_holds_up_no_batch() {
    let [with, without] = both(&[600, 2_400]);
    assert!(with < without * 0.9, "{with} of {without} s");
}

/// Expected: where all are slow, nothing is kept for anybody.
#[test]
fn a_fleet_of_slow_machines_takes_as_long_as_ever() {
    let [with, without] = both(&[1_200, 1_200]);
    assert!(with < without * 1.2, "{with} of {without} s");
}

/// Says without end that it is there, and has nothing to do.
async fn beat(client: Client, names: Names) {
    let beat = Beat {
        worker: id("w0"),
        version: version(),
        queues: Queue::ALL.to_vec(),
        threads: 1,
        memory_mb: 8_000,
        machine: "a test's".to_owned(),
        is_draining: false,
        holds: Vec::new(),
    };
    loop {
        client.publish(names.beat("w0"), encode(&beat)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Expected: a fast one that beats and claims nothing is not waited for: the slow one is given what
/// was kept for it, after the time that things are kept.
#[test]
fn nothing_waits_for_a_fast_machine_that_does_not_come() {
    let mut world = World::new();
    world.settings = Settings { kept: Duration::from_millis(1_500), ..world.settings };
    let coordinator = world.coordinator();
    let [fast, slow] = [300, 1_200].map(|each| Arc::new(Hasher::after(each)));
    let [first, second] = [("w0", &fast), ("w1", &slow)].map(|(n, h)| world.work(n, h.clone()));
    world.until(&coordinator, |fleet| fleet.workers.len() == 2);
    world.prove(&coordinator, &TestPlan::new(0, 4)).unwrap();
    first.stop().unwrap();
    let client = world.runtime.block_on(connect(&world, &world.names, "w0"));
    let beats = world.runtime.spawn(beat(client, world.names.clone()));
    let is_taking = |fleet: &Fleet| fleet.workers.iter().all(|(_, worker)| worker.is_taking());
    world.until(&coordinator, is_taking);
    let (started, before) = (Instant::now(), slow.count());
    world.prove(&coordinator, &TestPlan::new(1, 1)).unwrap();
    let took = started.elapsed();
    beats.abort();
    println!("{took:.1?} for two leaves, the seal and the SNARK, each row kept for 1.5 s");
    assert_eq!(slow.count() - before, 4);
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(30), "{took:?}");
    second.stop().unwrap();
}
