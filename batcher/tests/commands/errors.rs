//! What every command says when it fails: one line, in which nothing from outside can break, colour or lengthen it, or show
//! a secret; and how it ends where its outputs are closed or full.

use std::{
    fs::File,
    io::{BufRead, BufReader, PipeWriter, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::world::{ROLLUP, World, cairn};

/// What nothing may show.
const SECRET: &str = "hunter2";
/// Clears the screen, goes on below it, and turns the direction of the text.
const HOSTILE: &str = "\u{1b}[2J\nx\u{202e}\u{7}";

/// The one line on stderr of a command that fails with this code.
#[track_caller]
fn refusal(arguments: &[&str], code: i32) -> String {
    let output = cairn(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    one_line(&output)
}

/// What a command says on stderr, which is one line that a terminal only prints.
#[track_caller]
fn one_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    let line = text.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {output:?}"));
    assert!(line.starts_with("cairn: "), "{line:?}");
    let is_plain = |c: char| c.escape_debug().count() == 1 || "\\\"'".contains(c);
    assert!(line.chars().all(is_plain), "{line:?}");
    assert!(line.chars().count() <= 1_000, "{line:?}");
    line.to_owned()
}

/// A server whose answer to every request is this error of JSON-RPC; gives its address.
fn server(message: &str) -> String {
    let error = serde_json::json!({ "code": -32_000, "message": message });
    let body = serde_json::json!({ "jsonrpc": "2.0", "id": 0, "error": error }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that has gone gets none.
            let _ = respond(stream, &answer);
        }
    });
    address
}

fn respond(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    stream.write_all(answer.as_bytes())
}

#[test]
fn bad_arguments_are_refused_in_one_line() {
    let hostile = format!("--{HOSTILE}");
    let cases: [(&[&str], &str); 7] = [
        (&["nonsense"], "nonsense"),
        (&["demo", "--exitt"], "'--exit'"),
        (&["reconstruct"], "--l1 <URL> --rollup <ADDRESS>"),
        (&["demo", "--data", "nowhere"], "possible values: "),
        (&["demo", "--transfers", HOSTILE], "--transfers"),
        (&["demo", &hostile], "unexpected argument"),
        (&["committee", "sign", "--rollup", "0x11"], "--rollup"),
    ];
    for (arguments, needle) in cases {
        let line = refusal(arguments, 2);
        assert!(line.contains(needle) && line.ends_with("; see --help"), "{line}");
    }
}

#[test]
fn names_of_files_are_escaped_and_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join(HOSTILE).to_str().unwrap().to_owned();
    let long = format!("{}/file", vec!["x".repeat(250); 15].join("/"));
    for (name, shown) in [(&hostile, "\\u{1b}[2J\\nx\\u{202e}\\u{7}: No such"), (&long, " .. ")] {
        let cases: [(&[&str], i32); 6] = [
            (&["snapshot", "--check", name], 1),
            (&["exit", "list", "--state", name], 1),
            (&["demo", "--input", name], 1),
            (&["config", "check", name], 2),
            (&["keys", "show", name, "--password-file", name], 2),
            (&["db", "restore", name, "nowhere"], 2),
        ];
        for (arguments, code) in cases {
            let line = refusal(arguments, code);
            assert!(line.contains(shown), "{line}");
            assert!(line.contains("No such file or directory"), "{line}");
        }
    }
}

#[test]
fn contents_of_files_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, format!("\"{HOSTILE}\" = {HOSTILE}\n[\u{9b}31m]\n")).unwrap();
    let file = path.to_str().unwrap();
    let manifest = folder.path().join("manifest.json").to_str().unwrap().to_owned();
    for (arguments, code) in [
        (&["deploy", "--l1", "x", "--config", file, "--manifest", &manifest][..], 1),
        (&["config", "check", file], 2),
        (&["demo", "--input", file], 1),
        (&["exit", "list", "--state", file], 1),
        (&["keys", "show", file, "--password-file", file], 2),
    ] {
        refusal(arguments, code);
    }
    // A file of keys, given by mistake.
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    for (arguments, code) in [
        (&["deploy", "--l1", "x", "--config", file, "--manifest", &manifest][..], 1),
        (&["config", "check", file], 2),
        (&["verify-deployment", "--l1", "x", "--manifest", file], 1),
        (&["snapshot", "--check", file], 1),
        (&["keys", "show", file, "--password-file", file], 2),
    ] {
        let line = refusal(arguments, code);
        assert!(line.contains(file) && !line.contains(SECRET), "{line}");
    }
}

