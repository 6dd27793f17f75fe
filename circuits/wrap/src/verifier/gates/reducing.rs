//! `ReducingGate` and `ReducingExtensionGate`: `acc = acc * alpha + coeff`, with every accumulator on wires.
//! Wires: output, alpha, old accumulator, coefficients, accumulators; the last accumulator is the output.

use super::super::extension::{D, Ext};
use super::Vars;
use super::algebra::Algebra;
use crate::r1cs::Builder;

const OUTPUT: usize = 0;
const START_COEFFS: usize = 3 * D;

pub(super) fn base(b: &mut Builder, vars: Vars<'_>, coeffs: usize) -> Vec<Ext> {
    horner(b, vars, coeffs, coeffs, |i| vars.wires[START_COEFFS + i].clone().into())
}

pub(super) fn extension(b: &mut Builder, vars: Vars<'_>, coeffs: usize) -> Vec<Ext> {
    horner(b, vars, coeffs, coeffs * D, |i| vars.algebra(START_COEFFS + i * D))
}

fn horner(
    b: &mut Builder,
    vars: Vars<'_>,
    coeffs: usize,
    coeff_wires: usize,
    coeff: impl Fn(usize) -> Algebra,
) -> Vec<Ext> {
    let alpha = vars.algebra(D);
    let mut acc = vars.algebra(2 * D);
    let mut constraints = Vec::with_capacity(coeffs * D);
    for i in 0..coeffs {
        let start = if i == coeffs - 1 { OUTPUT } else { START_COEFFS + coeff_wires + i * D };
        let next = vars.algebra(start);
        let computed = acc.mul(b, &alpha).add(&coeff(i));
        constraints.extend(computed.sub(&next).0);
        acc = next;
    }
    constraints
}
