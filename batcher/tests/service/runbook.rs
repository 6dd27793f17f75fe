//! The procedures of `docs/runbook.md`, as they stand there, on a service whose proofs are stand-ins. What people do once a
//! rollup is frozen is in the test of the operator's tools of the same name.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::providers::Provider;
use cairn_batcher::{
    api::{methods, wire},
    client::Client,
    l1::connection::connect_with,
    node::{
        Checked, Extras, Node,
        config::Config,
        dev::{self, OPERATOR_KEY},
        keys::Keys,
    },
};

use crate::{
    manual::{Shell, commands, quoted, sections},
    stand_in::{StandIn, contracts},
    tools::{DEADLINE, World, proof},
    workers::Fleet,
};

const PAGE: &str = "runbook.md";
/// What stands before the first section.
const FIRST: &str = "# Runbook";
const PASSWORD: &str = "long and wide";
/// A worker of the page.
const WORKER: &str = "spot-7";

/// All that has commands has a test.
#[test]
fn no_procedure_is_left_out() {
    let headings: Vec<_> = sections(PAGE).into_iter().map(|(heading, _)| heading).collect();
    let expected = [
        FIRST,
        "Pause",
        "Drain",
        "Failover",
        "Restore",
        "Stuck L1 transaction",
        "Prover behind",
        // Of the operator's tools.
        "Freeze, and the move to a successor",
    ];
    assert_eq!(headings, expected);
}

fn url(world: &World) -> String {
    format!("http://{}", world.config.api.listen)
}

/// Of whoever is on call, in a folder with the token of a service that has been started.
fn shell(world: &World) -> Shell {
    let folder = world.folder.path();
    std::fs::copy(world.config.admin_token_file(), folder.join("admin-token")).unwrap();
    let shell = Shell::new(folder, &contracts()).with("CAIRN_URL", url(world));
    let shell = shell.with("CAIRN_KEYSTORE_PASSWORD", PASSWORD);
    shell.with("L1", world.chain.l1_url()).with("OPERATOR", dev::keys().operator.address())
}

async fn head(world: &World) -> wire::Head {
    Client::connect(&url(world)).await.unwrap().head().await.unwrap()
}

