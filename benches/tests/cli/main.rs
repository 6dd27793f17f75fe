//! The program as its users see it: one clear line on stderr and exit code 2 for bad input, 1 for a comparison that fails.

mod before;
mod compare;
mod plan;

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
    refused(&["scale", "--coordinator-rate", "0"], &["--coordinator-rate", "above 0"]);
    refused(&["cost", "--eth=-1"], &["--eth", "without sign"]);
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
    let quick = write(&folder, "quick.json", &record(1e-3));
    let large = ["scale", "--batch", "10000000", "--batches", "100", &quick];
    refused(&large, &["100 x 10000000 transfers in chunks of 100", "at most 1000000 leaves"]);
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
    // Why no more workers help, and where their time goes.
    assert_eq!((&rows[0]["stop"], &rows[1]["stop"]), (&json!("nothing"), &json!("critical-path")));
    let idle = rows[1]["idle"].as_object().expect("parts").values();
    let parts: f64 = idle.map(|part| part.as_f64().expect("a number")).sum();
    let efficiency = rows[1]["efficiency"].as_f64().expect("a number");
    assert!((parts + efficiency - 1.0).abs() < 1e-9, "{rows}");
    let slow = ["scale", "--workers", "2", "--coordinator-rate", "0.1", "--json", "-", &path];
    let slow: Value = serde_json::from_str(&stdout(&slow)).expect("JSON");
    assert_eq!(slow[0]["stop"], json!("coordinator"));
    // From the folder, as a table.
    let table = stdout(&["scale", "--records", folder.path().to_str().expect("text")]);
    assert!(
        table.lines().last().is_some_and(|line| line.trim_start().starts_with("1000 ")),
        "{table}"
    );
    assert!(table.contains("workers wait for") && table.contains("the critical path, "), "{table}");
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
