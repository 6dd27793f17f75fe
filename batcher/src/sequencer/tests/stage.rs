//! The stage as the node runs it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::world::{World, domain, key, open, transfer};
use crate::{
    sequencer::{Command, Input, SequencerConfig, Standing, commands, run, start},
    signals::{Signals, shutdown},
    store::records::SealReason,
};

/// Polls until it holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_carried_out_and_the_stage_ends() {
    let mut world = World::new(SequencerConfig::default());
    world.submit(transfer(0, 1, 0, 10), key(0));
    let pool = world.process().pool.clone();
    world.kill();
    let store = open(&world.folder);
    let started = start(&store, domain()).unwrap();
    let ledger = started.ledger().clone();
    let (orders, receiver) = commands();
    let (stop, stopped) = shutdown();
    let config = SequencerConfig { block_interval_ms: 10, ..Default::default() };
    let input =
        Input { started, transactions: pool.clone(), config, domain: domain(), commands: receiver };
    let signals = Signals::default();
    signals.l1_is_read.set();
    let stage = tokio::spawn(run(input, store.clone(), signals, stopped));

    until("the first block", || ledger.head().block == 1).await;
    orders.give(Command::Pause).await.unwrap();
    assert_eq!(ledger.status().standing, Standing::Paused);
    let refused = orders.give(Command::Seal).await.unwrap_err();
    assert_eq!(refused, "the sequencer is paused");
    orders.give(Command::Resume).await.unwrap();
    orders.give(Command::Seal).await.unwrap();
    let batch = store.batches.get(&1).unwrap().unwrap();
    assert_eq!((batch.operations, batch.reason), (6, SealReason::Asked));
    until("the sealed batch is checked", || store.jobs.contains(&1).unwrap()).await;
    orders.give(Command::Drain).await.unwrap();
    assert_eq!(ledger.status().standing, Standing::Draining);
    assert_eq!(pool.throttled().as_deref(), Some("the operator is stopping"));

    stop.stop();
    stage.await.unwrap().unwrap();
    assert_eq!(orders.give(Command::Seal).await.unwrap_err(), "the sequencer has stopped");
}
