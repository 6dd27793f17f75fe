//! A sparse tree of leaves that hold any field elements, also such as no account can.

use super::{F, element};
use cairn_gadgets::field::from_plonky2;
use cairn_primitives::{Digest, compress};
use cairn_types::TREE_DEPTH;
use plonky2::field::types::{Field, PrimeField64};
use std::collections::HashMap;

/// `key(5), token, nonce, balance`.
pub(super) type Leaf = [F; 8];

/// Places in a leaf.
pub(super) const TOKEN: usize = 5;
pub(super) const NONCE: usize = 6;
pub(super) const BALANCE: usize = 7;

/// The account tree; every write hashes one path.
pub(super) struct Tree {
    leaves: HashMap<u32, Leaf>,
    nodes: HashMap<(usize, u32), Digest>,
    /// Roots of empty trees, by depth.
    empty: Vec<Digest>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let mut empty = vec![hash(&[F::ZERO; 8])];
        for level in 0..TREE_DEPTH {
            empty.push(compress(&empty[level], &empty[level]));
        }
        Self { leaves: HashMap::new(), nodes: HashMap::new(), empty }
    }

    pub(super) fn get(&self, id: u32) -> Leaf {
        self.leaves.get(&id).copied().unwrap_or([F::ZERO; 8])
    }

    pub(super) fn set(&mut self, id: u32, leaf: Leaf) {
        self.leaves.insert(id, leaf);
        let mut node = hash(&leaf);
        for level in 0..TREE_DEPTH {
            let index = id >> level;
            self.nodes.insert((level, index), node);
            let sibling = self.node(level, index ^ 1);
            let (left, right) = if index & 1 == 0 { (node, sibling) } else { (sibling, node) };
            node = compress(&left, &right);
        }
        self.nodes.insert((TREE_DEPTH, 0), node);
    }

    pub(super) fn root(&self) -> Digest {
        self.node(TREE_DEPTH, 0)
    }

    pub(super) fn siblings(&self, id: u32) -> [[F; 4]; TREE_DEPTH] {
        std::array::from_fn(|level| {
            let sibling: cairn_types::Digest = self.node(level, id >> level ^ 1).into();
            sibling.elements().map(element)
        })
    }

    fn node(&self, level: usize, index: u32) -> Digest {
        self.nodes.get(&(level, index)).copied().unwrap_or(self.empty[level])
    }
}

fn hash(leaf: &Leaf) -> Digest {
    let [a, b, c, d, e, f, g, h] = leaf.map(from_plonky2);
    compress(&Digest([a, b, c, d]), &Digest([e, f, g, h]))
}

/// The balances of some leaves, together.
pub(super) fn total(tree: &Tree, ids: &[u32]) -> u64 {
    ids.iter().map(|&id| tree.get(id)[BALANCE].to_canonical_u64()).sum()
}
