//! A user with `cairn wallet`, from nothing to a claimed withdrawal, on a service whose proofs are stand-ins.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
    sync::Arc,
};

use alloy::{
    primitives::{Address, U256},
    providers::Provider,
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    api::{hex::Hex, receipt::ReceiptDomain, wire::SignedReceipt},
    client::{Client, ProofError, check_proof, l1::Rollup},
    l1::{connection::connect_with, contracts::IDemoToken},
    node::{
        Checked, Node,
        config::Config,
        dev::{self, DevChain},
    },
};
use serde_json::Value;
use tempfile::TempDir;

use crate::stand_in::{StandIn, built, free_port, place, plan};

/// The second account of the mnemonic that anvil funds: the first is the operator's.
const L1_KEY: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

struct World {
    folder: TempDir,
    config: Config,
    /// Ends with this value, and so does the one below.
    node: Node,
    chain: DevChain,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let place = place(&data, free_port());
        let chain = DevChain::start(&place, &plan(built().await, 1, false)).await.unwrap();
        let mut config = chain.config(&data, ([127, 0, 0, 1], free_port()).into());
        config.sequencer.block_interval_ms = 100;
        config.sequencer.max_batch_age_s = 1;
        config.settlement.poll_ms = 100;
        let checked = Checked::check(config.clone(), dev::keys()).await.unwrap();
        let node = Node::start(checked, Arc::new(StandIn), Default::default()).await.unwrap();
        let world = Self { folder, config, node, chain };
        world.write("password", "long and wide");
        world.write("l1-key", L1_KEY);
        world
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn url(&self) -> String {
        format!("http://{}", self.config.api.listen)
    }

