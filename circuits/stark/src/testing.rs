//! Two small tables with a lookup between them, for tests.

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;

use crate::config::{Parameters, RATE_HALF, Val};
use crate::native::{Keys, Table, Trace};

/// Parameters for tests: few queries, a small final polynomial, every proof of work.
pub(crate) const TINY: Parameters = Parameters {
    log_final_poly_len: 1,
    max_log_arity: 2,
    queries: 3,
    cap_height: 1,
    lookup_pow_bits: 3,
    batch_pow_bits: 2,
    commit_pow_bits: 1,
    query_pow_bits: 4,
    ..RATE_HALF
};

/// The tables.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TestTable {
    /// Columns a, b, nibble: `b = a^2 (nibble + 1)`, and b is the next row's a. Public: first a, last b.
    Powers,
    /// Preprocessed column 0, 1, .., 15, 0, ..; one column, how often each value is looked up.
    Nibbles {
        /// Rows, in bits.
        log_height: usize,
    },
}

impl Table for TestTable {
    fn name(&self) -> &'static str {
        match self {
            Self::Powers => "powers",
            Self::Nibbles { .. } => "nibbles",
        }
    }
}

impl BaseAir<Val> for TestTable {
    fn width(&self) -> usize {
        match self {
            Self::Powers => 3,
            Self::Nibbles { .. } => 1,
        }
    }

    fn num_public_values(&self) -> usize {
        match self {
            Self::Powers => 2,
            Self::Nibbles { .. } => 0,
        }
    }

    fn preprocessed_width(&self) -> usize {
        match self {
            Self::Powers => 0,
            Self::Nibbles { .. } => 1,
        }
    }

    fn preprocessed_trace(&self) -> Option<Trace> {
        let Self::Nibbles { log_height } = self else { return None };
        Some(RowMajorMatrix::new_col((0..1_u64 << log_height).map(|i| Val::new(i % 16)).collect()))
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        match self {
            Self::Powers => vec![0],
            Self::Nibbles { .. } => vec![],
        }
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }
}

impl<AB: InteractionBuilder<F = Val>> Air<AB> for TestTable {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        match self {
            Self::Powers => {
                let &[a, b, nibble] = main.current_slice() else { panic!("three columns") };
                let next_a = main.next_slice()[0];
                let first = builder.public_values()[0];
                let last = builder.public_values()[1];
                builder.when_first_row().assert_eq(a, first);
                builder.assert_eq(b, a.into() * a * (nibble.into() + AB::Expr::ONE));
                builder.when_transition().assert_eq(next_a, b);
                builder.when_last_row().assert_eq(b, last);
                builder.push_interaction("nibble", [nibble], Count::from(1));
            }
            Self::Nibbles { .. } => {
                let multiplicity = main.current_slice()[0].into();
                let value = builder.preprocessed().current_slice()[0];
                builder.push_interaction("nibble", [value], Count::provided(-multiplicity));
            }
        }
    }
}

/// A batch that holds: keys, tables, traces, public values.
pub(crate) struct Batch {
    pub(crate) keys: Keys,
    pub(crate) airs: Vec<TestTable>,
    pub(crate) traces: Vec<Trace>,
    pub(crate) public_values: Vec<Vec<Val>>,
}

/// One `Powers` table for each height in `powers`, in bits, and `Nibbles` of `2^log_nibbles >= 16` rows.
pub(crate) fn batch(parameters: Parameters, powers: &[usize], log_nibbles: usize) -> Batch {
    let mut multiplicities = vec![0_u64; 1 << log_nibbles];
    let (mut airs, mut traces, mut public_values) = (vec![], vec![], vec![]);
    for (table, log_height) in powers.iter().enumerate() {
        let (mut values, mut a) = (vec![], Val::new(table as u64 + 2));
        let first = a;
        for _ in 0..1 << log_height {
            let nibble = a.as_canonical_u64() % 16;
            multiplicities[nibble as usize] += 1;
            let b = a * a * Val::new(nibble + 1);
            values.extend([a, b, Val::new(nibble)]);
            a = b;
        }
        airs.push(TestTable::Powers);
        traces.push(RowMajorMatrix::new(values, 3));
        public_values.push(vec![first, a]);
    }
    airs.push(TestTable::Nibbles { log_height: log_nibbles });
    traces.push(RowMajorMatrix::new_col(multiplicities.into_iter().map(Val::new).collect()));
    public_values.push(vec![]);
    let log_heights: Vec<usize> = powers.iter().copied().chain([log_nibbles]).collect();
    let keys = Keys::new(parameters, &airs, &log_heights).unwrap();
    Batch { keys, airs, traces, public_values }
}
