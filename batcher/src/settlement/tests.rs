//! The outbox on disk, and what is asked of nodes that answer as they are told.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::DynProvider,
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolValue},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    alarms::Alarms,
    chain::Chain,
    draft,
    fees::{Caps, Fees, Market},
    outbox::Outbox,
    plan::Pool,
    sender::Sender,
    signed::{Call, Signer},
};
use crate::{
    l1::{
        connection::connect_with,
        contracts::{CircuitSet, IRollupL1},
        node::{Answer, Node},
    },
    store::{
        SCHEMA, Store,
        records::{Identity, OutboxTransaction, Purpose},
    },
};

mod owed;
mod sending;

fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (rollup, genesis) = (Address::ZERO, B256::ZERO);
    let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
    (Store::open(folder.path(), &identity).unwrap(), folder)
}

fn row(purpose: Purpose) -> OutboxTransaction {
    OutboxTransaction {
        purpose,
        attempts: Vec::new(),
        raw: Bytes::from_static(&[2]),
        sent_ms: None,
        mined: None,
        is_final: false,
    }
}

fn nonces(store: &Store) -> Vec<u64> {
    store.outbox.iter().map(|row| row.unwrap().0).collect()
}

#[test]
fn a_transaction_far_beyond_the_next_nonce_is_forgotten_and_no_gap_is_filled_for_it() {
    let (store, _folder) = store();
    let mut outbox = Outbox::open(store.clone()).unwrap();
    for nonce in [5, 8, 1_000_005] {
        outbox.put(nonce, row(Purpose::Commit { batch: 1 })).unwrap();
    }
    assert_eq!(outbox.gaps(5).take(4).collect::<Vec<_>>(), [6, 7, 9, 10]);
    assert_eq!((outbox.out_of_reach(5, 2), outbox.out_of_reach(5, 1)), (Some(1_000_005), Some(8)));
    outbox.forget(1_000_005..).unwrap();
    assert_eq!((outbox.out_of_reach(5, 2), outbox.end()), (None, 9));
    assert_eq!(nonces(&store), [5, 8]);
}

#[test]
fn what_was_final_too_early_is_owed_again() {
    let (store, _folder) = store();
    let mut outbox = Outbox::open(store.clone()).unwrap();
    for nonce in 0..4 {
        outbox.put(nonce, row(Purpose::Commit { batch: 1 })).unwrap();
    }
    for nonce in 0..3 {
        outbox.finish(nonce).unwrap();
    }
    outbox.reopen(1).unwrap();
    assert_eq!((outbox.first_open(), outbox.nonces(), nonces(&store)), (1, vec![3], vec![0, 3]));
    // As after a restart.
    let outbox = Outbox::open(store).unwrap();
    assert_eq!((outbox.first_open(), outbox.nonces()), (1, vec![3]));
}

fn chain(base_fee: u128) -> Chain {
    let market = Market { base_fee, priority_fee: 1, blob_base_fee: None };
    Chain { head: 1, hash: B256::ZERO, nonce: 0, balance: U256::MAX, market }
}

#[tokio::test]
async fn what_no_node_takes_is_signed_again_with_the_fees_of_now() {
    let refusal = "insufficient funds for gas * price + value";
    let node = Node::always(Answer::Error(-32_000, refusal)).await;
    let caps = Caps { max_fee: 1_000, max_priority_fee: 10, min_priority_fee: 0, max_blob_fee: 0 };
    let sender = Sender {
        provider: connect_with(node.url.as_str()).unwrap(),
        signer: Signer::new(PrivateKeySigner::random(), 1),
        caps,
        resubmit_after: 0,
    };
    let (store, _folder) = store();
    let (mut outbox, mut alarms) = (Outbox::open(store).unwrap(), Alarms::new());
    let call = Call::nothing(Address::ZERO, Pool::Plain).unwrap();
    let fees = caps.first(&chain(400).market, false).unwrap();
    sender.store(&mut outbox, 0, Purpose::Commit { batch: 1 }, call, &fees, B256::ZERO).unwrap();
    for _ in 0..3 {
        let none = Default::default();
        sender.deliver(&chain(50), &mut outbox, &mut alarms, &none).await.unwrap();
    }
    let row = outbox.get(0).unwrap();
    assert_eq!(row.attempts.len(), 1, "the forms that nobody has are not kept");
    let expected = Fees { max_fee: 101, priority_fee: 1, blob_fee: None };
    assert_eq!(Fees::from(&row.attempts[0]), expected);
    assert_eq!((row.purpose, row.sent_ms), (Purpose::Commit { batch: 1 }, None));
    // What must not be mined is not offered at all.
    let (asked, idle) = (node.asked().len(), [0].into());
    sender.deliver(&chain(50), &mut outbox, &mut alarms, &idle).await.unwrap();
    assert_eq!(node.asked().len(), asked);
}

