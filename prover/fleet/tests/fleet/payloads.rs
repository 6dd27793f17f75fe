//! Granted work that is not there any more, or is not what was granted.

use std::sync::Arc;

use async_nats::jetstream::{self, Context, stream::Config};
use bytes::Bytes;
use cairn_fleet::{
    layout,
    message::{Grant, Lease, WorkerId},
    payload::{self, PayloadError},
    worker::Event,
};
use cairn_prover::claim::AssignmentId;

use crate::{
    plan::{Hasher, TestPlan},
    rights::connect,
    world::World,
};

/// Work of three parts.
const BYTES: usize = 2_500_000;

/// What is done to the work of a lease, that of another beside it.
#[derive(Debug, Clone, Copy)]
enum Loss {
    All,
    Part,
    Shorter,
    Longer,
    Changed,
    PartsExchanged,
    AnotherLeaseS,
}

async fn put(jetstream: &Context, world: &World, lease: &Lease, part: usize, bytes: Vec<u8>) {
    let subject = world.names.payload(worker().as_str(), lease, part);
    jetstream.publish(subject, bytes.into()).await.unwrap().await.unwrap();
}

async fn grant(jetstream: &Context, world: &World, lease: &Lease, work: &Bytes) -> Grant {
    payload::put(jetstream, &world.names, &worker(), lease, work).await.unwrap();
    payload::describe(AssignmentId::new("1-chunk-wrapper-0").unwrap(), lease.clone(), work)
}

fn worker() -> WorkerId {
    "w0".parse().unwrap()
}

/// Expected: a worker does not take it for what it was granted, and says what is wrong with it;
/// what is untouched it reads.
#[test]
fn work_that_is_not_as_granted_is_not_begun() {
    let world = World::new();
    let (work, w0): (Bytes, _) = ((0..BYTES).map(|i| (i * 7 % 251) as u8).collect(), worker());
    let other: Bytes = vec![3; BYTES].into();
    let part = |work: &Bytes, part: usize| {
        work[part * 1_000_000..BYTES.min((part + 1) * 1_000_000)].to_vec()
    };
    world.runtime.block_on(async {
        let jetstream = jetstream::new(connect(&world, &world.names, "coordinator").await);
        layout::make(&jetstream, &world.names, 1).await.unwrap();
        let client = connect(&world, &world.names, "w0").await;
        let names = &world.names;
        for loss in [
            Loss::All,
            Loss::Part,
            Loss::Shorter,
            Loss::Longer,
            Loss::Changed,
            Loss::PartsExchanged,
            Loss::AnotherLeaseS,
        ] {
            let lease = Lease::random();
            let grant = grant(&jetstream, &world, &lease, &work).await;
            assert_eq!(payload::get(&client, names, &w0, &grant).await.unwrap(), work);
            let put = async |n, bytes| put(&jetstream, &world, &lease, n, bytes).await;
            match loss {
                Loss::All => {
                    let stream = jetstream.get_stream(names.payloads()).await.unwrap();
                    let all = names.payload(w0.as_str(), &lease, "*");
                    stream.purge().filter(all).await.unwrap();
                }
                Loss::Part => {
                    let stream = jetstream.get_stream(names.payloads()).await.unwrap();
                    stream.purge().filter(names.payload(w0.as_str(), &lease, 1)).await.unwrap();
                }
                Loss::Shorter => put(2, part(&work, 2)[1..].to_vec()).await,
                Loss::Longer => put(0, vec![7; 1_900_000]).await,
                Loss::Changed => put(1, [&[1], &part(&work, 1)[1..]].concat()).await,
                Loss::PartsExchanged => {
                    put(0, part(&work, 1)).await;
                    put(1, part(&work, 0)).await;
                }
                Loss::AnotherLeaseS => {
                    for n in 0..3 {
                        put(n, part(&other, n)).await;
                    }
                }
            }
            let error = payload::get(&client, names, &w0, &grant).await.unwrap_err();
            println!("{loss:?}: {error}");
            match loss {
                Loss::All => assert!(matches!(error, PayloadError::Missing { part: 0, .. })),
                Loss::Part => assert!(matches!(error, PayloadError::Missing { part: 1, .. })),
                _ => assert!(matches!(error, PayloadError::Changed { .. })),
            }
        }
    });
}

/// Expected: a worker that does not find its work gives it back, which is no failure of it; it is
/// put there again for the next claim, and the proof is made once the server keeps it.
#[test]
fn work_that_the_server_does_not_keep_is_granted_again() {
    let world = World::new();
    let names = &world.names;
    let config = Config {
        name: names.payloads(),
        subjects: vec![format!("{names}.payload.*.*.*")],
        allow_direct: true,
        // The last part alone stays.
        max_messages: 1,
        ..Config::default()
    };
    let jetstream = world.runtime.block_on(async {
        let jetstream = jetstream::new(connect(&world, names, "coordinator").await);
        jetstream.create_stream(config.clone()).await.unwrap();
        jetstream
    });
    let coordinator = world.coordinator();
    let hand = world.work("w0", Arc::new(Hasher::default()));
    std::thread::scope(|scope| {
        let plan = TestPlan::new(1, 2).with_witness(BYTES);
        let proof = scope.spawn(|| world.prove(&coordinator, &{ plan }).unwrap());
        let is_missing = |reason: &str| reason.contains("part 0 of the work is not there");
        let is_it = |event: &Event| matches!(event, Event::Returned(_, why) if is_missing(why));
        hand.until(is_it);
        assert!(!proof.is_finished());
        let kept = Config { max_messages: -1, ..config };
        world.runtime.block_on(async { jetstream.update_stream(&kept).await.unwrap() });
        proof.join().unwrap();
        let returned = hand.events().iter().filter(|event| is_it(event)).count() as u64;
        let outcomes = world.look(&coordinator).outcomes;
        println!("{returned} times it was not there: {outcomes:?}");
        assert_eq!((outcomes.accepted, outcomes.returned), (6, returned), "{outcomes:?}");
        assert_eq!((outcomes.failed, outcomes.refused), (0, 0), "{outcomes:?}");
        // It is tried again and again, and not without a pause.
        assert!(returned < 100, "{returned}");
    });
    hand.stop().unwrap();
}
