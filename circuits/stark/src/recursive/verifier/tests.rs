mod tamper;

use cairn_gadgets::poseidon2::CairnConfig;
use p3_field::PrimeCharacteristicRing;
use plonky2::field::types::Field;
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

use super::*;
use crate::config::Challenge;
use crate::native::{Error, Proof, Trace, prove, verify};
use crate::recursive::extension::F;
use crate::recursive::rows;
use crate::recursive::satisfaction::satisfying_witness;
use crate::recursive::toy::{Batch, LOG_HEIGHTS, Toy, satisfying_traces};
use crate::testing::TINY;

/// Of each table.
type PublicValues = Vec<Vec<Val>>;

/// A batch and the circuit that verifies it.
struct Setup {
    batch: Batch,
    circuit: CircuitData<F, CairnConfig, 2>,
    target: StarkProofTarget,
}

impl Setup {
    fn new() -> Self {
        let batch = Batch::new();
        let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
        let target = verify_stark(&mut builder, &batch.keys, &batch.tables).unwrap();
        Self { batch, circuit: builder.build(), target }
    }

    /// The witness of a proof that was changed.
    fn witness(
        &self,
        change: impl FnOnce(&mut Proof, &mut PublicValues),
    ) -> Result<PartialWitness<F>, Error> {
        let Batch { tables, keys, .. } = &self.batch;
        let mut proof = self.batch.copy_proof();
        let mut public_values = self.batch.public_values.clone();
        change(&mut proof, &mut public_values);
        let mut witness = PartialWitness::new();
        self.target.set_witness(&mut witness, keys, tables, &proof, &public_values)?;
        Ok(witness)
    }

    fn accepts(&self, witness: PartialWitness<F>) -> bool {
        satisfying_witness(witness, &self.circuit.prover_only, &self.circuit.common).is_some()
    }
}

/// Every target of the proof but those of the opening argument, which has its own tests.
fn targets(batch: &BatchTarget) -> Vec<(String, Target)> {
    let mut all: Vec<(String, Target)> = vec![];
    let mut add = |part: String, targets: Vec<Target>| {
        all.extend(targets.into_iter().enumerate().map(|(i, t)| (format!("{part} {i}"), t)));
    };
    let flatten = |values: &[ChallengeTarget]| values.iter().flat_map(|value| value.0).collect();
    let commitments = &batch.commitments;
    let caps = [
        ("main cap", Some(&commitments.main)),
        ("permutation cap", commitments.permutation.as_ref()),
        ("quotient cap", Some(&commitments.quotient)),
    ];
    for (part, cap) in caps {
        let digests = cap.into_iter().flat_map(|cap| &cap.0);
        add(part.into(), digests.flat_map(|digest| digest.elements).collect());
    }
    for (i, table) in batch.tables.iter().enumerate() {
        let none = vec![];
        let rows = [
            ("main", &table.main),
            ("next main", table.main_next.as_ref().unwrap_or(&none)),
            ("preprocessed", table.preprocessed.as_ref().unwrap_or(&none)),
            ("next preprocessed", table.preprocessed_next.as_ref().unwrap_or(&none)),
            ("permutation", &table.permutation),
            ("next permutation", &table.permutation_next),
            ("quotient", &table.quotient_chunks.concat()),
        ];
        for (part, row) in rows {
            add(format!("table {i}, {part}"), flatten(row));
        }
    }
    for (i, values) in batch.public_values.iter().enumerate() {
        add(format!("public values {i}"), values.clone());
    }
    add("terminals".into(), flatten(&batch.terminals()));
    add("lookup work".into(), batch.lookup_work.into_iter().collect());
    all
}

#[test]
fn valid_proof_is_proved() {
    let setup = Setup::new();
    let witness = setup.witness(|_, _| ()).unwrap();
    assert!(setup.accepts(witness.clone()));
    let proof = setup.circuit.prove(witness).unwrap();
    setup.circuit.verify(proof).unwrap();
}

#[test]
fn every_changed_value_is_refused() {
    let setup = Setup::new();
    let witness = setup.witness(|_, _| ()).unwrap();
    for (what, target) in targets(&setup.target.batch) {
        let mut witness = witness.clone();
        *witness.target_values.get_mut(&target).unwrap() += F::ONE;
        assert!(!setup.accepts(witness), "{what}");
    }
}

