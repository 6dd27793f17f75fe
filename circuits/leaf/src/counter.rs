//! Columns that count: known beforehand, but for nobody to commit to.

use cairn_primitives::F;
use p3_air::AirBuilder;

/// Asserts that `column` is 0 in the first row, and in every other row `step` of the row before larger than
/// there. So every value is determined; nothing is said about the first row as the one after the last.
///
/// Two constraints, of degree 2.
pub(crate) fn assert_counter<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    column: AB::Var,
    next: AB::Var,
    step: impl Into<AB::Expr>,
) {
    builder.when_first_row().assert_zero(column);
    builder.when_transition().assert_eq(next, column.into() + step.into());
}
