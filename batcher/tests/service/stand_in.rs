//! A rollup whose verifier is the contract tests' double, and an engine that makes its proofs: a proof of a statement is the
//! statement's own hash. Everything else is as in a development rollup.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

use alloy::{hex, primitives::B256, sol_types::SolValue};
use cairn_batcher::{
    deploy::manifest::{Circuits, SetUp},
    l1::artifacts::Artifacts,
    node::dev::{Place, deployment::Plan},
};
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, ProverError, progress::Progress,
};
use cairn_types::{Digest, KIND_BATCHES, SealStatement};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The contracts' project, with its tools installed (`./x tools`).
pub(crate) fn contracts() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier-contracts");
    let path: PathBuf =
        std::env::var_os("CAIRN_CONTRACTS").map_or_else(|| default.into(), Into::into);
    path.canonicalize().unwrap()
}

pub(crate) fn circuit_set() -> Digest {
    Digest::new([1, 2, 3, 4]).unwrap()
}

/// The folder of the contracts as they are, but for the verifier; built once for all tests.
pub(crate) async fn built() -> &'static Path {
    static BUILT: OnceCell<TempDir> = OnceCell::const_new();
    let build = || async {
        let folder = tempfile::tempdir().unwrap();
        build(folder.path()).await;
        folder
    };
    BUILT.get_or_init(build).await.path()
}

async fn build(folder: &Path) {
    let arguments = ["src", "script", "test/utils/VerifierDouble.sol"];
    let contracts = contracts();
    Artifacts::build_with(&contracts, &contracts, &arguments).await.unwrap();
    let read = |file: &str, name: &str| {
        let path = contracts.join("out").join(file).join(format!("{name}.json"));
        serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap()
    };
    let write = |file: &str, name: &str, json: &Value| {
        let folder = folder.join(file);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), json.to_string()).unwrap();
    };
    for (file, name) in [("Rollup.sol", "Rollup"), ("DemoToken.sol", "DemoToken")] {
        write(file, name, &read(file, name));
    }
    let mut double = read("VerifierDouble.sol", "VerifierDouble");
    let code = double["bytecode"]["object"].as_str().unwrap();
    // It takes an argument, that the keys are for development; the real one takes none.
    let code = format!("{code}{}", hex::encode(true.abi_encode()));
    double["bytecode"]["object"] = code.into();
    write("Groth16Verifier.sol", "Groth16Verifier", &double);
}

/// With contracts of [`built`].
pub(crate) fn plan(built: &Path, accounts: u32, prepared: bool) -> Plan {
    let circuits = Circuits {
        circuit_set_root: B256::from(circuit_set().to_bytes()),
        digests: BTreeMap::new(),
        verifying_key_hash: B256::ZERO,
        set_up: SetUp::Development,
    };
    let prepared = prepared.then_some(accounts);
    Plan { artifacts: Artifacts::built(built), circuits, prepared, deposited: accounts }
}

pub(crate) fn place(folder: &Path, l1_port: u16) -> Place {
    Place { folder: folder.to_owned(), contracts: contracts(), l1_port, block_time: 1 }
}

/// A port that nobody listens at, each time another. Below those that the system gives out: it may be a while until
/// somebody listens there.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 200) as u16 * 100;
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + first.wrapping_add(next) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Makes proofs for the double.
#[derive(Debug)]
pub(crate) struct StandIn;

impl Engine for StandIn {
    fn circuit_set_root(&self) -> Digest {
        circuit_set()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        _: &dyn Progress,
        _: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let headers: Vec<_> = jobs.iter().map(BatchJob::header).collect();
        let from = jobs.first().unwrap().previous_chain_hash;
        let to = headers.iter().fold(from, |hash, header| header.chain_hash(&hash));
        let seal = SealStatement { kind: KIND_BATCHES, circuit_set_root: circuit_set(), from, to };
        let mut proof = [[0; 32]; 8];
        proof[0] = seal.public_input();
        Ok(BatchesProof { headers, seal, proof, chunks: jobs.len(), stages: Vec::new() })
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        proof[0] == statement.public_input()
    }

    fn threads(&self) -> usize {
        1
    }

    fn security(&self) -> Vec<LayerSecurity> {
        Vec::new()
    }
}

/// As [`StandIn`], but its tasks take longer than anybody waits.
#[derive(Debug)]
pub(crate) struct Stubborn {
    /// Made when it has begun.
    pub(crate) begun: PathBuf,
}

impl Engine for Stubborn {
    fn circuit_set_root(&self) -> Digest {
        StandIn.circuit_set_root()
    }

    fn prove(
        &self,
        _: &[BatchJob],
        _: &dyn Progress,
        _: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        std::fs::write(&self.begun, "").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(300));
        Err(ProverError::Cancelled)
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
