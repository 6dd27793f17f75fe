//! Random operations neither make nor lose money, and words alone lead to the same state.

use std::collections::BTreeMap;

use cairn_state::{BatchBuilder, Effects, State};
use cairn_types::{Operation, PriorityOperation, TokenId, Transaction};
use proptest::prelude::*;

use crate::world::*;

/// Accounts that random operations know: fee leaves, users, leaves that may come to be, none.
const IDS: [u32; 8] = [0, 1, ALICE, BOB, BOB_1, BOB_1 + 1, BOB_1 + 2, 77];

fn operation() -> impl Strategy<Value = (u8, u32, u32, u64, u64, u8)> {
    let id = || prop::sample::select(&IDS[..]);
    (0..10u8, id(), id(), 0..1_200u64, 0..40u64, 0..4u8)
}

/// Sums of balances, by token.
fn sums(state: &State) -> BTreeMap<TokenId, i128> {
    let mut sums = BTreeMap::new();
    for (_, account) in leaves(state).into_iter().filter(|(_, account)| !account.is_empty()) {
        *sums.entry(account.token).or_default() += i128::from(account.balance);
    }
    sums
}

/// What L1 must see come in.
fn income(operation: &Operation, effects: &Effects) -> Option<(TokenId, i128)> {
    match operation {
        Operation::Priority(PriorityOperation::Deposit { token, amount, .. }) => {
            Some((*token, i128::from(*amount)))
        }
        _ => effects.withdrawal.map(|w| (w.token, -i128::from(w.amount))),
    }
}

/// Who may sign for a leaf: keys of the world by number.
fn signer(state: &State, id: u32) -> u8 {
    (0..4).find(|&n| key(n) == state.account(id).key).unwrap_or(9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn money_is_conserved_and_words_suffice(
        operations in prop::collection::vec(operation(), 1..24),
    ) {
        let mut batch = BatchBuilder::new(world(), ENVIRONMENT);
        for (kind, from, to, amount, fee, n) in operations {
            let state = batch.state();
            let before = sums(state);
            let transaction = match kind {
                1 => Transaction::TransferToNew { from, key: key(n), amount, fee },
                2 => Transaction::Withdraw { from, recipient: [n; 20], amount, fee },
                3 => Transaction::ChangeKey { from, key: key(n), fee },
                // No short form.
                4 => Transaction::Transfer { from, to, amount, fee: fee + 5_001 },
                _ => Transaction::Transfer { from, to, amount, fee },
            };
            let operation = if kind >= 8 {
                // Often of another signer, or of another time.
                let signed = signed(state, transaction, if n == 0 { n } else { signer(state, from) });
                Operation::Priority(forced(&signed))
            } else if kind == 0 {
                Operation::Priority(deposit(to, (n % 2).into(), amount, n))
            } else {
                Operation::Signed(signed(state, transaction, signer(state, from)))
            };
            let mut expected = before;
            if let Ok(effects) = batch.push(operation)
                && let Some((token, amount)) = income(&operation, &effects)
            {
                *expected.entry(token).or_default() += amount;
            }
            prop_assert_eq!(sums(batch.state()), expected);
        }
        let (mut state, witness) = batch.finish();
        let mut rebuilt = world();
        let withdrawals = rebuilt.replay(&ENVIRONMENT.domain, &witness.priority, &witness.data).unwrap();
        prop_assert_eq!(rebuilt.summary(), state.summary());
        let words: Vec<_> = withdrawals.iter().map(|w| w.word().unwrap()).collect();
        prop_assert_eq!(words, witness.withdrawals);
    }
}
