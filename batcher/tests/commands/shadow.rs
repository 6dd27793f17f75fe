//! `cairn shadow`: what it says, writes and refuses.

use std::{fs, process::Output};

use serde_json::Value;

use crate::world::{World, cairn, refusal};

const LEDGER: &str = "timestamp,token,from,to,amount\n\
    100,0xT,alice,bob,5000000000000000001\n\
    110,0xT,bob,carol,2000000000000000000\n\
    170,ETH,alice,0x0000000000000000000000000000000000000000,1000000000000000\n\
    171,0xT,carol,carol,0\n";

fn shadow(arguments: &[&str]) -> Output {
    cairn(&[&["shadow"], arguments].concat()).output().unwrap()
}

#[track_caller]
fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_ledger_is_played_and_each_refusal_is_listed() {
    let world = World::new();
    let input = world.write("ledger.csv", LEDGER);
    let (list, openings) = (world.path("refused.csv"), world.path("openings.csv"));
    let files = ["--refused", &list, "--openings", &openings, "--json", "-"];
    let quanta = ["--quantum", "0xT=9", "--quantum", "eth=6", "--eth", "3000"];
    let report = json(&shadow(&[&["--input", &input], &files[..], &quanta].concat()));
    assert_eq!(report["ledger"]["transfers"], 4);
    assert_eq!(report["ledger"]["busiest_minute"], 2);
    assert_eq!((&report["refused"], &report["batches"]), (&1.into(), &1.into()));
    assert_eq!(report["reasons"][0]["reason"], "not_whole_quanta");
    assert_eq!(report["accepted"]["withdrawals"], 1);
    assert_eq!(
        (&report["accepted"]["to_self"], &report["accepted"]["of_nothing"]),
        (&1.into(), &1.into())
    );
    assert!(report["cost"]["l1_usd_per_transfer"].as_f64().unwrap() > 0.0);
    assert!(report["proofs"].as_array().unwrap().is_empty());
    let list = fs::read_to_string(&list).unwrap();
    let rows: Vec<_> = list.lines().collect();
    assert_eq!(rows.len(), 2, "{list}");
    assert!(
        rows[1].starts_with("1,100,0xt,alice,bob,5000000000000000001,not_whole_quanta,"),
        "{list}"
    );
    assert!(rows[1].contains("5000000000000000000 and 5000000001000000000"), "{list}");

    // What accounts started with, given, comes to the same.
    let again = ["--input", &input, "--balances", &openings, "--json", "-"];
    let again = json(&shadow(&[&again[..], &quanta].concat()));
    assert_eq!((&again["state"], &again["balances_are_given"]), (&report["state"], &true.into()));

    // Without balances nobody can pay: the table says so, and where the list would be.
    let none = world.write("none.csv", "token,address,amount\n0xT,bob,1\n");
    let output = shadow(&["--input", &input, "--balances", &none, "--quantum", "0xT=9"]);
    let (table, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(
        output.status.success() && table.contains("no_account: the payer has never had"),
        "{table}"
    );
    assert!(said.contains("--refused FILE.csv lists them"), "{said}");
}

#[test]
fn what_cannot_be_read_or_meant_is_one_line() {
    let world = World::new();
    let input = world.write("ledger.csv", LEDGER);
    let bad = world.write("bad.csv", "timestamp,token,from,to,amount\n1,t,a,b,-1\n");
    let missing = refusal(&shadow(&["--input", "/nowhere.csv"]));
    assert!(missing.contains("/nowhere.csv: No such file"), "{missing}");
    let line = refusal(&shadow(&["--input", &bad]));
    assert!(line.contains("bad.csv, line 2: amount: expected a decimal"), "{line}");
    let line = refusal(&shadow(&["--input", &input, "--quantum", "0xU=3"]));
    assert!(line.contains("--quantum: no transfer is of token \"0xU\""), "{line}");
    let line = refusal(&shadow(&["--input", &input, "--json", &input]));
    assert!(line.contains("--json"), "{line}");
    assert_eq!(fs::read_to_string(&input).unwrap(), LEDGER);
    // No node, and a file that is there.
    let token = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let rpc = ["--rpc", "http://127.0.0.1:9/secret", "--token", token];
    let line = refusal(&shadow(&[&rpc[..], &["--ledger", &input]].concat()));
    assert!(line.contains("it is there already: give it as --input"), "{line}");
    let line = refusal(&shadow(&rpc));
    assert!(line.contains("127.0.0.1:9") && !line.contains("secret"), "{line}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    for (arguments, needle) in [
        (&[][..], "--input"),
        (&["--rpc", "http://127.0.0.1:9"], "--token"),
        (&["--input", "x", "--to-block", "7"], "--to-block"),
        (&["--input", "x", "--core-hour", "0.04"], "--prove"),
        (&["--input", "x", "--quantum", "eth=37"], "a number from 0 to 36"),
        (&["--input", "x", "--prove", "some"], "expected a number of batches, or all"),
        (&["--input", "x", "--gas-price", "1e3"], "expected a decimal number"),
        (&["--input", "x", "--data", "disk"], "disk"),
    ] {
        let output = shadow(arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(needle), "{arguments:?}: {text}");
    }
    let help = shadow(&["--help"]);
    assert!(String::from_utf8(help.stdout).unwrap().contains("Examples:"));
}
