//! Blobs from a beacon node that is right, wrong, forgetful, endless or silent.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy::primitives::{B256, Bytes};
use cairn_batcher::reconstruct::{
    ReconstructError, Reconstruction, Rollup,
    beacon::Beacon,
    blobs::{Blobs, LocalNode},
    source::{DataError, Sources},
};
use cairn_types::Transaction;
use serde_json::json;

use crate::{
    server::{Answer, Server},
    world::{FIRST, World},
};

/// Seconds of a slot, other than mainnet's.
const SECONDS: u64 = 6;
/// Slots between the node's genesis and the batch's block.
const SLOT: u64 = 1_000;

/// A rollup whose second batch has its data in one blob.
struct InBlobs {
    world: World,
    rollup: Rollup,
    hash: B256,
    blob: Bytes,
    genesis: u64,
}

impl InBlobs {
    async fn new() -> Self {
        let mut world = World::new().await;
        world.deposit(1, 1_000).await;
        world.deposit(2, 1_000).await;
        world.commit(&[]).await;
        let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 7, fee: 1 };
        let [hash] = world.commit_blobs(&[(1, transfer)]).await[..] else { panic!("one blob") };
        let rollup = Rollup::read(&world.url, world.rollup, 0, None, &()).await.unwrap();
        let mut node = Blobs::default();
        node.push(LocalNode(world.provider.clone()));
        let blob = node.get(hash, 0).await.unwrap();
        // In the middle of the slot: a block's time is its start, but no matter.
        let genesis = rollup.head().timestamp - SLOT * SECONDS - SECONDS / 2;
        Self { world, rollup, hash, blob, genesis }
    }

    /// A node with this answer to the newer method, and to the older one.
    async fn node(
        &self,
        blobs: impl Fn() -> Answer + Send + Sync + 'static,
        sidecars: impl Fn() -> Answer + Send + Sync + 'static,
    ) -> Server {
        let (genesis, hash) = (self.genesis.to_string(), self.hash);
        Server::start(move |path| match path {
            "/eth/v1/beacon/genesis" => Answer::json(&json!({ "data": {
                "genesis_time": genesis,
                "genesis_validators_root": B256::ZERO,
                "genesis_fork_version": "0x00000000",
            }})),
            "/eth/v1/config/spec" => Answer::json(&json!({ "data": {
                "SECONDS_PER_SLOT": SECONDS.to_string(),
                "BLOB_SCHEDULE": [{ "EPOCH": "1", "MAX_BLOBS_PER_BLOCK": "21" }],
            }})),
            "/eth/v1/beacon/blob_sidecars/1000" => sidecars(),
            path if path == format!("/eth/v1/beacon/blobs/1000?versioned_hashes={hash}") => blobs(),
            other => panic!("{other}"),
        })
        .await
    }

    async fn rebuild(&self, beacon: Beacon) -> Result<Reconstruction, ReconstructError> {
        let mut blobs = Blobs::default();
        blobs.push(beacon);
        let mut sources = Sources::default();
        sources.push(blobs);
        self.rollup.reconstruct(2, None, &Arc::new(sources), &()).await
    }

    /// What is missing of the second batch, and the whole line.
    async fn refusal(&self, server: &Server) -> String {
        let beacon = Beacon::new(&server.url).unwrap();
        let error = self.rebuild(beacon).await.unwrap_err();
        let line = error.to_string();
        assert!(line.starts_with("batch 2 (only committed): "), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        let ReconstructError::Data { source, .. } = error else { panic!("{line}") };
        assert!(
            matches!(&source, DataError::MissingBlobs { missing, .. } if missing == &[self.hash])
        );
        line
    }
}

/// Blobs as the newer method has them, and as the older one has.
fn list(blobs: &[Bytes]) -> Answer {
    Answer::json(&json!({ "execution_optimistic": false, "finalized": true, "data": blobs }))
}

