//! The check that the constraints hold at zeta: `vanishing(zeta) = Z_H(zeta) quotient(zeta)`.
//!
//! For each challenge alpha the vanishing polynomial is `sum of alpha^j term_j` with, in order: `L_0 (Z_i - 1)`
//! for every challenge i; the partial products, challenge by challenge; the gate constraints, summed over
//! the gates, each under its filter. (plonky2 1.1.0, `plonk/vanishing_poly.rs`; no lookups.)

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::circuit::{Circuit, SelectedGate};
use super::extension::{Ext, Powers};
use super::gates::Vars;
use super::goldilocks::Base;
use super::proof::Openings;
use crate::r1cs::Builder;

/// Terms up to this width meet powers of alpha as they are; wider ones are reduced, once for all challenges.
const TERM_BITS: u64 = 168;

/// The value in a selector polynomial where no gate of its group is selected.
const UNUSED_SELECTOR: u64 = u32::MAX as u64;

/// The verifier's challenges of the PLONK part, below 2^64 each.
#[derive(Clone, Debug)]
pub(crate) struct PlonkChallenges {
    pub(crate) betas: Vec<Base>,
    pub(crate) gammas: Vec<Base>,
    pub(crate) alphas: Vec<Base>,
    pub(crate) zeta: Ext,
}

/// Enforces the identity at zeta for every challenge.
pub(crate) fn assert_identity(
    b: &mut Builder,
    circuit: &Circuit,
    openings: &Openings<Ext>,
    challenges: &PlonkChallenges,
    public_inputs_hash: &[Base; 4],
) {
    b.region("zeta");
    let zeta = &challenges.zeta;
    // Without it, zeta could meet the points that later divisions exclude: all lie in the base field.
    zeta.0[1].assert_nonzero(b);
    let zeta_n = zeta.exp_power_of_2(b, circuit.common.degree_bits());
    let z_h = &zeta_n - &Ext::one();

    b.region("permutation argument");
    let mut terms = first_row(b, circuit, openings, zeta, &z_h);
    for i in 0..circuit.num_challenges() {
        terms.extend(partial_products(b, circuit, openings, challenges, i));
    }
    let terms = limit_all(b, terms);

    b.region("gate constraints");
    let vars = Vars {
        constants: &openings.constants[circuit.num_selectors()..],
        wires: &openings.wires,
        public_inputs_hash,
    };
    let gates: Vec<(Ext, Vec<Ext>)> = circuit
        .gates
        .iter()
        .map(|gate| {
            let filter =
                filter(b, gate, &openings.constants[gate.selector], circuit.num_selectors());
            let constraints = gate.gate.evaluate(b, vars);
            (filter, limit_all(b, constraints))
        })
        .collect();

    b.region("vanishing polynomial");
    let count = gates.iter().map(|(_, c)| c.len()).max().unwrap_or(0).max(terms.len() + 1);
    let zeta_n = Powers::new(b, &zeta_n, circuit.common.quotient_degree_factor);
    let quotients = openings.quotient.chunks(circuit.common.quotient_degree_factor);
    for (alpha, quotient) in challenges.alphas.iter().zip(quotients) {
        let alpha = Powers::new(b, &alpha.clone().into(), count);
        let mut filtered = Ext::zero();
        for (filter, constraints) in &gates {
            let sum = alpha.combine(b, constraints);
            filtered += &sum.reduce(b).mul(b, filter);
        }
        let shift = alpha.power(b, terms.len());
        let mut difference = filtered.mul(b, &shift);
        difference += &alpha.combine(b, &terms);
        difference -= &zeta_n.combine(b, quotient).mul(b, &z_h);
        difference.assert_zero(b);
    }
}

/// `L_0(zeta) (Z_i(zeta) - 1)`.
fn first_row(
    b: &mut Builder,
    circuit: &Circuit,
    openings: &Openings<Ext>,
    zeta: &Ext,
    z_h: &Ext,
) -> Vec<Ext> {
    // L_0(x) = (x^n - 1) / (n (x - 1)), and zeta is not 1.
    let n = GoldilocksField::from_canonical_usize(circuit.common.degree());
    let l_0 = z_h.div(b, &(zeta - &Ext::one()).scale(n));
    openings.zs.iter().map(|z| (z - &Ext::one()).mul(b, &l_0)).collect()
}

/// `previous * product of numerators - next * product of denominators` for each chunk of routed wires of
/// challenge `i`, where the accumulators run from Z over the partial products to Z at the next row.
fn partial_products(
    b: &mut Builder,
    circuit: &Circuit,
    openings: &Openings<Ext>,
    challenges: &PlonkChallenges,
    i: usize,
) -> Vec<Ext> {
    let common = &circuit.common;
    let (beta, gamma) = (&challenges.betas[i].clone().into(), &challenges.gammas[i].clone().into());
    let beta_zeta = challenges.zeta.mul(b, beta).reduce(b);
    let routed = 0..common.config.num_routed_wires;
    // wire + beta k zeta + gamma, and wire + beta sigma + gamma
    let numerators: Vec<Ext> = routed
        .clone()
        .map(|j| {
            let mut sum = &openings.wires[j] + gamma;
            sum.add_multiple(&beta_zeta, common.k_is[j]);
            sum
        })
        .collect();
    let denominators: Vec<Ext> = routed
        .map(|j| {
            let mut sum = &openings.wires[j] + gamma;
            sum += &openings.sigmas[j].mul(b, beta);
            sum
        })
        .collect();
    let products = common.num_partial_products;
    let accumulators: Vec<&Ext> = std::iter::once(&openings.zs[i])
        .chain(&openings.partial_products[i * products..(i + 1) * products])
        .chain([&openings.zs_next[i]])
        .collect();
    let chunk = common.quotient_degree_factor;
    accumulators
        .windows(2)
        .zip(numerators.chunks(chunk).zip(denominators.chunks(chunk)))
        .map(|(ends, (numerators, denominators))| {
            let mut product = |start: &Ext, factors: &[Ext]| {
                factors.iter().fold(start.clone(), |p, f| p.mul(b, f))
            };
            &product(ends[0], numerators) - &product(ends[1], denominators)
        })
        .collect()
}

/// Zero wherever another gate of the group, or none, is selected.
fn filter(b: &mut Builder, gate: &SelectedGate, selector: &Ext, num_selectors: usize) -> Ext {
    let others = gate.group.clone().filter(|&row| row != gate.row).map(|row| row as u64);
    let unused = (num_selectors > 1).then_some(UNUSED_SELECTOR);
    let filter = others.chain(unused).fold(Ext::one(), |product, value| {
        let factor = &Ext::constant(GoldilocksField::from_canonical_u64(value)) - selector;
        product.mul(b, &factor)
    });
    filter.reduce(b)
}

fn limit_all(b: &mut Builder, terms: Vec<Ext>) -> Vec<Ext> {
    terms.into_iter().map(|term| term.limit(b, TERM_BITS)).collect()
}
