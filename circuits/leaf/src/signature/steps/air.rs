//! The constraints of a step.

use std::borrow::{Borrow, BorrowMut};

use cairn_primitives::F;
use cairn_primitives::ecgfp5::{Affine, Point as Jacobian};
use cairn_primitives::schnorr::{ROWS, start};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;

use super::columns::{Constants, Steps};
use super::{RESULT, ROWS_OF_LIMB};
use crate::bus::{COMBINATION, FIXED_BASE, MULTIPLE};
use crate::signature::curve::Point;
use crate::signature::quintic::Quintic;
use crate::table::zeros;

/// The loops of so many signatures, one after the other; each has [`ROWS`] rows.
#[derive(Debug, Clone, Copy)]
pub struct StepsAir {
    /// Number of signatures: the height of the table of signatures.
    pub signatures: usize,
}

/// 4 T, where the first step starts.
pub(super) fn first_start() -> Affine {
    let start = Jacobian::from(*start()).double().double().to_affine();
    start.expect("the order is an odd prime")
}

impl BaseAir<F> for StepsAir {
    fn width(&self) -> usize {
        Steps::WIDTH
    }

    fn preprocessed_width(&self) -> usize {
        Constants::WIDTH
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<F>> {
        let height = self.signatures * ROWS;
        let mut trace = zeros("steps", Constants::WIDTH, height, height).ok()?;
        let rows = trace.values.chunks_exact_mut(Constants::WIDTH).enumerate();
        rows.for_each(|(index, row)| {
            let (signature, step) = (index / ROWS, index % ROWS);
            let is_last = step == ROWS - 1;
            let limb_starts = step.is_multiple_of(ROWS_OF_LIMB);
            let limb = ROWS / ROWS_OF_LIMB - 1 - step / ROWS_OF_LIMB;
            *row.borrow_mut() = Constants {
                signature: F::from_usize(signature),
                sends: F::from_bool(limb_starts || is_last),
                part: if is_last { RESULT } else { F::from_usize(limb) },
                limb_ends: F::from_bool(step % ROWS_OF_LIMB == ROWS_OF_LIMB - 1),
                is_last: F::from_bool(is_last),
            };
        });
        Some(trace)
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        let columns: [usize; Steps::WIDTH] = std::array::from_fn(|i| i);
        let columns: &Steps<usize> = columns.as_slice().borrow();
        [columns.start_x.as_slice(), &columns.start_y, &[columns.e, columns.s2]].concat()
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        Vec::new()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for StepsAir {
    fn eval(&self, builder: &mut AB) {
        let (main, preprocessed) = (builder.main(), builder.preprocessed().clone());
        let row: &Steps<AB::Var> = main.current_slice().borrow();
        let next: &Steps<AB::Var> = main.next_slice().borrow();
        let constants: &Constants<AB::Var> = preprocessed.current_slice().borrow();

        let limb_goes_on = AB::Expr::ONE - constants.limb_ends;
        let digit = |column: AB::Var, next: AB::Var| {
            let quarter = F::TWO.square().inverse();
            AB::Expr::from(column) - limb_goes_on.clone() * next * quarter
        };

        let start = Point { x: Quintic::read(&row.start_x), y: Quintic::read(&row.start_y) };
        let (middle, multiple_run) =
            add_multiple(builder, row, constants, &start, digit(row.e, next.e));
        let (acc, entry_run) = add_entry(builder, row, &middle, digit(row.s2, next.s2));

        // Neither run is zero, since their product is not. (Two of its five coefficients do: see
        // the module's documentation.)
        let pairing = row.distinct.iter().enumerate();
        let pairing = pairing.map(|(k, &d)| multiple_run.product_coefficient(&entry_run, k) * d);
        builder.assert_one(pairing.sum::<AB::Expr>());

        quadruple(builder, row, next, constants, &acc);
        send(builder, row, constants, &acc);
    }
}

/// Adds the multiple of the key, which MULTIPLE vouches for, unless the digit of e is 0. Returns
/// the sum and the difference of the operands' X.
fn add_multiple<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    constants: &Constants<AB::Var>,
    start: &Point<AB::Expr>,
    digit: AB::Expr,
) -> (Point<AB::Expr>, Quintic<AB::Expr>) {
    let skip: AB::Expr = row.skip.into();
    builder.assert_bool(row.skip);
    builder.assert_zero(skip.clone() * digit.clone());

    // The slope is right because the multiple is on the line.
    let slope = Quintic::read(&row.multiple_slope);
    let multiple = start.along(&slope, Quintic::read(&row.multiple_x));
    let run = multiple.x.clone() - start.x.clone();
    let sum_x = start.sum_x(&slope, multiple.x.clone());
    let message = [constants.signature.into(), digit].into_iter().chain(multiple.elements());
    MULTIPLE.lookup_key(builder, message, Count::bounded(AB::Expr::ONE - skip.clone(), 1));

    // If skipped: X stays, so that the chord contributes nothing to Y, and Y is reflected back.
    let mut middle = start.sum(&slope, Quintic::read(&row.middle_x));
    middle.x.clone().assert_eq(builder, sum_x);
    let moved = middle.x.clone() - start.x.clone();
    builder.assert_zeros(moved.scale(skip.clone()).0);
    middle.y = middle.y + start.y.clone().scale(skip).double();
    (middle, run)
}

/// Adds the entry of the table, which FIXED_BASE vouches for. Returns the sum and the difference of
/// the operands' X.
fn add_entry<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    middle: &Point<AB::Expr>,
    digit: AB::Expr,
) -> (Point<AB::Expr>, Quintic<AB::Expr>) {
    let slope = Quintic::read(&row.entry_slope);
    let entry = middle.along(&slope, Quintic::read(&row.entry_x));
    let run = entry.x.clone() - middle.x.clone();
    let sum_x = middle.sum_x(&slope, entry.x.clone());
    FIXED_BASE.lookup_key(builder, [digit].into_iter().chain(entry.elements()), 1);

    let acc = middle.sum(&slope, Quintic::read(&row.acc_x));
    acc.x.clone().assert_eq(builder, sum_x);
    (acc, run)
}

/// The next row starts at four times the accumulator, or the next signature at 4 T; so does the
/// table's first row, which follows its last.
fn quadruple<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    next: &Steps<AB::Var>,
    constants: &Constants<AB::Var>,
    acc: &Point<AB::Expr>,
) {
    let slope = Quintic::read(&row.double_slope);
    acc.assert_tangent(builder, &slope);
    let double = acc.sum(&slope, Quintic::read(&row.double_x));
    double.x.clone().assert_eq(builder, acc.sum_x(&slope, acc.x.clone()));

    let slope = Quintic::read(&row.quadruple_slope);
    double.assert_tangent(builder, &slope);
    let start = Point { x: Quintic::read(&next.start_x), y: Quintic::read(&next.start_y) };
    let quadruple_x = double.sum_x(&slope, double.x.clone());
    let quadruple_y = double.sum(&slope, start.x.clone()).y;

    let first = Point::<AB::Expr>::constant(&first_start());
    for (start, first, quadruple) in
        [(start.x, first.x, quadruple_x), (start.y, first.y, quadruple_y)]
    {
        let is_last: AB::Expr = constants.is_last.into();
        let expected = (first - quadruple.clone()).scale(is_last) + quadruple;
        expected.assert_eq(builder, start);
    }
}

/// Sends a limb of e and of s2 where they start, and where the loop ended.
fn send<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    constants: &Constants<AB::Var>,
    acc: &Point<AB::Expr>,
) {
    let top = AB::Expr::from_u64(1 << (2 * (ROWS_OF_LIMB - 1)));
    let limbs = [row.e, row.s2].map(|limb| top.clone() * limb);
    let limbs = limbs.into_iter().chain(std::iter::repeat(AB::Expr::ZERO));
    let result = acc.x.clone().0.into_iter().chain(row.double_slope.map(Into::into));
    let is_last: AB::Expr = constants.is_last.into();
    let elements =
        result.zip(limbs).map(|(result, limb)| is_last.clone() * (result - limb.clone()) + limb);
    let head = [constants.signature, constants.part].map(Into::into);
    let count = Count::bounded(constants.sends.into(), 1);
    COMBINATION.send(builder, head.into_iter().chain(elements), count);
}
