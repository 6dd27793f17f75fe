//! The rollup on L1, as the batcher sees it: queue, commit, prove, claim.

use alloy::{
    network::{TransactionBuilder, TransactionBuilder4844},
    primitives::{Address, B256, Bytes, FixedBytes, U256},
    providers::{DynProvider, PendingTransactionBuilder, Provider},
    rpc::types::{Filter, TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolEvent},
};
use cairn_types::{PublicKey, SignedTransaction, Word};

use super::blobs::Blobs;
use super::connection::{connect_with, signing};
use super::contracts::{
    Batch, Commitment, ForcedTransaction, ICustody, IDemoToken, IRollupL1, Streams,
};
use super::deploy::Manifest;
use super::error::{L1Error, rpc};
use super::queue::{self, QueuedOperation};
use crate::committee::Committee;

/// A batch as it is committed.
#[derive(Debug)]
pub struct CommitRequest<'a> {
    /// The record of the batch before.
    pub previous: &'a Batch,
    /// What the committer says.
    pub commitment: Commitment,
    /// The data, in the mode that the commitment names.
    pub data: CommitData<'a>,
    /// The priority operations that the batch executes, in their turn.
    pub priority: &'a [QueuedOperation],
    /// Withdrawal words.
    pub withdrawals: &'a [Word],
}

/// The data of a batch, where L1 finds it.
#[derive(Debug)]
pub enum CommitData<'a> {
    /// The words themselves.
    Calldata(&'a [Word]),
    /// Blobs, with their openings.
    Blobs {
        /// The transaction carries them.
        blobs: &'a Blobs,
        /// See [`Blobs::openings`].
        openings: Bytes,
    },
    /// Signatures of the data committee, see [`Committee::collect`]: the words are with its members.
    Committee(Bytes),
}

/// What a committed batch cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommitGas {
    /// Gas of the transaction.
    pub gas: u64,
    /// Gas of its blobs, which has a price of its own.
    pub blob_gas: u64,
}

/// The circuit set that the deployment starts with.
const FIRST_CIRCUIT_SET: U256 = U256::ZERO;

/// The largest cap: no account's balance can leave its 63 bits.
const NO_DEPOSIT_CAP: u64 = (1 << 63) - 1;

/// One signer's view of one deployment.
#[derive(Debug, Clone)]
pub struct L1Client {
    provider: DynProvider,
    sender: Address,
    manifest: Manifest,
}

impl L1Client {
    /// A client for the deployment; nothing is sent yet.
    ///
    /// # Errors
    /// The URL does not parse.
    pub fn new(url: &str, signer: PrivateKeySigner, manifest: Manifest) -> Result<Self, L1Error> {
        let sender = signer.address();
        let provider = signing(connect_with(url)?, signer);
        Ok(Self { provider, sender, manifest })
    }

    /// What signs and sends. Its clones share the count of what has been sent: one account must not have two others.
    #[must_use]
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// The signer's account.
    #[must_use]
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// Timestamp of the latest block, seconds.
    ///
    /// # Errors
    /// The node's.
    pub async fn timestamp(&self) -> Result<u64, L1Error> {
        let what = "reading the latest block";
        let block = self
            .provider
            .get_block_by_number(alloy::eips::BlockNumberOrTag::Latest)
            .await
            .map_err(|e| rpc(what, e))?;
        block.map(|b| b.header.timestamp).ok_or_else(|| rpc(what, "there is none"))
    }

