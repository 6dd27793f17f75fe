//! What `cairn run` refuses to start with: the exact line, exit code 2, and nothing written.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use alloy::{
    primitives::{Address, B256},
    providers::{Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    l1::{anvil::Anvil, tools},
    node::{
        Checked, Node,
        dev::{self, DevChain},
    },
};
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, ProverError, progress::Progress,
};
use cairn_types::{Digest, SealStatement};

use crate::stand_in::{StandIn, built, contracts, free_port, place, plan};

/// An account that anvil gives nothing.
const POOR: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";

fn config(folder: &Path, url: &str, chain_id: u64, rollup: Address, api: u16) -> String {
    let path = folder.join("cairn.toml");
    let text = format!(
        "data_dir = \"data\"\n[l1]\nurls = [\"{url}\"]\nchain_id = {chain_id}\nrollup = \"{rollup}\"\n\
         [l1.connection]\nretries = 0\n[api]\nlisten = \"127.0.0.1:{api}\"\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn run(config: &str, key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.args(["run", "--config", config]).env_clear();
    if let Some(key) = key {
        command.env("CAIRN_OPERATOR_KEY", key);
    }
    command.output().unwrap()
}

#[track_caller]
fn refused(output: &Output, folder: &Path, line: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error, format!("cairn: {line}\n"));
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.join("data").exists(), "something was written");
}

#[tokio::test]
async fn a_chain_or_contract_that_does_not_fit_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let program = tools::find(&contracts().join("node_modules"), "anvil").unwrap();
    let anvil = Anvil::start(&program, None, path, false).await.unwrap();
    let (url, api) = (anvil.url(), free_port());
    let rollup = Address::with_last_byte(0xaa);
    let key = Some(dev::OPERATOR_KEY);

    let file = config(path, &url, 31_337, rollup, api);
    let line = "no operator key: set keys.operator to a keystore file, or $CAIRN_OPERATOR_KEY to the key in hex";
    refused(&run(&file, None), path, line);
    let line = format!(
        "l1.rollup: there is no contract at {rollup} on chain 31337: check the address, and that the node is in sync"
    );
    refused(&run(&file, key), path, &line);

    let file = config(path, &url, 1, rollup, api);
    let line =
        "l1.chain_id: the node serves chain 31337, expected 1: set l1.urls to nodes of that chain";
    refused(&run(&file, key), path, line);

    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let file = config(path, &url, 31_337, rollup, address.port());
    let line =
        format!("api.listen: {address} is in use: stop what listens there, or choose another port");
    refused(&run(&file, key), path, &line);

    drop(anvil);
    let file = config(path, &url, 31_337, rollup, api);
    let output = run(&file, key);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.starts_with("cairn: l1.urls: L1, reading the chain id: "), "{error}");
    assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1));
}

#[tokio::test]
async fn a_rollup_that_does_not_fit_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let place = place(&path.join("dev"), free_port());
    let chain = DevChain::start(&place, &plan(built().await, 1, false)).await.unwrap();
    let (url, api, rollup) = (chain.l1_url(), free_port(), chain.deployment.rollup);

    let poor: PrivateKeySigner = POOR.parse().unwrap();
    let file = config(path, &url, 31_337, rollup, api);
    let line = format!(
        "keys.operator: {} does not have COMMITTER_ROLE of the rollup: have the governor grant it, or use the key of who has it",
        poor.address()
    );
    refused(&run(&file, Some(POOR)), path, &line);

    let custody = chain.deployment.custody;
    let file = config(path, &url, 31_337, custody, api);
    let line = format!(
        "l1.rollup: the contract at {custody} is no rollup of this program: it does not answer DOMAIN()"
    );
    refused(&run(&file, Some(dev::OPERATOR_KEY)), path, &line);

    // With another engine's circuits, nothing would be proven.
    let mut config = chain.config(&path.join("data"), ([127, 0, 0, 1], api).into());
    let checked = Checked::check(config.clone(), dev::keys()).await.unwrap();
    let foreign = Node::start(checked, Arc::new(Foreign), Default::default()).await;
    let expected = format!(
        "circuit set {} of this prover is not registered with the rollup: use the version that the rollup was deployed with, or have the governor register this one",
        B256::from(Foreign.circuit_set_root().to_bytes())
    );
    assert_eq!(foreign.unwrap_err().to_string(), expected);
    assert_eq!(std::fs::read_dir(path.join("data")).unwrap().count(), 0, "something was written");
    let checked = Checked::check(config.clone(), dev::keys()).await.unwrap();
    Node::start(checked, Arc::new(StandIn), Default::default())
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    config.l1.first_block = 1_000_000;
    let error = Checked::check(config, dev::keys()).await.unwrap_err().to_string();
    assert!(error.starts_with("l1.first_block: the rollup at "), "{error}");
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let place = place(&path.join("dev"), free_port());
    let chain = DevChain::start(&place, &plan(built().await, 1, false)).await.unwrap();
    let (url, api, rollup) = (chain.l1_url(), free_port(), chain.deployment.rollup);
    let operator = dev::keys().operator.address();
    let node = ProviderBuilder::new().connect_http(url.parse().unwrap());
    let set = node.raw_request::<_, ()>("anvil_setBalance".into(), (operator, "0x1"));
    set.await.unwrap();

    let file = config(path, &url, 31_337, rollup, api);
    let output = run(&file, Some(dev::OPERATOR_KEY));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let cost = error.strip_prefix(&format!(
        "cairn: keys.operator: {operator} has 0.000000000000000001 ether, a batch costs about "
    ));
    let cost = cost.and_then(|rest| rest.strip_suffix(": send it some\n"));
    let cost = cost.unwrap_or_else(|| panic!("{error}"));
    assert!(cost.parse::<f64>().unwrap() > 0.0, "{cost}");
    refused(&output, path, error.trim_start_matches("cairn: ").trim_end());
}

/// As the double's engine, of circuits that nobody has registered.
#[derive(Debug)]
struct Foreign;

impl Engine for Foreign {
    fn circuit_set_root(&self) -> Digest {
        Digest::new([4, 3, 2, 1]).unwrap()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        StandIn.prove(jobs, progress, cancel)
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        StandIn.verifies(statement, proof)
    }

    fn threads(&self) -> usize {
        1
    }

    fn security(&self) -> Vec<LayerSecurity> {
        Vec::new()
    }
}
