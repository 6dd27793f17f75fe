//! Merkle openings: twin of p3's `MerkleTreeMmcs::verify_batch`.
//!
//! One tree commits to matrices of several heights. The rows of all matrices of one height are hashed as one
//! stream: the highest as leaves, the others into the node above which the tree is as high as they are.
//! Plonky3 opens all queries with one pruned proof; here each query has its own path.

use cairn_gadgets::poseidon2::{Poseidon2Hash, SpongeState};
use plonky2::hash::hash_types::{HashOutTarget, MerkleCapTarget, NUM_HASH_OUT_ELTS};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::config::AlgebraicHasher;

use super::extension::Builder;
use crate::config::{DIGEST, WIDTH};

const _: () = assert!(DIGEST == NUM_HASH_OUT_ELTS);

/// A committed matrix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MatrixShape {
    /// Rows, in bits.
    pub log_height: usize,
    /// Columns, in base-field elements.
    pub width: usize,
}

/// The height of the highest of these matrices, in bits: that of their tree.
///
/// # Panics
/// If there is none.
pub fn tree_height(matrices: &[MatrixShape]) -> usize {
    matrices.iter().map(|matrix| matrix.log_height).max().expect("a commitment has a matrix")
}

/// One query's rows, one of each matrix, and the path from leaf to cap.
#[derive(Clone, Debug)]
pub struct OpeningTarget {
    /// A row of each matrix.
    pub rows: Vec<Vec<Target>>,
    /// Siblings, from the leaf upwards.
    pub siblings: Vec<HashOutTarget>,
}

impl OpeningTarget {
    /// Unconstrained targets for an opening of these matrices.
    pub fn new(builder: &mut Builder, matrices: &[MatrixShape], cap_height: usize) -> Self {
        let rows = matrices.iter().map(|m| builder.add_virtual_targets(m.width)).collect();
        let levels = tree_height(matrices).saturating_sub(cap_height);
        Self { rows, siblings: builder.add_virtual_hashes(levels) }
    }

    /// Asserts that the rows are those that `cap` commits to at the index of these bits, the least
    /// significant first. For matrices lower than the tree the low bits of the index are dropped.
    ///
    /// `cap_index` must be the number that the highest bits stand for, as many as the cap is high.
    ///
    /// A row for each 8 elements and each sibling, one for each height but the first, one for the cap.
    ///
    /// # Panics
    /// If the lengths do not match, or a matrix is lower than the cap: the cap would not bind it.
    pub fn verify(
        &self,
        builder: &mut Builder,
        cap: &MerkleCapTarget,
        matrices: &[MatrixShape],
        index: &[BoolTarget],
        cap_index: Target,
    ) {
        let height = tree_height(matrices);
        let cap_height = height - self.siblings.len();
        assert_eq!(index.len(), height, "one bit for each level");
        assert_eq!(cap.0.len(), 1 << cap_height, "one digest for each subtree under the cap");
        assert_eq!(self.rows.len(), matrices.len(), "one row of each matrix");
        for (row, matrix) in self.rows.iter().zip(matrices) {
            assert_eq!(row.len(), matrix.width, "rows have the matrix's width");
            assert!(matrix.log_height >= cap_height, "a matrix is lower than the cap");
        }

        let mut node = self.hash_rows(builder, matrices, height).expect("the highest has rows");
        for (level, &sibling) in self.siblings.iter().enumerate() {
            node = compress(builder, node, sibling, index[level]);
            if let Some(rows) = self.hash_rows(builder, matrices, height - level - 1) {
                let left = builder._false();
                node = compress(builder, node, rows, left);
            }
        }
        let root = builder.random_access_hash(cap_index, cap.0.clone());
        builder.connect_hashes(node, root);
    }

    /// The hash of the rows of all matrices of this height, in order, if there are any.
    fn hash_rows(
        &self,
        builder: &mut Builder,
        matrices: &[MatrixShape],
        log_height: usize,
    ) -> Option<HashOutTarget> {
        let rows = self.rows.iter().zip(matrices);
        let stream: Vec<Target> = rows
            .filter(|(_, matrix)| matrix.log_height == log_height)
            .flat_map(|(row, _)| row.iter().copied())
            .collect();
        let any = matrices.iter().any(|matrix| matrix.log_height == log_height);
        any.then(|| builder.hash_n_to_hash_no_pad::<Poseidon2Hash>(stream))
    }
}

/// The parent of `node` and `sibling`, where `is_right` tells on which side `node` is.
fn compress(
    builder: &mut Builder,
    node: HashOutTarget,
    sibling: HashOutTarget,
    is_right: BoolTarget,
) -> HashOutTarget {
    let mut state = [builder.zero(); WIDTH];
    state[..DIGEST].copy_from_slice(&node.elements);
    state[DIGEST..2 * DIGEST].copy_from_slice(&sibling.elements);
    let parent = Poseidon2Hash::permute_swapped(SpongeState(state), is_right, builder);
    HashOutTarget::from_vec(parent.0[..DIGEST].to_vec())
}