    /// Mints `amount` base units of a demo token for this signer and lets custody draw them.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn mint_and_approve(&self, token: Address, amount: U256) -> Result<(), L1Error> {
        let what = "minting demo tokens";
        let mint = IDemoToken::mintCall { account: self.sender, amount };
        self.call(what, token, U256::ZERO, &mint).await?;
        let approve = IDemoToken::approveCall { spender: self.manifest.custody, amount };
        self.call(what, token, U256::ZERO, &approve).await?;
        Ok(())
    }

    /// Wei that come with each priority operation.
    ///
    /// # Errors
    /// The node's.
    pub async fn priority_fee(&self) -> Result<U256, L1Error> {
        IRollupL1::new(self.manifest.rollup, &self.provider)
            .PRIORITY_FEE()
            .call()
            .await
            .map_err(|e| rpc("reading the fee of a priority operation", e))
    }

    /// Registers a token without a cap on deposits; zero address is ether. Governor only.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn register_token(
        &self,
        asset: Address,
        quantum_exponent: u8,
        fee_key: &PublicKey,
        fee: U256,
    ) -> Result<(), L1Error> {
        let call = ICustody::registerTokenCall {
            asset,
            quantumExponent: quantum_exponent,
            cap: NO_DEPOSIT_CAP,
            feeKey: fee_key.elements(),
        };
        self.call("registering a token", self.manifest.custody, fee, &call).await.map(drop)
    }

    /// Replaces the data committee. Governor only.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn set_data_committee(&self, committee: &Committee) -> Result<(), L1Error> {
        let call = IRollupL1::setDataCommitteeCall {
            members: committee.members().collect(),
            threshold: committee.threshold() as u64,
        };
        let what = "naming the data committee";
        self.call(what, self.manifest.rollup, U256::ZERO, &call).await.map(drop)
    }

    /// Sends a deposit of `amount` base units without waiting for it; `ether` says whether they come with the call, as `fee` wei do.
    ///
    /// # Errors
    /// The node's, and what the contract would revert with.
    pub async fn send_deposit(
        &self,
        token: u16,
        ether: bool,
        amount: U256,
        key: &PublicKey,
        fee: U256,
    ) -> Result<Pending, L1Error> {
        // No account has the largest id yet: the deposit makes a new one.
        let call = ICustody::depositCall { leaf: u32::MAX, token, amount, key: key.elements() };
        let value = if ether { amount + fee } else { fee };
        self.send("depositing", self.manifest.custody, value, &call).await
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
        let receipt = self.call("forcing a transaction", self.manifest.custody, fee, &call).await?;
        Ok(receipt.gas_used)
    }

    /// All priority operations that L1 has queued, in order.
    ///
    /// # Errors
    /// The node's, or a log that does not hold whole operations in order.
    pub async fn priority_operations(&self) -> Result<Vec<QueuedOperation>, L1Error> {
        let what = "reading the priority queue";
        let filter = Filter::new()
            .address(self.manifest.rollup)
            .event_signature(IRollupL1::PriorityOperationQueued::SIGNATURE_HASH)
            .from_block(0);
        let logs = self.provider.get_logs(&filter).await.map_err(|e| rpc(what, e))?;
        queue::decode(&logs)
    }

    /// The record of genesis, from the event of the deployment.
    ///
    /// # Errors
    /// The node's, or no such event.
    pub async fn genesis(&self) -> Result<Batch, L1Error> {
        let what = "reading genesis";
        let filter = Filter::new()
            .address(self.manifest.rollup)
            .event_signature(IRollupL1::BatchCommitted::SIGNATURE_HASH)
            .topic1(B256::ZERO)
            .from_block(0);
        let logs = self.provider.get_logs(&filter).await.map_err(|e| rpc(what, e))?;
        let log = logs.first().ok_or(L1Error::NoEvent(what))?;
        let event = IRollupL1::BatchCommitted::decode_log(&log.inner).map_err(|e| rpc(what, e))?;
        Ok(event.data.batch)
    }

    /// Commits a batch; returns its record and what the transaction cost.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn commit(&self, request: CommitRequest<'_>) -> Result<(Batch, CommitGas), L1Error> {
        let what = "committing a batch";
        let (data, sidecar) = match request.data {
            CommitData::Calldata(words) => (bytes(words), None),
            CommitData::Blobs { blobs, openings } => (openings, Some(blobs.sidecar())),
            CommitData::Committee(signatures) => (signatures, None),
        };
        let call = IRollupL1::commitCall {
            previous: request.previous.clone(),
            next: request.commitment,
            streams: Streams {
                data,
                priority: request.priority.iter().flat_map(|o| bytes(&o.words)).collect(),
                origins: request.priority.iter().flat_map(|o| o.origin).collect(),
                withdrawals: bytes(request.withdrawals),
            },
        };
        let mut transaction = self.request(self.manifest.rollup, U256::ZERO, &call);
        // A transaction carries a blob or is of another type.
        if let Some(sidecar) = sidecar.filter(|sidecar| !sidecar.blobs.is_empty()) {
            transaction = transaction.with_blob_sidecar_7594(sidecar);
        }
        let receipt = self.send_request(what, transaction).await?.receipt().await?;
        let event = receipt
            .logs()
            .iter()
            .find_map(|log| IRollupL1::BatchCommitted::decode_log(&log.inner).ok())
            .ok_or(L1Error::NoEvent(what))?;
        let blob_gas = receipt.blob_gas_used.unwrap_or(0);
        Ok((event.data.batch, CommitGas { gas: receipt.gas_used, blob_gas }))
    }

    /// Posts a proof of the batches after `from` up to `to`; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert: the contract did not accept the proof.
    pub async fn prove(&self, from: &Batch, to: &Batch, proof: [U256; 8]) -> Result<u64, L1Error> {
        let call = IRollupL1::proveCall {
            from: from.clone(),
            to: to.clone(),
            circuitSet: FIRST_CIRCUIT_SET,
            proof,
        };
        let receipt = self.call("posting a proof", self.manifest.rollup, U256::ZERO, &call).await?;
        Ok(receipt.gas_used)
    }

    /// Number of the last proven batch, and the state commitment after it.
    ///
    /// # Errors
    /// The node's.
    pub async fn proven(&self) -> Result<(u32, B256), L1Error> {
        let what = "reading the proven state";
        let rollup = IRollupL1::new(self.manifest.rollup, &self.provider);
        let number = rollup.provenBatches().call().await.map_err(|e| rpc(what, e))?;
        let state = rollup.provenState().call().await.map_err(|e| rpc(what, e))?;
        Ok((number, state))
    }

    /// Claims withdrawal `index` of a proven batch for its recipient; returns the transaction's gas.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn claim(
        &self,
        batch: u32,
        index: usize,
        word: &Word,
        path: &[[u8; 32]],
    ) -> Result<u64, L1Error> {
        let call = ICustody::claimCall {
            batch,
            index: U256::from(index),
            word: FixedBytes(word.bytes()),
            path: path.iter().map(B256::from).collect(),
        };
        let receipt =
            self.call("claiming a withdrawal", self.manifest.custody, U256::ZERO, &call).await?;
        Ok(receipt.gas_used)
    }

    /// Base units that `account` has of a token; zero address is ether.
    ///
    /// # Errors
    /// The node's.
    pub async fn balance(&self, asset: Address, account: Address) -> Result<U256, L1Error> {
        let what = "reading a balance";
        if asset.is_zero() {
            return self.provider.get_balance(account).await.map_err(|e| rpc(what, e));
        }
        IDemoToken::new(asset, &self.provider)
            .balanceOf(account)
            .call()
            .await
            .map_err(|e| rpc(what, e))
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
        self.send_request(what, self.request(to, value, call)).await
    }

    fn request(&self, to: Address, value: U256, call: &impl SolCall) -> TransactionRequest {
        TransactionRequest::default()
            .with_from(self.sender)
            .with_to(to)
            .with_value(value)
            .with_input(call.abi_encode())
    }

    async fn send_request(
        &self,
        what: &'static str,
        request: TransactionRequest,
    ) -> Result<Pending, L1Error> {
        let transaction =
            self.provider.send_transaction(request).await.map_err(|e| rpc(what, e))?;
        Ok(Pending { what, transaction })
    }
}

/// A transaction that is on its way.
#[derive(Debug)]
pub struct Pending {
    what: &'static str,
    transaction: PendingTransactionBuilder<alloy::network::Ethereum>,
}

impl Pending {
    /// Waits until it is mined.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn receipt(self) -> Result<TransactionReceipt, L1Error> {
        let what = self.what;
        let receipt = self.transaction.get_receipt().await.map_err(|e| rpc(what, e))?;
        if receipt.status() {
            Ok(receipt)
        } else {
            Err(L1Error::Reverted { what, hash: receipt.transaction_hash })
        }
    }
}

fn bytes(words: &[Word]) -> Bytes {
    words.iter().flat_map(Word::bytes).collect()
}
