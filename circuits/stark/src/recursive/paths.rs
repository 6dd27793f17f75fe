//! Full Merkle paths from a pruned multi-opening: the native side of [`super::mmcs`].

use std::collections::BTreeMap;

use p3_symmetric::{CryptographicHasher, PseudoCompressionFunction};

use super::mmcs::{MatrixShape, tree_height};
use crate::config::{Compression, DIGEST, LeafHash, Val, permutation12};

/// A Merkle node.
pub type Digest = [Val; DIGEST];

/// The siblings of each query's path, from the leaf to the cap; none if there are too few or too many
/// digests. The paths need not lead to the committed root: that is checked in the circuit.
///
/// A pruned proof has one digest for each node beside a path that no query lies under, level by level
/// from the leaves, from left to right. All others follow from the opened rows.
///
/// # Panics
/// If there is not a row of each matrix for each index.
pub fn full_paths(
    matrices: &[MatrixShape],
    cap_height: usize,
    indices: &[usize],
    rows: &[Vec<Vec<Val>>],
    pruned: &[Digest],
) -> Option<Vec<Vec<Digest>>> {
    let compression = Compression::new(permutation12());
    let height = tree_height(matrices);
    let mut pruned = pruned.iter().copied();
    let mut paths = vec![vec![]; indices.len()];
    // The nodes of a level that some query lies under, with such a query.
    let mut nodes: BTreeMap<usize, (usize, Digest)> = BTreeMap::new();
    for (query, &index) in indices.iter().enumerate() {
        let leaf = hash_rows(matrices, &rows[query], height)?;
        nodes.insert(index, (query, leaf));
    }
    for level in 0..height.saturating_sub(cap_height) {
        let mut digests: BTreeMap<usize, Digest> = BTreeMap::new();
        let mut parents = BTreeMap::new();
        for (&index, &(query, _)) in &nodes {
            let (parent, left) = (index / 2, index & !1);
            if parents.contains_key(&parent) {
                continue;
            }
            let mut children = [Digest::default(); 2];
            for (side, child) in children.iter_mut().enumerate() {
                *child = match nodes.get(&(left + side)) {
                    Some(&(_, digest)) => digest,
                    None => pruned.next()?,
                };
                digests.insert(left + side, *child);
            }
            let mut node = compression.compress(children);
            if let Some(rows) = hash_rows(matrices, &rows[query], height - level - 1) {
                node = compression.compress([node, rows]);
            }
            parents.insert(parent, (query, node));
        }
        for (path, index) in paths.iter_mut().zip(indices) {
            path.push(digests[&((index >> level) ^ 1)]);
        }
        nodes = parents;
    }
    pruned.next().is_none().then_some(paths)
}

fn hash_rows(matrices: &[MatrixShape], rows: &[Vec<Val>], log_height: usize) -> Option<Digest> {
    let mut of_height =
        matrices.iter().zip(rows).filter(|(matrix, _)| matrix.log_height == log_height).peekable();
    of_height.peek()?;
    let hash = LeafHash::new(permutation12());
    Some(hash.hash_iter(of_height.flat_map(|(_, row)| row.iter().copied())))
}

#[cfg(test)]
mod tests {
    use p3_commit::Mmcs;
    use p3_matrix::dense::RowMajorMatrix;
    use plonky2::hash::hash_types::MerkleCapTarget;
    use plonky2::iop::target::BoolTarget;
    use plonky2::iop::witness::WitnessWrite;
    use proptest::prelude::*;

    use cairn_gadgets::field::to_plonky2;

    use super::*;
    use crate::config::{Parameters, RATE_HALF};
    use crate::recursive::extension::{to_plonky2_cap, to_plonky2_digest};
    use crate::recursive::mmcs::OpeningTarget;
    use crate::recursive::testing::{Circuit, accepts};

    /// A committed batch and its opening at some indices.
    struct Opened {
        shapes: Vec<MatrixShape>,
        cap_height: usize,
        cap: <crate::config::ValMmcs as Mmcs<Val>>::Commitment,
        indices: Vec<usize>,
        rows: Vec<Vec<Vec<Val>>>,
        paths: Vec<Vec<Digest>>,
    }

