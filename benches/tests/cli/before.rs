//! What is refused before the work is, and what is left of work that is ended.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{bench, refused};

/// As `cairn` reads them: what is mistyped is not another number.
#[test]
fn a_number_is_written_in_one_way() {
    let whole = ["--chunk", "--batch", "--accounts", "--threads", "--runs", "--seed", "--memory"];
    for number in ["+5", "007", "1_000", "0x10", " 5", "", "5.0"] {
        for option in whole {
            refused(&["run", &format!("{option}={number}")], &[option, "expected "]);
        }
        refused(&["cost", &format!("--batch={number}")], &["--batch", "expected "]);
    }
    for number in ["+5", "007", "1e3", "inf", "", ".5"] {
        for option in ["--core-hour", "--gas-price", "--blob-gas-price", "--eth"] {
            refused(&["cost", &format!("{option}={number}")], &[option, "expected "]);
        }
        let ratio = format!("--fail-above={number}");
        refused(&["cmp", "a.json", "b.json", &ratio], &["--fail-above", "expected "]);
        refused(&["run", "--traffic", &format!("zipf:{number}")], &["expected a number"]);
    }
}

/// Before transfers are read and a state of a million accounts is made.
#[test]
#[cfg(target_os = "linux")]
fn a_cache_that_cannot_be_written_is_refused_before_the_work() {
    let output = bench(&[
        "run",
        "--memory",
        "1000000",
        "--traffic",
        "csv:nowhere.csv",
        "--cache",
        "/proc/nowhere",
    ]);
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("circuit cache /proc/nowhere"), "{stderr}");
}

/// A temporary file stayed beside the record.
#[test]
fn a_run_that_is_ended_by_a_signal_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let traffic = folder.path().join("traffic.csv");
    let made = Command::new("mkfifo").arg(&traffic).status().expect("mkfifo");
    assert!(made.success());
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let mut run = Command::new(env!("CARGO_BIN_EXE_cairn-bench"))
        .args(["run", "--memory", "1000000", "--traffic"])
        .arg(format!("csv:{}", traffic.display()))
        .arg("--cache")
        .arg(folder.path().join("cache"))
        .arg("--json")
        .arg(out.join("record.json"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // Open once the program reads, which it does after its outputs are checked.
    let (sender, opened) = mpsc::channel();
    thread::spawn(move || sender.send(File::options().write(true).open(traffic)));
    let writer = opened.recv_timeout(Duration::from_secs(60)).expect("it reads").expect("a pipe");
    let ended = Command::new("kill").args(["-TERM", &run.id().to_string()]).status();
    assert!(ended.expect("kill").success());
    assert!(!run.wait().expect("its end").success());
    drop(writer);
    assert_eq!(fs::read_dir(&out).expect("the folder").count(), 0);
}
