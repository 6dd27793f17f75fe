//! Every refusal, and that it changes nothing.

use cairn_state::{BatchBuilder, Environment, Refusal, State, apply, sign};
use cairn_types::{
    Authorization, Operation, PackError, PriorityOperation, PublicKey, Signature, Transaction, Word,
};
use proptest::prelude::*;

use crate::world::*;

const TRANSFER: Transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 100, fee: 3 };

/// Applies, and demands that a refusal leaves everything as it was.
fn refusal(state: &mut State, operation: Operation, environment: &Environment) -> Refusal {
    let (before, accounts) = (state.summary(), leaves(state));
    let refusal = apply(state, &operation, environment).unwrap_err();
    assert_eq!((state.summary(), leaves(state)), (before, accounts));
    refusal
}

fn refused_priority(operation: PriorityOperation) -> Refusal {
    refusal(&mut world(), Operation::Priority(operation), &ENVIRONMENT)
}

fn refused(transaction: Transaction, n: u8) -> Refusal {
    let mut state = world();
    let operation = Operation::Signed(signed(&state, transaction, n));
    refusal(&mut state, operation, &ENVIRONMENT)
}

/// The transfer, properly signed for something that the state does not agree with.
fn refused_authorization(change: impl Fn(&mut Authorization)) -> Refusal {
    let mut state = world();
    let mut authorization = authorization(&state, &TRANSFER);
    change(&mut authorization);
    let signed = sign(&secret(ALICE_KEY), TRANSFER, authorization);
    refusal(&mut state, Operation::Signed(signed), &ENVIRONMENT)
}

#[test]
fn registration() {
    let token =
        |token| PriorityOperation::RegisterToken { token, quantum_exponent: 0, key: key(OPERATOR) };
    assert_eq!(refused_priority(token(1)), Refusal::NextToken { expected: 2, got: 1 });
    assert_eq!(refused_priority(token(3)), Refusal::NextToken { expected: 2, got: 3 });
    let zero_key = PublicKey::ZERO;
    let no_key = PriorityOperation::RegisterToken { token: 2, quantum_exponent: 0, key: zero_key };
    assert_eq!(refused_priority(no_key), Refusal::ZeroKey);
}

#[test]
fn token_table_exhausted() {
    let mut state = State::genesis();
    let key = key(OPERATOR);
    for token in 0..=u16::MAX {
        let register = PriorityOperation::RegisterToken { token, quantum_exponent: 0, key };
        apply(&mut state, &Operation::Priority(register), &ENVIRONMENT).unwrap();
    }
    assert_eq!(state.next_token(), 1 << 16);
    let operation = Operation::Priority(register(0));
    let refusal = apply(&mut state, &operation, &ENVIRONMENT).unwrap_err();
    assert_eq!(refusal, Refusal::NextToken { expected: 1 << 16, got: 0 });
}

#[test]
fn deposits() {
    let unknown = Refusal::UnknownToken { expected: 2, got: 2 };
    assert_eq!(refused_priority(deposit(ALICE, 2, 1, ALICE_KEY)), unknown);
    let large = deposit(ALICE, 0, 1 << 62, ALICE_KEY);
    assert_eq!(refused_priority(large), Refusal::AmountRange { got: 1 << 62 });
    let no_key =
        PriorityOperation::Deposit { leaf: ALICE, token: 0, amount: 1, key: PublicKey::ZERO };
    assert_eq!(refused_priority(no_key), Refusal::ZeroKey);
    // Neither does the zero key meet the empty leaf.
    let no_key = PriorityOperation::Deposit { leaf: 77, token: 0, amount: 1, key: PublicKey::ZERO };
    assert_eq!(refused_priority(no_key), Refusal::ZeroKey);

    let mut state = world();
    let most = Operation::Priority(deposit(ALICE, 0, (1 << 62) - 1, ALICE_KEY));
    apply(&mut state, &most, &ENVIRONMENT).unwrap();
    let got = 1_000 + 2 * ((1 << 62) - 1);
    let refused = refusal(&mut state, most, &ENVIRONMENT);
    assert_eq!(refused, Refusal::BalanceRange { id: ALICE, got });
}

#[test]
fn unknown_accounts() {
    let unknown = |id| Refusal::UnknownAccount { id };
    let to = BOB_1 + 1;
    assert_eq!(
        refused(Transaction::Transfer { from: ALICE, to, amount: 1, fee: 0 }, 1),
        unknown(to)
    );
    let from = BOB_1 + 1;
    assert_eq!(
        refused(Transaction::Transfer { from, to: BOB, amount: 1, fee: 0 }, 1),
        unknown(from)
    );
    assert_eq!(refused(Transaction::ChangeKey { from, key: key(9), fee: 0 }, 1), unknown(from));
    // A fee leaf of a token that is not registered.
    assert_eq!(
        refused(Transaction::Transfer { from: ALICE, to: 2, amount: 1, fee: 0 }, 1),
        unknown(2)
    );
    let last = u32::MAX;
    assert_eq!(
        refused(Transaction::Transfer { from: ALICE, to: last, amount: 1, fee: 0 }, 1),
        unknown(last)
    );
}

