//! Numbers, addresses and bytes on the command line: what is written in another way than `parse` has it is refused, before
//! anything is read or asked.

use std::process::Output;

use crate::world::cairn;

/// Of EIP-55's own examples; and with one letter in the other case.
const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const MISTYPED: &str = "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn run(command: &str, more: &[&str]) -> Output {
    let words: Vec<_> = command.split(' ').collect();
    cairn(&[&words, more].concat()).output().unwrap()
}

/// The value of an option is refused, and for what it is.
#[track_caller]
fn refused(command: &str, option: &str, value: &str, reason: &str) {
    // With `=`, so that an empty value is one.
    let output = match option {
        "" => run(command, &[value]),
        option => run(command, &[&format!("{option}={value}")]),
    };
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{command} {option}={value:?}: {text}");
    assert!(text.contains(reason), "{command} {option}={value:?}: {text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_number_is_decimal_and_nothing_else() {
    let decimal = "expected a decimal number below 2^";
    for value in ["", "_", "+5", "0x10", "1_000", "007", " 5", "1e18", "5.0"] {
        refused("deploy", "--priority-fee", value, decimal);
    }
    for (command, option) in [
        ("deploy", "--timelock-delay"),
        ("demo", "--seed"),
        ("demo", "--threads"),
        ("demo", "--transfers"),
        ("demo", "--port"),
        ("load", "--rate"),
        ("load", "--seconds"),
        ("load", "--accounts"),
        ("load", "--connections"),
        ("load", "--batch"),
        ("load", "--wait"),
        ("run --dev", "--port"),
        ("run --dev", "--l1-port"),
        ("run --dev", "--block-time"),
        ("run --dev", "--accounts"),
        ("reconstruct", "--to"),
        ("reconstruct", "--chain-id"),
        ("reconstruct", "--first-block"),
        ("snapshot", "--to"),
        ("snapshot", "--first-block"),
        ("committee sign", "--chain-id"),
        ("committee sign", "--count"),
        ("committee sign", "--batch"),
        ("committee collect", "--first-block"),
        ("exit prove", "--threads"),
        ("admin requeue", ""),
    ] {
        for value in ["+5", "05", "0x5"] {
            refused(command, option, value, decimal);
        }
    }
    refused("deploy", "--priority-fee", &"9".repeat(78), "below 2^256");
    refused("demo", "--transfers", "2001", "expected a number from 1 to 2000");
    refused("demo", "--threads", "0", "expected a number from 1 to 1024");
    refused("run --dev", "--block-time", "3601", "expected a number from 1 to 3600");
    refused("exit prove", "--threads", "1025", "expected a number from 1 to 1024");
}

#[test]
fn an_address_keeps_its_checksum() {
    let roles = ["--governor", "--committer", "--prover", "--guardian", "--council"];
    let others = [
        ("reconstruct", "--rollup"),
        ("snapshot", "--rollup"),
        ("committee sign", "--rollup"),
        ("committee collect", "--rollup"),
        ("exit submit", "--rollup"),
        ("exit refund", "--rollup"),
    ];
    for (command, option) in roles.map(|role| ("deploy", role)).into_iter().chain(others) {
        refused(command, option, MISTYPED, "EIP-55 checksum");
        refused(command, option, &ADDRESS[2..], "expected an address: 0x and 40 hex digits");
        refused(command, option, "", "expected an address: 0x and 40 hex digits");
    }
    let capital = ADDRESS.to_uppercase().replace('X', "x");
    for address in [ADDRESS, &ADDRESS.to_lowercase(), &capital] {
        let target = ["--l1", "http://127.0.0.1:9", "--sender", "/nowhere", "--rollup", address];
        let output = run("exit refund", &target);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("reading the sender's key in /nowhere"), "{text}");
    }
}

#[test]
fn bytes_are_all_there() {
    let bare = "11".repeat(32);
    for value in [&bare[..], &format!("0x{}", &bare[1..]), &format!("0x{bare}1")] {
        refused("committee sign", "--digest", value, "expected 0x and 64 hex digits");
    }
    for value in ["11".repeat(65), format!("0x{}", "11".repeat(64))] {
        refused("committee collect", "", &value, "expected 0x and 130 hex digits");
    }
}
