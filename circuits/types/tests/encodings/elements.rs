//! Elements from outside are canonical or refused.

use crate::strategies;
use cairn_types::{Digest, Extension, MODULUS, NonCanonical, PublicKey, Signature};
use proptest::prelude::*;

proptest! {
    #[test]
    fn digest_bytes_are_a_round_trip_or_refused(bytes: [u8; 32]) {
        if let Ok(digest) = Digest::from_bytes(&bytes) {
            prop_assert_eq!(digest.to_bytes(), bytes);
        }
        let reduced = Digest::new(Digest::ZERO.elements().map(|_| MODULUS - 1)).unwrap();
        prop_assert_eq!(Digest::from_bytes(&reduced.to_bytes()), Ok(reduced));
    }

    #[test]
    fn signature_bytes_are_a_round_trip_or_refused(a: [u8; 28], b: [u8; 28]) {
        let bytes: [u8; 56] = [a, b].concat().try_into().unwrap();
        if let Ok(signature) = Signature::from_bytes(&bytes) {
            prop_assert_eq!(signature.to_bytes(), bytes);
        }
    }

    #[test]
    fn serde_is_a_round_trip_or_refused(elements: [u64; 5], key in strategies::key()) {
        let config = bincode::config::standard();
        let encode = |value| bincode::serde::encode_to_vec(value, config).unwrap();
        let decode = |bytes: &[u8]| {
            bincode::serde::decode_from_slice::<PublicKey, _>(bytes, config).map(|(key, _)| key)
        };
        let bytes = encode(key.elements());
        prop_assert_eq!(decode(&bytes).unwrap(), key);
        prop_assert_eq!(decode(&encode(elements)).is_ok(), PublicKey::new(elements).is_ok());
    }
}

#[test]
fn the_modulus_is_refused_everywhere() {
    let error = |index| Err(NonCanonical { index, got: MODULUS });
    assert_eq!(Digest::new([0, 0, MODULUS, 0]).map(|_| ()), error(2));
    assert_eq!(PublicKey::new([0, 0, 0, 0, MODULUS]).map(|_| ()), error(4));
    assert_eq!(Signature::new([0, MODULUS], [0; 5]).map(|_| ()), error(1));
    assert_eq!(Extension::new([MODULUS, 0]).map(|_| ()), error(0));
    let mut bytes = Digest::ZERO.to_bytes();
    bytes[24..].copy_from_slice(&MODULUS.to_be_bytes());
    assert_eq!(Digest::from_bytes(&bytes).map(|_| ()), error(3));
    // s is any 320-bit integer here.
    assert!(Signature::new([MODULUS - 1; 2], [u64::MAX; 5]).is_ok());
}
