//! The terms of the leaf: a batch STARK with LogUp.
//!
//! Out of domain and constraint batching follow ethSTARK and `p3-security`, with every challenge
//! from the extension:
//!
//! - A table's identity has degree `(c + 1) 2^h`, for `c` chunks of the quotient, each of degree
//!   `2^h`: the vanishing polynomials of the other chunks' cosets and of the table's domain come on
//!   top. Constraints have degree at most `c + 1` in the columns.
//! - `n` constraints are folded with powers of one challenge: `n / |K|` (as `p3-security`; `n - 1`
//!   would do).
//!
//! A cheat must make one given table false, so that the worst one counts, not the sum. One list
//! covers all heights: lower tables are words over the domain of the highest, at a power of `x`.
//!
//! LogUp (<https://eprint.iacr.org/2022/1530>) in the form of `p3-lookup`: messages of at most `W`
//! elements have distinct denominators `alpha + (bus + 1) beta^W - sum_i beta^i message_i`. Over
//! all rows of all tables there are `N`. If messages do not balance, the sum's numerator is not the
//! zero polynomial; it has degree `N` in alpha and `N W` in beta. A denominator of zero, which
//! would free its fraction, costs another `N`. Together `N (W + 2) / |K|` (`p3-security`, `logup`).
//! That no multiplicity wraps around the field is checked by the verifier.

use std::collections::BTreeMap;

use cairn_leaf::chunk::Leaf;
use cairn_stark::config::{DIGEST, Parameters};
use cairn_stark::figures::{TableFigures, figures};
use cairn_stark::native::{Keys, Table};
use plonky2::hash::hash_types::NUM_HASH_OUT_ELTS;
use serde::Serialize;

use super::fri::{Fri, ProofOfWork};
use super::regime::Distance;
use super::{Figures, Hashing, LayerSecurity, Term, Terms};
use crate::config::D;

// The bits of extension and hash are those of plonky2's layers.
const _: () = assert!(cairn_stark::config::D == D && DIGEST == NUM_HASH_OUT_ELTS);

/// The numbers that soundness depends on.
#[derive(Clone, Debug, Serialize)]
pub struct Stark {
    /// The low-degree test, of all tables' heights.
    pub fri: Fri,
    /// Proof of work.
    pub work: ProofOfWork,
    /// The hash of trees and transcript.
    pub hashing: Hashing,
    /// The highest degree of a table's identity.
    pub identity_degree: usize,
    /// The most constraints of a table.
    pub constraints: usize,
    /// Fractions that LogUp sums, over all rows of all tables.
    pub fractions: usize,
    /// Elements of the longest message.
    pub tuple_width: usize,
}

/// The soundness of a leaf, with the parameters of its keys.
///
/// # Panics
/// If no proof of the leaf's tables can hold.
pub fn stark_security(layer: &str, leaf: &Leaf) -> LayerSecurity {
    batch_security(layer, leaf.keys(), leaf.airs())
}

/// The soundness of a batch of these tables, hashed over Goldilocks.
///
/// # Panics
/// If no proof of the tables can hold, or the keys were not made for them.
pub fn batch_security<A: Table>(layer: &str, keys: &Keys, tables: &[A]) -> LayerSecurity {
    let tables = figures(keys, tables).expect("the tables can be proven");
    LayerSecurity::new(layer, Figures::Stark(Stark::new(keys.parameters(), &tables)))
}

