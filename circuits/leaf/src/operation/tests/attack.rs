//! Attacks on the order of accesses: values that were never written, or at another time.

use std::borrow::{Borrow, BorrowMut};

use super::super::running::Running;
use super::super::values::Found;
use super::*;

/// A second payment that finds the payer's leaf as it was before the first.
#[test]
fn leaf_opened_twice() {
    let mut world = World::new();
    let start = world.leaf(ALICE);
    world.execute(transfer());
    world.sign_as(&transfer(), element(world::FIRST_NONCE), ALICE);
    // As though nobody had touched it: the tree would have to give the leaf again.
    let found = Found { leaf: start, gap: element(3) };
    world.push(transfer(), |values| values.found[0] = found, |_| {});
    assert!(!world.proves());
}

#[test]
fn values_that_were_never_written() {
    for place in 0..3 {
        // Key and token of the payee's leaf are those of the operation, which tests of keys forge.
        let parts = if place == 1 { 6..8 } else { 0..8 };
        for part in parts {
            let forged =
                executes_with(transfer(), |values| values.found[place].leaf[part] += F::ONE);
            assert!(!forged, "access {place}, part {part}");
        }
    }
    for part in 0..8 {
        assert!(!executes_with(deposit(), |values| values.found[0].leaf[part] += F::ONE));
    }
    // Not read, so free.
    assert!(executes_with(withdraw(), |values| values.found[1].leaf[6] += F::ONE));
}

/// The second of two payments is read before the first has written.
#[test]
fn reads_from_the_future() {
    let forged = |gap: F| {
        let mut world = World::new();
        let (first, second) = (transfer(), OperandValues { fee: F::ZERO, ..transfer() });
        // Row 0 finds what row 1 leaves, row 1 finds the start: valid in the other order.
        let mut other_order = World::new();
        other_order.execute(second);
        let between = other_order.leaves.clone();
        other_order.execute(first);
        world.signed = other_order.signed;
        world.push(
            first,
            |values| {
                for (found, id) in values.found.iter_mut().zip([ALICE, BOB, 0]) {
                    *found = Found { leaf: between[&id], gap };
                }
            },
            |_| {},
        );
        let start = World::new();
        world.push(
            second,
            |values| {
                for (place, (found, id)) in values.found.iter_mut().zip([ALICE, BOB, 0]).enumerate()
                {
                    *found = Found { leaf: start.leaf(id), gap: element(3 + place as u64) };
                }
            },
            |_| {},
        );
        world.proves()
    };
    // previous = time - 1 - gap = time + 3
    assert!(!forged(-element(4)));
}

/// Payer and payee are one leaf: the payee's access must find what the payer's has left.
#[test]
fn payer_and_payee_at_one_time() {
    let to_self = OperandValues { payee: element(ALICE), target: key(ALICE), ..transfer() };
    assert!(!refuses(to_self));
    let mut world = World::new();
    let start = world.leaf(ALICE);
    world.sign(&to_self);
    world.push(to_self, |values| values.found[1] = Found { leaf: start, gap: F::ONE }, |_| {});
    assert!(!world.proves());
}

#[test]
fn order_of_operations() {
    let small = OperandValues { amount: F::ONE, ..transfer() };
    let mut world = World::new();
    world.execute(transfer());
    world.execute(small);
    assert!(world.proves());
    // The same signatures in the other order.
    let signed = world.signed;
    let mut world = World::new();
    world.signed = signed;
    world.push(small, |_| {}, |_| {});
    world.push(transfer(), |_| {}, |_| {});
    assert!(!world.proves());
}

#[test]
fn clock_counts_rows() {
    // Later by `rows` rows, with gaps to go with it.
    let late = |first: u64, second: u64| {
        let mut world = World::new();
        for (late, more) in [(first, first), (first + second, second)] {
            world.sign(&transfer());
            let later = |values: &mut RowValues| {
                values.found.iter_mut().for_each(|found| found.gap += element(3 * more));
            };
            world.push(transfer(), later, |row| row.clock += element(late));
            world.context.clock -= element(late);
        }
        world.context.clock += element(first + second);
        world.proves()
    };
    assert!(late(0, 0));
    assert!(!late(1, 0), "start");
    assert!(!late(0, 1), "step");
}

#[test]
fn running_values_are_those_after_the_row_before() {
    let forged = |index: Option<usize>| {
        let mut world = World::new();
        world.execute(transfer());
        world.sign(&transfer());
        world.push(
            transfer(),
            |_| {},
            |row| {
                let mut cells = [F::ZERO; Running::WIDTH];
                let running: &mut Running<F> = cells.as_mut_slice().borrow_mut();
                *running = row.running;
                if let Some(index) = index {
                    cells[index] += F::ONE;
                }
                row.running = *cells.as_slice().borrow();
            },
        );
        world.proves()
    };
    assert!(forged(None));
    for index in 0..Running::WIDTH {
        assert!(!forged(Some(index)), "running value {index}");
    }
}

#[test]
fn open_pair_is_that_of_the_row_before() {
    let forged = |piece: Option<usize>| {
        let mut world = World::new();
        world.execute(OperandValues { kind: Kind::PairFirst, ..transfer() });
        let second = OperandValues { kind: Kind::PairSecond, ..transfer() };
        world.sign(&second);
        world.push(
            second,
            |_| {},
            |row| {
                if let Some(piece) = piece {
                    row.open[piece] += F::ONE;
                }
            },
        );
        world.proves()
    };
    assert!(forged(None));
    for piece in 0..3 {
        assert!(!forged(Some(piece)), "piece {piece}");
    }
}
