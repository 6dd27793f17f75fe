//! Circuits as tables: what is proven, and what is refused at which step.

mod copies;
mod recursion;
mod refusals;

use std::sync::LazyLock;

use cairn_gadgets::arithmetic::assert_bits;
use cairn_gadgets::field::to_plonky2;
use cairn_gadgets::poseidon2::{DigestTarget, compress, hash};
use cairn_primitives::Tag;
use cairn_stark::check::check;
use cairn_stark::config::{Parameters, RATE_EIGHTH};
use cairn_stark::native::{Trace, decode, encode};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;

use crate::circuit::{PlonkCircuit, ProveError, PublicInputs, public_values};
use crate::config::{TableConfig, circuit_config};

type F = GoldilocksField;
type Builder = CircuitBuilder<F, 2>;
type Circuit = PlonkCircuit<TableConfig>;

/// Few queries, a small final polynomial, every proof of work.
const TINY: Parameters = Parameters {
    log_final_poly_len: 1,
    queries: 3,
    cap_height: 1,
    lookup_pow_bits: 3,
    batch_pow_bits: 2,
    commit_pow_bits: 1,
    query_pow_bits: 4,
    ..RATE_EIGHTH
};

/// A circuit of many gates with two inputs below 2^20.
struct Toy {
    circuit: Circuit,
    inputs: [Target; 2],
}

impl Toy {
    /// `salt` is a constant of the circuit: circuits differ in it and in nothing else.
    fn new(salt: u64) -> Self {
        let mut builder = Builder::new(circuit_config(80));
        let inputs @ [a, b] = builder.add_virtual_target_arr();
        assert_bits(&mut builder, a, 20);
        assert_bits(&mut builder, b, 20);
        let list = (0..16).map(|i| builder.constant(F::from_canonical_u64(i * i + 5))).collect();
        let low = builder.split_le(a, 20)[..4].to_vec();
        let index = builder.le_sum(low.into_iter());
        let chosen = builder.random_access(index, list);
        let c = builder.mul_add(a, b, chosen);
        let salt = builder.constant(F::from_canonical_u64(salt));
        let x = ExtensionTarget([a, salt]);
        let y = builder.mul_extension(x, ExtensionTarget([c, b]));
        let z = builder.mul_add_extension(x, y, x);
        let left: DigestTarget = hash(&mut builder, Tag::State, &[a, b, c, z.0[0], z.0[1]]);
        let digest = compress(&mut builder, left, [c, a, b, salt]);
        builder.register_public_inputs(&digest);
        let circuit = Circuit::new(builder.build(), TINY).unwrap();
        Self { circuit, inputs }
    }

    fn inputs(&self, a: u64, b: u64) -> PartialWitness<F> {
        let mut inputs = PartialWitness::new();
        for (target, value) in self.inputs.into_iter().zip([a, b]) {
            inputs.set_target(target, F::from_canonical_u64(value)).unwrap();
        }
        inputs
    }

    fn trace(&self) -> (Trace, PublicInputs) {
        self.circuit.trace(self.inputs(1000, 77)).unwrap()
    }
}

static TOY: LazyLock<Toy> = LazyLock::new(|| Toy::new(3));

#[test]
fn honest_circuit_proves() {
    let toy = &*TOY;
    for (a, b) in [(0, 0), (1000, 77), ((1 << 20) - 1, (1 << 20) - 1)] {
        let (trace, public_inputs) = toy.circuit.trace(toy.inputs(a, b)).unwrap();
        check(toy.circuit.tables(), &[trace], &public_values(&public_inputs)).unwrap();
        let (proof, exposed) = toy.circuit.prove(toy.inputs(a, b)).unwrap();
        assert_eq!(exposed, public_inputs);
        let proof = decode(&encode(&proof).unwrap()).unwrap();
        toy.circuit.verify(&proof, &public_inputs).unwrap();
    }
}

#[test]
fn inputs_without_a_witness_are_refused() {
    let toy = &*TOY;
    let none = toy.circuit.prove(PartialWitness::new());
    assert!(matches!(none, Err(ProveError::Unsatisfied(_))));
    // Out of range: either a generator refuses or the proof does not verify.
    assert!(toy.circuit.prove(toy.inputs(1 << 20, 1)).is_err());
}

/// The four cells of plonky2's public-input gate are the table's public values.
#[test]
fn public_values_are_the_circuits_own() {
    let toy = &*TOY;
    let (_, public_inputs) = toy.trace();
    let [values] = public_values(&public_inputs);
    assert_eq!(values.iter().map(|&value| to_plonky2(value)).collect::<Vec<_>>(), public_inputs);
}
