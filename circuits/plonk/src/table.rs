//! The table of a circuit: rows are plonky2's rows.
//!
//! Main columns are the wires. Preprocessed columns are plonky2's selectors and constants, for each routed
//! wire the position of the next wire of its copy class, and the number of the row. A *position* is
//! `row + wire * 2^k` in a table of `2^k` rows: below `135 * 2^k`, far below p, so no two wires share one.
//!
//! Copies: each routed wire sends `(its position, its value)` and receives `(position of the next wire of its
//! class, its value)`. Positions are all different and the next wires are a permutation of all wires, so if
//! the multisets agree, each wire has the value of the next one of its class.
//!
//! # Soundness
//!
//! LogUp sums `2 * routed * 2^k` fractions over the extension: an error of at most twice that over `2^128`
//! times the proof of work before its challenges. Trust: one table a batch. Tables of one batch would share the
//! bus of copies, and with it positions.

use std::fmt;
use std::sync::Arc;

use cairn_gadgets::gates::Vars;
use cairn_gadgets::ring::Ring;
use cairn_stark::config::{Challenge, Config, Val};
use cairn_stark::native::{Table, Trace};
use p3_air::{Air, AirBuilder, BaseAir, DebugConstraintBuilder, WindowAccess};
use p3_batch_stark::folder::{
    ProverConstraintFolderWithLookups, VerifierConstraintFolderWithLookups,
};
use p3_field::{Algebra, PrimeCharacteristicRing};
use p3_lookup::{InteractionBuilder, InteractionSymbolicBuilder};

use crate::config::{MAX_DEGREE, NUM_PUBLIC_INPUTS, NUM_WIRES};
use crate::ring::{Arena, Direct};
use crate::selectors::SelectedGate;

/// The bus of copies.
const COPIES: &str = "copies";

/// What tables of one shape have in common: they differ in their preprocessed columns.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) gates: Vec<SelectedGate>,
    pub(crate) selectors: usize,
    pub(crate) constants: usize,
    pub(crate) routed_wires: usize,
    pub(crate) log_height: usize,
    /// The most constraints that a gate has.
    pub(crate) constraints: usize,
}

impl Shape {
    /// The first preprocessed column of the permutation.
    fn first_next(&self) -> usize {
        self.selectors + self.constants
    }

    /// The preprocessed column that numbers rows.
    pub(crate) fn row_number(&self) -> usize {
        self.first_next() + self.routed_wires
    }

    /// What must be zero in a row: for each index the sum over all gates of filter times constraint.
    fn constraints<R: Ring>(
        &self,
        ring: &mut R,
        preprocessed: &[R::Value],
        wires: &[R::Value],
        public_inputs: &[R::Value; NUM_PUBLIC_INPUTS],
    ) -> Vec<R::Value> {
        let (selectors, rest) = preprocessed.split_at(self.selectors);
        let vars = Vars { constants: &rest[..self.constants], wires, public_inputs };
        let mut sums: Vec<R::Value> = Vec::with_capacity(self.constraints);
        let mut constraints = Vec::with_capacity(self.constraints);
        for gate in &self.gates {
            gate.gate.constraints(ring, vars, &mut constraints);
            if constraints.is_empty() {
                continue;
            }
            let filter = gate.filter(ring, selectors);
            for (i, constraint) in constraints.drain(..).enumerate() {
                match sums.get_mut(i) {
                    Some(sum) => *sum = ring.mul_add(filter, constraint, *sum),
                    None => sums.push(ring.mul(filter, constraint)),
                }
            }
        }
        sums
    }
}

/// A circuit as a table. Cheap to clone.
#[derive(Clone)]
pub struct PlonkTable {
    shape: Arc<Shape>,
    preprocessed: Arc<Trace>,
}

