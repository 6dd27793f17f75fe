//! The commands as an operator types them.

use std::process::Output;

use serde_json::Value;

use crate::world::World;

pub(crate) async fn cairn(arguments: &[&str]) -> Output {
    let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_cairn"))
        .args(arguments)
        .env_remove("CAIRN_L1")
        .env_remove("CAIRN_DEPLOYER_KEY")
        // Nobody is there: what is on this machine is not asked through a proxy.
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .output();
    command.await.unwrap()
}

pub(crate) async fn json(arguments: &[&str]) -> Value {
    let output = cairn(&[arguments, &["--json"]].concat()).await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The one line of a refusal.
pub(crate) async fn refusal(arguments: &[&str]) -> String {
    let output = cairn(arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    let last = text.lines().last().unwrap().to_owned();
    assert!(last.starts_with("cairn: "), "{text}");
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn reconstruct_and_snapshot_from_the_command_line() {
    let mut world = World::new().await;
    world.deposit(1, 1_000).await;
    world.deposit(2, 1_000).await;
    world.commit(&[]).await;
    world.prove(0, 1, 0).await;
    world.commit_transfer().await;
    let (url, rollup) = (world.url.clone(), world.rollup.to_string());
    let l1 = ["--l1", &url, "--rollup", &rollup];
    let file = world.path("state.snapshot").display().to_string();

    let report = json(&[&["reconstruct"], &l1[..]].concat()).await;
    assert_eq!((&report["batch"], &report["finality"]), (&2.into(), &"only committed".into()));
    assert_eq!(report["state"], world.commitment().to_string());
    assert_eq!((&report["users"], &report["tokens"]), (&2.into(), &1.into()));

    let report = json(&[&["snapshot"], &l1[..], &["--out", &file]].concat()).await;
    assert_eq!((&report["batch"], &report["finality"]), (&1.into(), &"proven".into()));
    let checked = json(&["snapshot", "--check", &file, "--l1", &url]).await;
    assert_eq!((&checked["batch"], &checked["proven_on_l1"]), (&1.into(), &true.into()));
    assert_eq!(json(&["snapshot", "--check", &file]).await["proven_on_l1"], false);
    let report = json(&[&["reconstruct"], &l1[..], &["--from-snapshot", &file]].concat()).await;
    assert_eq!((&report["batch"], &report["replayed_batches"]), (&2.into(), &1.into()));

    // What an interrupted run has left is gone on from.
    let part = format!("{file}.part");
    std::fs::copy(&file, &part).unwrap();
    let output = cairn(&[&["reconstruct"], &l1[..], &["--out", &file]].concat()).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("going on after batch 1"), "{text}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("replayed    1 batches") && !std::fs::exists(&part).unwrap(), "{table}");

    let line = refusal(&[&["reconstruct"], &l1[..], &["--to", "3"]].concat()).await;
    assert!(line.contains("batch 3 is not committed; the last one is 2"), "{line}");
    let line = refusal(&[&["reconstruct"], &l1[..], &["--chain-id", "1"]].concat()).await;
    assert!(line.contains("the node serves chain 31337, expected 1"), "{line}");
    let unproven = refusal(&["snapshot", "--check", &file, "--l1", &url]).await;
    assert!(unproven.contains("is not proven"), "{unproven}");
    std::fs::write(&file, b"cairnsnp").unwrap();
    let line = refusal(&["snapshot", "--check", &file]).await;
    assert!(line.contains("the file is cut off"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_is_refused_takes_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (config, key, manifest) = (path("config.toml"), path("key"), path("manifest.json"));
    let roles = "[roles]\ngovernor = \"G\"\ncommitter = \"G\"\nprover = \"G\"\nguardian = \"G\"\ncouncil = \"G\"\n";
    let roles = roles.replace('G', "0x0000000000000000000000000000000000000001");
    std::fs::write(&config, format!("chain_id = 1\n{roles}")).unwrap();
    std::fs::write(&key, crate::world::SIGNER).unwrap();
    let contracts = crate::world::contracts().display().to_string();
    let deploy = [
        "deploy",
        "--l1",
        "http://127.0.0.1:1",
        "--config",
        &config,
        "--manifest",
        &manifest,
        "--contracts",
        &contracts,
    ];
    let line = refusal(&deploy).await;
    assert!(line.contains("set CAIRN_DEPLOYER_KEY or give --key"), "{line}");
    let line = refusal(&[&deploy[..], &["--key", &key]].concat()).await;
    assert!(line.contains("the keys are for development"), "{line}");
    std::fs::write(&config, format!("chain_id = 31337\n{roles}")).unwrap();
    let line = refusal(&[&deploy[..], &["--key", &key]].concat()).await;
    assert!(line.contains("reading the chain id"), "{line}");
    assert!(!std::fs::exists(&manifest).unwrap());
}
