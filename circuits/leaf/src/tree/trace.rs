//! How rows are filled.

use std::borrow::BorrowMut;

use cairn_primitives::F;
use cairn_state::{Node, OpeningError, PartialTree};
use cairn_types::{Account, AccountId, Digest, TREE_DEPTH};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use rayon::prelude::*;
use thiserror::Error;

use super::columns::{AFTER, BEFORE, TreeColumns};
use crate::poseidon2::PERMUTATION_8;
use crate::table::{TooManyRows, zeros};

/// A read or write of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Which leaf.
    pub id: AccountId,
    /// The time of the message on [`MEMORY`](crate::bus::MEMORY) that it sends.
    pub time: u64,
    /// The leaf after.
    pub after: Account,
}

/// The filled table and its public values.
#[derive(Debug)]
pub struct TreeTrace {
    /// The rows.
    pub rows: RowMajorMatrix<F>,
    /// The root before.
    pub before: Digest,
    /// The root after.
    pub after: Digest,
}

/// Why the table cannot be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TreeTraceError {
    /// More nodes than rows.
    #[error(transparent)]
    TooManyRows(#[from] TooManyRows),
    /// An access to a leaf that the tree does not hold.
    #[error(transparent)]
    Opening(#[from] OpeningError),
}

/// What a row is filled from.
pub(super) struct Row<'a> {
    level: usize,
    before: &'a Node,
    after: &'a Node,
    last_time: u64,
}

/// Fills a table of `height` rows from a chunk's accesses in order; `tree` is the state before it,
/// opened at all leaves that are accessed.
///
/// # Errors
/// [`TreeTraceError`].
pub fn trace(
    mut tree: PartialTree,
    accesses: &[Access],
    height: usize,
) -> Result<TreeTrace, TreeTraceError> {
    let before = tree.root();
    let mut written = tree.clone();
    let mut times = vec![0; tree.levels()[0].len()];
    for access in accesses {
        times[tree.position(access.id)?] = access.time;
        written.set(access.id, access.after)?;
    }
    let after = written.root();
    let rows = fill(&rows(tree.levels(), written.levels(), &times), height)?;
    Ok(TreeTrace { rows, before, after })
}

/// Fills a table; the last row is the root.
pub(super) fn fill(rows: &[Row<'_>], height: usize) -> Result<RowMajorMatrix<F>, TooManyRows> {
    let mut trace = zeros("tree", TreeColumns::WIDTH, height, rows.len())?;
    if let Some((root, others)) = rows.split_last() {
        // Padding goes before the root.
        let (cells, last) = trace.values.split_at_mut((height - 1) * TreeColumns::WIDTH);
        let cells = cells.par_chunks_exact_mut(TreeColumns::WIDTH);
        cells.zip(others).for_each(|(cells, row)| row.fill(cells));
        root.fill(last);
    }
    PERMUTATION_8.fill(&mut trace, &[BEFORE, AFTER]);
    Ok(trace)
}

/// All rows but padding, from the leaves to the root.
pub(super) fn rows<'a>(
    before: &'a [Vec<Node>],
    after: &'a [Vec<Node>],
    times: &[u64],
) -> Vec<Row<'a>> {
    let levels = before.iter().zip(after).enumerate();
    let rows = levels.flat_map(|(level, (before, after))| {
        before.iter().zip(after).map(move |(before, after)| (level, before, after))
    });
    // Leaves come first.
    let times = times.iter().copied().chain(std::iter::repeat(0));
    rows.zip(times)
        .map(|((level, before, after), last_time)| Row { level, before, after, last_time })
        .collect()
}

impl Row<'_> {
    /// Fills a row of zeros, but for the permutations.
    fn fill(&self, cells: &mut [F]) {
        let row: &mut TreeColumns<F> = cells.borrow_mut();
        row.is_leaf = F::from_bool(self.level == 0);
        row.is_node = F::from_bool(self.level > 0);
        row.is_root = F::from_bool(self.level == TREE_DEPTH);
        row.touched = self.before.on_path.map(F::from_bool);
        row.level = F::from_usize(self.level);
        row.index = F::from_u32(self.before.index);
        row.last_time = F::new(self.last_time);
        for (block, node) in [(&mut row.before, self.before), (&mut row.after, self.after)] {
            for (input, digest) in block.inputs.chunks_exact_mut(4).zip(&node.inputs) {
                input.copy_from_slice(&digest.0);
            }
        }
    }
}
