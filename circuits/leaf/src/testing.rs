//! A checker for traces: which constraints are violated, what the buses carry, and which cells
//! nothing binds.

use std::collections::BTreeMap;

use cairn_primitives::F;
use p3_air::symbolic::AirLayout;
use p3_air::{Air, AirBuilder, RowWindow};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_lookup::{Count, InteractionBuilder, InteractionSymbolicBuilder};
use p3_matrix::Matrix;
use p3_matrix::dense::RowMajorMatrix;

/// Net multiplicity of each message, by bus and fields. Messages that balance are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Messages(BTreeMap<(String, Vec<u64>), F>);

impl Messages {
    fn add(&mut self, message: (String, Vec<u64>), count: F) {
        let total = self.0.entry(message).or_default();
        *total += count;
    }

    /// A message sent, or a question asked, once.
    pub(crate) fn one(bus: &str, fields: &[F]) -> Self {
        let fields = fields.iter().map(F::as_canonical_u64).collect();
        Self(BTreeMap::from([((bus.to_string(), fields), F::ONE)]))
    }

    /// Heard instead of said.
    pub(crate) fn negated(mut self) -> Self {
        self.0.values_mut().for_each(|count| *count = -*count);
        self
    }

    /// Messages of both.
    pub(crate) fn with(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|(message, count)| self.add(message, count));
        self.balanced()
    }

    /// Whether the bus carries a message that is no entry.
    pub(crate) fn outside(&self, bus: &str, is_entry: impl Fn(&[u64]) -> bool) -> bool {
        self.0.keys().any(|(name, fields)| name == bus && !is_entry(fields))
    }

    /// Bus, fields and net multiplicity.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u64], F)> {
        self.0.iter().map(|((bus, fields), &count)| (bus.as_str(), fields.as_slice(), count))
    }

    /// Panics unless nothing is left over.
    pub(crate) fn assert_balance(&self) {
        assert!(
            self.0.is_empty(),
            "{} messages left, first {:?}",
            self.0.len(),
            self.0.iter().next()
        );
    }

    fn balanced(mut self) -> Self {
        self.0.retain(|_, count| *count != F::ZERO);
        self
    }
}

/// Size of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) columns: usize,
    pub(crate) constraints: usize,
    /// Largest degree of a constraint, lookups apart.
    pub(crate) degree: usize,
    /// Messages a row.
    pub(crate) messages: usize,
}

impl Shape {
    pub(crate) fn of<A: Air<InteractionSymbolicBuilder<F>>>(air: &A) -> Self {
        let builder = InteractionSymbolicBuilder::from_air(air, AirLayout::from_air(air));
        let constraints = builder.base_constraints();
        Self {
            columns: air.width(),
            constraints: constraints.len(),
            degree: constraints.iter().map(|c| c.degree_multiple()).max().unwrap_or(0),
            messages: builder.global_interactions().len(),
        }
    }
}

/// A table with its trace and public values.
#[derive(Debug, Clone)]
pub(crate) struct Table<A> {
    air: A,
    pub(crate) trace: RowMajorMatrix<F>,
    pub(crate) public: Vec<F>,
}

impl<A: for<'a> Air<Row<'a>>> Table<A> {
    pub(crate) fn new(air: A, trace: RowMajorMatrix<F>, public: Vec<F>) -> Self {
        assert_eq!(trace.width(), air.width(), "columns");
        assert_eq!(public.len(), air.num_public_values(), "public values");
        assert_eq!(air.preprocessed_width(), 0, "preprocessed columns");
        Self { air, trace, public }
    }

    pub(crate) fn air(&self) -> &A {
        &self.air
    }

    /// Violated constraints, as row and number of the constraint.
    pub(crate) fn violations(&self) -> Vec<(usize, usize)> {
        let rows = 0..self.trace.height();
        rows.flat_map(|row| self.row(row).violations.into_iter().map(move |c| (row, c))).collect()
    }

    /// What all rows say.
    pub(crate) fn messages(&self) -> Messages {
        let rows = 0..self.trace.height();
        let mut messages = Messages::default();
        rows.flat_map(|row| self.row(row).messages).for_each(|(m, count)| messages.add(m, count));
        messages.balanced()
    }