fn sidecars(blobs: &[Bytes]) -> Answer {
    let sidecar = |blob| json!({ "index": "0", "blob": blob, "kzg_commitment": "0x" });
    Answer::json(&json!({ "data": blobs.iter().map(sidecar).collect::<Vec<_>>() }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_blob_is_found_by_either_method_and_among_others() {
    let batch = InBlobs::new().await;
    // A blob of somebody else in the same block: zeros are one.
    let both = [Bytes::from(vec![0; batch.blob.len()]), batch.blob.clone()];
    let newer = batch.node(
        {
            let both = both.clone();
            move || list(&both)
        },
        || panic!("not asked for"),
    );
    let older = batch.node(Answer::not_found, move || sidecars(&both));
    for (server, requests) in [(newer.await, 3), (older.await, 4)] {
        let rebuilt =
            batch.rebuild(Beacon::new(&format!("{}/", server.url)).unwrap()).await.unwrap();
        assert!(rebuilt.state.accounts().eq(batch.world.state.accounts()));
        assert_eq!(rebuilt.record, batch.world.records[2]);
        assert_eq!(server.asked.lock().unwrap().len(), requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_blob_is_refused_by_its_versioned_hash() {
    let batch = InBlobs::new().await;
    let mut swapped = batch.blob.to_vec();
    swapped[40] ^= 1;
    // Not the batch's, not a blob at all, not even of a blob's length.
    for (other, reason) in [
        (swapped.clone(), "has another blob in its place, 0x01"),
        (vec![0xff; swapped.len()], "has no blob in its place ("),
        (swapped[1..].to_vec(), "has 131071 bytes in its place, expected 131072"),
    ] {
        let other = [Bytes::from(other)];
        let newer = batch.node(
            {
                let other = other.clone();
                move || list(&other)
            },
            || panic!("not asked for"),
        );
        let newer = newer.await;
        let older = batch.node(Answer::not_found, move || sidecars(&other)).await;
        for server in [newer, older] {
            let line = batch.refusal(&server).await;
            let named = format!("beacon node {}: {reason}", &server.url["http://".len()..]);
            assert!(line.contains(&named), "{line}");
        }
    }
    let several = [Bytes::from(swapped), Bytes::new()];
    let server = batch.node(move || list(&several), || panic!("not asked for")).await;
    let line = batch.refusal(&server).await;
    assert!(line.contains("has 2 other blobs in its place"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_blobs_are_named_with_what_to_do() {
    let batch = InBlobs::new().await;
    // Nodes say either.
    let gone = batch.node(Answer::not_found, Answer::not_found).await;
    let empty = batch.node(|| list(&[]), || sidecars(&[])).await;
    for server in [gone, empty] {
        let line = batch.refusal(&server).await;
        for part in [
            "has no blobs of slot 1000",
            "18 days",
            "--blobs DIR",
            "--beacon URL",
            "--from-snapshot",
        ] {
            assert!(line.contains(part), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_none_is_one_clear_line() {
    let batch = InBlobs::new().await;
    let page =
        batch.node(|| Answer::Whole(200, b"<html>\nhello".to_vec()), Answer::not_found).await;
    let line = batch.refusal(&page).await;
    assert!(line.contains("its answer is not a beacon node's (expected value at line 1"), "{line}");
    let other =
        batch.node(|| Answer::json(&json!({ "data": { "blobs": 7 } })), Answer::not_found).await;
    let line = batch.refusal(&other).await;
    assert!(line.contains("its answer is not a beacon node's"), "{line}");
    // What the node says of its refusal is passed on.
    let few = json!({ "code": 400, "message": "insufficient data columns\n" });
    let few = batch.node(move || Answer::json(&few).status(400), Answer::not_found).await;
    let line = batch.refusal(&few).await;
    assert!(line.contains("400 Bad Request: insufficient data columns\\n"), "{line}");
    let refused = Beacon::with_attempt("http://127.0.0.1:1", Duration::from_secs(1)).unwrap();
    let line = batch.rebuild(refused).await.unwrap_err().to_string();
    let named = "beacon node 127.0.0.1:1: /eth/v1/beacon/genesis: ";
    assert!(line.contains("Connection refused") && line.contains(named), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_not_read_to_its_end() {
    let batch = InBlobs::new().await;
    let server = batch.node(|| Answer::Endless("{\"data\":[\"0x"), Answer::not_found).await;
    let line = batch.refusal(&server).await;
    assert!(line.contains("more than 34078720 bytes"), "{line}");
    // What the sockets between have taken besides.
    let sent = server.sent.load(Ordering::Relaxed);
    assert!(sent < 34_078_720 + (16 << 20), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_is_not_waited_for() {
    let batch = InBlobs::new().await;
    let server = batch.node(|| Answer::Never, || panic!("not asked for")).await;
    let started = Instant::now();
    let beacon = Beacon::with_attempt(&server.url, Duration::from_millis(300)).unwrap();
    let line = batch.rebuild(beacon).await.unwrap_err().to_string();
    assert!(line.contains("no whole answer within 0.3 s"), "{line}");
    assert!(started.elapsed() < Duration::from_secs(30));
}
