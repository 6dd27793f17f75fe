//! The table of compressions: one a row, answered on [`COMPRESS`].
//! 181 columns, 172 constraints.
//!
//! | witness | bound by |
//! |---|---|
//! | block | its input; the output by the permutation's constraints |
//! | input, multiplicity | free: what they provide must balance what others ask on COMPRESS |

use std::borrow::{Borrow, BorrowMut};
use std::mem::offset_of;

use cairn_primitives::F;
use p3_air::{Air, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::InteractionBuilder;
use p3_matrix::dense::RowMajorMatrix;

use crate::bus::COMPRESS;
use crate::poseidon2::{Block, PERMUTATION_8, compressed};
use crate::requests::Requests;
use crate::table::{TooManyRows, columns, fill};

#[repr(C)]
struct Columns<T> {
    multiplicity: T,
    block: Block<T, 8>,
}
columns!(Columns);

const BLOCK: usize = offset_of!(Columns<u8>, block);

/// The table of compressions.
#[derive(Debug, Clone, Copy)]
pub struct CompressionAir;

impl BaseAir<F> for CompressionAir {
    fn width(&self) -> usize {
        Columns::WIDTH
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for CompressionAir {
    fn eval(&self, builder: &mut AB) {
        PERMUTATION_8.check(builder, BLOCK);
        let main = builder.main();
        let Columns { multiplicity, block } = main.current_slice().borrow();
        let inputs = block.inputs.map(AB::Expr::from);
        let entry = inputs.into_iter().chain(compressed::<AB>(block));
        COMPRESS.table_entry(builder, entry, *multiplicity);
    }
}

/// Fills a table of `height` rows: call it when all tables have asked.
///
/// # Errors
/// [`TooManyRows`] if there are more requests.
pub fn trace(requests: &Requests, height: usize) -> Result<RowMajorMatrix<F>, TooManyRows> {
    let asked = &requests.compressions;
    let mut trace = fill("compressions", Columns::WIDTH, height, asked, |row, asked| {
        let Some(input) = asked else { return };
        let row: &mut Columns<F> = row.borrow_mut();
        row.multiplicity = F::ONE;
        row.block.inputs = *input;
    })?;
    PERMUTATION_8.fill(&mut trace, &[BLOCK]);
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use cairn_primitives::{Digest, compress};

    use super::*;
    use crate::testing::{Messages, Shape, Table};

    fn requests() -> Requests {
        let compressions = (0..3).map(|i| [i, 1, 2, 3, 4, 5, 6, 7].map(F::new)).collect();
        Requests { compressions, ..Requests::default() }
    }

    /// What a table that asks says.
    fn questions(requests: &Requests) -> Messages {
        let entries = requests.compressions.iter().map(|input| {
            let [a, b, c, d, e, f, g, h] = *input;
            let output = compress(&Digest([a, b, c, d]), &Digest([e, f, g, h]));
            [input.as_slice(), &output.0].concat()
        });
        entries
            .map(|fields| Messages::one("compress", &fields))
            .fold(Messages::default(), Messages::with)
    }

    #[test]
    fn answers_native_compressions() {
        let requests = requests();
        let table = Table::new(CompressionAir, trace(&requests, 4).unwrap(), Vec::new());
        table.assert_valid();
        table.messages().with(questions(&requests)).assert_balance();
    }

    #[test]
    fn has_the_documented_size() {
        let shape = Shape { columns: 181, constraints: 172, degree: 3, messages: 1 };
        assert_eq!(Shape::of(&CompressionAir), shape);
    }

    #[test]
    fn every_cell_is_bound() {
        let trace = trace(&requests(), 4).unwrap();
        let mut table = Table::new(CompressionAir, trace, Vec::new());
        for row in 0..4 {
            assert_eq!(table.free_columns(row), []);
        }
    }

    #[test]
    fn a_full_table_is_refused() {
        let error = TooManyRows { table: "compressions", expected: 2, got: 3 };
        assert_eq!(trace(&requests(), 2).unwrap_err(), error);
    }
}
