//! The transition function as plain arithmetic on a map of balances.

use std::collections::BTreeMap;

use cairn_state::Verified;
use cairn_types::{Account, AccountId, PriorityOperation, SignedTransaction, Transaction};

use super::world::id;
use crate::{
    sequencer::block::decode_priority,
    store::{
        Store,
        records::{BlockOperation, Sequence},
    },
};

/// Where each transaction stands: its block, and its place there.
type Places = BTreeMap<Sequence, (u64, u32)>;

/// Executes the stored blocks by plain arithmetic. The accounts, and where each transaction stands.
pub(super) fn execute(store: &Store) -> (BTreeMap<AccountId, Account>, Places) {
    let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
    let (mut places, mut next_id, mut next_queued) = (BTreeMap::new(), id(0), 0);
    for (number, row) in (1..).zip(store.blocks.iter()) {
        let (key, block) = row.unwrap();
        assert_eq!((key, block.number), (number, number));
        for (position, operation) in (0..).zip(&block.operations) {
            match operation {
                BlockOperation::Priority(queued) => {
                    assert_eq!(queued.index, next_queued);
                    next_queued += 1;
                    match decode_priority(queued).unwrap() {
                        PriorityOperation::RegisterToken { token, key, .. } => {
                            let account = Account { key, token, nonce: 0, balance: 0 };
                            assert_eq!(accounts.insert(token.into(), account), None);
                        }
                        PriorityOperation::Deposit { leaf, token, amount, key } => {
                            let named = accounts.get_mut(&leaf).filter(|named| named.key == key);
                            if let Some(account) = named {
                                account.balance += amount;
                            } else {
                                let account = Account { key, token, nonce: 0, balance: amount };
                                accounts.insert(next_id, account);
                                next_id += 1;
                            }
                        }
                        PriorityOperation::Forced(_) => panic!("nobody forces anything"),
                    }
                }
                BlockOperation::Transaction(sequence) => {
                    assert_eq!(places.insert(*sequence, (number, position)), None, "twice");
                    let signed = store.log.get(sequence).unwrap().unwrap().transaction;
                    let expiry = signed.authorization.expiry;
                    assert!(expiry == 0 || expiry >= block.timestamp, "expired");
                    pay(&mut accounts, &mut next_id, &signed);
                }
            }
        }
    }
    (accounts, places)
}

fn pay(
    accounts: &mut BTreeMap<AccountId, Account>,
    next_id: &mut AccountId,
    signed: &SignedTransaction,
) {
    let SignedTransaction { transaction, authorization, .. } = *signed;
    let payer = accounts.get_mut(&transaction.from()).unwrap();
    assert!(Verified::check(*signed, payer.key).is_some(), "signed by its payer");
    assert_eq!(authorization.nonce, payer.nonce);
    payer.nonce += 1;
    payer.balance -= transaction.amount() + transaction.fee();
    match transaction {
        Transaction::Transfer { to, amount, .. } => {
            let payee = accounts.get_mut(&to).unwrap();
            assert_eq!(authorization.recipient, payee.key);
            payee.balance += amount;
        }
        Transaction::TransferToNew { key, amount, .. } => {
            accounts.insert(*next_id, Account { key, token: 0, nonce: 0, balance: amount });
            *next_id += 1;
        }
        Transaction::Withdraw { .. } => {}
        Transaction::ChangeKey { key, .. } => payer.key = key,
    }
    accounts.get_mut(&0).unwrap().balance += transaction.fee();
}
