//! Keys from seeds; signatures that hold and that do not.

use cairn_primitives::ecgfp5::{Affine, ORDER, Point, Scalar, generator};
use cairn_primitives::schnorr::{PublicKey, SecretKey, Signature, verify};
use cairn_primitives::{Digest, F, Tag, hash};
use p3_field::PrimeField64;
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{hex_of, random};

/// `[seed, public key]`, among them the first development accounts.
pub(crate) fn keys(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let development = (0..4).map(|index| format!("cairn development account {index}").into_bytes());
    let mut seeds: Vec<Vec<u8>> = development.collect();
    for length in 16..80 {
        let mut seed = vec![0; length];
        rng.fill_bytes(&mut seed);
        seeds.push(seed);
    }
    let vector = |seed: Vec<u8>| {
        json!([hex_of(&seed), hex_of(SecretKey::from_seed(&seed).public().to_bytes())])
    };
    seeds.into_iter().map(vector).collect()
}

/// What a verifier is asked: the bytes of a key, a digest and a signature.
struct Question {
    key: PublicKey,
    digest: Digest,
    signature: [u8; 56],
}

impl Question {
    fn holds(&self) -> bool {
        Signature::from_bytes(&self.signature)
            .is_ok_and(|signature| verify(&self.key, &self.digest, &signature))
    }
}

/// `[public key, digest, signature, whether it holds]`.
pub(crate) fn signatures(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let mut questions = Vec::new();
    for _ in 0..16 {
        let secret = SecretKey::from_seed(&random::bytes::<32>(rng));
        let (key, digest) = (secret.public(), Digest::from(random::digest(rng)));
        let signature = secret.sign(&digest);
        questions.push(Question { key, digest, signature: signature.to_bytes() });
        for bytes in changed(rng, &signature) {
            questions.push(Question { key, digest, signature: bytes });
        }
        let other = Digest::from(random::digest(rng));
        questions.push(Question { key, digest: other, signature: signature.to_bytes() });
        let other = SecretKey::from_seed(&random::bytes::<32>(rng)).public();
        questions.push(Question { key: other, digest, signature: signature.to_bytes() });
    }
    questions.extend(strange_keys(rng));
    let vector = |question: Question| {
        json!([
            hex_of(question.key.to_bytes()),
            hex_of(question.digest.to_bytes32()),
            hex_of(question.signature),
            question.holds(),
        ])
    };
    questions.into_iter().map(vector).collect()
}

/// Signatures near one that holds: none of them does.
fn changed(rng: &mut ChaCha8Rng, signature: &Signature) -> Vec<[u8; 56]> {
    let bytes = signature.to_bytes();
    let flipped = |bit: usize| {
        let mut bytes = bytes;
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    let mut all: Vec<_> = (0..4).map(|_| flipped(rng.random_range(0..448))).collect();
    // s + n, the other integer with this residue.
    let mut carry = false;
    let mut other = *signature;
    for (limb, order) in other.s.iter_mut().zip(ORDER) {
        let (sum, first) = limb.overflowing_add(order);
        let (sum, second) = sum.overflowing_add(carry.into());
        (*limb, carry) = (sum, first || second);
    }
    all.push(other.to_bytes());
    // The least integer that is not canonical, and elements of e that are not.
    all.push(Signature { s: [0, 0, 0, 0, 0x7fff_fffd << 32], ..*signature }.to_bytes());
    for place in [0, 8] {
        let mut bytes = bytes;
        bytes[place..place + 8].copy_from_slice(&F::ORDER_U64.to_le_bytes());
        all.push(bytes);
    }
    all
}

/// The challenge that a forger would compute for `R = s G`.
fn challenge(commitment: &Affine, key: &PublicKey, digest: &Digest) -> [F; 2] {
    let input: Vec<_> = commitment.encode().into_iter().chain(key.0).chain(digest.0).collect();
    let [e0, e1, ..] = hash(Tag::SchnorrChallenge, &input).0;
    [e0, e1]
}

/// P = G and P = -G are keys; the neutral element and what encodes no point are none, though the challenge is right.
fn strange_keys(rng: &mut ChaCha8Rng) -> Vec<Question> {
    let nonce = Scalar::from_limbs([1, 2, 3, 4, 5]).unwrap();
    let commitment = Point::mul(&generator(), &nonce).to_affine().unwrap();
    let digest = Digest::from(random::digest(rng));
    let question = |key: PublicKey, s: &dyn Fn(&Scalar) -> Scalar| {
        let e = challenge(&commitment, &key, &digest);
        let [e0, e1] = e.map(|element| element.as_canonical_u64());
        let s = s(&Scalar::from_limbs([e0, e1, 0, 0, 0]).unwrap()).limbs();
        Question { key, digest, signature: Signature { e, s }.to_bytes() }
    };
    let mut no_point = PublicKey(random::elements(rng).map(F::new));
    while Affine::decode(&no_point.0).is_some() {
        no_point = PublicKey(random::elements(rng).map(F::new));
    }
    vec![
        question(PublicKey(generator().encode()), &|e| nonce.sub(e)),
        question(PublicKey(generator().neg().encode()), &|e| nonce.add(e)),
        question(PublicKey::default(), &|_| nonce),
        question(no_point, &|_| nonce),
    ]
}
