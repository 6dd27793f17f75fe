use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;
use crate::ecgfp5::{ORDER, Point, Scalar, generator};
use crate::schnorr::{KeyError, ROWS, SecretKey, fixed_base_table, start};

fn message(word: u64) -> Digest {
    hash(Tag::SignedOperation, &[F::new(word)])
}

fn add_limbs(a: &[u64; 5], b: &[u64; 5]) -> [u64; 5] {
    let mut carry = false;
    std::array::from_fn(|i| {
        let (sum, over) = a[i].carrying_add(b[i], carry);
        carry = over;
        sum
    })
}

fn affine(point: Point) -> Affine {
    point.to_affine().unwrap()
}

/// A challenge whose first digit, the first that is used, is `digit`.
fn first_digit(digit: u128) -> u128 {
    digit << (2 * (ROWS - 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn round_trip(seed: [u8; 32], word: u64, position in 0..2usize) {
        let key = SecretKey::from_seed(&seed);
        let message = message(word);
        let signature = key.sign(&message);
        prop_assert!(verify(&key.public(), &message, &signature));
        prop_assert_eq!(Signature::from_bytes(&signature.to_bytes()), Ok(signature));
        prop_assert_eq!(PublicKey::from_bytes(&key.public().to_bytes()), Ok(key.public()));

        prop_assert!(!verify(&key.public(), &self::message(word ^ 1), &signature));
        let other = SecretKey::from_seed(&signature.to_bytes());
        prop_assert!(!verify(&other.public(), &message, &signature));
        let mut forged = signature;
        forged.e[position] += F::ONE;
        prop_assert!(!verify(&key.public(), &message, &forged));
        let mut forged = signature;
        forged.s[0] ^= 1;
        prop_assert!(!verify(&key.public(), &message, &forged));
        let malleated = Signature { s: add_limbs(&signature.s, &ORDER), ..signature };
        prop_assert!(!verify(&key.public(), &message, &malleated));
    }

    /// The loop computes what it says, for any integer s below 2^320.
    #[test]
    fn combine_is_the_linear_combination(s: [u64; 5], e: u128, k: [u64; 4]) {
        let [a, b, c, d] = k;
        let key = affine(Point::mul(&generator(), &Scalar::from_limbs([a, b, c, d, 1]).unwrap()));
        let integer = |limbs: &[u64]| {
            let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            Scalar::reduce(&BigUint::from_bytes_le(&bytes))
        };
        let fixed = affine(Point::mul(&generator(), &integer(&s)));
        let variable = Point::mul(&key, &Scalar::reduce(&BigUint::from(e)));
        prop_assert_eq!(combine(&s, e, &key), variable.add(&fixed).to_affine());
    }
}

#[test]
fn canonical_bytes() {
    let signature = SecretKey::from_seed(b"seed").sign(&message(1));
    let bytes = signature.to_bytes();
    assert_eq!(Signature::from_bytes(&bytes[1..]), Err(SignatureError::Length { got: 55 }));
    for index in 0..2 {
        let mut bytes = bytes;
        bytes[8 * index..8 * index + 8].copy_from_slice(&F::ORDER_U64.to_le_bytes());
        let got = F::ORDER_U64;
        let error = SignatureError::ChallengeNotCanonical { index, got };
        assert_eq!(Signature::from_bytes(&bytes), Err(error));
    }
    let mut bytes = bytes;
    bytes[52..].copy_from_slice(&RESPONSE_TOP_LIMIT.to_le_bytes());
    let error = SignatureError::ResponseNotCanonical { got: RESPONSE_TOP_LIMIT };
    assert_eq!(Signature::from_bytes(&bytes), Err(error));
    assert_eq!(u64::from(RESPONSE_TOP_LIMIT), ORDER[4] >> 32);

    let key = SecretKey::from_seed(b"seed").public().to_bytes();
    assert_eq!(PublicKey::from_bytes(&[]), Err(KeyError::Length { got: 0 }));
    assert_eq!(PublicKey::from_bytes(&[0; 40]), Err(KeyError::Zero));
    let mut unreduced = key;
    unreduced[32..].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = KeyError::NotCanonical { index: 4, got: u64::MAX };
    assert_eq!(PublicKey::from_bytes(&unreduced), Err(error));
}

#[test]
fn signing_is_deterministic_and_bound_to_key_and_message() {
    let key = SecretKey::from_seed(b"seed");
    let signature = key.sign(&message(1));
    assert_eq!(signature, key.sign(&message(1)));
    assert_ne!(signature.s, key.sign(&message(2)).s);
    assert_ne!(signature.s, SecretKey::from_seed(b"seed2").sign(&message(1)).s);
}

/// Nobody can sign for a key that encodes no point, nor for the neutral element: with `P = 0` every
/// `(e, s)` with a matching challenge would hold.
#[test]
fn keys_that_are_not_points_verify_nothing() {
    let message = message(1);
    let s = [1, 2, 3, 4, 5];
    let commitment = affine(Point::mul(&generator(), &Scalar::from_limbs(s).unwrap()));
    for words in [
        [0; 5],
        [
            135036726621282077,
            17283229938160287622,
            13113167081889323961,
            1653240450380825271,
            520025869628727862,
        ],
    ] {
        let key = PublicKey(words.map(F::new));
        let e = challenge(&commitment, &key, &message);
        assert!(!verify(&key, &message, &Signature { e, s }));
    }
}

/// P = G and P = -G are keys like any other.
#[test]
fn keys_of_the_generator() {
    let message = message(1);
    let nonce = Scalar::from_limbs([1, 2, 3, 4, 5]).unwrap();
    let commitment = affine(Point::mul(&generator(), &nonce));
    for (point, negative) in [(generator(), false), (generator().neg(), true)] {
        let key = PublicKey(point.encode());
        let e = challenge(&commitment, &key, &message);
        let [e0, e1] = e.map(|element| element.as_canonical_u64());
        let e_integer = Scalar::from_limbs([e0, e1, 0, 0, 0]).unwrap();
        let s = if negative { nonce.add(&e_integer) } else { nonce.sub(&e_integer) };
        assert!(verify(&key, &message, &Signature { e, s: s.limbs() }));
    }
}

#[test]
fn neutral_commitment_is_refused() {
    assert_eq!(combine(&[0; 5], 0, &generator()), None);
    let minus_one = Scalar::ZERO.sub(&Scalar::ONE);
    assert_eq!(combine(&minus_one.limbs(), 1, &generator()), None);
    assert!(combine(&minus_one.limbs(), 2, &generator()).is_some());
    let key = SecretKey::from_seed(b"seed").public();
    assert!(!verify(&key, &message(1), &Signature { e: [F::ZERO; 2], s: [0; 5] }));
}

/// Operands that coincide up to sign: keys made from T and the table, whose logarithms nobody
/// knows.
#[test]
fn coinciding_operands_are_refused() {
    let four_t = affine(Point::from(*start()).double().double());
    for key in [four_t, four_t.neg()] {
        assert_eq!(combine(&[1; 5], first_digit(1), &key), None);
        assert!(combine(&[1; 5], first_digit(2), &key).is_some());
    }
    // 4 T + P = ±F: the second addition of the row.
    let entry = fixed_base_table()[0];
    for target in [entry, entry.neg()] {
        let key = affine(Point::from(target).add(&four_t.neg()));
        assert_eq!(combine(&[0; 5], first_digit(1), &key), None);
        assert!(combine(&[0, 1 << 63, 0, 0, 0], first_digit(1), &key).is_some());
    }
}
