//! What the parameters are worth: bits of soundness of every layer, term by term.
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
//! Proof of work adds its bits to the term of the challenge that it is done before: the queries, in plonky2.
//!
//! The terms of `plonk` and `stark` follow ethSTARK (<https://eprint.iacr.org/2021/582>, theorem 4): the prover is
//! bound to one of `list` words, so that every algebraic error is multiplied by the size of the list.
//! Plonk's challenges of the permutation argument and of the constraint batching are base-field elements, drawn
//! [`crate::config::NUM_CHALLENGES`] times; all of the STARK's are from the extension.
//!
//! The hash counts with 128 bits, the birthday bound of its digests of four elements.

mod fri;
mod plonk;
mod regime;
mod stark;

use std::fmt;

use plonky2::hash::hash_types::NUM_HASH_OUT_ELTS;
use serde::Serialize;

use crate::config::D;
pub use plonk::layer_security;
use regime::Regime;
pub use stark::stark_security;

/// Bits of the base field.
const FIELD_BITS: f64 = 64.0;

/// Bits of the extension field.
const EXTENSION_BITS: f64 = FIELD_BITS * D as f64;

/// Bits of a collision of two digests.
const HASH_BITS: f64 = NUM_HASH_OUT_ELTS as f64 * FIELD_BITS / 2.0;

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
    /// Messages sent and received differ, but their sums of fractions do not.
    Lookup,
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
            Self::Lookup => "lookup argument",
            Self::ConstraintBatching => "constraint batching",
            Self::HashCollision => "hash collision",
        })
    }
}

/// Bits of every term in one reading.
type Terms = Vec<(Term, f64)>;

/// The weakest term.
fn limiting(terms: &[(Term, f64)]) -> (Term, f64) {
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

fn report(layer: &str, terms: impl Fn(Regime) -> Terms) -> LayerSecurity {
    let (limiting_term, conjectured_bits) = limiting(&terms(Regime::Conjectured));
    let (_, provable_udr_bits) = limiting(&terms(Regime::UniqueDecoding));
    let provable_johnson_bits = Regime::johnson()
        .map(|regime| limiting(&terms(regime)).1)
        .fold(f64::NEG_INFINITY, f64::max);
    LayerSecurity {
        layer: layer.to_owned(),
        conjectured_bits,
        provable_udr_bits,
        provable_johnson_bits,
        limiting_term,
    }
}

/// Bits of one term.
#[cfg(test)]
fn bits(terms: &[(Term, f64)], term: Term) -> f64 {
    terms.iter().find(|(t, _)| *t == term).expect("the layer has the term").1
}
