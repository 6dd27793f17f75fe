use cairn_primitives::{Digest, Tag};
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64, Sample};
use plonky2::gates::gate::Gate;
use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
use plonky2::hash::hash_types::HashOut;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::wire::Wire;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::config::Hasher;
use plonky2::plonk::vars::EvaluationVars;
use proptest::prelude::*;

use super::*;
use crate::field::{digest_from_plonky2, digest_to_plonky2, from_plonky2};
use crate::testing::evaluate;

type F = GoldilocksField;
type Extension = QuadraticExtension<F>;

/// Known answers of `p3-goldilocks` 0.9.0-rc.2 (`src/poseidon2.rs`, tests
/// `test_default_goldilocks_poseidon2_width_{8,12}`) on the input 0, 1, 2, ..
const KNOWN_8: [u64; 8] = [
    0x020cf04a1b214d14,
    0x84e14aaaeacaed25,
    0x1ae0f640e81c7457,
    0xa4d204cbaeb0d8a5,
    0x0cf637b627b3a7ff,
    0x788d304d948b486b,
    0x7327133ea1949af4,
    0xf415abb924da395b,
];
const KNOWN_12: [u64; 12] = [
    0xf292ab67c0f14b03,
    0x0a32f1b37656544c,
    0x053c61ab895498de,
    0x02ff92e55b196ffb,
    0x58176e8f6f58cab2,
    0xb0aa1206e7aec0f8,
    0xe90c13f3dce83ca4,
    0xf4da15333edf39c2,
    0x23b701c053c2ca6c,
    0xd233d593dcdfbf58,
    0x4effa5f9516fb52e,
    0x0aaf4489f1f40166,
];

/// All wires of the row that the generator makes for this input.
fn row<const W: usize, const OUT: usize>(input: [F; W], swap: bool) -> Vec<F>
where
    Width<W>: SupportedWidth<W>,
{
    let mut builder = CircuitBuilder::<F, 2>::new(CircuitConfig::standard_recursion_config());
    let row = builder.add_gate(Poseidon2Gate::<W, OUT>, vec![]);
    let circuit = builder.build_prover::<CairnConfig>();
    let mut witness = PartialWitness::new();
    let wire = |column| Wire { row, column };
    for (i, value) in input.into_iter().enumerate() {
        witness.set_wire(wire(Poseidon2Gate::<W, OUT>::wire_input(i)), value).unwrap();
    }
    let swap_wire = wire(Poseidon2Gate::<W, OUT>::WIRE_SWAP);
    witness.set_wire(swap_wire, F::from_bool(swap)).unwrap();
    let witness = generate_partial_witness(witness, &circuit.prover_only, &circuit.common).unwrap();
    let width = Gate::<F, 2>::num_wires(&Poseidon2Gate::<W, OUT>);
    (0..width).map(|column| witness.get_wire(wire(column))).collect()
}

/// Whether the row satisfies every constraint of the gate.
fn satisfied<const W: usize, const OUT: usize>(row: &[F]) -> bool
where
    Width<W>: SupportedWidth<W>,
{
    let wires: Vec<Extension> = row.iter().map(|&value| value.into()).collect();
    let constraints = Gate::<F, 2>::eval_unfiltered(
        &Poseidon2Gate::<W, OUT>,
        EvaluationVars {
            local_constants: &[],
            local_wires: &wires,
            public_inputs_hash: &HashOut::ZERO,
        },
    );
    constraints.iter().all(|c| *c == Extension::ZERO)
}

fn check_row<const W: usize, const OUT: usize>(expected: [u64; OUT])
where
    Width<W>: SupportedWidth<W>,
{
    let input: [F; W] = std::array::from_fn(F::from_canonical_usize);
    let mut swapped = input;
    (0..4).for_each(|i| swapped.swap(i, i + 4));
    for (input, swap) in [(input, false), (swapped, true)] {
        let row = row::<W, OUT>(input, swap);
        let outputs: [u64; OUT] = std::array::from_fn(|i| {
            row[Poseidon2Gate::<W, OUT>::wire_output(i)].to_canonical_u64()
        });
        assert_eq!(outputs, expected);
        assert!(satisfied::<W, OUT>(&row));
        // Every wire is bound: changing any one of them violates a constraint.
        for wire in 0..row.len() {
            let mut mutated = row.clone();
            mutated[wire] += F::ONE;
            assert!(!satisfied::<W, OUT>(&mutated), "wire {wire} is free");
        }
    }
}

