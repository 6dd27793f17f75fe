//! Openings and partial trees against the whole tree.

use cairn_state::{AccountTree, OpeningError, PartialTree, TreeOpening};
use cairn_types::{Account, AccountId, Digest};
use proptest::prelude::*;

use crate::tree::{account, id};

fn tree(leaves: &[(AccountId, Account)]) -> AccountTree {
    let mut tree = AccountTree::default();
    leaves.iter().for_each(|&(id, account)| tree.set(id, account));
    tree
}

fn leaves() -> impl Strategy<Value = Vec<(AccountId, Account)>> {
    prop::collection::vec((id(), account()), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Through reads, writes and openings of a part.
    #[test]
    fn a_partial_tree_is_like_the_whole(
        leaves in leaves(),
        writes in leaves(),
        others in prop::collection::vec(id(), 0..5),
    ) {
        let mut tree = tree(&leaves);
        let ids: Vec<_> = writes.iter().chain(&leaves).map(|&(id, _)| id).chain(others).collect();
        let mut partial = PartialTree::new(&tree.open(&ids)).unwrap();
        prop_assert_eq!(partial.root(), tree.root());
        for (id, account) in writes {
            prop_assert_eq!(partial.get(id), Ok(tree.get(id)));
            partial.set(id, account).unwrap();
            tree.set(id, account);
            prop_assert_eq!(partial.get(id), Ok(account));
        }
        prop_assert_eq!(partial.root(), tree.root());
        for part in [&ids[..], &ids[..ids.len() / 2], &ids[..1], &[]] {
            let opening = tree.open(part);
            prop_assert_eq!(&partial.open(part).unwrap(), &opening);
            prop_assert_eq!(PartialTree::new(&opening).unwrap().root(), tree.root());
            let config = bincode::config::standard();
            let bytes = bincode::serde::encode_to_vec(&opening, config).unwrap();
            let decoded: (TreeOpening, usize) =
                bincode::serde::decode_from_slice(&bytes, config).unwrap();
            prop_assert_eq!(decoded.0, opening);
        }
    }

    /// Every part of an opening counts, and none is missing or superfluous.
    #[test]
    fn an_opening_holds_for_one_root(leaves in leaves(), at in any::<prop::sample::Index>()) {
        let mut tree = tree(&leaves);
        let ids: Vec<_> = leaves.iter().map(|&(id, _)| id).collect();
        let opening = tree.open(&ids);
        let other = |change: &dyn Fn(&mut TreeOpening)| {
            let mut other = opening.clone();
            change(&mut other);
            PartialTree::new(&other)
        };
        let sibling = at.index(opening.siblings.len());
        let mut wrong = other(&|opening| opening.siblings[sibling] = Digest::ZERO).unwrap();
        prop_assert_ne!(wrong.root(), tree.root());
        let leaf = at.index(opening.leaves.len());
        let mut wrong = other(&|opening| opening.leaves[leaf].1.balance ^= 1).unwrap();
        prop_assert_ne!(wrong.root(), tree.root());

        let expected = opening.siblings.len();
        let refused = other(&|opening| opening.siblings.truncate(expected - 1)).unwrap_err();
        prop_assert_eq!(refused, OpeningError::Siblings { expected, got: expected - 1 });
        let refused = other(&|opening| opening.siblings.push(Digest::ZERO)).unwrap_err();
        prop_assert_eq!(refused, OpeningError::Siblings { expected, got: expected + 1 });
        let got = opening.leaves[leaf].0;
        let refused = other(&|o| o.leaves.insert(leaf, o.leaves[leaf])).unwrap_err();
        prop_assert_eq!(refused, OpeningError::Order { previous: got, got });
    }
}

/// One path has 32 siblings; two leaves that share all but the last step, 31; none, the two below
/// the root.
#[test]
fn an_opening_is_minimal() {
    let mut tree = AccountTree::default();
    for (ids, siblings) in [(&[5][..], 32), (&[5, 4, 5], 31), (&[5, 6], 32), (&[], 2)] {
        assert_eq!(tree.open(ids).siblings.len(), siblings, "{ids:?}");
    }
}

#[test]
fn leaves_outside_are_refused() {
    let mut partial = PartialTree::new(&AccountTree::default().open(&[4, 6])).unwrap();
    let refused = OpeningError::NotOpened { got: 5 };
    assert_eq!(partial.get(5), Err(refused));
    assert_eq!(partial.set(5, Account::EMPTY), Err(refused));
    assert_eq!(partial.open(&[4, 5]), Err(refused));
}
