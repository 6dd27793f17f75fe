//! The program as its users see it: one clear line on stderr and exit code 2 for bad input, 1 for a comparison that fails.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cairn-bench"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// Fails unless the program refuses with one line that holds all of `needles`.
fn refused(arguments: &[&str], needles: &[&str]) {
    let output = bench(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for needle in needles {
        assert!(stderr.contains(needle), "{arguments:?}: no {needle:?} in {stderr}");
    }
}

fn stdout(arguments: &[&str]) -> String {
    let output = bench(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("text")
}

/// A record of stage all, two chunks of 100, whose tasks take `seconds` each.
fn record(seconds: f64) -> Value {
    let step = |name: &str, per_batch: usize| {
        json!({
            "name": name, "per_batch": per_batch, "proof_bytes": 1000,
            "samples": [{ "wall_s": seconds, "cpu_s": 2.0 * seconds, "peak_rss_mb": 100 }],
        })
    };
    json!({
        "schema": 2, "time": 1, "command": ["run", "--stage", "all"],
        "machine": { "cpu": "<none>", "cores": 2, "features": ["avx2"], "memory_mb": 1, "system": "linux x86_64" },
        "build": { "commit": "0", "features": [] },
        "circuits": { "version": "0", "set_root": "00", "keys": {} },
        "workload": {
            "stage": "all", "traffic": "uniform", "seed": 1, "accounts": 10, "batch": 200, "data": "blobs", "chunk": 100,
            "chunks": 2, "threads": 2, "runs": 1,
        },
        "steps": [
            step("chunk-leaf", 2), step("chunk-wrapper", 2), step("chunk-node", 1), step("stream-leaf", 1),
            step("stream-wrapper", 1), step("seal", 1), step("shrink", 1), step("wrap", 1), step("groth16", 1),
        ],
        "leaf": null, "batch": null, "peak_rss_mb": 100,
    })
}

fn write(folder: &TempDir, name: &str, record: &Value) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, record.to_string()).expect("writable");
    path.to_str().expect("text").to_owned()
}

#[test]
fn bad_options_are_refused_in_one_line() {
    refused(&["run", "--traffic", "storm"], &["unknown traffic", "storm", "zipf:S"]);
    refused(&["run", "--traffic", "zipf:-1"], &["zipf:-1", "above 0"]);
    refused(&["run", "--stage", "roof"], &["unknown stage", "roof", "leaf"]);
    for option in ["--chunk", "--batch", "--accounts", "--threads", "--runs"] {
        refused(&["run", option, "0"], &[option]);
    }
    refused(&["run", "--chunk", "1000000000"], &["--chunk", "max"]);
    refused(&["run", "--stage", "leaf", "--chunk", "10", "--batch", "10"], &["--batch above"]);
    refused(&["scale", "--workers", "9..1"], &["9..1"]);
    refused(&["cost", "--eth=-1"], &["--eth", "at least 0"]);
    refused(&["cost", "--eth=NaN"], &["NaN"]);
    refused(&["cmp", "only-one.json"], &["B.json"]);
    refused(&["dance"], &["dance"]);
}

#[test]
fn without_a_command_there_is_help() {
    let output = bench(&[]);
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{stderr}");
    assert!(stderr.contains("\nUsage: cairn-bench") && !stderr.contains(" .. "), "{stderr}");
}

#[test]
fn a_bad_csv_line_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "timestamp,token,from,to,amount\n1,eth,a,b,5\n2,eth,a,b,x\n")
        .expect("writable");
    let traffic = format!("csv:{}", file.path().display());
    // Whatever memory this machine has.
    let run = ["run", "--stage", "all", "--batch", "2", "--memory", "1000000", "--traffic"];
    refused(&[&run[..], &[&traffic]].concat(), &["line 3", "amount"]);
    refused(&[&run[..], &["csv:nowhere.csv"]].concat(), &["nowhere.csv"]);
}

#[test]
fn too_little_memory_is_said_before_work_starts() {
    refused(&["run", "--memory", "100"], &["too little memory", "got 100 MiB", "--chunk"]);
    let accounts = ["run", "--accounts", "2000000000", "--memory", "100000"];
    refused(&accounts, &["too little memory", "2000000000 accounts"]);
}

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

#[test]
fn what_would_take_all_memory_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut many = record(1.0);
    many["workload"]["batch"] = json!(10_000_001);
    let many = write(&folder, "many.json", &many);
    refused(&["scale", &many], &["many.json", "at most 10000000, got 10000001"]);
    refused(&["scale", "/dev/zero"], &["/dev/zero", "more than 64 MiB"]);
    let mut none = record(1.0);
    none["steps"][0]["per_batch"] = json!(0);
    let none = write(&folder, "none.json", &none);
    refused(&["scale", &none], &["none.json", "chunk-leaf is no task"]);
    // Nanoseconds beyond 64 bits.
    let slow = write(&folder, "slow.json", &record(1e9));
    refused(&["scale", &slow], &["at most 1e10 s of work", "got 1.1e10 s"]);
}

