//! The account tree: sparse, depth 32, hashed in batches.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cairn_primitives::{Digest, F, compress, compress_many};
use cairn_types::{Account, AccountId, TREE_DEPTH};
use rayon::prelude::*;

use crate::{TreeOpening, opening};

/// Roots of the empty trees of depth 0 to 32.
static EMPTY: LazyLock<[Digest; TREE_DEPTH + 1]> = LazyLock::new(|| {
    let [left, right] = halves(&Account::EMPTY);
    let mut empty = [compress(&left, &right); TREE_DEPTH + 1];
    for level in 0..TREE_DEPTH {
        empty[level + 1] = compress(&empty[level], &empty[level]);
    }
    empty
});

/// The account tree.
///
/// Leaves are written at once, hashes when somebody asks for them: then all leaves written since are
/// hashed level by level, each node once, a vector of nodes at a time, on all threads where they are many.
///
/// A clone is a fork. It shares what neither side has written since, so that it costs one
/// reference for every 256 nodes.
#[derive(Debug, Clone)]
pub struct AccountTree {
    accounts: Pages<Account>,
    /// Level 0 holds the leaf hashes, level 32 the root.
    levels: Vec<Pages<Digest>>,
    /// Leaves whose hashes are out of date.
    dirty: Vec<AccountId>,
}

impl Default for AccountTree {
    fn default() -> Self {
        Self {
            accounts: Pages::new(Account::EMPTY),
            levels: EMPTY.iter().map(|&empty| Pages::new(empty)).collect(),
            dirty: Vec::new(),
        }
    }
}

impl AccountTree {
    /// The leaf with this id; empty if it was never written.
    pub fn get(&self, id: AccountId) -> Account {
        self.accounts.get(id)
    }

    /// Writes a leaf.
    pub fn set(&mut self, id: AccountId, account: Account) {
        self.accounts.set(id, account);
        self.dirty.push(id);
    }

    /// The root. Hashes what is not hashed yet.
    pub fn root(&mut self) -> cairn_types::Digest {
        self.rehash();
        self.levels[TREE_DEPTH].get(0).into()
    }

    /// The siblings on the way from the leaf to the root. Hashes what is not hashed yet.
    pub fn siblings(&mut self, id: AccountId) -> [cairn_types::Digest; TREE_DEPTH] {
        self.rehash();
        std::array::from_fn(|level| self.levels[level].get((id >> level) ^ 1).into())
    }

    /// Opens leaves; ids in any order. Hashes what is not hashed yet.
    pub fn open(&mut self, ids: &[AccountId]) -> TreeOpening {
        self.rehash();
        opening::open(ids, |id| self.get(id), |level, index| self.levels[level].get(index))
    }

    fn rehash(&mut self) {
        let mut indices = std::mem::take(&mut self.dirty);
        indices.sort_unstable();
        indices.dedup();
        let accounts = &self.accounts;
        let leaves = hash_all(&indices, |id| halves(&accounts.get(id)));
        self.write(0, &indices, leaves);
        for level in 1..=TREE_DEPTH {
            indices.iter_mut().for_each(|index| *index >>= 1);
            indices.dedup();
            let children = &self.levels[level - 1];
            let nodes = hash_all(&indices, |index| children.get_pair(index));
            self.write(level, &indices, nodes);
        }
    }

    fn write(&mut self, level: usize, indices: &[u32], nodes: Vec<Digest>) {
        for (&index, node) in indices.iter().zip(nodes) {
            self.levels[level].set(index, node);
        }
    }
}

/// The nodes with these indices, from the two inputs of each.
fn hash_all(indices: &[u32], inputs: impl Fn(u32) -> [Digest; 2] + Sync) -> Vec<Digest> {
    /// Nodes for which a thread is worth its while.
    const SHARE: usize = 512;
    let hash = |indices: &[u32]| {
        let pairs: Vec<_> = indices.iter().map(|&index| inputs(index)).collect();
        compress_many(&pairs)
    };
    if indices.len() <= SHARE {
        return hash(indices);
    }
    indices.par_chunks(SHARE).flat_map_iter(hash).collect()
}

/// The root of a tree that has `account` at `id` and these siblings.
pub fn root_from_path(
    id: AccountId,
    account: &Account,
    siblings: &[cairn_types::Digest; TREE_DEPTH],
) -> cairn_types::Digest {
    let [left, right] = halves(account);
    let root = siblings.iter().enumerate().fold(compress(&left, &right), |node, (level, &s)| {
        let sibling = s.into();
        if id >> level & 1 == 0 { compress(&node, &sibling) } else { compress(&sibling, &node) }
    });
    root.into()
}

/// The two inputs of a leaf's compression.
pub(crate) fn halves(account: &Account) -> [Digest; 2] {
    let [a, b, c, d, e, f, g, h] = account.to_elements().map(F::new);
    [Digest([a, b, c, d]), Digest([e, f, g, h])]
}

const PAGE: usize = 256;

/// A sparse array of `2^32` values in pages that clones share until they write.
#[derive(Debug, Clone)]
struct Pages<T> {
    pages: HashMap<u32, Arc<[T; PAGE]>>,
    default: T,
}

impl<T: Copy> Pages<T> {
    fn new(default: T) -> Self {
        Self { pages: HashMap::new(), default }
    }

    fn get(&self, index: u32) -> T {
        self.page(index).map_or(self.default, |page| page[index as usize % PAGE])
    }

    /// The values at `2 index` and `2 index + 1`, which are always in one page.
    fn get_pair(&self, index: u32) -> [T; 2] {
        let left = index << 1;
        let offset = left as usize % PAGE;
        self.page(left).map_or([self.default; 2], |page| [page[offset], page[offset + 1]])
    }

    fn page(&self, index: u32) -> Option<&[T; PAGE]> {
        self.pages.get(&(index / PAGE as u32)).map(Arc::as_ref)
    }

    fn set(&mut self, index: u32, value: T) {
        let default = self.default;
        let page = self.pages.entry(index / PAGE as u32);
        let page = page.or_insert_with(|| Arc::new([default; PAGE]));
        Arc::make_mut(page)[index as usize % PAGE] = value;
    }
}
