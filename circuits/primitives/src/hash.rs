//! The two hash functions of the system: the tagged sponge [`hash()`] and the two-to-one
//! [`compress`].

use cairn_types::tag;
use p3_field::{PackedValue, PrimeCharacteristicRing};

use crate::F;
use crate::digest::Digest;
use crate::poseidon2::{Packed, permute8, permute8_packed, permute12_scalar};

/// Elements absorbed by one permutation of the sponge.
pub const RATE: usize = 8;

/// What a sponge is for. Each use has its own tag in the capacity, so that no two can be confused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Tag {
    /// State commitment.
    State = tag::STATE,
    /// Message of a signed operation.
    SignedOperation = tag::SIGNED_OPERATION,
    /// Challenge of a signature.
    SchnorrChallenge = tag::SCHNORR_CHALLENGE,
    /// Public values of a chunk proof.
    ChunkStatement = tag::CHUNK_STATEMENT,
    /// Public values of a stream proof.
    StreamStatement = tag::STREAM_STATEMENT,
    /// Public values of a seal proof.
    SealStatement = tag::SEAL_STATEMENT,
    /// Verifier key in the circuit set.
    VerifierKey = tag::VERIFIER_KEY,
    /// Nonce of a signature (native only).
    SchnorrNonce = tag::SCHNORR_NONCE,
    /// Message that lets a leaf exit.
    ExitMessage = tag::EXIT_MESSAGE,
}

/// The Poseidon2 sponge of width 12: rate 8, capacity `[tag, input.len(), 0, 0]`, blocks overwrite
/// the rate, the last one padded with zeros (an empty input is one block of zeros).
///
/// The length stands in the capacity, so inputs that differ in trailing zeros have different
/// digests.
pub fn hash(tag: Tag, input: &[F]) -> Digest {
    let mut state = [F::ZERO; 12];
    state[RATE] = F::new(tag as u64);
    state[RATE + 1] = F::new(input.len() as u64);
    let (full, rest) = input.as_chunks::<RATE>();
    for block in full {
        state[..RATE].copy_from_slice(block);
        permute12_scalar(&mut state);
    }
    if !rest.is_empty() || input.is_empty() {
        state[..RATE].fill(F::ZERO);
        state[..rest.len()].copy_from_slice(rest);
        permute12_scalar(&mut state);
    }
    let [a, b, c, d, ..] = state;
    Digest([a, b, c, d])
}

/// The two-to-one compression `trunc4(P(x) + x)`, `x = left || right`, P = Poseidon2 of width 8.
///
/// The feed-forward is what makes it one-way: a truncated permutation alone can be inverted.
pub fn compress(left: &Digest, right: &Digest) -> Digest {
    let input = concat(left, right);
    let mut state = input;
    permute8(&mut state);
    Digest(std::array::from_fn(|i| state[i] + input[i]))
}

/// [`compress`] of every pair, in order, a vector of pairs at a time.
pub fn compress_many(pairs: &[[Digest; 2]]) -> Vec<Digest> {
    let mut parents = Vec::with_capacity(pairs.len());
    let mut vectors = pairs.chunks_exact(Packed::WIDTH);
    for lanes in &mut vectors {
        let input: [Packed; 8] = std::array::from_fn(|i| {
            Packed::from_fn(|lane| {
                let [left, right] = &lanes[lane];
                if i < 4 { left.0[i] } else { right.0[i - 4] }
            })
        });
        let mut state = input;
        permute8_packed(&mut state);
        let output: [Packed; 4] = std::array::from_fn(|i| state[i] + input[i]);
        parents.extend(
            (0..Packed::WIDTH).map(|lane| Digest(output.map(|element| element.extract(lane)))),
        );
    }
    parents.extend(vectors.remainder().iter().map(|[left, right]| compress(left, right)));
    parents
}

fn concat(left: &Digest, right: &Digest) -> [F; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (left.0, right.0);
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u64; 4]>().prop_map(|words| Digest(words.map(F::new)))
    }

    /// The definition of the spec, block by block.
    fn hash_by_definition(tag: u64, input: &[F]) -> [F; 4] {
        let mut padded = input.to_vec();
        padded.resize(input.len().div_ceil(8).max(1) * 8, F::ZERO);
        let mut state = [F::ZERO; 12];
        state[8] = F::new(tag);
        state[9] = F::new(input.len() as u64);
        for block in padded.chunks(8) {
            state[..8].copy_from_slice(block);
            permute12_scalar(&mut state);
        }
        [state[0], state[1], state[2], state[3]]
    }

    proptest! {
        #[test]
        fn hash_matches_its_definition(words in prop::collection::vec(any::<u64>(), 0..30)) {
            let input: Vec<F> = words.into_iter().map(F::new).collect();
            prop_assert_eq!(hash(Tag::SealStatement, &input).0, hash_by_definition(6, &input));
        }

        #[test]
        fn compress_many_is_compress(pairs in prop::collection::vec([digest(), digest()], 0..35)) {
            let expected: Vec<_> = pairs.iter().map(|[l, r]| compress(l, r)).collect();
            prop_assert_eq!(compress_many(&pairs), expected);
        }
    }

    #[test]
    fn compress_feeds_forward() {
        let input: [F; 8] = std::array::from_fn(|i| F::new(i as u64));
        let mut permuted = input;
        permute8(&mut permuted);
        let (left, right) = (Digest([0, 1, 2, 3].map(F::new)), Digest([4, 5, 6, 7].map(F::new)));
        let expected = [0, 1, 2, 3].map(|i| permuted[i] + input[i]);
        assert_eq!(compress(&left, &right), Digest(expected));
        assert_ne!(compress(&left, &right), compress(&right, &left));
    }

    #[test]
    fn tag_and_length_separate() {
        let zeros = [F::ZERO; 9];
        let digests = [
            hash(Tag::State, &[]),
            hash(Tag::State, &zeros[..1]),
            hash(Tag::State, &zeros[..8]),
            hash(Tag::State, &zeros),
            hash(Tag::SignedOperation, &[]),
        ];
        for (i, a) in digests.iter().enumerate() {
            assert!(digests[..i].iter().all(|b| a != b));
        }
    }
}
