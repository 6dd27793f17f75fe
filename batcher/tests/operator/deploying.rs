//! Deployments that are cut short, and go on: nothing is deployed twice, whatever happened in between.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    deploy::{
        DeployError, Deployer,
        config::{Config, Roles, Terms},
        journal::Journal,
        manifest::{Circuits, Manifest, ManifestError, SetUp},
    },
    l1::anvil::Anvil,
};
use serde_json::{Value, json};

use crate::{
    command::refusal,
    world::{SIGNER, artifacts, start_anvil},
};

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

/// A chain that mines when it is told, and the file of a manifest.
struct Ground {
    url: String,
    node: DynProvider,
    path: PathBuf,
    folder: tempfile::TempDir,
    _anvil: Anvil,
}

impl Ground {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let anvil = start_anvil(&folder).await;
        let url = anvil.url();
        let node = ProviderBuilder::new().connect_http(url.parse().unwrap()).erased();
        let path = folder.path().join("manifests/manifest.json");
        let ground = Self { url, node, path, folder, _anvil: anvil };
        ground.rpc("evm_setAutomine", json!([false])).await;
        ground
    }

    async fn rpc(&self, method: &'static str, parameters: Value) -> Value {
        self.node.raw_request(method.into(), parameters).await.unwrap()
    }

    async fn mine(&self) {
        self.rpc("anvil_mine", json!(["0x1"])).await;
    }

    /// What a run of `cairn deploy` does, but for the circuits.
    async fn run(&self, config: Config) -> Result<Manifest, DeployError> {
        let mut journal = Journal::open(&self.path)?;
        let signer = SIGNER.parse().unwrap();
        let set_up = SetUp::Development;
        let deployer = match journal.is_begun() {
            true => Deployer::begun(&self.url, signer, config, set_up).await?,
            false => Deployer::new(&self.url, signer, config, set_up).await?,
        };
        let deployer = deployer
            .paying_at_most(100_000)
            .with(Duration::from_secs(2), |line| eprintln!("{line}"));
        let (artifacts, genesis) = (artifacts().await, B256::repeat_byte(6));
        let deployed =
            deployer.deploy_with(&mut journal, &artifacts, circuits(), genesis, "1".into());
        deployed.await
    }

    /// The contract and the transaction that a run waits for in vain.
    async fn stuck(&self) -> (String, B256) {
        let error = self.run(config()).await.unwrap_err();
        let DeployError::NotMined { name, transaction, .. } = error else { panic!("{error}") };
        (name, transaction)
    }

    /// Transactions that the deployer has had mined.
    async fn sent(&self) -> u64 {
        let sender = SIGNER.parse::<PrivateKeySigner>().unwrap().address();
        self.node.get_transaction_count(sender).await.unwrap()
    }

    async fn pool(&self) -> Value {
        self.rpc("txpool_status", json!([])).await["pending"].clone()
    }
}