#[test]
fn what_a_server_says_is_escaped() {
    let address = server(&format!("<html>{HOSTILE}{}", "y".repeat(5_000)));
    let url = format!("http://{address}/{SECRET}");
    let rollup = ROLLUP.to_string();
    let line = refusal(&["reconstruct", "--l1", &url, "--rollup", &rollup], 1);
    assert!(line.contains("\\u{3c}html\\u{3e}\\u{1b}[2J\\nx") && line.contains(&address), "{line}");
    let line = refusal(&["status", "--url", &url], 1);
    assert!(line.contains("\\u{1b}[2J\\nx\\u{202e}") && !line.contains(SECRET), "{line}");
}

#[test]
fn secrets_in_urls_are_not_shown() {
    let world = World::new();
    let (state, sender, proofs) = (world.path("state"), world.path("sender"), world.path(""));
    world.write("exit-0001.json", "{}");
    let rollup = ROLLUP.to_string();
    let hash = format!("0x{}", "22".repeat(32));
    let signature = format!("0x{}1b", "11".repeat(64));
    let address = server("no");
    let bad = [
        format!("http://user:{SECRET}@{address}/{SECRET}?key={SECRET}#{SECRET}"),
        format!("http://{address}/v3/{SECRET}"),
        format!("ftp://user:{SECRET}@127.0.0.1:1/{SECRET}"),
        format!("htt p://user:{SECRET}@127.0.0.1:1/{SECRET}"),
        format!("http://user:{SECRET}@127.0.0.1:x/{SECRET}"),
    ];
    for url in &bad {
        let commands: [&[&str]; 10] = [
            &["status", "--url", url],
            &["admin", "pause", "--token-file", &sender, "--url", url],
            &["db", "check", "--token-file", &sender, "--url", url],
            &["load", "--url", url],
            &["load", "--url", "http://127.0.0.1:1", "--l1", url],
            &["reconstruct", "--rollup", &rollup, "--l1", url],
            &["snapshot", "--check", &state, "--l1", url],
            &["exit", "list", "--state", &state, "--l1", url],
            &["exit", "refund", "--rollup", &rollup, "--sender", &sender, "--l1", url],
            &[
                "committee",
                "collect",
                "--rollup",
                &rollup,
                "--batch",
                "1",
                "--digest",
                &hash,
                "--count",
                "1",
                &signature,
                "--l1",
                url,
            ],
        ];
        for arguments in commands {
            let line = refusal(arguments, 1);
            assert!(!line.contains(SECRET), "{line}");
        }
        // Where another argument is what is wrong.
        for arguments in [&["status", url][..], &["exit", "submit", "--proofs", &proofs, url]] {
            let line = refusal(arguments, 2);
            assert!(!line.contains(SECRET), "{line}");
        }
    }
}

/// The configuration of an operator, whose URLs are secrets too.
#[test]
fn secrets_in_a_configuration_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cairn.toml");
    let url = format!("http://user:{SECRET}@127.0.0.1:1/{SECRET}");
    let text = format!(
        "data_dir = \"data\"\n[l1]\nurls = [\"{url}\"]\nchain_id = 1\nrollup = \"{ROLLUP}\"\n\
         [l1.connection]\nretries = 0\n"
    );
    std::fs::write(&path, text).unwrap();
    let file = path.to_str().unwrap();
    let output = cairn(&["run", "--config", file])
        .env("CAIRN_OPERATOR_KEY", "01".repeat(32))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let line = one_line(&output);
    assert!(line.contains("127.0.0.1:1") && !line.contains(SECRET), "{line}");
    let output = cairn(&["config", "print", file]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("http://***@127.0.0.1:1/***") && !printed.contains(SECRET));
}

