//! What `cairn demo` says to bad input: one clear line, and nothing is left behind.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::world::{cairn, refusal};

fn demo(arguments: &[&str]) -> Command {
    cairn(&[&["demo"], arguments].concat())
}

/// A Foundry project in which anvil and forge are this shell script.
pub(crate) fn project_with_tools(script: &str) -> tempfile::TempDir {
    let project = tempfile::tempdir().unwrap();
    for name in ["anvil", "forge"] {
        let bin = project.path().join(format!("node_modules/@foundry-rs/{name}-test/bin"));
        fs::create_dir_all(&bin).unwrap();
        let program = bin.join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    project
}

pub(crate) fn contracts(project: &tempfile::TempDir) -> String {
    project.path().to_str().unwrap().to_owned()
}

#[test]
fn a_malformed_csv_is_named_with_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transfers.csv");
    fs::write(&path, "timestamp,token,from,to,amount\n1,ETH,a,b,7\n2,ETH,a,b,1e18\n").unwrap();
    let output = demo(&["--input", path.to_str().unwrap()]).output().unwrap();
    let line = refusal(&output);
    assert!(line.contains("transfers.csv, line 3: amount"), "{line}");
}

/// As an editor counts lines, whatever ends them.
#[test]
fn the_line_of_a_csv_is_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transfers.csv");
    for (text, line) in [
        ("timestamp,token,from,to,amount\r\n1,ETH,a,b,7\r\n2,ETH,a,b,+5\r\n", 3),
        ("timestamp,token,from,to,amount\n\n\n1,ETH,a,b,7\n\n2,ETH,a,b,+5\n", 6),
        ("timestamp,token,from,to,amount\n1,ETH,\"a\na\",b,7\n2,ETH,a,b,+5\n", 4),
        ("timestamp,token,from,to,amount\n1,ETH,\"a\n\n\",b,+5\n", 2),
    ] {
        fs::write(&path, text).unwrap();
        let said = refusal(&demo(&["--input", path.to_str().unwrap()]).output().unwrap());
        assert!(said.contains(&format!("transfers.csv, line {line}: amount: ")), "{said}");
        assert!(said.contains("got \"+5\""), "{said}");
    }
}

/// And what no rollup holds is said before the work, too.
#[test]
fn a_csv_of_more_ether_than_there_is_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transfers.csv");
    let most = u128::MAX;
    fs::write(&path, format!("timestamp,token,from,to,amount\n1,ETH,a,b,{most}\n")).unwrap();
    let said = refusal(&demo(&["--input", path.to_str().unwrap()]).output().unwrap());
    assert!(said.contains("transfers.csv: what the payers of \"eth\" need is"), "{said}");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_work() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("report.json");
    let path = below.to_str().unwrap();
    let line = refusal(&demo(&["--json", path]).output().unwrap());
    assert!(line.contains(&format!("--json {path}: ")), "{line}");
}

#[test]
fn missing_tools_are_named_with_the_command_that_installs_them() {
    let project = tempfile::tempdir().unwrap();
    let line = refusal(&demo(&["--contracts", &contracts(&project)]).output().unwrap());
    assert!(line.contains("anvil is not installed") && line.contains("./x"), "{line}");
    let line = refusal(&demo(&["--contracts", "/nowhere"]).output().unwrap());
    assert!(line.contains("no Foundry project at /nowhere"), "{line}");
}

#[test]
fn a_port_in_use_is_named() {
    let project = project_with_tools("exit 0");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = demo(&["--contracts", &contracts(&project), "--port", &port]).output().unwrap();
    let line = refusal(&output);
    assert!(line.contains(&format!("port {port} is in use")) && line.contains("--port"), "{line}");
}

#[test]
fn an_anvil_that_ends_at_once_is_an_error() {
    let project = project_with_tools("echo cannot; exit 3");
    let output = demo(&["--contracts", &contracts(&project)]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("anvil did not come up: it ended with exit status: 3"), "{text}");
}

#[test]
fn a_signal_ends_the_local_l1_too_and_leaves_nothing() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        ends_by(signal, code);
    }
}

fn ends_by(signal: &str, code: i32) {
    let project = project_with_tools("echo $$ > \"$0.pid\"; exec sleep 300");
    let temporary = tempfile::tempdir().unwrap();
    let pid_file = project.path().join("node_modules/@foundry-rs/anvil-test/bin/anvil.pid");
    let mut demo = demo(&["--contracts", &contracts(&project)]);
    let mut demo = demo.env("TMPDIR", temporary.path()).stderr(Stdio::piped()).spawn().unwrap();
    let anvil = wait_for(&mut demo, || {
        fs::read_to_string(&pid_file).ok().filter(|pid| pid.ends_with('\n'))
    });
    let process = format!("/proc/{}", anvil.trim());
    assert!(Path::new(&process).exists());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 1, "the folder of logs");

    let interrupted = Command::new("kill").args([signal, &demo.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let status = demo.wait().unwrap();
    assert_eq!(status.code(), Some(code), "{signal}");
    let mut text = String::new();
    demo.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.lines().any(|line| line == "cairn: interrupted"), "{text}");
    assert!(!Path::new(&process).exists(), "anvil is still there after {signal}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{signal} leaves a folder");
}

fn wait_for<T>(demo: &mut Child, mut ready: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        if started.elapsed() > Duration::from_secs(20) {
            let _ = demo.kill();
            panic!("not ready after 20 s");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
