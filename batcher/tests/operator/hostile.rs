//! Batches committed as adversarially as Solidity allows: whatever the contract has accepted is rebuilt, and nothing else.

use std::sync::Arc;

use alloy::{
    eips::{eip7594::BlobTransactionSidecarEip7594, eip7702::Authorization},
    network::{TransactionBuilder, TransactionBuilder4844, TransactionBuilder7702},
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolValue},
};
use cairn_batcher::{
    l1::{
        blobs::Blobs as BlobsOfWords,
        contracts::{Batch, IRollupL1, IRollupL1::commitCall},
    },
    publication::Published,
    reconstruct::{
        Rollup,
        blobs::{Blobs, LocalNode},
        source::Sources,
    },
};
use cairn_types::{DataMode, Transaction, WORD_BYTES, Word};
use serde_json::json;

use crate::{
    proxy::{Fault, Proxy},
    world::{FIRST, SIGNER, World},
};

alloy::sol! {
    struct Step {
        uint8 kind;
        address target;
        bytes data;
    }

    function run(Step[] steps);
    function undo(Step[] steps);
}

const CALL: u8 = 0;
const TRY: u8 = 1;
const DELEGATECALL: u8 = 2;

const TRANSFER: Transaction =
    Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };

/// Two users with money, and a committer that is a contract.
async fn world() -> (World, Address) {
    let mut world = World::new().await;
    world.deposit(1, 10_000).await;
    world.deposit(2, 500).await;
    world.commit(&[]).await;
    let hostile = world.hostile().await;
    (world, hostile)
}

fn step(kind: u8, target: Address, call: &impl SolCall) -> Step {
    Step { kind, target, data: call.abi_encode().into() }
}

/// The state that is rebuilt is the contract's and the operator's, to the last leaf.
async fn assert_rebuilt_by(world: &mut World, url: &str) {
    let rollup = Rollup::read(url, world.rollup, 0, None, &()).await.unwrap();
    let (mut sources, mut blobs) = (Sources::default(), Blobs::default());
    blobs.push(LocalNode(rollup.reader().provider().clone()));
    sources.push(blobs);
    let to = rollup.history().committed();
    let mut rebuilt = rollup.reconstruct(to, None, &Arc::new(sources), &()).await.unwrap();
    let contract = IRollupL1::new(world.rollup, &world.provider);
    assert_eq!(to, contract.committedBatches().call().await.unwrap());
    let hash = contract.batchHash(to).call().await.unwrap();
    assert_eq!(hash, keccak256(rebuilt.record.abi_encode()));
    let got = B256::from(rebuilt.state.summary().commitment().to_bytes());
    assert_eq!((got, got), (rebuilt.record.state, world.commitment()));
    assert!(rebuilt.state.accounts().eq(world.state.accounts()));
}

async fn assert_rebuilt(world: &mut World) {
    let url = world.url.clone();
    assert_rebuilt_by(world, &url).await;
}

/// A commitment of something else: one word that no batch has.
fn decoy(call: &commitCall) -> commitCall {
    let mut decoy = call.clone();
    decoy.streams.data = Bytes::from(vec![1; WORD_BYTES]);
    decoy.next.dataCount = 1;
    decoy.next.state = B256::repeat_byte(7);
    decoy
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_is_taken_back_by_a_revert_within_is_no_decoy() {
    let (mut world, hostile) = world().await;
    let call = world.batch(&[(1, TRANSFER)]).await;
    let undone = undoCall { steps: vec![step(CALL, world.rollup, &decoy(&call))] };
    let steps = vec![step(TRY, hostile, &undone), step(CALL, world.rollup, &call)];
    let receipt = world.send(hostile, 0, &runCall { steps }).await;
    world.keep_records(&receipt);
    assert_rebuilt(&mut world).await;
}

/// The decoy is in the committer's own storage, where it is accepted: same code, same event, another address.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_in_another_storage_is_no_decoy() {
    let (mut world, hostile) = world().await;
    let call = world.batch(&[(1, TRANSFER)]).await;
    let mut decoy = decoy(&call);
    decoy.previous.priorityEnd = 0;
    allow(&world, hostile, &decoy.previous).await;
    let steps = vec![step(DELEGATECALL, world.rollup, &decoy), step(CALL, world.rollup, &call)];
    let receipt = world.send(hostile, 0, &runCall { steps }).await;
    let decoys = receipt.logs().iter().filter(|log| log.address() == hostile).count();
    assert_eq!(decoys, 1);
    world.keep_records(&receipt);
    assert_rebuilt(&mut world).await;
    world.prove(0, 2, 0).await;
    assert_rebuilt(&mut world).await;
}