#[test]
fn amounts_and_fees() {
    let transfer = |amount, fee| Transaction::Transfer { from: ALICE, to: BOB, amount, fee };
    assert_eq!(refused(transfer(1 << 62, 0), 1), Refusal::AmountRange { got: 1 << 62 });
    assert_eq!(refused(transfer(u64::MAX, 0), 1), Refusal::AmountRange { got: u64::MAX });
    assert_eq!(refused(transfer(0, 1 << 62), 1), Refusal::FeeRange { got: 1 << 62 });
    // -1 in the field.
    let minus_one = cairn_types::MODULUS - 1;
    assert_eq!(refused(transfer(minus_one, 1), 1), Refusal::AmountRange { got: minus_one });
    assert_eq!(refused(transfer(998, 3), 1), Refusal::Balance { expected: 1_001, got: 1_000 });
    let most = (1 << 62) - 1;
    let expected = 2 * most;
    assert_eq!(refused(transfer(most, most), 1), Refusal::Balance { expected, got: 1_000 });
    let fee_only = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 1_001 };
    assert_eq!(refused(fee_only, 1), Refusal::Balance { expected: 1_001, got: 1_000 });
}

#[test]
fn balances_stay_below_2_63() {
    let mut state = world();
    // Bob has 500: this makes 2^63 - 1.
    for amount in [(1 << 62) - 1, (1 << 62) - 500] {
        let operation = Operation::Priority(deposit(BOB, 0, amount, BOB_KEY));
        apply(&mut state, &operation, &ENVIRONMENT).unwrap();
    }
    let one = Transaction::Transfer { from: ALICE, to: BOB, amount: 1, fee: 0 };
    let operation = Operation::Signed(signed(&state, one, ALICE_KEY));
    let refused = refusal(&mut state, operation, &ENVIRONMENT);
    assert_eq!(refused, Refusal::BalanceRange { id: BOB, got: 1 << 63 });
}

#[test]
fn zero_keys() {
    let key = PublicKey::ZERO;
    let to_new = Transaction::TransferToNew { from: ALICE, key, amount: 1, fee: 0 };
    assert_eq!(refused(to_new, ALICE_KEY), Refusal::ZeroKey);
    assert_eq!(refused(Transaction::ChangeKey { from: ALICE, key, fee: 0 }, 1), Refusal::ZeroKey);
}

#[test]
fn tokens() {
    let other = Transaction::Transfer { from: ALICE, to: BOB_1, amount: 1, fee: 0 };
    assert_eq!(refused(other, ALICE_KEY), Refusal::Token { expected: 0, got: 1 });
    let stated = refused_authorization(|authorization| authorization.token = 1);
    assert_eq!(stated, Refusal::Token { expected: 0, got: 1 });
}

#[test]
fn replays_and_gaps() {
    let ahead = refused_authorization(|authorization| authorization.nonce = 1);
    assert_eq!(ahead, Refusal::Nonce { expected: 0, got: 1 });
    let mut state = world();
    let operation = Operation::Signed(signed(&state, TRANSFER, ALICE_KEY));
    apply(&mut state, &operation, &ENVIRONMENT).unwrap();
    let replay = refusal(&mut state, operation, &ENVIRONMENT);
    assert_eq!(replay, Refusal::Nonce { expected: 1, got: 0 });
}

#[test]
fn other_rollups_expiry_and_recipients() {
    let (expected, got) = (ENVIRONMENT.domain, Word::new([0xde; 31]));
    let domain = refused_authorization(|authorization| authorization.domain = got);
    assert_eq!(domain, Refusal::Domain { expected, got });
    let timestamp = ENVIRONMENT.timestamp;
    let expiry = timestamp - 1;
    let expired = refused_authorization(|authorization| authorization.expiry = expiry);
    assert_eq!(expired, Refusal::Expired { expiry, timestamp });
    let recipient = refused_authorization(|authorization| authorization.recipient = key(9));
    assert_eq!(recipient, Refusal::RecipientKey { expected: key(BOB_KEY), got: key(9) });

    // A recipient where there is none.
    let mut state = world();
    let transaction = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 0 };
    let authorization = Authorization { recipient: key(9), ..authorization(&state, &transaction) };
    let signed = sign(&secret(ALICE_KEY), transaction, authorization);
    let refused = refusal(&mut state, Operation::Signed(signed), &ENVIRONMENT);
    assert_eq!(refused, Refusal::RecipientKey { expected: PublicKey::ZERO, got: key(9) });
}

