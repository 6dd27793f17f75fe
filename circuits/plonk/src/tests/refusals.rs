//! Traces, statements, keys and encodings that are not those of the circuit.

use cairn_stark::check::Violation;
use cairn_stark::config::Val;
use cairn_stark::native::{Error, Keys, Proof, prove, verify};
use p3_batch_stark::{BatchVerificationError, VerificationError};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::LookupError;
use proptest::prelude::*;

use super::*;
use crate::config::NUM_WIRES;
use crate::table::PlonkTable;
use cairn_gadgets::gates::Gate;

/// Rows of a gate.
fn rows_of(toy: &Toy, is: impl Fn(&Gate) -> bool) -> Vec<usize> {
    let table = &toy.circuit.tables()[0];
    let shape = table.shape();
    let index = shape.gates.iter().position(|gate| is(&gate.gate)).expect("a gate of the circuit");
    let selector = shape.gates[index].selector;
    let value = Val::from_usize(index);
    let width = shape.row_number() + 1;
    let rows = table.preprocessed().values.chunks(width).enumerate();
    rows.filter(|(_, row)| row[selector] == value).map(|(row, _)| row).collect()
}

fn violations(toy: &Toy, trace: &Trace, public_inputs: &PublicInputs) -> Vec<Violation> {
    let traces = std::slice::from_ref(trace);
    check(toy.circuit.tables(), traces, &public_values(public_inputs)).unwrap_err()
}

fn verdict(toy: &Toy, trace: &Trace, public_inputs: &PublicInputs) -> Result<(), Error> {
    let proof: Proof = toy.circuit.prove_trace(trace, public_inputs).unwrap();
    toy.circuit.verify(&proof, public_inputs)
}

fn breaks_a_constraint(verdict: &Result<(), Error>) -> bool {
    let Err(Error::Rejected(error)) = verdict else { return false };
    matches!(
        **error,
        BatchVerificationError::Verification(VerificationError::OodEvaluationMismatch { .. })
    )
}

fn breaks_the_balance(verdict: &Result<(), Error>) -> bool {
    let Err(Error::Rejected(error)) = verdict else { return false };
    matches!(**error, BatchVerificationError::Lookup(LookupError::TerminalSumNonZero))
}

/// A permutation's wire that no copy touches.
#[test]
fn wrong_gate_row_breaks_a_constraint() {
    let toy = &*TOY;
    let (mut trace, public_inputs) = toy.trace();
    let row = rows_of(toy, |gate| matches!(gate, Gate::Permutation))[0];
    trace.values[row * NUM_WIRES + 100] += Val::ONE;
    for violation in violations(toy, &trace, &public_inputs) {
        assert!(matches!(violation, Violation::Constraint { row: broken, .. } if broken == row));
    }
    assert!(breaks_a_constraint(&verdict(toy, &trace, &public_inputs)));
}

/// Another true product in a slot: the gate holds, the copies do not.
#[test]
fn wrong_wire_of_a_class_breaks_the_balance() {
    let toy = &*TOY;
    let (mut trace, public_inputs) = toy.trace();
    let row = rows_of(toy, |gate| matches!(gate, Gate::Arithmetic { .. }))[0];
    let cells = &mut trace.values[row * NUM_WIRES..][..4];
    assert!(cells[0] != cells[1] && cells[1] != Val::ONE);
    cells.swap(0, 1);
    let violations = violations(toy, &trace, &public_inputs);
    assert!(matches!(&violations[..], [Violation::Lookup(text)] if text.contains("copies")));
    assert!(breaks_the_balance(&verdict(toy, &trace, &public_inputs)));
}

