//! A circuit verified in a circuit verified in a circuit.

use cairn_stark::recursive::extension::to_plonky2_cap;
use cairn_stark::recursive::proof::StarkProofTarget;
use cairn_stark::recursive::verifier::{verify_stark, verify_stark_under};
use plonky2::hash::hash_types::MerkleCapTarget;

use super::*;

/// Verifies proofs of one circuit.
struct Constant {
    circuit: Circuit,
    target: StarkProofTarget,
}

impl Constant {
    fn new(inner: &Circuit) -> Self {
        let mut builder = Builder::new(circuit_config(80));
        let target = verify_stark(&mut builder, inner.keys(), inner.tables()).unwrap();
        builder.register_public_inputs(&target.public_values()[0]);
        Self { circuit: Circuit::new(builder.build(), TINY).unwrap(), target }
    }
}

/// Verifies proofs of all circuits of one shape; the key is a private input.
struct Any {
    circuit: Circuit,
    key: MerkleCapTarget,
    target: StarkProofTarget,
}

impl Any {
    fn new(shape: &Circuit) -> Self {
        let mut builder = Builder::new(circuit_config(80));
        let key = builder.add_virtual_cap(TINY.cap_height);
        let target = verify_stark_under(&mut builder, shape.keys(), shape.tables(), &key).unwrap();
        builder.register_public_inputs(&target.public_values()[0]);
        Self { circuit: Circuit::new(builder.build(), TINY).unwrap(), key, target }
    }

    /// A proof of `of` under the key of `key`.
    fn inputs(&self, key: &Circuit, of: &Circuit, inner: PartialWitness<F>) -> PartialWitness<F> {
        let (proof, public_inputs) = of.prove(inner).unwrap();
        let mut witness = PartialWitness::new();
        let commitment = &key.keys().common().preprocessed.as_ref().unwrap().commitment;
        witness.set_cap_target(&self.key, &to_plonky2_cap(commitment)).unwrap();
        let values = public_values(&public_inputs);
        self.target.set_witness(&mut witness, of.keys(), of.tables(), &proof, &values).unwrap();
        witness
    }
}

#[test]
fn a_proof_of_a_proof_of_a_proof_holds() {
    let toy = &*TOY;
    let middle = Constant::new(&toy.circuit);
    let outer = Any::new(&middle.circuit);

    let (proof, public_inputs) = toy.circuit.prove(toy.inputs(12, 34)).unwrap();
    let mut witness = PartialWitness::new();
    let values = public_values(&public_inputs);
    let (keys, tables) = (toy.circuit.keys(), toy.circuit.tables());
    middle.target.set_witness(&mut witness, keys, tables, &proof, &values).unwrap();
    let (_, exposed) = middle.circuit.prove(witness.clone()).unwrap();
    assert_eq!(exposed, public_inputs);

    let witness = outer.inputs(&middle.circuit, &middle.circuit, witness);
    let (proof, exposed) = outer.circuit.prove(witness).unwrap();
    assert_eq!(exposed, public_inputs);
    outer.circuit.verify(&proof, &public_inputs).unwrap();
}

/// Which circuit is proven is told by the key alone: another one of the same shape has another key.
#[test]
fn key_of_another_circuit_does_not_prove() {
    let (toy, other) = (&*TOY, Toy::new(4));
    let any = Any::new(&toy.circuit);
    assert_eq!(toy.circuit.common(), other.circuit.common());
    for circuit in [toy, &other] {
        let witness = any.inputs(&circuit.circuit, &circuit.circuit, circuit.inputs(1, 2));
        any.circuit.prove(witness).unwrap();
    }
    let witness = any.inputs(&toy.circuit, &other.circuit, other.inputs(1, 2));
    assert!(matches!(any.circuit.prove(witness), Err(ProveError::Unsatisfied(_))));
}

/// Each value that a prover sets in the proof's main part.
#[test]
fn changed_values_do_not_prove() {
    let toy = &*TOY;
    let any = Any::new(&toy.circuit);
    let witness = any.inputs(&toy.circuit, &toy.circuit, toy.inputs(1, 2));
    let mut targets: Vec<Target> = witness.target_values.keys().copied().collect();
    targets.sort_by_key(|target| format!("{target:?}"));
    // A sample: each changed value costs a run of all generators.
    for target in targets.into_iter().step_by(97) {
        let mut mutant = PartialWitness::new();
        for (&other, &value) in &witness.target_values {
            let value = if other == target { value + F::ONE } else { value };
            mutant.set_target(other, value).unwrap();
        }
        assert!(any.circuit.prove(mutant).is_err(), "{target:?}");
    }
}
