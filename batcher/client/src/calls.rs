//! The calls that applications make, by their names.

use alloy::primitives::Address;
use cairn_types::{PublicKey, SignedTransaction, TokenId};

use crate::{
    Client, ClientError,
    api::{
        hex::{Hash, Hex},
        methods,
        receipt::{ReceiptDomain, ReceiptError},
        wire,
    },
};

/// Answers that the accounts of a key are read from: a service alone makes nobody ask for ever.
pub const MOST_ANSWERS: usize = 20;

/// What a transaction is known by: the digest of its signed message.
#[must_use]
pub fn transaction_hash(signed: &SignedTransaction) -> Hash {
    Hex(cairn_state::message_digest(&signed.transaction, &signed.authorization).to_bytes32())
}

impl Client {
    /// Submits a transaction; returns when it is durable. Repeated where that may help: the same bytes twice are one
    /// transaction.
    ///
    /// # Errors
    /// As [`Self::ask`]; or the answer is of another transaction.
    pub async fn submit(&self, signed: &SignedTransaction) -> Result<wire::Submitted, ClientError> {
        let params = wire::SubmitOne { transaction: Hex(signed.to_bytes()) };
        let submitted = self.ask::<methods::Submit>(&params).await?;
        let (expected, got) = (transaction_hash(signed), submitted.hash);
        if got == expected {
            Ok(submitted)
        } else {
            Err(ClientError::OtherTransaction { expected, got })
        }
    }

    /// Submits transactions; an outcome for each. Those that are refused for a while are not tried again.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn submit_many(
        &self,
        signed: &[SignedTransaction],
    ) -> Result<Vec<wire::SubmitOutcome>, ClientError> {
        let transactions = signed.iter().map(|signed| Hex(signed.to_bytes())).collect();
        self.ask::<methods::SubmitMany>(&wire::SubmitMany { transactions }).await
    }

    /// An account, if it exists.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn account(&self, id: u32) -> Result<Option<wire::AccountView>, ClientError> {
        self.ask::<methods::Account>(&wire::ById { id }).await
    }

    /// Accounts of a key, by id: all, or the first of very many. [`Self::owned_accounts`] says which.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn accounts_of(&self, key: PublicKey) -> Result<Vec<wire::AccountView>, ClientError> {
        Ok(self.owned_accounts(key).await?.accounts)
    }

    /// Accounts of a key, by id, of as many answers as [`MOST_ANSWERS`]; `more` where there are others. Anyone can make
    /// accounts for a key.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn owned_accounts(&self, key: PublicKey) -> Result<wire::OwnedAccounts, ClientError> {
        let mut owned = wire::OwnedAccounts { accounts: Vec::new(), more: None };
        for _ in 0..MOST_ANSWERS {
            let params = wire::ByKey { key: key.into(), from: owned.more };
            let part = self.ask::<methods::AccountsOf>(&params).await?;
            owned.accounts.extend(part.accounts);
            owned.more = part.more;
            if owned.more.is_none() {
                break;
            }
        }
        Ok(owned)
    }

    /// The fee that a transaction of this kind should pay in a token now.
    ///
    /// Trust: none; what is asked for may be too much.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn estimate_fee(
        &self,
        token: TokenId,
        kind: wire::FeeKind,
    ) -> Result<wire::FeeEstimate, ClientError> {
        self.ask::<methods::EstimateFee>(&wire::EstimateFee { token, kind }).await
    }

    /// A transaction's life, if the operator has accepted it.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn transaction(
        &self,
        hash: Hash,
    ) -> Result<Option<wire::TransactionView>, ClientError> {
        self.ask::<methods::Transaction>(&wire::ByHash { hash }).await
    }

    /// How far several transactions have come, in their order. The service bounds how many: `max_items` of
    /// [`Self::info`].
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn lives(&self, hashes: Vec<Hash>) -> Result<Vec<Option<wire::Life>>, ClientError> {
        self.ask::<methods::Transactions>(&wire::TransactionHashes { hashes }).await
    }

    /// A sealed batch.
    ///
    /// # Errors
    /// As [`Self::ask`]; there is none with this number yet.
    pub async fn batch(&self, number: u32) -> Result<wire::BatchView, ClientError> {
        self.ask::<methods::Batch>(&wire::ByBatch { number }).await
    }

    /// What it takes to claim the withdrawal of a transaction; [`crate::check_withdrawal`] checks it.
    ///
    /// # Errors
    /// As [`Self::ask`]; it is no withdrawal, or not in a batch yet.
    pub async fn withdrawal(&self, hash: Hash) -> Result<wire::WithdrawalView, ClientError> {
        self.ask::<methods::Withdrawal>(&wire::ByHash { hash }).await
    }

    /// Who the operator is.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn info(&self) -> Result<wire::Info, ClientError> {
        self.ask::<methods::Info>(&wire::Nothing {}).await
    }

    /// The last block and batches.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn head(&self) -> Result<wire::Head, ClientError> {
        self.ask::<methods::Head>(&wire::Nothing {}).await
    }

    /// The operator's receipt of a transaction, checked against who it must be signed by.
    ///
    /// Trust: rollup and signer are known from elsewhere, not from the operator.
    ///
    /// # Errors
    /// As [`Self::ask`]; or it is of another transaction, or not signed by `signer` for this rollup.
    pub async fn receipt(
        &self,
        hash: Hash,
        domain: &ReceiptDomain,
        signer: Address,
    ) -> Result<wire::SignedReceipt, ClientError> {
        let receipt = self.ask::<methods::Receipt>(&wire::ByHash { hash }).await?;
        if receipt.transaction != hash {
            return Err(ReceiptError::OtherTransaction.into());
        }
        receipt.verify(domain, signer)?;
        Ok(receipt)
    }
}
