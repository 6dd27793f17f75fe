//! Deployments: what is refused, what the manifest says, and every kind of difference in code.

use alloy::{
    primitives::{Address, keccak256},
    providers::Provider,
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    deploy::{
        DeployError, Deployer,
        config::Config,
        manifest::{Manifest, ManifestError, SetUp},
    },
    l1::error::L1Error,
    verify::{Genesis, Source, rebuild},
};

use crate::{
    command::{cairn, refusal},
    deployed::{Deployed, circuits, config, deployer, names, noted},
    world::{SIGNER, contracts, start_anvil},
};

#[tokio::test(flavor = "multi_thread")]
async fn other_code_is_found_and_named() {
    let deployed = Deployed::new().await;
    let manifest = &deployed.manifest;
    let path = deployed.folder.path().join("manifest.json");
    manifest.write(&path).unwrap();
    assert_eq!(Manifest::read(&path).unwrap(), *manifest);
    assert_eq!(manifest.contracts[0].nonce, 7);
    assert_eq!(manifest.compiler.version.split('+').next(), Some("0.8.37"));

    let findings = deployed.findings().await;
    assert!(findings.agree(), "{:#?}", findings.differences);
    for what in [
        "code of Custody",
        "code of TimelockController",
        "role: council: ",
        "timelock: delay: 600",
        "genesis state: proven on L1",
        "transaction of Rollup: hash of input",
        "first block: ",
    ] {
        assert!(findings.checked.iter().any(|checked| checked.starts_with(what)), "{what}");
    }

    // One byte of the program; one of an immutable; code of another length.
    let rollup = deployed.address("Rollup");
    let rebuilt = rebuild(&deployed.source, manifest, deployed.folder.path()).await.unwrap();
    let code = |name| rebuilt.contracts.iter().find(|contract| contract.name == name).unwrap();
    let good = deployed.node.get_code_at(rollup).await.unwrap();
    let immutable = code("Rollup").immutables[0].0;
    for (position, part) in [(100, "the program itself"), (immutable + 31, "an immutable")] {
        let mut code = good.to_vec();
        code[position] ^= 1;
        deployed.set_code(rollup, &code).await;
        let findings = deployed.findings().await;
        let what = names(&findings)[0];
        assert!(what.contains("code of Rollup") && what.contains(part), "{what}");
        assert!(names(&findings).contains(&"manifest: code hash of Rollup"));
        let unasked = "what the contracts answer: it is not the source's code that answers";
        assert!(findings.not_checked.iter().any(|what| what == unasked), "{findings:?}");
    }
    deployed.set_code(rollup, &good).await;
    deployed.set_code(manifest.custody, &[0]).await;
    let findings = deployed.findings().await;
    assert!(names(&findings)[0].starts_with("code of Custody"), "{findings:?}");
    deployed.set_code(manifest.custody, &code("Custody").code).await;
    assert!(deployed.findings().await.agree());

    // A verifier that passes on what it is asked, to code that may be any.
    let verifier = deployed.address("Groth16Verifier");
    let proxy = [
        &[0x36, 0x3d, 0x3d, 0x37, 0x3d, 0x3d, 0x3d, 0x36, 0x3d, 0x73][..],
        &[0x99; 20],
        &[0x5a, 0xf4, 0x3d, 0x82, 0x80, 0x3e, 0x90, 0x3d, 0x91, 0x60, 0x2b, 0x57, 0xfd, 0x5b, 0xf3],
    ];
    deployed.set_code(verifier, &proxy.concat()).await;
    let mut other = manifest.clone();
    other.contracts[1].code_hash = keccak256(proxy.concat());
    let findings = deployed.verify(&other).await.unwrap();
    assert_eq!(names(&findings), [format!("code of Groth16Verifier at {verifier}")]);
    let behind = Address::repeat_byte(0x99).to_string();
    assert!(noted(&findings, &["Groth16Verifier", "PROXY", &behind]), "{:?}", findings.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_verifier_makes_other_code() {
    let mut deployed = Deployed::new().await;
    let source = std::fs::read_to_string(contracts().join("src/generated/Groth16Verifier.sol"));
    // Another point in the key, as another set-up has.
    let text = source.unwrap().replacen("IC1_X =\n        0x1", "IC1_X =\n        0x2", 1);
    let (genesis, folder) = (Genesis::empty(), deployed.folder.path());
    let source = Source::build(&contracts(), &text, circuits(), genesis, folder).await;
    deployed.source = source.unwrap();
    let findings = deployed.findings().await;
    let what = names(&findings);
    let verifier = ["transaction of Groth16Verifier: hash of input", "code of Groth16Verifier"];
    let both = what.iter().zip(verifier).all(|(what, part)| what.starts_with(part));
    assert!(what.len() == 2 && both, "{what:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_contradicts_itself_is_told_before_the_long_work() {
    let deployed = Deployed::new().await;
    let path = |name: &str| deployed.folder.path().join(name).display().to_string();
    let (cache, file) = (path("cache"), path("manifest.json"));
    let contracts = contracts().display().to_string();
    let verify = ["verify-deployment", "--l1", &deployed.url, "--manifest", &file];
    let verify = [&verify[..], &["--cache", &cache, "--contracts", &contracts]].concat();

    let mut other = deployed.manifest.clone();
    other.custody.0[0] ^= 1;
    other.write(file.as_ref()).unwrap();
    let output = cairn(&[&verify[..], &["--json"]].concat()).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["differences"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(said["differences"][0]["what"], "custody, by the rollup's address");
    assert_eq!(said["not_checked"][0], "source and chain: the manifest contradicts itself");
    let output = cairn(&verify).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nDIFFERS      custody, by the rollup's address: expected "), "{text}");
    assert!(text.contains("\nNOT CHECKED  source and chain"), "{text}");

    // A file of the enemy's, named as an artifact.
    other.contracts[2].file = "../../x".to_owned();
    other.write(file.as_ref()).unwrap();
    let line = refusal(&verify).await;
    assert!(line.contains("the manifest's contracts: expected TimelockController of"), "{line}");
    other.chain_id = 1;
    other.write(file.as_ref()).unwrap();
    let line = refusal(&verify).await;
    assert!(line.contains("the node serves chain 31337, expected 1"), "{line}");
    deployed.manifest.write(file.as_ref()).unwrap();
    let line = refusal(&[&verify[..], &["--genesis", "/nowhere/ledger"]].concat()).await;
    assert!(line.starts_with("cairn: --genesis /nowhere/ledger: "), "{line}");
    assert!(!std::fs::exists(&cache).unwrap());
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
