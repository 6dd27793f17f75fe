//! Reduced openings: what FRI tests, from the rows that a query opens (p3's `open_inputs`).
//!
//! A table `f` opened at `z` is `(f(z) - f(x)) / (z - x)` of low degree. All columns, tables and points of
//! one height are summed with consecutive powers of alpha: table after table, point after point, column after
//! column. A query costs a row of `ReducingGate` for 43 columns, however many points they are opened
//! at: the powers for the next point are those of the first times a constant.

use std::collections::BTreeMap;

use cairn_gadgets::field::to_plonky2;
use p3_field::Field as _;
use plonky2::field::types::Field;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::Target;
use plonky2::util::reducing::ReducingFactorTarget;

use super::extension::{Builder, ChallengeTarget, F};
use super::fri::CommitmentTarget;
use super::mmcs::OpeningTarget;
use crate::config::Val;

/// Consecutive tables whose columns take consecutive powers of alpha.
struct Segment {
    /// Commitment and position in it.
    tables: Vec<(usize, usize)>,
    /// Point and power of alpha of the first column.
    terms: Vec<(usize, ChallengeTarget)>,
}

/// The tables of one height.
#[derive(Default)]
struct Height {
    points: Vec<ChallengeTarget>,
    /// For each point, the sum of all claimed values.
    claimed: Vec<ChallengeTarget>,
    segments: Vec<Segment>,
    /// Powers of alpha used so far.
    powers: usize,
}

/// What the queries share.
pub(super) struct Reduction {
    alpha: ChallengeTarget,
    /// By height of the blown-up table, in bits.
    heights: BTreeMap<usize, Height>,
}

impl Reduction {
    pub(super) fn new(
        builder: &mut Builder,
        log_blowup: usize,
        commitments: &[CommitmentTarget],
        alpha: ChallengeTarget,
    ) -> Self {
        let mut heights: BTreeMap<usize, Height> = BTreeMap::new();
        for (c, commitment) in commitments.iter().enumerate() {
            for (t, table) in commitment.tables.iter().enumerate() {
                let height = heights.entry(table.log_height + log_blowup).or_default();
                let mut terms = vec![];
                for point in &table.points {
                    let p = height.point(builder, point.point);
                    let power = builder.exp_u64_extension(alpha, height.powers as u64);
                    let values = ReducingFactorTarget::new(alpha).reduce(&point.values, builder);
                    height.claimed[p] = builder.mul_add_extension(power, values, height.claimed[p]);
                    height.powers += point.values.len();
                    terms.push((p, power));
                }
                match height.segments.last_mut() {
                    // One point and the same: the powers go on where those of the last table end.
                    Some(last)
                        if last.terms.len() == 1
                            && terms.len() == 1
                            && last.terms[0].0 == terms[0].0 =>
                    {
                        last.tables.push((c, t));
                    }
                    _ => height.segments.push(Segment { tables: vec![(c, t)], terms }),
                }
            }
        }
        Self { alpha, heights }
    }

    /// Different heights.
    pub(super) fn heights(&self) -> usize {
        self.heights.len()
    }

    /// The reduced opening of the tables of this height at `x`, an element of the subgroup of that order, if
    /// there are such tables. The code's domain is the coset of the generator.
    ///
    /// No proof exists if `x` is the point of an opening.
    pub(super) fn at(
        &self,
        builder: &mut Builder,
        log_height: usize,
        x: Target,
        openings: &[OpeningTarget],
    ) -> Option<ChallengeTarget> {
        let height = self.heights.get(&log_height)?;
        let mut opened = vec![builder.zero_extension(); height.points.len()];
        for segment in &height.segments {
            let row: Vec<Target> = segment
                .tables
                .iter()
                .flat_map(|&(c, t)| openings[c].rows[t].iter().copied())
                .collect();
            let row = ReducingFactorTarget::new(self.alpha).reduce_base(&row, builder);
            for &(p, power) in &segment.terms {
                opened[p] = builder.mul_add_extension(power, row, opened[p]);
            }
        }
        let mut sum = builder.zero_extension();
        for (p, &point) in height.points.iter().enumerate() {
            let numerator = builder.sub_extension(height.claimed[p], opened[p]);
            let denominator = minus_domain_point(builder, point, x);
            sum = builder.div_add_extension(numerator, denominator, sum);
        }
        Some(sum)
    }
}

impl Height {
    /// The position of a point, which is added if it is new.
    fn point(&mut self, builder: &mut Builder, point: ChallengeTarget) -> usize {
        let known = self.points.iter().position(|&known| known == point);
        known.unwrap_or_else(|| {
            self.points.push(point);
            self.claimed.push(builder.zero_extension());
            self.points.len() - 1
        })
    }
}

/// `z - generator x`.
fn minus_domain_point(builder: &mut Builder, z: ChallengeTarget, x: Target) -> ChallengeTarget {
    let one = builder.one();
    let ExtensionTarget([low, high]) = z;
    let minus_generator = -to_plonky2(Val::GENERATOR);
    ExtensionTarget([builder.arithmetic(minus_generator, F::ONE, x, one, low), high])
}
