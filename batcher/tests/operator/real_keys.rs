//! The operator's tools with the real circuits and keys. What they are asked about has been proven, so `./x test` runs these alone.

use std::net::TcpListener;

use alloy::{
    primitives::{Address, Bytes},
    providers::{DynProvider, Provider, ProviderBuilder},
};
use cairn_batcher::deploy::manifest::Manifest;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::{
    command::{cairn, json},
    world::{SIGNER, contracts, start_anvil},
};

/// The chain that a demo has left running.
struct Left {
    url: String,
    process: Pid,
    report: Value,
    manifest: String,
    folder: tempfile::TempDir,
}

impl Drop for Left {
    fn drop(&mut self) {
        let _ = kill_process_group(self.process, Signal::KILL);
    }
}

async fn demo() -> Left {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (report, manifest) = (path("report.json"), path("manifest.json"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = cairn(
        &[
            &["demo", "--keep", "--transfers", "4", "--port", &port.to_string()][..],
            &["--json", &report, "--manifest", &manifest, "--contracts", &project()],
        ]
        .concat(),
    )
    .await;
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let process = text.split_once("anvil (process ").unwrap().1.split_once(')').unwrap().0;
    let process = Pid::from_raw(process.parse().unwrap()).unwrap();
    let report = serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    Left { url: format!("http://127.0.0.1:{port}"), process, report, manifest, folder }
}

fn project() -> String {
    contracts().display().to_string()
}

/// What `cairn verify-deployment` says, and whether it is content.
async fn verified(url: &str, manifest: &str) -> (bool, Vec<String>) {
    let contracts = project();
    let tool = ["verify-deployment", "--json", "--contracts", &contracts];
    let output = cairn(&[&tool[..], &["--l1", url, "--manifest", manifest]].concat()).await;
    let findings: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let differences = findings["differences"].as_array().unwrap().iter();
    let what = differences.map(|difference| difference["what"].as_str().unwrap().to_owned());
    assert!(findings["checked"].as_array().unwrap().len() > 20, "{findings}");
    (output.status.success(), what.collect())
}

async fn set_code(node: &DynProvider, address: Address, code: &[u8]) {
    let parameters = (address, Bytes::copy_from_slice(code));
    let set = node.raw_request::<_, Value>("anvil_setCode".into(), parameters).await;
    set.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes real proofs"]
async fn the_tools_agree_with_the_demo_and_notice_another_verifier() {
    let demo = demo().await;
    let manifest = Manifest::read(demo.manifest.as_ref()).unwrap();
    let rollup = manifest.contract("Rollup").unwrap().address.to_string();
    let l1 = ["--l1", &demo.url, "--rollup", &rollup];
    let state = &demo.report["l1_state_root"];

    let rebuilt = json(&[&["reconstruct"], &l1[..]].concat()).await;
    assert_eq!(
        (&rebuilt["state"], &rebuilt["batch"], &rebuilt["finality"]),
        (state, &1.into(), &"proven".into())
    );
    let snapshot = demo.folder.path().join("state.snapshot").display().to_string();
    json(&[&["snapshot"], &l1[..], &["--out", &snapshot]].concat()).await;
    let checked = json(&["snapshot", "--check", &snapshot, "--l1", &demo.url]).await;
    assert_eq!((&checked["state"], &checked["proven_on_l1"]), (state, &true.into()));
    let listed = json(&["exit", "list", "--state", &snapshot, "--l1", &demo.url]).await;
    let leaves = listed["leaves"].as_array().unwrap();
    let users = leaves.iter().filter(|leaf| leaf["leaf"].as_u64() >= Some(1 << 16)).count();
    assert_eq!(rebuilt["users"], users);
    assert!(leaves.iter().all(|leaf| leaf["left"] == false), "{listed}");

    assert_eq!(verified(&demo.url, &demo.manifest).await, (true, vec![]));
    // One byte of the key in the verifier, and the hash of another key in the manifest.
    let node = ProviderBuilder::new().connect_http(demo.url.parse().unwrap()).erased();
    let verifier = manifest.contract("Groth16Verifier").unwrap().address;
    let mut code = node.get_code_at(verifier).await.unwrap().to_vec();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    set_code(&node, verifier, &code).await;
    let mut other = manifest.clone();
    other.circuits.verifying_key_hash.0[0] ^= 1;
    let path = demo.folder.path().join("other.json");
    other.write(&path).unwrap();
    let (agree, differences) = verified(&demo.url, path.to_str().unwrap()).await;
    let expected = [
        "circuits: hash of the verifying key".to_owned(),
        format!("code of Groth16Verifier at {verifier}"),
        "manifest: code hash of Groth16Verifier".to_owned(),
    ];
    let all = differences.iter().zip(&expected).all(|(got, part)| got.starts_with(part));
    assert!(!agree && all && differences.len() == expected.len(), "{differences:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the real keys"]
async fn what_is_deployed_is_what_the_source_makes() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = start_anvil(&folder).await;
    let url = anvil.url();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (config, key, manifest) = (path("config.toml"), path("key"), path("manifest.json"));
    let roles = ["governor", "committer", "prover", "guardian", "council"];
    let roles = roles.iter().zip(1..).map(|(role, n)| {
        let holder = Address::with_last_byte(n);
        format!("{role} = \"{holder}\"\n")
    });
    let roles: String = roles.collect();
    let text = format!("chain_id = 31337\n[roles]\ntimelock_delay = 60\n{roles}");
    std::fs::write(&config, text).unwrap();
    std::fs::write(&key, SIGNER).unwrap();
    let contracts = project();
    let deployed = json(&[
        "deploy",
        "--l1",
        &url,
        "--config",
        &config,
        "--manifest",
        &manifest,
        "--key",
        &key,
        "--contracts",
        &contracts,
    ])
    .await;
    assert_eq!(deployed["contracts"].as_array().unwrap().len(), 3, "{deployed}");
    assert_eq!(verified(&url, &manifest).await, (true, vec![]));
}
