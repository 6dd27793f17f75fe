//! What governor and operator send.

use alloy::{
    network::TransactionBuilder4844,
    primitives::{Address, Bytes, U256},
    sol_types::SolEvent,
};
use cairn_types::{PublicKey, Word};

use super::L1Client;
use crate::l1::{
    blobs::Blobs,
    contracts::{Batch, Commitment, ICustody, IRollupL1, Streams},
    error::L1Error,
    queue::QueuedOperation,
};

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
    /// Signatures of the data committee, 65 bytes each: the words are with its members.
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

impl L1Client {
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
        self.call("registering a token", self.deployment.custody, fee, &call).await.map(drop)
    }

    /// Replaces the data committee: members in ascending order, and how many of them must sign. Governor only.
    ///
    /// # Errors
    /// The node's, or a revert.
    pub async fn set_data_committee(
        &self,
        members: Vec<Address>,
        threshold: u64,
    ) -> Result<(), L1Error> {
        let call = IRollupL1::setDataCommitteeCall { members, threshold };
        let what = "naming the data committee";
        self.call(what, self.deployment.rollup, U256::ZERO, &call).await.map(drop)
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
        let mut transaction = self.request(self.deployment.rollup, U256::ZERO, &call);
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
        let receipt =
            self.call("posting a proof", self.deployment.rollup, U256::ZERO, &call).await?;
        Ok(receipt.gas_used)
    }
}

fn bytes(words: &[Word]) -> Bytes {
    words.iter().flat_map(Word::bytes).collect()
}
