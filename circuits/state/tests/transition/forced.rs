//! Forced transactions: executed iff the transaction holds, else nothing but their words.

use cairn_primitives::ecgfp5::{Affine, Point, generator};
use cairn_primitives::schnorr::{SecretKey, start};
use cairn_state::{BatchBuilder, Effects, Environment, Fault, State, apply, message_digest, sign};
use cairn_types::{
    Authorization, FORCED_WORDS, ForcedTransaction, MODULUS, Operation, PriorityOperation,
    PublicKey, Signature, SignedTransaction, Transaction, Word,
};
use proptest::prelude::*;

use crate::world::*;

const TRANSFER: Transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 100, fee: 3 };

/// What a forced transaction does, in any batch.
fn execute(state: &mut State, forced: ForcedTransaction) -> Effects {
    let operation = Operation::Priority(PriorityOperation::Forced(forced));
    // The time of the batch does not matter.
    let environment = Environment { timestamp: u32::MAX, ..ENVIRONMENT };
    apply(state, &operation, &environment).expect("L1 accepts it")
}

/// The fault of a transaction, which must leave everything as it was.
fn fault(state: &mut State, forced: ForcedTransaction) -> Option<Fault> {
    let (before, accounts) = (state.summary(), leaves(state));
    let effects = execute(state, forced);
    assert!(effects.fault.is_some());
    assert_eq!((state.summary(), leaves(state)), (before, accounts));
    assert_eq!(effects.withdrawal, None);
    let [Some(read), None, None] = effects.leaves else { panic!("{:?}", effects.leaves) };
    assert_eq!(read.before, read.after);
    effects.fault
}

fn queued(signed: &SignedTransaction) -> ForcedTransaction {
    ForcedTransaction::new(signed, ENVIRONMENT.timestamp)
}

/// Alice's transfer, properly signed for something that does not hold.
fn fault_of(change: impl Fn(&mut Authorization)) -> Option<Fault> {
    let mut state = world();
    let mut authorization = authorization(&state, &TRANSFER);
    change(&mut authorization);
    fault(&mut state, queued(&sign(&secret(ALICE_KEY), TRANSFER, authorization)))
}

fn fault_in_world(transaction: Transaction, n: u8) -> Option<Fault> {
    let mut state = world();
    let signed = signed(&state, transaction, n);
    fault(&mut state, queued(&signed))
}

#[test]
fn every_kind_is_executed_as_if_it_were_data() {
    let recipient = [9; 20];
    for transaction in [
        TRANSFER,
        Transaction::Transfer { from: ALICE, to: ALICE, amount: 997, fee: 3 },
        Transaction::Transfer { from: ALICE, to: 0, amount: 1, fee: 3 },
        Transaction::TransferToNew { from: ALICE, key: key(9), amount: 100, fee: 3 },
        Transaction::Withdraw { from: ALICE, recipient, amount: 1_000, fee: 0 },
        Transaction::ChangeKey { from: ALICE, key: key(9), fee: 1_000 },
    ] {
        let (mut state, mut other) = (world(), world());
        let signed = signed(&state, transaction, ALICE_KEY);
        let effects = execute(&mut state, queued(&signed));
        assert_eq!(apply(&mut other, &Operation::Signed(signed), &ENVIRONMENT), Ok(effects));
        assert_eq!((effects.fault, state.summary()), (None, other.summary()));
        // A second time it is a replay.
        assert!(fault(&mut state, queued(&signed)).is_some());
    }
    // The operator's own leaf pays and collects.
    let mut state = world();
    let refill = Transaction::Transfer { from: ALICE, to: 0, amount: 100, fee: 0 };
    apply_signed(&mut state, refill, ALICE_KEY).unwrap();
    let itself = Transaction::Transfer { from: 0, to: 0, amount: 50, fee: 3 };
    let signed = signed(&state, itself, OPERATOR);
    assert_eq!(execute(&mut state, queued(&signed)).fault, None);
    assert_eq!(balance(&state, 0), 100);
}

#[test]
fn faults_of_the_authorization() {
    assert_eq!(fault_of(|a| a.domain = Word::new([1; 31])), Some(Fault::Signature));
    assert_eq!(fault_of(|a| a.token = 1), Some(Fault::Token));
    assert_eq!(fault_of(|a| a.token = u16::MAX), Some(Fault::Token));
    assert_eq!(fault_of(|a| a.nonce = 1), Some(Fault::Nonce));
    assert_eq!(fault_of(|a| a.nonce = u32::MAX), Some(Fault::Nonce));
    assert_eq!(fault_of(|a| a.recipient = key(9)), Some(Fault::Payee));
}