fn closed() -> PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn a_standard_output_that_is_full_or_closed_is_no_panic() {
    let world = World::new();
    let state = world.path("state");
    let good: [&[&str]; 5] = [
        &["config", "print"],
        &["snapshot", "--check", &state],
        &["snapshot", "--json", "--check", &state],
        &["exit", "list", "--state", &state],
        &["exit", "list", "--json", "--state", &state],
    ];
    for arguments in good {
        let output = cairn(arguments).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert_eq!(one_line(&output), "cairn: stdout: No space left on device (os error 28)");

        let output = cairn(arguments).stdout(closed()).output().unwrap();
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");

        let shell = "exec \"$0\" \"$@\" >&-";
        let mut command = Command::new("sh");
        command.args(["-c", shell, env!("CARGO_BIN_EXE_cairn")]).args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
    let help = cairn(&["exit", "--help"]).stdout(full()).output().unwrap();
    assert_eq!((help.status.code(), one_line(&help).contains("No space left")), (Some(1), true));
    let help = cairn(&["exit", "--help"]).stdout(closed()).output().unwrap();
    assert_eq!((help.status.code(), help.stderr.is_empty()), (Some(141), true));
}

#[test]
fn a_standard_error_that_is_full_or_closed_changes_no_exit_code() {
    let world = World::new();
    let (state, missing) = (world.path("state"), world.path("missing"));
    let cases: [(&[&str], i32); 7] = [
        (&["nonsense"], 2),
        (&[], 2),
        (&["config", "check", &missing], 2),
        (&["snapshot", "--check", &missing], 1),
        (&["demo", "--input", &missing], 1),
        (&["run", "--config", &missing], 2),
        (&["snapshot", "--check", &state], 0),
    ];
    for (arguments, code) in cases {
        for stderr in [Stdio::from(full()), Stdio::from(closed())] {
            let output = cairn(arguments).stderr(stderr).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        }
    }
}

/// It took as long as making the first circuit.
#[test]
#[cfg(target_os = "linux")]
fn a_cache_that_cannot_be_written_is_refused_before_the_work() {
    let world = World::new();
    let [state, leaves, keys, out] =
        ["state", "leaves.csv", "keys", "proofs"].map(|n| world.path(n));
    let started = Instant::now();
    let arguments = ["--state", &state, "--leaves", &leaves, "--keys", &keys, "--out", &out];
    let cache = ["--cache", "/proc/nowhere", "--threads", "1"];
    let line = refusal(&[&["exit", "prove"], &arguments[..], &cache].concat(), 1);
    assert!(line.contains("circuit cache /proc/nowhere") && line.contains("--cache"), "{line}");
    assert!(started.elapsed() < Duration::from_secs(5), "after {:?}", started.elapsed());
}

/// The work holds the thread that would drop it.
#[test]
fn a_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Ignored, as nohup has it: SIGHUP is no request then.
    let shell = "trap '' HUP; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_cairn"), "exit", "list", "--state"]).arg(&fifo);
    let mut waiting = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let id = waiting.id().to_string();
    let handles = |signal: u32| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1
    };
    let started = Instant::now();
    while !handles(15) {
        assert!(started.elapsed() < Duration::from_secs(10), "it never listens");
        std::thread::sleep(Duration::from_millis(10));
    }
    let send = |signal: &str| {
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
    };
    for _ in 0..3 {
        send("-HUP");
    }
    assert!(waiting.try_wait().unwrap().is_none(), "SIGHUP was ignored");
    send("-TERM");
    assert!(waiting.try_wait().unwrap().is_none(), "the first request waits for the work");
    send("-INT");
    // Long before the work's own time is over.
    let (sent, limit) = (Instant::now(), Duration::from_secs(10));
    let status = loop {
        match waiting.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(sent.elapsed() < limit, "the second request waits too"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(130));
}
