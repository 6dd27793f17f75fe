//! The terms of the leaf: a batch STARK with LogUp.
//!
//! Out of domain and constraint batching follow ethSTARK and `p3-security`, with every challenge from the extension:
//!
//! - A table's identity has degree `(c + 1) 2^h`, for `c` chunks of the quotient, each of degree `2^h`: the vanishing
//!   polynomials of the other chunks' cosets and of the table's domain come on top. Constraints
//!   have degree at most `c + 1` in the columns.
//! - `n` constraints are folded with powers of one challenge: `n / |K|` (as `p3-security`; `n - 1` would do).
//!
//! A cheat must make one given table false, so that the worst one counts, not the sum. One list covers
//! all heights: lower tables are words over the domain of the highest, at a power of `x`.
//!
//! LogUp (<https://eprint.iacr.org/2022/1530>) in the form of `p3-lookup`: messages of at most `W` elements have distinct
//! denominators `alpha + (bus + 1) beta^W - sum_i beta^i message_i`. Over all rows of all tables there are
//! `N`. If messages do not balance, the sum's numerator is not the zero polynomial; it has degree `N` in
//! alpha and `N W` in beta. A denominator of zero, which would free its fraction, costs another `N`.
//! Together `N (W + 2) / |K|` (`p3-security`, `logup`). That no multiplicity wraps around the field is checked by the
//! verifier.

use std::collections::BTreeMap;

use cairn_leaf::chunk::Leaf;
use cairn_stark::config::{DIGEST, Parameters};
use cairn_stark::figures::{TableFigures, figures};
use plonky2::hash::hash_types::NUM_HASH_OUT_ELTS;

use super::fri::Fri;
use super::regime::Regime;
use super::{EXTENSION_BITS, HASH_BITS, LayerSecurity, Term, Terms, report};
use crate::config::D;

// The bits of extension and hash are those of plonky2's layers.
const _: () = assert!(cairn_stark::config::D == D && DIGEST == NUM_HASH_OUT_ELTS);

/// The numbers that soundness depends on.
#[derive(Clone, Debug)]
struct Stark {
    fri: Fri,
    /// Proof of work before the challenges of LogUp.
    lookup_pow_bits: usize,
    tables: Vec<TableFigures>,
}

/// The soundness of a leaf, with the parameters of its keys.
///
/// # Panics
/// If no proof of the leaf's tables can hold.
pub fn stark_security(layer: &str, leaf: &Leaf) -> LayerSecurity {
    let stark = Stark::of(leaf);
    report(layer, |regime| stark.terms(regime))
}

impl Stark {
    fn of(leaf: &Leaf) -> Self {
        let tables = figures(leaf.keys(), leaf.airs()).expect("the tables can be proven");
        Self::new(leaf.keys().parameters(), tables)
    }

    fn new(parameters: &Parameters, tables: Vec<TableFigures>) -> Self {
        let log_heights: Vec<_> = tables.iter().map(|table| table.log_height).collect();
        let mut openings = BTreeMap::new();
        for table in &tables {
            *openings.entry(table.log_height).or_default() += table.openings;
        }
        Self {
            fri: Fri {
                rate_bits: parameters.log_blowup,
                queries: parameters.queries,
                query_pow_bits: parameters.query_pow_bits,
                batch_pow_bits: parameters.batch_pow_bits,
                commit_pow_bits: parameters.commit_pow_bits,
                openings,
                arity_bits: parameters.fold_schedule(&log_heights),
            },
            lookup_pow_bits: parameters.lookup_pow_bits,
            tables,
        }
    }

    fn terms(&self, regime: Regime) -> Terms {
        let list = regime.list_bits(self.fri.rho());
        let worst = |count: fn(&TableFigures) -> usize| {
            self.tables.iter().map(count).max().expect("a table") as f64
        };
        let identity = worst(|table| (table.quotient_chunks + 1) << table.log_height);
        let constraints = worst(|table| table.constraints);
        let fractions: usize =
            self.tables.iter().map(|table| table.fractions << table.log_height).sum();
        let lookup = fractions as f64 * (worst(|table| table.tuple_width) + 2.0);

        let mut terms = self.fri.terms(regime);
        terms.extend([
            (Term::OutOfDomain, EXTENSION_BITS - identity.log2() - list),
            (Term::ConstraintBatching, EXTENSION_BITS - constraints.log2() - list),
            (Term::Lookup, EXTENSION_BITS - lookup.log2() - list + self.lookup_pow_bits as f64),
            (Term::HashCollision, HASH_BITS),
        ]);
        terms
    }
}

