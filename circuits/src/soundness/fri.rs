//! The terms of FRI, for one height (plonky2) or several (`p3-fri`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::regime::Distance;
use super::{Hashing, Term, Terms};

/// Proof of work, in bits, by the challenge that it precedes: it adds to the round that the
/// challenge begins, and to no other. plonky2's prover has it before the queries only.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ProofOfWork {
    /// Before the challenges of LogUp, or of the permutation argument.
    pub lookup: usize,
    /// Before the challenge that combines openings.
    pub batch: usize,
    /// Before each folding challenge.
    pub commit: usize,
    /// Before the queries.
    pub query: usize,
}

/// The numbers that the soundness of FRI depends on.
#[derive(Clone, Debug, Serialize)]
pub struct Fri {
    /// The code has rate `2^-rate_bits`.
    pub rate_bits: usize,
    /// Queries.
    pub queries: usize,
    /// By rows, in bits: columns opened, with those opened at two points counted twice. Not empty.
    pub openings: BTreeMap<usize, usize>,
    /// Folding factors, in bits.
    pub arity_bits: Vec<usize>,
}

/// A fold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fold {
    /// Rows of the words that it combines, in bits: those of the column that it makes.
    pub degree_bits: usize,
    /// Degree of the curve: `2^a - 1` for a fold by `2^a`, and one more where a lower table joins
    /// with the next power of the challenge.
    pub curve: u64,
}

impl Fri {
    /// Rows of the highest table, in bits.
    ///
    /// # Panics
    /// If there is no table.
    pub fn degree_bits(&self) -> usize {
        *self.openings.keys().next_back().expect("a table")
    }

    /// The folds.
    ///
    /// Folding `f` by `2^a` combines, with powers of the challenge, the `2^a` words `f_i` in `f(x)
    /// = sum x^i f_i(x^(2^a))`: words over the smaller domain, so that its proximity gap counts.
    /// (As `soundcalc`; `p3-security` is on the safe side and counts the largest domain in every
    /// round.)
    ///
    /// # Panics
    /// If there is no table.
    pub fn folds(&self) -> Vec<Fold> {
        let mut degree_bits = self.degree_bits();
        let fold = |&arity_bits: &usize| {
            degree_bits -= arity_bits;
            let joins = u64::from(self.openings.contains_key(&degree_bits));
            Fold { degree_bits, curve: (1 << arity_bits) - 1 + joins }
        };
        self.arity_bits.iter().map(fold).collect()
    }

    pub(super) fn terms(&self, work: ProofOfWork, hashing: Hashing, at: Distance) -> Terms {
        let mut terms = vec![(Term::FriQueries, self.query_bits(at) + work.query as f64)];
        let bits = |lines: f64| hashing.extension_bits() - lines.log2();
        let batch = self.batch_lines(at);
        // One opening alone is not combined with anything.
        if batch > 0.0 {
            terms.push((Term::FriBatching, bits(batch) + work.batch as f64));
        }
        terms.extend(self.folds().into_iter().enumerate().map(|(i, fold)| {
            let lines = fold.curve as f64 * self.line(at, fold.degree_bits);
            (Term::FriFold { round: i + 1 }, bits(lines) + work.commit as f64)
        }));
        terms
    }

    /// `error^queries`, by the rate of the lowest table, which one degree more changes the most.
    fn query_bits(&self, at: Distance) -> f64 {
        let lowest = *self.openings.keys().next().expect("a table");
        -at.query_error(self.rate_bits, lowest).log2() * self.queries as f64
    }

    /// Bad challenges for a line.
    fn line(&self, at: Distance, degree_bits: usize) -> f64 {
        at.line_bits(self.rate_bits, degree_bits).exp2()
    }