#[test]
fn expiry_is_held_against_the_queue() {
    let at = |expiry: u32, enqueued: u32| {
        let mut state = world();
        let mut authorization = authorization(&state, &TRANSFER);
        authorization.expiry = expiry;
        let signed = sign(&secret(ALICE_KEY), TRANSFER, authorization);
        execute(&mut state, ForcedTransaction::new(&signed, enqueued)).fault
    };
    assert_eq!(at(0, u32::MAX), None);
    assert_eq!(at(7, 7), None);
    assert_eq!(at(7, 8), Some(Fault::Late));
    assert_eq!(at(u32::MAX, u32::MAX), None);
    assert_eq!(at(1, u32::MAX), Some(Fault::Late));
}

#[test]
fn faults_of_the_state() {
    let transfer = |from, to, amount, fee| Transaction::Transfer { from, to, amount, fee };
    let most = (1 << 62) - 1;
    let none = BOB_1 + 1;
    for (transaction, expected) in [
        (transfer(ALICE, BOB, 1_001, 0), Fault::Amount),
        (transfer(ALICE, BOB, most, most), Fault::Amount),
        (transfer(ALICE, BOB, 998, 3), Fault::Fee),
        (transfer(ALICE, BOB, 0, most), Fault::Fee),
        (Transaction::ChangeKey { from: ALICE, key: key(9), fee: 1_001 }, Fault::Fee),
        // Leaves that do not exist, and the last there could be.
        (transfer(none, BOB, 0, 0), Fault::Key),
        (transfer(u32::MAX, BOB, 0, 0), Fault::Key),
        (transfer(none, none, 0, 0), Fault::Key),
        (Transaction::ChangeKey { from: 77, key: key(9), fee: 0 }, Fault::Key),
        // Of another token.
        (transfer(ALICE, BOB_1, 0, 0), Fault::Payee),
    ] {
        let named = |transaction| {
            let state = world();
            // Zero keys L1 refuses: the signer takes the payee's leaf for one with a key.
            let mut authorization = authorization(&state, &transaction);
            if matches!(transaction, Transaction::Transfer { .. })
                && authorization.recipient.is_zero()
            {
                authorization.recipient = key(9);
            }
            sign(&secret(ALICE_KEY), transaction, authorization)
        };
        assert_eq!(
            fault(&mut world(), queued(&named(transaction))),
            Some(expected),
            "{transaction:?}"
        );
    }
    for to in [none, 2, u32::MAX] {
        let mut authorization = authorization(&world(), &TRANSFER);
        authorization.recipient = key(9);
        let signed = sign(&secret(ALICE_KEY), transfer(ALICE, to, 1, 0), authorization);
        assert_eq!(fault(&mut world(), queued(&signed)), Some(Fault::Payee));
    }
    assert_eq!(fault_in_world(TRANSFER, BOB_KEY), Some(Fault::Signature));
}

/// Balances that would leave their 63 bits, which no deposits under a cap lead to.
#[test]
fn overflows_change_nothing() {
    let mut state = world();
    for amount in [(1 << 62) - 1, (1 << 62) - 500] {
        let operation = Operation::Priority(deposit(BOB, 0, amount, BOB_KEY));
        apply(&mut state, &operation, &ENVIRONMENT).unwrap();
    }
    let pay = |state: &State, to, amount, fee| {
        queued(&signed(state, Transaction::Transfer { from: ALICE, to, amount, fee }, ALICE_KEY))
    };
    let forced = pay(&state, BOB, 1, 0);
    assert_eq!(fault(&mut state, forced), Some(Fault::Overflow));
    // The fee leaf.
    let all = Transaction::Transfer { from: BOB, to: 0, amount: (1 << 62) - 1, fee: 0 };
    for _ in 0..2 {
        apply_signed(&mut state, all, BOB_KEY).unwrap();
    }
    let one = Transaction::Transfer { from: BOB, to: 0, amount: 1, fee: 0 };
    apply_signed(&mut state, one, BOB_KEY).unwrap();
    assert_eq!(balance(&state, 0), (1 << 63) - 1);
    let forced = pay(&state, BOB, 1, 1);
    assert_eq!(fault(&mut state, forced), Some(Fault::Overflow));
}

