//! The shape of a batch proof: what the circuit takes as constant.

use p3_air::symbolic::AirLayout;
use p3_batch_stark::symbolic::get_log_num_quotient_chunks_for_domain;
use p3_batch_stark::{BatchShape, StarkGenericConfig};
use p3_commit::{PeriodicColumnShapeError, PeriodicColumns, UnivariateStarkPcs};
use p3_field::PrimeCharacteristicRing;
use p3_field::coset::TwoAdicMultiplicativeCoset;
use p3_lookup::{LogUpGadget, LookupError, check_multiplicity_height_bound};
use p3_uni_stark::{InvalidProofShapeError, validate_degree_bits};
use thiserror::Error;

use crate::config::{Challenge, Challenger, Val};
use crate::native::{Keys, Table};

/// Why no circuit verifies proofs of these tables: no proof of them is valid either.
#[derive(Debug, Error)]
pub enum ShapeError {
    /// The keys are for another number of tables.
    #[error("expected {expected} tables, got {got}")]
    Tables {
        /// By the keys.
        expected: usize,
        /// By the caller.
        got: usize,
    },
    /// A table's height is out of the commitment scheme's range.
    #[error(transparent)]
    Height(#[from] InvalidProofShapeError),
    /// Multiplicities of lookups could wrap around the field.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A periodic column does not tile its table.
    #[error("{table}: {error}")]
    Periodic {
        /// Name of the table.
        table: &'static str,
        /// The column and its length.
        error: PeriodicColumnShapeError,
    },
    /// A table binds public values to cells, which `p3-batch-stark` does not support.
    #[error("{0}: public values are bound to cells")]
    BoundaryPublic(&'static str),
}

/// The shape of one table's part of a proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TableShape {
    /// Rows, in bits.
    pub(crate) log_height: usize,
    /// Columns of the main trace.
    pub(crate) width: usize,
    /// Whether the next row of the main trace is opened.
    pub(crate) opens_next: bool,
    /// Columns of the preprocessed trace.
    pub(crate) preprocessed_width: usize,
    /// Whether the next row of the preprocessed trace is opened.
    pub(crate) opens_preprocessed_next: bool,
    /// Lookups after packing, each with a column of fractions.
    pub(crate) lookups: usize,
    /// Polynomials, of the table's height, that the quotient is split into.
    pub(crate) quotient_chunks: usize,
    /// Public values.
    pub(crate) public_values: usize,
}

impl TableShape {
    /// Base columns of the permutation trace: accumulator and fractions are extension elements.
    pub(crate) fn permutation_width(&self) -> usize {
        if self.lookups == 0 { 0 } else { 2 * (self.lookups + 1) }
    }
}

/// The shape of a batch's tables, after the checks of `verify_batch` that depend on nothing else.
pub(crate) fn table_shapes<A: Table>(
    keys: &Keys,
    airs: &[A],
) -> Result<Vec<TableShape>, ShapeError> {
    let log_heights = keys.log_heights();
    let lookups = &keys.common().lookups;
    if airs.len() != log_heights.len() {
        return Err(ShapeError::Tables { expected: log_heights.len(), got: airs.len() });
    }
    let heights: Vec<_> = log_heights.iter().map(|log_height| 1 << log_height).collect();
    check_multiplicity_height_bound(lookups, &heights)?;
    (0..airs.len()).map(|index| table_shape(keys, index, &airs[index])).collect()
}

fn table_shape<A: Table>(keys: &Keys, index: usize, air: &A) -> Result<TableShape, ShapeError> {
    let log_height = keys.log_heights()[index];
    let lookups = &keys.common().lookups[index];
    let pcs = keys.config().pcs();
    let minimum = UnivariateStarkPcs::<Challenge, Challenger>::log_min_trace_height(pcs);
    let maximum = UnivariateStarkPcs::<Challenge, Challenger>::log_max_trace_height(pcs);
    validate_degree_bits(Some(index), log_height, 0, minimum, maximum)?;
    PeriodicColumns::new(&air.periodic_columns(), 1 << log_height)
        .map_err(|error| ShapeError::Periodic { table: air.name(), error })?;
    if !air.public_boundary_io().is_empty() {
        return Err(ShapeError::BoundaryPublic(air.name()));
    }
    let preprocessed = keys.common().preprocessed.as_ref();
    let preprocessed_width = preprocessed
        .and_then(|preprocessed| preprocessed.instances[index].as_ref())
        .map_or(0, |instance| instance.width);
    let layout = AirLayout { preprocessed_width, ..AirLayout::from_air(air) };
    let domain =
        TwoAdicMultiplicativeCoset::new(Val::ONE, log_height).expect("the height was just checked");
    let gadget = LogUpGadget::new();
    let log_chunks = get_log_num_quotient_chunks_for_domain::<Val, Challenge, A, _>(
        air, layout, domain, lookups, 0, &gadget,
    );
    Ok(TableShape {
        log_height,
        width: air.width(),
        opens_next: !air.main_next_row_columns().is_empty(),
        preprocessed_width,
        opens_preprocessed_next: preprocessed_width > 0
            && !air.preprocessed_next_row_columns().is_empty(),
        lookups: lookups.len(),
        quotient_chunks: 1 << log_chunks,
        public_values: air.num_public_values(),
    })
}

/// What `p3-batch-stark` seeds the transcript of these tables with.
pub(crate) fn transcript_shape(keys: &Keys, tables: &[TableShape]) -> BatchShape {
    BatchShape {
        trace_widths: tables.iter().map(|table| table.width).collect(),
        public_value_counts: tables.iter().map(|table| table.public_values).collect(),
        preprocessed_widths: tables.iter().map(|table| table.preprocessed_width).collect(),
        has_preprocessed_commitment: keys.common().preprocessed.is_some(),
        num_lookup_instances: tables.iter().filter(|table| table.lookups > 0).count(),
        lookup_pow_bits: keys.config().lookup_proof_of_work_bits(),
        has_randomization_commitment: false,
        ood_pow_bits: keys.config().ood_proof_of_work_bits(),
    }
}
