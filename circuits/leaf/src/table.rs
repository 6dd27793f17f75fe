//! What all tables share: rows as structs, and matrices of them.

use std::borrow::Cow;

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use rayon::prelude::*;
use thiserror::Error;

/// A table is too small for what it must hold: the chunk needs a larger class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("table {table}: expected at most {expected} rows, got {got}")]
pub struct TooManyRows {
    /// Name of the table.
    pub table: &'static str,
    /// The table's height.
    pub expected: usize,
    /// Rows needed.
    pub got: usize,
}

/// Lets a row, a slice, be read as its columns: `Borrow` and `BorrowMut` for a `#[repr(C)]` struct
/// generic over its one type `T`, all of whose fields are `T`s; and its `WIDTH`.
macro_rules! columns {
    ($columns:ident) => {
        impl $columns<u8> {
            /// Number of columns.
            pub(crate) const WIDTH: usize = size_of::<Self>();
        }

        impl<T> std::borrow::Borrow<$columns<T>> for [T] {
            fn borrow(&self) -> &$columns<T> {
                assert_eq!(self.len(), $columns::<u8>::WIDTH, "a row of this table");
                // SAFETY: `#[repr(C)]` and all fields are `T`s, so that the struct is laid out as an
                // array of as many `T`s, which the assertion says there are.
                unsafe { &*self.as_ptr().cast() }
            }
        }

        impl<T> std::borrow::BorrowMut<$columns<T>> for [T] {
            fn borrow_mut(&mut self) -> &mut $columns<T> {
                assert_eq!(self.len(), $columns::<u8>::WIDTH, "a row of this table");
                // SAFETY: as above.
                unsafe { &mut *self.as_mut_ptr().cast() }
            }
        }
    };
}
pub(crate) use columns;

/// A matrix of `height` rows, all zero.
///
/// # Errors
/// [`TooManyRows`] if `rows` do not fit.
pub(crate) fn zeros(
    table: &'static str,
    width: usize,
    height: usize,
    rows: usize,
) -> Result<RowMajorMatrix<F>, TooManyRows> {
    if rows > height {
        return Err(TooManyRows { table, expected: height, got: rows });
    }
    Ok(RowMajorMatrix::new(F::zero_vec(width * height), width))
}

/// A matrix of `height` rows: `fill` writes one row, zero before, for each record, then one for
/// each row left, from `None`. Rows are filled in parallel.
///
/// # Errors
/// [`TooManyRows`] if the records do not fit.
pub(crate) fn fill<R: Sync>(
    table: &'static str,
    width: usize,
    height: usize,
    records: &[R],
    fill: impl Fn(&mut [F], Option<&R>) + Sync,
) -> Result<RowMajorMatrix<F>, TooManyRows> {
    let mut matrix = zeros(table, width, height, records.len())?;
    let rows = matrix.values.par_chunks_exact_mut(width).enumerate();
    rows.for_each(|(index, row)| fill(row, records.get(index)));
    Ok(matrix)
}

/// Periodic columns, from the rows of one period: `fill` writes one, zero before.
pub(crate) fn periodic_columns(
    period: usize,
    width: usize,
    fill: impl Fn(usize, &mut [F]),
) -> Cow<'static, [Vec<F>]> {
    let mut columns = vec![F::zero_vec(period); width];
    let mut row = F::zero_vec(width);
    for index in 0..period {
        row.fill(F::ZERO);
        fill(index, &mut row);
        columns.iter_mut().zip(&row).for_each(|(column, &value)| column[index] = value);
    }
    Cow::Owned(columns)
}
