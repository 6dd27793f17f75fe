//! Small tables for the tests of the recursive verifier: all kinds of columns, constraints and
//! lookups that the circuit distinguishes.

use std::borrow::Cow;

use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};
use p3_matrix::dense::RowMajorMatrix;

use crate::config::Val;
use crate::native::{Keys, Proof, Table, Trace, decode, encode, prove, verify};
use crate::testing::TINY;

/// Rows of the tables [`tables`], in bits.
pub(crate) const LOG_HEIGHTS: [usize; 4] = [5, 3, 4, 3];

/// Repeats along [`Toy::Pairs`].
const PERIOD: [u64; 4] = [3, 1, 4, 1];

/// A table of the tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Toy {
    /// `[x, y, b, r]`: walks `x` from the first to the second public value by
    /// `x' = x^2 y + b` with a bit `b`; sends each `r` to [`Toy::Range`] and `(x, y)` to
    /// [`Toy::Pairs`] where `b` is set.
    Walk,
    /// `[x, y, m, z]`: receives `(x, y)` `m` times; `z = x` times the periodic column and `y` is
    /// a permutation of itself, which a local lookup checks.
    Pairs,
    /// Preprocessed `[i]`, `[m]`: receives `i` `m` times. Reads no next row.
    Range,
    /// `[a, b]`: `a' = b`, `b' = a + b`, preprocessed `[s]` with `s' = s + 1`. No lookups.
    Fibonacci,
}

impl Toy {
    fn height(self) -> usize {
        let index = tables().iter().position(|&table| table == self);
        1 << LOG_HEIGHTS[index.expect("a table of the batch")]
    }
}

/// The batch.
pub(crate) fn tables() -> Vec<Toy> {
    vec![Toy::Walk, Toy::Pairs, Toy::Range, Toy::Fibonacci]
}

impl BaseAir<Val> for Toy {
    fn width(&self) -> usize {
        match self {
            Self::Walk | Self::Pairs => 4,
            Self::Range => 1,
            Self::Fibonacci => 2,
        }
    }

    fn num_public_values(&self) -> usize {
        if *self == Self::Walk { 2 } else { 0 }
    }

    fn num_periodic_columns(&self) -> usize {
        usize::from(*self == Self::Pairs)
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<Val>]> {
        let columns: Vec<_> = match self {
            Self::Pairs => vec![PERIOD.map(Val::from_u64).to_vec()],
            _ => vec![],
        };
        Cow::Owned(columns)
    }

    fn preprocessed_width(&self) -> usize {
        usize::from(matches!(self, Self::Range | Self::Fibonacci))
    }

    fn preprocessed_trace(&self) -> Option<RowMajorMatrix<Val>> {
        (BaseAir::<Val>::preprocessed_width(self) > 0)
            .then(|| RowMajorMatrix::new_col((0..self.height()).map(Val::from_usize).collect()))
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        if *self == Self::Range { vec![] } else { (0..self.width()).collect() }
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        if *self == Self::Fibonacci { vec![0] } else { vec![] }
    }
}