#[test]
fn outputs_that_are_full_or_closed_are_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, "a.json", &record(1.0));
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let closed = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        writer
    };
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn-bench"));
        command.args(arguments);
        command
    };
    let good: [&[&str]; 4] = [&["list"], &["--help"], &["cmp", &path, &path], &["scale", &path]];
    for arguments in good {
        let output = command(arguments).stdout(full()).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert_eq!(
            String::from_utf8(output.stderr).expect("text"),
            "cairn-bench: stdout: No space left on device (os error 28)\n"
        );
        let output = command(arguments).stdout(closed()).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
    for stderr in [Stdio::from(full()), Stdio::from(closed())] {
        let output = command(&["cmp", "nowhere"]).stderr(stderr).output();
        assert_eq!(output.expect("the program starts").status.code(), Some(2));
    }
    // The rows are written where nobody sees the table.
    for stderr in [Stdio::from(full()), Stdio::from(closed())] {
        let output = command(&["scale", "--json", "-", &path]).stderr(stderr).output();
        let output = output.expect("the program starts");
        assert_eq!(output.status.code(), Some(0));
        let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(rows.is_array());
    }
}

#[test]
fn what_comes_from_outside_is_escaped() {
    let name = "\u{1b}[2J\nx\u{202e}";
    refused(&["cmp", name, name], &["\\u{1b}[2J\\nx\\u{202e}: No such file"]);
    refused(&["run", "--stage", "\u{1b}[2J\n\nx"], &["unknown stage"]);
    let long = vec!["y".repeat(250); 15].join("/");
    refused(&["list", &long], &[" .. "]);

    let folder = tempfile::tempdir().expect("a folder");
    let mut hostile = record(1.0);
    let step = hostile["steps"][0].clone();
    hostile["steps"].as_array_mut().expect("a list").push(step);
    hostile["steps"][9]["name"] = json!(name);
    hostile["workload"]["traffic"] = json!(name);
    hostile["machine"]["cpu"] = json!(name);
    hostile["build"]["commit"] = json!(name);
    let path = write(&folder, "\u{1b}[2J.json", &hostile);
    let records = folder.path().to_str().expect("text");
    for arguments in
        [&["list", "--records", records][..], &["scale", &path], &["cmp", &path, &path]]
    {
        let text = stdout(arguments);
        assert!(text.contains("\\u{1b}[2J"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

#[test]
fn what_is_no_record_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = write(&folder, "good.json", &record(1.0));
    for (field, value, needle) in [
        ("schema", json!(99), "schema is 99"),
        ("steps", json!(7), "invalid type"),
        ("surprise", json!(1), "surprise"),
        (
            "steps",
            json!([{ "name": "seal", "per_batch": 1, "proof_bytes": 1, "samples": [] }]),
            "no samples",
        ),
    ] {
        let mut bad = record(1.0);
        bad[field] = value;
        let bad = write(&folder, "bad.json", &bad);
        refused(&["cmp", &good, &bad], &["bad.json", needle]);
    }
    refused(&["cmp", &good, "nowhere.json"], &["nowhere.json"]);
    let empty = tempfile::tempdir().expect("a folder");
    refused(&["report", empty.path().to_str().expect("text")], &["no records"]);
    refused(&["scale", "--records", empty.path().to_str().expect("text")], &["no records"]);
}

/// 11 tasks of a second; the critical path is leaf, wrapper, node and four more.
#[test]
fn scale_schedules_the_task_graph() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, "a.json", &record(1.0));
    let rows = stdout(&["scale", "--workers", "1,100", "--json", "-", &path]);
    let rows: Value = serde_json::from_str(&rows).expect("JSON");
    assert_eq!(
        (rows[0]["latency_s"].as_f64(), rows[1]["latency_s"].as_f64()),
        (Some(11.0), Some(7.0))
    );
    assert_eq!(rows[1]["transfers_per_s"].as_f64(), Some(200.0 / 7.0));
    // From the folder, as a table.
    let table = stdout(&["scale", "--records", folder.path().to_str().expect("text")]);
    assert!(
        table.lines().last().is_some_and(|line| line.trim_start().starts_with("1000 ")),
        "{table}"
    );
    let mut poor = record(1.0);
    poor["steps"].as_array_mut().expect("a list").truncate(3);
    let poor = write(&folder, "poor.json", &poor);
    refused(&["scale", &poor], &["stream-leaf", "--stage stream"]);
}

/// A task that the newest record lacks is taken from others, but not from a build for other instructions.
#[test]
fn records_of_other_builds_are_not_mixed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = record(1.0);
    let steps = all["steps"].as_array_mut().expect("a list");
    let missing = steps.iter().position(|step| step["name"] == "seal").expect("a seal");
    steps.remove(missing);
    write(&folder, "all.json", &all);
    let mut other = record(9.0);
    (other["workload"]["stage"], other["time"]) = (json!("seal"), json!(2));
    other["build"]["features"] = json!(["avx2"]);
    let path = write(&folder, "other.json", &other);
    let arguments = ["scale", "--records", folder.path().to_str().expect("text")];
    refused(&arguments, &["no time of task seal"]);
    let both = [folder.path().join("all.json").display().to_string(), path];
    refused(&["scale", &both[0], &both[1]], &["differ in instructions"]);
    other["build"]["features"] = json!([]);
    write(&folder, "other.json", &other);
    stdout(&arguments);
}

