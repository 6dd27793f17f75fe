//! What is told before the work of minutes, which making the circuits is: here they could not even be kept.

use std::{fs, net::TcpListener, process::Command};

use tempfile::TempDir;

use crate::{
    demo::{contracts, project_with_tools},
    world::cairn,
};

/// Where no circuit can be kept: what is told instead was told before they were asked for.
const NO_CACHE: [&str; 2] = ["--cache", "/proc/nowhere"];

const DEPLOYMENT: &str = r#"
chain_id = 31337

[roles]
governor = "0x0000000000000000000000000000000000000001"
committer = "0x0000000000000000000000000000000000000002"
prover = "0x0000000000000000000000000000000000000003"
guardian = "0x0000000000000000000000000000000000000004"
council = "0x0000000000000000000000000000000000000005"
"#;

/// The one line that a command fails with.
#[track_caller]
fn said(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// A project whose sources are there, if empty.
fn project() -> TempDir {
    let project = project_with_tools("exit 1");
    for folder in ["src", "script", "tools"] {
        fs::create_dir(project.path().join(folder)).unwrap();
    }
    for file in ["foundry.toml", "tools/solc.mjs"] {
        fs::write(project.path().join(file), "").unwrap();
    }
    project
}

fn deploy(folder: &TempDir, project: &TempDir) -> Command {
    let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(inside("deploy.toml"), DEPLOYMENT).unwrap();
    let (config, manifest) = (inside("deploy.toml"), inside("manifest.json"));
    let (files, l1) =
        (["--config", &config, "--manifest", &manifest], ["--l1", "http://127.0.0.1:9"]);
    let contracts = contracts(project);
    let rest = ["--contracts", &contracts];
    let mut command = cairn(&[&["deploy"], &files[..], &l1, &rest, &NO_CACHE].concat());
    command.env("CAIRN_DEPLOYER_KEY", "01".repeat(32));
    command
}

fn run_dev(project: &TempDir, arguments: &[&str]) -> Command {
    let contracts = contracts(project);
    let all = ["run", "--dev", "--port", "0", "--contracts", &contracts];
    cairn(&[&all[..], &NO_CACHE, arguments].concat())
}

#[test]
fn a_project_without_its_source_is_named() {
    let (folder, project) = (tempfile::tempdir().unwrap(), project());
    fs::remove_file(project.path().join("foundry.toml")).unwrap();
    for (mut command, code) in
        [(deploy(&folder, &project), 1), (run_dev(&project, &["--l1-port", "0"]), 2)]
    {
        let text = said(&mut command, code);
        assert!(text.contains("foundry.toml: No such file or directory"), "{text}");
    }
}

#[test]
fn a_folder_for_temporary_files_that_is_not_there_is_named() {
    let (folder, project) = (tempfile::tempdir().unwrap(), project());
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    for (mut command, code) in [
        (deploy(&folder, &project), 1),
        (run_dev(&project, &["--l1-port", "0"]), 2),
        (run_dev(&project, &["--l1-port", "0", "--data-dir", &data]), 2),
    ] {
        let text = said(command.env("TMPDIR", "/nowhere"), code);
        assert!(text.contains("making a temporary folder in /nowhere: "), "{text}");
    }
}

/// With a folder of its own, too, where an earlier local L1 may still be ending on the port.
#[test]
fn a_port_of_the_local_l1_that_is_in_use_is_named() {
    let (folder, project) = (tempfile::tempdir().unwrap(), project());
    let data = folder.path().to_str().unwrap().to_owned();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for more in [&[][..], &["--data-dir", &data]] {
        let text = said(&mut run_dev(&project, &[&["--l1-port", &port], more].concat()), 2);
        assert!(text.contains("in use") && text.contains("--l1-port"), "{text}");
    }
    // Else it is the cache that is wrong.
    let text = said(&mut run_dev(&project, &["--l1-port", "0", "--data-dir", &data]), 2);
    assert!(text.contains("circuit cache /proc/nowhere"), "{text}");
}