    /// The sum over all heights: the powers of the challenge start anew at each, and it may be bad
    /// for any of them.
    fn batch_lines(&self, at: Distance) -> f64 {
        let heights = self.openings.iter();
        heights.map(|(&height, &openings)| (openings - 1) as f64 * self.line(at, height)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::regime::Regime;
    use super::super::testing::{bits, close};
    use super::*;

    /// Rows 2^10 and 2^6 at rate 1/2.
    fn two_heights() -> Fri {
        Fri {
            rate_bits: 1,
            queries: 10,
            openings: BTreeMap::from([(10, 9), (6, 129)]),
            arity_bits: vec![4, 2],
        }
    }

    const WORK: ProofOfWork = ProofOfWork { lookup: 6, batch: 4, commit: 3, query: 5 };

    #[test]
    fn terms_by_hand() {
        let fri = two_heights();
        let first = Fold { degree_bits: 6, curve: 16 };
        assert_eq!(fri.folds(), [first, Fold { degree_bits: 4, curve: 3 }]);

        let unique = fri.terms(WORK, Hashing::GOLDILOCKS, Distance::unique(Regime::UniqueBciks20));
        // rho+ = 65/128 by the lower table: (193/256)^10.
        close(bits(&unique, Term::FriQueries), 10.0 * 0.40757 + 5.0);
        // 8 * 2^11 + 128 * 2^7 = 2^15.
        close(bits(&unique, Term::FriBatching), 128.0 - 15.0 + 4.0);
        // Over the domain of 2^7, with the table that joins; then 3 * 2^5.
        close(bits(&unique, Term::FriFold { round: 1 }), 128.0 - 4.0 - 7.0 + 3.0);
        close(bits(&unique, Term::FriFold { round: 2 }), 128.0 - 96_f64.log2() + 3.0);
        assert_eq!(unique.len(), 4);

        let newer = fri.terms(WORK, Hashing::GOLDILOCKS, Distance::unique(Regime::UniqueBchks25));
        // A quarter of the domain and one: 8 * 513 + 128 * 33; 16 * 33; 3 * 9.
        close(bits(&newer, Term::FriBatching), 128.0 - 8328_f64.log2() + 4.0);
        close(bits(&newer, Term::FriFold { round: 1 }), 128.0 - 528_f64.log2() + 3.0);
        close(bits(&newer, Term::FriFold { round: 2 }), 128.0 - 27_f64.log2() + 3.0);
        close(bits(&newer, Term::FriQueries), bits(&unique, Term::FriQueries));

        let johnson =
            fri.terms(WORK, Hashing::GOLDILOCKS, Distance::johnson(Regime::JohnsonBchks25, 3));
        // sqrt(65/128) * 7/6 = 0.83137 a query.
        close(bits(&johnson, Term::FriQueries), 10.0 * 0.26643 + 5.0);
        // A line over N has 2 * 3.5^5 + 10.5 * 0.17504 / 2 over 3 * 2^-1.5, 991.22 N, and 4.95:
        // 2^21.955 for N = 2^12 in all.
        close(bits(&johnson, Term::FriBatching), 128.0 - (32768.0 * 991.22_f64).log2() + 4.0);
        close(bits(&johnson, Term::FriFold { round: 2 }), 128.0 - (96.0 * 991.37_f64).log2() + 3.0);

        let young =
            fri.terms(WORK, Hashing::GOLDILOCKS, Distance::johnson(Regime::JohnsonDkt26, 3));
        // 8/3 * 3.5^3 N^2 / (k - 1): 114.33 * (8 * 2^22 / 1023 + 128 * 2^14 / 63).
        let lines: f64 = 114.333 * (33_554_432.0 / 1023.0 + 2_097_152.0 / 63.0);
        close(bits(&young, Term::FriBatching), 128.0 - lines.log2() + 4.0);
        close(bits(&young, Term::FriQueries), bits(&johnson, Term::FriQueries));
    }

    #[test]
    fn a_join_costs_a_degree() {
        let mut fri = two_heights();
        fri.openings.remove(&6);
        assert_eq!(fri.folds()[0], Fold { degree_bits: 6, curve: 15 });
    }

    #[test]
    fn one_opening_is_not_batched() {
        let fri = Fri { openings: BTreeMap::from([(10, 1)]), ..two_heights() };
        let terms = fri.terms(WORK, Hashing::GOLDILOCKS, Distance::unique(Regime::UniqueBchks25));
        assert!(terms.iter().all(|(term, _)| *term != Term::FriBatching));
    }

    /// Each of the challenges is a pair of base elements, and each of these has a bit less.
    #[test]
    fn biased_challenges_cost_two_bits_but_no_query() {
        let at = Distance::johnson(Regime::JohnsonBchks25, 5);
        let fair = two_heights().terms(WORK, Hashing::GOLDILOCKS, at);
        let biased = two_heights().terms(WORK, Hashing::BN254, at);
        for ((term, fair), (_, biased)) in fair.into_iter().zip(biased) {
            close(fair - biased, if term == Term::FriQueries { 0.0 } else { 2.0 });
        }
    }
}
