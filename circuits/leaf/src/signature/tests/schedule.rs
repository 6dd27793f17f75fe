//! Columns that are known beforehand: numbers, schedule and fixed base. Provers that fill them otherwise, so
//! that everything else holds, break the constraint that says what they are.

use p3_field::Field;

use super::*;
use crate::signature::steps::ROWS_OF_LIMB;

/// Constraints of the counter of signatures, of steps' schedule and of their counter: first row, then
/// transition.
const NUMBER: usize = 0;
const SCHEDULE: usize = 0;
const STEP_NUMBER: usize = SCHEDULE + 3;

/// Gives every signature and its loop another number.
fn renumber(tables: &mut Tables, number: impl Fn(usize) -> usize) {
    for index in 0..2 {
        tables.signature(index).number = F::from_usize(number(index));
        for step in 0..ROWS {
            tables.step(index * ROWS + step).signature = F::from_usize(number(index));
        }
    }
}

fn two() -> Tables {
    let tables = Tables::fill(2, &[signed(0), signed(1)]);
    assert!(!is_said(&tables));
    tables
}

/// Whether the three tables say something to each other that does not cancel.
fn is_said(tables: &Tables) -> bool {
    let buses = ["multiple", "combination", "fixed-base"];
    buses.iter().any(|bus| tables.messages().outside(bus, |_| false))
}

#[test]
fn numbers_that_start_elsewhere() {
    let mut tables = two();
    renumber(&mut tables, |number| number + 1);
    assert!(!is_said(&tables));
    assert_eq!(tables.signatures.violations(), [(0, NUMBER)]);
    assert_eq!(tables.steps.violations(), [(0, STEP_NUMBER)]);
}

/// Both signatures under one number: each could take the other's limbs.
#[test]
fn one_number_for_two_signatures() {
    let mut tables = two();
    renumber(&mut tables, |_| 0);
    assert!(!is_said(&tables));
    assert_eq!(tables.signatures.violations(), [(0, NUMBER + 1)]);
    assert_eq!(tables.steps.violations(), [(ROWS - 1, STEP_NUMBER + 1)]);
}

#[test]
fn numbers_that_skip_one() {
    let mut tables = two();
    renumber(&mut tables, |number| 2 * number);
    assert!(!is_said(&tables));
    assert_eq!(tables.signatures.violations(), [(0, NUMBER + 1)]);
    assert_eq!(tables.steps.violations(), [(ROWS - 1, STEP_NUMBER + 1)]);
}

/// In the middle of a loop, where no limb starts, a row takes its multiple from another signature.
#[test]
fn a_step_of_another_number() {
    let signatures = [signed(0), signed(0)];
    let mut tables = Tables::fill(2, &signatures);
    let row = (1..ROWS - 1).find(|&row| {
        let step = tables.step(row);
        step.skip == F::ZERO && step.sends == F::ZERO
    });
    let row = row.unwrap();
    let e = Scalars::new(&signatures[0].signature).e;
    let digit = (e >> (2 * (ROWS - 1 - row))) as usize & 3;
    tables.step(row).signature = F::ONE;
    tables.signature(0).multiplicities[digit - 1] -= F::ONE;
    tables.signature(1).multiplicities[digit - 1] += F::ONE;
    assert!(!is_said(&tables));
    assert_eq!(tables.signatures.violations(), []);
    let violated = [(row - 1, STEP_NUMBER + 1), (row, STEP_NUMBER + 1)];
    assert_eq!(tables.steps.violations(), violated);
}

/// Each column of the schedule, in a row of each kind.
#[test]
fn another_schedule() {
    let mut tables = two();
    for row in [0, 1, 15, 16, 47, 48, ROWS - 1, ROWS, 2 * ROWS - 1] {
        let pick: [fn(&mut Steps<F>) -> &mut F; 3] =
            [|step| &mut step.sends, |step| &mut step.part, |step| &mut step.is_last];
        for (column, pick) in pick.into_iter().enumerate() {
            *pick(tables.step(row)) += F::ONE;
            assert!(tables.steps.violations().contains(&(row, SCHEDULE + column)));
            *pick(tables.step(row)) -= F::ONE;
        }
    }
    assert_eq!(tables.steps.violations(), []);
}

/// The two high limbs of a challenge change places: nothing else would notice.
#[test]
fn limbs_in_another_order() {
    let mut tables = two();
    let parts = [0, ROWS_OF_LIMB].map(|row| tables.step(row).part);
    tables.step(0).part = parts[1];
    tables.step(ROWS_OF_LIMB).part = parts[0];
    let signature = tables.signature(0);
    signature.e.swap(2, 3);
    signature.s.iter_mut().for_each(|limbs| limbs.swap(2, 3));
    let mut tables = tables.claim_digests();
    let signature = tables.signature(0);
    signature.below_max[1] = (signature.e[3] - F::from_u32(u32::MAX)).inverse();
    assert!(!is_said(&tables));
    assert_eq!(tables.signatures.violations(), []);
    let violated = [(0, SCHEDULE + 1), (ROWS_OF_LIMB, SCHEDULE + 1)];
    assert_eq!(tables.steps.violations(), violated);
}

/// Any other point in the table's place, said as often as it is asked for; also where it is never asked for.
#[test]
fn entries_that_are_none() {
    for height in [FIXED_BASE_ROWS, 2 * FIXED_BASE_ROWS] {
        let trace = fixed_base::trace(&[1; FIXED_BASE_ROWS], height);
        let width = trace.width;
        let mut table = Table::new(FixedBaseAir, trace, vec![]);
        table.assert_valid();
        for row in 0..height {
            for column in 1..width {
                table.trace.values[row * width + column] += F::ONE;
                assert_eq!(table.violations(), [(row, column - 1)]);
                table.trace.values[row * width + column] -= F::ONE;
            }
        }
    }
}

/// Entries that repeat are said as often as the first alone.
#[test]
fn a_higher_fixed_base_says_the_same() {
    let counts = std::array::from_fn(|index| index as u32);
    let messages = [1, 4].map(|repeats| {
        let trace = fixed_base::trace(&counts, repeats * FIXED_BASE_ROWS);
        Table::new(FixedBaseAir, trace, vec![]).messages()
    });
    assert_eq!(messages[0], messages[1]);
}
