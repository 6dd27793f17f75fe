//! The terms of a circuit of plonky2.
//!
//! Out of domain: the vanishing polynomial has degree at most `(q + 1) n`, for `n` rows and a
//! quotient of `q` parts. The permutation argument compares products of `routed n` factors that are
//! linear in two challenges: by Schwartz and Zippel they are equal with probability `routed n / p`,
//! and a product that is zero on both sides is among those cases. `c` constraints are combined with
//! powers of one challenge. Both are drawn from the base field in plonky2, several times, and a
//! cheat must succeed each time.

use std::collections::BTreeMap;

use plonky2::plonk::circuit_data::{CircuitData, CommonCircuitData};
use plonky2::plonk::config::GenericConfig;
use serde::Serialize;

use super::fri::{Fri, ProofOfWork};
use super::regime::Distance;
use super::{Figures, Hashing, LayerSecurity, Term, Terms};
use crate::config::{D, F};

/// The numbers that soundness depends on.
#[derive(Clone, Debug, Serialize)]
pub struct Plonk {
    /// The low-degree test, of one height.
    pub fri: Fri,
    /// Proof of work; that of lookups precedes the permutation argument's challenges.
    pub work: ProofOfWork,
    /// The hash of trees and transcript.
    pub hashing: Hashing,
    /// Columns that take part in the permutation argument.
    pub routed_wires: usize,
    /// Repetitions of the permutation argument and of the batching of constraints.
    pub num_challenges: usize,
    /// Elements of the base field that each of their challenges has.
    pub challenge_degree: usize,
    /// Constraints that one challenge batches.
    pub constraints: usize,
    /// Parts of the quotient, each as long as a column.
    pub quotient_degree_factor: usize,
}

/// The soundness of a circuit as a layer of the pipeline.
///
/// # Panics
/// If it has tables of plonky2's own lookups, which the terms do not count.
pub fn circuit_security<C: GenericConfig<D, F = F> + 'static>(
    layer: &str,
    circuit: &CircuitData<F, C, D>,
) -> LayerSecurity {
    layer_security::<C>(layer, &circuit.common)
}

/// As [`circuit_security`], of a circuit of this shape, whose proofs are hashed as `C` says.
///
/// # Panics
/// As [`circuit_security`].
pub fn layer_security<C: GenericConfig<D, F = F> + 'static>(
    layer: &str,
    common: &CommonCircuitData<F, D>,
) -> LayerSecurity {
    LayerSecurity::new(layer, Figures::Plonk(Plonk::new(common, Hashing::of::<C>())))
}

