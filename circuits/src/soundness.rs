//! What the parameters are worth: bits of soundness of each plonky2 layer, term by term.
//!
//! A proof system is as strong as the weakest term of its weakest layer. Three readings of each layer:
//!
//! - **conjectured**: FRI is sound up to list-decoding capacity. The older conjecture, up to `1 - rho`, was
//!   disproved in November 2025 (<https://eprint.iacr.org/2025/2046>, <https://eprint.iacr.org/2025/2055>); what stands
//!   loses `H(rho) / log2 |K| <= 1/128` of the radius over an extension field `K` of 128 bits, so that a query is worth
//!   `-log2(rho + 1/128)` bits. That a larger radius costs the commit phase no more than unique decoding does
//!   is part of the conjecture.
//! - **unique decoding** (provable): radius `(1 - rho) / 2`, proximity gap `N / |K|` for each power of a challenge
//!   (BCIKS20, <https://eprint.iacr.org/2020/654>, theorem 4.1).
//! - **Johnson** (provable): radius `1 - sqrt(rho) (1 + 1/2m)`, proximity gap of BCHKS25 (2025/2055, theorem 1.5, in the
//!   form that `soundcalc` of the Ethereum Foundation uses), with the `m` that serves best.
//!
//! Proof of work counts for the queries only. The terms of Plonk follow ethSTARK
//! (<https://eprint.iacr.org/2021/582>, theorem 4): the prover is bound to one of `list` words, so that every algebraic
//! error is multiplied by the size of the list. Challenges of the permutation argument and of the constraint
//! batching are base-field elements, drawn [`crate::config::NUM_CHALLENGES`] times.
//!
//! The hash counts with 128 bits, the birthday bound of its digests of four elements.

use std::fmt;

use plonky2::hash::hash_types::NUM_HASH_OUT_ELTS;
use plonky2::plonk::circuit_data::CommonCircuitData;
use serde::Serialize;

use crate::config::{D, F};

/// Bits of the base field.
const FIELD_BITS: f64 = 64.0;

/// Bits of the extension field.
const EXTENSION_BITS: f64 = FIELD_BITS * D as f64;

/// Largest multiplicity that is tried for the Johnson reading.
const MAX_MULTIPLICITY: u32 = 64;

/// A way to cheat.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// All queries miss the positions where a word is not of low degree (with proof of work).
    FriQueries,
    /// A folding makes a far word close.
    FriCommit,
    /// The combination of all openings makes far words close.
    FriBatching,
    /// A false identity holds at the point of evaluation.
    OutOfDomain,
    /// Different multisets have the same product.
    Permutation,
    /// Violated constraints cancel.
    ConstraintBatching,
    /// Two inputs have one digest.
    HashCollision,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FriQueries => "FRI queries",
            Self::FriCommit => "FRI commit phase",
            Self::FriBatching => "FRI batching",
            Self::OutOfDomain => "out-of-domain evaluation",
            Self::Permutation => "permutation argument",
            Self::ConstraintBatching => "constraint batching",
            Self::HashCollision => "hash collision",
        })
    }
}

/// The numbers that soundness depends on.
#[derive(Clone, Copy, Debug)]
struct Parameters<'a> {
    rate_bits: usize,
    queries: usize,
    proof_of_work_bits: u32,
    /// Rows, in bits.
    degree_bits: usize,
    /// Folding factors, in bits.
    arity_bits: &'a [usize],
    /// Columns opened, with those opened at two points counted twice.
    openings: usize,
    routed_wires: usize,
    num_challenges: usize,
    /// Constraints that one challenge batches.
    constraints: usize,
    quotient_degree_factor: usize,
}

/// How far a word may be from the code, and what the proximity gap costs there.
#[derive(Clone, Copy, Debug)]
enum Regime {
    Conjectured,
    UniqueDecoding,
    Johnson { m: u32 },
}

/// Bits of every term in one reading.
type Terms = [(Term, f64); 7];

impl Regime {
    /// Probability that one query misses, for the code rate `rho`.
    fn query_error(self, rho: f64) -> f64 {
        match self {
            Self::Conjectured => rho + 1.0 / EXTENSION_BITS,
            Self::UniqueDecoding => f64::midpoint(1.0, rho),
            Self::Johnson { m } => rho.sqrt() * (1.0 + 0.5 / f64::from(m)),
        }
    }

