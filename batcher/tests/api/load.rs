//! The load generator counts what happened: accepted, refused with its reason, lost.

use std::{sync::atomic::Ordering, time::Duration};

use cairn_batcher::{
    api::sources::Refused,
    load::{self, LoadError, LoadOptions, Progress},
};

use super::world::World;

struct Silent;

impl Progress for Silent {
    fn step(&self, _: &'static str, _: u64, _: u64) {}
}

fn options(world: &World) -> LoadOptions {
    LoadOptions {
        url: format!("http://{}", world.url),
        rate: 100,
        seconds: 1,
        accounts: 2,
        input: None,
        wait: Duration::ZERO,
        connections: 3,
        batch: 10,
        funding: None,
        allow_remote: false,
    }
}

#[tokio::test]
async fn what_is_accepted_is_counted_and_checked() {
    let world = World::start().await;
    let report = load::run(options(&world), &Silent).await.unwrap();
    assert_eq!((report.offered, report.accepted, report.refused, report.lost), (100, 100, 0, 0));
    assert_eq!((report.finality_s.proven, report.finality_s.unproven), (0, 100));
    assert!(report.seconds >= 0.99, "an open loop takes its time: {} s", report.seconds);
    let ack = report.ack_ms.unwrap();
    assert!(0.0 < ack.p50 && ack.p50 <= ack.p95 && ack.p95 <= ack.p99);
    let json = serde_json::to_value(&report).unwrap();
    for key in ["offered", "accepted", "refused", "lost", "ack_ms", "finality_s"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    // A second run starts at the nonces that the service names.
    let accepted = world.store.log.last().unwrap().unwrap().0;
    assert_eq!(accepted, 6 + 100 - 1);
}

#[tokio::test]
async fn what_is_acknowledged_and_not_kept_is_lost() {
    let world = World::start().await;
    world.intake.lies.store(true, Ordering::SeqCst);
    let report = load::run(options(&world), &Silent).await.unwrap();
    assert_eq!((report.accepted, report.lost), (100, 100));
}

#[tokio::test]
async fn what_is_refused_is_counted_by_its_reason() {
    let world = World::start().await;
    let refusal = |retryable| Refused {
        reason: "fee_too_low",
        message: "fee: expected at least 9, got 3".into(),
        retryable,
        retry_after_ms: retryable.then_some(1),
    };
    for retryable in [false, true] {
        *world.intake.refusal.lock().unwrap() = Some(refusal(retryable));
        let report = load::run(options(&world), &Silent).await.unwrap();
        assert_eq!((report.offered, report.accepted, report.refused), (100, 0, 100));
        assert_eq!(report.refusals.get("fee_too_low"), Some(&100));
        assert!(report.ack_ms.is_none());
    }
}

#[tokio::test]
async fn too_few_accounts_are_one_clear_line() {
    let world = World::start().await;
    let more = LoadOptions { accounts: 3, ..options(&world) };
    let error = load::run(more, &Silent).await.unwrap_err();
    assert!(matches!(error, LoadError::Accounts { expected: 3, got: 2 }), "{error}");
    assert!(error.to_string().contains("--accounts 3"), "{error}");
}
