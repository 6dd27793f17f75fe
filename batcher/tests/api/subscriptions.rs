//! News: every block and batch once, each stage of a transaction once, and no memory for who does not read.

use std::time::{Duration, Instant};

use cairn_batcher::{
    api::{
        methods,
        wire::{ByHash, Nothing, Stage},
    },
    client::Client,
    store::records::{Block, L1View, SealedBatch},
};
use jsonrpsee::core::client::Subscription;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{
    raw::{frame, masked, upgrade},
    world::{OPEN, TRANSFER, World},
};

async fn next<T: DeserializeOwned>(news: &mut Subscription<T>) -> Option<T> {
    let next = tokio::time::timeout(Duration::from_secs(10), news.next()).await;
    next.expect("news within ten seconds").map(Result::unwrap)
}

fn make_blocks(world: &World, numbers: std::ops::RangeInclusive<u64>) {
    let last = world.store.blocks.last().unwrap().unwrap().1;
    let mut write = world.store.write();
    for number in numbers {
        let block = Block { number, operations: Vec::new(), ..last.clone() };
        write.put(&world.store.blocks, &number, &block).unwrap();
    }
    write.commit().unwrap();
    world.signals.block.ring();
}

#[tokio::test]
async fn every_block_once_and_in_order() {
    let world = World::start().await;
    let client = world.websocket().await;
    let mut blocks =
        client.subscribe::<methods::SubscribeBlocks>(methods::BLOCKS, &Nothing {}).await.unwrap();
    make_blocks(&world, 4..=4);
    assert_eq!(next(&mut blocks).await.unwrap().number, 4);
    world.signals.block.ring(); // no news: nothing is sent
    make_blocks(&world, 5..=204);
    for number in 5..=204 {
        assert_eq!(next(&mut blocks).await.unwrap().number, number);
    }
}

#[tokio::test]
async fn every_batch_once() {
    let world = World::start().await;
    let client = world.websocket().await;
    let mut batches =
        client.subscribe::<methods::SubscribeBatches>(methods::BATCHES, &Nothing {}).await.unwrap();
    let first = world.store.batches.get(&1).unwrap().unwrap();
    let second = SealedBatch { number: 2, first_block: 3, last_block: 3, ..first };
    let mut write = world.store.write();
    write.put(&world.store.batches, &2, &second).unwrap();
    write.commit().unwrap();
    world.signals.sealed.ring();
    assert_eq!(next(&mut batches).await.unwrap().number, 2);
}

#[tokio::test]
async fn each_stage_of_a_transaction_once_to_its_end() {
    let world = World::start().await;
    let client = world.websocket().await;
    let of = ByHash { hash: world.hashes[TRANSFER] };
    let mut stages =
        client.subscribe::<methods::SubscribeTransaction>(methods::STAGES, &of).await.unwrap();
    let expected =
        [Stage::Accepted, Stage::InBlock, Stage::Batched, Stage::Committed, Stage::Proven];
    for stage in expected {
        assert_eq!(next(&mut stages).await.unwrap().stage, stage);
    }
    world.signals.l1.ring(); // no stage: nothing is sent
    let view = L1View { finalized: 1, ..world.store.l1_view.get(&()).unwrap().unwrap() };
    let mut write = world.store.write();
    write.put(&world.store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
    world.signals.l1.ring();
    assert_eq!(next(&mut stages).await.unwrap().stage, Stage::Finalized);

    let of = ByHash { hash: cairn_batcher::api::hex::Hex([5; 32]) };
    let mut unknown =
        client.subscribe::<methods::SubscribeTransaction>(methods::STAGES, &of).await.unwrap();
    assert!(next(&mut unknown).await.is_none(), "an unknown transaction ends it");
    let of = ByHash { hash: world.hashes[OPEN] };
    let open = client.subscribe::<methods::SubscribeTransaction>(methods::STAGES, &of).await;
    let mut open = open.unwrap();
    assert_eq!(next(&mut open).await.unwrap().stage, Stage::Accepted);
    open.unsubscribe().await.unwrap();
}

/// A client that does not read: its buffer fills, and it is dropped with a reason. Spoken without a client library,
/// which would read for us.
#[tokio::test]
async fn a_slow_client_is_dropped_with_a_reason() {
    // The server's tasks are on this thread, and so is what they count.
    let recorder = PrometheusBuilder::new().build_recorder();
    let (metrics, _guard) = (recorder.handle(), metrics::set_default_local_recorder(&recorder));
    let world = World::with(|config| {
        config.subscription_buffer = 1;
        config.subscriber_patience_s = 2;
    })
    .await;
    let mut socket = upgrade(&world, None).await;
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "cairn_subscribeBlocks", "params": [] });
    socket.write_all(&masked(subscribe.to_string().as_bytes())).await.unwrap();
    // Its answer has come; from here on nothing is read while far more comes than sockets hold.
    let answer = frame(&mut socket).await;
    assert!(answer.contains("\"result\""), "{answer}");
    make_blocks(&world, 4..=100_000);
    // The subscription has ended; the connection is waited for twice as long.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !metrics.render().contains("cairn_api_slow_subscribers_total 1\n") {
        assert!(Instant::now() < deadline, "it is not dropped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut count = 0;
    loop {
        let message: Value = serde_json::from_str(&frame(&mut socket).await).unwrap();
        let params = &message["params"];
        if params.get("error").is_some() {
            assert_eq!(params["error"]["data"]["reason"], "too_slow", "{message}");
            break;
        }
        count += 1;
        assert!(count < 99_997, "all were sent");
    }
}

/// A client that asks for much, does not read, and goes on asking: what waits for it is bounded, the connection ends,
/// and its place is free again.
#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_dropped() {
    let world = World::with(|config| {
        config.max_connections = 1;
        // Places that are kept for this machine are not for proxies.
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        config.subscriber_patience_s = 1;
    })
    .await;
    let mut socket = upgrade(&world, None).await;
    // Each answer is the description, of tens of kilobytes; sockets hold some megabytes.
    let ask = json!({ "jsonrpc": "2.0", "id": 1, "method": "rpc.discover", "params": [] });
    let ask = masked(ask.to_string().as_bytes());
    let lot = ask.repeat(100);
    let (mut asked, mut held_back) = (0, false);
    let ended = loop {
        match tokio::time::timeout(Duration::from_millis(500), socket.write_all(&lot)).await {
            Err(_) => held_back = true,
            Ok(Ok(())) => asked += 100,
            Ok(Err(error)) => break error,
        }
        assert!(asked < 1_000_000, "it is read however little it reads");
    };
    assert!(held_back, "nothing is read from it, so that it cannot write, before {ended}");
    let metrics = tokio::runtime::Handle::current().metrics();
    let deadline = Instant::now() + Duration::from_secs(10);
    while Client::connect(&format!("ws://{}", world.url)).await.is_err() {
        assert!(Instant::now() < deadline, "the place was not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(metrics.num_alive_tasks() < 200, "{} tasks are left", metrics.num_alive_tasks());
}
