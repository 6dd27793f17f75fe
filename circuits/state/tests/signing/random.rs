//! Random values in which the ends of the ranges are not rare.

use cairn_types::{Digest, MODULUS, PublicKey};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

/// So many bytes.
pub(crate) fn bytes<const N: usize>(rng: &mut ChaCha8Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// An integer of at most so many bits: each length is as likely as the others, and so are both ends.
pub(crate) fn integer(rng: &mut ChaCha8Rng, bits: u32) -> u64 {
    match rng.random_range(0..=bits + 1) {
        0 => 0,
        length if length > bits => u64::MAX >> (64 - bits),
        length => rng.random::<u64>() >> (64 - length),
    }
}

/// A canonical element.
pub(crate) fn element(rng: &mut ChaCha8Rng) -> u64 {
    match rng.random_range(0..16) {
        0 => integer(rng, 2),
        1 => MODULUS - 1 - integer(rng, 33),
        _ => rng.random_range(0..MODULUS),
    }
}

/// Canonical elements.
pub(crate) fn elements<const N: usize>(rng: &mut ChaCha8Rng) -> [u64; N] {
    std::array::from_fn(|_| element(rng))
}

pub(crate) fn digest(rng: &mut ChaCha8Rng) -> Digest {
    Digest::new(elements(rng)).unwrap()
}

/// A key as accounts may have it: it need not encode a point.
pub(crate) fn key(rng: &mut ChaCha8Rng) -> PublicKey {
    let mut elements = elements(rng);
    elements[4] = elements[4].max(1);
    PublicKey::new(elements).unwrap()
}
