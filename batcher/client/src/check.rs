//! Checks of what a service says against what it cannot change.

use alloy::primitives::{B256, keccak256};
use cairn_state::{StateSummary, root_from_path};
use cairn_types::{Account, AccountId, Digest, PublicKey, Withdrawal, Word};

use crate::api::{
    hex::Hash,
    wire::{ProofView, WithdrawalView},
};

/// Siblings of the longest path of a withdrawal: its index has so many bits.
const LONGEST_PATH: usize = 32;

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

/// A withdrawal that L1 does not owe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WithdrawalError {
    /// Word, path or place are none.
    #[error("the withdrawal is malformed: {0}")]
    Malformed(&'static str),
    /// Its word says something else than what is stated beside it.
    #[error(
        "the withdrawal's word pays {} quanta of token {} to 0x{}, which is not what is stated",
        .0.amount,
        .0.token,
        hex::encode(.0.recipient)
    )]
    Other(Withdrawal),
    /// The path does not lead to the root.
    #[error(
        "the withdrawal's path leads to {got}, expected the root {expected} that L1 has of batch \
         {batch}"
    )]
    Root {
        /// The batch.
        batch: u32,
        /// L1's.
        expected: Hash,
        /// As computed.
        got: Hash,
    },
}

/// Checks that L1 owes a withdrawal, and returns it: what custody's `claim` checks, before gas is paid for it.
///
/// Trust: `root` is the batch's `withdrawalsRoot` that the caller has read from L1 itself. Whether it was claimed
/// already, custody's `isClaimed` says.
///
/// # Errors
/// The withdrawal does not hold.
pub fn check_withdrawal(view: &WithdrawalView, root: B256) -> Result<Withdrawal, WithdrawalError> {
    let malformed = WithdrawalError::Malformed;
    let word = Word::new(view.word.0);
    let decoded = Withdrawal::decode_stream(&[word]).ok();
    let withdrawal = decoded.and_then(|decoded| decoded.first().copied());
    let withdrawal = withdrawal.ok_or(malformed("its word is no withdrawal"))?;
    let stated = (view.token, view.recipient.0, view.amount.0);
    if stated != (withdrawal.token, withdrawal.recipient, withdrawal.amount) {
        return Err(WithdrawalError::Other(withdrawal));
    }
    if view.path.len() > LONGEST_PATH {
        return Err(malformed("its path has more than 32 siblings"));
    }
    let (mut node, mut index) = (keccak256(word.bytes()), u64::from(view.index));
    for sibling in &view.path {
        let pair = if index & 1 == 0 { [node.0, sibling.0] } else { [sibling.0, node.0] };
        node = keccak256(pair.as_flattened());
        index >>= 1;
    }
    if index != 0 {
        return Err(malformed("its index is beyond its path"));
    }
    if node != root {
        let (expected, got) = (root.into(), node.into());
        return Err(WithdrawalError::Root { batch: view.batch, expected, got });
    }
    Ok(withdrawal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::hex::{Decimal, Hex};

    /// Of two withdrawals, the second.
    fn second() -> (WithdrawalView, B256) {
        let [first, second] =
            [7, 9].map(|amount| Withdrawal { token: 1, recipient: [3; 20], amount });
        let words = [first, second].map(|withdrawal| withdrawal.word().unwrap());
        let [left, right] = words.map(|word| keccak256(word.bytes()));
        let view = WithdrawalView {
            batch: 5,
            index: 1,
            word: words[1].into(),
            path: vec![left.into()],
            root: Hex([0; 32]),
            token: 1,
            recipient: Hex([3; 20]),
            amount: Decimal(9),
            claimable: true,
        };
        (view, keccak256([left.0, right.0].as_flattened()))
    }

    #[test]
    fn only_what_l1_owes_can_be_claimed() {
        let (good, root) = second();
        assert_eq!(check_withdrawal(&good, root).unwrap().amount, 9);
        let changed = |change: fn(&mut WithdrawalView)| {
            let mut view = good.clone();
            change(&mut view);
            check_withdrawal(&view, root).unwrap_err()
        };
        let other = |error| matches!(error, WithdrawalError::Other(_));
        assert!(other(changed(|view| view.amount = Decimal(10))));
        assert!(other(changed(|view| view.token = 2)));
        assert!(other(changed(|view| view.recipient = Hex([4; 20]))));
        for (error, needle) in [
            (changed(|view| view.word = Hex([0xff; 31])), "is no withdrawal"),
            (changed(|view| view.index = 0), "expected the root"),
            (changed(|view| view.index = 3), "beyond its path"),
            (changed(|view| view.path.clear()), "beyond its path"),
            (changed(|view| view.path = vec![Hex([0; 32]); 1_000_000]), "more than 32"),
        ] {
            assert!(error.to_string().contains(needle), "{error}");
        }
        let none = check_withdrawal(&good, B256::ZERO).unwrap_err();
        assert!(none.to_string().ends_with("that L1 has of batch 5"), "{none}");
    }
}
