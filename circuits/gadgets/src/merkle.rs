//! Paths in the binary tree of compressions (docs/spec.md, section 3).

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::iop::target::BoolTarget;
use plonky2::plonk::circuit_builder::CircuitBuilder;

use crate::poseidon2::{DigestTarget, compress_swapped};

/// The root over `leaf` at the position with these bits, bit 0 nearest the leaf: bit `i` is 1 if the
/// node of level `i` is the right child. One row a level, which also makes each bit a bit.
///
/// Trust: the caller binds the bits to an index (`builder.split_le(index, depth)`) where the index
/// matters. Depth is `bits.len()`.
///
/// # Panics
/// If there are not as many siblings as bits.
pub fn root(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    leaf: DigestTarget,
    bits: &[BoolTarget],
    siblings: &[DigestTarget],
) -> DigestTarget {
    assert_eq!(bits.len(), siblings.len(), "a sibling for every level");
    bits.iter()
        .zip(siblings)
        .fold(leaf, |node, (&bit, &sibling)| compress_swapped(builder, node, sibling, bit))
}

#[cfg(test)]
mod tests {
    use plonky2::field::types::{Field, Sample};

    use cairn_primitives::Digest;

    use super::*;
    use crate::field::{digest_from_plonky2, digest_to_plonky2};
    use crate::testing::evaluate;

    type F = GoldilocksField;

    #[test]
    fn path_of_every_leaf_of_a_small_tree_gives_the_same_root() {
        let leaves: Vec<Digest> =
            (0..8).map(|_| digest_from_plonky2([0; 4].map(|_| F::rand()))).collect();
        let mut levels = vec![leaves];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            levels.push(
                below
                    .chunks(2)
                    .map(|pair| cairn_primitives::compress(&pair[0], &pair[1]))
                    .collect(),
            );
        }
        for index in 0..8 {
            let mut input = vec![F::from_canonical_usize(index)];
            input.extend(digest_to_plonky2(&levels[0][index]));
            (0..3).for_each(|level| {
                input.extend(digest_to_plonky2(&levels[level][(index >> level) ^ 1]))
            });
            let computed = evaluate(&input, |builder, input| {
                let bits = builder.split_le(input[0], 3);
                let digest = |n: usize| std::array::from_fn(|i| input[1 + 4 * n + i]);
                root(builder, digest(0), &bits, &[digest(1), digest(2), digest(3)]).to_vec()
            });
            assert_eq!(computed, digest_to_plonky2(&levels[3][0]).to_vec());
        }
    }
}
