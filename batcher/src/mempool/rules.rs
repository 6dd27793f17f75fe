//! What is hopeless whatever else waits: judged against the durable head, before the signature.

use cairn_types::{
    Account, AccountId, ForcedTransaction, PublicKey, SignedTransaction, Transaction, Word,
};

use super::{
    error::Refused,
    fees::{FeeKind, FeePolicy},
};

/// The accounts after the last durable block.
pub trait Accounts: std::fmt::Debug + Send + Sync + 'static {
    /// A leaf; empty if there is none.
    fn account(&self, id: AccountId) -> Account;
}

/// What a transaction is held against.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    /// The rollup's.
    pub(super) domain: &'a Word,
    /// L1's clock, seconds.
    pub(super) now: u32,
    pub(super) accounts: &'a dyn Accounts,
    pub(super) fees: &'a FeePolicy,
}

impl Rules<'_> {
    /// The payer's leaf, if nothing but nonce, balance and signature can speak against the transaction.
    pub(super) fn check(&self, signed: &SignedTransaction) -> Result<Account, Refused> {
        let SignedTransaction { transaction, authorization, .. } = signed;
        // L1's rules for a forced transaction are those of the encoding.
        ForcedTransaction::new(signed, 0).words().map_err(Refused::Malformed)?;
        if authorization.domain != *self.domain {
            let (expected, got) = (*self.domain, authorization.domain);
            return Err(Refused::Domain { expected, got });
        }
        let (expiry, now) = (authorization.expiry, self.now);
        if expiry != 0 && expiry < now {
            return Err(Refused::Expired { expiry, now });
        }
        let id = transaction.from();
        let payer = self.accounts.account(id);
        if payer.is_empty() {
            return Err(Refused::UnknownPayer { id });
        }
        if authorization.token != payer.token {
            return Err(Refused::Token { expected: payer.token, got: authorization.token });
        }
        self.check_payee(signed, &payer)?;
        let floor = self.fees.floor(payer.token, FeeKind::of(transaction));
        if transaction.fee() < floor {
            return Err(Refused::Fee { expected: floor, got: transaction.fee() });
        }
        Ok(payer)
    }

    fn check_payee(&self, signed: &SignedTransaction, payer: &Account) -> Result<(), Refused> {
        let got = signed.authorization.recipient;
        let expected = match signed.transaction {
            Transaction::Transfer { to, .. } => {
                let payee = self.accounts.account(to);
                if payee.is_empty() {
                    return Err(Refused::UnknownPayee { id: to });
                }
                if payee.token != payer.token {
                    return Err(Refused::Token { expected: payer.token, got: payee.token });
                }
                payee.key
            }
            _ => PublicKey::ZERO,
        };
        if got == expected { Ok(()) } else { Err(Refused::PayeeKey { expected, got }) }
    }
}
