//! Signed transactions as the API takes them.

use cairn_types::{
    DecodeSignedError, ForcedTransaction, MODULUS, NonCanonical, SIGNED_TRANSACTION_BYTES,
    SignedTransaction, Word,
};
use proptest::prelude::*;

use crate::strategies;

const DOMAIN: Word = Word::new([0xdd; 31]);

/// Where the fields start.
const AMOUNT: usize = 11;
const TO: usize = 31;
const TARGET: usize = 35;
const CHALLENGE: usize = 75;
const RESPONSE: usize = 91;

fn signed() -> impl Strategy<Value = SignedTransaction> {
    strategies::forced_transaction().prop_map(|forced| forced.signed(DOMAIN))
}

fn decode(bytes: &[u8]) -> Result<SignedTransaction, DecodeSignedError> {
    SignedTransaction::from_bytes(DOMAIN, bytes)
}

/// A decoder that accepts takes what it encodes, and what L1 takes as well.
fn refused_or_canonical(bytes: &[u8]) {
    if let Ok(signed) = decode(bytes) {
        assert_eq!(&signed.to_bytes()[..], bytes);
        ForcedTransaction::new(&signed, 0).words().expect("L1 takes what the API takes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn it_is_a_round_trip(signed in signed()) {
        prop_assert_eq!(decode(&signed.to_bytes()), Ok(signed));
    }

    #[test]
    fn changed_bytes_are_refused_or_canonical(
        signed in signed(), at in 0..SIGNED_TRANSACTION_BYTES, byte: u8, bit in prop::option::of(0..8u8),
    ) {
        let mut bytes = signed.to_bytes();
        bytes[at] = bit.map_or(byte, |bit| bytes[at] ^ 1 << bit);
        refused_or_canonical(&bytes);
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2 * SIGNED_TRANSACTION_BYTES),
        exact in prop::option::of((any::<[u8; 32]>(), 0x0f..0x15u8)),
    ) {
        if let Some((more, kind)) = exact {
            bytes.resize(SIGNED_TRANSACTION_BYTES, more[0]);
            bytes[0] = kind;
        }
        refused_or_canonical(&bytes);
    }

    /// Every other length is refused, whatever the bytes.
    #[test]
    fn other_lengths_are_refused(signed in signed(), length in 0..300usize) {
        prop_assume!(length != SIGNED_TRANSACTION_BYTES);
        let mut bytes = signed.to_bytes().to_vec();
        bytes.resize(length, 0);
        prop_assert_eq!(decode(&bytes), Err(DecodeSignedError::Length { got: length }));
    }

    /// Elements of target and challenge have one encoding.
    #[test]
    fn unreduced_elements_are_refused(signed in signed(), index in 0..7usize, over in 0..1u64 << 32) {
        let mut bytes = signed.to_bytes();
        let got = MODULUS.saturating_add(over);
        let at = TARGET + 8 * index;
        bytes[at..at + 8].copy_from_slice(&got.to_be_bytes());
        let expected = match (index, bytes[0]) {
            (0..5, 0x12) => DecodeSignedError::NotAnAddress { index, got },
            (0..5, _) => DecodeSignedError::Element {
                field: "target",
                source: NonCanonical { index, got },
            },
            _ => DecodeSignedError::Element {
                field: "challenge",
                source: NonCanonical { index: index - 5, got },
            },
        };
        prop_assert_eq!(decode(&bytes), Err(expected));
    }
}

/// A transaction of this type that decodes: to key or address 1, of amount 0.
fn plain(kind: u8) -> [u8; SIGNED_TRANSACTION_BYTES] {
    let mut bytes = [0; SIGNED_TRANSACTION_BYTES];
    bytes[0] = kind;
    bytes[if kind == 0x12 { TARGET + 23 } else { TARGET + 7 }] = 1;
    decode(&bytes).expect("plain");
    bytes
}

#[test]
fn each_refusal_has_its_name() {
    let change = |kind: u8, at: usize, value: &[u8]| {
        let mut bytes = plain(kind);
        bytes[at..at + value.len()].copy_from_slice(value);
        decode(&bytes).unwrap_err()
    };
    for got in [0, 0x0f, 0x14, 0x22, 0xff] {
        assert_eq!(change(0x10, 0, &[got]), DecodeSignedError::UnknownType { got });
    }
    let large = (1u64 << 62).to_be_bytes();
    for kind in 0x10..=0x13 {
        let range = |field| DecodeSignedError::Range { field, got: 1 << 62 };
        assert_eq!(change(kind, AMOUNT, &large), range("amount"));
        assert_eq!(change(kind, AMOUNT + 8, &large), range("fee"));
        let top = [0x7f, 0xff, 0xff, 0xfd];
        let response = DecodeSignedError::Response { got: 0x7fff_fffd };
        assert_eq!(change(kind, RESPONSE + 32, &top), response);
        if kind != 0x10 {
            let to = DecodeSignedError::NotZero { field: "to", got: 5 };
            assert_eq!(change(kind, TO + 3, &[5]), to);
        }
        if kind != 0x12 {
            assert_eq!(change(kind, TARGET + 7, &[0]), DecodeSignedError::ZeroKey);
        }
    }
    let amount = DecodeSignedError::NotZero { field: "amount", got: 9 };
    assert_eq!(change(0x13, AMOUNT + 7, &[9]), amount);
    for (index, bits) in [36, 62, 62, 0, 0].into_iter().enumerate() {
        let got = 1u64 << bits;
        let error = change(0x12, TARGET + 8 * index, &got.to_be_bytes());
        assert_eq!(error, DecodeSignedError::NotAnAddress { index, got });
    }
    // Zero is an address, and a challenge.
    decode(&{
        let mut bytes = plain(0x12);
        bytes[TARGET..CHALLENGE].fill(0);
        bytes
    })
    .expect("the address 0");
}