impl Stark {
    /// The figures of a batch of these tables, hashed over Goldilocks.
    ///
    /// # Panics
    /// If there is no table.
    pub fn new(parameters: &Parameters, tables: &[TableFigures]) -> Self {
        let log_heights: Vec<_> = tables.iter().map(|table| table.log_height).collect();
        let mut openings = BTreeMap::new();
        for table in tables {
            *openings.entry(table.log_height).or_default() += table.openings;
        }
        let worst =
            |count: fn(&TableFigures) -> usize| tables.iter().map(count).max().expect("a table");
        Self {
            fri: Fri {
                rate_bits: parameters.log_blowup,
                queries: parameters.queries,
                openings,
                arity_bits: parameters.fold_schedule(&log_heights),
            },
            work: ProofOfWork {
                lookup: parameters.lookup_pow_bits,
                batch: parameters.batch_pow_bits,
                commit: parameters.commit_pow_bits,
                query: parameters.query_pow_bits,
            },
            hashing: Hashing::GOLDILOCKS,
            identity_degree: worst(|table| (table.quotient_chunks + 1) << table.log_height),
            constraints: worst(|table| table.constraints),
            fractions: tables.iter().map(|table| table.fractions << table.log_height).sum(),
            tuple_width: worst(|table| table.tuple_width),
        }
    }

    pub(super) fn terms(&self, at: Distance) -> Terms {
        let Self { hashing, .. } = *self;
        let list = at.list_bits(self.fri.rate_bits);
        let bits = |error: f64| hashing.extension_bits() - error.log2() - list;
        let mut terms = self.fri.terms(self.work, hashing, at);
        terms.extend([
            (Term::OutOfDomain, bits(self.identity_degree as f64)),
            (Term::ConstraintBatching, bits(self.constraints as f64)),
        ]);
        if self.fractions > 0 {
            let lookup = self.fractions as f64 * (self.tuple_width as f64 + 2.0);
            terms.push((Term::Lookup, bits(lookup) + self.work.lookup as f64));
        }
        terms.push((Term::HashCollision, hashing.collision_bits));
        terms
    }
}

#[cfg(test)]
mod tests {
    use cairn_stark::config::RATE_HALF;

    use super::super::regime::Regime;
    use super::super::testing::{bits, close, costs};
    use super::*;
    use crate::chunk::{class, parameters};
    use crate::circuit_set::Size;

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

    /// As today's, with proof of work at every challenge.
    const PARAMETERS: Parameters = Parameters {
        queries: 82,
        query_pow_bits: 20,
        batch_pow_bits: 8,
        lookup_pow_bits: 8,
        commit_pow_bits: 4,
        ..RATE_HALF
    };

    #[test]
    fn terms_by_hand() {
        let stark = Stark::new(&PARAMETERS, &two_tables());
        // From 2^17: 16 to one, 4 to one where the wide table joins, 16 to one, 2 to one.
        assert_eq!(stark.fri.arity_bits, [4, 2, 4, 1]);
        let unique = stark.terms(Distance::unique(Regime::UniqueBciks20));
        // (3/4 + 2^-12)^82.
        close(bits(&unique, Term::FriQueries), 82.0 * 0.414_57 + 20.0);
        // 16 * 2^17 + 1024 * 2^11 = 2^22.
        close(bits(&unique, Term::FriBatching), 128.0 - 22.0 + 8.0);
        // 15 * 2^13, 4 * 2^11, 15 * 2^7, 2^6.
        close(bits(&unique, Term::FriFold { round: 1 }), 128.0 - 16.907 + 4.0);
        close(bits(&unique, Term::FriFold { round: 2 }), 128.0 - 13.0 + 4.0);
        close(bits(&unique, Term::FriFold { round: 3 }), 128.0 - 10.907 + 4.0);
        close(bits(&unique, Term::FriFold { round: 4 }), 128.0 - 6.0 + 4.0);
        // 2 * 2^16 is more than 3 * 2^10.
        close(bits(&unique, Term::OutOfDomain), 128.0 - 17.0);
        close(bits(&unique, Term::ConstraintBatching), 128.0 - 9.0);
        // (64 * 2^10 + 3 * 2^16) * (6 + 2) = 2^21.
        close(bits(&unique, Term::Lookup), 128.0 - 21.0 + 8.0);
        close(bits(&unique, Term::HashCollision), 128.0);
        // A list of 3.5 * sqrt(2): 2.307 bits.
        let johnson = stark.terms(Distance::johnson(Regime::JohnsonBchks25, 3));
        close(bits(&johnson, Term::OutOfDomain), 128.0 - 17.0 - 2.307);
        close(bits(&johnson, Term::ConstraintBatching), 128.0 - 9.0 - 2.307);
        close(bits(&johnson, Term::Lookup), 128.0 - 21.0 + 8.0 - 2.307);
    }

