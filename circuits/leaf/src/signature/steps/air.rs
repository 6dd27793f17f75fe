//! The constraints of a step.

use std::borrow::{Borrow, BorrowMut, Cow};

use cairn_primitives::F;
use cairn_primitives::ecgfp5::{Affine, Point as Jacobian};
use cairn_primitives::schnorr::{ROWS, start};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{Field, PrimeCharacteristicRing};
use p3_lookup::{Count, InteractionBuilder};

use super::columns::{Schedule, Steps};
use super::{RESULT, ROWS_OF_LIMB};
use crate::bus::{COMBINATION, FIXED_BASE, MULTIPLE};
use crate::counter::assert_counter;
use crate::signature::curve::Point;
use crate::signature::quintic::Quintic;
use crate::table::periodic_columns;

/// The loops of as many signatures as the table of signatures has rows, one after the other; each has
/// [`ROWS`] rows.
#[derive(Debug, Clone, Copy)]
pub struct StepsAir;

/// 4 T, where the first step starts.
pub(super) fn first_start() -> Affine {
    let start = Jacobian::from(*start()).double().double().to_affine();
    start.expect("the order is an odd prime")
}

/// What the rows of this step have in every loop.
pub(super) fn schedule(step: usize) -> Schedule<F> {
    let is_last = step == ROWS - 1;
    let limb_starts = step.is_multiple_of(ROWS_OF_LIMB);
    let limb = ROWS / ROWS_OF_LIMB - 1 - step / ROWS_OF_LIMB;
    Schedule {
        sends: F::from_bool(limb_starts || is_last),
        part: if is_last { RESULT } else { F::from_usize(limb) },
        is_last: F::from_bool(is_last),
    }
}

impl BaseAir<F> for StepsAir {
    fn width(&self) -> usize {
        Steps::WIDTH
    }

    fn num_periodic_columns(&self) -> usize {
        Schedule::WIDTH
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<F>]> {
        periodic_columns(ROWS, Schedule::WIDTH, |step, row| *row.borrow_mut() = schedule(step))
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        let columns: [usize; Steps::WIDTH] = std::array::from_fn(|i| i);
        let columns: &Steps<usize> = columns.as_slice().borrow();
        let Steps { e, met, signature, sends, is_last, .. } = *columns;
        let others = [e, met, signature, sends, is_last];
        [columns.start_x.as_slice(), &columns.start_y, &columns.s, &others].concat()
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        Some(3)
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for StepsAir {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let row: &Steps<AB::Var> = main.current_slice().borrow();
        let next: &Steps<AB::Var> = main.next_slice().borrow();
        follow_schedule(builder, row, next);

        // Unless a limb starts in the next row.
        let limb_goes_on = AB::Expr::ONE - next.sends + next.is_last;
        let digit = |column: AB::Var, next: AB::Var| {
            let quarter = F::TWO.square().inverse();
            AB::Expr::from(column) - limb_goes_on.clone() * next * quarter
        };

        let start = Point { x: Quintic::read(&row.start_x), y: Quintic::read(&row.start_y) };
        let (middle, multiple_run) = add_multiple(builder, row, &start, digit(row.e, next.e));
        let digits = std::array::from_fn(|part| digit(row.s[part], next.s[part]));
        let (acc, entry_run) = add_entry(builder, row, &middle, digits);
        let meets = meet(builder, row, next, &multiple_run, &entry_run);

        // Unless operands meet, neither run is zero, since their product is not. All its coefficients count: see the
        // module's documentation.
        let pairing = row.distinct.iter().enumerate();
        let pairing = pairing.map(|(k, &d)| multiple_run.product_coefficient(&entry_run, k) * d);
        builder.assert_one(pairing.sum::<AB::Expr>() + meets);

        quadruple(builder, row, next, &acc);
        send(builder, row, &acc);
    }
}

/// The committed columns that are known beforehand. What is said to other tables is made of such columns,
/// as `p3-lookup` knows no periodic ones.
fn follow_schedule<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    next: &Steps<AB::Var>,
) {
    let schedule: &Schedule<AB::PeriodicVar> = builder.periodic_values().borrow();
    let Schedule { sends, part, is_last } = *schedule;
    builder.assert_eq(row.sends, sends);
    builder.assert_eq(row.part, part);
    builder.assert_eq(row.is_last, is_last);
    assert_counter(builder, row.signature, next.signature, row.is_last);
}

