//! A deployment on a local chain of its own, and what `verify-deployment` says of it.

use std::collections::BTreeMap;

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use cairn_batcher::{
    deploy::{
        DeployError, Deployer,
        config::{Config, Roles, Terms},
        manifest::{Circuits, Manifest, SetUp},
        source_commit,
    },
    l1::{anvil::Anvil, tools},
    verify::{Findings, Genesis, Source, VerifyError, verify},
};
use cairn_state::State;
use serde_json::json;

use crate::world::{SIGNER, artifacts, contracts, start_anvil};

pub(crate) fn config() -> Config {
    let [governor, committer, prover, guardian, council] =
        [0x11, 0x12, 0x13, 0x14, 0x15].map(Address::repeat_byte);
    let roles = Roles { governor, timelock_delay: 600, committer, prover, guardian, council };
    Config { chain_id: 31_337, roles, terms: Terms::default() }
}

pub(crate) fn circuits() -> Circuits {
    Circuits {
        circuit_set_root: B256::repeat_byte(7),
        digests: BTreeMap::from([("Seal".to_owned(), B256::repeat_byte(8))]),
        verifying_key_hash: B256::repeat_byte(9),
        set_up: SetUp::Development,
    }
}

/// The empty state's commitment.
pub(crate) fn empty() -> B256 {
    State::genesis().summary().commitment().to_bytes().into()
}

pub(crate) async fn deployer(url: &str, config: Config) -> Result<Deployer, DeployError> {
    Deployer::new(url, SIGNER.parse().unwrap(), config, SetUp::Development).await
}

/// A deployment on a chain of its own, and the source that it should come from.
pub(crate) struct Deployed {
    pub(crate) manifest: Manifest,
    pub(crate) url: String,
    pub(crate) node: DynProvider,
    pub(crate) source: Source,
    pub(crate) folder: tempfile::TempDir,
    _anvil: Anvil,
}

impl Deployed {
    pub(crate) async fn new() -> Self {
        Self::starting_with(empty()).await
    }

    /// One that starts with another state.
    pub(crate) async fn starting_with(genesis: B256) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let anvil = start_anvil(&folder).await;
        let url = anvil.url();
        let node = ProviderBuilder::new().connect_http(url.parse().unwrap()).erased();
        // Whatever the deployer has sent before.
        let nonce = json!([SIGNER.parse::<PrivateKeySigner>().unwrap().address(), "0x7"]);
        node.raw_request::<_, Option<bool>>("anvil_setNonce".into(), nonce).await.unwrap();
        let (artifacts, commit) = (artifacts().await, source_commit(&contracts()).await);
        let deployer = deployer(&url, config()).await.unwrap();
        let manifest = deployer.deploy(&artifacts, circuits(), genesis, commit.clone()).await;
        let anvil_program = tools::find(&contracts().join("node_modules"), "anvil").unwrap();
        let source = Source {
            artifacts,
            anvil: anvil_program,
            circuits: circuits(),
            genesis: Genesis::empty(),
            commit,
        };
        Self { manifest: manifest.unwrap(), url, node, source, folder, _anvil: anvil }
    }

    pub(crate) async fn verify(&self, manifest: &Manifest) -> Result<Findings, VerifyError> {
        verify(&self.url, manifest, &self.source, self.folder.path()).await
    }

    /// What is said of its own manifest.
    pub(crate) async fn findings(&self) -> Findings {
        self.verify(&self.manifest).await.unwrap()
    }

    pub(crate) fn address(&self, name: &'static str) -> Address {
        self.manifest.contract(name).unwrap().address
    }

    pub(crate) async fn rpc(&self, method: &'static str, parameters: serde_json::Value) {
        let done: Result<Option<serde_json::Value>, _> =
            self.node.raw_request(method.into(), parameters).await;
        done.unwrap();
    }

    pub(crate) async fn set_code(&self, address: Address, code: &[u8]) {
        self.rpc("anvil_setCode", json!([address, Bytes::copy_from_slice(code)])).await;
    }

    pub(crate) async fn set_storage(&self, address: Address, slot: B256, value: B256) {
        self.rpc("anvil_setStorageAt", json!([address, slot, value])).await;
    }

    /// Calls from any address, whose key nobody here has.
    pub(crate) async fn call(&self, from: Address, to: Address, call: &impl SolCall) {
        self.rpc("anvil_impersonateAccount", json!([from])).await;
        self.rpc("anvil_setBalance", json!([from, U256::from(1) << 80])).await;
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_gas_limit(2_000_000)
            .with_input(call.abi_encode());
        let sent = self.node.send_transaction(request).await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
    }
}

pub(crate) fn names(findings: &Findings) -> Vec<&str> {
    findings.differences.iter().map(|difference| difference.what.as_str()).collect()
}

/// Whether one note has all these parts.
pub(crate) fn noted(findings: &Findings, parts: &[&str]) -> bool {
    findings.notes.iter().any(|note| parts.iter().all(|part| note.contains(part)))
}