#[test]
fn permutation_row_gives_the_known_answer_and_binds_every_wire() {
    check_row::<12, 12>(KNOWN_12);
}

#[test]
fn compression_row_feeds_forward_and_binds_every_wire() {
    let expected = std::array::from_fn(|i| KNOWN_8[i] + i as u64);
    check_row::<8, 4>(expected);
}

#[test]
fn swap_of_one_half_is_refused() {
    // A swap of 1/2 turns both halves into their mean: all but the bit constraint holds.
    let half = F::TWO.inverse();
    let [left, right]: [[F; 4]; 2] = [0; 2].map(|_| [0; 4].map(|_| F::rand()));
    let mean: [F; 8] = std::array::from_fn(|i| (left[i % 4] + right[i % 4]) * half);
    let mut forged = row::<8, 4>(mean, false);
    forged[CompressionGate::WIRE_SWAP] = half;
    for i in 0..4 {
        forged[CompressionGate::wire_input(i)] = left[i];
        forged[CompressionGate::wire_input(i + 4)] = right[i];
        forged[CompressionGate::wire_delta(i)] = half * (right[i] - left[i]);
    }
    assert!(!satisfied::<8, 4>(&forged));
}

#[test]
fn degree_is_seven() {
    test_low_degree::<F, _, 2>(PermutationGate::default());
    test_low_degree::<F, _, 2>(CompressionGate::default());
}

#[test]
fn all_evaluations_agree() {
    test_eval_fns::<F, CairnConfig, _, 2>(PermutationGate::default()).unwrap();
    test_eval_fns::<F, CairnConfig, _, 2>(CompressionGate::default()).unwrap();
}

#[test]
fn wire_budget() {
    assert_eq!(Gate::<F, 2>::num_wires(&PermutationGate::default()), 135);
    assert_eq!(Gate::<F, 2>::num_wires(&CompressionGate::default()), 95);
}

fn digest(targets: &[Target]) -> DigestTarget {
    std::array::from_fn(|i| targets[i])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn hash_agrees_with_the_native_sponge(
        tag in prop_oneof![Just(Tag::State), Just(Tag::VerifierKey)],
        input in prop::collection::vec(any::<u64>(), 0..40),
    ) {
        let input: Vec<F> = input.into_iter().map(F::from_noncanonical_u64).collect();
        let output = evaluate(&input, |builder, input| hash(builder, tag, input).to_vec());
        let native: Vec<_> = input.iter().copied().map(from_plonky2).collect();
        let expected = cairn_primitives::hash(tag, &native);
        prop_assert_eq!(output, digest_to_plonky2(&expected).to_vec());
    }

    #[test]
    fn compression_agrees_with_the_native_one(values: [u64; 8], swap: bool) {
        let mut input = values.map(F::from_noncanonical_u64).to_vec();
        let native = |start: usize| -> Digest {
            digest_from_plonky2(std::array::from_fn(|i| input[start + i]))
        };
        let (node, sibling) = (native(0), native(4));
        input.push(F::from_bool(swap));
        let output = evaluate(&input, |builder, input| {
            let bit = BoolTarget::new_unsafe(input[8]);
            compress_swapped(builder, digest(input), digest(&input[4..]), bit).to_vec()
        });
        let expected = if swap {
            cairn_primitives::compress(&sibling, &node)
        } else {
            cairn_primitives::compress(&node, &sibling)
        };
        prop_assert_eq!(output, digest_to_plonky2(&expected).to_vec());
    }

    #[test]
    fn native_permutation_takes_non_canonical_elements(values: [u64; 12]) {
        // plonky2 does not reduce after every operation: x and x + p are the same element.
        let raw = values.map(GoldilocksField);
        let canonical = raw.map(|x| F::from_canonical_u64(x.to_canonical_u64()));
        prop_assert_eq!(Poseidon2Hash::hash_no_pad(&raw), Poseidon2Hash::hash_no_pad(&canonical));
    }
}
