//! Part of the account tree: some leaves, with the digests that join them to the root.

use cairn_primitives::{Digest, compress, compress_many};
use cairn_types::{Account, AccountId, TREE_DEPTH};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::tree::halves;

/// Leaves of a tree and the digests that are needed besides to compute its root; minimal.
///
/// It is only worth what the root is that [`PartialTree::root`] computes from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeOpening {
    /// The leaves, ids strictly ascending.
    pub leaves: Vec<(AccountId, Account)>,
    /// Digests of the nodes that are children of nodes on a leaf's path, but on none themselves:
    /// level by level from the leaves up, from left to right. The root counts as on a path.
    pub siblings: Vec<cairn_types::Digest>,
}

/// Why an opening, or a request to a partial tree, makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpeningError {
    /// Leaves are not in order.
    #[error("opened leaves: expected an id above {previous}, got {got}")]
    Order {
        /// The id before.
        previous: AccountId,
        /// The id found.
        got: AccountId,
    },
    /// Too many or too few siblings.
    #[error("opening: expected {expected} siblings, got {got}")]
    Siblings {
        /// By the leaves.
        expected: usize,
        /// Found.
        got: usize,
    },
    /// The leaf is outside of the partial tree.
    #[error("expected an opened leaf, got {got}")]
    NotOpened {
        /// Its id.
        got: AccountId,
    },
}

/// A node on the path of an opened leaf, or an opened leaf itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its number on its level.
    pub index: u32,
    /// What is hashed: the digests of the children; of a leaf its elements.
    pub inputs: [Digest; 2],
    /// Which children, left and right, are on a path themselves; none of a leaf's.
    pub on_path: [bool; 2],
    /// Position of the parent among the nodes of its level.
    parent: u32,
}

impl Node {
    fn new(index: u32, inputs: [Digest; 2]) -> Self {
        Self { index, inputs, on_path: [false; 2], parent: 0 }
    }

    /// The sides, and indices one level below, of children that are on no path.
    fn siblings(self) -> impl Iterator<Item = (usize, u32)> {
        let sides = (0..2).filter(move |&side| !self.on_path[side]);
        sides.map(move |side| (side, self.index << 1 | side as u32))
    }
}

/// The opened leaves of an account tree and their paths. It takes writes like the whole tree, and
/// has the same root.
#[derive(Debug, Clone)]
pub struct PartialTree {
    accounts: Vec<Account>,
    /// Level 0 holds the leaves, level 32 the root; indices ascend.
    levels: Vec<Vec<Node>>,
    /// Positions of leaves whose hashes are out of date.
    dirty: Vec<u32>,
    root: Digest,
}

impl PartialTree {
    /// Fills in the paths. The caller checks the root.
    ///
    /// Takes about 40 times the memory of the opening.
    ///
    /// # Errors
    /// [`OpeningError::Order`] and [`OpeningError::Siblings`].
    pub fn new(opening: &TreeOpening) -> Result<Self, OpeningError> {
        for pair in opening.leaves.windows(2) {
            if let [(previous, _), (got, _)] = *pair
                && previous >= got
            {
                return Err(OpeningError::Order { previous, got });
            }
        }
        let mut levels = paths(opening.leaves.iter().map(|(id, account)| (*id, halves(account))));
        let expected = levels[1..].iter().flatten().map(|node| node.siblings().count()).sum();
        let got = opening.siblings.len();
        if got != expected {
            return Err(OpeningError::Siblings { expected, got });
        }
        let nodes = levels[1..].iter_mut().flatten();
        let missing = nodes.flat_map(|node| {
            let on_path = node.on_path;
            node.inputs.iter_mut().zip(on_path).filter(|(_, on_path)| !on_path)
        });
        for ((input, _), &sibling) in missing.zip(&opening.siblings) {
            *input = sibling.into();
        }
        Ok(Self {
            accounts: opening.leaves.iter().map(|&(_, account)| account).collect(),
            dirty: (0..opening.leaves.len() as u32).collect(),
            root: Digest::ZERO,
            levels,
        })
    }

    /// The leaf with this id.
    ///
    /// # Errors
    /// [`OpeningError::NotOpened`].
    pub fn get(&self, id: AccountId) -> Result<Account, OpeningError> {
        Ok(self.accounts[self.position(id)?])
    }

    /// Writes a leaf.
    ///
    /// # Errors
    /// [`OpeningError::NotOpened`].
    pub fn set(&mut self, id: AccountId, account: Account) -> Result<(), OpeningError> {
        let position = self.position(id)?;
        self.accounts[position] = account;
        self.levels[0][position].inputs = halves(&account);
        self.dirty.push(position as u32);
        Ok(())
    }