/// Makes a contract's storage that of a rollup after a batch, whose committer is our sender (`snapshots/storage/Rollup.json`).
async fn allow(world: &World, contract: Address, previous: &Batch) {
    let role = keccak256("COMMITTER_ROLE");
    let of_role = keccak256((role, U256::ZERO).abi_encode());
    let member = keccak256((world.sender(), of_role).abi_encode());
    let hash = keccak256((U256::from(previous.number), U256::from(11)).abi_encode());
    let committed = B256::from(U256::from(previous.number));
    for (slot, value) in [
        (member, B256::with_last_byte(1)),
        (B256::with_last_byte(9), committed),
        (hash, keccak256(previous.abi_encode())),
    ] {
        world.rpc("anvil_setStorageAt", json!([contract, slot, value])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_commitments_of_one_transaction_are_rebuilt() {
    let (mut world, hostile) = world().await;
    let first = world.batch(&[(1, TRANSFER)]).await;
    let record = record_of(&mut world, &first).await;
    world.records.push(record);
    let second = world
        .batch(&[(2, Transaction::Transfer { from: FIRST + 1, to: FIRST, amount: 9, fee: 0 })])
        .await;
    world.records.pop();
    let steps = vec![step(CALL, world.rollup, &first), step(CALL, world.rollup, &second)];
    let receipt = world.send(hostile, 0, &runCall { steps }).await;
    world.keep_records(&receipt);
    assert_eq!(world.records.len(), 4);
    assert_rebuilt(&mut world).await;
}

/// What the contract would make of a commitment.
async fn record_of(world: &mut World, call: &commitCall) -> Batch {
    let request = TransactionRequest::default()
        .with_from(world.sender())
        .with_to(world.rollup)
        .with_input(call.abi_encode());
    let returned = world.provider.call(request).await.unwrap();
    Batch::abi_decode(&returned).unwrap()
}

/// The batch that stands has the number, the transaction and the event of one that does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_replaced_within_a_transaction_is_rebuilt() {
    let (mut world, hostile) = world().await;
    let call = world.batch(&[(1, TRANSFER)]).await;
    let last = call.previous.clone();
    let steps = vec![
        step(CALL, world.rollup, &decoy(&call)),
        step(CALL, world.rollup, &IRollupL1::revertBatchesCall { last: last.clone() }),
        step(CALL, world.rollup, &call),
    ];
    let receipt = world.send(hostile, 0, &runCall { steps }).await;
    world.keep_records(&receipt);
    assert_rebuilt(&mut world).await;

    // Also where the decoy is the last one, and taken back.
    let next = world.batch(&[(1, TRANSFER)]).await;
    let record = record_of(&mut world, &next).await;
    let mut after = decoy(&next);
    after.previous = record.clone();
    let steps = vec![
        step(CALL, world.rollup, &next),
        step(CALL, world.rollup, &after),
        step(CALL, world.rollup, &IRollupL1::revertBatchesCall { last: record }),
    ];
    let receipt = world.send(hostile, 0, &runCall { steps }).await;
    world.keep_records(&receipt);
    world.records.pop();
    assert_rebuilt(&mut world).await;
}

/// Deeper than any parser of a node's traces goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_deep_below_its_transaction_is_rebuilt() {
    let (mut world, hostile) = world().await;
    let call = world.batch(&[(1, TRANSFER)]).await;
    let mut steps = vec![step(CALL, world.rollup, &call)];
    for _ in 0..100 {
        steps = vec![step(CALL, hostile, &runCall { steps })];
    }
    let request = TransactionRequest::default()
        .with_from(world.sender())
        .with_to(hostile)
        .with_gas_limit(16_000_000)
        .with_input(runCall { steps }.abi_encode());
    let receipt = world.mined(request).await;
    world.keep_records(&receipt);
    assert_rebuilt(&mut world).await;
}

/// The account sends the transaction to itself, and its code commits: sender and origin are one.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_by_an_account_that_has_code_is_rebuilt() {
    let (mut world, hostile) = world().await;
    let call = world.batch(&[(1, TRANSFER)]).await;
    let signer: PrivateKeySigner = SIGNER.parse().unwrap();
    let nonce = world.provider.get_transaction_count(world.sender()).await.unwrap() + 1;
    let authorization = Authorization { chain_id: U256::from(31_337), address: hostile, nonce };
    let signature = signer.sign_hash_sync(&authorization.signature_hash()).unwrap();
    let steps = vec![
        step(TRY, world.rollup, &decoy(&call)),
        step(CALL, world.rollup, &IRollupL1::revertBatchesCall { last: call.previous.clone() }),
        step(CALL, world.rollup, &call),
    ];
    let request = TransactionRequest::default()
        .with_from(world.sender())
        .with_to(world.sender())
        .with_gas_limit(10_000_000)
        .with_authorization_list(vec![authorization.into_signed(signature)])
        .with_input(runCall { steps }.abi_encode());
    let receipt = world.mined(request).await;
    world.keep_records(&receipt);
    assert_rebuilt(&mut world).await;
    // A transaction of its own, from an account with code: its data is in its input and in an event.
    world.commit_transfer().await;
    assert_rebuilt(&mut world).await;
}

