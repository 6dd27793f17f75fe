//! Chords and tangents of many points at once.

use cairn_primitives::ecgfp5::{A, Affine, Quintic};
use p3_field::{Field, PrimeCharacteristicRing, batch_multiplicative_inverse};

/// A line of slope `rise / run`.
pub(super) struct Line {
    pub(super) rise: Quintic,
    pub(super) run: Quintic,
}

impl Line {
    /// Through two points.
    pub(super) fn chord(p: &Affine, q: &Affine) -> Self {
        Self { rise: q.y - p.y, run: q.x - p.x }
    }

    /// That touches the curve in one.
    pub(super) fn tangent(p: &Affine) -> Self {
        let square = p.x.square();
        Self { rise: square.double() + square + A, run: p.y.double() }
    }
}

/// Slopes, of any value where a line is vertical.
pub(super) fn slopes(lines: impl Iterator<Item = Line>) -> Vec<Quintic> {
    let (rises, runs): (Vec<_>, Vec<_>) = lines.map(|line| (line.rise, line.run)).unzip();
    rises.into_iter().zip(inverses(runs)).map(|(rise, inverse)| rise * inverse).collect()
}

/// Inverses, of any value for zero.
pub(super) fn inverses<T: Field>(mut values: Vec<T>) -> Vec<T> {
    for value in values.iter_mut().filter(|value| value.is_zero()) {
        *value = T::ONE;
    }
    batch_multiplicative_inverse(&values)
}

/// The sum of `p` and a point with this X, by the slope of the line through both.
pub(super) fn sum(p: &Affine, other_x: &Quintic, slope: &Quintic) -> Affine {
    let x = slope.square() - p.x - *other_x;
    Affine { x, y: *slope * (p.x - x) - p.y }
}
