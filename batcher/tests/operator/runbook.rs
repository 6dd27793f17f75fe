//! What `docs/runbook.md` says of a frozen rollup, command by command, against L1. Proofs of exits are the demo's with
//! `--exit`; a successor is deployed in `real_keys`, and runs as every operator does.

use std::{fs, os::unix::fs::PermissionsExt};

use alloy::primitives::Address;
use serde_json::json;

use crate::{
    manual::{Shell, commands},
    world::{FIRST, SIGNER, World, contracts},
};

const FREEZE: &str = "Freeze, and the move to a successor";
/// Beginnings of commands that need the real circuits.
const WITH_CIRCUITS: [&str; 5] = [
    "cairn exit prove ",
    "cairn exit submit ",
    "cairn deploy ",
    "cairn verify-deployment ",
    "cairn run ",
];

/// A file that its owner alone can read.
fn write(world: &World, name: &str, text: &str) {
    fs::write(world.path(name), text).unwrap();
    fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_rollup_is_left() {
    let world = World::with_users().await;
    // Nobody executes this one: after its deadline anyone may freeze.
    world.deposit(3, 700).await;
    world.rpc("evm_increaseTime", json!([2_000])).await;
    world.mine(1).await;
    world.freeze().await;

    let recipient = Address::repeat_byte(7);
    let second = FIRST + 1;
    let leaves = format!("leaf,recipient\n{FIRST},{recipient}\n{second},{recipient}\n");
    write(&world, "leaves.csv", &leaves);
    write(&world, "seeds.txt", &format!("{}\n{}\n", "01".repeat(32), "02".repeat(32)));
    write(&world, "l1-key.txt", SIGNER);
    let shell = Shell::new(&world.path(""), &contracts());
    let shell = shell.with("L1", &world.url).with("ROLLUP", world.rollup);
    let mut carried_out = 0;
    for command in commands("runbook.md", FREEZE) {
        if WITH_CIRCUITS.iter().any(|begin| command.starts_with(begin)) {
            continue;
        }
        let said = shell.told(&command).await;
        let has = |parts: &[&str]| {
            assert!(parts.iter().all(|part| said.contains(part)), "{command}: {said}");
        };
        match command.split(' ').take(3).collect::<Vec<_>>()[..] {
            ["cairn", "snapshot", "--l1"] => assert!(world.path("state.snapshot").exists()),
            ["cairn", "snapshot", "--check"] => has(&["batch       1 (proven on L1)", "2 users"]),
            ["cairn", "exit", "list"] => has(&["65536", "10000 no", "65537", "500 no"]),
            ["cairn", "exit", "sign"] => has(&["2 leaves signed, in signed.csv"]),
            // The token's registration and two deposits were executed before it.
            ["cairn", "exit", "refund"] => has(&["operation 3 given back to "]),
            _ => panic!("nothing says what is expected of {command:?}"),
        }
        carried_out += 1;
    }
    assert_eq!(carried_out, 5, "of a snapshot, a list, signatures and a refund");
    let signed = fs::read_to_string(world.path("signed.csv")).unwrap();
    let signatures = signed.lines().filter(|line| line.split(",0x").count() == 3);
    assert_eq!(signatures.count(), 2, "{signed}");
}
