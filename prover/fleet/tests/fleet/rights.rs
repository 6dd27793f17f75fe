//! What a worker may not do, tried with its own credentials.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions};
use bytes::Bytes;
use cairn_fleet::{
    message::{Lease, Note},
    names::Names,
    queue::Queue,
};
use cairn_prover::Cancel;
use futures_util::StreamExt;

use crate::{
    plan::{Hasher, TestPlan},
    world::{World, prove},
};

pub(crate) async fn connect(world: &World, names: &Names, user: &str) -> Client {
    let (name, password) = (format!("{names}-{user}"), user.to_owned());
    let options = ConnectOptions::with_user_and_password(name, password);
    let options = options.custom_inbox_prefix(format!("_INBOX.{user}"));
    options.connect(world.server.url()).await.unwrap()
}

/// What is answered within a moment.
async fn asked(client: &Client, subject: &str, body: &'static str) -> Option<Bytes> {
    let asked = client.request(subject.to_owned(), body.into());
    let answer = tokio::time::timeout(Duration::from_millis(400), asked).await.ok()?.ok()?;
    (answer.status.is_none() && !answer.payload.is_empty()).then_some(answer.payload)
}

pub(crate) async fn count(coordinator: &Client, names: &Names, stream: &str) -> u64 {
    let stream = format!("{names}_{stream}");
    let context = async_nats::jetstream::new(coordinator.clone());
    context.get_stream(stream).await.unwrap().info().await.unwrap().state.messages
}

/// Expected: none of it is answered, and all streams are as before.
#[test]
fn a_worker_reaches_nothing_of_others() {
    let world = World::new();
    let names = &world.names;
    let (fleet, cancel) = (world.coordinator(), Cancel::default());
    // Work that no answer holds is on the server.
    let plan = TestPlan::new(1, 4).with_witness(200_000);
    std::thread::scope(|scope| {
        let held = Hasher { held: Some(false.into()), ..Hasher::default() };
        let held = Arc::new(held);
        let holder = world.work("w1", held.clone());
        let proof = scope.spawn(|| prove(&fleet, &plan, &cancel).is_err());
        holder.until(|event| matches!(event, cairn_fleet::worker::Event::Began(..)));
        world.runtime.block_on(async {
            let w0 = connect(&world, names, "w0").await;
            let coordinator = connect(&world, names, "coordinator").await;
            let before = (
                count(&coordinator, names, "LEAF").await,
                count(&coordinator, names, "PAYLOAD").await,
                count(&coordinator, names, "RESULT").await,
            );
            assert!(before.0 >= 1 && before.1 >= 1, "{before:?}");
            let (worker, lease) = ("w1".parse().unwrap(), Lease::random());
            let forbidden = [
                "$JS.API.STREAM.NAMES".to_owned(),
                "$JS.API.STREAM.LIST".to_owned(),
                format!("$JS.API.STREAM.INFO.{names}_LEAF"),
                format!("$JS.API.STREAM.DELETE.{names}_LEAF"),
                format!("$JS.API.STREAM.PURGE.{names}_LEAF"),
                format!("$JS.API.STREAM.MSG.GET.{names}_PAYLOAD"),
                format!("$JS.API.CONSUMER.CREATE.{names}_PAYLOAD"),
                format!("$JS.API.CONSUMER.DELETE.{names}_LEAF.leaf-small"),
                format!("$JS.API.DIRECT.GET.{names}_PAYLOAD"),
                format!("$JS.API.DIRECT.GET.{names}_PAYLOAD.{names}.payload.>"),
                format!("$JS.API.DIRECT.GET.{names}_PAYLOAD.{names}.payload.w1.*.*"),
                format!("$JS.API.DIRECT.GET.{names}_PAYLOAD.{names}.payload.*.*.*"),
                names.read(&worker, &lease, 0),
                names.task(Queue::LeafSmall),
                names.ask("w1"),
                names.beat("w1"),
                names.result(&worker, &lease),
                names.note(&worker, &lease),
                names.ack(Queue::LeafSmall, 1, 1),
                names.ack(Queue::LeafSmall, 2, 2),
                "beta.ask.w0".to_owned(),
                "beta.result.w0.x".to_owned(),
            ];
            for subject in &forbidden {
                for body in ["", "{}", "+ACK", r#"{"seq":1}"#] {
                    assert_eq!(asked(&w0, subject, body).await, None, "{subject} {body}");
                }
            }
            // The answer to what it may ask does not do what it may not.
            let pull = names.next(Queue::Wrap);
            for reply in &forbidden {
                let body: Bytes = r#"{"batch":1,"no_wait":true}"#.into();
                w0.publish_with_reply(pull.clone(), reply.clone(), body).await.unwrap();
            }
            w0.flush().await.unwrap();
            let mut heard = w0.subscribe(format!("{names}.>")).await.unwrap();
            let inboxes = w0.subscribe("_INBOX.>").await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(futures_util::FutureExt::now_or_never(heard.next()).flatten().is_none());
            drop(inboxes);
            let after = (
                count(&coordinator, names, "LEAF").await,
                count(&coordinator, names, "PAYLOAD").await,
                count(&coordinator, names, "RESULT").await,
            );
            assert_eq!(before, after);
        });
        held.held.as_ref().unwrap().store(true, std::sync::atomic::Ordering::SeqCst);
        cancel.cancel();
        assert!(proof.join().unwrap());
        holder.stop().unwrap();
    });
}

/// Expected: a result under a lease that nobody was given, and one that another holds, are counted and dropped.
#[test]
fn a_result_of_what_it_does_not_hold_counts_for_nothing() {
    let world = World::new();
    let fleet = world.coordinator();
    world.runtime.block_on(async {
        let w0 = connect(&world, &world.names, "w0").await;
        for _ in 0..2 {
            let lease = Lease::random();
            let subject = world.names.result(&"w0".parse().unwrap(), &lease);
            assert!(asked(&w0, &subject, "a proof").await.is_some(), "it is stored");
            let note = cairn_fleet::message::encode(&Note::Failed("x".to_owned()));
            let subject = world.names.note(&"w0".parse().unwrap(), &lease);
            w0.publish(subject, note).await.unwrap();
        }
        w0.flush().await.unwrap();
    });
    // Leases of an earlier coordinator are waited for within its first minute.
    std::thread::sleep(Duration::from_millis(500));
    let outcomes = world.look(&fleet).outcomes;
    assert_eq!((outcomes.accepted, outcomes.failed, outcomes.refused), (0, 0, 0));
}

/// Expected: two rollups on one server prove at the same time, and neither's workers see the other's.
#[test]
fn two_rollups_share_a_server() {
    let world = World::new();
    let rollups = ["alpha", "beta"].map(|name| name.parse::<Names>().unwrap());
    let fleets = rollups.each_ref().map(|names| world.coordinator_of(names));
    let hashers = [(); 2].map(|()| Arc::new(Hasher::default()));
    let hands: Vec<_> = rollups
        .iter()
        .zip(&hashers)
        .map(|(names, hasher)| world.work_with(world.config(names, "w0"), hasher.clone()))
        .collect();
    std::thread::scope(|scope| {
        for (n, fleet) in fleets.iter().enumerate() {
            let world = &world;
            scope.spawn(move || world.prove(fleet, &TestPlan::new(n as u32, 3)).unwrap());
        }
    });
    for (fleet, hasher) in fleets.iter().zip(&hashers) {
        assert_eq!(hasher.count(), 8);
        assert_eq!(world.look(fleet).workers.len(), 1);
    }
    hands.into_iter().for_each(|hand| hand.stop().unwrap());
}
