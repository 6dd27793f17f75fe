//! GF(p^5) and the affine group law over a [`Ring`], for constraints.

use cairn_primitives::ecgfp5::{self, Affine};
use p3_field::BasedVectorSpace;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use crate::field::to_plonky2;
use crate::ring::Ring;

/// An element of GF(p^5): the coefficients of 1, z, .. z^4.
pub(super) type Quintic<V> = [V; 5];

/// Wires of a point.
pub(super) const POINT: usize = 10;

/// A point: X and Y.
#[derive(Clone, Copy)]
pub(super) struct Point<V> {
    pub(super) x: Quintic<V>,
    pub(super) y: Quintic<V>,
}

impl<V> Point<V> {
    /// X, then Y, from `start` on.
    pub(super) fn read(wire: &impl Fn(usize) -> V, start: usize) -> Self {
        Self { x: quintic(wire, start), y: quintic(wire, start + 5) }
    }
}

/// Five wires from `start` on.
pub(super) fn quintic<V>(wire: &impl Fn(usize) -> V, start: usize) -> Quintic<V> {
    std::array::from_fn(|i| wire(start + i))
}

/// The coefficients of a constant.
pub(super) fn coefficients(x: &ecgfp5::Quintic) -> Quintic<GoldilocksField> {
    let slice = x.as_basis_coefficients_slice();
    std::array::from_fn(|i| to_plonky2(slice[i]))
}

/// The ten elements of a point.
pub(crate) fn elements(point: &Affine) -> [GoldilocksField; POINT] {
    let (x, y) = (coefficients(&point.x), coefficients(&point.y));
    std::array::from_fn(|i| if i < 5 { x[i] } else { y[i - 5] })
}

/// `k * x`, k a small integer.
pub(super) fn scale<R: Ring>(ring: &mut R, k: i64, x: R::Value) -> R::Value {
    let zero = ring.constant(GoldilocksField::ZERO);
    scale_add(ring, k, x, zero)
}

/// `k * x + y`, k a small integer.
pub(super) fn scale_add<R: Ring>(ring: &mut R, k: i64, x: R::Value, y: R::Value) -> R::Value {
    ring.scale_add(GoldilocksField::from_noncanonical_i64(k), x, y)
}

/// `1 - x`.
pub(super) fn not<R: Ring>(ring: &mut R, x: R::Value) -> R::Value {
    let one = ring.constant(GoldilocksField::ONE);
    ring.sub(one, x)
}

/// `x^2 - x`: zero iff x is a bit.
pub(super) fn boolean<R: Ring>(ring: &mut R, x: R::Value) -> R::Value {
    let square = ring.mul(x, x);
    ring.sub(square, x)
}

pub(super) fn add<R: Ring>(
    ring: &mut R,
    a: &Quintic<R::Value>,
    b: &Quintic<R::Value>,
) -> Quintic<R::Value> {
    std::array::from_fn(|i| ring.add(a[i], b[i]))
}

pub(super) fn sub<R: Ring>(
    ring: &mut R,
    a: &Quintic<R::Value>,
    b: &Quintic<R::Value>,
) -> Quintic<R::Value> {
    std::array::from_fn(|i| ring.sub(a[i], b[i]))
}

/// `a * b` with `z^5 = 3`.
pub(super) fn mul<R: Ring>(
    ring: &mut R,
    a: &Quintic<R::Value>,
    b: &Quintic<R::Value>,
) -> Quintic<R::Value> {
    std::array::from_fn(|k| {
        let mut low = ring.mul(a[0], b[k]);
        for i in 1..=k {
            low = ring.mul_add(a[i], b[k - i], low);
        }
        if k == 4 {
            return low;
        }
        let mut high = ring.mul(a[k + 1], b[4]);
        for i in k + 2..5 {
            high = ring.mul_add(a[i], b[k + 5 - i], high);
        }
        scale_add(ring, 3, high, low)
    })
}

/// `bit * (a - b) + b`: a choice, if `bit` is one.
pub(super) fn select<R: Ring>(
    ring: &mut R,
    bit: R::Value,
    a: &Quintic<R::Value>,
    b: &Quintic<R::Value>,
) -> Quintic<R::Value> {
    std::array::from_fn(|i| {
        let difference = ring.sub(a[i], b[i]);
        ring.mul_add(bit, difference, b[i])
    })
}

/// X of the third intersection of the line through p and q with the curve, minus X of `p`:
/// `slope^2 - 2 x1 - x2`; and Y of the sum minus Y of `p`: `slope (x1 - x3) - 2 y1`.
pub(super) fn displacement<R: Ring>(
    ring: &mut R,
    p: &Point<R::Value>,
    q_x: &Quintic<R::Value>,
    slope: &Quintic<R::Value>,
    sum_x: &Quintic<R::Value>,
) -> Point<R::Value> {
    let square = mul(ring, slope, slope);
    let run = sub(ring, &p.x, sum_x);
    let rise = mul(ring, slope, &run);
    let x = sub(ring, &square, q_x);
    Point {
        x: std::array::from_fn(|i| scale_add(ring, -2, p.x[i], x[i])),
        y: std::array::from_fn(|i| scale_add(ring, -2, p.y[i], rise[i])),
    }
}

/// `double = 2 p`: 15 constraints, which determine slope and double if `p.y` is not zero.
pub(super) fn constrain_double<R: Ring>(
    ring: &mut R,
    p: &Point<R::Value>,
    slope: &Quintic<R::Value>,
    double: &Point<R::Value>,
    emit: &mut impl FnMut(R::Value),
) {
    // 2 y slope = 3 x^2 + A
    let left = mul(ring, &p.y, slope);
    let square = mul(ring, &p.x, &p.x);
    let a = coefficients(&ecgfp5::A);
    for i in 0..5 {
        let left = scale(ring, 2, left[i]);
        let mut difference = scale_add(ring, -3, square[i], left);
        if a[i] != GoldilocksField::ZERO {
            difference = ring.add_constant(difference, -a[i]);
        }
        emit(difference);
    }
    constrain_sum(ring, p, &p.x, slope, double, emit);
}

/// `sum = p + q` with the slope of the line through them: 10 constraints.
pub(super) fn constrain_sum<R: Ring>(
    ring: &mut R,
    p: &Point<R::Value>,
    q_x: &Quintic<R::Value>,
    slope: &Quintic<R::Value>,
    sum: &Point<R::Value>,
    emit: &mut impl FnMut(R::Value),
) {
    let step = displacement(ring, p, q_x, slope, &sum.x);
    for (start, step, end) in [(p.x, step.x, sum.x), (p.y, step.y, sum.y)] {
        let moved = add(ring, &start, &step);
        sub(ring, &moved, &end).into_iter().for_each(&mut *emit);
    }
}