#[tokio::test]
async fn no_answer_about_blobs_is_not_taken_for_a_chain_without_them() {
    let answers = |blobs: Answer| {
        move |_: usize, method: &str, _: &Value| match method {
            "eth_getBlockByNumber" => {
                let mut block = alloy::rpc::types::Block::<B256>::default();
                block.header.inner.base_fee_per_gas = Some(7);
                Answer::Result(serde_json::to_value(block).unwrap())
            }
            "eth_blobBaseFee" => blobs.clone(),
            _ => Answer::Result(json!("0x1")),
        }
    };
    let without = Node::start(answers(Answer::Error(-32_601, "no such method"))).await;
    let provider = connect_with(without.url.as_str()).unwrap();
    let read = Chain::read(&provider, Address::ZERO).await.unwrap();
    assert_eq!((read.market.base_fee, read.market.blob_base_fee), (7, None));
    let silent = Node::start(answers(Answer::Raw(401, ""))).await;
    let provider = connect_with(silent.url.as_str()).unwrap();
    assert!(Chain::read(&provider, Address::ZERO).await.is_err());
}

/// A node whose rollup says that it has so many circuit sets; those there are have the same root, and all but the last are
/// active.
async fn circuit_sets(count: u64) -> (Node, DynProvider) {
    let node = Node::start(move |_, _, parameters| {
        let input: Bytes = serde_json::from_value(parameters[0]["input"].clone()).unwrap();
        let data = match IRollupL1::circuitSetAtCall::abi_decode(&input) {
            Ok(call) => CircuitSet {
                root: B256::repeat_byte(1),
                activeAt: if call.index + U256::ONE == U256::from(count) { 9 } else { 3 },
                ..CircuitSet::default()
            }
            .abi_encode(),
            Err(_) => U256::from(count).abi_encode(),
        };
        Answer::Result(json!(Bytes::from(data)))
    });
    let node = node.await;
    let provider = connect_with(node.url.as_str()).unwrap();
    (node, provider)
}

#[tokio::test]
async fn every_active_set_of_a_root_may_take_a_proof() {
    let root = B256::repeat_byte(1);
    let (_node, provider) = circuit_sets(3).await;
    let ask = |root, now| draft::circuit_sets(&provider, Address::ZERO, root, now);
    let set = U256::from::<u64>;
    assert_eq!(ask(root, 9).await.unwrap().unwrap(), [set(2), set(1), set(0)]);
    assert_eq!(ask(root, 8).await.unwrap().unwrap(), [set(1), set(0)]);
    assert!(ask(root, 2).await.unwrap().unwrap_err().contains("counts from 3 on"));
    assert!(ask(B256::ZERO, 9).await.unwrap().unwrap_err().contains("other circuits"));
}

#[tokio::test]
async fn a_count_of_circuit_sets_that_cannot_be_is_not_walked_through() {
    let (node, provider) = circuit_sets(u64::MAX).await;
    let sets = draft::circuit_sets(&provider, Address::ZERO, B256::repeat_byte(1), 9);
    assert!(sets.await.unwrap_err().to_string().contains("expected 1000 at most"));
    assert_eq!(node.asked().len(), 1);
}
