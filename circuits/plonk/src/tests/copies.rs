//! The argument of copies: what it rests on, and what happens without it.

use std::collections::HashSet;

use cairn_stark::check::Violation;
use cairn_stark::config::Val;
use p3_field::PrimeField64;
use plonky2::gates::noop::NoopGate;
use plonky2::plonk::circuit_data::CircuitData;

use super::*;
use crate::config::NUM_WIRES;
use crate::table::{PlonkTable, Shape, position};

/// Rows by columns of the preprocessed trace's permutation.
fn next_positions(table: &PlonkTable) -> Vec<Vec<u64>> {
    let shape = table.shape();
    let first = shape.selectors + shape.constants;
    let rows = table.preprocessed().values.chunks(shape.row_number() + 1);
    rows.map(|row| {
        row[first..first + shape.routed_wires].iter().map(Val::as_canonical_u64).collect()
    })
    .collect()
}

/// Positions are all different, none leaves the field, and the next positions are a permutation of them
/// whose cycles are plonky2's copy classes.
#[test]
fn next_positions_permute_the_classes() {
    let mut builder = Builder::new(circuit_config(80));
    let [a, b] = builder.add_virtual_target_arr();
    let c = builder.mul(a, b);
    let d = builder.mul(c, a);
    builder.register_public_inputs(&[a, b, c, d]);
    let data: CircuitData<F, TableConfig, 2> = builder.build();
    let representatives = data.prover_only.representative_map.clone();
    let sigmas = data.prover_only.sigmas.clone();
    let (subgroup, k_is) = (data.prover_only.subgroup.clone(), data.common.k_is.clone());
    let circuit = Circuit::new(data, TINY).unwrap();
    let table = &circuit.tables()[0];
    let (height, routed) = (1 << table.log_height(), table.routed_wires());
    let next = next_positions(table);
    let mut seen = HashSet::new();
    let class = |row: usize, wire: usize| representatives[row * NUM_WIRES + wire];
    for (row, next) in next.iter().enumerate() {
        for (wire, &to) in next.iter().enumerate() {
            assert!(seen.insert(to), "a position is the next of two");
            let (to_row, to_wire) = (to as usize % height, to as usize / height);
            assert!(to_wire < routed);
            assert_eq!(position(table.log_height(), to_row, to_wire).as_canonical_u64(), to);
            assert_eq!(class(row, wire), class(to_row, to_wire));
        }
    }
    assert_eq!(seen.len(), height * routed);
    // Every class is one cycle, as in plonky2's own permutation.
    let theirs = |row: usize, wire: usize| {
        let value = sigmas[row][wire];
        (0..routed)
            .find_map(|w| subgroup.iter().position(|&x| k_is[w] * x == value).map(|r| (r, w)))
            .expect("a position")
    };
    let ours = |row: usize, wire: usize| {
        let to = next[row][wire] as usize;
        (to % height, to / height)
    };
    assert_eq!(cycles(height, routed, ours), cycles(height, routed, theirs));
}

/// The wires of each cycle, sorted.
fn cycles(
    height: usize,
    routed: usize,
    next: impl Fn(usize, usize) -> (usize, usize),
) -> HashSet<Vec<(usize, usize)>> {
    let mut seen = HashSet::new();
    let mut cycles = HashSet::new();
    for start in (0..height).flat_map(|row| (0..routed).map(move |wire| (row, wire))) {
        let mut cycle = vec![];
        let mut at = start;
        while seen.insert(at) {
            cycle.push(at);
            at = next(at.0, at.1);
        }
        if !cycle.is_empty() {
            assert_eq!(at, start, "a permutation");
            cycle.sort_unstable();
            cycles.insert(cycle);
        }
    }
    cycles
}

/// The largest position that any table could have, at the field's two-adicity.
#[test]
fn positions_stay_below_the_modulus() {
    let largest = (1_u128 << 32) - 1 + (((NUM_WIRES - 1) as u128) << 32);
    assert!(largest < u128::from(Val::ORDER_U64));
    assert_eq!(u128::from(position(32, (1 << 32) - 1, NUM_WIRES - 1).as_canonical_u64()), largest);
}

/// What a table that numbers positions as if it had half of its rows would let pass: (r + 2^(k - 1), w) and
/// (r, w + 1) share one there, so that two classes of two wires which meet in both can exchange a value.
#[test]
fn wires_of_one_position_are_interchangeable() {
    let mut builder = Builder::new(circuit_config(80));
    let public = builder.add_virtual_public_input_arr::<4>();
    let rows: Vec<usize> = (0..20).map(|_| builder.add_gate(NoopGate, vec![])).collect();
    let [a, b] = [[(rows[0], 1), (rows[1], 1)], [(rows[16], 0), (rows[17], 0)]];
    for class in [a, b] {
        let [from, to] = class.map(|(row, wire)| Target::wire(row, wire));
        builder.connect(from, to);
    }
    let circuit = Circuit::new(builder.build(), TINY).unwrap();
    let table = &circuit.tables()[0];
    assert_eq!(table.log_height(), 5);
    let mut witness = PartialWitness::new();
    witness.set_target_arr(&public, &[F::ONE; 4]).unwrap();
    for (class, value) in [(a, 3), (b, 5)] {
        let (row, wire) = class[0];
        witness.set_target(Target::wire(row, wire), F::from_canonical_u64(value)).unwrap();
    }
    let (trace, public_inputs) = circuit.trace(witness).unwrap();
    let mut forged = trace.clone();
    let cell = |(row, wire): (usize, usize)| row * NUM_WIRES + wire;
    forged.values.swap(cell(a[1]), cell(b[1]));
    assert_ne!(forged.values[cell(a[0])], forged.values[cell(a[1])], "copies that differ");

    let verdict = |table: &PlonkTable, trace: &Trace| {
        let (tables, traces) = (std::slice::from_ref(table), std::slice::from_ref(trace));
        check(tables, traces, &public_values(&public_inputs))
    };
    let weak = weakly_numbered(table);
    verdict(table, &trace).unwrap();
    verdict(&weak, &trace).unwrap();
    let violations = verdict(table, &forged).unwrap_err();
    assert!(matches!(violations[..], [Violation::Lookup(_)]));
    verdict(&weak, &forged).unwrap();
    let proof = circuit.prove_trace(&forged, &public_inputs).unwrap();
    assert!(circuit.verify(&proof, &public_inputs).is_err());
}

/// The table with positions `row + wire * 2^(k - 1)`.
fn weakly_numbered(table: &PlonkTable) -> PlonkTable {
    let shape = table.shape();
    let k = shape.log_height;
    let weak = Shape { log_height: k - 1, ..shape.clone() };
    let width = shape.row_number() + 1;
    let first = shape.selectors + shape.constants;
    let mut preprocessed = table.preprocessed().clone();
    for row in preprocessed.values.chunks_exact_mut(width) {
        for value in &mut row[first..first + shape.routed_wires] {
            let strong = value.as_canonical_u64() as usize;
            *value = position(k - 1, strong % (1 << k), strong >> k);
        }
    }
    PlonkTable::new(weak, preprocessed)
}