#[cfg(test)]
mod tests {
    use cairn_stark::config::RATE_HALF;

    use super::super::bits;
    use super::*;
    use crate::chunk::{class, parameters};
    use crate::circuit_set::Size;
    use crate::config::CONJECTURED_BITS;

    /// A wide table of 2^10 rows and a narrow one of 2^16, with a lookup between them.
    fn two_tables() -> Vec<TableFigures> {
        let wide = TableFigures {
            log_height: 10,
            openings: 1025,
            constraints: 512,
            quotient_chunks: 2,
            fractions: 64,
            tuple_width: 6,
        };
        let narrow = TableFigures {
            log_height: 16,
            openings: 17,
            constraints: 4,
            quotient_chunks: 1,
            fractions: 3,
            tuple_width: 1,
        };
        vec![wide, narrow]
    }

    #[test]
    fn terms_by_hand() {
        let stark = Stark::new(&RATE_HALF, two_tables());
        let close = |regime, term, expected: f64| {
            let got = bits(&stark.terms(regime), term);
            assert!((got - expected).abs() < 0.01, "{term}: expected {expected}, got {got}");
        };
        close(Regime::Conjectured, Term::FriQueries, RATE_HALF.query_bits());
        // From 2^17: 15 * 2^17, 4 * 2^13 (the wide table joins), 15 * 2^11: 2^20.953.
        assert_eq!(stark.fri.arity_bits, [4, 2, 4, 1]);
        close(Regime::Conjectured, Term::FriCommit, 128.0 - 20.953);
        // 16 * 2^17 + 1024 * 2^11 = 2^22, and 8 bits of work.
        close(Regime::Conjectured, Term::FriBatching, 128.0 - 22.0 + 8.0);
        // 2 * 2^16 is more than 3 * 2^10.
        close(Regime::Conjectured, Term::OutOfDomain, 128.0 - 17.0);
        close(Regime::Conjectured, Term::ConstraintBatching, 128.0 - 9.0);
        // (64 * 2^10 + 3 * 2^16) * (6 + 2) = 2^21, and 8 bits of work.
        close(Regime::Conjectured, Term::Lookup, 128.0 - 21.0 + 8.0);
        close(Regime::Conjectured, Term::HashCollision, 128.0);
        // A list of 3.5 * sqrt(2): 2.307 bits.
        close(Regime::Johnson { m: 3 }, Term::OutOfDomain, 128.0 - 17.0 - 2.307);
        close(Regime::Johnson { m: 3 }, Term::ConstraintBatching, 128.0 - 9.0 - 2.307);
        close(Regime::Johnson { m: 3 }, Term::Lookup, 128.0 - 21.0 + 8.0 - 2.307);
    }

    #[test]
    fn every_class_has_a_hundred_conjectured_bits() {
        for size in Size::ALL {
            let class = class(size);
            let leaf = Leaf::new(class, parameters(size)).unwrap();
            let layer = stark_security(class.name, &leaf);
            assert!(layer.conjectured_bits >= CONJECTURED_BITS as f64, "{layer:?}");
            assert!(layer.provable_udr_bits < layer.provable_johnson_bits, "{layer:?}");
        }
    }

    #[test]
    fn weaker_parameters_are_found() {
        let stark = parameters(Size::Large);
        let tables = Stark::of(&Leaf::new(class(Size::Large), stark).unwrap()).tables;
        let weak = [
            (Parameters { queries: stark.queries - 1, ..stark }, Term::FriQueries),
            (Parameters { query_pow_bits: stark.query_pow_bits - 1, ..stark }, Term::FriQueries),
            (Parameters { batch_pow_bits: 0, ..stark }, Term::FriBatching),
        ];
        for (parameters, limiting_term) in weak {
            let stark = Stark::new(&parameters, tables.clone());
            let layer = report("weak", |regime| stark.terms(regime));
            assert_eq!(layer.limiting_term, limiting_term);
            assert!(layer.conjectured_bits < CONJECTURED_BITS as f64, "{layer:?}");
        }
    }
}
