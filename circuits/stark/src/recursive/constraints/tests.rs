use p3_air::RowWindow;
use p3_air::symbolic::AirLayout;
use p3_batch_stark::folder::VerifierConstraintFolderWithLookups;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_matrix::dense::RowMajorMatrixView;
use p3_matrix::stack::ViewPair;
use p3_uni_stark::VerifierConstraintFolder;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::config::Config;
use crate::native::Keys;
use crate::recursive::satisfaction::evaluate;
use crate::recursive::toy::{LOG_HEIGHTS, Toy, tables};
use crate::testing::TINY;

fn random(rng: &mut SmallRng, count: usize) -> Vec<Challenge> {
    (0..count)
        .map(|_| Challenge::from_basis_coefficients_fn(|_| Val::from_u64(rng.random())))
        .collect()
}

fn pair([local, next]: &[Vec<Challenge>; 2]) -> ViewPair<'_, Challenge> {
    ViewPair::new(RowMajorMatrixView::new_row(local), RowMajorMatrixView::new_row(next))
}

/// Random values for all that the constraints of one table read.
struct Values {
    main: [Vec<Challenge>; 2],
    preprocessed: [Vec<Challenge>; 2],
    permutation: [Vec<Challenge>; 2],
    lookup_challenges: Vec<Challenge>,
    terminal: Vec<Challenge>,
    periodic: Vec<Challenge>,
    public_values: Vec<Val>,
    selectors: Vec<Challenge>,
    alpha: Challenge,
}

impl Values {
    fn new(rng: &mut SmallRng, layout: AirLayout) -> Self {
        let mut rows = |width| [random(rng, width), random(rng, width)];
        Self {
            main: rows(layout.main_width),
            preprocessed: rows(layout.preprocessed_width),
            permutation: rows(layout.permutation_width),
            lookup_challenges: random(rng, layout.num_permutation_challenges),
            terminal: random(rng, layout.num_permutation_values),
            periodic: random(rng, layout.num_periodic_columns),
            public_values: (0..layout.num_public_values)
                .map(|_| Val::from_u64(rng.random()))
                .collect(),
            selectors: random(rng, 3),
            alpha: random(rng, 1)[0],
        }
    }

    /// The fold by Plonky3's verifier.
    fn fold_natively(&self, table: Toy, lookups: &[Lookup<Val>]) -> Challenge {
        let mut folder = VerifierConstraintFolderWithLookups::<Config> {
            inner: VerifierConstraintFolder {
                main: pair(&self.main),
                preprocessed: pair(&self.preprocessed),
                preprocessed_window: RowWindow::from_two_rows(
                    &self.preprocessed[0],
                    &self.preprocessed[1],
                ),
                periodic_values: &self.periodic,
                public_values: &self.public_values,
                is_first_row: self.selectors[0],
                is_last_row: self.selectors[1],
                is_transition: self.selectors[2],
                alpha: self.alpha,
                accumulator: Challenge::ZERO,
            },
            permutation: pair(&self.permutation),
            permutation_challenges: &self.lookup_challenges,
            permutation_values: &self.terminal,
        };
        LogUpGadget::new().eval_air_and_lookups(&table, &mut folder, lookups);
        folder.inner.accumulator
    }

    /// All values in the order of [`row_of`].
    fn flatten(&self) -> Vec<Challenge> {
        let public_values = self.public_values.iter().map(|&value| value.into());
        [&self.main, &self.preprocessed, &self.permutation]
            .into_iter()
            .flatten()
            .chain([&self.lookup_challenges, &self.terminal, &self.periodic, &self.selectors])
            .flatten()
            .copied()
            .chain(public_values)
            .chain([self.alpha])
            .collect()
    }
}

/// The fold in the circuit, of the values of [`Values::flatten`].
fn fold(
    builder: &mut Builder,
    constraints: &Constraints,
    layout: AirLayout,
    mut values: &[ChallengeTarget],
) -> ChallengeTarget {
    let mut take = |count| values.split_off(..count).unwrap();
    let main = [take(layout.main_width), take(layout.main_width)];
    let preprocessed = [take(layout.preprocessed_width), take(layout.preprocessed_width)];
    let permutation = [take(layout.permutation_width), take(layout.permutation_width)];
    let lookup_challenges = take(layout.num_permutation_challenges);
    let terminal = take(layout.num_permutation_values).first().copied();
    let periodic = take(layout.num_periodic_columns);
    let selectors = take(3);
    let public_values = take(layout.num_public_values);
    let alpha = take(1)[0];
    let selectors = Selectors {
        first_row: selectors[0],
        last_row: selectors[1],
        transition: selectors[2],
        inverse_vanishing: builder.one_extension(),
    };
    let row = Row {
        main,
        preprocessed,
        permutation,
        lookup_challenges,
        terminal,
        periodic,
        public_values,
        selectors: &selectors,
    };
    constraints.fold(builder, alpha, &row)
}

#[test]
fn fold_is_that_of_plonky3() {
    let mut rng = SmallRng::seed_from_u64(1);
    let tables = tables();
    let keys = Keys::new(TINY, &tables, &LOG_HEIGHTS).unwrap();
    for (table, lookups) in tables.into_iter().zip(&keys.common().lookups) {
        let preprocessed_width = BaseAir::<Val>::preprocessed_width(&table);
        let layout = layout(&table, preprocessed_width, lookups);
        let constraints = Constraints::new(&table, preprocessed_width, lookups);
        for _ in 0..3 {
            let values = Values::new(&mut rng, layout);
            let got = evaluate(&values.flatten(), |builder, targets| {
                fold(builder, &constraints, layout, targets)
            });
            assert_eq!(got, values.fold_natively(table, lookups), "{table:?}");
        }
    }
}
