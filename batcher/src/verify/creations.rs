//! The transactions that have made the contracts. What they sent is all that a contract's first state follows from:
//! code, and the constructor's arguments. Their blocks say where a contract's events begin.

use alloy::{
    consensus::Transaction as _,
    network::TransactionResponse as _,
    primitives::{TxKind, keccak256},
    providers::Provider,
    rpc::types::{Transaction, TransactionReceipt},
};

use super::{Findings, VerifyError, structure::ROLLUP};
use crate::{
    deploy::manifest::{Contract, Manifest},
    l1::{
        artifacts::Artifacts,
        error::{L1Error, rpc},
        reader::Reader,
    },
};

/// What the transactions say.
#[derive(Debug)]
pub(super) struct Creations {
    /// No contract has an event before this block; zero where a transaction is not what it should be.
    pub(super) first_block: u64,
    /// Of the rollup.
    pub(super) rollup: Option<TransactionReceipt>,
}

/// Compares the transactions that the manifest names with what they should have been.
pub(super) async fn compare(
    findings: &mut Findings,
    manifest: &Manifest,
    reader: &Reader,
    artifacts: &Artifacts,
) -> Result<Creations, VerifyError> {
    let mut creations = Creations { first_block: 0, rollup: None };
    let mut blocks = Vec::new();
    for contract in &manifest.contracts {
        let (name, hash) = (&contract.name, contract.transaction);
        let Some((transaction, receipt)) = read(reader, contract).await? else {
            let none = "none: the manifest is wrong, or the node has dropped it (ask one that \
                        keeps all transactions)";
            findings.differ(&format!("transaction of {name}"), hash.to_string(), none.to_owned());
            continue;
        };
        let creation = artifacts.read(&contract.file, name)?.creation;
        let sent = keccak256([&creation[..], &contract.arguments[..]].concat());
        let to = match transaction.kind() {
            TxKind::Create => "a new contract".to_owned(),
            TxKind::Call(address) => address.to_string(),
        };
        let made = receipt.contract_address;
        let made = made.map_or_else(|| "none".to_owned(), |address| address.to_string());
        let status = if receipt.status() { "success" } else { "reverted" };
        let count = findings.differences.len();
        for (what, expected, got) in [
            ("status", "success".to_owned(), status.to_owned()),
            ("hash", hash.to_string(), receipt.transaction_hash.to_string()),
            ("sender", manifest.deployer.to_string(), transaction.from().to_string()),
            ("nonce", contract.nonce.to_string(), transaction.nonce().to_string()),
            ("goes to", "a new contract".to_owned(), to),
            ("makes", contract.address.to_string(), made),
            ("hash of input", sent.to_string(), keccak256(transaction.input()).to_string()),
        ] {
            findings.compare(&format!("transaction of {name}: {what}"), &expected, &got);
        }
        if findings.differences.len() == count {
            blocks.extend(receipt.block_number);
            if name == ROLLUP {
                creations.rollup = Some(receipt);
            }
        }
    }
    // Where one is missing or false, events are read from the chain's first block on.
    if blocks.len() == manifest.contracts.len()
        && let Some(first) = blocks.into_iter().min()
    {
        creations.first_block = first;
        findings.compare("first block", &first, &manifest.first_block);
    }
    Ok(creations)
}

async fn read(
    reader: &Reader,
    contract: &Contract,
) -> Result<Option<(Transaction, TransactionReceipt)>, L1Error> {
    let (node, hash) = (reader.provider(), contract.transaction);
    let what = "reading a deployment's transaction";
    let about = |e| rpc(what, e).about(&contract.name);
    let transaction = node.get_transaction_by_hash(hash).await.map_err(about)?;
    let receipt = node.get_transaction_receipt(hash).await.map_err(about)?;
    Ok(transaction.zip(receipt))
}
