//! What a transaction does, by its own bytes: its hash covers them, so that the operator's word is not needed.

use cairn_batcher::{
    api::{
        hex::Hash,
        wire::{FeeKind, Stage, TransactionView},
    },
    client::transaction_hash,
};
use cairn_primitives::schnorr;
use cairn_types::{PublicKey, SignedTransaction, Transaction, Withdrawal, Word};
use eyre::{Result, WrapErr, ensure, eyre};

/// The transaction with this hash, from the operator's view of it.
///
/// Trust: none in `view`.
fn of_hash(view: &TransactionView, domain: Word, hash: Hash) -> Result<SignedTransaction> {
    let signed = SignedTransaction::from_bytes(domain, &view.bytes.0);
    let signed = signed.wrap_err_with(|| format!("the operator's bytes of transaction {hash}"))?;
    let got = transaction_hash(&signed);
    ensure!(got == hash, "the operator's bytes of transaction {hash} are those of {got}");
    Ok(signed)
}

/// What the transaction with this hash withdraws.
///
/// Trust: none in `view`.
pub(super) fn withdrawal(view: &TransactionView, domain: Word, hash: Hash) -> Result<Withdrawal> {
    let signed = of_hash(view, domain, hash)?;
    match signed.transaction {
        Transaction::Withdraw { recipient, amount, .. } => {
            Ok(Withdrawal { token: signed.authorization.token, recipient, amount })
        }
        _ => Err(eyre!("transaction {hash} withdraws nothing")),
    }
}

/// Whether the key has signed this as a withdrawal that may be paid. Gas is paid for what is claimed: the operator's
/// word alone would have a wallet pay it for others.
///
/// Trust: none in `view`.
pub(super) fn is_own_withdrawal(view: &TransactionView, domain: Word, key: PublicKey) -> bool {
    if view.kind != FeeKind::Withdraw || view.life.stage == Stage::Dropped {
        return false;
    }
    of_hash(view, domain, view.hash).is_ok_and(|signed| {
        let message = cairn_state::message_digest(&signed.transaction, &signed.authorization);
        let is_withdrawal = matches!(signed.transaction, Transaction::Withdraw { .. });
        is_withdrawal && schnorr::verify(&key.into(), &message, &signed.signature.into())
    })
}

#[cfg(test)]
mod tests {
    use cairn_batcher::api::{
        hex::{Decimal, Hex},
        wire::Life,
    };
    use cairn_primitives::schnorr::SecretKey;
    use cairn_types::Authorization;

    use super::*;

    const DOMAIN: Word = Word::new([9; 31]);
    const OWED: Withdrawal = Withdrawal { token: 1, recipient: [7; 20], amount: 5 };

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(&[seed; 32])
    }

    /// The operator's view of a withdrawal of [`OWED`] that this key has signed.
    fn view(signer: &SecretKey) -> TransactionView {
        let Withdrawal { token, recipient, amount } = OWED;
        let transaction = Transaction::Withdraw { from: 65_536, recipient, amount, fee: 1 };
        let recipient = PublicKey::ZERO;
        let authorization = Authorization { domain: DOMAIN, token, nonce: 3, expiry: 0, recipient };
        let signed = cairn_state::sign(signer, transaction, authorization);
        let life = Life { stage: Stage::Proven, ..Life::accepted(0) };
        TransactionView {
            hash: transaction_hash(&signed),
            sequence: 0,
            kind: FeeKind::Withdraw,
            from: 65_536,
            nonce: 3,
            token,
            amount: Decimal(amount),
            fee: Decimal(1),
            expiry: 0,
            to: None,
            key: None,
            recipient: Some(Hex(OWED.recipient)),
            bytes: Hex(signed.to_bytes()),
            life,
        }
    }

    #[test]
    fn what_is_withdrawn_is_what_the_hash_covers() {
        let good = view(&key(1));
        assert_eq!(withdrawal(&good, DOMAIN, good.hash).unwrap(), OWED);
        // Of another transaction, or for another rollup.
        let other = TransactionView { nonce: 4, ..view(&key(1)) };
        let error = withdrawal(&other, DOMAIN, Hex([8; 32])).unwrap_err().to_string();
        assert!(error.contains("are those of 0x"), "{error}");
        assert!(withdrawal(&good, Word::new([8; 31]), good.hash).is_err());
        let mut changed = good.clone();
        changed.bytes.0[20] ^= 1;
        assert!(withdrawal(&changed, DOMAIN, good.hash).is_err());
    }

    #[test]
    fn a_withdrawal_of_somebody_else_is_not_the_wallets() {
        let good = view(&key(1));
        let own = PublicKey::from(key(1).public());
        assert!(is_own_withdrawal(&good, DOMAIN, own));
        assert!(!is_own_withdrawal(&view(&key(2)), DOMAIN, own));
        let mut dropped = good;
        dropped.life.stage = Stage::Dropped;
        assert!(!is_own_withdrawal(&dropped, DOMAIN, own));
    }
}