impl fmt::Debug for PlonkTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlonkTable").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl PlonkTable {
    pub(crate) fn new(shape: Shape, preprocessed: Trace) -> Self {
        Self { shape: Arc::new(shape), preprocessed: Arc::new(preprocessed) }
    }

    /// Rows, in bits.
    pub fn log_height(&self) -> usize {
        self.shape.log_height
    }

    /// Columns that take part in the argument of copies.
    pub fn routed_wires(&self) -> usize {
        self.shape.routed_wires
    }

    #[cfg(test)]
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The selectors, constants, positions and row numbers.
    pub fn preprocessed(&self) -> &Trace {
        &self.preprocessed
    }

    /// Asserts the gates' constraints on values that compute at once.
    fn assert_direct<AB>(&self, builder: &mut AB)
    where
        AB: AirBuilder<F = Val>,
        AB::Expr: Copy,
    {
        let values = |row: &[AB::Var]| -> Vec<AB::Expr> { row.iter().map(|&v| v.into()).collect() };
        let preprocessed = values(builder.preprocessed().current_slice());
        let wires = values(builder.main().current_slice());
        let public = builder.public_values();
        let public_inputs = std::array::from_fn(|i| public[i].into());
        let ring = &mut Direct::<AB::Expr>::new();
        for constraint in self.shape.constraints(ring, &preprocessed, &wires, &public_inputs) {
            builder.assert_zero(constraint);
        }
    }

    /// Asserts the gates' constraints on symbolic expressions.
    fn assert_symbolic<AB>(&self, builder: &mut AB)
    where
        AB: AirBuilder<F = Val>,
        AB::Expr: Algebra<Val>,
    {
        let ring = &mut Arena::<AB::Expr>::new();
        let mut values = |row: &[AB::Var]| -> Vec<_> {
            row.iter().map(|&value| ring.push(value.into())).collect()
        };
        let preprocessed = values(builder.preprocessed().current_slice());
        let wires = values(builder.main().current_slice());
        let public = builder.public_values();
        let public_inputs = std::array::from_fn(|i| ring.push(public[i].into()));
        for constraint in self.shape.constraints(ring, &preprocessed, &wires, &public_inputs) {
            builder.assert_zero(ring.get(constraint));
        }
    }

    /// Sends and receives the copies. Only builders that record messages need to be told.
    fn push_copies<AB: InteractionBuilder<F = Val>>(&self, builder: &mut AB) {
        let Shape { routed_wires, log_height, .. } = *self.shape;
        let (main, preprocessed) = (builder.main(), builder.preprocessed().clone());
        let (main, preprocessed) = (main.current_slice(), preprocessed.current_slice());
        let row: AB::Expr = preprocessed[self.shape.row_number()].into();
        for wire in 0..routed_wires {
            let value: AB::Expr = main[wire].into();
            let next: AB::Expr = preprocessed[self.shape.first_next() + wire].into();
            let position = row.clone() + position(log_height, 0, wire);
            builder.push_interaction(COPIES, [position, value.clone()], 1);
            builder.push_interaction(COPIES, [next, value], -1);
        }
    }
}

/// The position of a wire.
pub(crate) fn position(log_height: usize, row: usize, wire: usize) -> Val {
    // At most 2^32 rows, the field's two-adicity, and 135 wires: below p.
    Val::from_u64(row as u64 + ((wire as u64) << log_height))
}

impl BaseAir<Val> for PlonkTable {
    fn width(&self) -> usize {
        NUM_WIRES
    }

    fn num_public_values(&self) -> usize {
        NUM_PUBLIC_INPUTS
    }

    fn preprocessed_width(&self) -> usize {
        self.shape.row_number() + 1
    }

    fn preprocessed_trace(&self) -> Option<Trace> {
        Some(self.preprocessed.as_ref().clone())
    }

    // No constraint reads a next row.
    fn main_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }

    fn preprocessed_next_row_columns(&self) -> Vec<usize> {
        vec![]
    }

    // Also of a circuit whose gates do not use it up: all circuits then have the same columns.
    fn max_constraint_degree(&self) -> Option<usize> {
        Some(MAX_DEGREE)
    }
}

impl Air<InteractionSymbolicBuilder<Val, Challenge>> for PlonkTable {
    fn eval(&self, builder: &mut InteractionSymbolicBuilder<Val, Challenge>) {
        self.assert_symbolic(builder);
        self.push_copies(builder);
    }
}

impl<'a> Air<ProverConstraintFolderWithLookups<'a, Config>> for PlonkTable {
    fn eval(&self, builder: &mut ProverConstraintFolderWithLookups<'a, Config>) {
        self.assert_direct(builder);
    }
}

impl<'a> Air<VerifierConstraintFolderWithLookups<'a, Config>> for PlonkTable {
    fn eval(&self, builder: &mut VerifierConstraintFolderWithLookups<'a, Config>) {
        self.assert_direct(builder);
    }
}

impl<'a> Air<DebugConstraintBuilder<'a, Val>> for PlonkTable {
    fn eval(&self, builder: &mut DebugConstraintBuilder<'a, Val>) {
        self.assert_direct(builder);
    }
}

impl<'a> Air<DebugConstraintBuilder<'a, Val, Challenge>> for PlonkTable {
    fn eval(&self, builder: &mut DebugConstraintBuilder<'a, Val, Challenge>) {
        self.assert_direct(builder);
    }
}

impl Table for PlonkTable {
    fn name(&self) -> &'static str {
        "plonk"
    }
}
