//! All tables of a chunk as one type, which a batch STARK asks for.

use std::borrow::Cow;

use cairn_primitives::F;
use cairn_stark::native::Table;
use p3_air::{Air, BaseAir};
use p3_lookup::InteractionBuilder;

use crate::compression::CompressionAir;
use crate::operation::OperationAir;
use crate::range::RangeAir;
use crate::signature::{FixedBaseAir, SignaturesAir, StepsAir};
use crate::sponge::SpongeAir;
use crate::tree::TreeAir;

/// A table of a chunk.
#[derive(Debug, Clone, Copy)]
pub enum LeafAir {
    /// One row an operation.
    Operations(OperationAir),
    /// One row a signature.
    Signatures(SignaturesAir),
    /// 64 rows a signature.
    Steps(StepsAir),
    /// One row a node of the account tree.
    Tree(TreeAir),
    /// One row a permutation of width 12.
    Sponge(SpongeAir),
    /// One row a compression of width 8.
    Compressions(CompressionAir),
    /// Sums of the generator's multiples.
    FixedBase(FixedBaseAir),
    /// Values below 2^16.
    Range(RangeAir),
}

/// Calls the same method of whichever table this is.
macro_rules! each {
    ($air:expr, $table:ident => $call:expr) => {
        match $air {
            LeafAir::Operations($table) => $call,
            LeafAir::Signatures($table) => $call,
            LeafAir::Steps($table) => $call,
            LeafAir::Tree($table) => $call,
            LeafAir::Sponge($table) => $call,
            LeafAir::Compressions($table) => $call,
            LeafAir::FixedBase($table) => $call,
            LeafAir::Range($table) => $call,
        }
    };
}

impl Table for LeafAir {
    fn name(&self) -> &'static str {
        match self {
            Self::Operations(_) => "operations",
            Self::Signatures(_) => "signatures",
            Self::Steps(_) => "steps",
            Self::Tree(_) => "tree",
            Self::Sponge(_) => "sponge",
            Self::Compressions(_) => "compressions",
            Self::FixedBase(_) => "fixed base",
            Self::Range(_) => "range",
        }
    }
}

impl BaseAir<F> for LeafAir {
    fn width(&self) -> usize {
        each!(self, table => table.width())
    }

    fn num_public_values(&self) -> usize {
        each!(self, table => BaseAir::<F>::num_public_values(table))
    }

    fn num_periodic_columns(&self) -> usize {
        each!(self, table => BaseAir::<F>::num_periodic_columns(table))
    }

    fn periodic_columns(&self) -> Cow<'_, [Vec<F>]> {
        each!(self, table => table.periodic_columns())
    }

    fn main_next_row_columns(&self) -> Vec<usize> {
        each!(self, table => BaseAir::<F>::main_next_row_columns(table))
    }

    fn max_constraint_degree(&self) -> Option<usize> {
        each!(self, table => BaseAir::<F>::max_constraint_degree(table))
    }
}

impl<AB: InteractionBuilder<F = F>> Air<AB> for LeafAir {
    fn eval(&self, builder: &mut AB) {
        each!(self, table => table.eval(builder));
    }
}