/// Blobs that no batch needs, behind those of the batch; they are not even words.
#[tokio::test(flavor = "multi_thread")]
async fn blobs_beyond_the_count_are_passed_over() {
    let (mut world, hostile) = world().await;
    for to in [world.rollup, hostile] {
        let (witness, mut call) = world.witness(&[(1, TRANSFER)]).await;
        let number = call.previous.number + 1;
        let published = Published::new(DataMode::Blobs, &witness, number).unwrap();
        call.next = published.commitment();
        let (blobs, openings) = published.blobs.unwrap();
        call.streams.data = openings;
        let junk = BlobsOfWords::new(&[Word::new([3; WORD_BYTES])]).unwrap().sidecar();
        let (mut all, mut junk) = (blobs.sidecar().blobs, junk.blobs);
        // (r - 1) X^4095: no word is a coefficient of it.
        junk[0].0.fill(0);
        junk[0].0[31] = 1;
        all.append(&mut junk);
        let input = match to == hostile {
            true => runCall { steps: vec![step(CALL, world.rollup, &call)] }.abi_encode(),
            false => call.abi_encode(),
        };
        let request = TransactionRequest::default()
            .with_from(world.sender())
            .with_to(to)
            .with_gas_limit(10_000_000)
            .with_max_fee_per_blob_gas(1_000_000_000_000)
            .with_blob_sidecar_7594(BlobTransactionSidecarEip7594::try_from_blobs(all).unwrap())
            .with_input(input);
        let receipt = world.mined(request).await;
        world.keep_records(&receipt);
        assert_rebuilt(&mut world).await;
    }
}

/// Encodings that no encoder makes and the contract takes.
#[tokio::test(flavor = "multi_thread")]
async fn odd_encodings_are_read_as_the_contract_reads_them() {
    let (mut world, _) = world().await;
    type Change = fn(&commitCall) -> Vec<u8>;
    let changes: [(&str, Change); 4] = [
        ("bytes behind the end", |call| [call.abi_encode(), vec![0xee; 77]].concat()),
        ("the data in front of its struct", |call| in_front(call)),
        ("values that are not read in this mode", |call| {
            let mut call = call.clone();
            call.next.blobValue = B256::repeat_byte(0xff);
            let mut input = call.abi_encode();
            // The high half of `dataValue`, which has 128 bits.
            let place = 4 + 12 * 32;
            input[place..place + 16].fill(0xff);
            input
        }),
        ("no data, in front of the call", |call| {
            let mut input = call.abi_encode();
            let streams = 4 + 15 * 32;
            let far = U256::from(1u64 << 40).wrapping_neg();
            input[streams..streams + 32].copy_from_slice(&far.to_be_bytes::<32>());
            input
        }),
    ];
    for (what, change) in changes {
        let transactions = if what.starts_with("no data") { vec![] } else { vec![(1, TRANSFER)] };
        let call = world.batch(&transactions).await;
        let request = TransactionRequest::default()
            .with_from(world.sender())
            .with_to(world.rollup)
            .with_gas_limit(10_000_000)
            .with_input(change(&call));
        let receipt = world.mined(request).await;
        assert!(receipt.status(), "{what}");
        world.keep_records(&receipt);
        assert_rebuilt(&mut world).await;
    }
}

/// The same call with its data before `Streams`, which names it by a negative offset.
fn in_front(call: &commitCall) -> Vec<u8> {
    let input = call.abi_encode();
    let (head, streams) = input.split_at(4 + 15 * 32);
    let data = &call.streams.data;
    let mut padded = data.to_vec();
    padded.resize(data.len().next_multiple_of(32), 0);
    let mut moved = head.to_vec();
    let offset = U256::from(15 * 32 + 32 + padded.len());
    moved[4 + 14 * 32..].copy_from_slice(&offset.to_be_bytes::<32>());
    moved.extend(U256::from(data.len()).to_be_bytes::<32>());
    moved.extend(&padded);
    moved.extend(U256::from(32 + padded.len()).wrapping_neg().to_be_bytes::<32>());
    moved.extend(&streams[32..]);
    moved
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_its_index_of_transactions_is_enough() {
    let (mut world, _) = world().await;
    world.commit_transfer().await;
    world.commit_blobs(&[(1, TRANSFER)]).await;
    let proxy = Proxy::start(world.url.clone()).await;
    proxy.set(Some(Fault::NoTransactionIndex));
    assert_rebuilt_by(&mut world, &proxy.url).await;
    assert!(proxy.hits() > 0);
}
