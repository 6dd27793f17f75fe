//! Every word of an encoded Groth16 proof, changed in every way, is refused at a named step. (Groth16
//! proofs are malleable: whoever has one makes others of the same statement, which are no forgeries.)

use ark_bn254::{Fq, Fr};
use ark_ff::{BigInteger, PrimeField};
use ark_std::rand::rngs::OsRng;

use super::testing::{KEYS, cube};
use super::{EncodedProof, encode_scalar, prove, verify_encoded};

/// The words in their order, and the steps that refuse a flipped bit, plus q, and the exchange with
/// the next word.
const WORDS: [(&str, [&str; 3]); 8] = [
    ("A.x", ["NotOnCurve(A)", "CoordinateNotInField { word: 0 }", "NotOnCurve(A)"]),
    ("A.y", ["NotOnCurve(A)", "CoordinateNotInField { word: 1 }", "NotOnCurve(A)"]),
    ("B.x.c1", ["NotOnCurve(B)", "CoordinateNotInField { word: 2 }", "NotOnCurve(B)"]),
    ("B.x.c0", ["NotOnCurve(B)", "CoordinateNotInField { word: 3 }", "NotOnCurve(B)"]),
    ("B.y.c1", ["NotOnCurve(B)", "CoordinateNotInField { word: 4 }", "NotOnCurve(B)"]),
    ("B.y.c0", ["NotOnCurve(B)", "CoordinateNotInField { word: 5 }", "NotOnCurve(B)"]),
    ("C.x", ["NotOnCurve(C)", "CoordinateNotInField { word: 6 }", "NotOnCurve(C)"]),
    ("C.y", ["NotOnCurve(C)", "CoordinateNotInField { word: 7 }", "NotOnCurve(A)"]),
];

/// The word plus a modulus.
fn plus(word: &[u8; 32], modulus: impl BigInteger) -> [u8; 32] {
    let mut carry = 0;
    let mut sum = *word;
    let modulus = modulus.to_bytes_be();
    for (byte, other) in sum.iter_mut().zip(modulus).rev() {
        let total = u16::from(*byte) + u16::from(other) + carry;
        (*byte, carry) = (total as u8, total >> 8);
    }
    assert_eq!(carry, 0, "below 2^256");
    sum
}

#[test]
fn every_change_is_refused() {
    let proof = EncodedProof::encode(&prove(&KEYS, &cube(5), &mut OsRng).unwrap());
    let input = encode_scalar(Fr::from(125u64));
    let step = |inputs: &[[u8; 32]], proof: &EncodedProof| {
        let error = verify_encoded(KEYS.verifying(), inputs, proof).err()?;
        let text = format!("{error:?}");
        Some(text.strip_prefix("Decode(").map_or(text.as_str(), |t| &t[..t.len() - 1]).to_owned())
    };
    assert_eq!(step(&[input], &proof), None);
    for (word, (name, expected)) in WORDS.iter().enumerate() {
        let [mut flipped, mut beyond, mut swapped] = [proof; 3];
        flipped.0[word][31] ^= 1;
        beyond.0[word] = plus(&beyond.0[word], Fq::MODULUS);
        swapped.0.swap(word, (word + 1) % WORDS.len());
        let steps = [flipped, beyond, swapped].map(|proof| step(&[input], &proof).unwrap());
        assert_eq!(steps, *expected, "{name}");
    }

    // Whole words that are missing, or too many.
    let bytes = proof.to_bytes();
    for bytes in [&bytes[..224], &[&bytes[..], &bytes[224..]].concat()] {
        let error = format!("{:?}", EncodedProof::from_bytes(bytes).unwrap_err());
        assert_eq!(error, format!("Length {{ got: {} }}", bytes.len()));
    }

    // Points of their curves that are not those of the proof.
    let [mut exchanged, mut negated] = [proof; 2];
    (0..2).for_each(|word| exchanged.0.swap(word, 6 + word));
    let y = Fq::from_be_bytes_mod_order(&proof.0[1]);
    negated.0[1] = (-y).into_bigint().to_bytes_be().try_into().unwrap();
    for other in [exchanged, negated] {
        assert_eq!(step(&[input], &other).as_deref(), Some("Invalid"));
    }

    // The public input likewise.
    let mut flipped = input;
    flipped[31] ^= 1;
    let cases: [(&[[u8; 32]], &str); 4] = [
        (&[flipped], "Invalid"),
        (&[plus(&input, Fr::MODULUS)], "ScalarNotInField"),
        (&[], "PublicInputs { expected: 1, got: 0 }"),
        (&[input, input], "PublicInputs { expected: 1, got: 2 }"),
    ];
    for (inputs, expected) in cases {
        assert_eq!(step(inputs, &proof).as_deref(), Some(expected));
    }
}