    /// Bits of the error of a random line, over a domain of `2^domain_bits`.
    fn line_error_bits(self, rho: f64, domain_bits: usize) -> f64 {
        let domain = (domain_bits as f64).exp2();
        let gap = match self {
            Self::Conjectured | Self::UniqueDecoding => domain,
            Self::Johnson { m } => {
                let m = f64::from(m) + 0.5;
                let radius = 1.0 - self.query_error(rho);
                let slope = (2.0 * m.powi(5) + 3.0 * m * radius * rho) / (3.0 * rho.powf(1.5));
                slope * domain + m / rho.sqrt()
            }
        };
        EXTENSION_BITS - gap.log2()
    }

    /// Words of the code within the radius, in bits.
    fn list_bits(self, rho: f64) -> f64 {
        match self {
            Self::Conjectured | Self::UniqueDecoding => 0.0,
            Self::Johnson { m } => ((f64::from(m) + 0.5) / rho.sqrt()).log2(),
        }
    }

    fn terms(self, parameters: &Parameters<'_>) -> Terms {
        let rho = (-(parameters.rate_bits as f64)).exp2();
        let domain_bits = parameters.degree_bits + parameters.rate_bits;
        let repetitions = parameters.num_challenges as f64;
        let list = self.list_bits(rho);
        let degree = parameters.degree_bits as f64;

        let queries = -self.query_error(rho).log2() * parameters.queries as f64
            + f64::from(parameters.proof_of_work_bits);

        // Folding by 2^a is a curve of degree 2^a - 1; the domain shrinks by 2^a before the next.
        let mut folded_bits = domain_bits;
        let mut commit_error = 0.0;
        for &arity_bits in parameters.arity_bits {
            let curve = ((1_u64 << arity_bits) - 1) as f64;
            commit_error += curve * (-self.line_error_bits(rho, folded_bits)).exp2();
            folded_bits -= arity_bits;
        }

        let batched = (parameters.openings - 1) as f64;
        let batching = self.line_error_bits(rho, domain_bits) - batched.log2();

        // Constraints have degree at most quotient_degree_factor + 1 in columns of degree n.
        let identity = (parameters.quotient_degree_factor as f64 + 1.0).log2() + degree;
        let out_of_domain = EXTENSION_BITS - identity - list;

        let permuted = (parameters.routed_wires as f64).log2() + degree;
        let permutation = repetitions * (FIELD_BITS - permuted) - list;
        let constraints = (parameters.constraints as f64).log2();
        let constraint_batching = repetitions * (FIELD_BITS - constraints) - list;

        [
            (Term::FriQueries, queries),
            (Term::FriCommit, -commit_error.log2()),
            (Term::FriBatching, batching),
            (Term::OutOfDomain, out_of_domain),
            (Term::Permutation, permutation),
            (Term::ConstraintBatching, constraint_batching),
            (Term::HashCollision, NUM_HASH_OUT_ELTS as f64 * FIELD_BITS / 2.0),
        ]
    }
}

/// The weakest term.
fn limiting(terms: &Terms) -> (Term, f64) {
    terms
        .iter()
        .copied()
        .fold(terms[0], |weakest, term| if term.1 < weakest.1 { term } else { weakest })
}

/// The report on one layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerSecurity {
    /// The layer.
    pub layer: String,
    /// By the conjecture that stands.
    pub conjectured_bits: f64,
    /// Proven, within unique decoding.
    pub provable_udr_bits: f64,
    /// Proven, within the Johnson radius.
    pub provable_johnson_bits: f64,
    /// What limits the conjectured bits.
    pub limiting_term: Term,
}

/// The soundness of a circuit as a layer of the pipeline, hashed over Goldilocks.
///
/// For the wrap, hashed over BN254, subtract what the terms do not count: its challenges are 64-bit chunks reduced
/// modulo p, biased by at most 2^-63, which costs 2 bits in every term over the extension and 3 in the others
/// (the least is then 101.2, still the queries), and a collision of its digests costs 2^126.8.
pub fn layer_security(layer: &str, common: &CommonCircuitData<F, D>) -> LayerSecurity {
    report(layer, &parameters(common))
}

