//! The contracts' code, from source to the last immutable, without L1.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::json;

use super::{Genesis, Node, VerifyError, structure::ROLLUP};
use crate::{
    deploy::{
        manifest::{Circuits, Contract, Manifest},
        project::build_with_verifier,
        source_commit,
    },
    l1::{
        anvil::Anvil,
        artifacts::{Artifacts, BuildError, Compiler},
        connection::connect_with,
        contracts::IRollupL1,
        error::{L1Error, rpc},
        tools,
    },
};

/// How long the local chain may take for a block.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is here, by whoever verifies: nothing of it comes from the deployer.
#[derive(Debug)]
pub struct Source {
    /// The contracts, built from nothing.
    pub artifacts: Artifacts,
    /// The program for a local chain.
    pub anvil: PathBuf,
    /// The circuits, and the key of the SNARK.
    pub circuits: Circuits,
    /// What a rollup must start with.
    pub genesis: Genesis,
    /// Of the repository: see [`source_commit`].
    pub commit: String,
}

impl Source {
    /// Builds the project `contracts` from nothing below `folder`, with this verifier in the place of the checked-in
    /// one.
    ///
    /// # Errors
    /// The tools are not installed, or the contracts do not build.
    pub async fn build(
        contracts: &Path,
        verifier_source: &str,
        circuits: Circuits,
        genesis: Genesis,
        folder: &Path,
    ) -> Result<Self, VerifyError> {
        let (project, paths) = (folder.join("project"), ["src", "script"]);
        let artifacts = build_with_verifier(contracts, verifier_source, &project, &paths).await?;
        let anvil = tools::find(&contracts.join("node_modules"), "anvil");
        let anvil = anvil.map_err(BuildError::from)?;
        let commit = source_commit(contracts).await;
        Ok(Self { artifacts, anvil, circuits, genesis, commit })
    }
}

/// What the source makes of a manifest.
#[derive(Debug)]
pub struct Rebuilt {
    /// Every contract, custody too.
    pub contracts: Vec<RebuiltContract>,
    /// What they were compiled with.
    pub compiler: Compiler,
}

/// A contract's code as it should be on L1.
#[derive(Debug)]
pub struct RebuiltContract {
    /// Its name.
    pub name: String,
    /// Where it should be.
    pub address: Address,
    /// Its code.
    pub code: Bytes,
    /// Where immutables stand in it.
    pub immutables: Vec<(usize, usize)>,
}

/// Deploys the contracts on a local chain as the manifest says, which has been compared with itself. `folder` is for
/// logs.
///
/// # Errors
/// anvil's, or a constructor that refuses the manifest's arguments.
pub async fn rebuild(
    source: &Source,
    manifest: &Manifest,
    folder: &Path,
) -> Result<Rebuilt, VerifyError> {
    let anvil = Anvil::start_chain(&source.anvil, manifest.chain_id, folder).await?;
    let node = connect_with(&anvil.url())?;

    prepare(&node, manifest.deployer).await?;
    let mut rebuilt = Vec::new();
    for contract in &manifest.contracts {
        let artifact = source.artifacts.read(&contract.file, &contract.name)?;
        create(&node, manifest.deployer, contract, &artifact.creation).await?;
        rebuilt.push(RebuiltContract {
            name: contract.name.clone(),
            address: contract.address,
            code: code(&node, contract.address).await?,
            immutables: artifact.immutables,
        });
    }
    let what = "reading the rebuilt rollup";
    let rollup = manifest.contract(ROLLUP)?;
    let custody = IRollupL1::new(rollup.address, &node).CUSTODY().call().await;
    let address = custody.map_err(|e| rpc(what, e))?;
    let artifact = source.artifacts.read("Custody.sol", "Custody")?;
    rebuilt.push(RebuiltContract {
        name: "Custody".to_owned(),
        address,
        code: code(&node, address).await?,
        immutables: artifact.immutables,
    });
    let compiler = source.artifacts.read("Rollup.sol", ROLLUP)?.compiler;
    Ok(Rebuilt { contracts: rebuilt, compiler })
}

/// The deployer without its key.
async fn prepare(node: &Node, deployer: Address) -> Result<(), L1Error> {
    let funds = U256::from(1) << 100;
    local(node, "anvil_impersonateAccount", json!([deployer])).await?;
    local(node, "anvil_setBalance", json!([deployer, funds])).await
}

async fn local(
    node: &Node,
    method: &'static str,
    parameters: serde_json::Value,
) -> Result<(), L1Error> {
    let done = node.raw_request::<_, Option<serde_json::Value>>(method.into(), parameters).await;
    done.map(drop).map_err(|e| rpc("preparing the local chain", e))
}

async fn create(
    node: &Node,
    deployer: Address,
    contract: &Contract,
    creation: &Bytes,
) -> Result<(), L1Error> {
    let what = "deploying again on the local chain";
    local(node, "anvil_setNonce", json!([deployer, U256::from(contract.nonce)])).await?;
    let code = [&creation[..], &contract.arguments[..]].concat();
    let request = TransactionRequest::default()
        .with_from(deployer)
        .with_nonce(contract.nonce)
        .with_gas_limit(16_000_000)
        .with_deploy_code(code);
    let name = &contract.name;
    // Without a wallet nothing is signed here: the node holds the account.
    let sent = node.send_transaction(request).await.map_err(|e| rpc(what, e).about(name))?;
    let sent = sent.with_timeout(Some(PATIENCE));
    let receipt = sent.get_receipt().await.map_err(|e| rpc(what, e).about(name))?;
    if receipt.status() {
        Ok(())
    } else {
        let reason = "its constructor reverts with the manifest's arguments";
        Err(rpc(what, reason).about(name))
    }
}

async fn code(node: &Node, address: Address) -> Result<Bytes, L1Error> {
    node.get_code_at(address).await.map_err(|e| rpc("reading rebuilt code", e))
}
