//! The layout of a row.

use crate::table::columns;

/// One step of the loop: two bits of every scalar. A field element of GF(p^5) is five columns.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Steps<T> {
    /// X of four times the accumulator, where the step starts.
    pub start_x: [T; 5],
    /// Y of it.
    pub start_y: [T; 5],
    /// Whether the digit of e is 0, so that no multiple of the key is added.
    pub skip: T,
    /// X of the multiple of the key.
    pub multiple_x: [T; 5],
    /// Slope of the line through start and multiple.
    pub multiple_slope: [T; 5],
    /// X of their sum, or of the start.
    pub middle_x: [T; 5],
    /// X of the fixed-base entry.
    pub entry_x: [T; 5],
    /// Slope of the line through the middle and the entry.
    pub entry_slope: [T; 5],
    /// X of their sum, the accumulator.
    pub acc_x: [T; 5],
    /// Slope of the tangent at the accumulator.
    pub double_slope: [T; 5],
    /// X of twice the accumulator.
    pub double_x: [T; 5],
    /// Slope of the tangent there.
    pub quadruple_slope: [T; 5],
    /// Shows that the operands of both additions have different X: pairs with the coefficients of the product of the
    /// differences to 1.
    pub distinct: [T; 5],
    /// Whether the multiple of the key is the start, and whether it is the start's negative.
    pub meets_multiple: [T; 2],
    /// Whether the entry is the middle, and whether it is the middle's negative.
    pub meets_entry: [T; 2],
    /// Whether operands have met in a row before, of the same signature.
    pub met: T,
    /// The digit of e, plus a quarter of this column in the next row of the limb.
    pub e: T,
    /// The same for s0, s1, s2.
    pub s: [T; 3],
    /// Number of the signature.
    pub signature: T,
    /// [`Schedule::sends`].
    pub sends: T,
    /// [`Schedule::part`].
    pub part: T,
    /// [`Schedule::is_last`].
    pub is_last: T,
}
columns!(Steps);

/// What every loop has in the same row: periodic columns.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Schedule<T> {
    /// Whether the row sends on COMBINATION: where a limb starts, and the last row.
    pub sends: T,
    /// What it sends then: the number of the limb, 3 to 0, or [`super::RESULT`].
    pub part: T,
    /// Whether this is the last row of the signature.
    pub is_last: T,
}
columns!(Schedule);