#[test]
fn signatures_of_others() {
    assert_eq!(refused(TRANSFER, BOB_KEY), Refusal::Signature);
    assert_eq!(
        refused(Transaction::Transfer { from: 0, to: BOB, amount: 0, fee: 0 }, ALICE_KEY),
        Refusal::Signature
    );
    // Signed for another rollup while stating this one.
    let mut state = world();
    let mut signed = signed(&state, TRANSFER, ALICE_KEY);
    let other = Authorization { domain: Word::new([1; 31]), ..signed.authorization };
    signed.signature = sign(&secret(ALICE_KEY), TRANSFER, other).signature;
    assert_eq!(refusal(&mut state, Operation::Signed(signed), &ENVIRONMENT), Refusal::Signature);
    // The leaf's key encodes no point: it cannot be spent, whatever the signature.
    let undecodable = PublicKey::new([1, 0, 0, 0, 0]).unwrap();
    assert!(
        cairn_primitives::ecgfp5::Affine::decode(
            &cairn_primitives::schnorr::PublicKey::from(undecodable).0
        )
        .is_none()
    );
    let stuck = Transaction::ChangeKey { from: ALICE, key: undecodable, fee: 0 };
    apply_signed(&mut state, stuck, ALICE_KEY).unwrap();
    signed = self::signed(&state, TRANSFER, ALICE_KEY);
    assert_eq!(refusal(&mut state, Operation::Signed(signed), &ENVIRONMENT), Refusal::Signature);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever single bit of signature, amount, fee, recipient or nonce is changed.
    #[test]
    fn tampering(bit in 0..448usize, field in 0..5) {
        let mut state = world();
        let mut signed = signed(&state, TRANSFER, ALICE_KEY);
        let mut bytes = signed.signature.to_bytes();
        let (mut amount, mut fee, mut to) = (100, 3, BOB);
        match field {
            0 => amount ^= 1 << (bit % 9),
            1 => fee ^= 1 << (bit % 9),
            2 => { to = ALICE; signed.authorization.recipient = key(ALICE_KEY) }
            3 => signed.authorization.expiry = ENVIRONMENT.timestamp + 1 + bit as u32,
            _ => bytes[bit / 8] ^= 1 << (bit % 8),
        }
        signed.transaction = Transaction::Transfer { from: ALICE, to, amount, fee };
        signed.signature = Signature::from_bytes(&bytes).unwrap();
        let refused = refusal(&mut state, Operation::Signed(signed), &ENVIRONMENT);
        prop_assert_eq!(refused, Refusal::Signature);
    }
}

#[test]
fn short_forms_on_demand() {
    let state = world();
    let mut batch = BatchBuilder::new(state.clone(), ENVIRONMENT);
    let amount = (1 << 36) + 1;
    let long = Transaction::Transfer { from: ALICE, to: BOB, amount, fee: 0 };
    let error = PackError::NotRepresentable { value: amount, bits: 35 };
    let refused = batch.push_short(signed(&state, long, ALICE_KEY));
    assert_eq!(refused, Err(Refusal::NotRepresentable(error)));
    let fee = Transaction::Transfer { from: ALICE, to: BOB, amount: 0, fee: 2_049 };
    let error = PackError::NotRepresentable { value: 2_049, bits: 11 };
    let refused = batch.push_short(signed(&state, fee, ALICE_KEY));
    assert_eq!(refused, Err(Refusal::NotRepresentable(error)));
    let change = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 0 };
    let refused = batch.push_short(signed(&state, change, ALICE_KEY));
    assert_eq!(refused, Err(Refusal::NoShortForm { got: 0x13 }));
    batch.push_short(signed(&state, TRANSFER, ALICE_KEY)).unwrap();
    assert_eq!(batch.operations(), 1);
}

#[test]
fn priority_operations_come_first() {
    let mut batch = BatchBuilder::new(world(), ENVIRONMENT);
    batch.push(Operation::Priority(deposit(ALICE, 0, 1, ALICE_KEY))).unwrap();
    // The short transfer has no word yet, but it counts.
    push_signed(&mut batch, TRANSFER, ALICE_KEY).unwrap();
    let late = Operation::Priority(deposit(ALICE, 0, 1, ALICE_KEY));
    assert_eq!(batch.push(late), Err(Refusal::PriorityAfterData));
    let change = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 0 };
    push_signed(&mut batch, change, ALICE_KEY).unwrap();
    assert_eq!(batch.push(late), Err(Refusal::PriorityAfterData));
    assert_eq!(batch.operations(), 3);
}
