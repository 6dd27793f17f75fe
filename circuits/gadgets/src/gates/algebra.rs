//! `V[X] / (X^2 - 7)` over the values V of a ring: what an extension element spread over two wires becomes
//! when wires are values of polynomials.

use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;

use super::Vars;
use crate::ring::Ring;

/// Degree of the extension.
pub(super) const D: usize = 2;

/// `X^2`.
const W: GoldilocksField = <GoldilocksField as Extendable<D>>::W;

/// Coefficients of 1 and X.
pub(super) type Algebra<V> = [V; D];

/// Two wires from `start` on.
#[inline(always)]
pub(super) fn read<V: Copy>(vars: Vars<'_, V>, start: usize) -> Algebra<V> {
    [vars.wires[start], vars.wires[start + 1]]
}

#[inline(always)]
pub(super) fn add<R: Ring>(
    ring: &mut R,
    a: Algebra<R::Value>,
    b: Algebra<R::Value>,
) -> Algebra<R::Value> {
    [ring.add(a[0], b[0]), ring.add(a[1], b[1])]
}

#[inline(always)]
pub(super) fn sub<R: Ring>(
    ring: &mut R,
    a: Algebra<R::Value>,
    b: Algebra<R::Value>,
) -> Algebra<R::Value> {
    [ring.sub(a[0], b[0]), ring.sub(a[1], b[1])]
}

#[inline(always)]
pub(super) fn mul<R: Ring>(
    ring: &mut R,
    a: Algebra<R::Value>,
    b: Algebra<R::Value>,
) -> Algebra<R::Value> {
    let low = ring.mul(a[0], b[0]);
    let high = ring.mul(a[1], b[1]);
    let cross = ring.mul(a[0], b[1]);
    [ring.scale_add(W, high, low), ring.mul_add(a[1], b[0], cross)]
}

/// The product with an element of the ring.
#[inline(always)]
pub(super) fn scale<R: Ring>(ring: &mut R, k: R::Value, a: Algebra<R::Value>) -> Algebra<R::Value> {
    [ring.mul(a[0], k), ring.mul(a[1], k)]
}
