//! The chain itself moves: it goes back, becomes dear, has another clock; or somebody else uses our account.

use std::time::Duration;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::U256,
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
};
use cairn_batcher::{
    api::{
        methods::{AdminSeal, Batch},
        wire::{ByBatch, Nothing, Stage},
    },
    client::Client,
    node::dev,
    proving::config::DataChoice,
};
use rand::Rng;
use serde_json::json;

use crate::{
    engine::Directive,
    ground::Ground,
    operator::{Operator, Setting},
    proxy::Fault,
    runner::Counts,
    stand_in::free_port,
};

/// The deepest reorganization.
const DEEPEST: u64 = 5;
const RANDOM_REORGANIZATIONS: u64 = 40;
const GWEI: u64 = 1_000_000_000;
/// 15 minutes.
const CLOCK_OFF_S: u64 = 900;

/// More confirmations than any reorganization is deep.
fn patient(setting: &mut Setting) {
    setting.config.watcher.confirmations = DEEPEST + 1;
    setting.config.settlement.confirmations = DEEPEST + 1;
}

/// The last blocks are replaced by empty ones, and one more.
async fn reorganize(ground: &Ground, depth: u64) {
    ground.rpc("anvil_reorg", json!([depth, []])).await;
    ground.mine(1).await;
}

pub(crate) async fn reorganizations() -> Counts {
    let mut ground = Ground::with(patient).await;
    ground.pay(1).await;
    ground.settle().await;
    let mut count = 0;
    for depth in [1, 2, DEEPEST] {
        // Nothing of ours is in the blocks; then a commitment; then a proof.
        for stage in [Stage::InBlock, Stage::Committed, Stage::Proven] {
            if stage == Stage::Committed {
                ground.engine(Directive::Hold);
            }
            ground.pay(2).await;
            ground.settle_to(stage).await;
            let before = ground.head().await.l1_block;
            reorganize(&ground, depth).await;
            ground.engine(Directive::Prove);
            let read = async |ground: &Ground| ground.head().await.l1_block > before;
            ground.until("the other blocks are read", read).await;
            count += 1;
        }
        ground.settle().await;
    }
    let mut counts = ground.end().await;
    counts.insert("reorganizations", count);
    counts
}

