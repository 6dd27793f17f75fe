//! `fixtures/signing.json`: random vectors of all that a client computes itself, for clients in other languages.
//! `batcher/clients/ts` asserts the same file.
//!
//! After a deliberate change: `UPDATE_FIXTURES=1 cargo test --release -p cairn-state --test signing`.

mod primitives;
mod proofs;
mod random;
mod signatures;
mod transactions;

use std::path::Path;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// `0x` and hex digits.
fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// u64 after u64, big-endian, as digests are written.
fn elements(elements: &[u64]) -> String {
    hex_of(elements.iter().flat_map(|element| element.to_be_bytes()).collect::<Vec<_>>())
}

/// An object of sections, each an array with a vector a line.
fn layout(sections: &[(&str, Vec<Value>)]) -> String {
    let section = |(name, vectors): &(&str, Vec<Value>)| {
        let lines: Vec<_> = vectors.iter().map(|vector| format!("    {vector}")).collect();
        format!("  {}: [\n{}\n  ]", json!(name), lines.join(",\n"))
    };
    let sections: Vec<_> = sections.iter().map(section).collect();
    format!("{{\n{}\n}}\n", sections.join(",\n"))
}

fn vectors() -> String {
    let rng = &mut ChaCha8Rng::seed_from_u64(14);
    layout(&[
        ("hashes", primitives::hashes(rng)),
        ("compressions", primitives::compressions(rng)),
        ("points", primitives::points(rng)),
        ("encodings", primitives::encodings(rng)),
        ("combinations", primitives::combinations(rng)),
        ("keys", signatures::keys(rng)),
        ("signatures", signatures::signatures(rng)),
        ("transactions", transactions::signed(rng)),
        ("transaction_bytes", transactions::decoded(rng)),
        ("exits", transactions::exits(rng)),
        ("proofs", proofs::proofs(rng)),
    ])
}

#[test]
fn fixture_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/signing.json");
    let expected = vectors();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let got = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expected, "fixtures/signing.json is out of date");
}