fn parameters(common: &CommonCircuitData<F, D>) -> Parameters<'_> {
    let config = &common.config;
    let fri = &common.fri_params;
    let zs = config.num_challenges * (1 + common.num_partial_products);
    Parameters {
        rate_bits: fri.config.rate_bits,
        queries: fri.config.num_query_rounds,
        proof_of_work_bits: fri.config.proof_of_work_bits,
        degree_bits: fri.degree_bits,
        arity_bits: &fri.reduction_arity_bits,
        openings: common.num_constants
            + config.num_routed_wires
            + config.num_wires
            + zs
            + config.num_challenges
            + config.num_challenges * common.quotient_degree_factor,
        routed_wires: config.num_routed_wires,
        num_challenges: config.num_challenges,
        // Z starts at one; partial products; gates.
        constraints: config.num_challenges * (2 + common.num_partial_products)
            + common.num_gate_constraints,
        quotient_degree_factor: common.quotient_degree_factor,
    }
}

fn report(layer: &str, parameters: &Parameters<'_>) -> LayerSecurity {
    let (limiting_term, conjectured_bits) = limiting(&Regime::Conjectured.terms(parameters));
    let (_, provable_udr_bits) = limiting(&Regime::UniqueDecoding.terms(parameters));
    let provable_johnson_bits = (1..=MAX_MULTIPLICITY)
        .map(|m| limiting(&Regime::Johnson { m }.terms(parameters)).1)
        .fold(f64::NEG_INFINITY, f64::max);
    LayerSecurity {
        layer: layer.to_owned(),
        conjectured_bits,
        provable_udr_bits,
        provable_johnson_bits,
        limiting_term,
    }
}

#[cfg(test)]
mod tests {
    use cairn_gadgets::poseidon2::CairnConfig;
    use plonky2::gates::noop::NoopGate;

    use super::*;
    use crate::config::{CONJECTURED_BITS, LEAF, Layer, SHRINK, SQUEEZE, WRAP};
    use crate::recursion::shape;

    /// plonky2's standard recursion configuration on 2^12 rows, with 258 openings.
    const STANDARD: Parameters<'_> = Parameters {
        rate_bits: 3,
        queries: 28,
        proof_of_work_bits: 16,
        degree_bits: 12,
        arity_bits: &[4, 4],
        openings: 258,
        routed_wires: 80,
        num_challenges: 2,
        constraints: 150,
        quotient_degree_factor: 8,
    };

    fn bits(regime: Regime, parameters: &Parameters<'_>, term: Term) -> f64 {
        let terms = regime.terms(parameters);
        terms.iter().find(|(t, _)| *t == term).unwrap().1
    }

    #[test]
    fn terms_by_hand() {
        let close = |got: f64, expected: f64| assert!((got - expected).abs() < 0.6, "{got}");
        // (9/16)^28 2^-16 and (0.371)^28 2^-16.
        close(bits(Regime::UniqueDecoding, &STANDARD, Term::FriQueries), 39.2);
        close(bits(Regime::Johnson { m: 10 }, &STANDARD, Term::FriQueries), 56.0);
        // 128 - log2(257) - 15, and 6.9 bits less by the slope at m = 1.
        close(bits(Regime::UniqueDecoding, &STANDARD, Term::FriBatching), 105.0);
        close(bits(Regime::Johnson { m: 1 }, &STANDARD, Term::FriBatching), 98.1);
        // (80 * 2^12 / 2^64)^2: the reason for a third challenge.
        close(bits(Regime::Conjectured, &STANDARD, Term::Permutation), 91.4);
        // 28 * 2.91 + 16.
        close(bits(Regime::Conjectured, &STANDARD, Term::FriQueries), 97.5);
        assert_eq!(limiting(&Regime::Conjectured.terms(&STANDARD)).0, Term::Permutation);
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
        let two_challenges = Parameters { queries: 40, ..STANDARD };
        assert!(report("two challenges", &two_challenges).conjectured_bits < 92.0);
        let few_queries = Parameters { num_challenges: 3, queries: 20, ..STANDARD };
        let report = report("few queries", &few_queries);
        assert_eq!(report.limiting_term, Term::FriQueries);
        assert!(report.conjectured_bits < 75.0);
    }
}
