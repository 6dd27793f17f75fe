//! Chords and tangents of the curve `Y^2 = X^3 + A X + B` over expressions.

use cairn_primitives::F;
use cairn_primitives::ecgfp5::{A, Affine};
use p3_air::AirBuilder;
use p3_field::Algebra;

use super::quintic::Quintic;

/// A point, or where a line is at some X.
#[derive(Debug, Clone)]
pub(super) struct Point<E> {
    pub(super) x: Quintic<E>,
    pub(super) y: Quintic<E>,
}

impl<E: Algebra<F>> Point<E> {
    /// A constant.
    pub(super) fn constant(point: &Affine) -> Self {
        Self { x: Quintic::constant(&point.x), y: Quintic::constant(&point.y) }
    }

    /// The point of the line through `self` with this slope at `x`.
    pub(super) fn along(&self, slope: &Quintic<E>, x: Quintic<E>) -> Self {
        let y = slope.clone() * (x.clone() - self.x.clone()) + self.y.clone();
        Self { x, y }
    }

    /// The sum of the points where a line through `self` meets the curve, of which `x` is X: the
    /// third intersection, reflected.
    pub(super) fn sum(&self, slope: &Quintic<E>, x: Quintic<E>) -> Self {
        let y = slope.clone() * (self.x.clone() - x.clone()) - self.y.clone();
        Self { x, y }
    }

    /// X of the sum of `self` and a point with X = `other_x`, by the slope of the line through
    /// both.
    pub(super) fn sum_x(&self, slope: &Quintic<E>, other_x: Quintic<E>) -> Quintic<E> {
        slope.square() - self.x.clone() - other_x
    }

    /// Asserts that `slope` is that of the tangent: five constraints, which determine it, as Y is
    /// not zero in a group of odd order.
    pub(super) fn assert_tangent<AB: AirBuilder<F = F, Expr = E>>(
        &self,
        builder: &mut AB,
        slope: &Quintic<E>,
    ) {
        // 2 Y slope = 3 X^2 + A
        let right = self.x.square().scale(E::from_u8(3)) + Quintic::constant(&A);
        (self.y.clone() * slope.clone()).double().assert_eq(builder, right);
    }

    pub(super) fn elements(self) -> impl Iterator<Item = E> {
        self.x.0.into_iter().chain(self.y.0)
    }
}
