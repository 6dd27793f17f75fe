//! What the parameters are worth: provable bits of soundness of every layer, term by term.
//!
//! A proof system is as strong as the weakest term of its weakest layer. Terms are counted round by
//! round, as the Ethereum Foundation's `soundcalc` does (<https://github.com/ethereum/soundcalc>;
//! `fixtures/soundcalc` has its results for these layers, and a test in `cairn-bench` compares
//! them): each challenge of the verifier begins a round, a round's error is the probability that a
//! false statement goes on as a true one, and proof of work adds its bits to the round whose
//! challenge it precedes ([`ProofOfWork`]).
//!
//! Each [`Regime`] is a published analysis of how far from the code words may be, and all bits are
//! provable. **A layer's bits are those of the best regime but DKT26**, which is too young to rest
//! on and stands beside it. There is no conjectured number: what stood here before rested on FRI
//! being sound up to the capacity of list decoding, and conjectures of this kind were disproved,
//! the first in November 2025 (<https://eprint.iacr.org/2025/2046>).
//!
//! The terms of `plonk` and `stark` follow ethSTARK (<https://eprint.iacr.org/2021/582>, theorem
//! 4): the prover is bound to one of `list` words, so that every algebraic error is multiplied by
//! the size of the list. (Once, as `soundcalc` has it: the columns of all commitments are one word
//! over a larger field. See `regime`.)
//!
//! [`LayerSecurity::require`] refuses a layer with less than [`PROVABLE_BITS_TARGET`]: whatever
//! builds a circuit calls it.

mod fri;
mod hashing;
mod plonk;
mod regime;
mod stark;
#[cfg(test)]
mod testing;

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::config::PROVABLE_BITS_TARGET;
pub use fri::{Fold, Fri, ProofOfWork};
pub use hashing::Hashing;
pub use plonk::{Plonk, circuit_security, layer_security};
use regime::Distance;
pub use regime::Regime;
pub use stark::{Stark, batch_security, stark_security};

/// A way to cheat.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Term {
    /// All queries miss the positions where a word is not of low degree.
    FriQueries,
    /// The combination of all openings makes far words close.
    FriBatching,
    /// A fold makes a far word close.
    FriFold {
        /// From 1.
        round: usize,
    },
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
        f.pad(match self {
            Self::FriQueries => "FRI queries",
            Self::FriBatching => "FRI batching",
            Self::FriFold { round } => return f.pad(&format!("FRI fold {round}")),
            Self::OutOfDomain => "out-of-domain evaluation",
            Self::Permutation => "permutation argument",
            Self::Lookup => "lookup argument",
            Self::ConstraintBatching => "constraint batching",
            Self::HashCollision => "hash collision",
        })
    }
}

/// In JSON, a term is its name.
impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bits of every term at one distance.
type Terms = Vec<(Term, f64)>;

