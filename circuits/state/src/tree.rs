//! The account tree: sparse, depth 32, hashed in batches.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use cairn_primitives::{Digest, F, compress, compress_many};
use cairn_types::{Account, AccountId, TREE_DEPTH};
use rayon::prelude::*;

use crate::pages::Pages;
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

/// Levels of a tier. A page of a tier holds so many levels of one subtree, without its root.
const TIER: usize = 4;

/// Nodes on the lowest level of a page.
const WIDTH: usize = 1 << TIER;

/// Where the levels of a page begin, the lowest first.
const LEVELS: [usize; TIER] = [0, WIDTH, WIDTH + WIDTH / 2, WIDTH + WIDTH / 2 + WIDTH / 4];

/// Nodes of a page.
const NODES: usize = 2 * WIDTH - 2;

/// The account tree.
///
/// Leaves are written at once, hashes when somebody asks for them: then all leaves written since are
/// hashed, each node once, a vector of nodes at a time, on all threads where they are many.
///
/// A clone is a fork. It shares what neither side has written since: a leaf that one of them writes costs a copy of its
/// page, which is 2 KB, and of the pages above, which leaves share.
#[derive(Debug, Clone)]
pub struct AccountTree {
    accounts: Pages<Account, WIDTH>,
    /// The first holds leaf hashes and three levels above, the last the children of the root.
    tiers: [Pages<Digest, NODES>; TREE_DEPTH / TIER],
    root: Digest,
    /// Leaves whose hashes are out of date.
    dirty: Vec<AccountId>,
}

impl Default for AccountTree {
    fn default() -> Self {
        let tier = |tier| {
            let level = |node| LEVELS.iter().rposition(|&start| start <= node).unwrap_or(0);
            Pages::new(std::array::from_fn(|node| EMPTY[tier * TIER + level(node)]))
        };
        Self {
            accounts: Pages::new([Account::EMPTY; WIDTH]),
            tiers: std::array::from_fn(tier),
            root: EMPTY[TREE_DEPTH],
            dirty: Vec::new(),
        }
    }
}

impl AccountTree {
    /// The leaf with this id; empty if it was never written.
    pub fn get(&self, id: AccountId) -> Account {
        let (page, offset) = place(id);
        self.accounts.page(page)[offset]
    }

    /// Writes a leaf.
    pub fn set(&mut self, id: AccountId, account: Account) {
        let (page, offset) = place(id);
        self.accounts.page_mut(page)[offset] = account;
        self.dirty.push(id);
    }

    /// The root. Hashes what is not hashed yet.
    pub fn root(&mut self) -> cairn_types::Digest {
        self.rehash();
        self.root.into()
    }

    /// The siblings on the way from the leaf to the root. Hashes what is not hashed yet.
    pub fn siblings(&mut self, id: AccountId) -> [cairn_types::Digest; TREE_DEPTH] {
        self.rehash();
        std::array::from_fn(|level| self.node(level, (id >> level) ^ 1).into())
    }

    /// Opens leaves; ids in any order. Hashes what is not hashed yet.
    pub fn open(&mut self, ids: &[AccountId]) -> TreeOpening {
        self.rehash();
        opening::open(ids, |id| self.get(id), |level, index| self.node(level, index))
    }

    /// A node below the root.
    fn node(&self, level: usize, index: u32) -> Digest {
        let (tier, level) = (level / TIER, level % TIER);
        let page = index >> (TIER - level);
        let offset = index as usize % (WIDTH >> level);
        self.tiers[tier].page(page)[LEVELS[level] + offset]
    }

