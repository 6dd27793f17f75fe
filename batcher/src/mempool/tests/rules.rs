//! What is hopeless is refused by name.

use cairn_types::{
    Account, EncodeError, PublicKey, Signature, SignedTransaction, Transaction, Word, WordError,
};

use super::world::*;
use crate::mempool::{
    Accounts, Refused,
    fees::{FeeConfig, FeePolicy},
    rules::Rules,
};

const NOW: u32 = 1_700_000_000;

fn check(signed: &SignedTransaction) -> Result<Account, Refused> {
    let fees = FeePolicy::new(FeeConfig { minimum: 5, new_leaf_minimum: 50, ..Default::default() });
    Rules { domain: &DOMAIN, now: NOW, accounts: &Book::new(), fees: &fees }.check(signed)
}

fn refused(change: impl FnOnce(&mut SignedTransaction)) -> Refused {
    let mut signed = unsigned(ALICE, 0, 5);
    change(&mut signed);
    check(&signed).expect_err("hopeless")
}

#[test]
fn what_may_be_executed_gives_the_payers_leaf() {
    assert_eq!(check(&unsigned(ALICE, 0, 5)), Ok(Book::new().account(ALICE)));
    let mut signed = unsigned(ALICE, 7, 5);
    signed.authorization.expiry = NOW;
    assert_eq!(check(&signed), Ok(Book::new().account(ALICE)));
}

#[test]
fn each_refusal_has_its_name() {
    let transfer = |from, to, amount, fee| Transaction::Transfer { from, to, amount, fee };
    let to_new = |fee| Transaction::TransferToNew { from: ALICE, key: key(9), amount: 1, fee };

    let other = Word::new([1; 31]);
    let domain = Refused::Domain { expected: DOMAIN, got: other };
    assert_eq!(refused(|signed| signed.authorization.domain = other), domain);
    let expired = Refused::Expired { expiry: NOW - 1, now: NOW };
    assert_eq!(refused(|signed| signed.authorization.expiry = NOW - 1), expired);
    let payer = Refused::UnknownPayer { id: 99 };
    assert_eq!(refused(|signed| signed.transaction = transfer(99, BOB, 1, 5)), payer);
    let payee = Refused::UnknownPayee { id: 99 };
    assert_eq!(refused(|signed| signed.transaction = transfer(ALICE, 99, 1, 5)), payee);
    let token = Refused::Token { expected: 0, got: 1 };
    assert_eq!(refused(|signed| signed.authorization.token = 1), token);
    assert_eq!(refused(|signed| signed.transaction = transfer(ALICE, DAVE, 1, 5)), token);
    let payee_key = Refused::PayeeKey { expected: key(BOB), got: key(CAROL) };
    assert_eq!(refused(|signed| signed.authorization.recipient = key(CAROL)), payee_key);
    let no_payee = Refused::PayeeKey { expected: PublicKey::ZERO, got: key(BOB) };
    assert_eq!(refused(|signed| signed.transaction = to_new(50)), no_payee);
    let fee = Refused::Fee { expected: 5, got: 4 };
    assert_eq!(refused(|signed| signed.transaction = transfer(ALICE, BOB, 1, 4)), fee);
    let new_leaf = refused(|signed| {
        signed.transaction = to_new(49);
        signed.authorization.recipient = PublicKey::ZERO;
    });
    assert_eq!(new_leaf, Refused::Fee { expected: 50, got: 49 });

    // What L1 refuses of a forced transaction.
    let large = Refused::Malformed(EncodeError::Limb(WordError { limb: 2, got: 1 << 62 }));
    assert_eq!(refused(|signed| signed.transaction = transfer(ALICE, BOB, 1 << 62, 5)), large);
    let zero = Refused::Malformed(EncodeError::ZeroKey);
    assert_eq!(refused(|signed| signed.authorization.recipient = PublicKey::ZERO), zero);
    let response = Refused::Malformed(EncodeError::Response { got: u32::MAX });
    let signature = Signature::new([0; 2], [u64::MAX; 5]).unwrap();
    assert_eq!(refused(|signed| signed.signature = signature), response);
}

#[test]
fn a_refusal_says_what_is_worth_a_retry() {
    let busy = Refused::Busy { reason: "full".into(), retry_after_ms: 7 };
    assert_eq!((busy.word(), busy.is_transient(), busy.retry_after_ms()), ("busy", true, Some(7)));
    let ahead = Refused::NonceAhead { most: 5, got: 6 };
    assert_eq!((ahead.word(), ahead.is_transient()), ("nonce_ahead", true));
    let full = Refused::LeafFull { id: ALICE, most: 6 };
    assert!(full.is_transient() && Refused::Stopping.is_transient());
    let fee = Refused::Fee { expected: 5, got: 4 };
    assert_eq!(
        (fee.word(), fee.is_transient(), fee.retry_after_ms()),
        ("fee_too_low", false, None)
    );
    assert!(!Refused::Signature.is_transient());
}
