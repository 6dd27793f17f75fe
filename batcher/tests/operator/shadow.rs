//! The transfers of a token on L1, collected and played by `cairn shadow --rpc`.

use std::{fs, path::Path, process::Output};

use alloy::{
    primitives::{Address, B256, U256, address},
    providers::{DynProvider, Provider},
};
use cairn_batcher::l1::{anvil::Anvil, connection::connect_with};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::world::start_anvil;

const TOKEN: Address = address!("0x1111111111111111111111111111111111111111");
/// Account 0 of anvil's mnemonic.
const SENDER: &str = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

/// Emits `Transfer(from, to, amount)` of what it is called with, whatever that is.
fn code() -> String {
    let transfer = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
    // MSTORE(0, amount); LOG3(0, 32, Transfer, from, to).
    format!("0x6040356000526020356000357f{transfer}60206000a300")
}

async fn rpc(provider: &DynProvider, method: &'static str, parameters: Value) -> Value {
    provider.raw_request(method.into(), parameters).await.unwrap()
}

async fn transfer(provider: &DynProvider, from: Address, to: Address, amount: u64) {
    let words = [from.into_word(), to.into_word(), B256::from(U256::from(amount))];
    let data = format!("0x{}", words.map(hex::encode).concat());
    let call = json!([{ "from": SENDER, "to": TOKEN, "data": data, "gas": "0x186a0" }]);
    rpc(provider, "eth_sendTransaction", call).await;
}

/// A node with the token, in a folder.
async fn node() -> (TempDir, Anvil, DynProvider) {
    let folder = tempfile::tempdir().unwrap();
    let anvil = start_anvil(&folder).await;
    let provider = connect_with(&anvil.url()).unwrap();
    rpc(&provider, "anvil_setCode", json!([TOKEN, code()])).await;
    (folder, anvil, provider)
}

async fn shadow(url: &str, folder: &Path, more: &[&str]) -> Output {
    let token = TOKEN.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.args(["shadow", "--rpc", url, "--token", &token, "--json", "-"]).args(more);
    command.current_dir(folder).output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transfers_of_a_token_are_collected_and_played() {
    let (folder, anvil, provider) = node().await;
    let url = anvil.url();
    let [alice, bob] = [2, 3].map(Address::repeat_byte);
    // Blocks 1 to 5. The token itself pays in the fourth: it is a contract.
    transfer(&provider, Address::ZERO, alice, 500).await;
    transfer(&provider, alice, bob, 200).await;
    transfer(&provider, bob, Address::ZERO, 50).await;
    transfer(&provider, TOKEN, bob, 7).await;
    transfer(&provider, alice, bob, 1).await;

    let files = ["--ledger", "token.csv", "--refused", "refused.csv"];
    let blocks = ["--from-block", "1", "--to-block", "4", "--contracts"];
    let output = shadow(&url, folder.path(), &[&files[..], &blocks].concat()).await;
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ledger"]["transfers"], 4);
    let accepted = &report["accepted"];
    assert_eq!((&accepted["deposits"], &accepted["withdrawals"]), (&json!(1), &json!(1)));
    assert_eq!(report["reasons"][0]["reason"], "payer_is_a_contract");
    let ledger = fs::read_to_string(folder.path().join("token.csv")).unwrap();
    let rows: Vec<_> = ledger.lines().collect();
    assert_eq!((rows.len(), rows[0]), (5, "timestamp,token,from,to,amount"));
    assert!(rows[2].ends_with(&format!("{TOKEN:?},{alice:?},{bob:?},200")), "{ledger}");
    let refused = fs::read_to_string(folder.path().join("refused.csv")).unwrap();
    assert!(refused.lines().nth(1).unwrap().starts_with("4,"), "{refused}");
    for left in ["token.csv.part", "token.csv.next"] {
        assert!(!folder.path().join(left).exists(), "{left}");
    }

    // The file is a ledger like any other, and no run writes over it.
    let again = shadow(&url, folder.path(), &["--ledger", "token.csv"]).await;
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("it is there already: give it as --input"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_goes_on() {
    let (folder, anvil, provider) = node().await;
    let url = anvil.url();
    let [alice, bob] = [2, 3].map(Address::repeat_byte);
    for amount in 1..=3 {
        transfer(&provider, alice, bob, amount).await;
    }
    let block = provider.get_block_by_number(3.into()).await.unwrap().unwrap();
    // As a run leaves it that was ended after block 1, in the middle of a row of block 2.
    let header = "timestamp,token,from,to,amount\n";
    let row = |amount| format!("7,{TOKEN:?},{alice:?},{bob:?},{amount}\n");
    let whole = format!("{header}{}", row(100));
    let path = |name: &str| folder.path().join(name);
    fs::write(path("token.csv.part"), format!("{whole}7,{TOKEN:?},0x02")).unwrap();
    let standing = json!({
        "chain_id": 31_337, "token": TOKEN, "first": 1, "last": 3, "last_hash": block.header.hash,
        "next": 2, "bytes": whole.len(), "rows": 1
    });
    fs::write(path("token.csv.next"), standing.to_string()).unwrap();
    let named = ["--ledger", "token.csv", "--from-block", "1", "--to-block", "3"];
    let others = ["--ledger", "token.csv", "--from-block", "2", "--to-block", "3"];
    let other = shadow(&url, folder.path(), &others).await;
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(said.contains("is of blocks 1 to 3"), "{said}");
    let output = shadow(&url, folder.path(), &named).await;
    assert!(output.status.success(), "{output:?}");
    let ledger = fs::read_to_string(path("token.csv")).unwrap();
    let amounts: Vec<_> =
        ledger.lines().skip(1).map(|row| row.rsplit(',').next().unwrap()).collect();
    assert_eq!(amounts, ["100", "2", "3"]);

    // Of another chain's block 3: nothing of it is left for the next run.
    let standing = json!({
        "chain_id": 31_337, "token": TOKEN, "first": 1, "last": 3, "last_hash": B256::ZERO,
        "next": 2, "bytes": whole.len(), "rows": 1
    });
    fs::write(path("fork.csv.part"), whole).unwrap();
    fs::write(path("fork.csv.next"), standing.to_string()).unwrap();
    let named = ["--ledger", "fork.csv", "--from-block", "1", "--to-block", "3"];
    let said = String::from_utf8(shadow(&url, folder.path(), &named).await.stderr).unwrap();
    assert!(said.contains("L1 was reorganized at block 3"), "{said}");
    assert!(shadow(&url, folder.path(), &named).await.status.success());
    assert!(!fs::read_to_string(path("fork.csv")).unwrap().contains(",100\n"));

    // A contract that has never emitted a transfer, and an address without code.
    let none = shadow(&url, folder.path(), &["--from-block", "0", "--to-block", "0"]).await;
    let said = String::from_utf8(none.stderr).unwrap();
    assert!(said.contains("there is no transfer from block 0 to 0"), "{said}");
    rpc(&provider, "anvil_setCode", json!([TOKEN, "0x"])).await;
    let nothing = shadow(&url, folder.path(), &["--to-block", "3"]).await;
    assert!(!nothing.status.success() && nothing.stdout.is_empty());
}
