//! What [`Fill`] counts is what the batch's words and chunks are.

use cairn_prover::plan::Plan;
use cairn_state::{BatchBuilder, Environment, State, apply};
use cairn_types::{
    BlobScalar, Digest, Extension, ForcedTransaction, Operation, PriorityOperation, PublicKey,
    Signature, StreamEnvironment, Transaction,
};
use proptest::prelude::*;

use super::world::{FUNDS, USERS, domain, id, key, signed};
use crate::{
    sequencer::fill::{Fill, Limits},
    store::records::SealReason,
};

const LIMITS: Limits = Limits { data_words: 100, priority_words: 100, withdrawals: 100, chunks: 6 };

fn environment() -> Environment {
    Environment { domain: domain(), timestamp: 1 }
}

fn funded() -> State {
    let mut state = State::genesis();
    let mut push = |operation| {
        apply(&mut state, &Operation::Priority(operation), &environment()).unwrap();
    };
    push(PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key(99) });
    for user in 0..USERS {
        push(PriorityOperation::Deposit { leaf: 0, token: 0, amount: FUNDS, key: key(user) });
    }
    state
}

fn chunks(batch: BatchBuilder) -> usize {
    let root = Digest::new([0; 4]).unwrap();
    let (x, z) = (Extension::ZERO, BlobScalar::ZERO);
    let environment = StreamEnvironment { x, z, circuit_set_root: root };
    Plan::new(&batch.finish().1, usize::MAX, environment).unwrap().chunks.len()
}

/// Amounts that are short, and some that are not.
fn transaction() -> impl Strategy<Value = Transaction> {
    let amount = prop_oneof![4 => 1..1_000_u64, 1 => Just((1 << 37) + 1)];
    (0..USERS, 0..USERS, amount, 0..8_u8).prop_map(|(from, to, amount, kind)| {
        let (from, to, fee) = (id(from), id(to), 1);
        match kind {
            0 => Transaction::Withdraw { from, recipient: [7; 20], amount, fee },
            1 => Transaction::TransferToNew { from, key: key(50), amount, fee },
            2 => Transaction::ChangeKey { from, key: key(from - id(0)), fee },
            _ => Transaction::Transfer { from, to, amount, fee },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn words_are_those_of_the_builder(transactions in prop::collection::vec(transaction(), 0..60)) {
        let mut batch = BatchBuilder::new(funded(), environment());
        let mut fill = Fill::default();
        for transaction in transactions {
            let payer = batch.state().account(transaction.from());
            let recipient = match transaction {
                Transaction::Transfer { to, .. } => batch.state().account(to).key,
                _ => PublicKey::ZERO,
            };
            let user = transaction.from() - id(0);
            let signed = signed(user, payer.nonce, 0, transaction, recipient);
            if fill.refuses(&transaction, &Limits { data_words: 30, ..LIMITS }).is_some() {
                // What is refused would not have fitted.
                prop_assert!(fill.data_words() >= 29);
                continue;
            }
            let Ok(effects) = batch.push(Operation::Signed(signed)) else { continue };
            fill.add(&Operation::Signed(signed), &effects);
            prop_assert_eq!(fill.data_words() as usize, batch.data_words());
            prop_assert_eq!(fill.operations() as usize, batch.operations());
            prop_assert!(fill.data_words() <= 30);
        }
        let chunks = chunks(batch);
        prop_assert_eq!(fill.chunks().max(1) as usize, chunks);
    }
}

/// Five words each, and 2^14 fit a chunk: 3,276 of them. Its payer does not exist, so that no signature is judged.
#[test]
fn chunks_are_those_of_the_plan() {
    let forced = PriorityOperation::Forced(ForcedTransaction {
        transaction: Transaction::Withdraw { from: 7, recipient: [1; 20], amount: 1, fee: 0 },
        token: 0,
        nonce: 0,
        expiry: 0,
        recipient: PublicKey::ZERO,
        signature: Signature::default(),
        enqueued: 1,
    });
    let forced = Operation::Priority(forced);
    let limits = Limits { priority_words: 1 << 20, chunks: 2, ..LIMITS };
    let mut batch = BatchBuilder::new(State::genesis(), environment());
    let mut fill = Fill::default();
    let mut full = None;
    for count in 1..=6_600 {
        if !fill.takes_priority(5, &limits) {
            full.get_or_insert(count);
        }
        let effects = batch.push(forced).unwrap();
        fill.add(&forced, &effects);
        if let 3_276 | 3_277 = count {
            assert_eq!(fill.chunks(), count - 3_275);
        }
    }
    // Refused where the next could open the third chunk, a little early.
    assert!((6_550..=6_553).contains(&full.unwrap()), "{full:?}");
    assert_eq!((fill.chunks(), chunks(batch)), (3, 3));
}

#[test]
fn priority_operations_join_before_data_only() {
    let mut state = funded();
    let mut fill = Fill::default();
    assert!(fill.takes_priority(2, &LIMITS));
    assert!(!fill.takes_priority(101, &LIMITS));
    let pay = Transaction::Transfer { from: id(0), to: id(1), amount: 5, fee: 1 };
    let operation = Operation::Signed(signed(0, 0, 0, pay, key(1)));
    let effects = apply(&mut state, &operation, &environment()).unwrap();
    fill.add(&operation, &effects);
    assert!(!fill.takes_priority(2, &LIMITS));
    // The half word that is left is room for a short transfer, and for nothing else.
    let one_word = Limits { data_words: 1, ..LIMITS };
    assert_eq!(fill.refuses(&pay, &one_word), None);
    let leave = Transaction::Withdraw { from: id(0), recipient: [1; 20], amount: 5, fee: 1 };
    assert_eq!(fill.refuses(&leave, &one_word), Some(SealReason::Data));
}