impl Plonk {
    /// The figures of a circuit of this shape, proved with plonky2's own prover.
    ///
    /// # Panics
    /// As [`circuit_security`].
    pub fn new(common: &CommonCircuitData<F, D>, hashing: Hashing) -> Self {
        assert!(common.luts.is_empty(), "the terms count none of plonky2's lookups");
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
                openings: BTreeMap::from([(fri.degree_bits, openings)]),
                arity_bits: fri.reduction_arity_bits.clone(),
            },
            work: ProofOfWork {
                query: fri.config.proof_of_work_bits as usize,
                ..ProofOfWork::default()
            },
            hashing,
            routed_wires: config.num_routed_wires,
            num_challenges: config.num_challenges,
            challenge_degree: 1,
            // Z starts at one; partial products; gates.
            constraints: config.num_challenges * (2 + common.num_partial_products)
                + common.num_gate_constraints,
            quotient_degree_factor: common.quotient_degree_factor,
        }
    }

    pub(super) fn terms(&self, at: Distance) -> Terms {
        let list = at.list_bits(self.fri.rate_bits);
        let degree = self.fri.degree_bits() as f64;
        let identity = (self.quotient_degree_factor as f64 + 1.0).log2() + degree;
        let permuted = (self.routed_wires as f64).log2() + degree;
        let constraints = (self.constraints as f64).log2();
        let challenge = self.hashing.base_bits() * self.challenge_degree as f64;
        let repeated = |error: f64| self.num_challenges as f64 * (challenge - error) - list;

        let mut terms = self.fri.terms(self.work, self.hashing, at);
        terms.extend([
            (Term::OutOfDomain, self.hashing.extension_bits() - identity - list),
            (Term::Permutation, repeated(permuted) + self.work.lookup as f64),
            (Term::ConstraintBatching, repeated(constraints)),
            (Term::HashCollision, self.hashing.collision_bits),
        ]);
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::super::regime::Regime;
    use super::super::testing::{bits, close, costs};
    use super::*;
    use crate::config::{LEAF, Layer, RECURSION, SHRINK, SQUEEZE, WRAP};
    use crate::recursion::shape;

    /// plonky2's standard recursion configuration on 2^12 rows, with 257 openings.
    fn standard() -> Plonk {
        Plonk {
            fri: Fri {
                rate_bits: 3,
                queries: 28,
                openings: BTreeMap::from([(12, 257)]),
                arity_bits: vec![4, 4],
            },
            work: ProofOfWork { query: 16, ..ProofOfWork::default() },
            hashing: Hashing::GOLDILOCKS,
            routed_wires: 80,
            num_challenges: 2,
            challenge_degree: 1,
            constraints: 150,
            quotient_degree_factor: 8,
        }
    }

    #[test]
    fn terms_by_hand() {
        let unique = standard().terms(Distance::unique(Regime::UniqueBchks25));
        // (9/16)^28 2^-16; the one degree more is worth less than a hundredth.
        close(bits(&unique, Term::FriQueries), 28.0 * 0.830_07 + 16.0);
        // 7/16 of 2^15 and one: 14337; 256 of them, and 15 of 897 and of 57.
        close(bits(&unique, Term::FriBatching), 128.0 - 14337_f64.log2() - 8.0);
        close(bits(&unique, Term::FriFold { round: 1 }), 128.0 - (15.0 * 897_f64).log2());
        close(bits(&unique, Term::FriFold { round: 2 }), 128.0 - (15.0 * 57_f64).log2());
        // 9 * 2^12.
        close(bits(&unique, Term::OutOfDomain), 128.0 - 15.170);
        // (80 * 2^12 / 2^64)^2: the reason for a third challenge.
        close(bits(&unique, Term::Permutation), 91.356);
        // (150 / 2^64)^2.
        close(bits(&unique, Term::ConstraintBatching), 113.542);
        close(bits(&unique, Term::HashCollision), 128.0);

        let johnson = standard().terms(Distance::johnson(Regime::JohnsonBchks25, 10));
        // sqrt(1/8) * 1.05.
        close(bits(&johnson, Term::FriQueries), 28.0 * 1.429_61 + 16.0);
        // 10.5 / sqrt(1/8) is 2^4.892.
        close(bits(&johnson, Term::OutOfDomain), 128.0 - 15.170 - 4.892);
        close(bits(&johnson, Term::Permutation), 91.356 - 4.892);
        close(bits(&johnson, Term::ConstraintBatching), 113.542 - 4.892);
        close(bits(&johnson, Term::HashCollision), 128.0);
    }

    /// Every parameter, one smaller or worse: a term of its own has so much less.
    #[test]
    fn weaker_parameters_are_found() {
        let work = ProofOfWork { lookup: 8, batch: 8, commit: 8, query: 8 };
        let strong = Plonk { work, ..standard() };
        let check = |weaker: Plonk, term, expected| {
            costs(&Figures::Plonk(strong.clone()), &Figures::Plonk(weaker), term, expected);
        };
        let with = |work| Plonk { work, ..strong.clone() };
        check(with(ProofOfWork { lookup: 7, ..work }), Term::Permutation, 1.0);
        check(with(ProofOfWork { batch: 7, ..work }), Term::FriBatching, 1.0);
        check(with(ProofOfWork { query: 7, ..work }), Term::FriQueries, 1.0);
        let mut openings = strong.clone();
        openings.fri.openings = BTreeMap::from([(12, 513)]);
        check(openings, Term::FriBatching, 1.0);
        let routed = Plonk { routed_wires: 160, ..strong.clone() };
        check(routed, Term::Permutation, 2.0);
        let constraints = Plonk { constraints: 300, ..strong.clone() };
        check(constraints, Term::ConstraintBatching, 2.0);
        let degree = Plonk { quotient_degree_factor: 17, ..strong.clone() };
        check(degree, Term::OutOfDomain, 1.0);
    }

    #[test]
    fn weaker_parameters_that_touch_several_terms_are_found() {
        let at = Distance::johnson(Regime::JohnsonBchks25, 10);
        let loss = |weaker: &Plonk, term| {
            bits(&standard().terms(at), term) - bits(&weaker.terms(at), term)
        };
        let mut fewer = standard();
        fewer.fri.queries = 27;
        close(loss(&fewer, Term::FriQueries), 1.429_61);
        let mut commit = standard();
        commit.work.commit = 3;
        for round in [1, 2] {
            close(loss(&commit, Term::FriFold { round }), -3.0);
        }
        let mut rate = standard();
        rate.fri.rate_bits = 2;
        close(loss(&rate, Term::FriQueries), 14.0);
        let mut higher = standard();
        higher.fri.openings = BTreeMap::from([(13, 257)]);
        higher.fri.arity_bits = vec![5, 4];
        close(loss(&higher, Term::OutOfDomain), 1.0);
        close(loss(&higher, Term::Permutation), 2.0);
        close(loss(&higher, Term::FriBatching), 1.0);
        // A fold by 32 over the same domain: 31 lines for 15.
        close(loss(&higher, Term::FriFold { round: 1 }), (31.0 / 15.0_f64).log2());
        let single = Plonk { num_challenges: 1, ..standard() };
        close(loss(&single, Term::Permutation), 64.0 - 18.322);
        close(loss(&single, Term::ConstraintBatching), 64.0 - 7.229);
        // Two elements, once, are as good as one, twice, but for the union over what may go wrong.
        let extension = Plonk { challenge_degree: 2, ..single };
        close(loss(&extension, Term::Permutation), -18.322);
        let biased = Plonk { hashing: Hashing::BN254, ..standard() };
        close(loss(&biased, Term::OutOfDomain), 2.0);
        close(loss(&biased, Term::Permutation), 2.0);
        close(loss(&biased, Term::ConstraintBatching), 2.0);
        close(loss(&biased, Term::HashCollision), 1.202);
        close(loss(&biased, Term::FriQueries), 0.0);
    }

    #[test]
    fn a_circuit_has_its_figures() {
        let plonk = Plonk::new(shape::common(), Hashing::GOLDILOCKS);
        let Fri { rate_bits, queries, openings, arity_bits } = &plonk.fri;
        assert_eq!([*rate_bits, *queries], [RECURSION.rate_bits, RECURSION.queries]);
        // From 2^17 to polynomials of 2^5 coefficients.
        assert_eq!(arity_bits, &[4, 4]);
        // Selectors and constants; sigmas; wires; Z and 9 partial products for each of 3
        // challenges, Z at the next row, 8 parts of the quotient.
        let constants = shape::common().num_constants;
        assert_eq!(*openings, BTreeMap::from([(13, constants + 80 + 135 + 30 + 3 + 24)]));
        let work = ProofOfWork { query: 16, ..ProofOfWork::default() };
        assert_eq!(plonk.work, work);
    }

    #[test]
    fn every_layer_builds_and_two_queries_less_are_refused() {
        let security = |layer: &Layer, hashing| {
            let mut common = shape::common().clone();
            common.config = layer.circuit_config();
            common.fri_params = layer.circuit_config().fri_config.fri_params(12, false);
            LayerSecurity::new(layer.name, Figures::Plonk(Plonk::new(&common, hashing)))
        };
        let goldilocks = [LEAF, RECURSION, SHRINK, SQUEEZE].map(|l| (l, Hashing::GOLDILOCKS));
        for (layer, hashing) in goldilocks.into_iter().chain([(WRAP, Hashing::BN254)]) {
            security(&layer, hashing).require().unwrap();
            let weak = Layer { queries: layer.queries - 2, ..layer };
            let refused = security(&weak, hashing).require().unwrap_err();
            assert_eq!(refused.layer, layer.name);
            assert!(refused.got < refused.expected as f64);
        }
    }
}
