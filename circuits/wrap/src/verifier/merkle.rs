//! Merkle openings against a cap, and the multiplexer that picks from a cap.

use super::goldilocks::Base;
use super::proof::MerkleOpening;
use crate::poseidon2_bn254::gadget;
use crate::r1cs::{Builder, Lc};

/// The leaf is at `index` (bits, least significant first) of the tree with this cap.
///
/// The caller has range-checked the leaf's limbs below 2^64, made the bits boolean, and given as many as the
/// path and the height of the cap together.
pub(crate) fn assert_opening(
    b: &mut Builder,
    opening: &MerkleOpening<Base, Lc>,
    index: &[Lc],
    cap: &[Lc],
) {
    let limbs: Vec<Lc> = opening.leaf.iter().map(|limb| limb.lc().clone()).collect();
    let leaf = gadget::leaf(b, &limbs);
    let (path, top) = index.split_at(opening.siblings.len());
    let root = opening.siblings.iter().zip(path).fold(leaf, |digest, (sibling, bit)| {
        let left = b.select(bit, sibling, &digest);
        let right = &(&digest + sibling) - &left;
        gadget::node(b, &left, &right)
    });
    let expected = mux(b, cap, top, Builder::select);
    b.assert_equal(&root, &expected);
}

/// `items[index]`, with the index in bits, least significant first; `select` is if-then-else.
///
/// # Panics
/// If there are not `2^bits` items: lengths are those of the circuit.
pub(crate) fn mux<T: Clone>(
    b: &mut Builder,
    items: &[T],
    index: &[Lc],
    select: fn(&mut Builder, &Lc, &T, &T) -> T,
) -> T {
    assert_eq!(items.len(), 1 << index.len(), "one item an index");
    let mut items = items.to_vec();
    for bit in index {
        items = items.chunks_exact(2).map(|pair| select(b, bit, &pair[1], &pair[0])).collect();
    }
    items.swap_remove(0)
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