    /// Panics unless all constraints hold.
    pub(crate) fn assert_valid(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "violated (row, constraint): {violations:?}");
    }

    /// Columns that a prover can change in this row, alone, with no constraint violated and every
    /// row saying the same.
    pub(crate) fn free_columns(&mut self, row: usize) -> Vec<usize> {
        let width = self.trace.width();
        let honest = self.around(row).expect("a valid trace");
        let mut free = Vec::new();
        for column in 0..width {
            let value = self.trace.values[row * width + column];
            let random = F::new(0x1234_5678_9abc_def0 ^ value.as_canonical_u64());
            for other in [F::ZERO, F::ONE, value + F::ONE, value - F::ONE, random] {
                self.trace.values[row * width + column] = other;
                if other != value && self.around(row).as_ref() == Some(&honest) {
                    free.push(column);
                    break;
                }
            }
            self.trace.values[row * width + column] = value;
        }
        free
    }

    /// What a row and the one before say, if no constraint is violated there.
    fn around(&self, row: usize) -> Option<Messages> {
        let height = self.trace.height();
        let mut messages = Messages::default();
        for row in [(row + height - 1) % height, row] {
            let row = self.row(row);
            if !row.violations.is_empty() {
                return None;
            }
            row.messages.into_iter().for_each(|(message, count)| messages.add(message, count));
        }
        Some(messages.balanced())
    }

    fn row(&self, index: usize) -> Row<'_> {
        let height = self.trace.height();
        let mut row = Row {
            main: window(&self.trace, index),
            preprocessed: RowWindow::from_two_rows(&[], &[]),
            periodic: self.air.periodic_values(index),
            public: &self.public,
            index,
            height,
            constraints: 0,
            violations: Vec::new(),
            messages: Vec::new(),
        };
        self.air.eval(&mut row);
        row
    }
}

fn window(matrix: &RowMajorMatrix<F>, index: usize) -> RowWindow<'_, F> {
    let row = |index: usize| &matrix.values[index * matrix.width..][..matrix.width];
    RowWindow::from_two_rows(row(index), row((index + 1) % matrix.height()))
}

/// The builder that evaluates an AIR on one row and writes down what it finds.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    main: RowWindow<'a, F>,
    preprocessed: RowWindow<'a, F>,
    periodic: Vec<F>,
    public: &'a [F],
    index: usize,
    height: usize,
    constraints: usize,
    violations: Vec<usize>,
    messages: Vec<((String, Vec<u64>), F)>,
}

impl<'a> AirBuilder for Row<'a> {
    type F = F;
    type Expr = F;
    type Var = F;
    type PreprocessedWindow = RowWindow<'a, F>;
    type MainWindow = RowWindow<'a, F>;
    type PublicVar = F;
    type PeriodicVar = F;

    fn main(&self) -> Self::MainWindow {
        self.main
    }

    fn preprocessed(&self) -> &Self::PreprocessedWindow {
        &self.preprocessed
    }

    fn is_first_row(&self) -> F {
        F::from_bool(self.index == 0)
    }

    fn is_last_row(&self) -> F {
        F::from_bool(self.index + 1 == self.height)
    }

    fn is_transition(&self) -> F {
        F::from_bool(self.index + 1 != self.height)
    }

    fn assert_zero<I: Into<F>>(&mut self, x: I) {
        if x.into() != F::ZERO {
            self.violations.push(self.constraints);
        }
        self.constraints += 1;
    }

    fn public_values(&self) -> &[F] {
        self.public
    }

    fn periodic_values(&self) -> &[F] {
        &self.periodic
    }
}

impl InteractionBuilder for Row<'_> {
    fn push_interaction<E: Into<F>>(
        &mut self,
        bus_name: &str,
        fields: impl IntoIterator<Item = E>,
        count: impl Into<Count<F>>,
    ) {
        let fields = fields.into_iter().map(|field| field.into().as_canonical_u64()).collect();
        let (count, _) = count.into().into_parts();
        self.messages.push(((bus_name.to_string(), fields), count));
    }

    fn push_local_interaction(&mut self, tuples: impl IntoIterator<Item = (Vec<F>, Count<F>)>) {
        let name = format!("local {}", self.constraints);
        tuples.into_iter().for_each(|(fields, count)| self.push_interaction(&name, fields, count));
    }

    fn push_exclusive_interaction(
        &mut self,
        bus_name: &str,
        branches: impl IntoIterator<Item = (F, Count<F>, Vec<F>)>,
    ) {
        for (flag, count, fields) in branches {
            let (count, weight) = count.into_parts();
            self.push_interaction(bus_name, fields, Count::bounded(flag * count, weight));
        }
    }
}
