//! The Merkle tree over a batch's withdrawals: twin of `WithdrawalTree.sol` (docs/fixtures.md).

use cairn_types::Word;
use sha3::{Digest, Keccak256};

/// Keccak-256 of a leaf or node.
pub type Hash = [u8; 32];

/// All levels, leaves first. A missing right child is 32 zero bytes.
#[derive(Debug, Clone)]
pub struct WithdrawalTree {
    levels: Vec<Vec<Hash>>,
}

impl WithdrawalTree {
    /// The tree over a batch's withdrawal words, in their order.
    #[must_use]
    pub fn new(words: &[Word]) -> Self {
        let mut level: Vec<Hash> =
            words.iter().map(|word| Keccak256::digest(word.bytes()).into()).collect();
        let mut levels = Vec::new();
        while level.len() > 1 {
            let parents = level.chunks(2).map(parent).collect();
            levels.push(std::mem::replace(&mut level, parents));
        }
        levels.push(level);
        Self { levels }
    }

    /// The root; zero without withdrawals.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.levels.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// The siblings of leaf `index`, the leaf's first; `None` past the last leaf.
    #[must_use]
    pub fn path(&self, index: usize) -> Option<Vec<Hash>> {
        let (_, below_root) = self.levels.split_last()?;
        (index < self.levels.first()?.len()).then(|| {
            below_root
                .iter()
                .enumerate()
                .map(|(depth, level)| level.get((index >> depth) ^ 1).copied().unwrap_or_default())
                .collect()
        })
    }
}

fn parent(children: &[Hash]) -> Hash {
    let mut hasher = Keccak256::new();
    for child in 0..2 {
        hasher.update(children.get(child).copied().unwrap_or_default());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: u8) -> Vec<Word> {
        (0..count).map(|i| Word::new([i; 31])).collect()
    }

    #[test]
    fn every_path_leads_to_the_root() {
        for count in 1..=9 {
            let words = words(count);
            let tree = WithdrawalTree::new(&words);
            for (index, word) in words.iter().enumerate() {
                let leaf: Hash = Keccak256::digest(word.bytes()).into();
                let (root, _) =
                    tree.path(index).unwrap().iter().fold((leaf, index), |(hash, i), &sibling| {
                        let pair = if i & 1 == 0 { [hash, sibling] } else { [sibling, hash] };
                        (parent(&pair), i >> 1)
                    });
                assert_eq!(root, tree.root());
            }
            assert!(tree.path(words.len()).is_none());
        }
    }

    #[test]
    fn no_withdrawals_have_the_zero_root() {
        assert_eq!(WithdrawalTree::new(&[]).root(), [0; 32]);
        assert!(WithdrawalTree::new(&[]).path(0).is_none());
    }
}