impl<AB: AirBuilder<F = Val> + InteractionBuilder> Air<AB> for Toy {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let local: Vec<AB::Expr> = main.current_slice().iter().map(|&v| v.into()).collect();
        let next: Vec<AB::Expr> = main.next_slice().iter().map(|&v| v.into()).collect();
        match self {
            Self::Walk => {
                let [x, y, b, r] = [0, 1, 2, 3].map(|i| local[i].clone());
                let [first, last] = [0, 1].map(|i| builder.public_values()[i].into());
                builder.when_first_row().assert_eq(x.clone(), first);
                builder.when_last_row().assert_eq(x.clone(), last);
                builder.assert_bool(b.clone());
                builder
                    .when_transition()
                    .assert_eq(next[0].clone(), x.square() * y.clone() + b.clone());
                builder.push_interaction("range", [r], 1);
                builder.push_interaction("pairs", [x, y], Count::bounded(b, 1));
            }
            Self::Pairs => {
                let [x, y, m, z] = [0, 1, 2, 3].map(|i| local[i].clone());
                let factor: AB::Expr = builder.periodic_values()[0].into();
                builder.assert_eq(z, x.clone() * factor);
                builder.push_local_interaction([
                    (vec![y.clone()], Count::from(1)),
                    (vec![next[1].clone()], Count::from(-1)),
                ]);
                builder.push_interaction("pairs", [x, y], Count::provided(-m));
            }
            Self::Range => {
                let value = builder.preprocessed().current_slice()[0];
                builder.push_interaction("range", [value], Count::provided(-local[0].clone()));
            }
            Self::Fibonacci => {
                let [s, s_next]: [AB::Expr; 2] = {
                    let steps = builder.preprocessed();
                    [steps.current_slice()[0].into(), steps.next_slice()[0].into()]
                };
                let [a, b] = [0, 1].map(|i| local[i].clone());
                builder.when_first_row().assert_zero(a.clone());
                builder.when_first_row().assert_one(b.clone());
                let mut transition = builder.when_transition();
                transition.assert_eq(next[0].clone(), b.clone());
                transition.assert_eq(next[1].clone(), a + b);
                transition.assert_eq(s_next, s + AB::Expr::ONE);
            }
        }
    }
}

impl Table for Toy {
    fn name(&self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Pairs => "pairs",
            Self::Range => "range",
            Self::Fibonacci => "fibonacci",
        }
    }
}

/// Traces of [`tables`] that satisfy them, and their public values.
pub(crate) fn satisfying_traces() -> (Vec<Trace>, Vec<Vec<Val>>) {
    let mut walk = vec![];
    let mut pairs = vec![];
    let mut multiplicities = vec![Val::ZERO; Toy::Range.height()];
    let mut x = Val::from_u64(7);
    for row in 0..Toy::Walk.height() {
        let y = Val::from_usize(row + 2);
        // Sets the bit often enough to fill the table of pairs.
        let sends = row % 4 == 1;
        let b = Val::from_bool(sends);
        let r = row * 5 % Toy::Range.height();
        multiplicities[r] += Val::ONE;
        walk.extend([x, y, b, Val::from_usize(r)]);
        if sends {
            let factor = Val::from_u64(PERIOD[pairs.len() / 4 % PERIOD.len()]);
            pairs.extend([x, y, Val::ONE, x * factor]);
        }
        x = x.square() * y + b;
    }
    assert_eq!(pairs.len(), 4 * Toy::Pairs.height());
    let fibonacci = std::iter::successors(Some([Val::ZERO, Val::ONE]), |&[a, b]| Some([b, a + b]))
        .take(Toy::Fibonacci.height())
        .flatten()
        .collect();
    let public_values = vec![walk[0], walk[walk.len() - 4]];
    let traces = vec![
        RowMajorMatrix::new(walk, 4),
        RowMajorMatrix::new(pairs, 4),
        RowMajorMatrix::new_col(multiplicities),
        RowMajorMatrix::new(fibonacci, 2),
    ];
    (traces, vec![public_values, vec![], vec![], vec![]])
}

/// A batch that verifies.
pub(crate) struct Batch {
    pub(crate) tables: Vec<Toy>,
    pub(crate) keys: Keys,
    pub(crate) proof: Proof,
    pub(crate) public_values: Vec<Vec<Val>>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        let tables = tables();
        let keys = Keys::new(TINY, &tables, &LOG_HEIGHTS).unwrap();
        let (traces, public_values) = satisfying_traces();
        let proof = prove(&keys, &tables, &traces, &public_values).unwrap();
        verify(&keys, &tables, &proof, &public_values).unwrap();
        Self { tables, keys, proof, public_values }
    }

    /// The same proof once more.
    pub(crate) fn copy_proof(&self) -> Proof {
        decode(&encode(&self.proof).unwrap()).unwrap()
    }
}
