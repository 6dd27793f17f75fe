//! The public input against its native twin; shrink and squeeze with altered and foreign proofs.

use std::sync::LazyLock;

use cairn_gadgets::poseidon2::CairnConfig;
use cairn_types::{Digest, MODULUS, SealStatement};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use proptest::prelude::*;

use super::{Forward, Shrink, Squeeze, public_input};
use crate::circuit_set::{CircuitSet, Family, Role, Size};
use crate::config::{Circuit, F, LEAF, Proof, SQUEEZE, WRAP};
use crate::proving::prove;
use crate::recursion::{Proven, RecursionError};
use crate::seal::tests::FIXTURE;
use crate::statement::SealStatementTarget;

static SHRINK: LazyLock<Shrink> = LazyLock::new(Shrink::build);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn public_input_is_the_native_one(
        kind in any::<u32>(),
        root in prop::array::uniform4(0..MODULUS),
        from in any::<[u8; 32]>(),
        to in any::<[u8; 32]>(),
    ) {
        let circuit_set_root = Digest::new(root).unwrap();
        let statement = SealStatement { kind, circuit_set_root, from, to };
        let mut builder = LEAF.builder();
        let target = SealStatementTarget {
            kind: builder.add_virtual_target(),
            circuit_set_root: builder.add_virtual_target_arr(),
            from: builder.add_virtual_target_arr(),
            to: builder.add_virtual_target_arr(),
        };
        let parts = public_input::parts(&mut builder, &target);
        builder.register_public_inputs(&parts);
        let circuit = builder.build::<CairnConfig>();
        let mut witness = PartialWitness::new();
        let elements: Vec<_> =
            statement.to_elements().into_iter().map(F::from_canonical_u64).collect();
        witness.set_target_arr(&target.to_vec(), &elements).unwrap();
        let proof = prove(&circuit, witness).unwrap();
        prop_assert_eq!(public(&proof), statement.public_input_parts());
    }
}

fn public(proof: &Proof) -> Vec<u64> {
    proof.public_inputs.iter().map(|x| x.to_canonical_u64()).collect()
}

/// Seal wrapper and chain node, through shrink and squeeze.
#[test]
fn a_chain_becomes_one_public_input() {
    let fixture = &*FIXTURE;
    let (first, first_proven) = fixture.sealed([0; 32]);
    let (second, second_proven) = fixture.sealed(first.to);
    let both = SealStatement { from: first.from, ..second };
    let merged = fixture.node.prove(&fixture.set, &first_proven, &second_proven).unwrap();
    assert_eq!(merged.statement, (&both).into());

    let gap = fixture.node.prove(&fixture.set, &second_proven, &first_proven);
    assert!(matches!(gap, Err(RecursionError::Gap)));

    let squeeze = Squeeze::build(&SQUEEZE, &SHRINK.circuit);
    for (statement, proven) in [(first, first_proven), (both, merged)] {
        let shrunk = SHRINK.prove(&fixture.set, &statement, &proven).unwrap();
        assert_eq!(public(&shrunk), statement.public_input_parts());
        let squeezed = squeeze.prove(&shrunk).unwrap();
        assert_eq!(squeezed.public_inputs, shrunk.public_inputs);
    }
}

#[test]
fn the_statement_is_the_proven_one() {
    let fixture = &*FIXTURE;
    let (statement, proven) = fixture.sealed([3; 32]);
    let accepts = |set: &CircuitSet, statement: &SealStatement| {
        let inputs = SHRINK.assign(set, statement, &proven).unwrap();
        prove(&SHRINK.circuit, inputs).is_ok()
    };
    assert!(accepts(&fixture.set, &statement));
    let flip = |mut hash: [u8; 32]| {
        hash[31] ^= 1;
        hash
    };
    let root = Digest::new([1, 2, 3, 4]).unwrap();
    for (name, altered) in [
        ("kind", SealStatement { kind: statement.kind + 1, ..statement }),
        ("root", SealStatement { circuit_set_root: root, ..statement }),
        ("from", SealStatement { from: flip(statement.from), ..statement }),
        ("to", SealStatement { to: flip(statement.to), ..statement }),
    ] {
        assert!(!accepts(&fixture.set, &altered), "{name}");
        let error = SHRINK.prove(&fixture.set, &altered, &proven).unwrap_err();
        assert!(matches!(error, RecursionError::Statement), "{name}");
    }
}