/// Keys that anyone can put into a leaf, with signatures that nobody has checked.
#[test]
fn adversarial_keys_change_nothing() {
    let elements =
        |point: Affine| PublicKey::from(cairn_primitives::schnorr::PublicKey(point.encode()));
    let quadruple = Point::from(*start()).double().double().to_affine().unwrap();
    let undecodable = [
        135036726621282077,
        17283229938160287622,
        13113167081889323961,
        1653240450380825271,
        520025869628727862,
    ];
    let keys = [
        (elements(generator()), Fault::Signature),
        (elements(generator().neg()), Fault::Signature),
        // Operands of the loop's first addition coincide.
        (elements(quadruple), Fault::Signature),
        (elements(quadruple.neg()), Fault::Signature),
        (PublicKey::new(undecodable).unwrap(), Fault::Key),
    ];
    let top = u64::from(Signature::RESPONSE_TOP_LIMIT) << 32;
    let signatures = [
        Signature::new([0; 2], [0; 5]),
        Signature::new([0, 1 << 62], [3, 0, 0, 0, 0]),
        Signature::new([MODULUS - 1; 2], [u64::MAX, u64::MAX, u64::MAX, u64::MAX, top - 1]),
    ];
    for (key, expected) in keys {
        let mut state = world();
        let id = state.next_id() as u32;
        let deposit = PriorityOperation::Deposit { leaf: 0, token: 0, amount: 9, key };
        apply(&mut state, &Operation::Priority(deposit), &ENVIRONMENT).unwrap();
        let transaction = Transaction::Transfer { from: id, to: BOB, amount: 1, fee: 0 };
        for signature in signatures {
            let mut forced = queued(&signed(&state, transaction, ALICE_KEY));
            forced.signature = signature.unwrap();
            assert_eq!(fault(&mut state, forced), Some(expected));
        }
    }
    // P = G is a key like any other: its secret is 1, that of -G is -1.
    let secret = SecretKey::from_seed(b"any other");
    let message = message_digest(&TRANSFER, &authorization(&world(), &TRANSFER));
    assert!(cairn_primitives::schnorr::verify(&secret.public(), &message, &secret.sign(&message)));
}

#[test]
fn words_are_appended_in_either_case() {
    let mut batch = BatchBuilder::new(world(), ENVIRONMENT);
    let valid = signed(batch.state(), TRANSFER, ALICE_KEY);
    let withdraw = Transaction::Withdraw { from: BOB, recipient: [7; 20], amount: 5, fee: 1 };
    let withdraw = signed(batch.state(), withdraw, BOB_KEY);
    let effects = [&valid, &valid, &withdraw]
        .map(|signed| batch.push(Operation::Priority(forced(signed))).unwrap());
    assert_eq!(effects.map(|effects| effects.fault), [None, Some(Fault::Nonce), None]);
    let (mut state, witness) = batch.finish();
    let faults: Vec<_> = witness.slots.iter().map(|slot| slot.fault).collect();
    assert_eq!(faults, [None, Some(Fault::Nonce), None]);
    assert_eq!(witness.priority.len(), 3 * FORCED_WORDS);
    assert_eq!((witness.data.len(), witness.withdrawals.len()), (0, 1));
    let mut rebuilt = world();
    let owed = rebuilt.replay(&ENVIRONMENT.domain, &witness.priority, &[]).unwrap();
    assert_eq!((rebuilt.summary(), owed.len()), (state.summary(), 1));
    // On another rollup the same words do nothing.
    let mut other = world();
    assert_eq!(other.replay(&Word::default(), &witness.priority, &[]), Ok(vec![]));
    assert_eq!(other.summary(), world().summary());
}

proptest! {
    /// Whatever L1 accepts, and whatever the transaction would do as data in a batch of that second.
    #[test]
    fn it_is_the_transaction_or_nothing(
        kind in 0..4u8, from in prop::sample::select(&[0, 1, ALICE, BOB, BOB_1, 77][..]),
        to in prop::sample::select(&[0, 1, ALICE, BOB, BOB_1, 77, u32::MAX][..]),
        amount in prop_oneof![3 => 0..1_200u64, 1 => 0..1u64 << 62], fee in 0..40u64,
        change in 0..12u8, late: bool, signer in 0..4u8, bit in 0..443usize,
    ) {
        let mut state = world();
        let transaction = match kind {
            0 => Transaction::TransferToNew { from, key: key(signer), amount, fee },
            1 => Transaction::Withdraw { from, recipient: [signer; 20], amount, fee },
            2 => Transaction::ChangeKey { from, key: key(signer), fee },
            _ => Transaction::Transfer { from, to, amount, fee },
        };
        let mut authorization = authorization(&state, &transaction);
        if kind > 2 && authorization.recipient.is_zero() {
            authorization.recipient = key(9);
        }
        match change {
            0 => authorization.token ^= 1,
            1 => authorization.nonce += 1,
            2 => authorization.expiry = ENVIRONMENT.timestamp - u32::from(late),
            3 if kind > 2 => authorization.recipient = key(signer),
            _ => {}
        }
        let owner = (0..3).find(|&n| key(n) == state.account(from).key).unwrap_or(signer);
        let by = if change == 4 { signer } else { owner };
        let mut signed = sign(&secret(by), transaction, authorization);
        if change == 5 {
            let mut bytes = signed.signature.to_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = Signature::from_bytes(&bytes) { signed.signature = changed }
        }
        let operation = forced(&signed);
        prop_assume!(operation.words().is_ok());
        let mut other = state.clone();
        let accepted = apply(&mut other, &Operation::Signed(signed), &ENVIRONMENT);
        let effects = apply(&mut state, &Operation::Priority(operation), &ENVIRONMENT).unwrap();
        prop_assert_eq!(effects.fault.is_none(), accepted.is_ok());
        if let Ok(accepted) = accepted {
            prop_assert_eq!(effects, accepted);
        }
        prop_assert_eq!(state.summary(), other.summary());
    }
}
