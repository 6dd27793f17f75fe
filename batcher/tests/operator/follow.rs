//! A follower beside L1.

mod lies;
mod once;

use std::{path::Path, sync::Arc};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    api::{
        ApiConfig, Server,
        hex::{Hash, Hex},
        methods,
        receipt::{Place, ReceiptDomain},
        wire,
    },
    client::{Client, check_proof},
    follow::{FollowError, Follower, Setting, Standing, receipts::Receipt, serve},
    mempool::transaction_hash,
    reconstruct::{Rollup, source::Sources},
    signals::{Signals, shutdown},
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::sign;
use cairn_types::{Authorization, SignedTransaction, Transaction, domain};
use serde_json::json;

use crate::world::{FIRST, World, key};

const CHAIN: u64 = 31_337;

async fn follower(world: &World, folder: &Path, receipts: Vec<Receipt>) -> Follower {
    let rollup = Rollup::read(&world.url, world.rollup, 0, None, &()).await.unwrap();
    let sources = Arc::new(Sources::default());
    let folder = folder.to_owned();
    let setting = Setting { sources, snapshot: None, folder, confirmations: 2 };
    Follower::start(setting, rollup, receipts).unwrap()
}

/// A round; what it tells.
async fn round(follower: &mut Follower) -> (Standing, Vec<String>) {
    let mut told = Vec::new();
    follower.round(&(), |line| told.push(line.to_owned())).await.unwrap();
    follower.check(|line| told.push(line.to_owned())).await.unwrap();
    (follower.standing(), told)
}

fn state(world: &mut World) -> String {
    world.commitment().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_reverts_and_reorganizations_are_followed() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.batch, standing.state, told.len()), (1, state(&mut world), 0));

    let (one, records) = (world.state.clone(), world.records.clone());
    let snapshot = world.rpc("evm_snapshot", json!([])).await;
    world.commit_transfer().await;
    world.commit_transfer().await;
    let (standing, _) = round(&mut follower).await;
    assert_eq!((standing.batch, standing.proven, standing.state), (3, 1, state(&mut world)));
    // Nothing new is no harm.
    assert_eq!(round(&mut follower).await.0.batch, 3);

    world.revert(1).await;
    world.state = one.clone();
    assert_eq!(round(&mut follower).await.0.batch, 1);

    // All of that has never been; another batch 2 is proven, behind what was settled.
    world.rpc("evm_revert", json!([snapshot])).await;
    (world.state, world.records) = (one, records);
    world.deposit(3, 77).await;
    world.commit_transfer().await;
    world.prove(1, 2, 0).await;
    world.mine(9).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.batch, standing.proven, told.len()), (2, 2, 0));
    assert_eq!(standing.state, state(&mut world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_run_goes_on_and_readers_are_served() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    let mut first = follower(&world, folder.path(), Vec::new()).await;
    round(&mut first).await;
    first.keep_now().unwrap();
    drop(first);
    let leave = Transaction::Withdraw { from: FIRST, recipient: [9; 20], amount: 30, fee: 1 };
    world.commit(&[(1, leave)]).await;
    world.prove(1, 2, 0).await;

    let mut again = follower(&world, folder.path(), Vec::new()).await;
    assert_eq!(again.states().tip(), 1, "batch 1 is not executed again");
    assert_eq!(round(&mut again).await.0.state, state(&mut world));

    let signals = Signals::default();
    let sources = serve::sources(&again, signals, None).await.unwrap();
    let config = ApiConfig { listen: ([127, 0, 0, 1], 0).into(), ..ApiConfig::default() };
    let server = Server::bind(config).await.unwrap();
    let url = format!("http://{}", server.address());
    let client = Client::connect(&url).await.unwrap();
    let (stop, stopped) = shutdown();
    let serving = tokio::spawn(server.run(sources, stopped));

    let head = client.head().await.unwrap();
    assert_eq!((head.batch, head.committed, head.proven), (2, 2, 2));
    let proof = client.ask::<methods::Proof>(&wire::ById { id: FIRST }).await.unwrap();
    let proven = Hash::from(world.commitment());
    let account = check_proof(&proof, FIRST, proven).unwrap();
    assert_eq!((account.balance, account.nonce), (10_000 - 31, 1));
    let key = wire::ByKey { key: key(2).into(), from: None };
    let owned = client.ask::<methods::AccountsOf>(&key).await.unwrap();
    assert_eq!(owned.accounts.iter().map(|account| account.id).collect::<Vec<_>>(), [FIRST + 1]);
    let place = wire::WithdrawalAt { batch: 2, index: 0 };
    let withdrawal = client.ask::<methods::WithdrawalAt>(&place).await.unwrap();
    assert!(withdrawal.claimable && withdrawal.amount.0 == 30);
    let batch = client.ask::<methods::Batch>(&wire::ByBatch { number: 2 }).await.unwrap();
    assert_eq!((batch.state_after, batch.operations), (proven, 1));
    let submit = wire::SubmitOne { transaction: Hex(signed(0, 1).to_bytes()) };
    let refused = client.call::<methods::Submit>(&submit).await.unwrap_err();
    assert!(refused.to_string().contains("this is a follower"), "{refused}");
    assert_eq!(refused.reason(), Some("reads_only"));
    // It says what L1 says, so that nothing would be learnt of an operator.
    let error = again.watch(&url).await.unwrap_err();
    assert!(matches!(error, FollowError::NoOperator) && !error.may_pass(), "{error}");
    stop.stop();
    serving.await.unwrap().unwrap();
}

// --- receipts -------------------------------------------------------------------------------------

fn signed_for(rollup: Address, nonce: u32, amount: u64) -> SignedTransaction {
    let transaction = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount, fee: 0 };
    let authorization = Authorization {
        domain: domain(CHAIN, &rollup.into_array()),
        token: 0,
        nonce,
        expiry: 0,
        recipient: key(2),
    };
    sign(&SecretKey::from_seed(&[1; 32]), transaction, authorization)
}

