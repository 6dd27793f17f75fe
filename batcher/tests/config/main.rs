//! Configurations: what is read, what is refused with which line, what is printed.

mod deploy;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use cairn_batcher::node::config::Config;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config")
}

fn cairn(arguments: &[&str], file: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.args(arguments).args(file).output().unwrap()
}

/// Each file in `rejected/` says in its first line what it is refused with: `# LINE: FIELD: REASON`, or the beginning of it.
#[test]
fn every_wrong_file_is_refused_with_its_line_and_field() {
    let mut files = 0;
    for entry in std::fs::read_dir(folder().join("rejected")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("# ").unwrap();
        let expected = format!("{}:{expected}", path.display());
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(error.starts_with(&expected), "expected {expected}\ngot      {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert!(error.len() > expected.len() || !expected.ends_with(": "), "no reason: {error}");
        files += 1;
    }
    assert!(files >= 22, "{files} files");
}

#[test]
fn check_says_in_one_line_what_is_wrong_and_exits_with_2() {
    let good = folder().join("good.toml");
    let output = cairn(&["config", "check"], Some(&good));
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}: good\n", good.display()));

    let wrong = folder().join("rejected/zero_address.toml");
    let output = cairn(&["config", "check"], Some(&wrong));
    assert_eq!(output.status.code(), Some(2));
    let path = wrong.display();
    let expected = "l1.rollup: is the zero address, expected that of the rollup's contract";
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, format!("cairn: {path}:7: {expected}\n"));

    let missing = folder().join("missing.toml");
    let output = cairn(&["config", "check"], Some(&missing));
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with(&format!("cairn: {}: No such file", missing.display())), "{error}");
}

#[test]
fn print_shows_every_field_and_no_secret() {
    let output = cairn(&["config", "print"], Some(&folder().join("good.toml")));
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "urls = [\"https://***@l1.example.org/***\", \"http://127.0.0.1:8545\"]",
        " Default: 0.\n",
        "first_block = 5",
        "log_format = \"json\"",
        "# receipts =",
        "# otlp_endpoint =",
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
    assert!(!text.contains("secret") && !text.contains("v3/key"), "{text}");
}

/// What is printed says the same as what was read, but for what is masked.
#[test]
fn what_is_printed_is_a_configuration() {
    let mut config = Config::read(&folder().join("good.toml")).unwrap();
    assert_eq!(config.data_dir, folder().join("data"));
    assert_eq!(config.keys.operator, Some(folder().join("operator.json")));
    config.l1.urls = vec!["http://127.0.0.1:8545".to_owned()];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), config.annotated().unwrap()).unwrap();
    assert_eq!(Config::read(file.path()).unwrap(), config);
}

/// The one to start from lacks an address, and says so.
#[test]
fn without_a_file_there_is_one_to_start_from() {
    let output = cairn(&["config", "print"], None);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), output.stdout).unwrap();
    let error = Config::read(file.path()).unwrap_err().to_string();
    assert!(error.contains("l1.rollup: is the zero address"), "{error}");
}

/// As in `cairn config print | head`: no panic, and no word.
#[test]
fn a_closed_pipe_is_the_quiet_end_of_a_command() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    let output = command.args(["config", "print"]).stdout(writer).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(141));
}
