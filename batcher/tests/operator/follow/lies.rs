//! An operator that lies beside L1, is away, or breaks off.

use std::sync::{Arc, Mutex};

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
};
use cairn_batcher::follow::FollowError;
use jsonrpsee::{
    server::{RpcModule, ServerBuilder, ServerHandle},
    types::ErrorObjectOwned,
};
use serde_json::{Value, json};

use super::{CHAIN, follower, round};
use crate::world::World;

/// What an operator answers, by method and number.
pub(super) type Answers = Arc<Mutex<Says>>;

/// An operator that says whatever it is told to.
pub(super) async fn operator(answers: Answers) -> (String, ServerHandle) {
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

/// What is answered to a method, and a number.
pub(super) type Says = Box<dyn Fn(&str, u64) -> Value + Send>;

/// What an honest operator would say of the world, with these states of its batches. The first is proven.
pub(super) fn says(world: &World, states: Vec<B256>, l1_block: u64) -> Says {
    let (rollup, records) = (world.rollup, world.records.clone());
    let zero = B256::ZERO;
    Box::new(move |method, number| {
        let last = states.len() as u64 - 1;
        match method {
            "cairn_info" => json!({
                "version": "0", "chainId": CHAIN, "rollup": rollup, "custody": rollup,
                "domain": format!("0x{}", "00".repeat(31)), "circuitSetRoot": B256::repeat_byte(4),
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

/// What is no answer.
fn nothing() -> Says {
    Box::new(|_, _| Value::Null)
}

/// L1 goes on by a block, and the operator has seen it and says these states.
async fn next(world: &World, answers: &Answers, states: &[B256]) {
    world.mine(1).await;
    let block = world.provider.get_block_number().await.unwrap();
    *answers.lock().unwrap() = says(world, states.to_vec(), block);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_says_something_else_than_l1_is_told_of() {
    let mut world = World::with_users().await;
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
        assert!(standing.compared == 2 && follower.is_compared(2), "each batch counts once");
    }

    // One that has not seen the last block yet is no liar, and neither is one that is ahead.
    *answers.lock().unwrap() = says(&world, honest[..2].to_vec(), block - 1);
    assert!(round(&mut follower).await.1.is_empty());
    world.mine(1).await;
    assert!(round(&mut follower).await.1.is_empty());

    let mut lie = honest.clone();
    lie[2] = honest[1];
    next(&world, &answers, &lie).await;
    for _ in 0..3 {
        let told = round(&mut follower).await.1;
        assert!(told.is_empty() && follower.is_in_doubt(), "one block may be chance: {told:?}");
        assert!(!follower.is_compared(2));
    }
    next(&world, &answers, &lie).await;
    let (standing, mut told) = round(&mut follower).await;
    told.sort();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|line| line.starts_with("batch 2: the operator has state")),
        "{told:?}"
    );
    assert_eq!(standing.contradictions, told);
    next(&world, &answers, &lie).await;
    assert!(round(&mut follower).await.1.is_empty(), "each is told once");

    // One that denies a batch.
    next(&world, &answers, &honest[..2]).await;
    round(&mut follower).await;
    next(&world, &answers, &honest[..2]).await;
    let (_, told) = round(&mut follower).await;
    assert!(told.iter().any(|line| line.contains("has not sealed it, L1 has it")), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains("batch 1 is the last committed, L1 says 2")),
        "{told:?}"
    );

    // Nonsense is an error, and no contradiction; L1 is followed all the same.
    *answers.lock().unwrap() = Box::new(|_, _| json!("\u{1b}[2J"));
    follower.round(&(), |line| panic!("{line}")).await.unwrap();
    let error = follower.check(|line| panic!("{line}")).await.unwrap_err();
    assert!(matches!(error, FollowError::Operator(_)) && error.may_pass(), "{error}");
}

/// A lie is not lost behind later batches that are well, or the truth in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_lie_about_one_of_many_proven_batches_is_told_of() {
    let mut world = World::with_users().await;
    for batch in 2..=4 {
        world.commit_transfer().await;
        world.prove(batch - 1, batch, 0).await;
    }
    let honest: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let mut lie = honest.clone();
    lie[2] = honest[1];
    let answers: Answers = Arc::new(Mutex::new(nothing()));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    // One that answers nonsense, or nothing, is asked again.
    follower.watch(&url).await.unwrap();
    let is_of_2 = |line: &&String| line.starts_with("batch 2: the operator has state");
    let mut told = Vec::<String>::new();
    for states in [&lie, &honest, &lie] {
        assert!(told.iter().filter(is_of_2).count() == 0, "{told:?}");
        next(&world, &answers, states).await;
        told.extend(round(&mut follower).await.1);
    }
    assert_eq!(told.iter().filter(is_of_2).count(), 2, "{told:?}");
    assert_eq!(follower.standing().compared, 4);
}

/// What was found counts though an error follows it.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_breaks_off_hides_nothing() {
    let mut world = World::with_users().await;
    world.commit_transfer().await;
    let mut lie: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    lie[2] = lie[1];
    let answers: Answers = Arc::new(Mutex::new(nothing()));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    follower.watch(&url).await.unwrap();
    let mut told = Vec::<String>::new();
    for _ in 0..2 {
        assert!(told.is_empty(), "{told:?}");
        world.mine(1).await;
        let block = world.provider.get_block_number().await.unwrap();
        let says = says(&world, lie.clone(), block);
        *answers.lock().unwrap() = Box::new(move |method, number| match (method, number) {
            ("cairn_block", 2) => json!("nonsense"),
            _ => says(method, number),
        });
        follower.round(&(), |line| panic!("{line}")).await.unwrap();
        let error = follower.check(|line| told.push(line.to_owned())).await.unwrap_err();
        assert!(matches!(error, FollowError::Operator(_)), "{error}");
    }
    assert!(
        told.iter().any(|line| line.starts_with("batch 2: the operator has state")),
        "{told:?}"
    );
}

/// A batch without a block ends where the one before it did.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_no_blocks_is_no_lie() {
    let world = World::with_users().await;
    let states: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let answers: Answers = Arc::new(Mutex::new(nothing()));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    follower.watch(&url).await.unwrap();
    let says = says(&world, states, world.provider.get_block_number().await.unwrap());
    *answers.lock().unwrap() = Box::new(move |method, number| {
        let mut answer = says(method, number);
        if method == "cairn_batch" {
            answer["firstBlock"] = json!(number);
            answer["lastBlock"] = json!(number - 1);
        }
        answer
    });
    assert!(round(&mut follower).await.1.is_empty() && !follower.is_in_doubt());
    assert!(follower.is_compared(1));
}

/// How far it has read L1 is its own word, and excuses it only within the confirmations.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_says_that_it_is_far_behind_or_ahead_is_told_of() {
    let world = World::with_users().await;
    let states: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let answers: Answers = Arc::new(Mutex::new(says(&world, states.clone(), 0)));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    for block in [0, 1 << 62] {
        *answers.lock().unwrap() = says(&world, states.clone(), block);
        let mut follower =
            follower(&world, &folder.path().join(block.to_string()), Vec::new()).await;
        follower.watch(&url).await.unwrap();
        assert!(round(&mut follower).await.1.is_empty());
        world.mine(1).await;
        let told = round(&mut follower).await.1;
        let expected = format!("the operator says that it has seen L1 up to block {block}, here");
        assert!(told.iter().any(|line| line.starts_with(&expected)), "{told:?}");
    }
}