    fn open(shapes: &[(usize, usize)], cap_height: usize, indices: &[usize]) -> Opened {
        let shapes: Vec<MatrixShape> =
            shapes.iter().map(|&(log_height, width)| MatrixShape { log_height, width }).collect();
        let matrices = shapes.iter().enumerate().map(|(i, shape)| {
            let values = 0..(shape.width as u64) << shape.log_height;
            let values = values.map(|j| Val::new(j * j + 1000 * i as u64 + 1)).collect();
            RowMajorMatrix::new(values, shape.width)
        });
        let mmcs = Parameters { cap_height, ..RATE_HALF }.mmcs();
        let (cap, data) = mmcs.commit(matrices.collect());
        let (rows, pruned) = mmcs.open_multi_batch(indices, &data);
        let paths =
            full_paths(&shapes, cap_height, indices, &rows, &pruned.sibling_hashes).unwrap();
        for (&index, path) in indices.iter().zip(&paths) {
            assert_eq!(*path, mmcs.open_batch(index, &data).opening_proof);
        }
        let [fewer, mut more] = [0, 1].map(|_| pruned.sibling_hashes.clone());
        more.push(Digest::default());
        assert_eq!(full_paths(&shapes, cap_height, indices, &rows, &more), None);
        if let Some((_, fewer)) = fewer.split_last() {
            assert_eq!(full_paths(&shapes, cap_height, indices, &rows, fewer), None);
        }
        Opened { shapes, cap_height, cap, indices: indices.to_vec(), rows, paths }
    }

    impl Opened {
        /// A circuit that verifies the first query's opening.
        fn circuit(&self) -> Circuit {
            let mut circuit = Circuit::default();
            let height = tree_height(&self.shapes);
            let opening = OpeningTarget::new(&mut circuit.builder, &self.shapes, self.cap_height);
            let cap_height = self.cap_height.min(height);
            let cap = MerkleCapTarget(circuit.builder.add_virtual_hashes(1 << cap_height));
            circuit.witness.set_cap_target(&cap, &to_plonky2_cap(&self.cap)).unwrap();
            for (target, &digest) in opening.siblings.iter().zip(&self.paths[0]) {
                circuit.witness.set_hash_target(*target, to_plonky2_digest(digest)).unwrap();
            }
            for (targets, row) in opening.rows.iter().zip(&self.rows[0]) {
                for (&target, &value) in targets.iter().zip(row) {
                    circuit.witness.set_target(target, to_plonky2(value)).unwrap();
                }
            }
            let index = circuit.input(to_plonky2(Val::new(self.indices[0] as u64)));
            let bits: Vec<BoolTarget> = circuit.builder.split_le(index, height);
            let cap_index = circuit.builder.le_sum(bits[height - cap_height..].iter());
            opening.verify(&mut circuit.builder, &cap, &self.shapes, &bits, cap_index);
            circuit
        }
    }

    #[test]
    fn openings_of_several_heights() {
        let mixed = [(3, 5), (5, 9), (2, 1), (5, 3), (3, 17)];
        for (shapes, cap_height, indices) in [
            (&mixed[..], 0, &[19, 18, 19, 3][..]),
            (&mixed[..], 2, &[31, 0][..]),
            (&[(3, 8)][..], 3, &[5][..]),
            (&[(2, 2)][..], 4, &[1, 2][..]),
        ] {
            let mut opened = open(shapes, cap_height, indices);
            assert!(accepts(opened.circuit()), "{shapes:?}");

            opened.indices[0] ^= 1;
            assert!(!accepts(opened.circuit()), "lowest bit of the index");
            opened.indices[0] ^= 1 | 1 << (tree_height(&opened.shapes) - 1);
            assert!(!accepts(opened.circuit()), "highest bit of the index");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn other_rows_and_siblings_are_rejected(row in 0_usize..5, level in 0_usize..3) {
            let mut opened = open(&[(3, 5), (5, 9), (2, 1), (5, 3), (3, 17)], 2, &[21]);
            opened.rows[0][row][0] += Val::new(1);
            prop_assert!(!accepts(opened.circuit()));
            opened.rows[0][row][0] -= Val::new(1);
            opened.paths[0][level][3] += Val::new(1);
            prop_assert!(!accepts(opened.circuit()));
        }
    }

    #[test]
    #[should_panic(expected = "lower than the cap")]
    fn matrix_above_the_cap_is_refused() {
        open(&[(3, 1), (1, 1)], 2, &[5]).circuit();
    }
}
