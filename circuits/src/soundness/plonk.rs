//! The terms of a plonky2 layer.

use std::collections::BTreeMap;

use plonky2::plonk::circuit_data::CommonCircuitData;

use super::fri::Fri;
use super::regime::Regime;
use super::{EXTENSION_BITS, FIELD_BITS, HASH_BITS, LayerSecurity, Term, Terms, report};
use crate::config::{D, F};

/// The numbers that soundness depends on.
#[derive(Clone, Debug)]
struct Plonk {
    fri: Fri,
    /// Rows, in bits.
    degree_bits: usize,
    routed_wires: usize,
    num_challenges: usize,
    /// Constraints that one challenge batches.
    constraints: usize,
    quotient_degree_factor: usize,
}

/// The soundness of a circuit as a layer of the pipeline, hashed over Goldilocks.
///
/// For the wrap, hashed over BN254, subtract what the terms do not count: its challenges are 64-bit chunks reduced
/// modulo p, biased by at most 2^-63, which costs 2 bits in every term over the extension and 3 in the others
/// (the least is then 101.2, still the queries), and a collision of its digests costs 2^126.8.
pub fn layer_security(layer: &str, common: &CommonCircuitData<F, D>) -> LayerSecurity {
    let plonk = Plonk::new(common);
    report(layer, |regime| plonk.terms(regime))
}

impl Plonk {
    fn new(common: &CommonCircuitData<F, D>) -> Self {
        let config = &common.config;
        let fri = &common.fri_params;
        let zs = config.num_challenges * (1 + common.num_partial_products);
        let openings = common.num_constants
            + config.num_routed_wires
            + config.num_wires
            + zs
            + config.num_challenges
            + config.num_challenges * common.quotient_degree_factor;
        Self {
            fri: Fri {
                rate_bits: fri.config.rate_bits,
                queries: fri.config.num_query_rounds,
                query_pow_bits: fri.config.proof_of_work_bits as usize,
                batch_pow_bits: 0,
                commit_pow_bits: 0,
                openings: BTreeMap::from([(fri.degree_bits, openings)]),
                arity_bits: fri.reduction_arity_bits.clone(),
            },
            degree_bits: fri.degree_bits,
            routed_wires: config.num_routed_wires,
            num_challenges: config.num_challenges,
            // Z starts at one; partial products; gates.
            constraints: config.num_challenges * (2 + common.num_partial_products)
                + common.num_gate_constraints,
            quotient_degree_factor: common.quotient_degree_factor,
        }
    }

    fn terms(&self, regime: Regime) -> Terms {
        let repetitions = self.num_challenges as f64;
        let list = regime.list_bits(self.fri.rho());
        let degree = self.degree_bits as f64;

        // Constraints have degree at most quotient_degree_factor + 1 in columns of degree n.
        let identity = (self.quotient_degree_factor as f64 + 1.0).log2() + degree;
        let permuted = (self.routed_wires as f64).log2() + degree;
        let constraints = (self.constraints as f64).log2();

        let mut terms = self.fri.terms(regime);
        terms.extend([
            (Term::OutOfDomain, EXTENSION_BITS - identity - list),
            (Term::Permutation, repetitions * (FIELD_BITS - permuted) - list),
            (Term::ConstraintBatching, repetitions * (FIELD_BITS - constraints) - list),
            (Term::HashCollision, HASH_BITS),
        ]);
        terms
    }
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::poseidon2::CairnConfig;
    use plonky2::gates::noop::NoopGate;

    use super::super::{bits, limiting};
    use super::*;
    use crate::config::{CONJECTURED_BITS, LEAF, Layer, SHRINK, SQUEEZE, WRAP};
    use crate::recursion::shape;

    /// plonky2's standard recursion configuration on 2^12 rows, with 258 openings.
    fn standard() -> Plonk {
        Plonk {
            fri: Fri {
                rate_bits: 3,
                queries: 28,
                query_pow_bits: 16,
                batch_pow_bits: 0,
                commit_pow_bits: 0,
                openings: BTreeMap::from([(12, 258)]),
                arity_bits: vec![4, 4],
            },
            degree_bits: 12,
            routed_wires: 80,
            num_challenges: 2,
            constraints: 150,
            quotient_degree_factor: 8,
        }
    }

    #[test]
    fn terms_by_hand() {
        let close = |regime, term, expected: f64| {
            let got = bits(&standard().terms(regime), term);
            assert!((got - expected).abs() < 0.6, "{term}: expected {expected}, got {got}");
        };
        // (9/16)^28 2^-16 and (0.371)^28 2^-16.
        close(Regime::UniqueDecoding, Term::FriQueries, 39.2);
        close(Regime::Johnson { m: 10 }, Term::FriQueries, 56.0);
        // 128 - log2(257) - 15, and 6.9 bits less by the slope at m = 1.
        close(Regime::UniqueDecoding, Term::FriBatching, 105.0);
        close(Regime::Johnson { m: 1 }, Term::FriBatching, 98.1);
        // 15 * 2^15 + 15 * 2^11.
        close(Regime::Conjectured, Term::FriCommit, 109.0);
        // (80 * 2^12 / 2^64)^2: the reason for a third challenge.
        close(Regime::Conjectured, Term::Permutation, 91.4);
        // 28 * 2.91 + 16.
        close(Regime::Conjectured, Term::FriQueries, 97.5);
        assert_eq!(limiting(&standard().terms(Regime::Conjectured)).0, Term::Permutation);
    }

    /// A layer at the largest size that it is used at.
    fn worst_case(layer: &Layer, degree_bits: usize) -> LayerSecurity {
        let mut builder = layer.builder();
        (0..64).for_each(|_| _ = builder.add_gate(NoopGate, vec![]));
        let mut common = builder.mock_build::<CairnConfig>().common;
        common.fri_params = layer.circuit_config().fri_config.fri_params(degree_bits, false);
        layer_security(layer.name, &common)
    }

    #[test]
    fn every_layer_has_a_hundred_conjectured_bits() {
        let layers = [
            worst_case(&LEAF, 16),
            layer_security("recursion", shape::common()),
            worst_case(&SHRINK, 13),
            worst_case(&SQUEEZE, 12),
            worst_case(&WRAP, 12),
        ];
        for layer in layers {
            assert!(layer.conjectured_bits >= CONJECTURED_BITS as f64, "{layer:?}");
            assert!(layer.provable_udr_bits < layer.provable_johnson_bits, "{layer:?}");
        }
    }

    #[test]
    fn weaker_parameters_are_found() {
        let security = |plonk: &Plonk| report("weak", |regime| plonk.terms(regime));
        let mut two_challenges = standard();
        two_challenges.fri.queries = 40;
        assert!(security(&two_challenges).conjectured_bits < 92.0);
        let mut few_queries = Plonk { num_challenges: 3, ..standard() };
        few_queries.fri.queries = 20;
        let few_queries = security(&few_queries);
        assert_eq!(few_queries.limiting_term, Term::FriQueries);
        assert!(few_queries.conjectured_bits < 75.0);
    }
}
