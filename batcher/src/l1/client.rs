//! One account's view of a deployment, for tools, users and tests: deposits, forced transactions, claims. What an operator
//! sends while it runs goes through `settlement`.

mod deposits;
mod governor;
mod reads;

use std::time::Duration;

pub use self::deposits::Deposit;

use alloy::{
    primitives::{Address, B256, FixedBytes, U256},
    providers::{DynProvider, PendingTransactionBuilder, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::SolCall,
};
use cairn_types::{SignedTransaction, Word};

use super::{
    connection::{connect_with, signing},
    contracts::{ForcedTransaction, ICustody, IDemoToken, IErc20},
    deployment::Deployment,
    error::{L1Error, rpc},
    fees::{Fees, MOST_GWEI},
    revert::reverted,
};

/// One signer's view of one deployment.
#[derive(Debug, Clone)]
pub struct L1Client {
    provider: DynProvider,
    sender: Address,
    deployment: Deployment,
}

impl L1Client {
    /// A client for the deployment; nothing is sent yet.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn new(
        url: &str,
        signer: PrivateKeySigner,
        deployment: Deployment,
    ) -> Result<Self, L1Error> {
        let sender = signer.address();
        let provider = signing(connect_with(url)?, signer);
        Ok(Self { provider, sender, deployment })
    }

    /// Who signs and pays.
    #[must_use]
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// What signs and sends. Its clones share the count of what has been sent: one account must not have two others.
    #[must_use]
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// Mints `amount` base units of a demo token for this signer and lets custody draw them.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn mint_and_approve(&self, token: Address, amount: U256) -> Result<(), L1Error> {
        let what = "minting demo tokens";
        let mint = IDemoToken::mintCall { account: self.sender, amount };
        self.call(what, token, U256::ZERO, &mint).await?;
        let approve = IDemoToken::approveCall { spender: self.deployment.custody, amount };
        self.call(what, token, U256::ZERO, &approve).await?;
        Ok(())
    }

    /// Lets custody draw `amount` base units of a token from this signer.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn approve(&self, token: Address, amount: U256) -> Result<(), L1Error> {
        let call = IErc20::approveCall { spender: self.deployment.custody, amount };
        self.call("letting custody draw tokens", token, U256::ZERO, &call).await.map(drop)
    }

    /// Queues a signed transaction that nobody can leave out; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert: what no transaction can be is refused.
    pub async fn force(&self, signed: &SignedTransaction, fee: U256) -> Result<u64, L1Error> {
        let SignedTransaction { transaction, authorization, signature } = signed;
        let (to, target) = transaction.payee(&authorization.recipient);
        let forced = ForcedTransaction {
            kind: transaction.tag(),
            from: transaction.from(),
            nonce: authorization.nonce,
            token: authorization.token,
            amount: transaction.amount(),
            fee: transaction.fee(),
            expiry: authorization.expiry,
            to,
            target,
            challenge: signature.e(),
            response: signature.s(),
        };
        let call = ICustody::forceTransactionCall { forced };
        let receipt =
            self.call("forcing a transaction", self.deployment.custody, fee, &call).await?;
        Ok(receipt.gas_used)
    }

    /// Sends the claim of withdrawal `index` of a proven batch for its recipient, without waiting for it.
    ///
    /// # Errors
    /// The node's, and what the contract would revert with.
    pub async fn send_claim(
        &self,
        batch: u32,
        index: usize,
        word: &Word,
        path: &[[u8; 32]],
    ) -> Result<Pending, L1Error> {
        let call = ICustody::claimCall {
            batch,
            index: U256::from(index),
            word: FixedBytes(word.bytes()),
            path: path.iter().map(B256::from).collect(),
        };
        self.send("claiming a withdrawal", self.deployment.custody, U256::ZERO, &call).await
    }

    async fn call(
        &self,
        what: &'static str,
        to: Address,
        value: U256,
        call: &impl SolCall,
    ) -> Result<TransactionReceipt, L1Error> {
        self.send(what, to, value, call).await?.receipt().await
    }

    async fn send(
        &self,
        what: &'static str,
        to: Address,
        value: U256,
        call: &impl SolCall,
    ) -> Result<Pending, L1Error> {
        self.send_request(what, self.calling(to, value, call)).await
    }

    /// Sends a transaction, for what it offers or for what the node advises, within bounds.
    async fn send_request(
        &self,
        what: &'static str,
        request: TransactionRequest,
    ) -> Result<Pending, L1Error> {
        let request = match request.max_fee_per_gas {
            Some(_) => request,
            None => Fees::estimate(&self.provider, MOST_GWEI).await?.of(request),
        };
        let sent = self.provider.send_transaction(request).await;
        Ok(Pending { what, transaction: sent.map_err(|e| rpc(what, e))? })
    }
}

/// How long a transaction may take until it is mined.
const PATIENCE: Duration = Duration::from_secs(600);

/// A transaction that is on its way.
#[derive(Debug)]
pub struct Pending {
    pub(crate) what: &'static str,
    pub(crate) transaction: PendingTransactionBuilder<alloy::network::Ethereum>,
}

impl Pending {
    /// What it is known by.
    #[must_use]
    pub fn hash(&self) -> B256 {
        *self.transaction.tx_hash()
    }

    /// Waits until it is mined, but not for ever.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn receipt(self) -> Result<TransactionReceipt, L1Error> {
        let what = self.what;
        let provider = self.transaction.provider().clone();
        let hash = *self.transaction.tx_hash();
        let mined = tokio::time::timeout(PATIENCE, self.transaction.get_receipt()).await;
        let late = |_| {
            let seconds = PATIENCE.as_secs();
            let reason = format!("transaction {hash} is not mined after {seconds} s");
            L1Error::Unavailable { what, reason }
        };
        let receipt = mined.map_err(late)?.map_err(|e| rpc(what, e))?;
        if receipt.status() { Ok(receipt) } else { Err(reverted(&provider, what, &receipt).await) }
    }
}