/// In JSON, terms are an object, in their order.
fn as_object<S: Serializer>(terms: &[(Term, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(terms.iter().copied())
}

/// The weakest term.
fn limiting(terms: &[(Term, f64)]) -> (Term, f64) {
    let weaker = |weakest: (Term, f64), term: (Term, f64)| {
        if term.1 < weakest.1 { term } else { weakest }
    };
    terms.iter().copied().reduce(weaker).expect("every layer has terms")
}

/// What a layer's soundness depends on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figures {
    /// A circuit of plonky2.
    Plonk(Plonk),
    /// A batch STARK with LogUp.
    Stark(Stark),
}

impl Figures {
    /// The low-degree test.
    pub const fn fri(&self) -> &Fri {
        match self {
            Self::Plonk(Plonk { fri, .. }) | Self::Stark(Stark { fri, .. }) => fri,
        }
    }

    /// Proof of work.
    pub const fn work(&self) -> ProofOfWork {
        match self {
            Self::Plonk(Plonk { work, .. }) | Self::Stark(Stark { work, .. }) => *work,
        }
    }

    /// The hash of trees and transcript.
    pub const fn hashing(&self) -> Hashing {
        match self {
            Self::Plonk(Plonk { hashing, .. }) | Self::Stark(Stark { hashing, .. }) => *hashing,
        }
    }

    fn terms(&self, at: Distance) -> Terms {
        match self {
            Self::Plonk(plonk) => plonk.terms(at),
            Self::Stark(stark) => stark.terms(at),
        }
    }
}

/// A layer in one regime, at its best distance.
#[derive(Clone, Debug, Serialize)]
pub struct RegimeSecurity {
    /// The regime.
    pub regime: Regime,
    /// The multiplicity, in the Johnson radius.
    pub multiplicity: Option<u32>,
    /// Bits of the weakest term.
    pub bits: f64,
    /// The weakest term.
    pub limiting_term: Term,
    /// Every term with its bits.
    #[serde(serialize_with = "as_object")]
    pub terms: Vec<(Term, f64)>,
}

impl RegimeSecurity {
    fn new(figures: &Figures, regime: Regime) -> Self {
        let at = |distance: Distance| {
            let terms = figures.terms(distance);
            let (limiting_term, bits) = limiting(&terms);
            let multiplicity = distance.multiplicity();
            Self { regime, multiplicity, bits, limiting_term, terms }
        };
        let better = |best: Self, next: Self| if next.bits > best.bits { next } else { best };
        regime.distances().map(at).reduce(better).expect("a regime has distances")
    }
}

/// The report on one layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerSecurity {
    /// The layer.
    pub layer: String,
    /// Bits that are proven: those of the best regime that is old enough to rest on.
    pub provable_bits: f64,
    /// This regime.
    pub regime: Regime,
    /// What limits the layer there.
    pub limiting_term: Term,
    /// All regimes, in the order of [`Regime::ALL`].
    pub regimes: Vec<RegimeSecurity>,
    /// What all of it follows from.
    pub figures: Figures,
}

/// A layer has fewer bits than every layer must have.
#[derive(Clone, Debug, Error, PartialEq)]
#[error(
    "layer {layer}: expected at least {expected} provable bits of security, got {got:.1} \
     ({regime}; {limiting_term})"
)]
pub struct WeakLayer {
    /// The layer.
    pub layer: String,
    /// Bits that every layer must have.
    pub expected: usize,
    /// Bits that it has.
    pub got: f64,
    /// Where it has them.
    pub regime: Regime,
    /// What limits it there.
    pub limiting_term: Term,
}

impl LayerSecurity {
    /// The report on a layer of these figures.
    pub fn new(layer: &str, figures: Figures) -> Self {
        let regimes = Regime::ALL.map(|regime| RegimeSecurity::new(&figures, regime)).to_vec();
        let headlines = regimes.iter().filter(|security| security.regime.is_headline());
        let best = headlines
            .max_by(|a, b| a.bits.total_cmp(&b.bits))
            .expect("a layer may rest on most regimes");
        Self {
            layer: layer.to_owned(),
            provable_bits: best.bits,
            regime: best.regime,
            limiting_term: best.limiting_term,
            figures,
            regimes,
        }
    }

    /// The layer in one regime.
    ///
    /// # Panics
    /// If the report has been taken apart.
    pub fn at(&self, regime: Regime) -> &RegimeSecurity {
        let mut regimes = self.regimes.iter();
        regimes.find(|security| security.regime == regime).expect("every regime is reported")
    }

    /// Fails unless the layer has the bits that every layer must have.
    ///
    /// # Errors
    /// [`WeakLayer`].
    pub fn require(&self) -> Result<(), WeakLayer> {
        if self.provable_bits >= PROVABLE_BITS_TARGET as f64 {
            return Ok(());
        }
        Err(WeakLayer {
            layer: self.layer.clone(),
            expected: PROVABLE_BITS_TARGET,
            got: self.provable_bits,
            regime: self.regime,
            limiting_term: self.limiting_term,
        })
    }
}
