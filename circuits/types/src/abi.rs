//! What Solidity computes with `keccak256(abi.encode(..))`: the rollup's domain and the point of
//! evaluation of a batch.

use crate::{Extension, MODULUS, Streams, Word};
use sha3::{Digest as _, Keccak256};

/// `keccak256(abi.encode(label, words..))`, where `label` is a string of at most 32 bytes.
fn keccak_labelled(label: &str, words: &[[u8; 32]]) -> [u8; 32] {
    // The head holds the string's offset, the tail its length and its padded bytes.
    let mut text = [0; 32];
    text[..label.len()].copy_from_slice(label.as_bytes());
    let mut hasher = Keccak256::new_with_prefix(uint(32 * (words.len() as u64 + 1)));
    for word in words.iter().chain([&uint(label.len() as u64), &text]) {
        hasher.update(word);
    }
    hasher.finalize().into()
}

fn uint(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

/// The domain of a rollup: the low 248 bits of
/// `keccak256(abi.encode("cairn.domain.v1", chain_id, address))`.
pub fn domain(chain_id: u64, rollup: &[u8; 20]) -> Word {
    let mut address = [0; 32];
    address[12..].copy_from_slice(rollup);
    let hash = keccak_labelled("cairn.domain.v1", &[uint(chain_id), address]);
    let mut low = [0; 31];
    low.copy_from_slice(&hash[1..]);
    Word::new(low)
}

/// The words of a batch, as L1 sees them.
#[derive(Debug, Clone, Copy)]
pub struct BatchWords<'a> {
    /// Signed transactions.
    pub data: &'a [Word],
    /// Priority operations.
    pub priority: &'a [Word],
    /// Withdrawals.
    pub withdrawals: &'a [Word],
}

/// The point at which the streams of batch `number` are evaluated:
/// `k = keccak256(abi.encode("cairn.point.v1", domain, number, (digest, count) of data, priority and
/// withdrawals, keccak256 of the bytes of each))`, `x0 = (k mod 2^64) mod p`,
/// `x1 = (k >> 64 mod 2^64) mod p`.
///
/// It depends on the commitments (`streams`) *and* on the bytes that L1 has, so neither can be
/// chosen after it: equal evaluations mean equal streams.
pub fn point(domain: &Word, number: u32, streams: &Streams, words: &BatchWords<'_>) -> Extension {
    let mut domain_word = [0; 32];
    domain_word[1..].copy_from_slice(&domain.bytes());
    let mut fields = vec![domain_word, uint(number.into())];
    for stream in [streams.data, streams.priority, streams.withdrawal] {
        fields.extend([stream.digest.to_bytes(), uint(stream.count.into())]);
    }
    for words in [words.data, words.priority, words.withdrawals] {
        let mut hasher = Keccak256::new();
        words.iter().for_each(|word| hasher.update(word.bytes()));
        fields.push(hasher.finalize().into());
    }
    let hash = keccak_labelled("cairn.point.v1", &fields);
    let [.., x1, x0] = hash.as_chunks::<8>().0 else { unreachable!("a hash has four parts") };
    Extension::new([x0, x1].map(|part| u64::from_be_bytes(*part) % MODULUS)).expect("reduced")
}
