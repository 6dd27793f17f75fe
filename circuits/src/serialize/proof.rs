//! Proofs from outside: shape and canonical form are checked before plonky2 sees a byte.
//!
//! plonky2's encoding has no freedom but the lengths of Merkle paths and of the public inputs, both of
//! which the circuit fixes, and the representative of each element, which its decoder does not check.
//! So a proof is a fixed list of [`Part`]s, and each proof has one encoding.

use plonky2::field::types::Field64;
use plonky2::plonk::plonk_common::salt_size;
use thiserror::Error;

use crate::config::{Common, D, F, Proof};

/// Bytes of an element: little-endian u64.
const ELEMENT_BYTES: usize = 8;

/// Bytes are not a proof of this circuit. Positions are offsets in bytes.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum DecodeError {
    /// Not the length of every proof of the circuit.
    #[error("a proof of this circuit has {expected} bytes, got {got}")]
    Length {
        /// Bytes of a proof.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// An element is not reduced: a second encoding of some proof.
    #[error("the element at byte {offset} is not canonical: got {got:#x}")]
    NonCanonical {
        /// Where the element starts.
        offset: usize,
        /// The 64 bits found there.
        got: u64,
    },
    /// A length inside the proof is not the one that the circuit has there.
    #[error("the count at byte {offset} must be {expected}, got {got}")]
    Count {
        /// Where the count starts.
        offset: usize,
        /// The only valid value.
        expected: u64,
        /// The value found.
        got: u64,
    },
    /// plonky2 refused what passed all checks: its encoding is not the one known here.
    #[error("plonky2 cannot decode the proof: {0}")]
    Plonky2(String),
}

/// A piece of an encoded proof.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// So many elements.
    Elements(usize),
    /// A byte with the length of a Merkle path.
    PathLength(u8),
    /// Eight bytes with the number of public inputs.
    PublicInputs(u64),
}

impl Part {
    const fn len(self) -> usize {
        match self {
            Self::Elements(count) => count * ELEMENT_BYTES,
            Self::PathLength(_) => 1,
            Self::PublicInputs(_) => 8,
        }
    }
}

/// The bytes of a proof.
pub fn encode_proof(proof: &Proof) -> Vec<u8> {
    proof.to_bytes()
}

/// The length of every encoded proof of the circuit, in bytes.
pub fn proof_len(common: &Common) -> usize {
    parts(common).into_iter().map(Part::len).sum()
}

/// Decodes a proof from anyone. Memory and time are those of a proof of the circuit, whatever the bytes.
///
/// The result has the circuit's shape and canonical elements, which is all that the verifier needs in order
/// not to panic; it need not verify.
///
/// # Errors
/// If the bytes are not an encoding that [`encode_proof`] could make for this circuit.
pub fn decode_proof(bytes: &[u8], common: &Common) -> Result<Proof, DecodeError> {
    let parts = parts(common);
    let expected = parts.iter().map(|part| part.len()).sum();
    if bytes.len() != expected {
        return Err(DecodeError::Length { expected, got: bytes.len() });
    }
    let mut offset = 0;
    for part in parts {
        let Some(bytes) = bytes.get(offset..offset + part.len()) else {
            return Err(DecodeError::Length { expected, got: bytes.len() });
        };
        check(part, bytes, offset)?;
        offset += part.len();
    }
    Proof::from_bytes(bytes.to_vec(), common)
        .map_err(|error| DecodeError::Plonky2(error.to_string()))
}

/// Checks one part; `bytes` has its length.
fn check(part: Part, bytes: &[u8], offset: usize) -> Result<(), DecodeError> {
    let count = |expected: u64, got: u64| match got == expected {
        true => Ok(()),
        false => Err(DecodeError::Count { offset, expected, got }),
    };
    let words = bytes.as_chunks::<ELEMENT_BYTES>().0.iter().map(|&word| u64::from_le_bytes(word));
    match part {
        Part::Elements(_) => match words.enumerate().find(|&(_, word)| word >= F::ORDER) {
            Some((i, got)) => {
                Err(DecodeError::NonCanonical { offset: offset + ELEMENT_BYTES * i, got })
            }
            None => Ok(()),
        },
        Part::PathLength(expected) => {
            bytes.iter().try_for_each(|&got| count(expected.into(), got.into()))
        }
        Part::PublicInputs(expected) => words.into_iter().try_for_each(|got| count(expected, got)),
    }
}