/// Who has seen a block of L1 knows what was there, however little behind it is.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_always_a_block_behind_is_told_of() {
    let mut world = World::with_users().await;
    world.commit_transfer().await;
    let honest: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let block = world.provider.get_block_number().await.unwrap();
    let answers: Answers = Arc::new(Mutex::new(says(&world, honest[..2].to_vec(), block - 1)));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    follower.watch(&url).await.unwrap();
    assert!(round(&mut follower).await.1.is_empty() && !follower.is_in_doubt());
    let mut told = Vec::<String>::new();
    for seen in [block, block + 1] {
        assert!(told.is_empty(), "{told:?}");
        *answers.lock().unwrap() = says(&world, honest[..2].to_vec(), seen);
        world.mine(1).await;
        told.extend(round(&mut follower).await.1);
    }
    let expected = "the operator says that batch 1 is the last committed, L1 says 2";
    assert!(told.iter().any(|line| line == expected), "{told:?}");
    assert!(told.iter().any(|line| line.contains("has not sealed it, L1 has it")), "{told:?}");
}

/// A follower outlives its operator.
#[tokio::test(flavor = "multi_thread")]
async fn l1_is_followed_while_the_operator_is_away() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    let mut follower = follower(&world, folder.path(), Vec::new()).await;
    assert!(follower.watch("nonsense").await.is_err(), "no URL becomes one");
    follower.watch("http://127.0.0.1:9").await.unwrap();
    world.commit_transfer().await;
    follower.round(&(), |line| panic!("{line}")).await.unwrap();
    assert_eq!(follower.standing().batch, 2);
    let error = follower.check(|line| panic!("{line}")).await.unwrap_err();
    assert!(error.may_pass() && !follower.is_compared(2), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_of_another_rollup_is_refused() {
    let mut world = World::with_users().await;
    let states: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let rollup = std::mem::replace(&mut world.rollup, Address::repeat_byte(1));
    let answers: Answers = Arc::new(Mutex::new(says(&world, states, 1)));
    world.rollup = rollup;
    let (url, _server) = operator(answers).await;
    let folder = tempfile::tempdir().unwrap();
    let error = follower(&world, folder.path(), Vec::new()).await.watch(&url).await.unwrap_err();
    assert!(matches!(error, FollowError::OtherOperator { .. }), "{error}");
}
