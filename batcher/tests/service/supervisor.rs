//! How stages end.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cairn_batcher::{node::supervisor::Supervisor, signals::Shutdown};

const LIMIT: Duration = Duration::from_secs(30);

async fn until_stopped(mut shutdown: Shutdown) -> Result<(), String> {
    shutdown.stopped().await;
    Ok(())
}

#[tokio::test]
async fn stages_stop_one_after_the_other() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut supervisor = Supervisor::default();
    for name in ["intake", "sequencer", "watcher"] {
        let order = Arc::clone(&order);
        supervisor.start(name, move |mut shutdown| async move {
            shutdown.stopped().await;
            order.lock().unwrap().push((name, "asked"));
            tokio::task::yield_now().await;
            order.lock().unwrap().push((name, "ended"));
            Ok::<(), String>(())
        });
    }
    supervisor.stop(LIMIT).await.unwrap();
    let expected = ["intake", "sequencer", "watcher"];
    let expected: Vec<_> =
        expected.into_iter().flat_map(|n| [(n, "asked"), (n, "ended")]).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_stage_that_fails_panics_or_ends_is_named() {
    type Stage = fn() -> Result<(), String>;
    let cases: [(Stage, &str); 3] = [
        (|| Err("no disk".to_owned()), "proving: no disk"),
        (|| panic!("a bug"), "proving: panicked: a bug"),
        (|| Ok(()), "proving: ended, though nobody asked it to"),
    ];
    for (end, expected) in cases {
        let mut supervisor = Supervisor::default();
        supervisor.start("intake", until_stopped);
        supervisor.start("proving", move |_| async move { end() });
        assert_eq!(supervisor.failure().await.to_string(), expected);
        supervisor.stop(LIMIT).await.unwrap();
    }
}

#[tokio::test]
async fn who_does_not_stop_in_time_is_ended() {
    let mut supervisor = Supervisor::default();
    supervisor.start("settlement", |_| std::future::pending::<Result<(), String>>());
    supervisor.start("watcher", until_stopped);
    let late = supervisor.stop(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(late.to_string(), "settlement: had not stopped after 1 s, and was ended");
}