/// The parts of an encoded proof, in plonky2's order (`util::serialization`).
fn parts(common: &Common) -> Vec<Part> {
    let config = &common.config;
    let fri = &common.fri_params;
    let cap_height = fri.config.cap_height;
    let cap = Part::Elements(4 << cap_height);
    let path = |leaves_bits: usize| {
        let length = leaves_bits - cap_height;
        [Part::PathLength(length as u8), Part::Elements(4 * length)]
    };
    let salt = salt_size(fri.hiding);
    let zs = common.config.num_challenges * (1 + common.num_partial_products);
    let lookups = config.num_challenges * common.num_lookup_polys;
    let quotients = common.config.num_challenges * common.quotient_degree_factor;
    let preprocessed = common.num_constants + config.num_routed_wires;

    let mut parts = vec![cap; 3];
    let opened =
        preprocessed + config.num_wires + zs + config.num_challenges + 2 * lookups + quotients;
    parts.push(Part::Elements(D * opened));
    parts.extend(vec![cap; fri.reduction_arity_bits.len()]);
    for _ in 0..fri.config.num_query_rounds {
        let widths = [preprocessed, config.num_wires + salt, zs + lookups + salt, quotients + salt];
        for width in widths {
            parts.push(Part::Elements(width));
            parts.extend(path(fri.lde_bits()));
        }
        let mut leaves_bits = fri.lde_bits();
        for arity_bits in &fri.reduction_arity_bits {
            leaves_bits -= arity_bits;
            parts.push(Part::Elements(D << arity_bits));
            parts.extend(path(leaves_bits));
        }
    }
    parts.push(Part::Elements(D * fri.final_poly_len() + 1)); // and the proof-of-work witness
    parts.push(Part::PublicInputs(common.num_public_inputs as u64));
    parts.push(Part::Elements(common.num_public_inputs));
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use cairn_gadgets::poseidon2::CairnConfig;
    use plonky2::field::types::Field;
    use plonky2::gates::noop::NoopGate;
    use plonky2::iop::witness::{PartialWitness, WitnessWrite};
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Circuit, LEAF};
    use crate::proving::{prove, verify};

    /// A small circuit with a step of folding, and a proof.
    static EXAMPLE: LazyLock<(Circuit, Vec<u8>)> = LazyLock::new(|| {
        let mut builder = LEAF.builder();
        let inputs = builder.add_virtual_targets(3);
        builder.register_public_inputs(&inputs);
        (0..64).for_each(|_| _ = builder.add_gate(NoopGate, vec![]));
        let circuit = builder.build::<CairnConfig>();
        let mut witness = PartialWitness::new();
        witness.set_target_arr(&inputs, &[1, 2, 3].map(F::from_canonical_u64)).unwrap();
        let proof = encode_proof(&prove(&circuit, witness).unwrap());
        (circuit, proof)
    });

    /// Whether the bytes decode and the proof verifies.
    fn accepted(bytes: &[u8]) -> bool {
        let circuit = &EXAMPLE.0;
        decode_proof(bytes, &circuit.common)
            .is_ok_and(|proof| verify(&circuit.common, &circuit.verifier_only, &proof).is_ok())
    }

    #[test]
    fn proof_round_trips() {
        let (circuit, bytes) = &*EXAMPLE;
        let proof = decode_proof(bytes, &circuit.common).unwrap();
        assert_eq!(&encode_proof(&proof), bytes);
        assert_eq!(proof_len(&circuit.common), bytes.len());
        assert!(!circuit.common.fri_params.reduction_arity_bits.is_empty());
        assert!(accepted(bytes));
    }

    #[test]
    fn second_representative_of_an_element_is_refused() {
        let (circuit, bytes) = &*EXAMPLE;
        let mut bytes = bytes.clone();
        let offset = bytes.len() - ELEMENT_BYTES;
        let got = 3 + F::ORDER;
        bytes[offset..].copy_from_slice(&got.to_le_bytes());
        // plonky2 itself takes it for the same proof.
        assert!(Proof::from_bytes(bytes.clone(), &circuit.common).is_ok());
        let error = decode_proof(&bytes, &circuit.common);
        assert_eq!(error, Err(DecodeError::NonCanonical { offset, got }));
    }

    #[test]
    fn other_counts_are_refused() {
        let (circuit, bytes) = &*EXAMPLE;
        let inputs = bytes.len() - 3 * ELEMENT_BYTES - 8;
        let first_path = parts(&circuit.common)
            .iter()
            .take_while(|part| !matches!(part, Part::PathLength(_)))
            .map(|part| part.len())
            .sum();
        for offset in [inputs, first_path] {
            let mut bytes = bytes.clone();
            bytes[offset] ^= 1;
            let result = decode_proof(&bytes, &circuit.common);
            assert!(matches!(result, Err(DecodeError::Count { offset: o, .. }) if o == offset));
        }
    }

    proptest! {
        #[test]
        fn mutated_proof_is_refused(position: prop::sample::Index, flip in 1u8..) {
            let mut bytes = EXAMPLE.1.clone();
            bytes[position.index(EXAMPLE.1.len())] ^= flip;
            prop_assert!(!accepted(&bytes));
        }

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..1 << 12)) {
            prop_assert!(decode_proof(&bytes, &EXAMPLE.0.common).is_err());
        }

        #[test]
        fn garbage_of_the_right_length_is_refused(seed: [u8; 32]) {
            let bytes: Vec<u8> = seed.iter().copied().cycle().take(EXAMPLE.1.len()).collect();
            prop_assert!(!accepted(&bytes));
        }

        #[test]
        fn truncated_or_extended_proof_is_refused(cut in 1usize..1 << 12, extend: bool) {
            let mut bytes = EXAMPLE.1.clone();
            if extend { bytes.resize(bytes.len() + cut, 0) } else { bytes.truncate(bytes.len() - cut) }
            prop_assert!(decode_proof(&bytes, &EXAMPLE.0.common).is_err());
        }
    }
}
