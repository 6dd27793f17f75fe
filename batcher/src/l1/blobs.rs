//! Data words as blobs (EIP-4844): the words are coefficients of polynomials, what travels are their values.
//!
//! Blob i is `p_i(X) = sum over j < 4096 of w_(4096 i + j) X^(4095 - j)`, words behind the last being zero
//! (docs/spec.md, section 6). A blob lists the values of its polynomial at the 4,096th roots of unity, in the order of
//! their bit-reversed numbers.

use alloy::{
    eips::{
        eip4844::{
            Blob, FIELD_ELEMENTS_PER_BLOB, c_kzg, c_kzg::KzgSettings, env_settings::EnvKzgSettings,
        },
        eip7594::BlobTransactionSidecarEip7594,
    },
    primitives::{B256, Bytes},
};
use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use cairn_types::{BlobScalar, WORD_BYTES, Word};
use thiserror::Error;

/// Words of a blob.
pub const WORDS: usize = FIELD_ELEMENTS_PER_BLOB as usize;

/// Bytes of a value in a blob.
const VALUE_BYTES: usize = 32;

/// Words did not become blobs, or blobs words.
#[derive(Debug, Error)]
pub enum BlobError {
    /// The library that commits to blobs refuses.
    #[error("KZG: {0}")]
    Kzg(#[from] c_kzg::Error),
    /// A blob's polynomial has a coefficient that is no word: it is not Cairn's.
    #[error("blob {blob}: coefficient {word} has more than 248 bits; is the blob a batch's data?")]
    NotWords {
        /// Which blob.
        blob: usize,
        /// Which of its words.
        word: usize,
    },
    /// There are words behind the last one, or not enough blobs.
    #[error("expected {expected} words in blobs, got {got}")]
    Count {
        /// What the batch's header says.
        expected: usize,
        /// Without zeros at the end; room that the blobs have, if that is less than expected.
        got: usize,
    },
}

/// The blobs of a batch, with what goes with them in a transaction.
#[derive(Debug, Clone)]
pub struct Blobs {
    sidecar: BlobTransactionSidecarEip7594,
}

impl Blobs {
    /// As many blobs as hold the words, with their commitments and proofs for the network.
    ///
    /// # Errors
    /// None in practice: every word is an element of the field.
    pub fn new(words: &[Word]) -> Result<Self, BlobError> {
        let blobs = words.chunks(WORDS).map(encode).collect();
        Ok(Self { sidecar: BlobTransactionSidecarEip7594::try_from_blobs(blobs)? })
    }

    /// What L1 knows the blobs by.
    #[must_use]
    pub fn versioned_hashes(&self) -> Vec<[u8; 32]> {
        self.sidecar.versioned_hashes().map(|hash: B256| hash.0).collect()
    }

    /// What the transaction carries beside its calldata.
    #[must_use]
    pub fn sidecar(&self) -> BlobTransactionSidecarEip7594 {
        self.sidecar.clone()
    }

    /// The openings at `z` as the contract takes them: value 32, commitment 48, proof 48 bytes for each blob.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn openings(&self, z: BlobScalar) -> Result<Bytes, BlobError> {
        let mut bytes = Vec::new();
        for (blob, commitment) in self.sidecar.blobs.iter().zip(&self.sidecar.commitments) {
            let blob = c_kzg::Blob::new(blob.0);
            let (proof, value) = settings().compute_kzg_proof(&blob, &z.to_bytes().into())?;
            bytes.extend_from_slice(value.as_ref());
            bytes.extend_from_slice(commitment.as_ref());
            bytes.extend_from_slice(proof.to_bytes().as_ref());
        }
        Ok(bytes.into())
    }
}

/// The first `count` words of a batch's blobs, for who reads them. Trust: none but that the blobs are those of the batch; what stands
/// behind the words must be zero, as L1 has it.
///
/// # Errors
/// [`BlobError`]: these are not blobs of so many words.
pub fn decode(blobs: &[Blob], count: usize) -> Result<Vec<Word>, BlobError> {
    let room = blobs.len() * WORDS;
    if room < count {
        return Err(BlobError::Count { expected: count, got: room });
    }
    let mut words = Vec::with_capacity(room);
    for (index, blob) in blobs.iter().enumerate() {
        words.extend(decode_one(index, blob)?);
    }
    let got = words.iter().rposition(|&word| word != Word::default()).map_or(0, |last| last + 1);
    if got > count {
        return Err(BlobError::Count { expected: count, got });
    }
    words.truncate(count);
    Ok(words)
}

fn settings() -> &'static KzgSettings {
    static SETTINGS: EnvKzgSettings = EnvKzgSettings::Default;
    SETTINGS.get()
}

fn domain() -> Radix2EvaluationDomain<Fr> {
    Radix2EvaluationDomain::new(WORDS).expect("the field has 2^32 roots of unity")
}

/// At most 4,096 words.
fn encode(words: &[Word]) -> Blob {
    let mut coefficients: Vec<_> =
        words.iter().map(|word| Fr::from_be_bytes_mod_order(&word.bytes())).collect();
    coefficients.resize(WORDS, Fr::from(0));
    coefficients.reverse();
    let values = domain().fft(&coefficients);
    let mut blob = Blob::ZERO;
    let places = blob.0.as_chunks_mut::<VALUE_BYTES>().0;
    for (i, place) in places.iter_mut().enumerate() {
        place.copy_from_slice(&values[reverse_bits(i)].into_bigint().to_bytes_be());
    }
    blob
}

