//! Deployments: what is refused, what the manifest says, and every kind of difference that the comparison finds.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    deploy::{
        DeployError, Deployer,
        config::{Config, Roles, Terms},
        manifest::{Circuits, Manifest, ManifestError, SetUp},
        source_commit,
    },
    l1::{anvil::Anvil, error::L1Error},
    verify::{Findings, Rebuilt, rebuild, verify},
};
use serde_json::json;

use crate::world::{SIGNER, artifacts, contracts, start_anvil};

fn config() -> Config {
    let [governor, committer, prover, guardian, council] =
        [1, 2, 3, 4, 5].map(Address::with_last_byte);
    let roles = Roles { governor, timelock_delay: 600, committer, prover, guardian, council };
    Config { chain_id: 31_337, roles, terms: Terms::default() }
}

fn circuits() -> Circuits {
    Circuits {
        circuit_set_root: B256::repeat_byte(7),
        digests: BTreeMap::from([("Seal".to_owned(), B256::repeat_byte(8))]),
        verifying_key_hash: B256::repeat_byte(9),
        set_up: SetUp::Development,
    }
}

async fn deployer(url: &str, config: Config) -> Result<Deployer, DeployError> {
    Deployer::new(url, SIGNER.parse().unwrap(), config, SetUp::Development).await
}

/// A deployment on a chain of its own.
struct Deployed {
    manifest: Manifest,
    url: String,
    node: DynProvider,
    folder: tempfile::TempDir,
    _anvil: Anvil,
}

async fn deployed() -> Deployed {
    let folder = tempfile::tempdir().unwrap();
    let anvil = start_anvil(&folder).await;
    let url = anvil.url();
    let node = ProviderBuilder::new().connect_http(url.parse().unwrap()).erased();
    // Whatever the deployer has sent before.
    let nonce = json!([SIGNER.parse::<PrivateKeySigner>().unwrap().address(), "0x7"]);
    node.raw_request::<_, Option<bool>>("anvil_setNonce".into(), nonce).await.unwrap();
    let manifest = deployer(&url, config())
        .await
        .unwrap()
        .deploy(
            &artifacts().await,
            circuits(),
            B256::repeat_byte(6),
            source_commit(&contracts()).await,
        )
        .await
        .unwrap();
    Deployed { manifest, url, node, folder, _anvil: anvil }
}

impl Deployed {
    async fn rebuilt(&self) -> Rebuilt {
        let source = contracts().join("src/generated/Groth16Verifier.sol");
        let source = std::fs::read_to_string(source).unwrap();
        rebuild(&contracts(), &source, &self.manifest, self.folder.path()).await.unwrap()
    }

    async fn findings(&self, manifest: &Manifest, rebuilt: &Rebuilt) -> Findings {
        verify(&self.url, manifest, &circuits(), rebuilt).await.unwrap()
    }

    async fn rpc(&self, method: &'static str, parameters: serde_json::Value) {
        let done: Result<Option<serde_json::Value>, _> =
            self.node.raw_request(method.into(), parameters).await;
        done.unwrap();
    }
}