#[test]
fn wrong_public_input_breaks_its_row() {
    let toy = &*TOY;
    let (trace, public_inputs) = toy.trace();
    let row = rows_of(toy, |gate| matches!(gate, Gate::PublicInput));
    let honest = toy.circuit.prove_trace(&trace, &public_inputs).unwrap();
    for i in 0..4 {
        let mut wrong = public_inputs;
        wrong[i] += F::ONE;
        let expected =
            Violation::Constraint { table: "plonk", row: row[0], constraint: i, label: None };
        assert_eq!(violations(toy, &trace, &wrong), [expected]);
        assert!(breaks_a_constraint(&verdict(toy, &trace, &wrong)));
        // The transcript binds the public values: a proof of others is of other challenges.
        assert!(matches!(toy.circuit.verify(&honest, &wrong), Err(Error::Rejected(_))));
    }
}

/// The keys of a circuit are its preprocessed columns: proofs of another one do not verify, though only a constant
/// differs.
#[test]
fn proofs_of_another_circuit_are_refused() {
    let toy = &*TOY;
    let other = Toy::new(4);
    let (proof, public_inputs) = other.circuit.prove(other.inputs(5, 6)).unwrap();
    let verdict = toy.circuit.verify(&proof, &public_inputs);
    assert!(matches!(verdict, Err(Error::Rejected(_))), "{verdict:?}");
    other.circuit.verify(&proof, &public_inputs).unwrap();
}

/// Two entries of the permutation that change places make another circuit: other copies, another key.
#[test]
fn swapped_next_positions_are_another_circuit() {
    let toy = &*TOY;
    let table = &toy.circuit.tables()[0];
    let shape = table.shape();
    let mut preprocessed = table.preprocessed().clone();
    let row = rows_of(toy, |gate| matches!(gate, Gate::Permutation))[0];
    let first = row * (shape.row_number() + 1) + shape.selectors + shape.constants;
    preprocessed.values.swap(first, first + 1);
    let swapped = [PlonkTable::new(shape.clone(), preprocessed)];
    let keys = Keys::new(TINY, &swapped, &[table.log_height()]).unwrap();

    let (trace, public_inputs) = toy.trace();
    let values = public_values(&public_inputs);
    let traces = std::slice::from_ref(&trace);
    let violations = check(&swapped, traces, &values).unwrap_err();
    assert!(matches!(violations[..], [Violation::Lookup(_)]));
    let proof = prove(&keys, &swapped, traces, &values).unwrap();
    assert!(breaks_the_balance(&verify(&keys, &swapped, &proof, &values)));
    assert!(matches!(toy.circuit.verify(&proof, &public_inputs), Err(Error::Rejected(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Any one cell of a gate that determines it.
    #[test]
    fn no_wire_of_a_permutation_is_free(wire in 0usize..130) {
        let toy = &*TOY;
        let (mut trace, public_inputs) = toy.trace();
        let row = rows_of(toy, |gate| matches!(gate, Gate::Permutation))[0];
        trace.values[row * NUM_WIRES + wire] += Val::ONE;
        prop_assert!(verdict(toy, &trace, &public_inputs).is_err());
    }
}

/// An element plus p in the encoding is not another encoding of the same proof.
#[test]
fn elements_have_one_encoding() {
    let toy = &*TOY;
    let (proof, _) = toy.circuit.prove(toy.inputs(0, 1)).unwrap();
    // The final value of a proof's encoding that is small enough to be raised by p within its word.
    let bytes = encode(&proof).unwrap();
    let is_small = |word: &[u8]| word[4..] == [0; 4] && word[..4] != [0xff; 4];
    let starts = (0..bytes.len() - 8).rev();
    let small: Vec<usize> = starts.filter(|&i| is_small(&bytes[i..i + 8])).take(8).collect();
    assert!(!small.is_empty());
    for start in small {
        let word: [u8; 8] = bytes[start..start + 8].try_into().unwrap();
        let raised = u64::from_le_bytes(word) + 0xffff_ffff_0000_0001;
        let mut bytes = bytes.clone();
        bytes[start..start + 8].copy_from_slice(&raised.to_le_bytes());
        assert!(decode(&bytes).is_err());
    }
}