    fn rehash(&mut self) {
        let mut indices = std::mem::take(&mut self.dirty);
        if indices.is_empty() {
            return;
        }
        indices.sort_unstable();
        indices.dedup();
        let accounts = &self.accounts;
        let leaf = |&id: &AccountId| {
            let (page, offset) = place(id);
            halves(&accounts.page(page)[offset])
        };
        let [first, rest @ ..] = &mut self.tiers;
        let leaves = |range: Range<usize>| {
            let pairs: Vec<_> = indices[range].iter().map(leaf).collect();
            compress_many(&pairs)
        };
        let (mut pages, mut roots) = hash_tier(first, &indices, leaves);
        for tier in rest {
            (pages, roots) = hash_tier(tier, &pages, |range| roots[range].to_vec());
        }
        self.root = roots[0];
    }
}

/// Page and offset of a node on the lowest level of a tier.
fn place(index: u32) -> (u32, usize) {
    (index >> TIER, index as usize % WIDTH)
}

/// Writes nodes on the lowest level of a tier, whose digests `digests` gives by their places in `indices`, and hashes what
/// is above them. Gives the pages that have changed, and the roots of their subtrees: nodes of the next tier.
fn hash_tier(
    tier: &mut Pages<Digest, NODES>,
    indices: &[u32],
    digests: impl Fn(Range<usize>) -> Vec<Digest> + Sync,
) -> (Vec<u32>, Vec<Digest>) {
    /// Pages for which a thread is worth its while, and the memory of whose digests is no matter.
    const SHARE: usize = 64;
    let mut end = 0;
    let parts: Vec<Range<usize>> = indices
        .chunk_by(|&left, &right| place(left).0 == place(right).0)
        .map(|part| {
            let start = end;
            end += part.len();
            start..end
        })
        .collect();
    let numbers: Vec<u32> = parts.iter().map(|part| place(indices[part.start]).0).collect();
    let mut pages = tier.take(numbers.iter().copied());
    let hash = |(pages, parts): (&mut [Arc<[Digest; NODES]>], &[Range<usize>])| {
        let pages: Vec<_> = pages.iter_mut().map(Arc::make_mut).collect();
        let (start, end) = (parts[0].start, parts[parts.len() - 1].end);
        let parts = parts.iter().map(|part| part.start - start..part.end - start);
        hash_pages(pages, parts, &indices[start..end], &digests(start..end))
    };
    let roots = if parts.len() <= SHARE {
        hash((&mut pages, &parts))
    } else {
        let shares = pages.par_chunks_mut(SHARE).zip(parts.par_chunks(SHARE));
        shares.flat_map_iter(hash).collect()
    };
    tier.put(numbers.iter().copied().zip(pages));
    (numbers, roots)
}

/// Writes nodes on the lowest level of pages and gives the roots of their subtrees. `parts` says which nodes are whose.
fn hash_pages(
    mut pages: Vec<&mut [Digest; NODES]>,
    parts: impl Iterator<Item = Range<usize>>,
    indices: &[u32],
    digests: &[Digest],
) -> Vec<Digest> {
    // The nodes to hash: their page, and their number on the page's level. Ascending.
    let mut nodes: Vec<(u32, u32)> = Vec::with_capacity(indices.len());
    for (number, part) in parts.enumerate() {
        for (&index, &digest) in indices[part.clone()].iter().zip(&digests[part]) {
            let (_, offset) = place(index);
            pages[number][offset] = digest;
            nodes.push((number as u32, offset as u32));
        }
    }
    let mut hashed = Vec::new();
    for (level, start) in LEVELS.into_iter().enumerate() {
        nodes.iter_mut().for_each(|(_, node)| *node >>= 1);
        nodes.dedup();
        let children = nodes.iter().map(|&(page, node)| {
            let left = start + 2 * node as usize;
            let page = &pages[page as usize];
            [page[left], page[left + 1]]
        });
        hashed = compress_many(&children.collect::<Vec<_>>());
        if let Some(&above) = LEVELS.get(level + 1) {
            for (&(page, node), &digest) in nodes.iter().zip(&hashed) {
                pages[page as usize][above + node as usize] = digest;
            }
        }
    }
    hashed
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
