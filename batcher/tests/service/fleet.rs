//! What `docs/fleet.md` says of keys, certificates and accounts, as it stands there: a NATS server reads what it makes.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use cairn_fleet::server::program;

use crate::{
    manual::{Shell, sections},
    stand_in::contracts,
};

/// The blocks of a section.
fn blocks(heading: &str) -> Vec<String> {
    let mut sections = sections("fleet.md").into_iter();
    let section = sections.find(|(name, _)| name == heading);
    section.unwrap_or_else(|| panic!("there are no commands in {heading:?}")).1
}

/// The folder `deploy` of the repository.
fn deploy() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").canonicalize().unwrap()
}

/// That a server takes what was made in a folder, with a configuration of `deploy/` and everything in that folder.
fn is_taken(folder: &Path, configuration: &str) {
    let here = folder.display().to_string();
    let text = fs::read_to_string(deploy().join(configuration)).unwrap();
    let text = text.replace("/etc/nats/", "").replace("nats/accounts.conf", "accounts.conf");
    let text = text.replace("/var/lib/nats", &here).replace("/data", &here);
    fs::write(folder.join("nats.conf"), text).unwrap();
    let mut server = Command::new(program().unwrap());
    let output = server.args(["-t", "-c", "nats.conf"]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_server_takes_the_keys_and_certificates_that_are_made() {
    let folder = tempfile::tempdir().unwrap();
    symlink(deploy(), folder.path().join("deploy")).unwrap();
    let shell = Shell::new(folder.path(), &contracts());
    let blocks = blocks("Keys and TLS");
    let [keys, certificate] = &blocks[..] else { panic!("expected two blocks: {blocks:?}") };
    // Its reader writes what the first command prints into the last one.
    let (first, rest) = keys.split_once('\n').unwrap();
    let coordinator = shell.told(first).await.trim().to_owned();
    shell.told(&rest.replace("UCOORDINATOR..", &coordinator)).await;
    shell.told(certificate).await;
    assert!(shell.told("openssl verify -CAfile ca.pem server.pem").await.contains("OK"));

    let accounts = fs::read_to_string(folder.path().join("accounts.conf")).unwrap();
    assert!(accounts.contains(&coordinator), "{accounts}");
    for worker in ["spot-7", "spot-8"] {
        assert!(folder.path().join(format!("workers/{worker}.nk")).exists());
    }
    is_taken(folder.path(), "systemd/nats.conf");
}

#[tokio::test]
async fn a_server_takes_the_accounts_of_several_rollups() {
    let folder = tempfile::tempdir().unwrap();
    symlink(deploy(), folder.path().join("deploy")).unwrap();
    let shell = Shell::new(folder.path(), &contracts());
    let mut lines = blocks("Several rollups on one server").concat();
    for n in 0.. {
        if !lines.contains("U..") {
            assert_eq!(n, 4, "a coordinator and a worker of each");
            break;
        }
        let key = shell.told(&format!("deploy/nkey {n}.nk")).await;
        lines = lines.replacen("U..", key.trim(), 1);
    }
    shell.told(&lines).await;
    let accounts = fs::read_to_string(folder.path().join("accounts.conf")).unwrap();
    for name in ["\"alpha\"", "\"beta\""] {
        assert!(accounts.contains(name), "{accounts}");
    }
    is_taken(folder.path(), "compose/nats.conf");
}