fn names(findings: &Findings) -> Vec<&str> {
    findings.differences.iter().map(|difference| difference.what.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_is_found_and_named() {
    let deployed = deployed().await;
    let manifest = &deployed.manifest;
    let path = deployed.folder.path().join("manifest.json");
    manifest.write(&path).unwrap();
    assert_eq!(Manifest::read(&path).unwrap(), *manifest);
    assert_eq!(manifest.contracts[0].nonce, 7);
    assert_eq!(manifest.compiler.version.split('+').next(), Some("0.8.37"));

    let rebuilt = deployed.rebuilt().await;
    let findings = deployed.findings(manifest, &rebuilt).await;
    assert!(findings.agree(), "{:#?}", findings.differences);
    for what in
        ["code of Custody", "code of TimelockController", "role: council", "timelock: delay"]
    {
        assert!(findings.checked.iter().any(|checked| checked.starts_with(what)), "{what}");
    }

    // One byte of the program; one of an immutable; code of another length.
    let rollup = manifest.contract("Rollup").unwrap().address;
    let good = deployed.node.get_code_at(rollup).await.unwrap();
    let immutable = rebuilt.contracts.iter().find(|c| c.name == "Rollup").unwrap().immutables[0].0;
    for (position, part) in [(100, "the program itself"), (immutable + 31, "an immutable")] {
        let mut code = good.to_vec();
        code[position] ^= 1;
        deployed.rpc("anvil_setCode", json!([rollup, Bytes::from(code)])).await;
        let findings = deployed.findings(manifest, &rebuilt).await;
        let what = names(&findings)[0];
        assert!(what.contains("code of Rollup") && what.contains(part), "{what}");
        assert!(names(&findings).contains(&"manifest: code hash of Rollup"));
    }
    deployed.rpc("anvil_setCode", json!([manifest.custody, "0x00"])).await;
    deployed.rpc("anvil_setCode", json!([rollup, good])).await;
    let error = verify(&deployed.url, manifest, &circuits(), &rebuilt).await.unwrap_err();
    assert!(error.to_string().contains("reading the rollup's terms"), "{error}");
    let custody = rebuilt.contracts.iter().find(|c| c.name == "Custody").unwrap();
    deployed.rpc("anvil_setCode", json!([manifest.custody, custody.code])).await;
    assert!(deployed.findings(manifest, &rebuilt).await.agree());

    // The manifest claims other things than the chain has.
    let mut other = manifest.clone();
    other.roles.prover = Address::with_last_byte(9);
    other.terms.upgrade_delay += 1;
    other.circuits.digests.clear();
    other.compiler.settings.insert("viaIR".to_owned(), true.into());
    other.custody_code_hash = B256::ZERO;
    assert_eq!(
        names(&deployed.findings(&other, &rebuilt).await),
        [
            "circuits: digest of Seal",
            "compiler",
            "manifest: code hash of Custody",
            "constructor: prover",
            "terms: upgrade delay",
            "role: prover"
        ]
    );

    grant_and_install(&deployed).await;
    let findings = deployed.findings(manifest, &rebuilt).await;
    assert_eq!(names(&findings), ["number of circuit sets", "circuit set 1", "role: committer"]);
    let committers = &findings.differences[2].got;
    assert!(committers.contains(&Address::with_last_byte(0x77).to_string()), "{committers}");
}

/// One more committer, by the timelock; one more circuit set, by the council.
async fn grant_and_install(deployed: &Deployed) {
    use alloy::sol_types::SolCall;
    use cairn_batcher::l1::contracts::{
        IAccessControl::grantRoleCall, IRollupL1::installCircuitSetCall,
    };
    let manifest = &deployed.manifest;
    let rollup = manifest.contract("Rollup").unwrap().address;
    let timelock = manifest.contract("TimelockController").unwrap().address;
    let verifier = manifest.contract("Groth16Verifier").unwrap().address;
    let role = keccak256("COMMITTER_ROLE");
    let grant = grantRoleCall { role, account: Address::with_last_byte(0x77) }.abi_encode();
    let install = installCircuitSetCall { root: B256::repeat_byte(1), verifier }.abi_encode();
    for (from, call) in [(timelock, grant), (manifest.roles.council, install)] {
        deployed.rpc("anvil_impersonateAccount", json!([from])).await;
        deployed.rpc("anvil_setBalance", json!([from, U256::from(1) << 80])).await;
        let request = json!([{ "from": from, "to": rollup, "data": Bytes::from(call) }]);
        deployed.rpc("eth_sendTransaction", request).await;
    }
    deployed.rpc("anvil_mine", json!([1])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_verifier_makes_other_code() {
    let deployed = deployed().await;
    let source = std::fs::read_to_string(contracts().join("src/generated/Groth16Verifier.sol"));
    // Another point in the key, as another set-up has.
    let source = source.unwrap().replacen("IC1_X =\n        0x1", "IC1_X =\n        0x2", 1);
    let rebuilt = rebuild(&contracts(), &source, &deployed.manifest, deployed.folder.path()).await;
    let findings = deployed.findings(&deployed.manifest, &rebuilt.unwrap()).await;
    let what = names(&findings);
    assert!(what.len() == 1 && what[0].contains("code of Groth16Verifier"), "{what:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deployed_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let anvil = start_anvil(&folder).await;
    let url = anvil.url();
    let refused = async |config| deployer(&url, config).await.unwrap_err();

    let error = refused(Config { chain_id: 1, ..config() }).await;
    assert!(matches!(error, DeployError::DevelopmentKeys { chain_id: 1 }), "{error}");
    let ceremony = Deployer::new(
        &url,
        SIGNER.parse().unwrap(),
        Config { chain_id: 1, ..config() },
        SetUp::Ceremony,
    );
    let error = ceremony.await.unwrap_err();
    let expected = L1Error::WrongChain { expected: 1, got: 31_337 }.to_string();
    assert_eq!(error.to_string(), expected);

    let mut nobody = config();
    nobody.roles.council = Address::ZERO;
    assert!(matches!(refused(nobody).await, DeployError::Config(_)));

    let poor = PrivateKeySigner::random();
    let error = Deployer::new(&url, poor.clone(), config(), SetUp::Development).await.unwrap_err();
    let line = error.to_string();
    assert!(
        line.contains(&format!("{} has 0.0", poor.address())) && line.contains("send it some"),
        "{line}"
    );

    let absent = deployer("http://127.0.0.1:1", config()).await.unwrap_err();
    assert!(matches!(absent, DeployError::L1(L1Error::Unavailable { .. })), "{absent}");
}

#[test]
fn a_manifest_of_another_kind_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (text, part) in [
        ("{}", "this is no manifest"),
        ("[1", "this is no manifest"),
        (r#"{"format": 1}"#, "format 1, expected 2: another version of Cairn has made it"),
        (r#"{"format": 2, "unfinished": {}}"#, "this deployment is unfinished"),
    ] {
        std::fs::write(file.path(), text).unwrap();
        let error = Manifest::read(file.path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let absent = Manifest::read("/nowhere/manifest.json".as_ref());
    assert!(matches!(absent, Err(ManifestError::File { .. })));
}
