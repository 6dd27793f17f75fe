//! The rollup state.

use cairn_primitives::{F, Tag, hash};
use cairn_types::{Account, AccountId, Digest, FIRST_USER_ID, TREE_DEPTH};

use crate::{AccountTree, Effects, LeafAccess, LeafChange, StateSummary, TreeOpening};

/// Accounts and allotted numbers. A clone is a cheap fork, see [`AccountTree`]: try operations on it,
/// then keep it or drop it.
#[derive(Debug, Clone)]
pub struct State {
    tree: AccountTree,
    pub(crate) next_id: u64,
    pub(crate) next_token: u32,
}

impl Default for State {
    fn default() -> Self {
        Self::genesis()
    }
}

impl State {
    /// No accounts, no tokens.
    pub fn genesis() -> Self {
        Self { tree: AccountTree::default(), next_id: FIRST_USER_ID, next_token: 0 }
    }

    /// The leaf with this id; empty if it was never created.
    pub fn account(&self, id: AccountId) -> Account {
        self.tree.get(id)
    }

    /// The id of the next new leaf; `2^32` when ids are exhausted.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    /// The number of the next token; `2^16` when tokens are exhausted.
    pub fn next_token(&self) -> u32 {
        self.next_token
    }

    /// Every leaf that exists: fee accounts by token, then users by id. Ids are allotted in order and
    /// leaves stay, so the allotted numbers say which there are.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, Account)> + '_ {
        allotted(self.next_id, self.next_token).map(|id| (id, self.account(id)))
    }

    /// The state with these allotted numbers, from its leaves in the order of [`Self::accounts`].
    ///
    /// Trust: none of the leaves is checked here. Compare the commitment.
    ///
    /// # Errors
    /// Those of `account`.
    pub fn restore<E>(
        next_id: u64,
        next_token: u32,
        mut account: impl FnMut(AccountId) -> Result<Account, E>,
    ) -> Result<Self, E> {
        let mut state = Self { tree: AccountTree::default(), next_id, next_token };
        for id in allotted(next_id, next_token) {
            state.tree.set(id, account(id)?);
        }
        Ok(state)
    }

    /// What the state commitment hashes. Hashes the leaves written since the last time.
    pub fn summary(&mut self) -> StateSummary {
        let (next_id, next_token) = (self.next_id, self.next_token);
        StateSummary { root: self.tree.root(), next_id, next_token }
    }

    /// Opens leaves; ids in any order. Hashes the leaves written since the last time.
    pub fn open(&mut self, ids: &[AccountId]) -> TreeOpening {
        self.tree.open(ids)
    }

    /// The siblings on the way from a leaf to the root. Hashes the leaves written since the last time.
    pub fn siblings(&mut self, id: AccountId) -> [Digest; TREE_DEPTH] {
        self.tree.siblings(id)
    }

    /// Writes what an operation does. Trust: `effects` were computed on this very state.
    pub(crate) fn commit(&mut self, effects: &Effects) {
        for leaf in effects.leaves.iter().flatten() {
            self.write(leaf);
        }
        self.allot(effects);
    }

    /// Writes one leaf of an operation. Trust: as [`Self::commit`].
    pub(crate) fn access(&mut self, leaf: &LeafChange) -> LeafAccess {
        let &LeafChange { id, before, after } = leaf;
        self.write(leaf);
        LeafAccess { id, before, after }
    }

    /// Puts leaves back as they were.
    pub(crate) fn restore_accounts(&mut self, before: impl Iterator<Item = (AccountId, Account)>) {
        before.for_each(|(id, account)| self.tree.set(id, account));
    }

    /// Moves on the allotted numbers. Trust: as [`Self::commit`].
    pub(crate) fn allot(&mut self, effects: &Effects) {
        self.next_id = effects.next_id;
        self.next_token = effects.next_token;
    }

    fn write(&mut self, leaf: &LeafChange) {
        if leaf.before != leaf.after {
            self.tree.set(leaf.id, leaf.after);
        }
    }
}

/// The ids that have been given out.
fn allotted(next_id: u64, next_token: u32) -> impl Iterator<Item = AccountId> {
    let fees = 0..u64::from(next_token).min(FIRST_USER_ID);
    let users = FIRST_USER_ID..next_id.min(1 << 32);
    fees.chain(users).map(|id| id as AccountId) // below 2^32
}

impl StateSummary {
    /// `hash(STATE, root || next_id || next_token)`.
    pub fn commitment(&self) -> Digest {
        let [r0, r1, r2, r3] = self.root.elements();
        let elements = [r0, r1, r2, r3, self.next_id, self.next_token.into()];
        hash(Tag::State, &elements.map(F::new)).into()
    }
}
