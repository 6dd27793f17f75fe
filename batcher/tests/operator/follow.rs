//! A follower beside L1 and beside an operator that lies.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
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
use jsonrpsee::{
    server::{RpcModule, ServerBuilder, ServerHandle},
    types::ErrorObjectOwned,
};
use serde_json::{Value, json};

use crate::world::{FIRST, World, key};

const CHAIN: u64 = 31_337;

async fn world_with_users() -> World {
    let mut world = World::new().await;
    world.deposit(1, 10_000).await;
    world.deposit(2, 500).await;
    world.commit(&[]).await;
    world.prove(0, 1, 0).await;
    world
}

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
    let standing = follower.round(&(), |line| told.push(line.to_owned())).await.unwrap();
    (standing, told)
}

fn state(world: &mut World) -> String {
    world.commitment().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_reverts_and_reorganizations_are_followed() {
    let mut world = world_with_users().await;
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
    let mut world = world_with_users().await;
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
    let client = Client::connect(&format!("http://{}", server.address())).await.unwrap();
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
    let mut world = world_with_users().await;
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
}

// --- an operator that lies ------------------------------------------------------------------------

/// What an operator answers, by method and number.
type Answers = Arc<Mutex<Box<dyn Fn(&str, u64) -> Value + Send>>>;

/// An operator that says whatever it is told to.
async fn operator(answers: Answers) -> (String, ServerHandle) {
    let mut module = RpcModule::new(answers);
    for method in ["cairn_info", "cairn_head", "cairn_batch", "cairn_block"] {
        module
            .register_method(method, move |params, answers, _| {
                let number =
                    params.parse::<Value>().ok().and_then(|value| value["number"].as_u64());
                let answer = (answers.lock().unwrap())(method, number.unwrap_or_default());
                Ok::<Value, ErrorObjectOwned>(answer)
            })
            .unwrap();
    }
    let server = ServerBuilder::default().build("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    (url, server.start(module))
}

/// What an honest operator would say of the world, with this state of batch 2.
fn says(world: &World, states: Vec<B256>, l1_block: u64) -> Box<dyn Fn(&str, u64) -> Value + Send> {
    let (rollup, records) = (world.rollup, world.records.clone());
    let zero = B256::ZERO;
    Box::new(move |method, number| {
        let last = states.len() as u64 - 1;
        match method {
            "cairn_info" => json!({
                "version": "0", "chainId": CHAIN, "rollup": rollup, "custody": rollup,
                "domain": format!("0x{}", "00".repeat(31)), "circuitSetRoot": zero,
                "receiptSigner": rollup, "dataModes": [], "maxRequestBytes": 1, "maxItems": 1,
                "maxBatchCalls": 1, "maxDepth": 1, "requestsPerSecond": 1
            }),
            "cairn_head" => json!({
                "block": last, "batch": last, "state": states[last as usize], "madeMs": 0,
                "nextId": 0, "nextToken": 0, "sealed": last, "committed": last, "proven": 1,
                "finalized": 0, "l1Block": l1_block, "l1Timestamp": 0, "l1Paused": false,
                "standing": "running", "halted": null
            }),
            "cairn_batch" => json!({
                "number": number, "timestamp": 0, "firstBlock": number, "lastBlock": number,
                "stateBefore": zero, "stateAfter": states[number as usize],
                "priorityEnd": records[number as usize].priorityEnd, "operations": 1, "transfers": 1,
                "dataWords": 1, "reason": "age", "openedMs": 0, "sealedMs": 0, "publication": null,
                "proofMadeMs": null, "l1": null, "finalized": false, "finalizedMs": null
            }),
            _ => json!({
                "number": number, "batch": number, "timestamp": 0, "state": states[number as usize],
                "madeMs": 0, "operationCount": 0, "operations": []
            }),
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_says_something_else_than_l1_is_told_of() {
    let mut world = world_with_users().await;
    world.commit_transfer().await;
    let honest: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let block = world.provider.get_block_number().await.unwrap();
    let answers: Answers = Arc::new(Mutex::new(says(&world, honest.clone(), block)));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    follower.watch(&url).await.unwrap();
    for _ in 0..3 {
        let (standing, told) = round(&mut follower).await;
        assert!(told.is_empty() && !follower.is_in_doubt(), "{told:?}");
        assert!(standing.compared > 0);
    }

    // One that has not seen the last block yet is no liar, and neither is one that is ahead.
    *answers.lock().unwrap() = says(&world, honest[..2].to_vec(), block - 1);
    assert!(round(&mut follower).await.1.is_empty() && round(&mut follower).await.1.is_empty());

    let mut lie = honest.clone();
    lie[2] = honest[1];
    *answers.lock().unwrap() = says(&world, lie, block);
    assert!(
        round(&mut follower).await.1.is_empty() && follower.is_in_doubt(),
        "once may be chance"
    );
    let (standing, told) = round(&mut follower).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|line| line.starts_with("batch 2: the operator has state")),
        "{told:?}"
    );
    assert_eq!(standing.contradictions, told);
    assert!(round(&mut follower).await.1.is_empty(), "each is told once");

    // One that denies a batch.
    *answers.lock().unwrap() = says(&world, honest[..2].to_vec(), block);
    round(&mut follower).await;
    let (_, told) = round(&mut follower).await;
    assert!(told.iter().any(|line| line.contains("has not sealed it, L1 has it")), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains("batch 1 is the last committed, L1 says 2")),
        "{told:?}"
    );

    // Nonsense is an error, and no contradiction.
    *answers.lock().unwrap() = Box::new(|_, _| json!("\u{1b}[2J"));
    let error = follower.round(&(), |line| panic!("{line}")).await.unwrap_err();
    assert!(matches!(error, FollowError::Operator(_)) && error.may_pass(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_of_another_rollup_is_refused() {
    let mut world = world_with_users().await;
    let states: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let rollup = std::mem::replace(&mut world.rollup, Address::repeat_byte(1));
    let answers: Answers = Arc::new(Mutex::new(says(&world, states, 1)));
    world.rollup = rollup;
    let (url, _server) = operator(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let error = follower(&world, folder.path(), Vec::new()).await.watch(&url).await.unwrap_err();
    assert!(matches!(error, FollowError::OtherOperator { .. }), "{error}");
}

/// What is committed and leads nowhere is a contradiction, and the states before it are served.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_is_told_of() {
    let mut world = world_with_users().await;
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
}
