//! The account tree against the definition.

use std::collections::BTreeMap;

use cairn_primitives::{Digest, F, compress};
use cairn_state::{AccountTree, root_from_path};
use cairn_types::{Account, PublicKey};
use proptest::prelude::*;

/// Root by the definition: of the leaves `ids >> level == index`, from the top down.
fn root(leaves: &BTreeMap<u32, Account>, level: usize, index: u64) -> Digest {
    let (first, last) = (index << level, ((index + 1) << level) - 1);
    let leaf = leaves.range(first as u32..=last as u32).next();
    if level == 0 {
        let [a, b, c, d, e, f, g, h] =
            leaf.map_or(Account::EMPTY, |(_, &leaf)| leaf).to_elements().map(F::new);
        return compress(&Digest([a, b, c, d]), &Digest([e, f, g, h]));
    }
    match leaf {
        Some(_) => {
            let [left, right] = [0, 1].map(|side| root(leaves, level - 1, 2 * index + side));
            compress(&left, &right)
        }
        None => {
            let child = root(leaves, level - 1, 2 * index);
            compress(&child, &child)
        }
    }
}

pub(crate) fn account() -> impl Strategy<Value = Account> {
    (1..1_000u64, any::<u16>(), any::<u32>(), 0..1u64 << 63).prop_map(
        |(key, token, nonce, balance)| {
            let key = PublicKey::new([key, 0, 7, 0, 0]).unwrap();
            Account { key, token, nonce, balance }
        },
    )
}

/// Ids that share subtrees, pages or nothing, up to both ends.
pub(crate) fn id() -> impl Strategy<Value = u32> {
    prop_oneof![0..20u32, (1 << 16)..(1 << 16) + 600u32, u32::MAX - 3..=u32::MAX, any::<u32>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn batched_updates_meet_the_definition(
        batches in prop::collection::vec(prop::collection::vec((id(), account()), 1..40), 1..4),
    ) {
        let mut tree = AccountTree::default();
        let mut leaves = BTreeMap::new();
        for batch in batches {
            let fork = (tree.clone(), tree.root());
            for (id, account) in batch {
                tree.set(id, account);
                leaves.insert(id, account);
            }
            prop_assert_eq!(tree.root(), root(&leaves, 32, 0).into());
            for (&id, account) in leaves.iter().take(5) {
                prop_assert_eq!(tree.get(id), *account);
                prop_assert_eq!(root_from_path(id, account, &tree.siblings(id)), tree.root());
            }
            // The fork is as it was.
            let (mut fork, root) = fork;
            prop_assert_eq!(fork.root(), root);
        }
    }

    #[test]
    fn a_path_holds_for_one_leaf_at_one_place(id in id(), account in account(), bit in 0..32u32) {
        let mut tree = AccountTree::default();
        tree.set(id, account);
        let (root, siblings) = (tree.root(), tree.siblings(id));
        prop_assert_ne!(root_from_path(id ^ 1 << bit, &account, &siblings), root);
        let richer = Account { balance: account.balance ^ 1, ..account };
        prop_assert_ne!(root_from_path(id, &richer, &siblings), root);
        let mut wrong = siblings;
        wrong[bit as usize] = cairn_types::Digest::ZERO;
        prop_assert_ne!(root_from_path(id, &account, &wrong), root);
    }
}

#[test]
fn an_empty_leaf_is_no_leaf() {
    let mut tree = AccountTree::default();
    let empty = tree.root();
    assert_eq!(empty, root(&BTreeMap::new(), 32, 0).into());
    let key = PublicKey::new([1; 5]).unwrap();
    tree.set(5, Account { key, ..Account::EMPTY });
    assert_ne!(tree.root(), empty);
    tree.set(5, Account::EMPTY);
    assert_eq!(tree.root(), empty);
}
