//! What is drafted, and when it may be signed.

use std::collections::BTreeSet;

use cairn_types::{DataLocation, DataMode};

use super::*;
use crate::{
    l1::connection::{ConnectionConfig, connect},
    settlement::{Input, Settlement, SettlementConfig, SettlementError, run},
    signals::{Signals, shutdown},
    store::{
        StoreError,
        records::{
            BatchNumber, BatchRecord, L1Batch, L1Block, L1Place, L1View, Publication, StoredProof,
        },
    },
};

fn record(number: BatchNumber) -> BatchRecord {
    let (state, chain_hash) = (B256::ZERO, B256::repeat_byte(7));
    BatchRecord { number, timestamp: 0, priority_end: 0, state, chain_hash }
}

fn proof(first: BatchNumber) -> StoredProof {
    StoredProof {
        first,
        circuit_set_root: B256::repeat_byte(1),
        proof: [B256::ZERO; 8],
        stages: Vec::new(),
        chunks: 1,
        started_ms: 0,
        proven_ms: 0,
    }
}

fn publish(store: &Store, batches: std::ops::RangeInclusive<BatchNumber>) {
    let mut write = store.write();
    for batch in batches {
        let publication = Publication {
            location: DataLocation::Calldata,
            record: record(batch),
            signatures: Bytes::new(),
            estimate_wei: U256::ZERO,
            published_ms: 0,
        };
        write.put(&store.publications, &batch, &publication).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn a_foreign_batch_is_waited_for_as_long_as_its_block_may_leave_the_chain() {
    let (store, _folder) = store();
    publish(&store, 1..=2);
    let draft = || draft::prove(&store, Address::ZERO, &proof(2), 2, U256::ZERO);
    draft().unwrap();
    let place = L1Place { block: 9, block_hash: B256::ZERO, timestamp: 0, transaction: B256::ZERO };
    let foreign = L1Batch {
        record: BatchRecord { timestamp: 1, ..record(1) },
        committed: place,
        withdrawals_root: B256::ZERO,
        data_mode: DataMode::Calldata,
        proven: None,
    };
    let (mut write, mut undo) = (store.write(), Vec::new());
    write.put_undoable(&store.l1_batches, &1, &foreign, &mut undo).unwrap();
    write.put(&store.l1_blocks, &9, &L1Block { hash: B256::ZERO, timestamp: 0, undo }).unwrap();
    write.commit().unwrap();
    let error = draft().unwrap_err();
    assert!(error.is_transient() && !error.blames_node(), "{error}");
    assert!(matches!(error, SettlementError::Diverging { batch: 1 }), "{error}");
    // It is settled.
    let mut write = store.write();
    let block = L1Block { hash: B256::ZERO, timestamp: 0, undo: Vec::new() };
    write.put(&store.l1_blocks, &9, &block).unwrap();
    write.commit().unwrap();
    let error = draft().unwrap_err();
    assert!(matches!(error, SettlementError::Diverged { batch: 1, .. }), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn what_is_missing_of_a_batch_that_is_final_meanwhile_is_not_missed() {
    let (store, _folder) = store();
    publish(&store, 1..=2);
    let error = || draft::commit(&store, Address::ZERO, 2).unwrap_err();
    let table = |error: SettlementError| match error {
        SettlementError::Store(StoreError::Missing { table, .. }) => table,
        other => panic!("{other}"),
    };
    assert_eq!(table(draft::overtaken(&store, 2, error()).unwrap_err()), "jobs");
    let mut write = store.write();
    let view = L1View { finalized: 2, ..L1View::default() };
    write.put(&store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
    assert!(draft::overtaken(&store, 2, error()).unwrap().contains("is final"));
    assert_eq!(table(draft::overtaken(&store, 3, error()).unwrap_err()), "jobs");
}

/// A settlement with four published batches and a proof of the second.
fn settlement(provider: DynProvider) -> (Settlement, TempDir) {
    let (store, folder) = store();
    publish(&store, 1..=4);
    let mut write = store.write();
    write.put(&store.proofs, &2, &proof(2)).unwrap();
    write.commit().unwrap();
    let input = input(provider);
    (Settlement::new(input, store, Signals::default()).unwrap(), folder)
}

fn input(provider: DynProvider) -> Input {
    let config = SettlementConfig { poll_ms: 1, max_in_flight: 2, ..SettlementConfig::default() };
    let (signer, rollup) = (PrivateKeySigner::random(), Address::ZERO);
    Input { provider, signer, rollup, chain_id: 7, config }
}

#[tokio::test]
async fn a_proof_of_which_several_circuit_sets_may_be_goes_once_it_can_be_simulated() {
    for (sets, signed) in [(1, vec![0, 1]), (3, vec![0])] {
        let (_node, provider) = circuit_sets(sets).await;
        let (mut room, _folder) = settlement(provider);
        room.outbox.put(0, row(Purpose::Commit { batch: 3 })).unwrap();
        let view = L1View { committed: 2, proven: 1, timestamp: 9, ..L1View::default() };
        room.plan(&view, &chain(50), &BTreeSet::new()).await.unwrap();
        assert_eq!(room.outbox.nonces(), signed, "{sets} sets");
    }
}

#[tokio::test]
async fn a_node_that_refuses_one_question_again_and_again_is_left() {
    let answers = |refuses: bool| {
        move |_: usize, method: &str, _: &Value| match method {
            "eth_chainId" => Answer::Result(json!("0x7")),
            _ if refuses => Answer::Error(-32_601, "no such method"),
            _ => Answer::Never,
        }
    };
    let (first, second) = (Node::start(answers(true)).await, Node::start(answers(false)).await);
    let urls = [first.url.clone(), second.url.clone()];
    let provider = connect(&urls, &ConnectionConfig::default()).unwrap();
    let (store, _folder) = store();
    let (_stop, until_stopped) = shutdown();
    let settled = run(input(provider), store, Signals::default(), until_stopped);
    let second_is_asked = async {
        while !second.asked().iter().any(|method| method != "eth_chainId") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::select! {
        ended = settled => panic!("{ended:?}"),
        waited = tokio::time::timeout(patience, second_is_asked) => waited.unwrap(),
    }
    // Three rounds, one question each, beside those for the chain.
    let asked = first.asked().into_iter().filter(|method| method != "eth_chainId");
    assert_eq!(asked.count(), 3);
}