fn signed(nonce: u32, amount: u64) -> SignedTransaction {
    signed_for(Address::ZERO, nonce, amount)
}

/// What the operator has signed: this transaction is in this batch.
fn receipt(world: &World, folder: &Path, signed: &SignedTransaction, batch: u32) -> Receipt {
    let operator = PrivateKeySigner::from_slice(&[9; 32]).unwrap();
    let of = ReceiptDomain { chain_id: CHAIN, rollup: world.rollup };
    let hash: Hash = transaction_hash(signed).into();
    let place = Place { batch, block: batch.into(), position: 0 };
    let receipt = wire::SignedReceipt::sign(hash, place, Hex([7; 32]), &of, &operator).unwrap();
    let file = folder.join(format!("{hash}.json"));
    let text = json!({ "receipt": receipt, "transaction": Hex(signed.to_bytes()) });
    std::fs::write(&file, text.to_string()).unwrap();
    Receipt::read(&file, &of, operator.address()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_was_broken_is_told_once() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    // Batch 2 has nonce 0 of the first user, and pays 1.
    let kept = receipt(&world, folder.path(), &signed_for(world.rollup, 0, 1), 2);
    let broken = receipt(&world, folder.path(), &signed_for(world.rollup, 0, 2), 2);
    let open = receipt(&world, folder.path(), &signed_for(world.rollup, 1, 1), 3);
    let data = folder.path().join("data");
    let mut follower = follower(&world, &data, vec![kept, open, broken]).await;
    // The two of batch 2 stand at one place of one block: nobody needs L1 to see that.
    assert_eq!(follower.contradictions().len(), 1);
    assert_eq!(round(&mut follower).await.0.receipts_open, 3);
    let pay = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
    world.commit(&[(1, pay)]).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.receipts_hold, standing.receipts_open, told.len()), (1, 1, 1), "{told:?}");
    assert!(told[0].contains("has another transaction of account 65536 with nonce 0"), "{told:?}");
    assert!(told[0].contains("only committed"), "{told:?}");
    assert!(round(&mut follower).await.1.is_empty());
    // L1 does not show it any more; that two receipts exclude each other stays.
    assert_eq!(standing.contradictions.len(), 2);
    world.revert(1).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.contradictions.len(), told.len()), (1, 0), "{standing:?}");
}

/// What is committed and leads nowhere is a contradiction, and the states before it are served.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_is_told_of() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
    let mut call = world.batch(&[(1, transfer)]).await;
    call.next.state = B256::repeat_byte(1);
    world.commit_call(world.rollup, &call).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.batch, standing.committed, told.len()), (1, 2, 1), "{told:?}");
    assert!(told[0].contains("what is committed on L1 is no batch: batch 2"), "{told:?}");
    assert!(round(&mut follower).await.1.is_empty());
    // A proof of it is the worst that can be, and no reason to say less.
    world.prove(1, 2, 0).await;
    let (standing, told) = round(&mut follower).await;
    assert_eq!((standing.batch, standing.proven, told.len()), (1, 2, 1), "{told:?}");
    assert!(told[0].contains("what is proven on L1 is no batch: batch 2"), "{told:?}");
    assert_eq!(standing.contradictions, told);
    assert!(round(&mut follower).await.1.is_empty());
}
