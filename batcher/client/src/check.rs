//! Checks of what a service says against what it cannot change.

use cairn_state::{StateSummary, root_from_path};
use cairn_types::{Account, AccountId, Digest, PublicKey};

use crate::api::{hex::Hash, wire::ProofView};

/// A proof that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A key, a sibling or a root is not canonical, or their number is another.
    #[error("the proof is malformed: {0}")]
    Malformed(&'static str),
    /// It is of another account than the one that was asked for.
    #[error("the proof is of account {got}, expected {expected}")]
    Account {
        /// As asked for.
        expected: AccountId,
        /// As stated.
        got: AccountId,
    },
    /// The path does not lead to the root.
    #[error("the path leads to {got}, expected the root {expected}")]
    Root {
        /// As stated.
        expected: Hash,
        /// As computed.
        got: Hash,
    },
    /// Root and numbers do not hash to the state.
    #[error("the proof is of state {got}, expected {expected}")]
    State {
        /// L1's.
        expected: Hash,
        /// As computed.
        got: Hash,
    },
}

/// Checks that account `id` is in a state, and returns it; an empty one if there is none with this id.
///
/// Trust: `state` is the `provenState` that the caller has read from L1 itself.
///
/// # Errors
/// The proof does not hold.
pub fn check_proof(proof: &ProofView, id: AccountId, state: Hash) -> Result<Account, ProofError> {
    if proof.id != id {
        return Err(ProofError::Account { expected: id, got: proof.id });
    }
    let digest = |hash: &Hash| {
        Digest::from_bytes(&hash.0)
            .map_err(|_| ProofError::Malformed("an element is not canonical"))
    };
    let siblings: Vec<_> = proof.siblings.iter().map(digest).collect::<Result<_, _>>()?;
    let siblings = siblings.try_into();
    let siblings = siblings.map_err(|_| ProofError::Malformed("the path has not 32 siblings"))?;
    let key = if proof.key.0 == [0; 40] {
        PublicKey::ZERO
    } else {
        let key = PublicKey::try_from(proof.key);
        key.map_err(|_| ProofError::Malformed("the key is not canonical"))?
    };
    let balance = proof.balance.0;
    let account = Account { key, token: proof.token, nonce: proof.nonce, balance };
    let got = Hash::from(root_from_path(id, &account, &siblings));
    if got != proof.root {
        return Err(ProofError::Root { expected: proof.root, got });
    }
    let root = digest(&proof.root)?;
    let (next_id, next_token) = (proof.next_id, proof.next_token);
    if next_id > 1 << 32 || next_token > 1 << 16 {
        return Err(ProofError::Malformed("a number is out of range"));
    }
    let got = Hash::from(StateSummary { root, next_id, next_token }.commitment());
    if got == state { Ok(account) } else { Err(ProofError::State { expected: state, got }) }
}
