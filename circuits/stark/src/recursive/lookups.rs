//! LogUp across tables: each bus's challenges and the balance of the terminals.
//!
//! The twin of `lay_out_lookup_challenges` of `p3-batch-stark` and of `LogUpGadget`'s
//! `verify_terminal_sum`. The constraints of a table's accumulator and fractions are evaluated
//! with its AIR's own, in `constraints`.

use std::collections::HashMap;

use p3_lookup::{Kind, Lookups};

use super::extension::{Builder, ChallengeTarget};
use crate::config::Val;

/// The buses of a batch of tables.
#[derive(Debug)]
struct Buses {
    /// For each table, the bus of each lookup.
    tables: Vec<Vec<usize>>,
    count: usize,
    /// The longest tuple, at least 1: one power of beta above it separates the buses.
    max_width: usize,
}

impl Buses {
    /// Numbers the buses in the order of their first lookup: a global one by its name, a local
    /// one on its own.
    ///
    /// # Panics
    ///
    /// When tuples of one bus differ in width: the shorter would collide with a longer that
    /// starts with zeros.
    fn new(lookups: &[Lookups<Val>]) -> Self {
        let mut named: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut buses = Self { tables: Vec::new(), count: 0, max_width: 1 };
        for table in lookups {
            let mut ids = Vec::with_capacity(table.len());
            for lookup in table.iter() {
                let width = p3_lookup::assert_uniform_tuple_width(&lookup.elements, "lookup");
                buses.max_width = buses.max_width.max(width);
                let fresh = (buses.count, width);
                let (id, bus_width) = match &lookup.kind {
                    Kind::Global(name) => *named.entry(name).or_insert(fresh),
                    Kind::Local => fresh,
                };
                assert_eq!(bus_width, width, "tuple widths of {:?}", lookup.kind);
                buses.count = buses.count.max(id + 1);
                ids.push(id);
            }
            buses.tables.push(ids);
        }
        buses
    }
}

/// For each table the challenges of its lookups: the offset of the lookup's bus, then beta.
///
/// A bus's offset is `alpha + (id + 1) * beta^W` with `W` the longest tuple of the batch.
///
/// # Panics
///
/// When tuples of one bus differ in width.
pub(crate) fn challenges(
    builder: &mut Builder,
    lookups: &[Lookups<Val>],
    alpha: ChallengeTarget,
    beta: ChallengeTarget,
) -> Vec<Vec<ChallengeTarget>> {
    let buses = Buses::new(lookups);
    let step = builder.exp_u64_extension(beta, buses.max_width as u64);
    let mut offset = alpha;
    let offsets: Vec<_> = (0..buses.count)
        .map(|_| {
            offset = builder.add_extension(offset, step);
            offset
        })
        .collect();
    let table = |ids: &Vec<usize>| ids.iter().flat_map(|&id| [offsets[id], beta]).collect();
    buses.tables.iter().map(table).collect()
}

/// Every message sent is received: the terminals of all tables sum to zero.
pub(crate) fn assert_balanced(builder: &mut Builder, terminals: &[ChallengeTarget]) {
    let sum = builder.add_many_extension(terminals.iter().copied());
    let zero = builder.zero_extension();
    builder.connect_extension(sum, zero);
}

#[cfg(test)]
mod tests {
    use p3_batch_stark::{BatchShape, BatchVerifierTranscript};
    use p3_challenger::CanSample;
    use p3_field::PrimeCharacteristicRing;
    use p3_lookup::LogUpGadget;

    use super::*;
    use crate::config::{Challenge, challenger};
    use crate::native::Keys;
    use crate::recursive::satisfaction::{evaluate, is_satisfied};
    use crate::recursive::toy::{LOG_HEIGHTS, tables};
    use crate::testing::TINY;

    /// Alpha, beta and the challenges of each table that Plonky3's transcript lays out.
    fn native(lookups: &[Lookups<Val>]) -> (Challenge, Challenge, Vec<Vec<Challenge>>) {
        let shape = BatchShape {
            trace_widths: vec![],
            public_value_counts: vec![],
            preprocessed_widths: vec![],
            has_preprocessed_commitment: false,
            num_lookup_instances: 1,
            lookup_pow_bits: 0,
            has_randomization_commitment: false,
            ood_pow_bits: 0,
        };
        type Transcript<'a> =
            BatchVerifierTranscript<'a, crate::config::Challenger, Val, Challenge, [Val; 4]>;
        let mut sponge = challenger();
        let mut transcript = Transcript::new(&mut sponge, shape.clone());
        transcript.main_phase::<[Val; 0]>([Val::ZERO; 4], &[]);
        let laid_out =
            transcript.lookup_phase(lookups, &LogUpGadget::new(), Some(Val::ZERO)).unwrap();
        transcript.abort();

        let mut sponge = challenger();
        let mut transcript = Transcript::new(&mut sponge, shape);
        transcript.main_phase::<[Val; 0]>([Val::ZERO; 4], &[]);
        transcript.abort();
        (sponge.sample(), sponge.sample(), laid_out)
    }

    #[test]
    fn challenges_are_those_of_plonky3() {
        let keys = Keys::new(TINY, &tables(), &LOG_HEIGHTS).unwrap();
        let lookups = &keys.common().lookups;
        let (alpha, beta, expected) = native(lookups);
        for (table, expected) in expected.iter().enumerate() {
            for (position, expected) in expected.iter().enumerate() {
                let got = evaluate(&[alpha, beta], |builder, targets| {
                    challenges(builder, lookups, targets[0], targets[1])[table][position]
                });
                assert_eq!(got, *expected, "table {table}, position {position}");
            }
        }
    }

    #[test]
    fn terminals_balance() {
        let [a, b] = [Challenge::from_u64(5), Challenge::TWO];
        let balances = |terminals: &[Challenge]| is_satisfied(terminals, assert_balanced);
        assert!(balances(&[a, b, -a - b]));
        assert!(!balances(&[a, b, -a]));
    }
}