/// Says where operands of an addition meet: once in a loop, and whatever comes after that counts for nothing.
/// Returns whether they do in this row.
///
/// They have the same X, and Y or its negative: MULTIPLE and FIXED_BASE vouch for that.
fn meet<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    next: &Steps<AB::Var>,
    multiple_run: &Quintic<AB::Expr>,
    entry_run: &Quintic<AB::Expr>,
) -> AB::Expr {
    let [multiple, entry] = [row.meets_multiple, row.meets_entry].map(|[same, negated]| {
        builder.assert_bools([same, negated]);
        same + negated
    });
    builder.assert_zeros(multiple_run.clone().scale(multiple.clone()).0);
    builder.assert_zeros(entry_run.clone().scale(entry.clone()).0);
    // A row that adds no multiple has none that could meet anything.
    builder.assert_zero(multiple.clone() * row.skip);

    let meets = multiple + entry;
    let met = meets.clone() + row.met;
    builder.assert_bool(met.clone());
    let goes_on = AB::Expr::ONE - row.is_last;
    builder.assert_eq(next.met, goes_on * met);
    meets
}

/// Adds the multiple of the key, which MULTIPLE vouches for, unless the digit of e is 0. Returns
/// the sum and the difference of the operands' X.
fn add_multiple<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
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
    // If they meet as negatives, the line is at the start's Y, and the multiple at its negative.
    let [_, negated] = row.meets_multiple;
    let mirror = start.y.clone().scale(AB::Expr::from(negated)).double();
    let multiple = Point { y: multiple.y - mirror, ..multiple };
    let message = [row.signature.into(), digit].into_iter().chain(multiple.elements());
    MULTIPLE.lookup_key(builder, message, Count::bounded(AB::Expr::ONE - skip.clone(), 1));

    // If skipped: X stays, so that the chord contributes nothing to Y, and Y is reflected back.
    let mut middle = start.sum(&slope, Quintic::read(&row.middle_x));
    middle.x.clone().assert_eq(builder, sum_x);
    let moved = middle.x.clone() - start.x.clone();
    builder.assert_zeros(moved.scale(skip.clone()).0);
    middle.y = middle.y + start.y.clone().scale(skip).double();
    (middle, run)
}

/// Adds the entry of the table, which FIXED_BASE vouches for, and for each of its digits: a sum of them alone could be
/// made of others, and the response that is named of those. Returns the sum and the difference of the operands' X.
fn add_entry<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    middle: &Point<AB::Expr>,
    digits: [AB::Expr; 3],
) -> (Point<AB::Expr>, Quintic<AB::Expr>) {
    let slope = Quintic::read(&row.entry_slope);
    let entry = middle.along(&slope, Quintic::read(&row.entry_x));
    let run = entry.x.clone() - middle.x.clone();
    let sum_x = middle.sum_x(&slope, entry.x.clone());
    let [_, negated] = row.meets_entry;
    let name = digits.into_iter().chain([negated.into()]);
    FIXED_BASE.lookup_key(builder, name.chain(entry.elements()), 1);

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
        let is_last: AB::Expr = row.is_last.into();
        let expected = (first - quadruple.clone()).scale(is_last) + quadruple;
        expected.assert_eq(builder, start);
    }
}

/// Sends a limb of each scalar where they start, and where the loop ended.
fn send<AB: InteractionBuilder<F = F>>(
    builder: &mut AB,
    row: &Steps<AB::Var>,
    acc: &Point<AB::Expr>,
) {
    let top = AB::Expr::from_u64(1 << (2 * (ROWS_OF_LIMB - 1)));
    let [s0, s1, s2] = row.s;
    let limbs = [row.e, s0, s1, s2].map(|limb| top.clone() * limb);
    let limbs = limbs.into_iter().chain(std::iter::repeat(AB::Expr::ZERO));
    let meets = row.meets_multiple.into_iter().chain(row.meets_entry).map(AB::Expr::from);
    let met = AB::Expr::from(row.met) + meets.sum::<AB::Expr>();
    let result = acc.x.clone().0.into_iter().chain(row.double_slope.map(Into::into)).chain([met]);
    let is_last: AB::Expr = row.is_last.into();
    let elements =
        result.zip(limbs).map(|(result, limb)| is_last.clone() * (result - limb.clone()) + limb);
    let head = [row.signature, row.part].map(Into::into);
    let count = Count::bounded(row.sends.into(), 1);
    COMBINATION.send(builder, head.into_iter().chain(elements), count);
}
