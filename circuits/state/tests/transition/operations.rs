//! What each operation does.

use cairn_state::{LeafChange, apply};
use cairn_types::{Account, Operation, Transaction, Withdrawal};

use crate::world::*;

#[test]
fn priority_operations_create_and_credit() {
    let mut state = world();
    assert_eq!((state.next_id(), state.next_token()), ((1 << 16) + 3, 2));
    let fee_leaf = Account { key: key(OPERATOR), token: 1, nonce: 0, balance: 0 };
    assert_eq!(state.account(1), fee_leaf);
    let alice = Account { key: key(ALICE_KEY), token: 0, nonce: 0, balance: 1_000 };
    assert_eq!(state.account(ALICE), alice);

    // The named leaf has this key and token.
    let operation = Operation::Priority(deposit(ALICE, 0, 7, ALICE_KEY));
    let effects = apply(&mut state, &operation, &ENVIRONMENT).unwrap();
    let richer = Account { balance: 1_007, ..alice };
    let read = LeafChange { id: ALICE, before: alice, after: alice };
    let write = LeafChange { after: richer, ..read };
    assert_eq!(effects.leaves, [None, Some(read), Some(write)]);
    assert_eq!((state.account(ALICE), state.next_id()), (richer, (1 << 16) + 3));

    // Another key, or another token: a new leaf.
    for operation in [deposit(ALICE, 0, 8, BOB_KEY), deposit(ALICE, 1, 9, ALICE_KEY)] {
        let id = state.next_id() as u32;
        apply(&mut state, &Operation::Priority(operation), &ENVIRONMENT).unwrap();
        assert_eq!(state.account(ALICE), richer);
        assert_eq!(state.account(id).balance, if id == BOB_1 + 1 { 8 } else { 9 });
    }
}

#[test]
fn transfer_moves_amount_and_fee() {
    let mut state = world();
    let transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 100, fee: 3 };
    let effects = apply_signed(&mut state, transaction, ALICE_KEY).unwrap();
    assert_eq!(
        effects.leaves.map(|leaf| leaf.map(|leaf| leaf.id)),
        [Some(ALICE), Some(BOB), Some(0)]
    );
    assert_eq!([ALICE, BOB, 0].map(|id| balance(&state, id)), [897, 600, 3]);
    assert_eq!(state.account(ALICE).nonce, 1);
    assert_eq!(state.account(BOB).nonce, 0);
}

#[test]
fn transfer_to_new_creates_the_next_leaf() {
    let mut state = world();
    let transaction = Transaction::TransferToNew { from: BOB_1, key: key(9), amount: 100, fee: 3 };
    apply_signed(&mut state, transaction, BOB_KEY).unwrap();
    let new = Account { key: key(9), token: 1, nonce: 0, balance: 100 };
    assert_eq!(state.account(BOB_1 + 1), new);
    assert_eq!([BOB_1, 1, 0].map(|id| balance(&state, id)), [397, 3, 0]);
    assert_eq!(state.next_id(), u64::from(BOB_1) + 2);
}

#[test]
fn withdraw_owes_the_amount_on_l1() {
    let mut state = world();
    let recipient = [0xab; 20];
    let transaction = Transaction::Withdraw { from: BOB_1, recipient, amount: 100, fee: 3 };
    let effects = apply_signed(&mut state, transaction, BOB_KEY).unwrap();
    assert_eq!(effects.withdrawal, Some(Withdrawal { token: 1, recipient, amount: 100 }));
    assert_eq!([BOB_1, 1].map(|id| balance(&state, id)), [397, 3]);
    assert_eq!(effects.leaves[1], None);
}

#[test]
fn change_key_hands_the_leaf_over() {
    let mut state = world();
    let transaction = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 3 };
    apply_signed(&mut state, transaction, ALICE_KEY).unwrap();
    let alice = Account { key: key(9), token: 0, nonce: 1, balance: 997 };
    assert_eq!(state.account(ALICE), alice);
    let transaction = Transaction::ChangeKey { from: ALICE, key: key(ALICE_KEY), fee: 0 };
    apply_signed(&mut state, transaction, 9).unwrap();
}

#[test]
fn a_transfer_to_oneself_costs_the_fee() {
    let mut state = world();
    let transaction = Transaction::Transfer { from: ALICE, to: ALICE, amount: 997, fee: 3 };
    apply_signed(&mut state, transaction, ALICE_KEY).unwrap();
    assert_eq!([ALICE, 0].map(|id| balance(&state, id)), [997, 3]);
    assert_eq!(state.account(ALICE).nonce, 1);
}

#[test]
fn fee_leaves_pay_and_are_paid() {
    let mut state = world();
    let to_fee_leaf = Transaction::Transfer { from: ALICE, to: 0, amount: 100, fee: 3 };
    apply_signed(&mut state, to_fee_leaf, ALICE_KEY).unwrap();
    assert_eq!([ALICE, 0].map(|id| balance(&state, id)), [897, 103]);
    // The payer gets its own fee back: it is the leaf A and the leaf C.
    let from_fee_leaf = Transaction::Transfer { from: 0, to: BOB, amount: 50, fee: 3 };
    apply_signed(&mut state, from_fee_leaf, OPERATOR).unwrap();
    assert_eq!([0, BOB].map(|id| balance(&state, id)), [53, 550]);
    // A, B and C at once.
    let to_itself = Transaction::Transfer { from: 0, to: 0, amount: 50, fee: 3 };
    apply_signed(&mut state, to_itself, OPERATOR).unwrap();
    assert_eq!(state.account(0), Account { key: key(OPERATOR), token: 0, nonce: 2, balance: 53 });
    // The fee reaches the leaf under its new key.
    let change = Transaction::ChangeKey { from: 0, key: key(9), fee: 3 };
    let effects = apply_signed(&mut state, change, OPERATOR).unwrap();
    assert_eq!(effects.leaves[2].unwrap().before.key, key(9));
    assert_eq!(state.account(0).balance, 53);
}

#[test]
fn expiry_is_the_last_valid_timestamp() {
    let mut state = world();
    let transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 1, fee: 0 };
    let mut authorization = authorization(&state, &transaction);
    authorization.expiry = ENVIRONMENT.timestamp;
    let signed = cairn_state::sign(&secret(ALICE_KEY), transaction, authorization);
    apply(&mut state, &Operation::Signed(signed), &ENVIRONMENT).unwrap();
}
