//! `ReducingGate` and `ReducingExtensionGate`: `acc = acc * alpha + coeff`, with every accumulator on wires.
//! Wires: output, alpha, old accumulator, coefficients, accumulators; the last accumulator is the output.

use super::Vars;
use super::algebra::{self, D};
use crate::ring::Ring;

const OUTPUT: usize = 0;
const START_COEFFS: usize = 3 * D;

#[inline(always)]
pub(super) fn base<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    coeffs: usize,
    emit: &mut impl FnMut(R::Value),
) {
    horner(ring, vars, coeffs, 1, emit);
}

#[inline(always)]
pub(super) fn extension<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    coeffs: usize,
    emit: &mut impl FnMut(R::Value),
) {
    horner(ring, vars, coeffs, D, emit);
}

/// Coefficients of `width` wires each.
#[inline(always)]
fn horner<R: Ring>(
    ring: &mut R,
    vars: Vars<'_, R::Value>,
    coeffs: usize,
    width: usize,
    emit: &mut impl FnMut(R::Value),
) {
    let alpha = algebra::read(vars, D);
    let mut acc = algebra::read(vars, 2 * D);
    for i in 0..coeffs {
        let start = if i == coeffs - 1 { OUTPUT } else { START_COEFFS + coeffs * width + i * D };
        let next = algebra::read(vars, start);
        let mut computed = algebra::mul(ring, acc, alpha);
        let coeff = &vars.wires[START_COEFFS + i * width..][..width];
        for (value, &coeff) in computed.iter_mut().zip(coeff) {
            *value = ring.add(*value, coeff);
        }
        algebra::sub(ring, computed, next).into_iter().for_each(&mut *emit);
        acc = next;
    }
}
