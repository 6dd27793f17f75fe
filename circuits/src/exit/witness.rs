//! What an exit is proven from, its native check, and witness generation.

use anyhow::Result;
use cairn_state::{StateSummary, root_from_path, verify_exit};
use cairn_types::{
    Account, AccountId, Digest, ExitEntry, SealStatement, Signature, TREE_DEPTH, Word,
};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use serde::{Deserialize, Serialize};

use super::ExitError;
use super::circuit::ExitTarget;
use super::entry::{EntryTarget, HALVES};
use crate::config::F;

/// Leaves of one state that exit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitWitness {
    /// The rollup, see [`cairn_types::domain`].
    pub domain: Word,
    /// What the state commitment hashes.
    pub state: StateSummary,
    /// The leaves, in the order of the list.
    pub leaves: Vec<LeafExit>,
}

/// A leaf that exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeafExit {
    /// Its id.
    pub id: AccountId,
    /// What the state has there.
    pub account: Account,
    /// The siblings on the way to the root, the leaf's first.
    pub siblings: [Digest; TREE_DEPTH],
    /// The L1 address that is credited.
    pub recipient: [u8; 20],
    /// The key's, see [`cairn_state::sign_exit`].
    pub signature: Signature,
}

impl LeafExit {
    /// As L1 sees it.
    pub fn entry(&self) -> ExitEntry {
        let Account { token, balance, .. } = self.account;
        ExitEntry { leaf: self.id, token, balance, recipient: self.recipient }
    }
}

impl ExitWitness {
    /// The list that the proof holds for: the leaves, the last repeated to fill `capacity`.
    pub fn entries(&self, capacity: usize) -> Vec<ExitEntry> {
        padded(&self.leaves, capacity).map(LeafExit::entry).collect()
    }

    /// The statement of the proof.
    pub fn statement(&self, circuit_set_root: Digest, capacity: usize) -> SealStatement {
        let (state, entries) = (self.state.commitment(), self.entries(capacity));
        SealStatement::exit(circuit_set_root, &state, &self.domain, &entries)
    }

    /// Whether the leaves may leave: native twin of the constraints.
    pub(super) fn check(&self, capacity: usize) -> Result<(), ExitError> {
        let got = self.leaves.len();
        if got == 0 || got > capacity {
            return Err(ExitError::Leaves { expected: capacity, got });
        }
        self.leaves.iter().try_for_each(|leaf| {
            let LeafExit { id, account, siblings, recipient, signature } = leaf;
            let (leaf, expected) = (*id, self.state.root);
            if account.is_empty() {
                return Err(ExitError::Empty { leaf });
            }
            let got = root_from_path(leaf, account, siblings);
            if got != expected {
                return Err(ExitError::Path { leaf, expected, got });
            }
            if !verify_exit(&account.key, &self.domain, leaf, recipient, signature) {
                return Err(ExitError::Signature { leaf });
            }
            Ok(())
        })
    }
}

/// The last leaf fills the list.
fn padded(leaves: &[LeafExit], capacity: usize) -> impl Iterator<Item = &LeafExit> {
    leaves.iter().chain(leaves.last().into_iter().cycle()).take(capacity)
}

/// The private inputs of an entry as elements, which need not make sense.
#[derive(Clone, Debug)]
pub(super) struct EntryValues {
    pub(super) halves: [u64; HALVES],
    pub(super) key: [u64; 5],
    pub(super) nonce: u64,
    pub(super) siblings: [[u64; 4]; TREE_DEPTH],
    pub(super) signature: Signature,
}

impl From<&LeafExit> for EntryValues {
    fn from(leaf: &LeafExit) -> Self {
        let bytes = leaf.entry().to_bytes();
        let (halves, _) = bytes.as_chunks();
        Self {
            halves: std::array::from_fn(|i| u16::from_be_bytes(halves[i]).into()),
            key: leaf.account.key.elements(),
            nonce: leaf.account.nonce.into(),
            siblings: leaf.siblings.map(|sibling| sibling.elements()),
            signature: leaf.signature,
        }
    }
}

impl ExitTarget {
    /// Sets the private inputs, unchecked.
    pub(super) fn assign(
        &self,
        circuit_set_root: Digest,
        witness: &ExitWitness,
    ) -> Result<PartialWitness<F>> {
        let leaves = padded(&witness.leaves, self.entries.len());
        let entries: Vec<_> = leaves.map(EntryValues::from).collect();
        self.assign_values(circuit_set_root, witness, &entries)
    }

    /// As [`Self::assign`], with other entries than the witness has.
    pub(super) fn assign_values(
        &self,
        circuit_set_root: Digest,
        witness: &ExitWitness,
        entries: &[EntryValues],
    ) -> Result<PartialWitness<F>> {
        let mut inputs = PartialWitness::new();
        set(&mut inputs, &self.circuit_set_root, &circuit_set_root.elements())?;
        set(&mut inputs, &self.domain, &witness.domain.limbs())?;
        let StateSummary { root, next_id, next_token } = witness.state;
        set(&mut inputs, &self.state.root, &root.elements())?;
        let counters = [self.state.next_id, self.state.next_token];
        set(&mut inputs, &counters, &[next_id, next_token.into()])?;
        for (target, values) in self.entries.iter().zip(entries) {
            target.assign(&mut inputs, values)?;
        }
        Ok(inputs)
    }
}

impl EntryTarget {
    fn assign(&self, inputs: &mut PartialWitness<F>, values: &EntryValues) -> Result<()> {
        set(inputs, &self.halves, &values.halves)?;
        set(inputs, &self.key, &values.key)?;
        set(inputs, &[self.nonce], &[values.nonce])?;
        for (targets, sibling) in self.siblings.iter().zip(&values.siblings) {
            set(inputs, targets, sibling)?;
        }
        self.signature.set(inputs, &values.signature.into())
    }
}

fn set(inputs: &mut PartialWitness<F>, targets: &[Target], values: &[u64]) -> Result<()> {
    let values: Vec<_> = values.iter().copied().map(F::from_canonical_u64).collect();
    inputs.set_target_arr(targets, &values)
}
