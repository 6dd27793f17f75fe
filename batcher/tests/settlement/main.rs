//! The settlement and the watcher on a real anvil. The verifier is the contract tests' double: a batch is proven without a
//! proof.

mod harness;
#[path = "../operator/world/mod.rs"]
#[allow(dead_code, reason = "the operator's tools' tests use all of it")]
mod world;

use std::sync::atomic::Ordering;

use alloy::{
    network::TransactionBuilder, primitives::keccak256, providers::Provider,
    rpc::types::TransactionRequest, sol_types::SolValue,
};
use cairn_batcher::{
    l1::contracts::{Batch, IRollupL1},
    store::records::{OutboxTransaction, Purpose},
};
use cairn_types::DataMode;
use serde_json::json;

use self::harness::{FAR, Operator, settler};

const GWEI: u64 = 1_000_000_000;

fn purposes(operator: &Operator) -> Vec<Purpose> {
    operator.outbox().values().map(|row| row.purpose).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_committed_and_proven_and_the_outbox_becomes_final() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.publish(DataMode::Blobs).await;
    operator.prove(1, 2);
    operator.start();
    operator.until_proven(2).await;
    let commits = [1, 2].map(|batch| Purpose::Commit { batch });
    let [first, second] = commits;
    assert_eq!(purposes(&operator), [first, second, Purpose::Prove { first: 1, last: 2 }]);
    operator.world.mine(4).await;
    let all_final = async |op: &Operator| op.outbox().values().all(|row| row.is_final);
    operator.until("everything is final", all_final).await;
    let rows = operator.outbox();
    assert!(rows.values().all(|row| row.mined.unwrap().success && row.attempts.len() == 1));
    assert!(rows[&1].mined.unwrap().blob_gas > 0);
    assert_eq!((operator.times_committed(1).await, operator.times_committed(2).await), (1, 1));

    // Another start has nothing to do.
    operator.stop().await;
    operator.start();
    operator.some_rounds().await;
    assert_eq!(operator.outbox(), rows);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_transactions_are_on_their_way_at_once() {
    let mut operator = Operator::new().await;
    for _ in 0..3 {
        operator.publish(DataMode::Calldata).await;
    }
    operator.prove(1, 3);
    operator.automine(false).await;
    operator.start();
    for nonce in 0..4 {
        let sent = async |op: &Operator| op.in_pool(nonce).await;
        operator.until("a transaction is sent", sent).await;
    }
    operator.world.mine(1).await;
    operator.until_proven(3).await;
    let rows = operator.outbox();
    assert_eq!(rows.len(), 4);
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_transaction_is_bumped_by_the_nodes_rule() {
    for (mode, percent) in [(DataMode::Calldata, 110), (DataMode::Blobs, 200)] {
        let mut operator = Operator::new().await;
        operator.config.resubmit_after_ms = 300;
        operator.publish(DataMode::Calldata).await;
        operator.start();
        operator.until_committed(1).await;
        operator.automine(false).await;
        operator.publish(mode).await;
        for forms in 1..=3 {
            let signed = async |op: &Operator| {
                let has_form = |row: &OutboxTransaction| row.attempts.len() >= forms;
                op.outbox().get(&1).is_some_and(has_form) && op.in_pool(1).await
            };
            operator.until("the node has its last form", signed).await;
            if forms == 3 {
                break;
            }
            // A block goes by without it: else nothing is bumped. The node forgets it meanwhile.
            operator.spy.mute.store(true, Ordering::SeqCst);
            let hash = operator.outbox()[&1].attempts.last().unwrap().hash;
            operator.world.rpc("anvil_dropTransaction", json!([hash])).await;
            operator.world.mine(1).await;
            operator.spy.mute.store(false, Ordering::SeqCst);
        }
        operator.automine(true).await;
        operator.world.mine(1).await;
        operator.until_committed(2).await;
        let mined = async |op: &Operator| op.outbox()[&1].mined.is_some();
        operator.until("it is seen to be mined", mined).await;
        operator.stop().await;
        let row = &operator.outbox()[&1];
        let hashes: Vec<_> = row.attempts.iter().map(|attempt| attempt.hash).collect();
        assert!(hashes[2..].contains(&row.mined.unwrap().hash), "an old form was mined");
        for pair in row.attempts.windows(2) {
            assert!(pair[1].max_fee >= pair[0].max_fee * percent / 100);
            assert!(pair[1].priority_fee >= pair[0].priority_fee * percent / 100);
            assert!(pair[1].blob_fee >= pair[0].blob_fee.map(|fee| fee * 2));
        }
        assert_eq!(operator.times_committed(2).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_node_has_forgotten_is_sent_again_as_it_was() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.automine(false).await;
    operator.start();
    let sent = async |op: &Operator| op.in_pool(0).await;
    operator.until("it is sent", sent).await;
    let hash = operator.outbox()[&0].attempts[0].hash;
    let forgotten = operator.world.rpc("anvil_dropTransaction", json!([hash])).await;
    assert_eq!(forgotten, json!(hash));
    operator.until("it is sent again", sent).await;
    assert_eq!(operator.outbox()[&0].attempts.len(), 1);
    operator.world.mine(1).await;
    operator.until_committed(1).await;
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_between_store_and_send_the_same_bytes_are_sent() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Blobs).await;
    operator.spy.mute.store(true, Ordering::SeqCst);
    operator.start();
    let stored = async |op: &Operator| !op.outbox().is_empty();
    operator.until("it is stored", stored).await;
    operator.stop().await;
    let before = operator.outbox();
    assert_eq!((before.len(), before[&0].sent_ms), (1, None));
    assert_eq!(operator.world.provider.get_transaction_count(settler()).await.unwrap(), 0);

    operator.spy.mute.store(false, Ordering::SeqCst);
    operator.start();
    operator.until_committed(1).await;
    let mined = async |op: &Operator| op.outbox()[&0].mined.is_some();
    operator.until("it is seen to be mined", mined).await;
    operator.stop().await;
    let after = operator.outbox();
    assert_eq!((after.len(), &after[&0].attempts), (1, &before[&0].attempts));
    assert_eq!(after[&0].mined.unwrap().hash, before[&0].attempts[0].hash);
    assert_eq!(operator.times_committed(1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_whose_block_leaves_the_chain_is_sent_again() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.publish(DataMode::Calldata).await;
    operator.start();
    operator.until_committed(2).await;
    let mined = async |op: &Operator| op.outbox().values().all(|row| row.mined.is_some());
    operator.until("both are seen to be mined", mined).await;
    let before = operator.outbox();
    let head = operator.world.provider.get_block_number().await.unwrap();
    let depth = head - before[&0].mined.unwrap().block + 1;
    operator.world.rpc("anvil_reorg", json!([depth, []])).await;
    let again = async |op: &Operator| {
        let rows = op.outbox();
        op.times_committed(2).await == 1
            && rows.iter().all(|(nonce, row)| {
                row.mined.is_some_and(|mined| mined != before[nonce].mined.unwrap())
            })
    };
    operator.until("both are committed again", again).await;
    let after = operator.outbox();
    assert_eq!(after.len(), 2);
    for (nonce, row) in &after {
        assert_eq!(row.attempts, before[nonce].attempts, "the same bytes");
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_cap_it_waits_and_below_it_goes_on() {
    let mut operator = Operator::new().await;
    operator.config.max_fee_gwei = 50.0;
    operator.publish(DataMode::Calldata).await;
    operator.base_fee(80 * GWEI).await;
    operator.start();
    operator.some_rounds().await;
    assert!(operator.outbox().is_empty());
    operator.base_fee(30 * GWEI).await;
    operator.until_committed(1).await;
    operator.stop().await;
    assert_eq!(operator.outbox()[&0].attempts[0].max_fee, u128::from(50 * GWEI));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_somebody_else_has_used_is_skipped() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.automine(false).await;
    operator.start();
    let sent = async |op: &Operator| op.in_pool(0).await;
    operator.until("it is sent", sent).await;
    let other = TransactionRequest::default()
        .with_from(settler())
        .with_to(settler())
        .with_nonce(0)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(100_000_000_000)
        .with_max_priority_fee_per_gas(50_000_000_000);
    operator.world.rpc("eth_sendTransaction", json!([other])).await;
    operator.world.mine(1).await;
    operator.automine(true).await;
    operator.until_committed(1).await;
    operator.world.mine(4).await;
    let all_final = async |op: &Operator| op.outbox().values().all(|row| row.is_final);
    operator.until("everything is final", all_final).await;
    operator.stop().await;
    let rows = operator.outbox();
    assert_eq!((rows.len(), rows[&0].mined), (2, None));
    assert!(rows[&1].mined.unwrap().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_committer_has_committed_is_cancelled() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.automine(false).await;
    operator.start();
    let sent = async |op: &Operator| op.in_pool(0).await;
    operator.until("it is sent", sent).await;
    // The node forgets it, and cannot be told again before the other's is mined.
    operator.spy.mute.store(true, Ordering::SeqCst);
    let hash = operator.outbox()[&0].attempts[0].hash;
    operator.world.rpc("anvil_dropTransaction", json!([hash])).await;
    let other = TransactionRequest::default()
        .with_from(operator.world.sender())
        .with_to(operator.world.rollup)
        .with_gas_limit(10_000_000)
        .with_input(operator.commitments[0].clone());
    operator.world.rpc("eth_sendTransaction", json!([other])).await;
    operator.world.mine(1).await;
    operator.until_committed(1).await;
    operator.spy.mute.store(false, Ordering::SeqCst);
    let cancelled = async |op: &Operator| purposes(op) == [Purpose::Cancel] && op.in_pool(0).await;
    operator.until("it is cancelled", cancelled).await;
    operator.world.mine(1).await;
    let mined = async |op: &Operator| op.outbox()[&0].mined.is_some_and(|mined| mined.success);
    operator.until("the cancellation is mined", mined).await;
    operator.stop().await;
    let rows = operator.outbox();
    assert_eq!((rows.len(), rows[&0].attempts.len(), rows[&0].mined.unwrap().gas), (1, 2, 21_000));
    assert_eq!(operator.times_committed(1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_with_one_key_do_no_harm() {
    let mut operator = Operator::new().await;
    operator.config.resubmit_after_ms = 500;
    for _ in 0..3 {
        operator.publish(DataMode::Calldata).await;
    }
    let twin = operator.twin();
    operator.start();
    operator.start_with(twin);
    operator.until_committed(3).await;
    for batch in 1..=3 {
        assert_eq!(operator.times_committed(batch).await, 1);
    }
    operator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_is_told_wrongly_costs_nothing() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.spy.lies.store(1, Ordering::SeqCst);
    operator.start();
    operator.until_committed(1).await;
    assert_eq!(purposes(&operator), [Purpose::Commit { batch: 1 }]);

    // A lie that lasts is believed. What was signed for it is signed again once it is over, and no nonce is paid for.
    operator.spy.lies.store(u64::MAX, Ordering::SeqCst);
    operator.publish(DataMode::Calldata).await;
    let believed = async |op: &Operator| op.outbox().contains_key(&FAR);
    operator.publish(DataMode::Calldata).await;
    operator.until("the lie is believed", believed).await;
    operator.spy.lies.store(0, Ordering::SeqCst);
    operator.until_committed(3).await;
    operator.stop().await;
    let commits = [1, 2, 3].map(|batch| Purpose::Commit { batch });
    assert_eq!(purposes(&operator), commits);
    assert_eq!(operator.outbox().into_keys().collect::<Vec<_>>(), [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_published_again_is_committed_as_it_is_now() {
    let mut operator = Operator::new().await;
    let before = operator.world.state.clone();
    operator.publish(DataMode::Calldata).await;
    operator.automine(false).await;
    operator.start();
    let sent = async |op: &Operator| op.in_pool(0).await;
    operator.until("it is sent", sent).await;
    operator.stop().await;
    let old = operator.outbox()[&0].attempts[0].hash;
    operator.world.rpc("anvil_dropTransaction", json!([old])).await;
    operator.world.rpc("evm_increaseTime", json!([60])).await;
    operator.world.mine(1).await;
    operator.publish_again(DataMode::Calldata, before).await;
    operator.automine(true).await;
    operator.start();
    operator.until_committed(1).await;
    operator.stop().await;
    assert_eq!(purposes(&operator), [Purpose::Cancel, Purpose::Commit { batch: 1 }]);
    let published = operator.store.publications.get(&1).unwrap().unwrap().record;
    let l1 = IRollupL1::new(operator.world.rollup, &operator.world.provider);
    let hash = l1.batchHash(1).call().await.unwrap();
    assert_eq!(hash, keccak256(Batch::from(published).abi_encode()), "L1 has the batch of now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_is_refused_keeps_no_batch_waiting() {
    let mut operator = Operator::new().await;
    operator.publish(DataMode::Calldata).await;
    operator.start();
    operator.until_committed(1).await;
    operator.prove_wrongly(1, 1);
    operator.some_rounds().await;
    operator.publish(DataMode::Calldata).await;
    operator.until_committed(2).await;
    // It is made again.
    operator.prove(1, 1);
    operator.world.mine(1).await;
    operator.until_proven(1).await;
    operator.stop().await;
    assert_eq!(purposes(&operator).len(), 3);
}
