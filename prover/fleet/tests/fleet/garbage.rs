//! A worker that sends as much as the server takes, on all subjects that it may send to.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::Client;
use bytes::Bytes;
use cairn_fleet::{
    layout::RESULT_BYTES,
    message::{Lease, WorkerId},
};

use crate::{plan::Hasher, process::Operator, rights::connect, world::World};

/// MiB by which the operator's memory may grow, however much is sent.
const MEMORY: u64 = 256;
/// MiB that the server's disk may have: what the stream of results may hold, and what is left to be
/// cleared away.
const DISK: u64 = 512 + 256;
/// Messages on their way at the same time.
const AT_A_TIME: usize = 8;

async fn send(client: &Client, subject: impl Fn() -> String, body: &Bytes, bytes: u64) {
    for n in 0..bytes as usize / body.len() {
        client.publish(subject(), body.clone()).await.unwrap();
        if n % AT_A_TIME == AT_A_TIME - 1 {
            client.flush().await.unwrap();
        }
    }
    client.flush().await.unwrap();
}

/// Results and notes under leases that nobody was given, beats and questions: a quarter each.
async fn flood(world: &World, bytes: u64) {
    let (names, name) = (&world.names, "w7");
    let worker: WorkerId = name.parse().unwrap();
    let stored: Bytes = vec![7; RESULT_BYTES as usize - 256].into();
    let heard: Bytes = vec![7; 1_900_000].into();
    let part = bytes / 4;
    let connections = [(); 4].map(|()| connect(world, names, name));
    let [results, notes, beats, asks] =
        futures_util::future::join_all(connections).await.try_into().expect("there are four");
    tokio::join!(
        send(&results, || names.result(&worker, &Lease::random()), &stored, part),
        send(&notes, || names.note(&worker, &Lease::random()), &stored, part),
        send(&beats, || names.beat(name), &heard, part),
        send(&asks, || names.ask(name), &heard, part),
    );
}

/// MiB below a folder.
fn size(folder: &Path) -> u64 {
    fn bytes(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let of = |entry: std::fs::DirEntry| match entry.metadata() {
            Ok(data) if data.is_dir() => bytes(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        };
        entries.map(of).sum()
    }
    bytes(folder) >> 20
}

/// Expected: while so many MiB are sent, and after it, the proofs are made; the operator's memory
/// and the server's disk stay within their limits.
fn a_worker_sends_garbage(megabytes: u64, patience: Duration) {
    let world = World::new();
    let mut operator = Operator::start(&world);
    let hand = world.work("w0", Arc::new(Hasher::after(20)));
    operator.order(1, 2);
    operator.proven();
    let before = operator.process.memory("VmRSS");
    let (is_over, disk) = (AtomicBool::default(), AtomicU64::default());
    let took = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                disk.fetch_max(size(world.folder.path()), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let started = Instant::now();
        let flooding = scope.spawn(|| {
            let started = Instant::now();
            world.runtime.block_on(flood(&world, megabytes << 20));
            started.elapsed()
        });
        operator.order(2, 12);
        operator.proven();
        let took = started.elapsed();
        println!("{megabytes} MiB are sent within {:?}", flooding.join().unwrap());
        println!("a proof beside it took {took:?}");
        let started = Instant::now();
        operator.order(3, 4);
        let outcomes = operator.proven();
        println!("a proof after it took {:?}: {outcomes}", started.elapsed());
        is_over.store(true, Ordering::SeqCst);
        took
    });
    // Not above: who looks at the disk would go on for ever.
    assert!(took < patience, "{took:?}");
    let (peak, disk) = (operator.process.memory("VmHWM"), disk.into_inner());
    println!("the operator had {before} MiB before and {peak} at the most, the disk {disk}");
    assert!(peak < before + MEMORY, "{before} {peak}");
    assert!(disk < DISK, "{disk}");
    hand.stop().unwrap();
}

#[test]
fn a_worker_sends_64_mib_of_garbage() {
    a_worker_sends_garbage(64, Duration::from_secs(15));
}

#[test]
#[ignore = "full tier: sends a GiB"]
fn a_worker_sends_a_gib_of_garbage() {
    a_worker_sends_garbage(1_024, Duration::from_secs(120));
}

/// Expected: in an operator's first minute results under unknown leases may be of before its start,
/// and are kept back. Those of one worker delay nobody else's, however many they are.
#[test]
fn results_of_nothing_delay_no_other_s() {
    let world = World::new();
    let mut operator = Operator::start(&world);
    let hand = world.work("w0", Arc::new(Hasher::default()));
    operator.order(1, 1);
    operator.proven();
    world.runtime.block_on(async {
        let client = connect(&world, &world.names, "w7").await;
        let worker: WorkerId = "w7".parse().unwrap();
        let subject = || world.names.result(&worker, &Lease::random());
        send(&client, subject, &vec![7; 1_000].into(), 500_000).await;
    });
    let started = Instant::now();
    operator.order(2, 4);
    let outcomes = operator.proven();
    println!("a proof behind 500 results of nothing took {:?}: {outcomes}", started.elapsed());
    // Not until the minute is over in which any lease may be an earlier operator's.
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    hand.stop().unwrap();
}
