//! Every field of a proof and of its statement, changed in every way, is refused at a named step: by
//! the native verifier, and by what gives the circuit its witness.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_tamper::{check, step};
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_data::CircuitConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{Parameters, Val};
use crate::native::{Keys, Proof, prove, verify};
use crate::recursive::extension::Builder;
use crate::recursive::satisfaction::satisfying_witness;
use crate::recursive::toy::{LOG_HEIGHTS, Toy, satisfying_traces, tables};
use crate::recursive::verifier::verify_stark;
use crate::testing::TINY;

/// So much work that no change passes for work by chance.
const PARAMETERS: Parameters = Parameters {
    lookup_pow_bits: 15,
    batch_pow_bits: 15,
    commit_pow_bits: 15,
    query_pow_bits: 15,
    ..TINY
};

#[derive(Serialize, Deserialize)]
struct Claim {
    proof: Proof,
    public_values: Vec<Vec<Val>>,
}

fn claim() -> (Keys, Vec<Toy>, Claim) {
    let tables = tables();
    let keys = Keys::new(PARAMETERS, &tables, &LOG_HEIGHTS).unwrap();
    let (traces, public_values) = satisfying_traces();
    // On one thread, so that work is found where it was before: steps depend on it here and there.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let proof = one_thread.install(|| prove(&keys, &tables, &traces, &public_values)).unwrap();
    (keys, tables, Claim { proof, public_values })
}

#[test]
fn every_change_is_refused_natively() {
    let (keys, tables, claim) = claim();
    let judge = |value: &Value| {
        let Ok(claim) = Claim::deserialize(value) else { return Some("Decode".to_owned()) };
        let verdict = verify(&keys, &tables, &claim.proof, &claim.public_values);
        verdict.err().map(|error| step(&error))
    };
    assert_eq!(judge(&serde_json::to_value(&claim).unwrap()), None);
    check(include_str!("tamper/native.txt"), &claim, judge);
}

#[test]
fn no_change_has_a_witness() {
    let (keys, tables, claim) = claim();
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let target = verify_stark(&mut builder, &keys, &tables).unwrap();
    let circuit = builder.build_prover::<CairnConfig>();
    let judge = |value: &Value| {
        let Ok(Claim { proof, public_values }) = Claim::deserialize(value) else {
            return Some("Decode".to_owned());
        };
        // What the native verifier refuses for its shape has no witness, by an error or by a panic.
        let mut witness = PartialWitness::new();
        let set = catch_unwind(AssertUnwindSafe(|| {
            target.set_unverified(&mut witness, &keys, &tables, &proof, &public_values)
        }));
        match set {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Some(step(&error)),
            Err(_) => return Some("panic".to_owned()),
        }
        let accepted = satisfying_witness(witness, &circuit.prover_only, &circuit.common).is_some();
        (!accepted).then(|| "circuit".to_owned())
    };
    assert_eq!(judge(&serde_json::to_value(&claim).unwrap()), None);
    check(include_str!("tamper/witness.txt"), &claim, judge);
}
