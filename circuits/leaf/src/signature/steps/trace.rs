//! How the rows of steps are filled: the loops of many signatures side by side, so that they share
//! inversions.

use std::borrow::BorrowMut;

use cairn_primitives::F;
use cairn_primitives::ecgfp5::{Affine, Quintic};
use cairn_primitives::schnorr::{ROWS, Signature, fixed_base_table};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};

use super::ROWS_OF_LIMB;
use super::air::{first_start, schedule};
use super::columns::{Schedule, Steps};
use crate::signature::fixed_base::{FIXED_BASE_ROWS, NEGATED};
use crate::signature::lines::{Line, inverses, slopes, sum};
use crate::signature::quintic::coefficients;

/// Slope in an addition that is skipped. Any would do with which the operands have different X; with
/// this one they have, whatever the start.
pub(in crate::signature) const SKIP_SLOPE: F = F::new(3);

/// What a loop multiplies.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Scalars {
    /// The challenge.
    pub(in crate::signature) e: u128,
    /// The response, s0, s1 and s2.
    pub(in crate::signature) s: [u128; 3],
}

impl Scalars {
    pub(in crate::signature) fn new(signature: &Signature) -> Self {
        let wide = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
        let [e0, e1] = signature.e.map(|element| element.as_canonical_u64());
        let s = signature.s;
        Self { e: wide(e0, e1), s: [wide(s[0], s[1]), wide(s[2], s[3]), wide(s[4], 0)] }
    }
}

/// Where a loop ended.
#[derive(Debug, Clone)]
pub(in crate::signature) struct Outcome {
    /// R.
    pub(in crate::signature) commitment: Affine,
    /// Slope of the tangent there.
    pub(in crate::signature) slope: Quintic,
    /// How often P, 2 P and 3 P were asked for.
    pub(in crate::signature) multiplicities: [u32; 3],
    /// Whether operands of an addition met.
    pub(in crate::signature) met: bool,
}

/// A loop on its way.
struct Lane<'a> {
    scalars: &'a Scalars,
    multiples: &'a [Affine; 3],
    rows: &'a mut [F],
    point: Affine,
    /// Difference of X in the addition of the multiple.
    run: Quintic,
    /// The entry that was added last, or its negative if that was met.
    entry: usize,
    outcome: Outcome,
}

/// Fills [`ROWS`] rows of each loop, given P, 2 P and 3 P of its key, and counts the entries of the
/// fixed-base table that it asks for.
///
/// If operands of an addition meet, the loop says so and goes on from any point.
pub(in crate::signature) fn fill(
    loops: &[(Scalars, [Affine; 3])],
    rows: &mut [F],
    entries: &mut [u32; FIXED_BASE_ROWS],
) -> Vec<Outcome> {
    let start = first_start();
    let quarter = F::TWO.square().inverse();
    let quarters: Vec<F> = quarter.powers().take(ROWS_OF_LIMB).collect();
    let mut lanes: Vec<Lane<'_>> = loops
        .iter()
        .zip(rows.chunks_exact_mut(ROWS * Steps::WIDTH))
        .map(|((scalars, multiples), rows)| Lane {
            scalars,
            multiples,
            rows,
            point: start,
            run: Quintic::ZERO,
            entry: 0,
            outcome: Outcome {
                commitment: start,
                slope: Quintic::ZERO,
                multiplicities: [0; 3],
                met: false,
            },
        })
        .collect();

    for step in 0..ROWS {
        let chords = slopes(lanes.iter().map(|lane| lane.multiple_line(step)));
        lanes.iter_mut().zip(chords).for_each(|(lane, slope)| lane.add_multiple(step, slope));
        let chords = slopes(lanes.iter().map(|lane| lane.entry_line(step)));
        lanes.iter_mut().zip(chords).for_each(|(lane, slope)| lane.add_entry(step, slope));
        let tangents = slopes(lanes.iter().map(|lane| Line::tangent(&lane.point)));
        lanes.iter_mut().zip(tangents).for_each(|(lane, slope)| lane.double(step, slope));
        let tangents = slopes(lanes.iter().map(|lane| Line::tangent(&lane.point)));
        lanes.iter_mut().zip(tangents).for_each(|(lane, slope)| lane.quadruple(step, slope));
        for lane in &mut lanes {
            lane.fill_limbs(step, &quarters);
            entries[lane.entry] += 1;
        }
    }
    lanes.iter_mut().for_each(Lane::invert_distinct);
    lanes.into_iter().map(|lane| lane.outcome).collect()
}

/// Fills the columns of a loop's rows that are known beforehand, for the signature of this number.
pub(in crate::signature) fn fill_schedule(number: F, rows: &mut [F]) {
    for (step, row) in rows.chunks_exact_mut(Steps::WIDTH).enumerate() {
        let Schedule { sends, part, is_last } = schedule(step);
        let row: &mut Steps<F> = row.borrow_mut();
        (row.signature, row.sends, row.part, row.is_last) = (number, sends, part, is_last);
    }
}

fn digit(scalar: u128, step: usize) -> usize {
    (scalar >> (2 * (ROWS - 1 - step))) as usize & 3
}

