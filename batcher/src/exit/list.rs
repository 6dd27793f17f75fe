//! The leaves of a state: what each owner would leave with.

use std::{collections::BTreeSet, fmt};

use cairn_primitives::schnorr;
use cairn_state::State;
use cairn_types::{AccountId, TokenId};
use serde::Serialize;

/// A leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf {
    /// Its id.
    pub leaf: AccountId,
    /// Its token.
    pub token: TokenId,
    /// Its balance, in quanta.
    pub balance: u64,
    /// Its key, 40 bytes in hex.
    pub key: String,
    /// Whether it has left; absent where L1 was not asked.
    pub left: Option<bool>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaves {
    /// In the order of their ids.
    pub leaves: Vec<Leaf>,
}

impl Leaves {
    /// The leaves of `state`; `left` are those that L1 has let go, if it was asked.
    #[must_use]
    pub fn new(state: &State, left: Option<&BTreeSet<AccountId>>) -> Self {
        let leaves = state.accounts().map(|(leaf, account)| Leaf {
            leaf,
            token: account.token,
            balance: account.balance,
            key: format!("0x{}", hex::encode(schnorr::PublicKey::from(account.key).to_bytes())),
            left: left.map(|left| left.contains(&leaf)),
        });
        Self { leaves: leaves.collect() }
    }
}

impl fmt::Display for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10} {:>5} {:>20} {:<5} key", "leaf", "token", "quanta", "left")?;
        for Leaf { leaf, token, balance, key, left } in &self.leaves {
            let left = match left {
                Some(true) => "yes",
                Some(false) => "no",
                None => "?",
            };
            writeln!(f, "{leaf:>10} {token:>5} {balance:>20} {left:<5} {key}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cairn_types::{PriorityOperation, PublicKey};

    use super::*;

    #[test]
    fn every_leaf_is_listed_with_what_l1_says() {
        let key = PublicKey::new([1, 2, 3, 4, 5]).unwrap();
        let operations = [
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 1, key },
            PriorityOperation::Deposit { leaf: 0, token: 0, amount: 5, key },
        ];
        let words: Vec<_> = operations.iter().flat_map(|o| o.words().unwrap()).collect();
        let mut state = State::genesis();
        state.replay(&words, &[]).unwrap();
        // The deposit goes to the fee leaf, which has its key and token.
        let table = Leaves::new(&state, Some(&BTreeSet::from([0])));
        let [leaf] = &table.leaves[..] else { panic!("{table}") };
        assert_eq!((leaf.leaf, leaf.token, leaf.balance, leaf.left), (0, 0, 5, Some(true)));
        assert!(leaf.key.starts_with("0x01000000000000000200"), "{}", leaf.key);
        assert!(table.to_string().lines().nth(1).unwrap().contains(" 5 yes "), "{table}");
        assert_eq!(Leaves::new(&state, None).leaves[0].left, None);
    }
}
