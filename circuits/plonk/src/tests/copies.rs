//! The argument of copies: what it rests on, and what happens without it.

use std::collections::HashSet;

use cairn_stark::config::Val;
use cairn_stark::native::Keys;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
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
    for row in 0..height {
        for wire in 0..routed {
            let to = next[row][wire];
            assert!(seen.insert(to), "a position is the next of two");
            let (to_row, to_wire) = (to as usize % height, to as usize / height);
            assert!(to_wire < routed);
            assert_eq!(position(table.log_height(), to_row, to_wire).as_canonical_u64(), to);
            let class = |row: usize, wire: usize| representatives[row * NUM_WIRES + wire];
            assert_eq!(class(row, wire), class(to_row, to_wire));
        }
    }
    // Every class is one cycle: plonky2's own permutation has as many fixed points and as many cycles.
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

/// If two wires had one position, their values could change places: a table of 2^k rows that numbers positions as
/// if it had half of them takes what the true one refuses.
#[test]
fn wires_of_one_position_are_interchangeable() {
    let mut builder = Builder::new(circuit_config(80));
    let inputs: [_; 4] = builder.add_virtual_target_arr();
    // Rows of their own: two operations, each with inputs of its own.
    let product = builder.mul(inputs[0], inputs[1]);
    builder.register_public_inputs(&[inputs[0], inputs[1], inputs[2], product]);
    builder.assert_zero(inputs[3]);
    let circuit = Circuit::new(builder.build(), TINY).unwrap();
    let table = &circuit.tables()[0];
    let mut witness = PartialWitness::new();
    for (target, value) in inputs.iter().zip([3, 4, 5, 0]) {
        witness.set_target(*target, F::from_canonical_u64(value)).unwrap();
    }
    let (trace, public_inputs) = circuit.trace(witness).unwrap();

    // Two free wires, with no copies and no constraints: (r + half, w) and (r, w + 1), which the
    // weak numbering gives one position.
    let (k, half) = (table.log_height(), 1 << (table.log_height() - 1));
    let next = next_positions(table);
    let is_alone =
        |row: usize, wire: usize| next[row][wire] == position(k, row, wire).as_canonical_u64();
    let (row, wire) = (0..half)
        .flat_map(|row| (0..table.routed_wires() - 1).map(move |wire| (row, wire)))
        .find(|&(row, wire)| is_alone(row + half, wire) && !is_alone(row, wire + 1))
        .expect("a wire of a class beside a free one");

    // The class's wire takes any value, the free one gives it its own in exchange.
    let mut forged = trace.clone();
    forged.values.swap((row + half) * NUM_WIRES + wire, row * NUM_WIRES + wire + 1);
    forged.values[(row + half) * NUM_WIRES + wire] = trace.values[row * NUM_WIRES + wire + 1];
    forged.values[row * NUM_WIRES + wire + 1] += Val::from_u64(9);
    let unbalanced = |table: &PlonkTable, trace: &Trace| {
        let tables = std::slice::from_ref(table);
        let traces = std::slice::from_ref(trace);
        let violations = check(tables, traces, &public_values(&public_inputs)).err();
        violations
            .into_iter()
            .flatten()
            .any(|violation| matches!(violation, cairn_stark::check::Violation::Lookup(_)))
    };
    assert!(!unbalanced(table, &trace));
    assert!(unbalanced(table, &forged));

    let weak = weakly_numbered(table);
    Keys::new(TINY, std::slice::from_ref(&weak), &[k]).unwrap();
    assert!(!unbalanced(&weak, &trace), "an honest trace still balances");
    let mut exchanged = trace.clone();
    let (free, bound) = ((row + half) * NUM_WIRES + wire, row * NUM_WIRES + wire + 1);
    exchanged.values[free] += Val::from_u64(9);
    exchanged.values.swap(free, bound);
    assert!(unbalanced(table, &exchanged));
    assert!(!unbalanced(&weak, &exchanged), "the weak table takes the exchange");
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
