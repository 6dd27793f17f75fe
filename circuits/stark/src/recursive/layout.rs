//! What an opening argument looks like, known before any proof: the native side of [`super::fri`].

use p3_challenger::fs::{DomainSeparator, FieldUnit};
use p3_fri::{FriShape, PcsShape};

use super::mmcs::{MatrixShape, tree_height};
use crate::config::{Challenge, D, Parameters, Val};

/// A table in a commitment, before the code blows it up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableShape {
    /// Rows, in bits.
    pub log_height: usize,
    /// Columns, in base-field elements.
    pub width: usize,
    /// Points at which all columns are opened.
    pub points: usize,
}

/// The shape of an opening argument: commitments, tables in each, and how FRI folds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Layout {
    parameters: Parameters,
    tables: Vec<Vec<TableShape>>,
    matrices: Vec<Vec<MatrixShape>>,
    log_arities: Vec<usize>,
    log_max_height: usize,
}

impl Layout {
    /// The shape for these tables, by commitment.
    ///
    /// # Panics
    /// If a commitment has no table, or a table is lower than [`Parameters::min_log_height`].
    pub fn new(parameters: &Parameters, tables: &[Vec<TableShape>]) -> Self {
        let matrices: Vec<Vec<MatrixShape>> = tables
            .iter()
            .map(|tables| tables.iter().map(|table| committed(parameters, table)).collect())
            .collect();
        let log_heights: Vec<usize> =
            tables.iter().flatten().map(|table| table.log_height).collect();
        let log_max_height = matrices.iter().map(|m| tree_height(m)).max().expect("a commitment");
        let log_arities = parameters.fold_schedule(&log_heights);
        Self {
            parameters: *parameters,
            tables: tables.to_vec(),
            matrices,
            log_arities,
            log_max_height,
        }
    }

    /// The soundness parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The tables of each commitment.
    pub fn tables(&self) -> &[Vec<TableShape>] {
        &self.tables
    }

    /// The matrices that each commitment commits to: tables, blown up.
    pub fn matrices(&self) -> &[Vec<MatrixShape>] {
        &self.matrices
    }

    /// Bits of a query's index: the height of the highest matrix.
    pub fn log_max_height(&self) -> usize {
        self.log_max_height
    }

    /// How many values each fold takes to one, in bits.
    pub fn log_arities(&self) -> &[usize] {
        &self.log_arities
    }

    /// The matrix that each fold opens a row of: a row has all values that are folded to one.
    pub fn folded(&self) -> impl Iterator<Item = MatrixShape> {
        let mut log_height = self.log_max_height;
        self.log_arities.iter().map(move |&log_arity| {
            log_height -= log_arity;
            MatrixShape { log_height, width: D << log_arity }
        })
    }

    /// The seed of the opening argument's transcript, by p3's own code.
    pub(crate) fn openings_seed(&self) -> DomainSeparator<FieldUnit<Val>> {
        let counts = |table: &TableShape| vec![table.width; table.points];
        let shape = PcsShape {
            claimed_evaluation_counts: self
                .tables
                .iter()
                .map(|tables| tables.iter().map(counts).collect())
                .collect(),
            batch_pow_bits: self.parameters.batch_pow_bits,
        };
        shape.domain_separator::<Val, Challenge>()
    }

    /// The seed of FRI's transcript, by p3's own code.
    pub(crate) fn fri_seed(&self) -> DomainSeparator<FieldUnit<Val>> {
        let shape = FriShape::with_schedule(
            &self.parameters.fri(),
            self.log_arities.clone(),
            self.log_max_height,
        );
        shape.domain_separator::<Val, Challenge>()
    }
}

fn committed(parameters: &Parameters, table: &TableShape) -> MatrixShape {
    let least = parameters.min_log_height();
    assert!(table.log_height >= least, "expected 2^{least} rows or more, got {table:?}");
    MatrixShape { log_height: table.log_height + parameters.log_blowup, width: table.width }
}