/// Openings of false statements hold: only the constraints and the balance refuse them.
#[test]
fn false_statements_are_refused() {
    let setup = Setup::new();
    let Batch { tables, keys, .. } = &setup.batch;
    let accepts = |change: fn(&mut Vec<Trace>, &mut PublicValues)| {
        let (mut traces, mut public_values) = satisfying_traces();
        change(&mut traces, &mut public_values);
        let proof = prove(keys, tables, &traces, &public_values).unwrap();
        let mut witness = PartialWitness::new();
        setup
            .target
            .set_unverified(&mut witness, keys, tables, &proof, &public_values)
            .expect("the openings hold");
        let accepted = setup.accepts(witness);
        assert_eq!(accepted, verify(keys, tables, &proof, &public_values).is_ok());
        accepted
    };
    assert!(accepts(|_, _| ()));
    assert!(!accepts(|_, public_values| public_values[0][1] += Val::ONE), "last row");
    assert!(!accepts(|traces, _| traces[0].values[40] += Val::ONE), "transition");
    assert!(!accepts(|traces, _| traces[1].values[7] += Val::ONE), "periodic column");
    assert!(!accepts(|traces, _| traces[2].values[3] += Val::ONE), "balance alone");
    assert!(!accepts(|traces, _| traces[3].values[6] += Val::ONE), "no lookups");
}

/// The balance does not stand in for the accumulators' last rows.
#[test]
fn terminals_with_another_split_are_refused() {
    let setup = Setup::new();
    let terminals = setup.target.batch.terminals();
    let mut witness = setup.witness(|_, _| ()).unwrap();
    *witness.target_values.get_mut(&terminals[0].0[0]).unwrap() += F::ONE;
    *witness.target_values.get_mut(&terminals[1].0[0]).unwrap() -= F::ONE;
    assert!(!setup.accepts(witness));
}

#[test]
fn proof_of_another_shape_is_an_error() {
    let setup = Setup::new();
    let refused = |change: fn(&mut Proof, &mut PublicValues)| setup.witness(change).unwrap_err();
    assert!(matches!(refused(|proof, _| proof.degree_bits[0] += 1), Error::Heights { .. }));
    assert!(matches!(
        refused(|_, public_values| drop(public_values.pop())),
        Error::Count { expected: 4, got: 3, .. }
    ));
    let shapes: [fn(&mut Proof, &mut PublicValues); 9] = [
        |_, public_values| public_values[0].push(Val::ZERO),
        |proof, _| drop(proof.opened_values.instances.pop()),
        |proof, _| {
            proof.opened_values.instances[0].base_opened_values.trace_local.push(Challenge::ZERO);
        },
        |proof, _| proof.opened_values.instances[2].base_opened_values.trace_next = Some(vec![]),
        |proof, _| proof.opened_values.instances[2].base_opened_values.preprocessed = None,
        |proof, _| proof.opened_values.instances[0].permutation_next.clear(),
        |proof, _| proof.commitments.permutation = None,
        |proof, _| proof.lookup_terminals[3] = proof.lookup_terminals[0],
        // No work is asked for, so any other value would be a second encoding.
        |proof, _| proof.ood_pow_witness = Val::ONE,
    ];
    for (i, change) in shapes.into_iter().enumerate() {
        assert!(matches!(refused(change), Error::Rejected(_)), "shape {i}");
    }
}

#[test]
fn keys_of_other_tables_have_no_circuit() {
    let batch = Batch::new();
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let error = verify_stark(&mut builder, &batch.keys, &batch.tables[..3]).unwrap_err();
    assert!(matches!(error, ShapeError::Tables { expected: 4, got: 3 }));
}

#[test]
fn rows_are_counted() {
    let setup = Setup::new();
    let rows = rows::of_verifier(&setup.batch.keys, &setup.batch.tables).unwrap();
    assert_eq!(rows.values().sum::<usize>(), setup.circuit.common.degree());
    assert_eq!(rows["PublicInputGate"], 1);
}

/// No permutation trace, no terminal and no work before its challenges.
#[test]
fn batch_without_lookups_is_accepted() {
    let tables = [Toy::Fibonacci];
    let keys = Keys::new(TINY, &tables, &LOG_HEIGHTS[3..]).unwrap();
    let (mut traces, public_values) = satisfying_traces();
    let mut builder = Builder::new(CircuitConfig::standard_recursion_config());
    let target = verify_stark(&mut builder, &keys, &tables).unwrap();
    let circuit = builder.build_prover::<CairnConfig>();
    let mut accepts = |change: Val| {
        traces[3].values[6] += change;
        let proof = prove(&keys, &tables, &traces[3..], &public_values[3..]).unwrap();
        let mut witness = PartialWitness::new();
        target
            .set_unverified(&mut witness, &keys, &tables, &proof, &public_values[3..])
            .expect("the openings hold");
        satisfying_witness(witness, &circuit.prover_only, &circuit.common).is_some()
    };
    assert!(accepts(Val::ZERO));
    assert!(!accepts(Val::ONE));
}
