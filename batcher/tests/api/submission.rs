//! Submission: answered when durable and not before, an outcome for each, the same twice is one.

use std::time::Duration;

use cairn_batcher::{
    api::{
        hex::Hex,
        methods,
        sources::Refused,
        wire::{self, SubmitOutcome},
    },
    client::ClientError,
};

use super::world::{BOB, World, hash_of, transfer, withdraw};

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_durable() {
    let world = World::start().await;
    for (client, nonce) in [(world.http().await, 10), (world.websocket().await, 11)] {
        let signed = transfer(nonce, 1);
        world.intake.hold();
        let submission = client.submit(&signed);
        tokio::pin!(submission);
        tokio::select! {
            early = &mut submission => panic!("answered while nothing was written: {early:?}"),
            () = world.intake.came.notified() => {}
        }
        assert_eq!(world.store.hashes.get(&hash_of(&signed)).unwrap(), None);
        world.intake.release();
        let submitted = submission.await.unwrap();
        let stored = world.store.hashes.get(&hash_of(&signed)).unwrap();
        assert_eq!(stored, Some(submitted.sequence));
        assert_eq!(submitted.hash, hash_of(&signed).into());
        let again = client.submit(&signed).await.unwrap();
        assert_eq!(again, submitted, "the same transaction again is the same transaction");
    }
}

#[tokio::test]
async fn each_of_many_has_its_own_outcome_in_their_order() {
    let world = World::start().await;
    let client = world.websocket().await;
    let (first, last) = (transfer(20, 1), withdraw("bob", BOB, 1, 2));
    let mut broken = transfer(21, 1).to_bytes();
    broken[0] = 0x77;
    let transactions = vec![Hex(first.to_bytes()), Hex(broken), Hex(last.to_bytes())];
    let outcomes = client.call::<methods::SubmitMany>(&wire::SubmitMany { transactions }).await;
    let outcomes = outcomes.unwrap();
    let [SubmitOutcome::Accepted(a), SubmitOutcome::Refused(b), SubmitOutcome::Accepted(c)] =
        &outcomes[..]
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!((a.hash, c.hash), (hash_of(&first).into(), hash_of(&last).into()));
    assert_eq!((b.code, &*b.data.reason), (1001, "malformed_transaction"));
    assert!(b.message.contains("0x77"), "{}", b.message);
}

#[tokio::test]
async fn a_refusal_says_why_and_when_to_come_back() {
    let world = World::start().await;
    let client = world.http().await;
    let refusal = Refused {
        reason: "throttled",
        message: "proving is 9 batches behind, expected at most 8".into(),
        retryable: true,
        retry_after_ms: Some(5),
    };
    *world.intake.refusal.lock().unwrap() = Some(refusal);
    let params = wire::SubmitOne { transaction: Hex(transfer(30, 1).to_bytes()) };
    let error = client.call::<methods::Submit>(&params).await.unwrap_err();
    assert!(error.is_transient());
    let ClientError::Refused { code: 1002, data: Some(data), .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((&*data.reason, data.retry_after_ms), ("throttled", Some(5)));
    // The client comes back until the service takes it.
    let opened = async {
        tokio::time::sleep(Duration::from_millis(8)).await;
        *world.intake.refusal.lock().unwrap() = None;
    };
    let signed = transfer(30, 1);
    let (submitted, ()) = tokio::join!(client.submit(&signed), opened);
    submitted.unwrap();
}

#[tokio::test]
async fn a_mempool_that_hangs_ends_in_an_answer() {
    let world = World::with(|config| config.request_timeout_s = 1).await;
    let client = world.http().await;
    world.intake.hold();
    let params = wire::SubmitOne { transaction: Hex(transfer(40, 1).to_bytes()) };
    let error = client.call::<methods::Submit>(&params).await.unwrap_err();
    assert_eq!(error.reason(), Some("timeout"));
    assert!(error.is_transient(), "it is known by its hash: to send it again is safe");
    assert!(error.to_string().contains("within 1 s"), "as long as it was waited: {error}");
    // Over a WebSocket too, where nothing else would end it.
    let error = world.websocket().await.call::<methods::Submit>(&params).await.unwrap_err();
    assert_eq!(error.reason(), Some("timeout"));
}
