//! Classes of chunks: the heights of all tables, and what fits them.
//!
//! A chunk is cut where a table is full, whichever that is: transfers among few accounts fill the
//! signatures, transfers all over a large tree the tree, deposits the compressions.

use std::collections::HashSet;

use cairn_primitives::schnorr::ROWS;
use cairn_state::{Fault, SlotWitness};
use cairn_types::{AccountId, Operation, PriorityOperation, Streams, TREE_DEPTH};
use p3_air::BaseAir;
use serde::Serialize;

use crate::air::LeafAir;
use crate::compression::CompressionAir;
use crate::operation::OperationAir;
use crate::range::{LIMB_BITS, RangeAir};
use crate::signature::{FIXED_BASE_ROWS, FixedBaseAir, SignaturesAir, StepsAir};
use crate::sponge::SpongeAir;
use crate::tree::TreeAir;

/// The heights of the tables whose rows depend on the operations, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Class {
    /// Name in reports.
    pub name: &'static str,
    /// Operations.
    pub operations: usize,
    /// Signatures; steps are 64 times as many.
    pub signatures: usize,
    /// Nodes of the account tree.
    pub tree: usize,
    /// Permutations of width 12.
    pub sponge: usize,
    /// Compressions of words.
    pub compressions: usize,
}

/// 256 operations anywhere in a tree of a million accounts.
pub const SMALL: Class =
    Class { name: "small", operations: 8, signatures: 8, tree: 13, sponge: 11, compressions: 9 };

/// 2,048 operations.
pub const MEDIUM: Class = Class {
    name: "medium",
    operations: 11,
    signatures: 11,
    tree: 16,
    sponge: 14,
    compressions: 12,
};

/// 8,192 operations among accounts that share paths, as where few of many are busy: half the tree of [`LARGE`].
pub const DENSE: Class = Class { name: "dense", tree: 16, ..LARGE };

/// 8,192 operations.
pub const LARGE: Class =
    Class { name: "large", operations: 13, signatures: 13, tree: 17, sponge: 16, compressions: 14 };

impl Class {
    /// The tables, in the order of the batch.
    pub fn airs(&self) -> Vec<LeafAir> {
        vec![
            LeafAir::Operations(OperationAir),
            LeafAir::Signatures(SignaturesAir),
            LeafAir::Steps(StepsAir),
            LeafAir::Tree(TreeAir),
            LeafAir::Sponge(SpongeAir),
            LeafAir::Compressions(CompressionAir),
            LeafAir::FixedBase(FixedBaseAir),
            LeafAir::Range(RangeAir),
        ]
    }

    /// The heights of [`Self::airs`], in bits.
    pub fn log_heights(&self) -> Vec<usize> {
        vec![
            self.operations,
            self.signatures,
            self.signatures + ROWS.ilog2() as usize,
            self.tree,
            self.sponge,
            self.compressions,
            self.fixed_base(),
            LIMB_BITS,
        ]
    }

    /// The height of the fixed base: that of the signatures, as every height more lengthens all Merkle paths.
    pub fn fixed_base(&self) -> usize {
        self.signatures.max(FIXED_BASE_ROWS.ilog2() as usize)
    }

    /// Rows of all tables, as far as they depend on the class.
    pub fn total_rows(&self) -> usize {
        self.log_heights().into_iter().map(|log_height| 1 << log_height).sum()
    }

    /// Cells of all tables, without those of the lookup argument.
    pub fn cells(&self) -> usize {
        let tables = self.airs().into_iter().zip(self.log_heights());
        tables.map(|(air, log_height)| air.width() << log_height).sum()
    }

    /// Rows that hold a Poseidon2 permutation; a node of the tree has two.
    pub fn permutations(&self) -> usize {
        (2 << self.tree) + (1 << self.sponge) + (1 << self.compressions)
    }

    /// Whether a chunk of these rows fits.
    pub fn holds(&self, rows: &Rows) -> bool {
        let Rows { operations, signatures, nodes, permutations, compressions } = *rows;
        operations <= 1 << self.operations
            && signatures <= 1 << self.signatures
            && nodes <= 1 << self.tree
            && permutations <= 1 << self.sponge
            && compressions <= 1 << self.compressions
    }
}

/// Permutations of a signed operation: three for its message, two for the challenge.
const SIGNED_PERMUTATIONS: usize = 5;

/// Rows of a forced transaction.
const FORCED_ROWS: usize = 2;

/// The rows that a chunk needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows {
    /// Operations; a forced transaction counts twice.
    pub operations: usize,
    /// Signed operations, and forced transactions whose signature is judged.
    pub signatures: usize,
    /// Nodes of the account tree that change or whose leaf is read, the root among them.
    pub nodes: usize,
    /// Permutations of width 12.
    pub permutations: usize,
    /// Words of all streams.
    pub compressions: usize,
}

/// Counts the rows of a chunk, operation by operation.
#[derive(Debug, Clone, Default)]
pub struct RowCounter {
    rows: Rows,
    nodes: HashSet<(usize, AccountId)>,
}

impl RowCounter {
    /// Rows with the operations so far.
    pub fn rows(&self) -> Rows {
        Rows { nodes: self.nodes.len().max(1), ..self.rows }
    }

    /// Adds an operation.
    pub fn push(&mut self, slot: &SlotWitness) {
        let leaves = slot.accesses().map(|access| access.id);
        self.count(&slot.operation, slot.fault, leaves, words(slot));
    }

    /// Adds an operation of which there is no witness: why it changes nothing, the leaves that it accesses, and the words
    /// that it appends to its streams.
    pub fn count(
        &mut self,
        operation: &Operation,
        fault: Option<Fault>,
        leaves: impl Iterator<Item = AccountId>,
        words: usize,
    ) {
        let (rows, signed) = match operation {
            Operation::Signed(_) => (1, true),
            // Judged if nothing else is wrong.
            Operation::Priority(PriorityOperation::Forced(_)) => {
                (FORCED_ROWS, matches!(fault, None | Some(Fault::Signature)))
            }
            Operation::Priority(_) => (1, false),
        };
        self.rows.operations += rows;
        if signed {
            self.rows.signatures += 1;
            self.rows.permutations += SIGNED_PERMUTATIONS;
        }
        self.rows.compressions += words;
        for id in leaves {
            // Up to the first node that is there already: so are all above.
            for level in 0..=TREE_DEPTH {
                let index = id.checked_shr(level as u32).unwrap_or(0);
                if !self.nodes.insert((level, index)) {
                    break;
                }
            }
        }
    }
}

/// Words that an operation appends to its streams.
fn words(slot: &SlotWitness) -> usize {
    let [before, after] = [slot.before, slot.after].map(|running| {
        let Streams { data, priority, withdrawal } = running.streams;
        [data, priority, withdrawal].iter().map(|stream| stream.count as usize).sum::<usize>()
    });
    after - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_ascend() {
        for (smaller, larger) in [(SMALL, MEDIUM), (MEDIUM, DENSE), (DENSE, LARGE)] {
            let pairs = smaller.log_heights().into_iter().zip(larger.log_heights());
            assert!(pairs.into_iter().all(|(smaller, larger)| smaller <= larger));
        }
    }

    #[test]
    fn an_empty_chunk_has_the_root() {
        assert_eq!(RowCounter::default().rows(), Rows { nodes: 1, ..Rows::default() });
        assert!(SMALL.holds(&Rows::default()));
    }
}