/// The process may end before a transaction is sent, while it waits, and before it hears of the receipt.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_goes_on_wherever_it_was_cut_short() {
    let ground = Ground::new().await;
    for contract in ["TimelockController", "Groth16Verifier", "Rollup"] {
        let (name, transaction) = ground.stuck().await;
        assert_eq!(name, contract);
        let refused = Manifest::read(&ground.path).unwrap_err();
        assert!(matches!(refused, ManifestError::Unfinished { .. }), "{refused}");
        // It was noted, but never sent.
        ground.rpc("anvil_dropTransaction", json!([transaction])).await;
        assert_eq!(ground.pool().await, "0x0");
        assert_eq!(ground.stuck().await, (name.clone(), transaction));
        // It is on its way still.
        assert_eq!(ground.pool().await, "0x1");
        assert_eq!(ground.stuck().await, (name, transaction));
        assert_eq!(ground.pool().await, "0x1");
        // It is mined, and nobody has heard of it.
        ground.mine().await;
    }
    let manifest = ground.run(config()).await.unwrap();
    assert_eq!(Manifest::read(&ground.path).unwrap(), manifest);
    let nonces: Vec<_> = manifest.contracts.iter().map(|contract| contract.nonce).collect();
    assert_eq!(
        (nonces, ground.sent().await, ground.pool().await),
        (vec![0, 1, 2], 3, "0x0".into())
    );
    let block = ground.node.get_transaction_receipt(manifest.contracts[0].transaction).await;
    assert_eq!(block.unwrap().unwrap().block_number, Some(manifest.first_block));

    let written = std::fs::read(&ground.path).unwrap();
    let error = ground.run(config()).await.unwrap_err();
    assert!(error.to_string().contains("this deployment is finished"), "{error}");
    assert_eq!(std::fs::read(&ground.path).unwrap(), written);
    assert_eq!(std::fs::read_dir(ground.path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_does_not_mine_is_waited_for_in_vain_only_so_long() {
    let ground = Ground::new().await;
    let limit = Duration::from_secs(30);
    let error = tokio::time::timeout(limit, ground.run(config())).await.unwrap().unwrap_err();
    let DeployError::NotMined { transaction, .. } = &error else { panic!("{error}") };
    let expected = format!(
        "TimelockController: transaction {transaction} is not mined after 2 s: run the same command again, it goes on waiting for it"
    );
    assert_eq!(error.to_string(), expected);
}

/// The fee of the noted transaction is too low by now: it is signed again with the same nonce.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_refused_is_replaced_and_not_doubled() {
    let ground = Ground::new().await;
    let (_, first) = ground.stuck().await;
    ground.rpc("anvil_dropTransaction", json!([first])).await;
    let fee = U256::from(1_000_000_000_000u64);
    ground.rpc("anvil_setNextBlockBaseFeePerGas", json!([fee])).await;
    ground.mine().await;
    let (name, second) = ground.stuck().await;
    assert_eq!(name, "TimelockController");
    assert_ne!(first, second);
    ground.rpc("evm_setAutomine", json!([true])).await;
    ground.mine().await;
    let manifest = ground.run(config()).await.unwrap();
    assert_eq!((manifest.contracts[0].transaction, ground.sent().await), (second, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_something_else_has_taken_is_told() {
    let ground = Ground::new().await;
    let (_, transaction) = ground.stuck().await;
    ground.rpc("anvil_dropTransaction", json!([transaction])).await;
    let sender = SIGNER.parse::<PrivateKeySigner>().unwrap().address();
    let other = json!([{ "from": sender, "to": Address::repeat_byte(1), "nonce": "0x0" }]);
    ground.rpc("eth_sendTransaction", other).await;
    ground.mine().await;
    ground.rpc("evm_setAutomine", json!([true])).await;
    let error = ground.run(config()).await.unwrap_err();
    let expected = "TimelockController: another transaction of the deployer's has taken nonce 0: ";
    assert!(error.to_string().starts_with(expected), "{error}");
    // Nothing has come of it, so it may be something else from now on.
    let mut other = config();
    other.roles.prover = Address::with_last_byte(9);
    let manifest = ground.run(other).await.unwrap();
    assert_eq!((manifest.contracts[0].nonce, ground.sent().await), (1, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_begun_is_gone_on_with() {
    let ground = Ground::new().await;
    ground.stuck().await;
    ground.mine().await;
    ground.stuck().await;
    let begun = std::fs::read(&ground.path).unwrap();

    let mut other = config();
    other.roles.prover = Address::with_last_byte(9);
    let error = ground.run(other).await.unwrap_err().to_string();
    let expected = "the deployment that was begun has roles.prover = \
                    \"0x0000000000000000000000000000000000000003\", and now it is \
                    \"0x0000000000000000000000000000000000000009\": ";
    assert!(error.contains(expected), "{error}");

    let mut elsewhere = Ground::new().await;
    elsewhere.path = ground.path.clone();
    let error = elsewhere.run(config()).await.unwrap_err();
    assert!(matches!(&error, DeployError::Gone { name, .. } if name == "TimelockController"));
    assert_eq!(elsewhere.sent().await, 0);

    let held = Journal::open(&ground.path).unwrap();
    let error = ground.run(config()).await.unwrap_err();
    assert!(error.to_string().starts_with("another `cairn deploy` is at work"), "{error}");
    drop(held);
    assert_eq!(std::fs::read(&ground.path).unwrap(), begun);
    ground.rpc("evm_setAutomine", json!([true])).await;
    ground.mine().await;
    ground.run(config()).await.unwrap();
    assert_eq!(ground.sent().await, 3);
}

async fn refused(ground: &Ground, manifest: &str) -> String {
    let config = ground.folder.path().join("config.toml").display().to_string();
    let key = ground.folder.path().join("key").display().to_string();
    std::fs::write(&key, SIGNER).unwrap();
    let roles = ["governor", "committer", "prover", "guardian", "council"];
    let roles = roles.map(|role| format!("{role} = \"{}\"\n", Address::with_last_byte(1)));
    std::fs::write(&config, format!("chain_id = 31337\n[roles]\n{}", roles.concat())).unwrap();
    let deploy = ["deploy", "--l1", &ground.url, "--config", &config, "--key", &key];
    let line = refusal(&[&deploy[..], &["--manifest", manifest]].concat()).await;
    assert_eq!((ground.sent().await, ground.pool().await), (0, "0x0".into()), "{line}");
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_cannot_be_written_is_refused_before_anything_is_sent() {
    let ground = Ground::new().await;
    let path = |name: &str| ground.folder.path().join(name).display().to_string();
    let folder = path("folder");
    std::fs::create_dir(&folder).unwrap();
    for name in [folder, path("newdir/"), path("folder/.."), path("newdir/.")] {
        let line = refused(&ground, &name).await;
        assert!(line.contains("this is a folder: name the file in it, as in "), "{line}");
    }
    assert!(!Path::new(&path("newdir")).exists());
    let line = refused(&ground, &path(&"x".repeat(256))).await;
    assert!(line.contains("File name too long"), "{line}");
    let line = refused(&ground, "-").await;
    assert!(line.contains("it must be a file: name one"), "{line}");
    let other = path("other.json");
    std::fs::write(&other, "{\"a\": \"of somebody else\"}").unwrap();
    let line = refused(&ground, &other).await;
    assert!(line.contains("this is no manifest of `cairn deploy`"), "{line}");
    assert_eq!(std::fs::read(&other).unwrap(), b"{\"a\": \"of somebody else\"}");
    let line = refused(&ground, "/dev/null").await;
    assert!(line.contains("/dev/null"), "{line}");
}

/// Whatever a file says, the tool ends with one printable line.
#[test]
fn a_file_that_is_no_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.json");
    let long = format!("\"{}\"", "x".repeat(5 << 20));
    for (text, part) in [
        ("", "this is no manifest"),
        (r#"{"format": 2, "unfinished": 1}"#, "this is no manifest"),
        (r#"{"format": 2, "unfinished": {"\u001b[2J": 1}}"#, "this is no manifest"),
        (r#"{"format": 1, "unfinished": {}}"#, "format 1, expected 2"),
        (&long, "more than 4194304 bytes"),
    ] {
        std::fs::write(&path, text).unwrap();
        for error in [
            Journal::open(&path).unwrap_err().to_string(),
            Manifest::read(&path).unwrap_err().to_string(),
        ] {
            let unfinished = error.contains("this deployment is unfinished");
            assert!(unfinished || error.contains(part), "{error}");
            assert!(!error.contains(char::is_control) && error.len() < 600, "{error}");
        }
    }
}