    /// A command of the wallet in this file, on a thread that may wait.
    async fn wallet(&self, file: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
        command.arg("wallet").args(arguments);
        for variable in ["CAIRN_ROLLUP", "CAIRN_RECEIPT_SIGNER"] {
            command.env_remove(variable);
        }
        command.env("CAIRN_WALLET", self.path(file));
        command.env("CAIRN_WALLET_PASSWORD", "long and wide");
        command.env("CAIRN_URL", self.url());
        command.env("CAIRN_L1", self.chain.l1_url());
        command.env("CAIRN_L1_KEY", self.path("l1-key"));
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// What a command of the user's wallet says in JSON.
    async fn told(&self, arguments: &[&str]) -> Value {
        self.told_of("wallet.json", arguments).await
    }

    async fn told_of(&self, file: &str, arguments: &[&str]) -> Value {
        let output = self.wallet(file, &[arguments, &["--json"]].concat()).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The one line of a command that fails with this code.
    async fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.wallet("wallet.json", arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        text.lines().last().unwrap_or_default().to_owned()
    }

    /// Demo tokens for the user, on L1.
    async fn mint(&self, amount: U256) {
        let signer: PrivateKeySigner = L1_KEY.parse().unwrap();
        let account = signer.address();
        let l1 = cairn_batcher::l1::connection::signing(
            connect_with(&self.chain.l1_url()).unwrap(),
            signer,
        );
        let token = IDemoToken::new(self.chain.deployment.tokens[1].asset, &l1);
        let sent = token.mint(account, amount).send().await.unwrap();
        assert!(sent.get_receipt().await.unwrap().status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_goes_from_nothing_to_a_claimed_withdrawal() {
    let world = World::start().await;
    let key = world.told(&["new"]).await["key"].as_str().unwrap().to_owned();
    let payee = world.told_of("payee.json", &["new"]).await["key"].as_str().unwrap().to_owned();

    // In: what L1 cannot count is refused with what it can, what nobody has registered with what there is.
    let error = world.refused(&["deposit", "0.0000000015", "ETH"], 2).await;
    assert!(error.ends_with("the nearest are 0.000000001 and 0.000000002"), "{error}");
    let error = world.refused(&["deposit", "1", "USDC"], 2).await;
    assert!(error.contains("no token USDC; it has ETH (0), CDT (1)"), "{error}");
    let error = world.refused(&["deposit", "1", "CDT"], 2).await;
    assert!(error.contains("has 0 base units of CDT (1)"), "{error}");
    let error = world.refused(&["send", "1", "ETH", &payee], 2).await;
    assert!(
        error.contains("no account of ETH (0): make one with `cairn wallet deposit`"),
        "{error}"
    );
    let deposited = world.told(&["deposit", "2", "ETH", "--wait"]).await;
    assert_eq!((&deposited["credited"], &deposited["key"]), (&true.into(), &key.clone().into()));
    // From now on the wallet is for this rollup.
    let file = fs::read(world.path("wallet.json")).unwrap();
    let home = serde_json::from_slice::<Value>(&file).unwrap()["cairn"]["rollup"].clone();
    assert_eq!(home["chainId"], world.config.l1.chain_id);
    assert_eq!(home["address"], serde_json::json!(world.chain.deployment.rollup));
    world.mint(U256::from(10).pow(U256::from(18)) * U256::from(5)).await;
    world.told(&["deposit", "1.5", "CDT", "--wait"]).await;
    // Into the account that is there.
    world.told(&["deposit", "1", "1", "--wait"]).await;
    let balance = world.told(&["balance"]).await;
    let accounts = balance["accounts"].as_array().unwrap();
    let amounts: Vec<_> = accounts.iter().map(|account| &account["balance"]["amount"]).collect();
    assert_eq!(amounts, ["2", "2.5"]);

    // On the rollup, first to a key that has no account, then to the account that it got.
    let signer = dev::keys().receipts.address().to_string();
    let receipt = world.path("receipt.json");
    let with_receipt = ["--receipt", &receipt, "--receipt-signer", &signer];
    let sent = [&["send", "0.5", "ETH", &payee], &with_receipt[..]].concat();
    let first = world.told(&sent).await;
    assert!(first["to"].as_str().unwrap().starts_with("a new account of 0x"), "{first}");
    let evidence: Value = serde_json::from_slice(&fs::read(&receipt).unwrap()).unwrap();
    let held: SignedReceipt = serde_json::from_value(evidence["receipt"].clone()).unwrap();
    let rollup = world.chain.deployment.rollup;
    let domain = ReceiptDomain { chain_id: world.config.l1.chain_id, rollup };
    held.verify(&domain, dev::keys().receipts.address()).unwrap();
    assert_eq!(Value::from(held.transaction.to_string()), first["hash"]);
    assert_eq!(evidence["transaction"].as_str().map(str::len), Some(2 + 2 * 131));
    let second = world.told(&["send", "0.25", "ETH", &payee, "--fee", "0.000000001"]).await;
    assert!(second["to"].as_str().unwrap().starts_with("account "), "{second}");
    let paid = world.told_of("payee.json", &["balance"]).await;
    assert_eq!(paid["accounts"][0]["balance"]["amount"], "0.75");
    let error = world.refused(&["send", "5", "ETH", &payee], 2).await;
    assert!(error.contains("5 ETH and a fee of ") && error.ends_with(" are more"), "{error}");
    let error = world.refused(&["send", "0.000000001", "CDT", &payee], 2).await;
    assert!(error.contains("allow it with --max-fee 0.00000001"), "{error}");
    let stranger = ["--receipt-signer", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"];
    let to_stranger = [&["send", "0.01", "ETH", &payee], &stranger[..]].concat();
    let error = world.refused(&to_stranger, 1).await;
    assert!(error.contains("the operator's receipt: the receipt is signed by"), "{error}");
    assert!(error.contains("can be executed until L1's clock shows "), "{error}");
    let elsewhere = "0x1111111111111111111111111111111111111111";
    let error = world.refused(&["balance", "--rollup", elsewhere], 1).await;
    assert!(error.contains("the operator serves the rollup"), "{error}");

    // Out.
    let recipient = Address::repeat_byte(0x77);
    let to = recipient.to_string();
    let withdrawn = world.told(&["withdraw", "0.25", "ETH", &to, "--wait", "finalized"]).await;
    let hash = withdrawn["hash"].as_str().unwrap();
    let proven = world.told(&["balance", "--verified"]).await;
    let account = &proven["accounts"][0];
    assert_eq!(account["balance"], account["proven"]["balance"], "all of it is proven: {proven}");
    let status = world.told(&["status", hash]).await;
    assert_eq!((&status["claimed"], &status["expected"]), (&false.into(), &Value::Null));
    let claims = world.told(&["claim"]).await;
    assert_eq!(claims["withdrawals"].as_array().map(Vec::len), Some(1));
    let claim = &claims["withdrawals"][0];
    assert_eq!((&claim["outcome"], &claim["hash"]), (&"claimed".into(), &hash.into()));
    let l1 = connect_with(&world.chain.l1_url()).unwrap();
    let paid = l1.get_balance(recipient).await.unwrap();
    assert_eq!(paid, U256::from(10).pow(U256::from(16)) * U256::from(25));
    let again = world.told(&["claim", hash]).await;
    assert_eq!(again["withdrawals"][0]["outcome"], "claimedBefore");
    let status = world.wallet("wallet.json", &["status", hash]).await;
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(
        status.contains("final: L1 has verified") && status.ends_with("paid on L1\n"),
        "{status}"
    );
    a_claim_that_fails_keeps_no_other(&world).await;

    // All of it is in the operator's log: three payments and three withdrawals, the latest first.
    let history = world.told(&["history"]).await;
    let kinds: Vec<_> =
        history["transactions"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
    assert_eq!(kinds[..3], ["withdraw"; 3]);
    assert_eq!(kinds[3..], ["transfer", "transfer", "transferToNew"]);
    lies_are_found(&world, account["id"].as_u64().unwrap().try_into().unwrap()).await;
    world.node.stop().await.unwrap();
}

/// Somebody who takes no ether keeps nobody from being paid.
async fn a_claim_that_fails_keeps_no_other(world: &World) {
    let l1 = connect_with(&world.chain.l1_url()).unwrap();
    let [taker, refuser] = [0x78, 0x79].map(Address::repeat_byte);
    // PUSH0; PUSH0; REVERT.
    let code = serde_json::json!([refuser, "0x5f5ffd"]);
    l1.raw_request::<_, Value>("anvil_setCode".into(), code).await.unwrap();
    for (recipient, stage) in [(taker, "inBlock"), (refuser, "finalized")] {
        world.told(&["withdraw", "0.1", "ETH", &recipient.to_string(), "--wait", stage]).await;
    }
    let output = world.wallet("wallet.json", &["claim", "--json"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let claims: Value = serde_json::from_slice(&output.stdout).unwrap();
    let claims = claims["withdrawals"].as_array().unwrap();
    let outcomes: Vec<_> = claims.iter().map(|claim| &claim["outcome"]).collect();
    assert_eq!(outcomes, ["failed", "claimed", "claimedBefore"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.ends_with("1 of 3 withdrawals could not be claimed, 0 were not tried\n"),
        "{error}"
    );
    assert_eq!(l1.get_balance(taker).await.unwrap(), U256::from(10).pow(U256::from(17)));
}

/// What the client holds against L1 itself.
async fn lies_are_found(world: &World, id: u32) {
    let client = Client::connect(&world.url()).await.unwrap();
    let rollup = world.chain.deployment.rollup;
    let l1 = Rollup::connect(&world.chain.l1_url(), rollup).await.unwrap();
    let seen = client.verified_account(&l1, id).await.unwrap();
    let mut proof = client
        .ask::<cairn_batcher::api::methods::Proof>(&cairn_batcher::api::wire::ById { id })
        .await
        .unwrap();
    let state = seen.proven.state.into();
    assert_eq!(check_proof(&proof, id, state), Ok(seen.account));
    proof.balance.0 += 1;
    assert!(matches!(check_proof(&proof, id, state), Err(ProofError::Root { .. })));
    // An account that nobody has is proven to be empty.
    let none = client.verified_account(&l1, u32::MAX - 1).await.unwrap();
    assert!(none.account.key.is_zero());
    // A rollup that is none says so.
    let nothing = Rollup::connect(&world.chain.l1_url(), Address::repeat_byte(0x11)).await;
    assert!(nothing.unwrap_err().to_string().contains("there is no contract at"));
    let missing = client.withdrawal(Hex([7; 32])).await.unwrap_err();
    assert_eq!(missing.reason(), Some("unknown"));
}
