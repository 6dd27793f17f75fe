//! Who is paid, and what transaction does it.

use std::{fmt, str::FromStr};

use alloy::primitives::Address;
use cairn_batcher::{api::hex::Key, client::Token, parse};
use cairn_primitives::{ecgfp5::Affine, schnorr};
use cairn_types::{AccountId, PublicKey, Transaction};
use eyre::{Result, WrapErr};

use super::{
    bad,
    place::{Place, accounts_of},
};

/// Who is paid on the rollup.
#[derive(Debug, Clone)]
pub(super) enum Payee {
    Account(AccountId),
    Key(PublicKey),
}

impl FromStr for Payee {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = parse::decimal(text) {
            return Ok(Self::Account(id));
        }
        let key: Key = text.parse().map_err(|_| {
            "expected a key, 0x and 80 hex digits, or the number of an account; an address of L1 \
             is paid with `cairn wallet withdraw`"
                .to_owned()
        })?;
        let key = PublicKey::try_from(key).map_err(|error| error.to_string())?;
        match is_spendable(key) {
            true => Ok(Self::Key(key)),
            false => Err("no key has this public key: what it is paid nobody can spend".to_owned()),
        }
    }
}

/// Whether a key encodes a point, as each that belongs to a secret does. The rollup takes others, and keeps the money.
fn is_spendable(key: PublicKey) -> bool {
    Affine::decode(&schnorr::PublicKey::from(key).0).is_some()
}

/// A payment before its fee is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payment {
    Transfer { to: AccountId, key: PublicKey },
    NewAccount { key: PublicKey },
    Withdrawal { recipient: Address },
}

impl Payment {
    pub(super) fn transaction(&self, from: AccountId, amount: u64, fee: u64) -> Transaction {
        match *self {
            Self::Transfer { to, .. } => Transaction::Transfer { from, to, amount, fee },
            Self::NewAccount { key } => Transaction::TransferToNew { from, key, amount, fee },
            Self::Withdrawal { recipient } => {
                Transaction::Withdraw { from, recipient: recipient.into_array(), amount, fee }
            }
        }
    }

    /// What is signed beside the transaction: the key that the paid account must have.
    pub(super) fn recipient(&self) -> PublicKey {
        match *self {
            Self::Transfer { key, .. } => key,
            Self::NewAccount { .. } | Self::Withdrawal { .. } => PublicKey::ZERO,
        }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transfer { to, .. } => write!(f, "account {to}"),
            Self::NewAccount { key } => write!(f, "a new account of {}", Key::from(*key)),
            Self::Withdrawal { recipient } => write!(f, "{recipient} on L1"),
        }
    }
}

/// How somebody is paid. The key that an account must have is signed too: an operator that names another account for a
/// key, or another key for an account, can keep the payment from being executed, and not lead it elsewhere.
pub(super) async fn payee(place: &Place, token: &Token, to: &Payee) -> Result<Payment> {
    match *to {
        Payee::Key(key) => {
            let accounts = accounts_of(&place.client, key).await?;
            let account = accounts.into_iter().find(|account| account.token == token.index);
            Ok(match account {
                Some(account) => Payment::Transfer { to: account.id, key },
                None => Payment::NewAccount { key },
            })
        }
        Payee::Account(id) => {
            let account = place.client.account(id).await?;
            let account = account.ok_or_else(|| bad(format!("there is no account {id}")))?;
            if account.token != token.index {
                let got = account.token;
                return Err(bad(format!("account {id} is of token {got}, not of {token}")));
            }
            let key = PublicKey::try_from(account.key);
            let key = key.wrap_err_with(|| format!("the key of account {id}"))?;
            if !is_spendable(key) {
                return Err(bad(format!(
                    "nobody can spend what account {id} has: its key is none"
                )));
            }
            Ok(Payment::Transfer { to: id, key })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_no_point_is_not_paid() {
        let point = PublicKey::from(schnorr::SecretKey::from_seed(&[7; 32]).public());
        assert!(is_spendable(point));
        let read = Key::from(point).to_string().parse::<Payee>();
        assert!(matches!(read, Ok(Payee::Key(key)) if key == point), "{read:?}");
        let other = (1..).map(|first| PublicKey::new([first, 0, 0, 0, 0]).unwrap());
        let other = other.take(64).find(|&key| !is_spendable(key)).unwrap();
        let error = Key::from(other).to_string().parse::<Payee>().unwrap_err();
        assert!(error.contains("nobody can spend"), "{error}");
    }
}