    /// The root. Hashes what is not hashed yet.
    pub fn root(&mut self) -> cairn_types::Digest {
        self.rehash();
        self.root.into()
    }

    /// The leaves and all nodes on their paths, level by level from the leaves to the root, indices
    /// ascending. Hashes what is not hashed yet.
    pub fn levels(&mut self) -> &[Vec<Node>] {
        self.rehash();
        &self.levels
    }

    /// Position of an opened leaf among the nodes of level 0.
    ///
    /// # Errors
    /// [`OpeningError::NotOpened`].
    pub fn position(&self, id: AccountId) -> Result<usize, OpeningError> {
        let position = self.levels[0].binary_search_by_key(&id, |leaf| leaf.index);
        position.map_err(|_| OpeningError::NotOpened { got: id })
    }

    /// Opens some of the leaves, as they are now; ids in any order.
    ///
    /// # Errors
    /// [`OpeningError::NotOpened`].
    pub fn open(&mut self, ids: &[AccountId]) -> Result<TreeOpening, OpeningError> {
        self.rehash();
        let leaves = sorted(ids).into_iter().map(|id| Ok((id, self.get(id)?)));
        let leaves = leaves.collect::<Result<Vec<_>, _>>()?;
        let mut siblings = Vec::new();
        for (own, nodes) in self.levels.iter().zip(paths(indices(&leaves))).skip(1) {
            // Both ascend, and what is opened here is opened there.
            let mut own = own.iter();
            for node in nodes {
                if let Some(own) = own.find(|own| own.index == node.index) {
                    siblings.extend(node.siblings().map(|(side, _)| own.inputs[side]));
                }
            }
        }
        let siblings = siblings.into_iter().map(Into::into).collect();
        Ok(TreeOpening { leaves, siblings })
    }

    fn rehash(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        for level in 0..TREE_DEPTH {
            let (nodes, parents) = self.levels[level..].split_at_mut(1);
            let inputs: Vec<_> = dirty.iter().map(|&node| nodes[0][node as usize].inputs).collect();
            for (position, digest) in dirty.iter_mut().zip(compress_many(&inputs)) {
                let Node { index, parent, .. } = nodes[0][*position as usize];
                parents[0][parent as usize].inputs[index as usize & 1] = digest;
                *position = parent;
            }
            dirty.dedup();
        }
        let [left, right] = self.levels[TREE_DEPTH][0].inputs;
        self.root = compress(&left, &right);
    }
}

/// Opens leaves of a tree whose node digests are `digest(level, index)`; ids in any order.
pub(crate) fn open(
    ids: &[AccountId],
    account: impl Fn(AccountId) -> Account,
    digest: impl Fn(usize, u32) -> Digest,
) -> TreeOpening {
    let leaves: Vec<_> = sorted(ids).into_iter().map(|id| (id, account(id))).collect();
    let levels = paths(indices(&leaves)).into_iter().enumerate().skip(1);
    let siblings = levels.flat_map(|(level, nodes)| {
        let siblings = nodes.into_iter().flat_map(Node::siblings);
        siblings.map(move |(_, index)| (level - 1, index))
    });
    let siblings = siblings.map(|(level, index)| digest(level, index).into()).collect();
    TreeOpening { leaves, siblings }
}

fn sorted(ids: &[AccountId]) -> Vec<AccountId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Leaves of which only the ids matter.
fn indices(leaves: &[(AccountId, Account)]) -> impl Iterator<Item = (AccountId, [Digest; 2])> {
    leaves.iter().map(|&(id, _)| (id, [Digest::ZERO; 2]))
}

/// The given leaves, ids strictly ascending, and all nodes on their paths, level by level; digests
/// are zero. The root is there even without leaves.
fn paths(leaves: impl Iterator<Item = (AccountId, [Digest; 2])>) -> Vec<Vec<Node>> {
    let mut levels = Vec::with_capacity(TREE_DEPTH + 1);
    let mut children: Vec<Node> = leaves.map(|(id, inputs)| Node::new(id, inputs)).collect();
    for _ in 0..TREE_DEPTH {
        let mut parents: Vec<Node> = Vec::new();
        for child in &mut children {
            let index = child.index >> 1;
            if parents.last().is_none_or(|last| last.index != index) {
                parents.push(Node::new(index, [Digest::ZERO; 2]));
            }
            child.parent = parents.len() as u32 - 1;
            if let Some(parent) = parents.last_mut() {
                parent.on_path[child.index as usize & 1] = true;
            }
        }
        levels.push(std::mem::replace(&mut children, parents));
    }
    if children.is_empty() {
        children.push(Node::new(0, [Digest::ZERO; 2]));
    }
    levels.push(children);
    levels
}
