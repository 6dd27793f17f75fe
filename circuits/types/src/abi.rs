//! What Solidity computes with `keccak256(abi.encode(..))`: the rollup's domain and the points of
//! evaluation of a batch.

use crate::{BlobScalar, DataMode, Extension, MODULUS, Streams, Word};
use serde::{Deserialize, Serialize};
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

/// The words of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchWords<'a> {
    /// Signed transactions.
    pub data: &'a [Word],
    /// Priority operations.
    pub priority: &'a [Word],
    /// Withdrawals.
    pub withdrawals: &'a [Word],
}

/// Where the data words of a batch are (docs/spec.md, section 6: the mode).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum DataLocation {
    /// In the calldata of the commitment.
    #[default]
    Calldata,
    /// In the blobs with these versioned hashes.
    Blobs(Vec<[u8; 32]>),
    /// With the committee.
    Committee,
}

impl DataLocation {
    /// The mode that the commitment names.
    #[must_use]
    pub fn mode(&self) -> DataMode {
        match self {
            Self::Calldata => DataMode::Calldata,
            Self::Blobs(_) => DataMode::Blobs,
            Self::Committee => DataMode::Committee,
        }
    }

    /// What stands for the data in the hashes that draw the points.
    fn hash(&self, data: &[Word]) -> [u8; 32] {
        match self {
            Self::Calldata => hash_words(data),
            Self::Blobs(hashes) => Keccak256::digest(hashes.as_flattened()).into(),
            Self::Committee => [0; 32],
        }
    }
}

fn hash_words(words: &[Word]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    words.iter().for_each(|word| hasher.update(word.bytes()));
    hasher.finalize().into()
}

/// The points at which the streams of batch `number` are evaluated. With
/// `k(tag) = keccak256(abi.encode(tag, domain, number, (digest, count) of data, priority and withdrawals, D,
/// keccak256 of the bytes of priority and withdrawals))`, D by [`DataLocation`]:
///
/// - `x`, of k("cairn.point.v1"): `x0 = (k mod 2^64) mod p`, `x1 = (k >> 64 mod 2^64) mod p`;
/// - `z`, for data in blobs: `k("cairn.blobpoint.v1") mod r`; else zero.
///
/// They depend on the commitments (`streams`) *and* on what L1 has, so neither can be chosen after
/// them: equal evaluations mean equal streams.
pub fn points(
    domain: &Word,
    number: u32,
    streams: &Streams,
    words: &BatchWords<'_>,
    location: &DataLocation,
) -> (Extension, BlobScalar) {
    let mut domain_word = [0; 32];
    domain_word[1..].copy_from_slice(&domain.bytes());
    let mut fields = vec![domain_word, uint(number.into())];
    for stream in [streams.data, streams.priority, streams.withdrawal] {
        fields.extend([stream.digest.to_bytes(), uint(stream.count.into())]);
    }
    fields.push(location.hash(words.data));
    fields.extend([words.priority, words.withdrawals].map(hash_words));
    let hash = keccak_labelled("cairn.point.v1", &fields);
    let [.., x1, x0] = hash.as_chunks::<8>().0 else { unreachable!("a hash has four parts") };
    let x = [x0, x1].map(|part| u64::from_be_bytes(*part) % MODULUS);
    let z = match location {
        DataLocation::Blobs(_) => {
            BlobScalar::reduce(keccak_labelled("cairn.blobpoint.v1", &fields))
        }
        DataLocation::Calldata | DataLocation::Committee => BlobScalar::ZERO,
    };
    (Extension::new(x).expect("reduced"), z)
}