fn decode_one(index: usize, blob: &Blob) -> Result<Vec<Word>, BlobError> {
    let places = blob.0.as_chunks::<VALUE_BYTES>().0;
    let values: Vec<_> =
        (0..WORDS).map(|i| Fr::from_be_bytes_mod_order(&places[reverse_bits(i)])).collect();
    let coefficients = domain().ifft(&values);
    let words = coefficients.iter().rev().enumerate().map(|(word, coefficient)| {
        let bytes = coefficient.into_bigint().to_bytes_be();
        match bytes.split_last_chunk::<WORD_BYTES>() {
            Some(([0], word)) => Ok(Word::new(*word)),
            _ => Err(BlobError::NotWords { blob: index, word }),
        }
    });
    words.collect()
}

/// The number below 4,096 with the bits of `i` in reverse.
fn reverse_bits(i: usize) -> usize {
    i.reverse_bits() >> (usize::BITS - WORDS.ilog2())
}

#[cfg(test)]
mod tests {
    use cairn_primitives::blob::evaluate;
    use rand::{RngCore, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn random_words(count: usize, seed: u64) -> Vec<Word> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut word = || {
            let mut bytes = [0; WORD_BYTES];
            random.fill_bytes(&mut bytes);
            Word::new(bytes)
        };
        (0..count).map(|_| word()).collect()
    }

    /// What c-kzg says of each blob at z, one blob after the other.
    fn values(blobs: &Blobs, z: BlobScalar) -> Vec<[u8; 32]> {
        let openings = blobs.openings(z).unwrap();
        openings.chunks(128).map(|opening| opening[..32].try_into().unwrap()).collect()
    }

    #[test]
    fn the_value_of_a_blob_is_horners() {
        let z = BlobScalar::reduce([0xc3; 32]);
        let partial = random_words(1_000, 1);
        let full = random_words(WORDS, 2);
        let largest = vec![Word::new([0xff; WORD_BYTES]); WORDS];
        let one = vec![Word::new([7; WORD_BYTES])];
        for words in [partial, full, largest, one, vec![Word::default(); 9]] {
            let blobs = Blobs::new(&words).unwrap();
            let mut padded = words.clone();
            padded.resize(WORDS, Word::default());
            let expected = evaluate(BlobScalar::ZERO, &padded, z);
            assert_eq!(values(&blobs, z), [expected.to_bytes()], "{} words", words.len());
            // As the circuit has it: without the zeros at the end.
            let zeros = vec![Word::default(); WORDS - words.len()];
            let short = evaluate(BlobScalar::ZERO, &words, z);
            assert_eq!(evaluate(short, &zeros, z), expected);
        }
    }

    #[test]
    fn two_blobs_are_one_polynomial() {
        let z = BlobScalar::reduce([5; 32]);
        let words = random_words(WORDS + 3, 3);
        let blobs = Blobs::new(&words).unwrap();
        assert_eq!(blobs.versioned_hashes().len(), 2);
        let (first, second) = words.split_at(WORDS);
        let mut padded = second.to_vec();
        padded.resize(WORDS, Word::default());
        let expected = [first, &padded].map(|w| evaluate(BlobScalar::ZERO, w, z).to_bytes());
        assert_eq!(values(&blobs, z), expected);
    }

    #[test]
    fn openings_are_those_that_the_precompile_takes() {
        let z = BlobScalar::reduce([9; 32]);
        let blobs = Blobs::new(&random_words(100, 4)).unwrap();
        let opening = blobs.openings(z).unwrap();
        assert_eq!(opening.len(), 128);
        let bytes48 = |bytes: &[u8]| c_kzg::Bytes48::from_bytes(bytes).unwrap();
        let check = |value: [u8; 32]| {
            settings()
                .verify_kzg_proof(
                    &bytes48(&opening[32..80]),
                    &z.to_bytes().into(),
                    &value.into(),
                    &bytes48(&opening[80..]),
                )
                .unwrap()
        };
        let mut value: [u8; 32] = opening[..32].try_into().unwrap();
        assert!(check(value));
        value[31] ^= 1;
        assert!(!check(value));
    }

    #[test]
    fn words_come_back() {
        for count in [0, 1, 4_095, WORDS, WORDS + 1] {
            let words = random_words(count, 5);
            let blobs = Blobs::new(&words).unwrap().sidecar.blobs;
            assert_eq!(blobs.len(), count.div_ceil(WORDS));
            assert_eq!(decode(&blobs, count).unwrap(), words);
        }
        let blobs = Blobs::new(&random_words(3, 6)).unwrap().sidecar.blobs;
        assert!(matches!(decode(&blobs, 2), Err(BlobError::Count { expected: 2, got: 3 })));
        assert!(matches!(decode(&blobs, 5_000), Err(BlobError::Count { got: 4_096, .. })));
        // Some polynomial, but not one of words: (r - 1) X^4095.
        let mut foreign = Blob::ZERO;
        foreign.0[31] = 1;
        assert!(matches!(decode(&[foreign], 4_096), Err(BlobError::NotWords { blob: 0, .. })));
    }
}
