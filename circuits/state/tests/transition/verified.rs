//! Signatures verified beforehand: the same state and the same refusals as without.

use cairn_state::{Verified, apply, apply_verified, message_digest, sign};
use cairn_types::{Authorization, Operation, SignedTransaction, Transaction};
use proptest::prelude::*;

use crate::world::*;

const TRANSFER: Transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 100, fee: 3 };

#[test]
fn only_a_signature_that_holds_makes_one() {
    let signed = signed(&world(), TRANSFER, ALICE_KEY);
    let verified = Verified::check(signed, key(ALICE_KEY)).expect("Alice's signature");
    assert_eq!((verified.signed(), verified.key()), (&signed, &key(ALICE_KEY)));
    let message = message_digest(&signed.transaction, &signed.authorization);
    assert_eq!(*verified.message(), message.into());
    assert_eq!(Verified::trusted(signed, key(ALICE_KEY)), verified);
    assert_eq!(Verified::check(signed, key(BOB_KEY)), None);
    let other = Transaction::Transfer { from: ALICE, to: BOB, amount: 101, fee: 3 };
    let changed = SignedTransaction { transaction: other, ..signed };
    assert_eq!(Verified::check(changed, key(ALICE_KEY)), None);
}

#[test]
fn after_a_change_of_key_the_signature_is_judged_again() {
    let mut state = world();
    let change = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 0 };
    let next = Authorization { nonce: 1, ..authorization(&state, &TRANSFER) };
    apply_signed(&mut state, change, ALICE_KEY).unwrap();
    // Signed by the old key before the change: it held then, and does not now.
    let old = Verified::check(sign(&secret(ALICE_KEY), TRANSFER, next), key(ALICE_KEY)).unwrap();
    let refused = apply_verified(&mut state, &old, &ENVIRONMENT);
    assert_eq!(refused, Err(cairn_state::Refusal::Signature));
    // Whoever says which key it was may be wrong: the leaf's key decides.
    let new = Verified::trusted(sign(&secret(9), TRANSFER, next), key(ALICE_KEY));
    apply_verified(&mut state, &new, &ENVIRONMENT).unwrap();
    assert_eq!(balance(&state, BOB), 600);
}

/// A transaction and who signs it: mostly the leaf's key, sometimes another.
fn step() -> impl Strategy<Value = (u8, u32, u32, u64, u8, u8)> {
    let id = || prop::sample::select(&[0, ALICE, BOB, BOB_1, BOB_1 + 1][..]);
    (0..8u8, id(), id(), 0..400u64, 0..4u8, 0..8u8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_ways_agree(steps in prop::collection::vec(step(), 1..24)) {
        let (mut plain, mut verified) = (world(), world());
        for (kind, from, to, amount, n, fault) in steps {
            let transaction = match kind {
                0 => Transaction::TransferToNew { from, key: key(n), amount, fee: 1 },
                1 => Transaction::Withdraw { from, recipient: [n; 20], amount, fee: 1 },
                2 | 3 => Transaction::ChangeKey { from, key: key(n), fee: 1 },
                _ => Transaction::Transfer { from, to, amount, fee: 1 },
            };
            let mut stated = authorization(&plain, &transaction);
            if fault == 1 { stated.nonce += 1 }
            if fault == 2 { stated.expiry = ENVIRONMENT.timestamp - 1 }
            let leaf = plain.account(from).key;
            let signer = (0..4).find(|&i| fault != 3 && key(i) == leaf).unwrap_or(n);
            let signed = sign(&secret(signer), transaction, stated);
            let expected = apply(&mut plain, &Operation::Signed(signed), &ENVIRONMENT);
            // Verified under the signer's key, whether or not the leaf has it.
            let checked = Verified::check(signed, key(signer)).expect("signed just now");
            let got = apply_verified(&mut verified, &checked, &ENVIRONMENT);
            prop_assert_eq!(got, expected);
            prop_assert_eq!(verified.summary(), plain.summary());
        }
    }

    #[test]
    fn many_are_checked_as_one(signers in prop::collection::vec((1..4u8, 1..4u8), 0..200)) {
        let state = world();
        let items: Vec<_> = signers
            .into_iter()
            .map(|(signer, claimed)| (signed(&state, TRANSFER, signer), key(claimed)))
            .collect();
        let expected: Vec<_> =
            items.iter().map(|&(signed, key)| Verified::check(signed, key)).collect();
        prop_assert_eq!(Verified::check_many(&items), expected);
    }
}