/// Waits until all that was sealed is final; how many batches that are.
async fn settled(world: &World) -> u32 {
    let started = Instant::now();
    loop {
        let head = head(world).await;
        if head.sealed > 0 && head.finalized == head.sealed {
            return head.sealed;
        }
        assert!(started.elapsed() < DEADLINE, "it is not settled: {head:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What `/ready` answers, once it answers that.
async fn ready(world: &World, expected: u16) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let started = Instant::now();
    loop {
        let answer = client.get(format!("{}/ready", url(world))).send().await.unwrap();
        if answer.status().as_u16() == expected {
            return;
        }
        let (status, reasons) = (answer.status(), answer.text().await.unwrap());
        assert!(started.elapsed() < DEADLINE, "{status}, expected {expected}: {reasons}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Writes the world's configuration where `cairn run` reads it.
fn write(world: &World, file: &str) {
    let text = toml::to_string(&world.config).unwrap();
    std::fs::write(world.folder.path().join(file), text).unwrap();
}

/// `cairn run --config FILE`, in this process and with proofs that are stand-ins: the file and its keys are read as by that
/// command.
async fn run(folder: &Path, command: &str) -> Node {
    let file = command.strip_prefix("cairn run --config ").unwrap();
    let config = Config::read(&folder.join(file)).unwrap();
    let variable = |name: &str| match name {
        "CAIRN_OPERATOR_KEY" => Some(OPERATOR_KEY.to_owned()),
        "CAIRN_RECEIPT_PASSWORD" => Some(PASSWORD.to_owned()),
        _ => None,
    };
    let keys = Keys::load(&config.keys, variable).unwrap();
    let checked = Checked::check(config, keys).await.unwrap();
    Node::start(checked, Arc::new(StandIn), Extras::default()).await.unwrap()
}

#[track_caller]
fn unknown(command: &str) -> ! {
    panic!("nothing says what is expected of {command:?}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_paused_and_drained() {
    let mut world = World::start().await;
    // A drain is not over at once.
    let fees = world.send_nothing();
    let node = world.node().await;
    let shell = shell(&world);
    proof(node.store(), |_| true).await;
    for command in commands(PAGE, FIRST) {
        let said = shell.told(&command).await;
        assert!(said.contains("sequencer   running"), "{command}: {said}");
    }
    for command in commands(PAGE, "Failover") {
        // Who leads is asked; how another takes over is in the tests that the page names.
        match command.strip_prefix("cairn run --config cairn.toml ") {
            Some(mode) => assert!(["--standby", "--promote"].contains(&mode), "{command}"),
            None => {
                let command = command.replace("http://OTHER:8650", &url(&world));
                assert!(shell.told(&command).await.contains("sequencer   running"), "{command}");
            }
        }
    }
    for command in commands(PAGE, "Pause") {
        let said = shell.told(&command).await;
        match command.as_str() {
            "cairn admin pause" | "cairn admin resume" => assert_eq!(said, "done\n"),
            "cairn status" => {
                assert!(said.contains("sequencer   paused"), "{said}");
                ready(&world, 503).await;
            }
            _ => unknown(&command),
        }
    }
    ready(&world, 200).await;
    for command in commands(PAGE, "Drain") {
        let said = shell.told(&command).await;
        match command.as_str() {
            "cairn admin drain" => assert_eq!(said, "done\n"),
            "cairn status" => assert!(said.contains("sequencer   draining"), "{said}"),
            _ => unknown(&command),
        }
    }
    node.stop().await.unwrap();

    world.config.settlement = fees;
    let mut node = world.node().await;
    let ended = tokio::time::timeout(DEADLINE, node.ended()).await;
    ended.expect("it does not end").unwrap();
    node.stop().await.unwrap();
    let node = world.node().await;
    assert!(shell.told("cairn status").await.contains("sequencer   drained"));
    shell.told("cairn admin resume").await;
    assert!(shell.told("cairn status").await.contains("sequencer   running"));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_is_restored_from_a_backup() {
    let mut world = World::start().await;
    let mut node = Some(world.node().await);
    let shell = shell(&world);
    let folder = world.folder.path().to_owned();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (data, backups) = (text(&world.config.data_dir), text(&folder));
    // A backup has all that L1 has.
    let sealed = settled(&world).await;
    world.config.keys.receipts = Some("receipts.json".into());
    write(&world, "cairn.toml");
    let mut signer = String::new();
    for command in commands(PAGE, "Restore") {
        let command = command.replace("http://127.0.0.1:8650", &url(&world));
        let command = command.replace("/var/lib/cairn", &data).replace("/backup", &backups);
        if command.starts_with("cairn run ") {
            node = Some(run(&folder, &command).await);
            continue;
        }
        let said = shell.told(&command).await;
        match command.split(' ').collect::<Vec<_>>()[..] {
            ["cairn", "db", "backup", ..] => {
                assert!(said.contains(" rows are in "), "{said}");
                node.take().unwrap().stop().await.unwrap();
                std::fs::remove_dir_all(world.config.store_dir()).unwrap();
            }
            ["cairn", "db", "restore", ..] => assert!(said.contains(" rows are in "), "{said}"),
            ["cairn", "db", "check", ..] => {
                assert!(said.lines().any(|line| line.starts_with("proofs ")), "{said}");
            }
            ["cairn", "keys", "new", _] => signer = said.trim().to_owned(),
            _ => unknown(&command),
        }
    }
    let said = shell.told("cairn status").await;
    let heads = format!(
        "batches     sealed {sealed}, committed {sealed}, proven {sealed}, finalized {sealed}"
    );
    assert!(said.contains(&heads), "{said}");
    let info = Client::connect(&url(&world)).await.unwrap().info().await.unwrap();
    assert!(info.receipt_signer.to_string().eq_ignore_ascii_case(&signer), "{info:?} {signer}");
    node.unwrap().stop().await.unwrap();
}

/// Fees are above the caps: it is seen, and a configuration with others and a restart mend it.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_l1_goes_on_with_other_caps() {
    let mut world = World::start().await;
    let fees = world.send_nothing();
    let node = world.node().await;
    proof(node.store(), |_| true).await;
    let shell = shell(&world);
    let said = shell.told("cairn status").await;
    assert!(said.contains("committed 0, proven 0, finalized 0"), "{said}");
    node.stop().await.unwrap();

    world.config.settlement = fees;
    write(&world, "cairn.toml");
    let folder = world.folder.path().to_owned();
    let node = run(&folder, "cairn run --config cairn.toml").await;
    settled(&world).await;
    let client = Client::connect(&url(&world)).await.unwrap();
    let range = wire::SettlementRange { count: 64, before: None };
    let settlements = client.ask::<methods::Settlements>(&range).await.unwrap();
    let hash = settlements[0].hash.unwrap().to_string();
    let shell = shell.with("HASH", &hash);
    let l1 = connect_with(&world.chain.l1_url()).unwrap();
    for command in commands(PAGE, "Stuck L1 transaction") {
        let said = shell.told(&command).await;
        match command.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["cairn", "status"] => assert!(said.contains("committing "), "{said}"),
            ["cast", "nonce"] => {
                let nonce = l1.get_transaction_count(dev::keys().operator.address()).await.unwrap();
                assert_eq!(said.trim(), nonce.to_string());
            }
            ["cast", "tx"] => assert!(said.contains(&hash), "{said}"),
            ["cast", "base-fee"] => assert!(said.trim().parse::<u128>().is_ok(), "{said}"),
            _ => unknown(&command),
        }
    }
    let asked = quoted(PAGE, "cast");
    assert!(asked.len() > 2, "{asked:?}");
    for command in asked {
        let command = command.replace(" N ", " 1 ").replace("URL", &world.chain.l1_url());
        assert!(!shell.told(&command).await.is_empty(), "{command}");
    }
    node.stop().await.unwrap();
}

/// How a worker stands, by the table of `cairn fleet ls`; waits until it is one of these.
async fn stands(shell: &Shell, expected: &[&str]) {
    let started = Instant::now();
    loop {
        let table = shell.told("cairn fleet ls").await;
        let row = table.lines().find(|line| line.starts_with(WORKER));
        let standing = row.and_then(|row| row.split_whitespace().nth(1)).unwrap_or("unheard");
        if expected.contains(&standing) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{standing}, expected one of {expected:?}: {table}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_looked_at_and_steered() {
    let mut world = World::start().await;
    // A batch that is proven on L1 is not proven again.
    world.send_nothing();
    let path = |name: &str| world.folder.path().join(name);
    let fleet = Fleet::of(&[WORKER], &path("nats"), &path("begun"), false);
    let extras = Extras { fleet: Some(fleet.coordinator()), ..Extras::default() };
    let checked = Checked::check(world.config.clone(), dev::keys()).await.unwrap();
    let node = Node::start(checked, Arc::new(fleet), extras).await.unwrap();
    let shell = shell(&world);
    let first = proof(node.store(), |_| true).await;
    for command in commands(PAGE, "Prover behind") {
        let command = command.replace("requeue 41", "requeue 1");
        let said = shell.told(&command).await;
        match command.split(' ').collect::<Vec<_>>()[..] {
            ["cairn", "status", "--token-file", _] => assert!(said.contains("proving "), "{said}"),
            ["cairn", "fleet", "ls"] => stands(&shell, &["working"]).await,
            ["cairn", "fleet", "tasks"] => assert!(said.starts_with("assignment "), "{said}"),
            ["cairn", "admin", "requeue", "1"] => {
                assert_eq!(said, "done\n");
                proof(node.store(), |proof| proof.started_ms > first.started_ms).await;
            }
            ["cairn", "fleet", order, WORKER] => {
                assert_eq!(said, "done\n");
                let expected: &[_] = match order {
                    "quarantine" => &["quarantined"],
                    "retry" => &["working"],
                    "drain" => &["draining", "gone"],
                    _ => unknown(&command),
                };
                stands(&shell, expected).await;
            }
            _ => unknown(&command),
        }
    }
    node.stop().await.unwrap();
}
