//! `CosetInterpolationGate`: the value at a point of the polynomial through values on a coset, as sums of
//! barycentric terms; see plonky2's documentation of the gate for the sequences.

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;

use super::super::extension::{D, Ext};
use super::Vars;
use super::algebra::Algebra;
use crate::r1cs::Builder;

/// Wires: coset shift, values, evaluation point, evaluation, intermediate sums, intermediate products,
/// shifted evaluation point.
pub(super) fn evaluate(
    b: &mut Builder,
    vars: Vars<'_>,
    gate: &CosetInterpolationGate<GoldilocksField, D>,
) -> Vec<Ext> {
    let points = 1 << gate.subgroup_bits;
    let intermediates = (points - 2) / (gate.degree - 1);
    let start_point = 1 + points * D;
    let start_sums = start_point + 2 * D;
    let start_products = start_sums + intermediates * D;

    let point = vars.algebra(start_point);
    let shifted = vars.algebra(start_products + intermediates * D);
    let mut constraints: Vec<Ext> = point.sub(&shifted.scalar_mul(b, &vars.wires[0])).0.into();

    let domain = GoldilocksField::two_adic_subgroup(gate.subgroup_bits);
    let terms: Vec<Term> = (0..points)
        .map(|i| Term {
            value: vars.algebra(1 + i * D),
            x: domain[i],
            weight: gate.barycentric_weights[i],
        })
        .collect();

    let (mut sum, mut product) =
        accumulate(b, &terms[..gate.degree], &shifted, Algebra::zero(), Algebra::one());
    for i in 0..intermediates {
        let next_sum = vars.algebra(start_sums + i * D);
        let next_product = vars.algebra(start_products + i * D);
        constraints.extend(next_sum.sub(&sum).0);
        constraints.extend(next_product.sub(&product).0);
        let start = 1 + (gate.degree - 1) * (i + 1);
        // The last part may be shorter.
        let end = (start + gate.degree - 1).min(points);
        (sum, product) = accumulate(b, &terms[start..end], &shifted, next_sum, next_product);
    }
    constraints.extend(vars.algebra(start_point + D).sub(&sum).0);
    constraints
}

/// A point of the subgroup with its barycentric weight and the value over it.
struct Term {
    value: Algebra,
    x: GoldilocksField,
    weight: GoldilocksField,
}

/// Adds the terms: `sum = sum * (z - x) + weight * value * product`, `product = product * (z - x)`.
fn accumulate(
    b: &mut Builder,
    terms: &[Term],
    z: &Algebra,
    sum: Algebra,
    product: Algebra,
) -> (Algebra, Algebra) {
    terms.iter().fold((sum, product), |(sum, product), term| {
        let factor = z.sub(&Ext::constant(term.x).into());
        let weighted = Algebra(term.value.0.each_ref().map(|c| c.scale(term.weight)));
        let product = product.reduce(b);
        let sum = sum.mul(b, &factor).add(&weighted.mul(b, &product));
        (sum, product.mul(b, &factor))
    })
}