impl Scalars {
    /// Which entry of the fixed-base table is added.
    fn entry(&self, step: usize) -> usize {
        let [i, j, k] = self.s.map(|scalar| digit(scalar, step));
        i + 4 * j + 16 * k
    }
}

impl Lane<'_> {
    fn row(&mut self, step: usize) -> &mut Steps<F> {
        self.rows[step * Steps::WIDTH..][..Steps::WIDTH].borrow_mut()
    }

    /// The multiple of the key, and its index.
    fn multiple(&self, step: usize) -> Option<(usize, Affine)> {
        let index = digit(self.scalars.e, step).checked_sub(1)?;
        Some((index, self.multiples[index]))
    }

    fn multiple_line(&self, step: usize) -> Line {
        match self.multiple(step) {
            Some((_, multiple)) => Line::chord(&self.point, &multiple),
            None => Line { rise: SKIP_SLOPE.into(), run: Quintic::ONE },
        }
    }

    fn add_multiple(&mut self, step: usize, slope: Quintic) {
        let start = self.point;
        let multiple = self.multiple(step);
        let multiple_x = match multiple {
            Some((index, multiple)) => {
                self.outcome.multiplicities[index] += 1;
                self.point = sum(&start, &multiple.x, &slope);
                multiple.x
            }
            None => slope.square() - start.x.double(),
        };
        self.run = multiple_x - start.x;
        let met = F::from_bool(self.outcome.met);
        let meets = multiple.map_or([false; 2], |(_, multiple)| self.meet(&start, &multiple));
        let middle_x = coefficients(&self.point.x);
        let row = self.row(step);
        row.met = met;
        row.meets_multiple = meets.map(F::from_bool);
        row.start_x = coefficients(&start.x);
        row.start_y = coefficients(&start.y);
        row.skip = F::from_bool(multiple.is_none());
        row.multiple_x = coefficients(&multiple_x);
        row.multiple_slope = coefficients(&slope);
        row.middle_x = middle_x;
    }

    /// Whether two points are the same, or negatives, for the first time in this loop.
    fn meet(&mut self, point: &Affine, other: &Affine) -> [bool; 2] {
        if self.outcome.met || point.x != other.x {
            return [false; 2];
        }
        self.outcome.met = true;
        [point.y == other.y, point.y != other.y]
    }

    fn entry(&self, step: usize) -> &'static Affine {
        &fixed_base_table()[self.scalars.entry(step)]
    }

    fn entry_line(&self, step: usize) -> Line {
        Line::chord(&self.point, self.entry(step))
    }

    fn add_entry(&mut self, step: usize, slope: Quintic) {
        let entry = self.entry(step);
        let middle = self.point;
        let meets = self.meet(&middle, entry);
        self.entry = self.scalars.entry(step) + if meets[1] { NEGATED } else { 0 };
        let product = coefficients(&(self.run * (entry.x - middle.x)));
        self.point = sum(&self.point, &entry.x, &slope);
        self.outcome.commitment = self.point;
        let acc_x = coefficients(&self.point.x);
        let row = self.row(step);
        row.entry_x = coefficients(&entry.x);
        row.entry_slope = coefficients(&slope);
        row.acc_x = acc_x;
        row.meets_entry = meets.map(F::from_bool);
        // To be inverted in the end.
        row.distinct = product;
    }

    fn double(&mut self, step: usize, slope: Quintic) {
        self.point = sum(&self.point, &self.point.x, &slope);
        self.outcome.slope = slope;
        let double_x = coefficients(&self.point.x);
        let row = self.row(step);
        row.double_slope = coefficients(&slope);
        row.double_x = double_x;
    }

    fn quadruple(&mut self, step: usize, slope: Quintic) {
        self.point = sum(&self.point, &self.point.x, &slope);
        self.row(step).quadruple_slope = coefficients(&slope);
    }

    /// What is left of the limbs, as fractions.
    fn fill_limbs(&mut self, step: usize, quarters: &[F]) {
        let digits_left = ROWS_OF_LIMB - step % ROWS_OF_LIMB;
        let limb = (ROWS - 1 - step) / ROWS_OF_LIMB;
        let rest = |scalar: u128| {
            let rest =
                (scalar >> (2 * ROWS_OF_LIMB * limb)) as u64 & ((1 << (2 * digits_left)) - 1);
            F::from_u64(rest) * quarters[digits_left - 1]
        };
        let (e, s) = (rest(self.scalars.e), self.scalars.s.map(rest));
        let row = self.row(step);
        (row.e, row.s) = (e, s);
    }

    /// Makes `distinct` pair with the coefficients that it holds to 1, by the first that is not zero.
    fn invert_distinct(&mut self) {
        let rows = self.rows.chunks_exact_mut(Steps::WIDTH).map(|row| {
            let row: &mut Steps<F> = row.borrow_mut();
            row
        });
        let pivot = |row: &Steps<F>| row.distinct.iter().position(|c| !c.is_zero()).unwrap_or(0);
        let mut rows: Vec<_> = rows.collect();
        let values = rows.iter().map(|row| row.distinct[pivot(row)]).collect();
        for (row, inverse) in rows.iter_mut().zip(inverses(values)) {
            let pivot = pivot(row);
            row.distinct = [F::ZERO; 5];
            row.distinct[pivot] = inverse;
        }
    }
}
