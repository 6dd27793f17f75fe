//! Workers that take or send without end. Expected of each: the others' work goes on as if they
//! were not there, a little later.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::Client;
use bytes::Bytes;
use cairn_fleet::{
    ledger::Settings,
    message::{Ask, Lease, WorkerId, encode},
    names::Names,
    queue::Queue,
};
use cairn_prover::claim::AssignmentId;
use futures_util::StreamExt;

use crate::{
    plan::{Hasher, TestPlan, version},
    rights::connect,
    world::{World, id},
};

/// Has many pulls waiting at every queue, and asks again for each message that it is given.
async fn hoard(client: Client, names: Names) {
    let inbox = client.new_inbox();
    let mut given = client.subscribe(inbox.clone()).await.unwrap();
    let pull = async |queue: Queue| {
        let body: Bytes = r#"{"batch":1,"expires":60000000000}"#.into();
        client.publish_with_reply(names.next(queue), inbox.clone(), body).await.unwrap();
    };
    for queue in Queue::ALL {
        for _ in 0..200 {
            pull(queue).await;
        }
    }
    while let Some(message) = given.next().await {
        if message.status.is_none() {
            for queue in Queue::ALL {
                pull(queue).await;
            }
        }
    }
}

/// Expected: what the hoarder was given is told to the one who is idle, and done.
#[test]
fn who_takes_all_messages_and_claims_none_keeps_nothing_from_others() {
    let mut world = World::new();
    world.settings = Settings { unclaimed: Duration::from_secs(1), ..world.settings };
    let coordinator = world.coordinator();
    let client = world.runtime.block_on(connect(&world, &world.names, "w0"));
    let hoarder = world.runtime.spawn(hoard(client, world.names.clone()));
    std::thread::sleep(Duration::from_millis(500));
    let hand = world.work("w1", Arc::new(Hasher::default()));
    let started = Instant::now();
    // Two leaves of chunks and one of a stream, a node, the seal, the SNARK: one after the other.
    world.prove(&coordinator, &TestPlan::new(1, 2)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(!hoarder.is_finished());
    hoarder.abort();
    hand.stop().unwrap();
}

/// Expected: who asks and beats without end loses its own words, and nobody else's.
#[test]
fn who_talks_without_end_is_not_heard_and_the_others_are() {
    let world = World::new();
    let coordinator = world.coordinator();
    let hands: Vec<_> =
        ["w1", "w2"].map(|name| world.work(name, Arc::new(Hasher::default()))).into();
    world.until(&coordinator, |fleet| fleet.workers.len() == 2);
    let client = world.runtime.block_on(connect(&world, &world.names, "w0"));
    let names = world.names.clone();
    let flood = world.runtime.spawn(async move {
        let queue = Queue::LeafSmall;
        let id = AssignmentId::new("1-x-0").unwrap();
        let ask =
            |place| Ask::Claim { version: version(), queue, place, delivery: 1, id: id.clone() };
        let large = Bytes::from(vec![b' '; 1 << 20]);
        let inbox = client.new_inbox();
        for place in 0.. {
            let body = if place % 1_000 == 0 { large.clone() } else { encode(&ask(place)) };
            let _ = client.publish_with_reply(names.ask("w0"), inbox.clone(), body.clone()).await;
            let _ = client.publish(names.beat("w0"), body).await;
            // Bursts, so that the flood does not take the machine from those who are to be heard.
            if place % 250 == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    world.until(&coordinator, |fleet| fleet.outcomes.dropped > 1_000);
    for batch in 0..3 {
        world.prove(&coordinator, &TestPlan::new(batch, 8)).unwrap();
    }
    assert!(!flood.is_finished());
    flood.abort();
    let fleet = world.look(&coordinator);
    let is_there = |name: &WorkerId| {
        fleet.workers.iter().any(|(worker, state)| worker == name && state.is_there)
    };
    assert!(is_there(&id("w1")) && is_there(&id("w2")));
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}

/// Expected: results under leases that nobody was given are dropped, also while leases of an
/// earlier coordinator may be about; the log has a few lines of them.
#[test]
fn who_sends_results_without_end_keeps_no_other_s_from_being_read() {
    let world = World::new();
    let coordinator = world.coordinator();
    let client = world.runtime.block_on(connect(&world, &world.names, "w0"));
    let names = world.names.clone();
    let flood = world.runtime.spawn(async move {
        let (worker, body) = ("w0".parse().unwrap(), Bytes::from(vec![7; 10_000]));
        for n in 0_u64.. {
            let subject = names.result(&worker, &Lease::random());
            match n % 50 {
                // Some thousand a second, which is more than is fetched at a time.
                0 => {
                    let _ = client.request(subject, body.clone()).await;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                _ => client.publish(subject, body.clone()).await.unwrap(),
            }
        }
    });
    std::thread::sleep(Duration::from_secs(1));
    let hand = world.work("w1", Arc::new(Hasher::default()));
    let started = Instant::now();
    world.prove(&coordinator, &TestPlan::new(1, 3)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let outcomes = world.until(&coordinator, |fleet| fleet.outcomes.unheld > 100).outcomes;
    assert!(!flood.is_finished());
    flood.abort();
    assert_eq!(outcomes.accepted, 8);
    assert!(outcomes.muted > 50, "{outcomes:?}");
    hand.stop().unwrap();
}
