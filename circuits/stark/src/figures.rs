//! What the soundness of a batch depends on besides its parameters: counts of its tables.
//!
//! `cairn_circuits::soundness` says what they are worth.

use p3_air::symbolic::AirLayout;
use p3_batch_stark::num_batched_openings;
use p3_batch_stark::symbolic::get_constraint_layout;
use p3_lookup::LogUpGadget;
use p3_uni_stark::OpeningShape;

use crate::config::{Challenge, D, Val};
use crate::native::{Keys, Table};
use crate::recursive::shape::{ShapeError, TableShape, table_shapes};

/// The counts of one table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableFigures {
    /// Rows, in bits.
    pub log_height: usize,
    /// Pairs of a committed column and a point that it is opened at. Each takes a power of the challenge
    /// that combines openings.
    pub openings: usize,
    /// Constraints, those of lookups included. Each takes a power of the challenge that folds them.
    pub constraints: usize,
    /// Polynomials, of the table's height, that the quotient is split into.
    pub quotient_chunks: usize,
    /// Fractions a row that LogUp sums.
    pub fractions: usize,
    /// Elements of the longest tuple that is looked up; 0 without lookups.
    pub tuple_width: usize,
}

/// The counts of the tables `airs`, in their order.
///
/// # Errors
/// [`ShapeError`] if no proof of these tables is valid.
///
/// # Panics
/// If `keys` were not made for `airs`.
pub fn figures<A: Table>(keys: &Keys, airs: &[A]) -> Result<Vec<TableFigures>, ShapeError> {
    let shapes = table_shapes(keys, airs)?;
    let lookups = &keys.common().lookups;
    let table = |(i, air): (usize, &A)| {
        let TableShape { log_height, preprocessed_width, quotient_chunks, .. } = shapes[i];
        let layout = AirLayout { preprocessed_width, ..AirLayout::from_air(air) };
        let constraints = get_constraint_layout::<Val, Challenge, A, _>(
            air,
            layout,
            &lookups[i],
            &LogUpGadget::new(),
        );
        TableFigures {
            log_height,
            openings: openings(&shapes[i]),
            constraints: constraints.base_indices.len() + constraints.ext_indices.len(),
            quotient_chunks,
            fractions: lookups[i].iter().map(|lookup| lookup.elements.len()).sum(),
            tuple_width: lookups[i]
                .iter()
                .flat_map(|l| &l.elements)
                .map(Vec::len)
                .max()
                .unwrap_or(0),
        }
    };
    Ok(airs.iter().enumerate().map(table).collect())
}

/// By p3's own code.
fn openings(table: &TableShape) -> usize {
    num_batched_openings(
        table.width,
        table.opens_next,
        table.preprocessed_width,
        table.opens_preprocessed_next,
        table.quotient_chunks,
        table.lookups,
        D,
        OpeningShape::new(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Parameters;
    use crate::testing::{TINY, batch};

    #[test]
    fn counts_by_hand() {
        let batch = batch(TINY, &[6], 4);
        let [powers, nibbles] = figures(&batch.keys, &batch.airs).unwrap()[..] else {
            panic!("two tables")
        };
        // Degree 3. Opened twice: three columns, accumulator and fraction of two elements each. Once: two
        // chunks of the quotient. Constraints: four, the fraction, the accumulator's three.
        let expected = TableFigures {
            log_height: 6,
            openings: 2 * (3 + 4) + 2 * 2,
            constraints: 4 + 1 + 3,
            quotient_chunks: 2,
            fractions: 1,
            tuple_width: 1,
        };
        assert_eq!(powers, expected);
        // Neither the column nor the preprocessed one is opened at the next row.
        let expected = TableFigures {
            log_height: 4,
            openings: 2 + 2 * 4 + 2,
            constraints: 4,
            quotient_chunks: 1,
            fractions: 1,
            tuple_width: 1,
        };
        assert_eq!(nibbles, expected);
    }

    #[test]
    fn folds_stop_where_a_table_joins() {
        let parameters = Parameters { max_log_arity: 4, ..TINY };
        assert_eq!(parameters.fold_schedule(&[4, 10, 9, 4]), [1, 4, 1, 3]);
    }
}