pub(crate) async fn random_reorganizations() -> Counts {
    let mut ground = Ground::with(patient).await;
    ground.pay(1).await;
    ground.settle().await;
    let load = ground.users.load();
    for _ in 0..RANDOM_REORGANIZATIONS {
        let (wait, depth) = {
            let mut rng = rand::rng();
            (rng.random_range(500..3_000), rng.random_range(1..=DEEPEST))
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        reorganize(&ground, depth).await;
        assert!(!ground.operator.has_ended(), "{}", ground.setting.log_tail());
    }
    load.end().await;
    let mut counts = ground.end().await;
    counts.insert("reorganizations", RANDOM_REORGANIZATIONS);
    counts
}

pub(crate) async fn fees() -> Counts {
    let mut ground = Ground::with(|setting| {
        setting.config.settlement.max_fee_gwei = 50.0;
        setting.config.proving.data = DataChoice::Auto;
    })
    .await;
    ground.pay(1).await;
    ground.settle().await;

    let alarm = "settlement_alarm{what=\"fees_above_cap\"} 1";
    let base_fee = async |ground: &Ground, gwei: u64| {
        let fee = U256::from(gwei * GWEI);
        ground.rpc("anvil_setNextBlockBaseFeePerGas", json!([fee])).await;
        ground.mine(1).await;
    };
    let (committed, _) = ground.on_l1().await;
    base_fee(&ground, 500).await;
    ground.pay(2).await;
    let waits = async |ground: &Ground| {
        base_fee(ground, 500).await;
        let _ = ground.admin().await.call::<AdminSeal>(&Nothing {}).await;
        ground.metric(alarm).await
    };
    ground.until("the alarm", waits).await;
    assert_eq!(ground.on_l1().await.0, committed, "committed above the cap");
    base_fee(&ground, 1).await;
    ground.settle().await;
    assert!(!ground.metric(alarm).await, "the alarm is on still");

    // Data costs less in a blob, until blobs are dear.
    let dear = 1_000_000 * GWEI;
    assert_eq!(data_mode(&mut ground, 1).await, "blobs");
    assert_eq!(data_mode(&mut ground, dear).await, "calldata");

    // They become dear when a batch is to be in one already.
    price_is_read(&mut ground, 1).await;
    ground.blocks(false).await;
    // The operator must not read the new price with a block that was made meanwhile.
    let last = ground.l1.get_block_number().await.unwrap();
    ground.until("the last block is read", async |g| g.head().await.l1_block >= last).await;
    ground.proxy.set(Some(Fault::BlobFee(dear)));
    let (committed, _) = ground.on_l1().await;
    ground.pay(100).await;
    let waits = async |ground: &Ground| {
        let _ = ground.admin().await.call::<AdminSeal>(&Nothing {}).await;
        ground.metric(alarm).await
    };
    ground.until("the alarm of blobs", waits).await;
    assert_eq!(ground.on_l1().await.0, committed, "committed above the cap");
    ground.proxy.set(None);
    ground.blocks(true).await;
    ground.end().await
}

/// Has blobs cost this, in wei a gas, and waits until the operator knows.
async fn price_is_read(ground: &mut Ground, wei: u64) {
    ground.proxy.set(Some(Fault::BlobFee(wei)));
    let line = format!("cairn_blob_basefee_wei {wei}");
    ground.until("the price is read", async |ground| ground.metric(&line).await).await;
}

/// Where a batch has its data while blobs cost this.
async fn data_mode(ground: &mut Ground, wei: u64) -> String {
    price_is_read(ground, wei).await;
    ground.pay(100).await;
    ground.settle().await;
    let number = ground.head().await.sealed;
    let batch = ground.client().ask::<Batch>(&ByBatch { number }).await.unwrap();
    batch.publication.unwrap().data_mode
}

pub(crate) async fn nonces() -> Counts {
    let mut ground = Ground::new().await;
    ground.pay(1).await;
    ground.settle().await;
    let signer = dev::keys().operator;
    let account = signer.address();
    let wallet = ProviderBuilder::new().wallet(EthereumWallet::from(signer));
    let wallet = wallet.connect_http(ground.chain.l1_url().parse().unwrap());
    let (mut dropped, mut taken) = (0, 0);
    for round in 0..4 {
        ground.blocks(false).await;
        ground.pay(1).await;
        let pending = async |ground: &Ground| {
            let content = ground.rpc("txpool_content", json!([])).await;
            let of = content["pending"].as_object().and_then(|all| all.values().next()).cloned();
            of.and_then(|of| of.as_object()?.values().next().cloned())
        };
        ground.until("it is sent", async |g| pending(g).await.is_some()).await;
        let transaction = pending(&ground).await.unwrap();
        if round % 2 == 0 {
            ground.rpc("anvil_dropTransaction", json!([transaction["hash"]])).await;
            dropped += 1;
        } else {
            // Somebody with the same key uses the nonce for something else, and pays more.
            let nonce = ground.l1.get_transaction_count(account).await.unwrap();
            let request = TransactionRequest::default()
                .with_to(account)
                .with_nonce(nonce)
                .with_gas_limit(21_000)
                .with_max_fee_per_gas(u128::from(900 * GWEI))
                .with_max_priority_fee_per_gas(u128::from(800 * GWEI));
            let sent = wallet.send_transaction(request).await.unwrap();
            ground.mine(1).await;
            assert!(sent.get_receipt().await.unwrap().status());
            taken += 1;
        }
        ground.blocks(true).await;
        ground.settle().await;
    }
    let mut counts = ground.end().await;
    counts.extend([("dropped", dropped), ("taken", taken)]);
    counts
}

pub(crate) async fn clocks() -> Counts {
    let mut ground = Ground::at(CLOCK_OFF_S, |_| {}).await;
    ground.pay(3).await;
    ground.settle().await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let ahead = ground.head().await.l1_timestamp.saturating_sub(now.as_secs());
    assert!(ahead > CLOCK_OFF_S / 2, "the clock of L1 is {ahead} s ahead only");
    ground.end().await
}

pub(crate) async fn two_operators() -> Counts {
    let mut ground = Ground::new().await;
    ground.pay(2).await;
    ground.settle().await;

    let mut second = ground.setting.clone();
    second.folder = second.folder.join("second");
    std::fs::create_dir(&second.folder).unwrap();
    second.config.api.listen = ([127, 0, 0, 1], free_port()).into();
    let (code, line) = Operator::tried(&second).expect("a second one serves the same store");
    assert_eq!(code, Some(2));
    assert!(line.contains("another process"), "{line}");

    // With a copy of the store it is an operator with the same key.
    ground.kill();
    second.config.data_dir = second.folder.join("data");
    crate::disk::copy(&ground.setting.config.data_dir, &second.config.data_dir);
    ground.restart();
    let mut other = Operator::start(&second);
    let load = ground.users.load();
    let (_, proven) = ground.on_l1().await;
    ground.until("three batches are proven", async |g| g.on_l1().await.1 > proven + 2).await;
    load.end().await;
    ground.settle().await;
    // It has seen batches that it has not made.
    let url = format!("http://{}", second.config.api.listen);
    let has_halted = async || {
        let Ok(client) = Client::connect(&url).await else { return false };
        client.head().await.is_ok_and(|head| head.halted.is_some())
    };
    ground.until("it stops", async |_| other.has_ended() || has_halted().await).await;
    drop(other);
    ground.end().await
}
