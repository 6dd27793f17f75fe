//! `fixtures/encodings.json`: golden vectors of every encoding that Solidity shares, made from one
//! small batch. The contract tests assert the same file.
//!
//! After a deliberate change: `UPDATE_FIXTURES=1 cargo test --release -p cairn-state --test encodings`.

use std::path::Path;

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{
    BatchBuilder, BatchWitness, Environment, State, exit_message_digest, message_digest, sign,
    sign_exit,
};
use cairn_types::{
    Authorization, BlobScalar, DataItem, DataLocation, Digest, ExitEntry, Extension,
    ForcedTransaction, HEADER_BYTES, KIND_BATCHES, Operation, PackedAmount, PackedFee,
    PriorityOperation, PublicKey, SealStatement, SignedTransaction, Transaction, Withdrawal, Word,
    domain, exit_message,
};
use serde_json::{Value, json};

const CHAIN_ID: u64 = 31337;
const ROLLUP: [u8; 20] = [0x11; 20];
const ALICE: u32 = 1 << 16;

fn bytes(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Elements, limbs and amounts: JSON numbers are exact up to 53 bits only.
fn integer(integer: u64) -> String {
    format!("{integer:#x}")
}

fn integers<const N: usize>(values: [u64; N]) -> Value {
    json!(values.map(integer).to_vec())
}

fn words(words: &[Word]) -> String {
    bytes(words.iter().flat_map(Word::bytes).collect::<Vec<_>>())
}

fn limbs(words: &[Word]) -> Value {
    json!(words.iter().map(|word| integers(word.limbs())).collect::<Vec<_>>())
}

fn digest(digest: Digest) -> String {
    bytes(digest.to_bytes())
}

fn extension(extension: Extension) -> String {
    bytes(extension.to_bytes())
}

fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn key(n: u8) -> PublicKey {
    secret(n).public().into()
}

fn priority_operations() -> [PriorityOperation; 3] {
    // An element of 2^64 - 2^32 (the largest), one with the two high bits, one without, zero.
    let edge = PublicKey::new([u64::MAX << 32, 3 << 62, 1 << 61, 0, 1]).unwrap();
    [
        PriorityOperation::RegisterToken { token: 0, quantum_exponent: 10, key: key(0) },
        PriorityOperation::Deposit { leaf: 0, token: 0, amount: (1 << 62) - 1, key: key(1) },
        PriorityOperation::Deposit { leaf: u32::MAX, token: 0, amount: 5, key: edge },
    ]
}

/// One transaction of each form; the two short transfers share a word.
fn transactions() -> [Transaction; 7] {
    let recipient = core::array::from_fn(|i| 0xf0 - i as u8);
    let bob = ALICE + 1;
    [
        Transaction::Transfer { from: ALICE, to: bob, amount: 123_456_789_000_000, fee: 2_047 },
        Transaction::Transfer { from: ALICE, to: ALICE, amount: (1 << 35) - 1, fee: 10_000_000 },
        Transaction::Transfer { from: ALICE, to: bob, amount: (1 << 36) + 1, fee: 0 },
        Transaction::TransferToNew { from: ALICE, key: key(2), amount: 7, fee: 2_049 },
        Transaction::Withdraw { from: ALICE, recipient, amount: (1 << 61) + 1, fee: 20_480 },
        Transaction::Transfer { from: ALICE, to: 0, amount: 0, fee: 0 },
        Transaction::ChangeKey { from: ALICE, key: key(3), fee: 1 },
    ]
}

fn authorization(state: &State, environment: &Environment, of: &Transaction) -> Authorization {
    let payer = state.account(of.from());
    let recipient = match *of {
        Transaction::Transfer { to, .. } => state.account(to).key,
        _ => PublicKey::ZERO,
    };
    let (domain, token, nonce) = (environment.domain, payer.token, payer.nonce);
    Authorization { domain, token, nonce, expiry: environment.timestamp, recipient }
}

/// Executes everything, and describes what was signed.
fn batch() -> (BatchWitness, Vec<Value>, Vec<Value>) {
    let environment = Environment { domain: domain(CHAIN_ID, &ROLLUP), timestamp: 1_700_000_000 };
    let mut batch = BatchBuilder::new(State::genesis(), environment);
    for operation in priority_operations() {
        batch.push(Operation::Priority(operation)).unwrap();
    }
    let mut queued = Vec::new();
    let signed = transactions().map(|transaction| {
        let authorization = authorization(batch.state(), &environment, &transaction);
        let signed = sign(&secret(1), transaction, authorization);
        batch.push(Operation::Signed(signed)).unwrap();
        queued.push(forced(&signed, environment.timestamp - queued.len() as u32));
        json!({
            "long_words": words(&DataItem::Long(transaction).words().unwrap()),
            "message": integers(signed.message()),
            "message_digest": digest(message_digest(&transaction, &authorization).into()),
            "signature": bytes(signed.signature.to_bytes()),
        })
    });
    (batch.finish().1, signed.to_vec(), queued)
}

/// What L1 makes of a signed transaction.
fn forced(signed: &SignedTransaction, enqueued: u32) -> Value {
    let SignedTransaction { transaction, authorization, signature } = signed;
    let [.., to, t0, t1, t2, t3, t4] = signed.message();
    let words_of = ForcedTransaction::new(signed, enqueued).words().unwrap();
    json!({
        "kind": transaction.tag(),
        "from": transaction.from(),
        "nonce": authorization.nonce,
        "token": authorization.token,
        "amount": integer(transaction.amount()),
        "fee": integer(transaction.fee()),
        "expiry": authorization.expiry,
        "to": to,
        "target": integers([t0, t1, t2, t3, t4]),
        "challenge": integers(signature.e()),
        "response": integers(signature.s()),
        "enqueued": enqueued,
        "words": words(&words_of),
    })
}

fn priority(operation: &PriorityOperation) -> Value {
    let (fields, key) = match *operation {
        PriorityOperation::RegisterToken { token, quantum_exponent, key } => {
            (json!({ "token": token, "quantum_exponent": quantum_exponent }), key)
        }
        PriorityOperation::Deposit { leaf, token, amount, key } => {
            (json!({ "leaf": leaf, "token": token, "amount": integer(amount) }), key)
        }
        PriorityOperation::Forced(_) => unreachable!("described by `forced`"),
    };
    let mut value = fields;
    value["key"] = integers(key.elements());
    value["words"] = words(&operation.words().unwrap()).into();
    value
}

fn withdrawal(word: Word) -> Value {
    let [Withdrawal { token, recipient, amount }] = Withdrawal::decode_stream(&[word]).unwrap()[..]
    else {
        unreachable!("one word, one withdrawal")
    };
    json!({
        "token": token,
        "recipient": bytes(recipient),
        "amount": integer(amount),
        "word": bytes(word.bytes()),
    })
}

/// `bits` is null where the value has no packed form.
fn packed() -> Value {
    let amounts = [0, 1, (1 << 35) - 1, 1 << 35, 343_597_383_680, 4_000_000_000_000_000_000];
    let fees = [0, 2_047, 2_048, 20_470, 20_480, 4_000_000_000_000_000_000];
    let entry =
        |value, bits: Option<u64>| json!({ "value": integer(value), "bits": bits.map(integer) });
    json!({
        "amounts": amounts.map(|value| entry(value, PackedAmount::new(value).ok().map(|p| p.bits()))),
        "fees": fees.map(|value| entry(value, PackedFee::new(value).ok().map(|p| p.bits()))),
    })
}

fn scalar(scalar: BlobScalar) -> String {
    bytes(scalar.to_bytes())
}

/// The same batch with its data in blobs.
fn in_blobs(witness: &BatchWitness) -> Value {
    let hashes = vec![[1; 32], [2; 32]];
    let header = witness.header(1, &DataLocation::Blobs(hashes.clone()));
    json!({
        "versioned_hashes": hashes.iter().map(bytes).collect::<Vec<_>>(),
        "point": extension(header.x),
        "priority_value": extension(header.streams.priority.y),
        "withdrawal_value": extension(header.streams.withdrawal.y),
        "blob_point": scalar(header.z),
        "blob_value": scalar(header.streams.blob),
        "header": bytes(header.chain_input(&[0; 32])),
    })
}

/// Two leaves, one with the largest fields, exit from the state after the batch.
fn exit(domain: &Word, state: &Digest, circuit_set_root: Digest) -> Value {
    let recipient = core::array::from_fn(|i| 0xe0 + i as u8);
    let entries = [
        ExitEntry { leaf: ALICE, token: 1, balance: 0x0102_0304_0506_0708, recipient },
        ExitEntry {
            leaf: u32::MAX,
            token: u16::MAX,
            balance: (1 << 63) - 1,
            recipient: [0xff; 20],
        },
    ];
    let leaves: Vec<u8> = entries.iter().flat_map(ExitEntry::to_bytes).collect();
    let statement = SealStatement::exit(circuit_set_root, state, domain, &entries);
    json!({
        "leaves": bytes(leaves),
        "list_hash": bytes(statement.to),
        "public_input": bytes(statement.public_input()),
        "message": integers(exit_message(domain, ALICE, &recipient)),
        "message_digest": digest(exit_message_digest(domain, ALICE, &recipient).into()),
        "signature": bytes(sign_exit(&secret(1), domain, ALICE, &recipient).to_bytes()),
    })
}

fn encodings() -> Value {
    let (witness, signed, forced) = batch();
    let header = witness.header(1, &DataLocation::Calldata);
    let h_from = [0; 32];
    let h_to = header.chain_hash(&h_from);
    let chain_input: [u8; HEADER_BYTES] = header.chain_input(&h_from);
    let circuit_set_root = Digest::new([1, 2, 3, 4]).unwrap();
    let seal = SealStatement { kind: KIND_BATCHES, circuit_set_root, from: h_from, to: h_to };
    let [register_token, deposits @ ..] = priority_operations();
    let streams = header.streams;
    json!({
        "chain_id": CHAIN_ID,
        "rollup": bytes(ROLLUP),
        "domain": bytes([&[0][..], &header.domain.bytes()].concat()),
        "register_token": priority(&register_token),
        "deposits": deposits.map(|operation| priority(&operation)),
        "withdrawal": withdrawal(witness.withdrawals[0]),
        "signed": signed,
        "exit": exit(&header.domain, &header.state_after, circuit_set_root),
        "forced": forced,
        "packed": packed(),
        "data_limbs": limbs(&witness.data),
        "data": words(&witness.data),
        "priority_words": words(&witness.priority),
        "withdrawals": words(&witness.withdrawals),
        "number": header.number,
        "timestamp": header.timestamp,
        "state_before": digest(header.state_before),
        "state_after": digest(header.state_after),
        "data_digest": digest(streams.data.stream.digest),
        "data_count": streams.data.stream.count,
        "priority_digest": digest(streams.priority.stream.digest),
        "priority_count": streams.priority.stream.count,
        "withdrawal_digest": digest(streams.withdrawal.stream.digest),
        "withdrawal_count": streams.withdrawal.stream.count,
        "point": extension(header.x),
        "data_value": extension(streams.data.y),
        "priority_value": extension(streams.priority.y),
        "withdrawal_value": extension(streams.withdrawal.y),
        "data_mode": 0,
        "blob_point": scalar(header.z),
        "blob_value": scalar(streams.blob),
        "in_blobs": in_blobs(&witness),
        "header": bytes(chain_input),
        "h_from": bytes(h_from),
        "h_to": bytes(h_to),
        "circuit_set_root": digest(circuit_set_root),
        "public_input": bytes(seal.public_input()),
        "public_input_parts": integers(seal.public_input_parts()),
    })
}

#[test]
fn fixture_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/encodings.json");
    let expected = serde_json::to_string_pretty(&encodings()).unwrap() + "\n";
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let got = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expected, "fixtures/encodings.json is out of date");
}
