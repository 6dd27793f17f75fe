use super::super::extension::ExtensionField;
use super::super::testing::{assert_bound, builder, random_exts};
use super::*;
use plonky2::field::types::{PrimeField64, Sample};
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::vars::EvaluationVars;

/// Evaluates the gate on random wires and constants, natively and in constraints.
fn differential(gate: GateRef<F, D>) {
    let config = CircuitConfig::standard_recursion_config();
    let mut b = builder();
    let (wires, wire_values) = random_exts(&mut b, config.num_wires);
    let (constants, constant_values) = random_exts(&mut b, gate.0.num_constants());
    let hash = HashOut { elements: F::rand_array() };
    let hash_wires = hash.elements.map(|x| Base::limb(&mut b, x.to_canonical_u64()));
    let inputs = b.num_wires();

    let expected: Vec<ExtensionField> = gate.0.eval_unfiltered(EvaluationVars {
        local_constants: &constant_values,
        local_wires: &wire_values,
        public_inputs_hash: &hash,
    });
    let id = gate.0.id();
    assert_eq!(expected.len(), gate.0.num_constraints(), "{id}");

    let vars = Vars { constants: &constants, wires: &wires, public_inputs_hash: &hash_wires };
    let known = Gate::recognise(&gate).expect("a gate of the list");
    let computed = known.evaluate(&mut b, vars);
    let computed_values: Vec<ExtensionField> = computed.iter().map(Ext::value).collect();
    assert_eq!(computed_values, expected, "{id}");
    computed.iter().for_each(|c| {
        c.reduce(&mut b);
    });
    assert!(b.is_satisfied(), "{id}");
    assert_bound(&b, inputs);
}

#[test]
fn gates_match_plonky2() {
    let config = CircuitConfig::standard_recursion_config();
    let gates = [
        GateRef::new(NoopGate),
        GateRef::new(ConstantGate::new(2)),
        GateRef::new(PublicInputGate),
        GateRef::new(BaseSumGate::<2>::new(63)),
        GateRef::new(ArithmeticGate::new_from_config(&config)),
        GateRef::new(ArithmeticExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(MulExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(ReducingGate::<D>::new(43)),
        GateRef::new(ReducingExtensionGate::<D>::new(32)),
        GateRef::new(RandomAccessGate::new_from_config(&config, 4)),
        GateRef::new(RandomAccessGate::new_from_config(&config, 1)),
        GateRef::new(ExponentiationGate::new_from_config(&config)),
    ];
    gates.into_iter().for_each(differential);
}

#[test]
fn poseidon2_gates_match() {
    differential(GateRef::new(PermutationGate::default()));
    differential(GateRef::new(CompressionGate::default()));
}

#[test]
fn coset_interpolation_gates_match() {
    // The gate of FRI layers of arity 16, as the recursive verifier makes it, and others of any degree.
    for (bits, degree) in [(4, 6), (4, 16), (3, 3), (1, 2), (2, 3)] {
        let mut gate = CosetInterpolationGate::<F, D>::new(bits);
        gate.degree = degree;
        differential(GateRef::new(gate));
    }
}

#[test]
fn other_gates_are_unknown() {
    let gate = GateRef::new(plonky2::gates::poseidon::PoseidonGate::<F, D>::new());
    assert!(Gate::recognise(&gate).is_none());
    let gate = GateRef::<F, D>::new(BaseSumGate::<4>::new(31));
    assert!(Gate::recognise(&gate).is_none());
}
