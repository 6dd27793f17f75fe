//! `cairn-bench cmp`: what is not compared fails, and is named; what may differ is said.

use std::process::Output;

use serde_json::json;

use super::{bench, record, refused, stdout, write};

#[test]
fn comparisons_judge_only_what_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let a = write(&folder, "a.json", &record(1.0));
    let b = write(&folder, "b.json", &record(1.2));
    let text = stdout(&["cmp", &a, &b]);
    assert!(text.contains("1.200   1.200 .. 1.200"), "{text}");
    assert_eq!(bench(&["cmp", &a, &b, "--fail-above", "1.10"]).status.code(), Some(1));
    assert_eq!(bench(&["cmp", &b, &a, "--fail-above", "1.10"]).status.code(), Some(0));
    assert_eq!(bench(&["cmp", &a, &b, "--fail-above", "1.3"]).status.code(), Some(0));

    for (field, value) in [
        ("traffic", json!("zipf:1.1")),
        ("stage", json!("leaf")),
        ("threads", json!(1)),
        ("chunks", json!(3)),
    ] {
        let mut other = record(1.0);
        other["workload"][field] = value;
        let other = write(&folder, "other.json", &other);
        refused(&["cmp", &a, &other], &[field]);
    }
    let mut other = record(1.0);
    other["steps"][1]["per_batch"] = json!(3);
    let other = write(&folder, "other.json", &other);
    let needles = ["tasks of a batch: 2 of chunk-wrapper and 3 of chunk-wrapper"];
    refused(&["cmp", &a, &other], &needles);
}

#[test]
fn what_may_differ_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let a = write(&folder, "a.json", &record(1.0));
    let mut other = record(1.0);
    (other["workload"]["seed"], other["workload"]["runs"]) = (json!(2), json!(5));
    other["build"]["features"] = json!(["avx2", "adx"]);
    other["circuits"]["set_root"] = json!("11");
    other["machine"]["memory_mb"] = json!(2);
    let other = write(&folder, "other.json", &other);
    let (code, out, error) = compared(&[&a, &other]);
    assert_eq!((code, error.lines().count()), (Some(0), 5), "{out}{error}");
    for needle in [
        "machine: <none>, 2 cores, avx2, 1 MiB, linux x86_64 and <none>, 2 cores, avx2, 2 MiB",
        "instructions: none and avx2 adx\n",
        "circuits: 00 and 11\n",
        "seed: 1 and 2\n",
        "runs: 1 and 5\n",
    ] {
        assert!(error.contains(&format!("the records differ in {needle}")), "{error}");
    }
}

#[test]
fn a_figure_that_only_one_record_has_fails_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let spread = |value: f64| json!({ "median": value, "min": value, "max": value });
    let figures = |rate: f64| {
        let mut record = record(1.0);
        record["batch"] =
            json!({ "transfers_per_s_per_core": spread(rate), "latency_s": spread(2.0) });
        record
    };
    let with = write(&folder, "with.json", &figures(4.0));
    let without = write(&folder, "without.json", &record(1.0));
    for (a, b, which) in [(&with, &without, "A"), (&without, &with, "B")] {
        let (code, out, error) = compared(&[a, b]);
        assert_eq!(code, Some(1), "{out}{error}");
        let named = format!("not compared: transfers/s/core (only in {which});");
        assert!(error.contains(&named), "{error}");
    }
    let half = write(&folder, "half.json", &figures(2.0));
    let (code, out, error) = compared(&[&with, &half]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("transfers/s/core: 4.00 and 2.00, 0.500 times as many"), "{out}");

    // What is no figure, or that of another stage.
    let zero = write(&folder, "zero.json", &figures(0.0));
    refused(&["cmp", &with, &zero], &["zero.json", "figures"]);
    let mut other = figures(4.0);
    other["workload"]["stage"] = json!("seal");
    let other = write(&folder, "other.json", &other);
    refused(&["cmp", &with, &other], &["other.json", "stage seal has no such figures"]);
}

/// Exit code, standard output and standard error of a comparison.
fn compared(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = bench(&[&["cmp"], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_task_that_is_not_compared_fails_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = write(&folder, "whole.json", &record(1.0));
    let mut poor = record(1.0);
    poor["steps"].as_array_mut().expect("a list").retain(|step| step["name"] != "wrap");
    let poor = write(&folder, "poor.json", &poor);
    for (a, b, named) in [(&whole, &poor, "wrap (only in A)"), (&poor, &whole, "wrap (only in B)")]
    {
        for limit in [&[][..], &["--fail-above", "1.10"]] {
            let (code, out, error) = compared(&[&[a.as_str(), b], limit].concat());
            assert_eq!(code, Some(1), "{out}{error}");
            assert!(error.contains(&format!("not compared: {named};")), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
            assert!(out.contains("not compared: ") && out.contains("groth16"), "{out}");
        }
    }
    let (code, out, error) = compared(&[&whole, &whole, "--fail-above", "1.10"]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    let mut nothing = record(1.0);
    nothing["steps"] = json!([]);
    refused(&["cmp", &whole, &write(&folder, "nothing.json", &nothing)], &["no task in common"]);
}

#[test]
fn samples_that_are_no_times_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = write(&folder, "good.json", &record(1.0));
    let text = record(1.0).to_string();
    for (seconds, needle) in [
        ("0.0", "chunk-leaf"),
        ("-1.0", "chunk-leaf"),
        ("-0.0", "chunk-leaf"),
        ("1e-320", "chunk-leaf"),
        ("1e-10", "expected 1e-9 to 1e9 s"),
        ("1e10", "chunk-leaf"),
        ("1e300", "chunk-leaf"),
        ("null", "not a record"),
        ("NaN", "not a record"),
        ("1e999", "not a record"),
    ] {
        let bad = text.replacen("\"wall_s\":1.0", &format!("\"wall_s\":{seconds}"), 1);
        assert_ne!(bad, text);
        let path = folder.path().join("bad.json");
        std::fs::write(&path, bad).expect("writable");
        let bad = path.to_str().expect("text");
        refused(&["cmp", &good, bad], &["bad.json", needle]);
        refused(&["cmp", bad, &good], &["bad.json", needle]);
    }
    // The second would hide behind the first.
    let mut twice = record(1.0);
    let step = twice["steps"][0].clone();
    twice["steps"].as_array_mut().expect("a list").push(step);
    let twice = write(&folder, "twice.json", &twice);
    refused(&["cmp", &good, &twice], &["twice.json", "chunk-leaf is there twice"]);
}
