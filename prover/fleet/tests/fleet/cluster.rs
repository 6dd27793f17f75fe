//! A cluster of three servers with three copies of all: the full tier, which takes minutes.
//!
//! ```text
//! cargo test --release --workspace --test fleet -- --ignored cluster --nocapture
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cairn_fleet::server::{Server, cluster::SERVERS};
use rustix::process::Signal;

use crate::{
    plan::{Hasher, TestPlan},
    rights::connect,
    world::{WORKERS, World, assert_blameless},
};

fn server(world: &mut World, place: usize) -> &mut Server {
    match place {
        0 => &mut world.server,
        other => &mut world.peers[other - 1],
    }
}

/// Waits until each server has all of each stream.
fn settled(world: &World) {
    let is_settled = async {
        let client = connect(world, &world.names, "coordinator").await;
        let jetstream = async_nats::jetstream::new(client);
        for name in [world.names.proofs(), world.names.results(), world.names.payloads()] {
            loop {
                let stream = jetstream.get_stream(&name).await;
                let cluster = stream.ok().and_then(|stream| stream.cached_info().cluster.clone());
                let current = cluster.map_or(0, |cluster| {
                    cluster.replicas.iter().filter(|replica| replica.current).count()
                });
                if current == SERVERS - 1 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    };
    let in_time = async { tokio::time::timeout(Duration::from_secs(60), is_settled).await };
    world.runtime.block_on(in_time).expect("the copies are there within a minute");
}

/// Expected: each server is killed once in the middle of a proof, which is made without it; it comes
/// back with its disk in the middle of the next, and nobody is blamed.
#[test]
#[ignore = "full tier: takes minutes"]
fn proofs_go_on_while_one_server_of_three_is_away() {
    const LEAVES: usize = 12;
    let mut world = World::cluster(SERVERS);
    let coordinator = world.coordinator();
    let hasher = Arc::new(Hasher::after(150));
    let hands = ["w0", "w1", "w2"].map(|name| world.work(name, hasher.clone()));
    world.prove(&coordinator, &TestPlan::new(0, LEAVES)).unwrap();
    let mut batch = 0;
    for place in 0..SERVERS {
        settled(&world);
        for is_back in [false, true] {
            batch += 1;
            let plan = TestPlan::new(batch, LEAVES);
            let (before, started) = (hasher.count(), Instant::now());
            std::thread::scope(|scope| {
                let runs = coordinator.clone();
                let cancel = cairn_prover::Cancel::default();
                let proof =
                    scope.spawn(move || crate::world::prove(&runs, &plan, &cancel).unwrap());
                while hasher.count() < before + 3 {
                    std::thread::sleep(Duration::from_millis(10));
                }
                match is_back {
                    true => server(&mut world, place).restart(false).unwrap(),
                    false => server(&mut world, place).signal(Signal::KILL),
                }
                proof.join().unwrap();
            });
            let (took, done) = (started.elapsed(), hasher.count() - before);
            println!("server {place}, back: {is_back}: {took:.1?}, {done} done of 26");
            assert!(took < Duration::from_secs(60), "{took:?}");
            assert!((26..=32).contains(&done), "{done}");
        }
    }
    let fleet = world.until(&coordinator, |fleet| fleet.assignments.is_empty());
    println!("{:?}", fleet.outcomes);
    assert_blameless(&fleet.outcomes, 7 * 26);
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}

/// Expected: what three copies cost, in one run on one machine; printed, and less than twenty times.
#[test]
#[ignore = "full tier: takes minutes"]
fn assignments_go_through_the_queues_of_a_cluster() {
    let rates = [1, SERVERS].map(|replicas| {
        let world = World::cluster(replicas);
        let coordinator = world.coordinator();
        let hands = WORKERS.map(|name| world.work(name, Arc::new(Hasher::default())));
        world.until(&coordinator, |fleet| fleet.workers.len() == WORKERS.len());
        world.prove(&coordinator, &TestPlan::new(0, 1)).unwrap();
        let started = Instant::now();
        world.prove(&coordinator, &TestPlan::new(1, 500)).unwrap();
        let rate = 1_002.0 / started.elapsed().as_secs_f64();
        println!("{rate:.0} assignments a second with {replicas} copies on three servers");
        hands.into_iter().for_each(|hand| hand.stop().unwrap());
        rate
    });
    let ratio = rates[0] / rates[1];
    println!("three copies: {ratio:.2} times as long");
    assert!(ratio < 20.0, "{ratio}");
}
