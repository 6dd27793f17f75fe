//! What `cairn exit` says to bad input: one clear line; and what it does without a prover.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use alloy::primitives::Address;
use cairn_state::verify_exit;
use cairn_types::{Signature, domain};

use crate::world::{self, CHAIN, ROLLUP, World, cairn};

const ALICE: u32 = 1 << 16;

fn exit(arguments: &[&str]) -> Output {
    cairn(&[&["exit"], arguments].concat()).output().unwrap()
}

/// The one line on stderr that a failed run ends with.
#[track_caller]
fn refusal(arguments: &[&str]) -> String {
    world::refusal(&exit(arguments))
}

#[test]
fn leaves_are_listed_as_a_table_and_as_json() {
    let world = World::new();
    let output = exit(&["list", "--state", &world.path("state")]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(
        table.lines().nth(2).unwrap().contains("65536     0                  500 ?"),
        "{table}"
    );
    let output = exit(&["list", "--state", &world.path("state"), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["leaves"][1]["balance"], 500);
    assert!(json["leaves"][1]["left"].is_null());

    let line = refusal(&["list", "--state", "/nowhere/state"]);
    assert!(line.contains("/nowhere/state"), "{line}");
    let line = refusal(&["list", "--state", &world.path("state"), "--l1", "http://127.0.0.1:9"]);
    assert!(line.contains("L1, reading the chain id"), "{line}");
}

#[test]
fn what_is_signed_holds() {
    let world = World::new();
    let recipient = Address::repeat_byte(7);
    let leaves = world.write("leaves.csv", &format!("leaf,recipient\n{ALICE},{recipient}\n"));
    let keys = world.write("keys", &"02".repeat(32));
    let (state, out) = (world.path("state"), world.path("signed.csv"));
    let arguments = ["--state", &state, "--leaves", &leaves, "--keys", &keys, "--out", &out];
    let output = exit(&[&["sign"], &arguments[..]].concat());
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&out).unwrap();
    let signature = text.lines().nth(1).unwrap().rsplit(",0x").next().unwrap();
    let signature: Vec<u8> = hex::decode(signature).unwrap();
    let signature = Signature::from_bytes(&signature.try_into().unwrap()).unwrap();
    let domain = domain(CHAIN, &ROLLUP.into_array());
    let key = world.state.account(ALICE).key;
    assert!(verify_exit(&key, &domain, ALICE, &recipient.into_array(), &signature));

    // Another recipient under the same signature, without the key at hand.
    let stolen = text.replace(&recipient.to_string(), &Address::repeat_byte(8).to_string());
    let stolen = world.write("stolen.csv", &stolen);
    let prove = |leaves: &str| {
        let out = world.path("proofs");
        refusal(&["prove", "--state", &state, "--leaves", leaves, "--out", &out])
    };
    assert!(prove(&stolen).contains("leaf 65536: the signature does not hold"));
    assert!(prove(&leaves).contains("leaf 65536 is not signed, and --keys has not its key"));
    let absent = world.write("absent.csv", &format!("leaf,recipient\n7,{recipient}\n"));
    assert!(prove(&absent).contains("leaf 7 is empty in this state"));
    assert!(!Path::new(&world.path("proofs")).exists());
}

/// A signature cannot be taken back: a mistyped recipient is noticed before there is one.
#[test]
fn a_recipient_with_a_wrong_checksum_is_not_signed_for() {
    let world = World::new();
    let keys = world.write("keys", &"02".repeat(32));
    let (state, out) = (world.path("state"), world.path("signed.csv"));
    let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    for (recipient, reason) in [
        (
            &good.replace("5aA", "5aa")[..],
            "recipient: expected an address with its EIP-55 checksum",
        ),
        (&good[2..], "recipient: expected an address: 0x and 40 hex digits"),
    ] {
        let leaves =
            world.write("leaves.csv", &format!("leaf,recipient\r\n\r\n{ALICE},{recipient}\r\n"));
        let arguments = ["--state", &state, "--leaves", &leaves, "--keys", &keys, "--out", &out];
        let line = refusal(&[&["sign"], &arguments[..]].concat());
        assert!(line.contains(&format!("leaves.csv, line 3: {reason}")), "{line}");
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn submitting_names_what_is_missing() {
    let world = World::new();
    let proofs: PathBuf = world.folder.path().join("proofs");
    fs::create_dir(&proofs).unwrap();
    let proofs = proofs.to_str().unwrap();
    let (sender, rollup) = (world.path("sender"), ROLLUP.to_string());
    let target = ["--l1", "http://127.0.0.1:9", "--rollup", &rollup, "--sender", &sender];
    fs::remove_file(&sender).unwrap();
    let submit = || refusal(&[&["submit", "--proofs", proofs], &target[..]].concat());
    assert!(submit().contains("make them with `cairn exit prove`"));
    fs::write(Path::new(proofs).join("exit-0001.json"), "{}").unwrap();
    assert!(submit().contains("exit-0001.json is no exit proof"));
    assert!(refusal(&[&["refund"], &target[..]].concat()).contains("reading the sender's key"));
    world.write("sender", "not a key");
    let line = refusal(&[&["refund"], &target[..]].concat());
    assert!(line.contains("expected an L1 key of 32 bytes in hex"), "{line}");
    world.write("sender", &"01".repeat(32));
    let line = refusal(&[&["refund"], &target[..]].concat());
    assert!(line.contains("L1, reading the chain id"), "{line}");
}

/// The seeds are all that their owner has.
#[test]
fn an_output_that_is_an_input_is_refused() {
    let world = World::new();
    let (state, leaves, keys) = (world.path("state"), world.path("leaves.csv"), world.path("keys"));
    let before = fs::read(&keys).unwrap();
    for out in [&keys, &state, &leaves] {
        let inputs = ["--state", &state, "--leaves", &leaves, "--keys", &keys];
        let line = refusal(&[&["sign"], &inputs[..], &["--out", out]].concat());
        assert!(line.contains("expected a file of its own"), "{line}");
    }
    assert_eq!(fs::read(&keys).unwrap(), before);
}
