//! Every field of a plonky2 proof, changed in every way, is refused at a named step: by the decoder
//! of [`super::proof`], or by plonky2's verifier.

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_tamper::{check, step};
use plonky2::field::types::{Field, Field64};
use plonky2::gates::noop::NoopGate;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use serde::Deserialize;
use serde_json::Value;

use super::{decode_proof, encode_proof};
use crate::config::{Builder, Circuit, F, LEAF, Proof};
use crate::proving::{prove, verify};

/// A small circuit with a step of folding, and a proof; so much work that no change passes for work
/// by chance.
fn example() -> (Circuit, Proof) {
    let mut config = LEAF.circuit_config();
    config.security_bits = 0;
    config.fri_config.proof_of_work_bits = 15;
    config.fri_config.num_query_rounds = 2;
    let mut builder = Builder::new(config);
    let inputs = builder.add_virtual_targets(3);
    builder.register_public_inputs(&inputs);
    (0..64).for_each(|_| _ = builder.add_gate(NoopGate, vec![]));
    let circuit = builder.build::<CairnConfig>();
    let mut witness = PartialWitness::new();
    witness.set_target_arr(&inputs, &[1, 2, 3].map(F::from_canonical_u64)).unwrap();
    let proof = prove(&circuit, witness).unwrap();
    (circuit, proof)
}

/// The bytes of a proof with a number of `p` or more in one place. plonky2 writes reduced elements
/// only, so that the place is found by another element there.
fn bytes_beyond_p(proof: &Value, honest: &[u8]) -> Option<Vec<u8>> {
    let mut other = proof.clone();
    let beyond = find_beyond_p(&mut other)?;
    let got = beyond.as_u64()?;
    *beyond = (got % F::ORDER ^ 1).into();
    let other = encode_proof(&Proof::deserialize(&other).ok()?);
    let place = honest.iter().zip(&other).position(|(a, b)| a != b)?;
    let mut bytes = honest.to_vec();
    // The flipped bit is in the lowest byte.
    bytes[place..place + 8].copy_from_slice(&got.to_le_bytes());
    Some(bytes)
}

fn find_beyond_p(value: &mut Value) -> Option<&mut Value> {
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|n| n >= F::ORDER) => Some(value),
        Value::Array(list) => list.iter_mut().find_map(find_beyond_p),
        Value::Object(fields) => fields.iter_mut().find_map(|(_, value)| find_beyond_p(value)),
        _ => None,
    }
}

/// The step that says this.
fn step_of_plonky2(message: &str) -> &'static str {
    let steps = [
        ("vanishing_polys_zeta", "constraints"),
        ("proof of work", "work"),
        ("Merkle proof", "path"),
        ("evals[x_index_within_coset]", "fold"),
        ("Final polynomial", "final polynomial"),
    ];
    let step = steps.iter().find(|(part, _)| message.contains(part));
    step.unwrap_or_else(|| panic!("a step without a name: {message}")).1
}

#[test]
fn every_change_is_refused() {
    let (circuit, proof) = example();
    let honest = encode_proof(&proof);
    let judge = |value: &Value| {
        // No bytes stand for what the type cannot hold.
        let Ok(proof) = Proof::deserialize(value) else { return Some("type".to_owned()) };
        let bytes = bytes_beyond_p(value, &honest).unwrap_or_else(|| encode_proof(&proof));
        let proof = match decode_proof(&bytes, &circuit.common) {
            Ok(proof) => proof,
            Err(error) => return Some(step(&error)),
        };
        let verdict = verify(&circuit.common, &circuit.verifier_only, &proof);
        verdict.err().map(|error| step_of_plonky2(&error.to_string()).to_owned())
    };
    assert_eq!(judge(&serde_json::to_value(&proof).unwrap()), None);
    check(include_str!("tamper/plonky2.txt"), &proof, judge);
}