#[test]
fn cost_splits_what_a_transfer_costs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(&folder, "a.json", &record(1.0));
    let prices =
        ["--core-hour", "0.036", "--gas-price", "1", "--blob-gas-price", "1", "--eth", "2000"];
    let arguments = [&["cost", "--batch", "200", "--json", "-"], &prices[..], &[&path]].concat();
    let ledger: Value = serde_json::from_str(&stdout(&arguments)).expect("JSON");
    let usd = |row: usize, field: &str| ledger["rows"][row][field].as_f64().expect("a number");
    // 11 tasks on 2 cores; one blob.
    assert!((usd(0, "compute_usd") - 22.0 / 3600.0 * 0.036 / 200.0).abs() < 1e-15);
    assert!((usd(1, "data_usd") - 131_072.0 * 1e-9 * 2000.0 / 200.0).abs() < 1e-12);
}

#[test]
fn the_report_is_one_file_that_needs_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, "a.json", &record(1.0));
    stdout(&["report", folder.path().to_str().expect("text")]);
    let page = std::fs::read_to_string(folder.path().join("report.html")).expect("the page");
    for needle in
        ["<svg", "<table>", "prefers-color-scheme: dark", "&lt;none&gt;", "groth16", "blobs, 8192"]
    {
        assert!(page.contains(needle), "no {needle}");
    }
    for foreign in ["http:", "https:", "<script", "<link", "@import", "url(", "<none>"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn outputs_are_checked_before_the_work_and_do_not_mix() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = write(&folder, "a.json", &record(1.0));
    let inside = |name: &str| format!("{}/{name}", folder.path().display());
    let (new, out) = (inside("new/"), inside("out"));
    // Before a circuit is loaded: the memory asked for is too little.
    let run = ["run", "--memory", "100"];
    for command in [&run[..], &["scale", &record], &["cost", &record]] {
        let arguments = [command, &["--json", &new]].concat();
        refused(&arguments, &["--json", &new, "expected the name of a file"]);
    }
    refused(&[&run[..], &["--csv", &inside("n".repeat(256).as_str())]].concat(), &["too long"]);
    let report = ["report", folder.path().to_str().expect("text"), "--out"];
    refused(&[&report[..], &[&new]].concat(), &["--out", &new, "expected the name of a file"]);
    let both = [&run[..], &["--json", &out, "--csv", &out]].concat();
    refused(&both, &["--csv", &out, "expected a file of its own, got that of --json"]);
    refused(&[&run[..], &["--json", "-", "--csv", "-"]].concat(), &["a file of its own"]);
    assert!(!Path::new(&new).exists() && !Path::new(&out).exists());

    // The table is on stderr where stdout has the result.
    for name in ["-", "/dev/stdout"] {
        let output = bench(&["scale", "--json", name, &record]);
        let rows: Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
        assert!(rows.is_array());
        assert!(String::from_utf8_lossy(&output.stderr).contains("efficiency"), "{name}");
    }
    let page = stdout(&[&report[..], &["-"]].concat());
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(stdout(&["cost", "--json", &out, &record]).contains("US dollars"));
    let ledger = std::fs::read(&out).expect("written");
    assert!(serde_json::from_slice::<Value>(&ledger).expect("JSON")["rows"].is_array());
}

#[test]
fn list_names_stages_traffics_and_records() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, "a.json", &record(1.0));
    let text = stdout(&["list", "--records", folder.path().to_str().expect("text")]);
    for needle in ["leaf", "wrap", "merchant:P", "csv:FILE", "a.json"] {
        assert!(text.contains(needle), "no {needle} in {text}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("METHODOLOGY.md").exists());
}