#[test]
fn only_the_chain_family_is_shrunk() {
    let fixture = &*FIXTURE;
    let (statement, proven) = fixture.sealed([4; 32]);
    let chunk = Proven { role: Role::Wrapper(Family::Chunk, Size::Small), ..proven.clone() };
    let error = SHRINK.prove(&fixture.set, &statement, &chunk).unwrap_err();
    assert!(matches!(error, RecursionError::Role { .. }));

    // The seal wrapper's proof under a set in which it is the chunk wrapper.
    let key = fixture.wrapper.key().clone();
    let other = CircuitSet::new(vec![(Role::Wrapper(Family::Chunk, Size::Small), key.clone())]);
    let statement =
        SealStatement { circuit_set_root: crate::seal::root_digest(&other), ..statement };
    let forged = other.with_key(Role::Wrapper(Family::Chain, Size::Small), key).with_path_of(
        Role::Wrapper(Family::Chain, Size::Small),
        Role::Wrapper(Family::Chunk, Size::Small),
    );
    let inputs = SHRINK.assign(&forged, &statement, &proven).unwrap();
    assert!(prove(&SHRINK.circuit, inputs).is_err());
}

/// A circuit with four public inputs, each `base` times the one before.
fn geometric(base: u64) -> Circuit {
    let mut builder = LEAF.builder();
    let mut value = builder.add_virtual_target();
    for _ in 0..4 {
        builder.register_public_input(value);
        value = builder.mul_const(F::from_canonical_u64(base), value);
    }
    builder.build()
}

#[test]
fn forwards_proofs_of_its_circuit_only() {
    let prove_from = |circuit: &Circuit, first: u64| {
        let mut witness = PartialWitness::new();
        let target = circuit.prover_only.public_inputs[0];
        witness.set_target(target, F::from_canonical_u64(first)).unwrap();
        prove(circuit, witness).unwrap()
    };
    let circuit = geometric(3);
    let layer = Squeeze::build(&SQUEEZE, &circuit);
    let proof = prove_from(&circuit, 7);
    assert_eq!(public(&layer.prove(&proof).unwrap()), [7, 21, 63, 189]);

    let mut altered = proof.clone();
    altered.public_inputs[2] += F::ONE;
    assert!(layer.prove(&altered).is_err(), "altered public input");
    let mut altered = proof;
    altered.proof.openings.wires[0] += F::ONE.into();
    assert!(layer.prove(&altered).is_err(), "altered opening");

    let other = geometric(5);
    assert_eq!(other.common, circuit.common);
    assert!(layer.prove(&prove_from(&other, 7)).is_err(), "another circuit of the same shape");
}

/// The last verifier, in R1CS, implements these gates only and wants 2^12 rows.
#[test]
fn the_wrap_is_small() {
    assert_eq!(SHRINK.circuit.common.degree_bits(), 12);
    let squeeze = Squeeze::build(&SQUEEZE, &SHRINK.circuit);
    assert_eq!(squeeze.circuit.common.degree_bits(), 12);
    // Rows and gates do not depend on the hash over which the layer is proved.
    let wrap = Forward::<CairnConfig>::build(&WRAP, &squeeze.circuit);
    assert_eq!(wrap.circuit.common.degree_bits(), 12);
    let known = [
        "NoopGate",
        "ConstantGate",
        "PublicInputGate",
        "BaseSumGate",
        "ArithmeticGate",
        "ArithmeticExtensionGate",
        "MulExtensionGate",
        "ReducingGate",
        "ReducingExtensionGate",
        "RandomAccessGate",
        "CosetInterpolationGate",
        "ExponentiationGate",
        "Poseidon2Gate",
    ];
    for gate in &wrap.circuit.common.gates {
        let id = gate.0.id();
        assert!(known.iter().any(|name| id.starts_with(name)), "{id}");
    }
}