    #[test]
    fn weaker_parameters_are_found() {
        let of = |parameters: Parameters, tables: &[TableFigures]| {
            Figures::Stark(Stark::new(&parameters, tables))
        };
        let check = |parameters, term, expected| {
            let strong = of(PARAMETERS, &two_tables());
            costs(&strong, &of(parameters, &two_tables()), term, expected);
        };
        check(Parameters { query_pow_bits: 19, ..PARAMETERS }, Term::FriQueries, 1.0);
        check(Parameters { batch_pow_bits: 7, ..PARAMETERS }, Term::FriBatching, 1.0);
        check(Parameters { lookup_pow_bits: 7, ..PARAMETERS }, Term::Lookup, 1.0);

        let at = Distance::unique(Regime::UniqueBchks25);
        let loss = |parameters: Parameters, term| {
            let terms = |parameters| Stark::new(parameters, &two_tables()).terms(at);
            bits(&terms(&PARAMETERS), term) - bits(&terms(&parameters), term)
        };
        close(loss(Parameters { queries: 81, ..PARAMETERS }, Term::FriQueries), 0.414_57);
        for round in 1..=4 {
            let term = Term::FriFold { round };
            close(loss(Parameters { commit_pow_bits: 1, ..PARAMETERS }, term), 3.0);
        }

        // Of the tables: rows, openings, constraints, degree, messages.
        let check = |change: fn(&mut TableFigures), term, expected| {
            let mut tables = two_tables();
            change(&mut tables[0]);
            costs(&of(PARAMETERS, &two_tables()), &of(PARAMETERS, &tables), term, expected);
        };
        check(|wide| wide.constraints *= 2, Term::ConstraintBatching, 1.0);
        check(|wide| wide.quotient_chunks = 255, Term::OutOfDomain, 1.0);
        check(|wide| wide.fractions += 256, Term::Lookup, 1.0);
        check(|wide| wide.tuple_width = 14, Term::Lookup, 1.0);
        // 1024 + 16 * 2^6 as many again, all at the lower height.
        let mut tables = two_tables();
        tables[0].openings += 2048;
        let [before, after] = [two_tables(), tables]
            .map(|tables| bits(&Stark::new(&PARAMETERS, &tables).terms(at), Term::FriBatching));
        close(before - after, 1.0);
        // Another hash: two bits of each challenge, and of a collision what BN254 has less.
        let biased = Stark { hashing: Hashing::BN254, ..Stark::new(&PARAMETERS, &two_tables()) };
        let fair = Stark::new(&PARAMETERS, &two_tables()).terms(at);
        for ((term, fair), (_, biased)) in fair.into_iter().zip(biased.terms(at)) {
            let expected = match term {
                Term::FriQueries => 0.0,
                Term::HashCollision => 1.202,
                _ => 2.0,
            };
            close(fair - biased, expected);
        }
    }

    /// The four classes of today, and that fewer queries or less work are refused.
    #[test]
    fn every_class_builds_and_less_is_refused() {
        for size in Size::ALL {
            let class = class(size);
            let leaf = Leaf::new(class, parameters(size)).unwrap();
            let layer = stark_security(class.name, &leaf);
            layer.require().unwrap();
            let Figures::Stark(stark) = &layer.figures else { panic!("a STARK") };
            let mut fewer = stark.clone();
            fewer.fri.queries -= 5;
            LayerSecurity::new("weak", Figures::Stark(fewer)).require().unwrap_err();
            let mut easy = stark.clone();
            easy.work.query = 10;
            LayerSecurity::new("weak", Figures::Stark(easy)).require().unwrap_err();
        }
    }
}
