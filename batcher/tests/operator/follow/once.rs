//! `cairn follow --once`, as scripts take it.

use std::{
    convert::Infallible,
    path::Path,
    process::Output,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::{primitives::B256, providers::Provider, signers::local::PrivateKeySigner};
use cairn_types::Transaction;
use serde_json::{Value, json};

use super::{
    lies::{Answers, operator, says},
    receipt, signed_for,
};
use crate::{
    command::cairn,
    world::{FIRST, World},
};

/// A run with its data in this folder.
async fn once(world: &World, folder: &Path, more: &[&str]) -> Output {
    let (rollup, folder) = (world.rollup.to_string(), folder.display().to_string());
    let known =
        ["follow", "--once", "--l1", &world.url, "--rollup", &rollup, "--data-dir", &folder];
    cairn(&[&known[..], more].concat()).await
}

/// What a run that ends with this code says of where it stands.
#[track_caller]
fn standing(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The last line of a run that fails before it stands anywhere.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_held_against_what_l1_has() {
    let mut world = World::with_users().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("follower");
    let output = once(&world, &data, &["--json"]).await;
    let first = standing(&output, 0);
    assert_eq!((&first["batch"], &first["proven"]), (&1.into(), &1.into()));
    assert_eq!(first["state"], world.commitment().to_string());
    assert_eq!((&first["compared"], &first["contradictions"]), (&0.into(), &json!([])));
    assert!(data.join("state.snapshot").exists(), "a later run goes on from there");

    // Batch 2 has nonce 0 of the first user, and pays 1.
    let pay = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
    world.commit(&[(1, pay)]).await;
    let signer = PrivateKeySigner::from_slice(&[9; 32]).unwrap().address().to_string();
    let file = |nonce, amount, batch| {
        let signed = signed_for(world.rollup, nonce, amount);
        receipt(&world, folder.path(), &signed, batch).file.display().to_string()
    };
    let (kept, broken, open) = (file(0, 1, 2), file(0, 2, 2), file(1, 1, 3));
    let with = async |files: &[&str], more: &[&str]| {
        let mut arguments = vec!["--receipt-signer", signer.as_str()];
        files.iter().for_each(|file| arguments.extend(["--receipt", *file]));
        once(&world, &data, &[&arguments[..], more].concat()).await
    };

    let second = standing(&with(&[kept.as_str(), &open], &["--json"]).await, 0);
    assert_eq!((&second["batch"], &second["committed"]), (&2.into(), &2.into()));
    assert_eq!((&second["receipts_hold"], &second["receipts_open"]), (&1.into(), &1.into()));

    let output = with(&[broken.as_str()], &[]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let reason = "has another transaction of account 65536 with nonce 0 (only committed)";
    assert!(said.contains("cairn: CONTRADICTION: receipt ") && said.contains(reason), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("\nreceipts       0 hold, 0 cannot be told"), "{table}");
    assert!(table.contains("\ncontradictions 1\n  receipt ") && table.contains(reason), "{table}");

    // Of somebody else, it says nothing of the operator.
    let stranger = ["--receipt-signer", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"];
    let others = [&stranger[..], &["--receipt", &kept]].concat();
    let line = refused(&once(&world, &data, &others).await);
    assert!(line.contains("--receipt ") && line.contains("signed by"), "{line}");
}

/// An operator's word counts at two blocks.
async fn l1_goes_on(world: &World) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.mine(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_held_against_l1_before_the_run_ends() {
    let mut world = World::with_users().await;
    world.commit_transfer().await;
    let honest: Vec<B256> = world.records.iter().map(|record| record.state).collect();
    let block = world.provider.get_block_number().await.unwrap();
    let answers: Answers = Arc::new(Mutex::new(says(&world, honest.clone(), block)));
    let (url, _server) = operator(Arc::clone(&answers)).await;
    let folder = tempfile::tempdir().unwrap();
    let watch = ["--operator", &url, "--json"];
    let well = standing(&once(&world, folder.path(), &watch).await, 0);
    assert_eq!((&well["compared"], &well["undecided"]), (&2.into(), &json!([])));

    let mut lie = honest.clone();
    lie[2] = honest[1];
    *answers.lock().unwrap() = says(&world, lie, block);
    let output = tokio::select! {
        output = once(&world, folder.path(), &watch) => output,
        never = l1_goes_on(&world) => match never {},
    };
    let ill = standing(&output, 1);
    let found: Vec<_> = ill["contradictions"].as_array().unwrap().iter().collect();
    let is_of_2 =
        |line: &&Value| line.as_str().unwrap().starts_with("batch 2: the operator has state");
    assert!(found.len() == 2 && found.iter().all(is_of_2), "{ill}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("cairn: CONTRADICTION: batch 2: ").count(), 2, "{said}");

    // Neither who is away nor who is no operator is one that lies.
    let says = says(&world, honest, block);
    *answers.lock().unwrap() = Box::new(move |method, number| {
        let mut answer = says(method, number);
        if method == "cairn_info" {
            answer["circuitSetRoot"] = json!(B256::ZERO);
        }
        answer
    });
    let line = refused(&once(&world, folder.path(), &watch).await);
    assert!(line.starts_with("cairn: --operator: a follower answers there"), "{line}");
    let away = ["--operator", "http://127.0.0.1:9"];
    let line = refused(&once(&world, folder.path(), &away).await);
    assert!(line.starts_with("cairn: --operator: no answer from http://127.0.0.1:9: "), "{line}");
}
