//! A worker against a coordinator that the test plays.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::{HeaderMap, Subscriber};
use cairn_fleet::{
    layout,
    message::{Answer, Ask, Beat, Grant, Lease, Offer, decode, encode},
    payload::sha256,
    queue::Queue,
    worker::Event,
};
use cairn_prover::claim::AssignmentId;
use futures_util::StreamExt;

use crate::{
    plan::{Hasher, version},
    rights::connect,
    world::World,
};

/// Parts of the work, and how long each takes to come.
const PARTS: usize = 4;
const SLOW: Duration = Duration::from_millis(1_500);

/// Expected: it says that it holds the lease while its work comes slowly, and proves it then.
#[test]
fn a_worker_beats_while_its_work_comes() {
    let world = World::new();
    let names = world.names.clone();
    let id = AssignmentId::new("1-chunk-wrapper-0").unwrap();
    let lease = Lease::random();
    let mut work = format!("{id} ").into_bytes();
    work.resize(PARTS * 1_000_000, 7);
    let grant = Grant {
        id: id.clone(),
        lease: lease.clone(),
        bytes: work.len() as u64,
        sha256: sha256(&work),
        is_here: false,
    };
    let beats = Arc::<Mutex<Vec<Beat>>>::default();
    let hand = world.runtime.block_on(async {
        let client = connect(&world, &names, "coordinator").await;
        let jetstream = async_nats::jetstream::new(client.clone());
        layout::make(&jetstream, &names, 1).await.unwrap();
        // The test answers in its place.
        jetstream.delete_stream(names.payloads()).await.unwrap();
        let subscribe = async |subject: String| client.subscribe(subject).await.unwrap();
        let mut asks: Subscriber = subscribe(names.ask("*")).await;
        let mut reads = subscribe(names.read(&"w0".parse().unwrap(), &lease, 0)).await;
        let mut rest = Vec::new();
        for part in 1..PARTS {
            rest.push(subscribe(names.read(&"w0".parse().unwrap(), &lease, part)).await);
        }
        let mut heard = subscribe(names.beat("*")).await;
        let offer = encode(&Offer { id: id.clone() });
        jetstream
            .publish_with_headers(names.task(Queue::LeafSmall), HeaderMap::new(), offer)
            .await
            .unwrap()
            .await
            .unwrap();
        let speaks = client.clone();
        tokio::spawn(async move {
            while let Some(ask) = asks.next().await {
                let answer = match decode(&ask.payload).unwrap() {
                    Ask::Join { .. } => Answer::Welcome,
                    Ask::Claim { .. } => Answer::Granted(vec![grant.clone()]),
                };
                speaks.publish(ask.reply.unwrap(), encode(&answer)).await.unwrap();
            }
        });
        tokio::spawn(async move {
            let parts = work.chunks(1_000_000).map(|part| part.to_vec().into());
            let parts: Vec<bytes::Bytes> = parts.collect();
            for (part, bytes) in parts.into_iter().enumerate() {
                let asked = match part {
                    0 => reads.next().await,
                    part => rest[part - 1].next().await,
                };
                tokio::time::sleep(SLOW).await;
                client.publish(asked.unwrap().reply.unwrap(), bytes).await.unwrap();
            }
        });
        let beats = Arc::clone(&beats);
        tokio::spawn(async move {
            while let Some(beat) = heard.next().await {
                beats.lock().unwrap().push(decode(&beat.payload).unwrap());
            }
        });
        world.work("w0", Arc::new(Hasher::default()))
    });
    hand.until(|event| matches!(event, Event::Began(..)));
    let beats = beats.lock().unwrap().clone();
    assert!(beats.iter().all(|beat| beat.version == version()));
    let named = beats.iter().filter(|beat| beat.holds.iter().any(|held| held.lease == lease));
    assert!(named.count() >= 2, "{beats:?}");
    hand.until(|event| matches!(event, Event::Done(..)));
    hand.stop().unwrap();
}
