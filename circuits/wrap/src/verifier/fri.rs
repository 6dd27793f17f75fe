//! The FRI verifier: the openings are those of committed polynomials of low degree.
//! (plonky2 1.1.0, `fri/verifier.rs`, for two points, zeta and `g zeta`.)

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

use super::circuit::Circuit;
use super::domain;
use super::extension::{D, Ext, Powers};
use super::goldilocks::Base;
use super::merkle::{self, mux};
use super::proof::{Openings, Proof, Query};
use crate::r1cs::{Builder, Lc};

/// The verifier's challenges of the FRI part.
#[derive(Clone, Debug)]
pub(crate) struct FriChallenges {
    pub(crate) alpha: Ext,
    /// One a folded layer.
    pub(crate) betas: Vec<Ext>,
    /// Canonical bits of the proof-of-work response, least significant first.
    pub(crate) pow_response: Vec<Lc>,
    /// Bits of each query's index in the evaluation domain, least significant first.
    pub(crate) query_indices: Vec<Vec<Lc>>,
}

/// What all queries share.
struct Shared<'a> {
    circuit: &'a Circuit,
    proof: &'a Proof<Base, Lc>,
    caps: [Vec<Lc>; 4],
    points: [Ext; 2],
    alpha: Powers,
    /// `sum of alpha^j opening_j` at both points.
    openings: [Ext; 2],
    betas: &'a [Ext],
    final_poly: Vec<Ext>,
}

/// Enforces the proof of work and every query.
pub(crate) fn assert_low_degree(
    b: &mut Builder,
    circuit: &Circuit,
    proof: &Proof<Base, Lc>,
    openings: &Openings<Ext>,
    zeta: &Ext,
    challenges: &FriChallenges,
) {
    b.region("proof of work");
    let pow_bits = circuit.common.fri_params.config.proof_of_work_bits as usize;
    let leading = challenges.pow_response.iter().rev().take(pow_bits);
    b.assert_equal(&Lc::recompose(leading, 1), &Lc::zero());

    b.region("openings combined");
    let at_zeta: Vec<Ext> = openings.at_zeta().cloned().collect();
    let alpha = Powers::new(b, &challenges.alpha, at_zeta.len());
    let combined = [&at_zeta, &openings.zs_next].map(|values| alpha.combine(b, values).reduce(b));
    let constants = circuit.verifier_only.constants_sigmas_cap.0.iter();
    let shared = Shared {
        circuit,
        proof,
        caps: [
            constants.map(|digest| Lc::constant(digest.0)).collect(),
            proof.wires_cap.clone(),
            proof.zs_cap.clone(),
            proof.quotient_cap.clone(),
        ],
        points: [zeta.clone(), zeta.scale(circuit.subgroup_generator()).reduce(b)],
        alpha,
        openings: combined,
        betas: &challenges.betas,
        final_poly: proof.final_poly.iter().map(|c| Ext(c.clone())).collect(),
    };
    for (query, index) in proof.queries.iter().zip(&challenges.query_indices) {
        assert_query(b, &shared, query, index);
    }
}

fn assert_query(b: &mut Builder, shared: &Shared<'_>, query: &Query<Base, Lc>, index: &[Lc]) {
    b.region("query: initial trees");
    for (opening, cap) in query.initial.iter().zip(&shared.caps) {
        merkle::assert_opening(b, opening, index, cap);
    }

    b.region("query: combination");
    let generator = GoldilocksField::primitive_root_of_unity(index.len());
    let mut shift = GoldilocksField::MULTIPLICATIVE_GROUP_GENERATOR;
    let x = domain::point(b, shift, generator, index);
    let mut value = combine_initial(b, shared, query, &x);

    // Each layer: the coset's evaluation at this index is the value so far, and the coset folds to the next.
    let mut index = index;
    let arities = &shared.circuit.common.fri_params.reduction_arity_bits;
    for (layer, &arity_bits) in arities.iter().enumerate() {
        b.region("query: folding");
        let opening = &query.layers[layer];
        let (within, coset) = index.split_at(arity_bits);
        let evaluations: Vec<Ext> =
            opening.leaf.chunks_exact(D).map(|c| Ext([c[0].clone(), c[1].clone()])).collect();
        let here = mux(b, &evaluations, within, Ext::select);
        (&here - &value).assert_zero(b);

        let root = GoldilocksField::primitive_root_of_unity(index.len());
        let start_inverse =
            domain::coset_start(b, shift.inverse(), root.inverse(), index, arity_bits);
        value = domain::interpolate(b, &evaluations, &start_inverse, &shared.betas[layer]);

        b.region("query: layer trees");
        merkle::assert_opening(b, opening, coset, &shared.proof.layer_caps[layer]);
        shift = shift.exp_power_of_2(arity_bits);
        index = coset;
    }

    b.region("query: final polynomial");
    let root = GoldilocksField::primitive_root_of_unity(index.len());
    let x = domain::point(b, shift, root, index);
    let powers = Powers::new(b, &x.into(), shared.final_poly.len());
    let last = powers.combine(b, &shared.final_poly);
    (&last - &value).assert_zero(b);
}

/// `alpha^m (F_0(x) - y_0) / (x - zeta) + (F_1(x) - y_1) / (x - g zeta)`, where F_0 combines all
/// polynomials, F_1 the m polynomials Z, and y the openings.
fn combine_initial(b: &mut Builder, shared: &Shared<'_>, query: &Query<Base, Lc>, x: &Base) -> Ext {
    let leaf = |oracle: usize| query.initial[oracle].leaf.iter().cloned().map(Ext::from);
    let all: Vec<Ext> = (0..query.initial.len()).flat_map(leaf).collect();
    let zs: Vec<Ext> = leaf(2).take(shared.circuit.num_challenges()).collect();
    let quotient = |b: &mut Builder, values: &[Ext], i: usize| {
        let numerator = &shared.alpha.combine(b, values) - &shared.openings[i];
        // Not zero: x is in the base field, zeta and g zeta are not.
        let divisor = &Ext::from(x.clone()) - &shared.points[i];
        numerator.div(b, &divisor)
    };
    let at_zeta = quotient(b, &all, 0);
    let at_next = quotient(b, &zs, 1);
    let shift = shared.alpha.power(b, zs.len());
    &at_zeta.mul(b, &shift) + &at_next
}
