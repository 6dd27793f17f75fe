//! Hashes, the curve, and the loop of signatures.

use cairn_primitives::ecgfp5::{Affine, ORDER, Point, Scalar, generator};
use cairn_primitives::schnorr::{ROWS, SecretKey, combine, fixed_base_table, start};
use cairn_primitives::{F, Tag, compress, hash};
use cairn_types::Digest;
use p3_field::PrimeField64;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{elements, hex_of, random};

/// `[tag, input, digest]`: inputs of each length up to 24, and twice.
pub(crate) fn hashes(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let tags = [
        Tag::State,
        Tag::SignedOperation,
        Tag::SchnorrChallenge,
        Tag::SchnorrNonce,
        Tag::ExitMessage,
    ];
    let vector = |index: usize| {
        let tag = tags[index % tags.len()];
        let input: Vec<_> = (0..index / 2).map(|_| random::element(rng)).collect();
        let digest: Digest =
            hash(tag, &input.iter().copied().map(F::new).collect::<Vec<_>>()).into();
        json!([tag as u64, elements(&input), hex_of(digest.to_bytes())])
    };
    (0..50).map(vector).collect()
}

/// `[left, right, digest]`.
pub(crate) fn compressions(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let vector = |_| {
        let (left, right) = (random::digest(rng), random::digest(rng));
        let digest: Digest = compress(&left.into(), &right.into()).into();
        json!([left, right, digest].map(|digest| hex_of(digest.to_bytes())))
    };
    (0..40).map(vector).collect()
}

fn little_endian(limbs: &[u64]) -> String {
    hex_of(limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect::<Vec<_>>())
}

/// A point's encoding as public keys are written.
fn encoding(point: &Affine) -> String {
    little_endian(&point.encode().map(|element| element.as_canonical_u64()))
}

fn scalar(rng: &mut ChaCha8Rng) -> Scalar {
    let mut limbs: [u64; 5] = rng.random();
    limbs[4] %= ORDER[4];
    Scalar::from_limbs(limbs).unwrap()
}

/// A point whose logarithm nobody has kept.
fn point(rng: &mut ChaCha8Rng) -> Affine {
    Point::mul(&generator(), &scalar(rng)).to_affine().unwrap()
}

/// `[k, k G]`: k as 40 bytes, little-endian.
pub(crate) fn points(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let minus = |k| Scalar::ZERO.sub(&Scalar::from_limbs([k, 0, 0, 0, 0]).unwrap());
    let small = (1..4).map(|k| Scalar::from_limbs([k, 0, 0, 0, 0]).unwrap());
    let scalars: Vec<_> = small.chain([minus(1), minus(2)]).collect();
    let scalars = scalars.into_iter().chain((0..40).map(|_| scalar(rng)));
    let vector = |k: Scalar| {
        let point = Point::mul(&generator(), &k).to_affine().unwrap();
        json!([little_endian(&k.limbs()), encoding(&point)])
    };
    scalars.map(vector).collect()
}

/// `[elements, whether they encode a point]`.
pub(crate) fn encodings(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let zero = [0; 5];
    let random = (0..60).map(|_| random::elements::<5>(rng));
    let vector = |w: [u64; 5]| json!([little_endian(&w), Affine::decode(&w.map(F::new)).is_some()]);
    random.chain([zero]).map(vector).collect()
}

/// `[s, e, P, s G + e P]`, null where that is neutral or operands coincide on the way.
pub(crate) fn combinations(rng: &mut ChaCha8Rng) -> Vec<Value> {
    let affine = |point: Point| point.to_affine().unwrap();
    let mut inputs: Vec<([u64; 5], u128, Affine)> = Vec::new();
    for _ in 0..40 {
        inputs.push((rng.random(), rng.random(), point(rng)));
    }
    let key = SecretKey::from_seed(b"a seed of 16 bytes or more").public();
    let key = Affine::decode(&key.0).unwrap();
    inputs.extend([([1, 0, 0, 0, 0], 0, key), ([0; 5], 1, key), ([u64::MAX; 5], u128::MAX, key)]);
    // R = 0.
    let minus_one = Scalar::ZERO.sub(&Scalar::ONE).limbs();
    inputs.extend([([0; 5], 0, key), (minus_one, 1, generator()), (minus_one, 2, generator())]);
    // Keys made from T and the table: in the first additions the operands coincide up to sign, for some digits.
    let digit = |digit: u128| digit << (2 * (ROWS - 1));
    let four_t = affine(Point::from(*start()).double().double());
    for key in [four_t, four_t.neg()] {
        inputs.extend([([1; 5], digit(1), key), ([1; 5], digit(2), key)]);
    }
    let entry = fixed_base_table()[0];
    for target in [entry, entry.neg()] {
        let key = affine(Point::from(target).add(&four_t.neg()));
        inputs.extend([([0; 5], digit(1), key), ([0, 1 << 63, 0, 0, 0], digit(1), key)]);
    }
    let vector = |(s, e, key): ([u64; 5], u128, Affine)| {
        let sum = combine(&s, e, &key).map(|point| encoding(&point));
        json!([little_endian(&s), hex_of(e.to_le_bytes()), encoding(&key), sum])
    };
    inputs.into_iter().map(vector).collect()
}
