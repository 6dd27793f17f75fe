//! The table of the generator's multiples.

use std::borrow::BorrowMut;

use cairn_primitives::F;
use cairn_primitives::schnorr::fixed_base_table;
use p3_air::{Air, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;
use p3_matrix::dense::RowMajorMatrix;

use super::quintic::coefficients;
use crate::bus::FIXED_BASE;
use crate::table::{columns, zeros};

/// Rows of the table.
pub const FIXED_BASE_ROWS: usize = 64;

/// The points `F[i, j, k]` of `cairn_primitives::schnorr::combine`, each an entry `(k, X, Y)`.
///
/// The digits i and j of s0 and s1 are not part of the entry: nothing depends on them, any values
/// are a response.
#[derive(Debug, Clone, Copy)]
pub struct FixedBaseAir;

/// An entry; all of it is known beforehand.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Entry<T> {
    digit: T,
    x: [T; 5],
    y: [T; 5],
}
columns!(Entry);

impl BaseAir<F> for FixedBaseAir {
    fn width(&self) -> usize {
        1
    }

    fn preprocessed_width(&self) -> usize {
        Entry::WIDTH
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<F>> {
        let mut trace = zeros("fixed base", Entry::WIDTH, FIXED_BASE_ROWS, FIXED_BASE_ROWS).ok()?;
        let rows = trace.values.chunks_exact_mut(Entry::WIDTH).zip(fixed_base_table());
        for (index, (row, point)) in rows.enumerate() {
            *row.borrow_mut() = Entry {
                digit: F::from_usize(index / 16),
                x: coefficients(&point.x),
                y: coefficients(&point.y),
            };
        }
        Some(trace)
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for FixedBaseAir {
    fn eval(&self, builder: &mut AB) {
        let entry = builder.preprocessed().current_slice().to_vec();
        let multiplicity = builder.main().current_slice()[0];
        FIXED_BASE.table_entry(builder, entry, multiplicity);
    }
}

/// How often each entry was asked for, as a trace.
pub(super) fn trace(counts: &[u32; FIXED_BASE_ROWS]) -> RowMajorMatrix<F> {
    RowMajorMatrix::new(counts.iter().map(|&count| F::from_u32(count)).collect(), 1)
}
