use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::vars::EvaluationVars;
use proptest::prelude::*;

use super::*;
use crate::ring::Native;
use crate::sha256::Function;

type Extension = QuadraticExtension<GoldilocksField>;

/// Every gate of every circuit of Cairn, with parameters that they have, and some more.
fn gates() -> Vec<GateRef<GoldilocksField, D>> {
    let config = CircuitConfig::standard_recursion_config();
    let mut gates = vec![
        GateRef::new(NoopGate),
        GateRef::new(ConstantGate::new(2)),
        GateRef::new(PublicInputGate),
        GateRef::new(BaseSumGate::<2>::new(63)),
        GateRef::new(BaseSumGate::<2>::new(32)),
        GateRef::new(ArithmeticGate::new_from_config(&config)),
        GateRef::new(ArithmeticExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(MulExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(ReducingGate::<D>::new(43)),
        GateRef::new(ReducingExtensionGate::<D>::new(32)),
        GateRef::new(ExponentiationGate::new_from_config(&config)),
        GateRef::new(PermutationGate::default()),
        GateRef::new(CompressionGate::default()),
        GateRef::new(RangeCheckGate),
        GateRef::new(KeyGate),
        GateRef::new(StepGate),
        GateRef::new(RangeGate::<LIMB_BITS>),
        GateRef::new(RangeGate::<CARRY_BITS>),
        GateRef::new(ReductionGate),
        GateRef::new(WordGate),
        GateRef::new(AddGate),
    ];
    for bits in 1..6 {
        gates.push(GateRef::new(RandomAccessGate::new_from_config(&config, bits)));
    }
    for function in [Function::Schedule, Function::Choose, Function::Majority] {
        gates.push(GateRef::new(BitsGate { function }));
    }
    for (bits, degree) in [(4, 6), (4, 16), (3, 3), (1, 2), (2, 3)] {
        let mut gate = CosetInterpolationGate::new(bits);
        gate.degree = degree;
        gates.push(GateRef::new(gate));
    }
    gates
}

fn element(words: [u64; 2]) -> Extension {
    QuadraticExtension(words.map(GoldilocksField::from_noncanonical_u64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn constraints_are_those_of_plonky2(
        wires in prop::collection::vec(any::<[u64; 2]>(), 135),
        constants: [[u64; 2]; 2],
        public_inputs: [u64; 4],
    ) {
        let wires: Vec<Extension> = wires.into_iter().map(element).collect();
        let constants = constants.map(element);
        let elements = public_inputs.map(GoldilocksField::from_noncanonical_u64);
        for gate in gates() {
            let expected = gate.0.eval_unfiltered(EvaluationVars {
                local_constants: &constants,
                local_wires: &wires,
                public_inputs_hash: &HashOut { elements },
            });
            let public_inputs = elements.map(Extension::from);
            let vars = Vars { constants: &constants, wires: &wires, public_inputs: &public_inputs };
            let mut got = vec![];
            let known = Gate::recognise(&gate).expect("a gate of the list");
            known.constraints(&mut Native::new(), vars, &mut got);
            prop_assert_eq!(got, expected, "{}", gate.0.id());
        }
    }
}

#[test]
fn other_gates_are_unknown() {
    use plonky2::gates::poseidon::PoseidonGate;
    let unknown: [GateRef<GoldilocksField, D>; 2] =
        [GateRef::new(PoseidonGate::new()), GateRef::new(BaseSumGate::<4>::new(31))];
    assert!(unknown.iter().all(|gate| Gate::recognise(gate).is_none()));
}
