//! `fixtures/openrpc.json`, the API as its clients in other languages know it, and `fixtures/typed_data.json`, what is
//! signed with keys of L1: receipts, and the seeds that wallets give. `batcher/clients/ts` asserts the same files.
//!
//! After a deliberate change: `UPDATE_FIXTURES=1 cargo test --release --workspace --test api fixtures`.

use std::path::Path;

use alloy::{
    primitives::{Address, B256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolStruct, eip712_domain},
};
use cairn_batcher::api::{
    hex::Hex,
    openrpc::document,
    receipt::{Place, ReceiptDomain},
    wire::SignedReceipt,
};
use cairn_primitives::schnorr::SecretKey;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

alloy::sol! {
    /// What a wallet signs: the signature is the seed of an L2 key (docs/fixtures.md).
    struct CairnKey {
        string meaning;
    }
}

const MEANING: &str = "This signature is the key to your accounts on this Cairn rollup. Whoever has it can spend all \
                       that is in them. Sign only on a page that you trust with your money, and never give the \
                       signature to anyone.";

fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let got = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expected, "fixtures/{name} is out of date");
}

fn bytes<const N: usize>(rng: &mut ChaCha8Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A rollup, and somebody who signs for it. Clients have chain ids as numbers, up to 2^53.
fn signer(rng: &mut ChaCha8Rng) -> (ReceiptDomain, PrivateKeySigner) {
    let (chain_id, rollup) = (rng.random::<u64>() >> 11, Address::new(bytes(rng)));
    (ReceiptDomain { chain_id, rollup }, PrivateKeySigner::from_slice(&bytes::<32>(rng)).unwrap())
}

fn text(address: Address) -> String {
    Hex::<20>::from(address).to_string()
}

/// A receipt as it is answered, with the rollup, the signer and the hash that is signed.
fn receipt(rng: &mut ChaCha8Rng) -> Value {
    let (domain, key) = signer(rng);
    let (transaction, state) = (Hex(bytes(rng)), Hex(bytes(rng)));
    // Numbers of blocks are exact in JSON up to 2^53.
    let (batch, position) = (rng.random(), rng.random());
    let place = Place { batch, block: rng.random::<u64>() >> 11, position };
    let receipt = SignedReceipt::sign(transaction, place, state, &domain, &key).unwrap();
    json!({
        "chainId": domain.chain_id,
        "rollup": text(domain.rollup),
        "signer": text(key.address()),
        "hash": receipt.signing_hash(&domain),
        "receipt": receipt,
    })
}

/// What a wallet signs for a rollup, and the seed and the key that follow.
fn wallet(rng: &mut ChaCha8Rng) -> Value {
    let (ReceiptDomain { chain_id, rollup }, key) = signer(rng);
    let domain = eip712_domain! {
        name: "Cairn",
        version: "1",
        chain_id: chain_id,
        verifying_contract: rollup,
    };
    let hash: B256 = CairnKey { meaning: MEANING.to_owned() }.eip712_signing_hash(&domain);
    let signature = key.sign_hash_sync(&hash).unwrap().as_bytes();
    let seed = Sha256::new().chain_update(b"cairn.wallet.key.v1").chain_update(&signature[..64]);
    let seed: [u8; 32] = seed.finalize().into();
    json!({
        "chainId": chain_id,
        "rollup": text(rollup),
        "address": text(key.address()),
        "hash": hash,
        "signature": Hex(signature),
        "seed": Hex(seed),
        "publicKey": Hex(SecretKey::from_seed(&seed).public().to_bytes()),
    })
}

#[test]
fn typed_data_is_up_to_date() {
    let rng = &mut ChaCha8Rng::seed_from_u64(14);
    let receipts: Vec<_> = (0..32).map(|_| receipt(rng)).collect();
    let wallets: Vec<_> = (0..8).map(|_| wallet(rng)).collect();
    let vectors = json!({ "receipts": receipts, "wallets": wallets });
    check("typed_data.json", &(serde_json::to_string_pretty(&vectors).unwrap() + "\n"));
}

#[test]
fn description_is_up_to_date() {
    check("openrpc.json", &(serde_json::to_string_pretty(&document(true)).unwrap() + "\n"));
}
