//! The terms of FRI, for one height (plonky2) or several (`p3-fri`).

use std::collections::BTreeMap;

use super::regime::Regime;
use super::{Term, Terms};

/// The numbers that the soundness of FRI depends on.
#[derive(Clone, Debug)]
pub(super) struct Fri {
    pub(super) rate_bits: usize,
    pub(super) queries: usize,
    /// Proof of work before the queries.
    pub(super) query_pow_bits: usize,
    /// Proof of work before the challenge that combines openings.
    pub(super) batch_pow_bits: usize,
    /// Proof of work before each folding challenge.
    pub(super) commit_pow_bits: usize,
    /// By rows, in bits: columns opened, with those opened at two points counted twice. Not empty.
    pub(super) openings: BTreeMap<usize, usize>,
    /// Folding factors, in bits.
    pub(super) arity_bits: Vec<usize>,
}

impl Fri {
    /// The rate of the code.
    pub(super) fn rho(&self) -> f64 {
        (-(self.rate_bits as f64)).exp2()
    }

    pub(super) fn terms(&self, regime: Regime) -> Terms {
        vec![
            (Term::FriQueries, self.query_bits(regime)),
            (Term::FriCommit, self.commit_bits(regime)),
            (Term::FriBatching, self.batching_bits(regime)),
        ]
    }

    /// `error^queries`, by the rate of the lowest table, which one degree more changes the most.
    fn query_bits(&self, regime: Regime) -> f64 {
        let lowest = *self.openings.keys().next().expect("a table");
        let rho = regime.column_rate(self.rho(), lowest);
        -regime.query_error(rho).log2() * self.queries as f64 + self.query_pow_bits as f64
    }

    /// The sum over all folds. Folding by `2^a` is a curve of degree `2^a - 1`, or `2^a` where another height
    /// joins with the next power of the challenge. A fold counts with the domain before it, which is
    /// larger than the one that it folds to: on the safe side.
    fn commit_bits(&self, regime: Regime) -> f64 {
        let mut degree_bits = *self.openings.keys().next_back().expect("a table");
        let mut error = 0.0;
        for &arity_bits in &self.arity_bits {
            let line = (-regime.line_error_bits(self.rho(), degree_bits + self.rate_bits)).exp2();
            degree_bits -= arity_bits;
            let joins = u64::from(self.openings.contains_key(&degree_bits));
            let curve = (1_u64 << arity_bits) - 1 + joins;
            error += curve as f64 * line;
        }
        -error.log2() + self.commit_pow_bits as f64
    }

    /// The sum over all heights: the powers of the challenge start anew at each.
    fn batching_bits(&self, regime: Regime) -> f64 {
        let error: f64 = self
            .openings
            .iter()
            .map(|(degree_bits, openings)| {
                let line = -regime.line_error_bits(self.rho(), degree_bits + self.rate_bits);
                (openings - 1) as f64 * line.exp2()
            })
            .sum();
        -error.log2() + self.batch_pow_bits as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::bits;
    use super::*;

    /// Rows 2^10 and 2^6 at rate 1/2, with all proof of work.
    fn two_heights() -> Fri {
        Fri {
            rate_bits: 1,
            queries: 10,
            query_pow_bits: 5,
            batch_pow_bits: 4,
            commit_pow_bits: 3,
            openings: BTreeMap::from([(10, 9), (6, 129)]),
            arity_bits: vec![4, 2],
        }
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 0.01, "expected {expected}, got {got}");
    }

    #[test]
    fn terms_by_hand() {
        let fri = two_heights();
        let conjectured = fri.terms(Regime::Conjectured);
        // 10 * -log2(65/128) + 5.
        close(bits(&conjectured, Term::FriQueries), 14.776);
        // 16 * 2^11 (the lower table joins after the first fold) + 3 * 2^7: 2^15.017.
        close(bits(&conjectured, Term::FriCommit), 128.0 - 15.017 + 3.0);
        // 8 * 2^11 + 128 * 2^7 = 2^15.
        close(bits(&conjectured, Term::FriBatching), 128.0 - 15.0 + 4.0);

        let unique = fri.terms(Regime::UniqueDecoding);
        // rho+ = 65/128 by the lower table: (193/256)^10.
        close(bits(&unique, Term::FriQueries), 10.0 * 0.40757 + 5.0);
        // sqrt(65/128) * (1 + 1/2) is 1.07: nothing is proven.
        let johnson = fri.terms(Regime::Johnson { m: 1 });
        assert!(bits(&johnson, Term::FriQueries) < 5.0);
    }

    #[test]
    fn a_join_costs_a_degree() {
        let mut fri = two_heights();
        fri.openings.remove(&6);
        // 15 * 2^11 + 3 * 2^7 = 2^14.925.
        close(bits(&fri.terms(Regime::Conjectured), Term::FriCommit), 128.0 - 14.925 + 3.0);
    }
}
