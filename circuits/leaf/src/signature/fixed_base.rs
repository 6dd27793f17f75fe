//! The table of the generator's multiples.

use std::borrow::{BorrowMut, Cow};

use cairn_primitives::F;
use cairn_primitives::schnorr::fixed_base_table;
use p3_air::{Air, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;
use p3_matrix::dense::RowMajorMatrix;

use super::quintic::coefficients;
use crate::bus::FIXED_BASE;
use crate::table::{columns, periodic_columns};

/// Where the negatives start among the entries.
pub(super) const NEGATED: usize = 64;

/// Entries; the table may repeat them.
pub const FIXED_BASE_ROWS: usize = 2 * NEGATED;

/// The points `F[i, j, k]` of `cairn_primitives::schnorr::combine`, each an entry `(i, j, k, 0, X, Y)`, and then
/// their negatives, `(i, j, k, 1, X, -Y)`, which show that an operand meets one.
#[derive(Debug, Clone, Copy)]
pub struct FixedBaseAir;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Entry<T> {
    digits: [T; 3],
    negated: T,
    x: [T; 5],
    y: [T; 5],
}
columns!(Entry);

#[repr(C)]
struct Columns<T> {
    multiplicity: T,
    entry: Entry<T>,
}
columns!(Columns);

fn entry(index: usize) -> Entry<F> {
    let point = fixed_base_table()[index % NEGATED];
    let point = if index < NEGATED { point } else { point.neg() };
    Entry {
        digits: [1, 4, 16].map(|place| F::from_usize(index / place % 4)),
        negated: F::from_bool(index >= NEGATED),
        x: coefficients(&point.x),
        y: coefficients(&point.y),
    }
}

impl BaseAir<F> for FixedBaseAir {
    fn width(&self) -> usize {
        Columns::WIDTH
    }

    fn num_periodic_columns(&self) -> usize {
        Entry::WIDTH
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<F>]> {
        periodic_columns(FIXED_BASE_ROWS, Entry::WIDTH, |index, row| {
            *row.borrow_mut() = entry(index)
        })
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for FixedBaseAir {
    fn eval(&self, builder: &mut AB) {
        let expected = builder.periodic_values().to_vec();
        let main = builder.main();
        let (multiplicity, entry) = main.current_slice().split_first().expect("a column");
        // What is said to other tables is made of committed columns, as `p3-lookup` knows no periodic ones.
        for (&column, expected) in entry.iter().zip(expected) {
            builder.assert_eq(column, expected);
        }
        FIXED_BASE.table_entry(builder, entry.iter().copied(), *multiplicity);
    }
}

/// The table, from how often each entry was asked for. `height` is a multiple of [`FIXED_BASE_ROWS`]: the
/// entries repeat, and the first of each has the count.
pub(super) fn trace(counts: &[u32; FIXED_BASE_ROWS], height: usize) -> RowMajorMatrix<F> {
    let mut trace = RowMajorMatrix::new(F::zero_vec(height * Columns::WIDTH), Columns::WIDTH);
    for (index, row) in trace.values.chunks_exact_mut(Columns::WIDTH).enumerate() {
        let row: &mut Columns<F> = row.borrow_mut();
        row.multiplicity = F::from_u32(counts.get(index).copied().unwrap_or(0));
        row.entry = entry(index % FIXED_BASE_ROWS);
    }
    trace
}
