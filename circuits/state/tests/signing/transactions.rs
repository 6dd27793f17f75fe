//! Signed transactions and their bytes, and what is signed to exit.

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{exit_message_digest, message_digest, sign, sign_exit};
use cairn_types::{
    AMOUNT_BITS, Authorization, MODULUS, PublicKey, SIGNED_TRANSACTION_BYTES, Signature,
    SignedTransaction, Transaction, Word, domain,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{hex_of, random};

/// A rollup: its chain, its address, its domain.
fn rollup(rng: &mut ChaCha8Rng) -> (u64, [u8; 20], Word) {
    // Clients have chain ids as numbers, up to 2^53.
    let (chain_id, address) = (random::integer(rng, 53), random::bytes(rng));
    (chain_id, address, domain(chain_id, &address))
}

/// A transaction of the kind `kind mod 4`, with what is signed besides.
fn transaction(rng: &mut ChaCha8Rng, domain: Word, kind: usize) -> (Transaction, Authorization) {
    let integer = |rng: &mut ChaCha8Rng, bits| random::integer(rng, bits);
    let (from, to) = (integer(rng, 32) as u32, integer(rng, 32) as u32);
    let (amount, fee) = (integer(rng, AMOUNT_BITS), integer(rng, AMOUNT_BITS));
    let (key, recipient) = (random::key(rng), random::bytes(rng));
    let transaction = match kind % 4 {
        0 => Transaction::Transfer { from, to, amount, fee },
        1 => Transaction::TransferToNew { from, key, amount, fee },
        2 => Transaction::Withdraw { from, recipient, amount, fee },
        _ => Transaction::ChangeKey { from, key, fee },
    };
    let recipient = if kind.is_multiple_of(4) { key } else { PublicKey::ZERO };
    let (token, nonce) = (integer(rng, 16) as u16, integer(rng, 32) as u32);
    let expiry = integer(rng, 32) as u32;
    (transaction, Authorization { domain, token, nonce, expiry, recipient })
}

/// `[seed, chain id, rollup, domain, hash, bytes]`.
pub(crate) fn signed(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let vector = |kind| {
        let seed: [u8; 32] = random::bytes(rng);
        let (chain_id, address, domain) = rollup(rng);
        let (transaction, authorization) = transaction(rng, domain, kind);
        let hash: cairn_types::Digest = message_digest(&transaction, &authorization).into();
        let signed = sign(&SecretKey::from_seed(&seed), transaction, authorization);
        json!([
            hex_of(seed),
            chain_id,
            hex_of(address),
            hex_of(domain.bytes()),
            hex_of(hash.to_bytes()),
            hex_of(signed.to_bytes()),
        ])
    };
    (0..1_000).map(vector).collect()
}

/// `[bytes, whether they are a transaction]`: each field at its ends, in each kind; and bits changed anywhere.
pub(crate) fn decoded(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let domain = Word::new([0; 31]);
    let ends: Vec<(usize, Vec<u8>)> = [
        (0, [0x0f, 0x10, 0x11, 0x12, 0x13, 0x14].map(|kind| vec![kind]).to_vec()),
        (11, [0, (1 << 62) - 1, 1 << 62].map(|amount: u64| amount.to_be_bytes().to_vec()).to_vec()),
        (19, [(1 << 62) - 1, 1 << 62].map(|fee: u64| fee.to_be_bytes().to_vec()).to_vec()),
        (31, [0, 1].map(|to: u32| to.to_be_bytes().to_vec()).to_vec()),
        (35, vec![vec![0; 40]]),
        (35, [1 << 36, MODULUS - 1, MODULUS].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (43, [1 << 62, MODULUS].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (59, [0, 1].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (67, [0, MODULUS].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (75, [MODULUS - 1, MODULUS].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (83, [MODULUS - 1, u64::MAX].map(|word: u64| word.to_be_bytes().to_vec()).to_vec()),
        (123, [0x7fff_fffc, 0x7fff_fffd].map(|top: u32| top.to_be_bytes().to_vec()).to_vec()),
    ]
    .into_iter()
    .flat_map(|(place, values)| values.into_iter().map(move |value| (place, value)))
    .collect();

    let mut all = Vec::new();
    for kind in 0..4 {
        let (transaction, authorization) = transaction(rng, domain, kind);
        let top = u64::from(Signature::RESPONSE_TOP_LIMIT) << 32;
        let mut s: [u64; 5] = rng.random();
        s[4] %= top;
        let signature = Signature::new(random::elements(rng), s).unwrap();
        let bytes = SignedTransaction { transaction, authorization, signature }.to_bytes();
        all.push(bytes);
        for (place, value) in &ends {
            let mut changed = bytes;
            changed[*place..place + value.len()].copy_from_slice(value);
            all.push(changed);
        }
        for _ in 0..16 {
            let mut changed = bytes;
            let bit = rng.random_range(0..8 * SIGNED_TRANSACTION_BYTES);
            changed[bit / 8] ^= 1 << (bit % 8);
            all.push(changed);
        }
    }
    let vector = |bytes: [u8; SIGNED_TRANSACTION_BYTES]| {
        json!([hex_of(bytes), SignedTransaction::from_bytes(domain, &bytes).is_ok()])
    };
    all.into_iter().map(vector).collect()
}

/// `[seed, domain, account, recipient, digest, signature]`.
pub(crate) fn exits(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let vector = |_| {
        let (seed, domain) = (random::bytes::<32>(rng), Word::new(random::bytes(rng)));
        let (id, recipient) = (random::integer(rng, 32) as u32, random::bytes(rng));
        let digest: cairn_types::Digest = exit_message_digest(&domain, id, &recipient).into();
        let signature = sign_exit(&SecretKey::from_seed(&seed), &domain, id, &recipient);
        json!([
            hex_of(seed),
            hex_of(domain.bytes()),
            id,
            hex_of(recipient),
            hex_of(digest.to_bytes()),
            hex_of(signature.to_bytes()),
        ])
    };
    (0..16).map(vector).collect()
}
