//! Evaluation of words in BLS12-381's scalar field, where blobs are polynomials (docs/spec.md, section 6).

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, PrimeField};
use cairn_types::{BlobScalar, Word};

/// Horner's rule: `value := value * z + word` for each word, from `value` on.
pub fn evaluate(value: BlobScalar, words: &[Word], z: BlobScalar) -> BlobScalar {
    let z = element(z);
    let value = words
        .iter()
        .fold(element(value), |value, word| value * z + Fr::from_be_bytes_mod_order(&word.bytes()));
    scalar(value)
}

fn element(scalar: BlobScalar) -> Fr {
    Fr::from_be_bytes_mod_order(&scalar.to_bytes())
}

fn scalar(element: Fr) -> BlobScalar {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&element.into_bigint().to_bytes_be());
    BlobScalar::new(bytes).expect("a field element gives an integer below r")
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_the_polynomial_of_the_words(
            words in prop::collection::vec(any::<[u8; 31]>(), 0..9),
            z in any::<[u8; 32]>(),
            value in any::<[u8; 32]>(),
        ) {
            let order = BigUint::from_bytes_be(&Fr::MODULUS.to_bytes_be());
            let (value, z) = (BlobScalar::reduce(value), BlobScalar::reduce(z));
            let integer = |bytes: &[u8]| BigUint::from_bytes_be(bytes);
            let point = integer(&z.to_bytes());
            // Highest power first, the start value being the coefficient before all words.
            let mut expected = integer(&value.to_bytes()) * point.pow(words.len() as u32);
            for (i, word) in words.iter().rev().enumerate() {
                expected += integer(word) * point.pow(i as u32);
            }
            let words: Vec<_> = words.into_iter().map(Word::new).collect();
            let got = evaluate(value, &words, z);
            prop_assert_eq!(integer(&got.to_bytes()), expected % order);
        }
    }

    #[test]
    fn the_types_have_the_same_order() {
        let mut order = [0; 32];
        order.copy_from_slice(&Fr::MODULUS.to_bytes_be());
        assert!(BlobScalar::new(order).is_err());
        assert_eq!(BlobScalar::reduce(order), BlobScalar::ZERO);
        let largest = scalar(-Fr::from(1));
        assert_eq!(BlobScalar::new(largest.to_bytes()), Ok(largest));
        // 2^256 - 1, from which r goes twice.
        let all = Fr::from_be_bytes_mod_order(&[0xff; 32]);
        assert_eq!(BlobScalar::reduce([0xff; 32]), scalar(all));
    }
}
