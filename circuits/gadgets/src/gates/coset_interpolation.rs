//! `CosetInterpolationGate`: the value at a point of the polynomial through values on a coset, as sums of
//! barycentric terms; see plonky2's documentation of the gate for the sequences.

use std::ops::Range;

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;

use super::Vars;
use super::algebra::{self, Algebra, D};
use crate::ring::Ring;

/// Wires: coset shift, values, evaluation point, evaluation, intermediate sums, intermediate products,
/// shifted evaluation point.
#[inline(always)]
pub(super) fn constraints<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    gate: &CosetInterpolationGate<GoldilocksField, D>,
    emit: &mut impl FnMut(R::Value),
) {
    let points = 1 << gate.subgroup_bits;
    let intermediates = (points - 2) / (gate.degree - 1);
    let start_point = 1 + points * D;
    let start_sums = start_point + 2 * D;
    let start_products = start_sums + intermediates * D;

    let point = algebra::read(vars, start_point);
    let shifted = algebra::read(vars, start_products + intermediates * D);
    let unshifted = algebra::scale(ring, vars.wires[0], shifted);
    algebra::sub(ring, point, unshifted).into_iter().for_each(&mut *emit);

    let zero = ring.constant(GoldilocksField::ZERO);
    let one = ring.constant(GoldilocksField::ONE);
    let mut state = ([zero; D], [one, zero]);
    state = accumulate(ring, vars, gate, 0..gate.degree, shifted, state);
    for i in 0..intermediates {
        let sum = algebra::read(vars, start_sums + i * D);
        let product = algebra::read(vars, start_products + i * D);
        algebra::sub(ring, sum, state.0).into_iter().for_each(&mut *emit);
        algebra::sub(ring, product, state.1).into_iter().for_each(&mut *emit);
        let start = 1 + (gate.degree - 1) * (i + 1);
        // The last part may be shorter.
        let end = (start + gate.degree - 1).min(points);
        state = accumulate(ring, vars, gate, start..end, shifted, (sum, product));
    }
    let evaluation = algebra::read(vars, start_point + D);
    algebra::sub(ring, evaluation, state.0).into_iter().for_each(&mut *emit);
}

/// Adds terms: `sum = sum * (z - x) + weight * value * product`, `product = product * (z - x)`.
#[inline(always)]
fn accumulate<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    gate: &CosetInterpolationGate<GoldilocksField, D>,
    terms: Range<usize>,
    z: Algebra<R::Value>,
    (mut sum, mut product): (Algebra<R::Value>, Algebra<R::Value>),
) -> (Algebra<R::Value>, Algebra<R::Value>) {
    let generator = GoldilocksField::primitive_root_of_unity(gate.subgroup_bits);
    let zero = ring.constant(GoldilocksField::ZERO);
    let mut x = generator.exp_u64(terms.start as u64);
    for i in terms {
        let factor = [ring.add_constant(z[0], -x), z[1]];
        let value = algebra::read(vars, 1 + i * D);
        let weight = gate.barycentric_weights[i];
        let weighted = value.map(|c| ring.scale_add(weight, c, zero));
        let term = algebra::mul(ring, weighted, product);
        let rest = algebra::mul(ring, sum, factor);
        sum = algebra::add(ring, rest, term);
        product = algebra::mul(ring, product, factor);
        x *= generator;
    }
    (sum, product)
}
