//! Transactions as they are signed and sent.

use alloy::{
    consensus::{
        EthereumTxEnvelope, SignableTransaction, Transaction as _, TxEip1559, TxEip4844,
        TxEip4844WithSidecar, transaction::PooledTransaction,
    },
    eips::{
        eip2718::{Decodable2718, Encodable2718},
        eip7594::BlobTransactionSidecarEip7594,
    },
    network::TxSignerSync,
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
};
use cairn_types::Word;

use super::{error::SettlementError, fees::Fees, plan::Pool};
use crate::{
    l1::blobs::{BlobError, Blobs},
    store::records::{Attempt, Milliseconds},
};

/// Type byte of a blob transaction (EIP-4844).
const BLOB_TYPE: u8 = 3;
/// Gas of a transaction that does nothing.
const EMPTY_GAS: u64 = 21_000;

/// What a transaction does, without fees and nonce.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) to: Address,
    pub(super) input: Bytes,
    pub(super) gas: u64,
    pub(super) sidecar: Option<BlobTransactionSidecarEip7594>,
}

/// A transaction as the network takes it.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) attempt: Attempt,
    pub(super) raw: Bytes,
}

/// Signs for one account on one chain.
pub(super) struct Signer {
    key: PrivateKeySigner,
    chain_id: u64,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Call {
    /// Sends nothing to the signer itself: takes the place of a transaction in the same pool.
    ///
    /// # Errors
    /// The library that commits to blobs refuses.
    pub(super) fn nothing(to: Address, pool: Pool) -> Result<Self, BlobError> {
        // A blob transaction gives way to a blob transaction only.
        let sidecar = match pool {
            Pool::Plain => None,
            Pool::Blobs => Some(Blobs::new(&[Word::default()])?.sidecar()),
        };
        Ok(Self { to, input: Bytes::new(), gas: EMPTY_GAS, sidecar })
    }
}

/// The pool that a stored transaction is for.
pub(super) fn pool(raw: &[u8]) -> Pool {
    if raw.first() == Some(&BLOB_TYPE) { Pool::Blobs } else { Pool::Plain }
}

/// What a stored transaction calls its recipient with; none if it does not decode.
pub(super) fn input(raw: &[u8]) -> Option<Bytes> {
    PooledTransaction::decode_2718(&mut &raw[..]).ok().map(|envelope| envelope.input().clone())
}

impl Signer {
    pub(super) fn new(key: PrivateKeySigner, chain_id: u64) -> Self {
        Self { key, chain_id }
    }

    pub(super) fn address(&self) -> Address {
        self.key.address()
    }

    /// A transaction with this nonce.
    pub(super) fn sign(
        &self,
        nonce: u64,
        call: Call,
        fees: &Fees,
        now: Milliseconds,
    ) -> Result<Signed, SettlementError> {
        let Call { to, input, gas, sidecar } = call;
        let chain_id = self.chain_id;
        let envelope = match sidecar {
            None => self.seal(
                TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit: gas,
                    to: to.into(),
                    input,
                    ..TxEip1559::default()
                },
                fees,
            )?,
            Some(sidecar) => {
                let tx = TxEip4844 {
                    chain_id,
                    nonce,
                    gas_limit: gas,
                    to,
                    value: U256::ZERO,
                    blob_versioned_hashes: sidecar.versioned_hashes().collect(),
                    input,
                    ..TxEip4844::default()
                };
                self.seal_blobs(TxEip4844WithSidecar { tx, sidecar }, fees)?
            }
        };
        Ok(signed(&envelope, fees, now))
    }

    /// The same transaction with other fees.
    pub(super) fn again(
        &self,
        raw: &[u8],
        last: &Attempt,
        fees: &Fees,
        now: Milliseconds,
    ) -> Result<Signed, SettlementError> {
        let undecodable = || SettlementError::Undecodable { hash: last.hash };
        let envelope = PooledTransaction::decode_2718(&mut &raw[..]).map_err(|_| undecodable())?;
        let envelope = match envelope {
            EthereumTxEnvelope::Eip1559(old) => self.seal(old.strip_signature(), fees)?,
            EthereumTxEnvelope::Eip4844(old) => self.seal_blobs(old.strip_signature(), fees)?,
            _ => return Err(undecodable()),
        };
        Ok(signed(&envelope, fees, now))
    }

    fn seal(&self, mut tx: TxEip1559, fees: &Fees) -> Result<PooledTransaction, SettlementError> {
        tx.max_fee_per_gas = fees.max_fee;
        tx.max_priority_fee_per_gas = fees.priority_fee;
        let signature = self.key.sign_transaction_sync(&mut tx).map_err(refused)?;
        Ok(PooledTransaction::Eip1559(tx.into_signed(signature)))
    }

    fn seal_blobs(
        &self,
        mut tx: TxEip4844WithSidecar<BlobTransactionSidecarEip7594>,
        fees: &Fees,
    ) -> Result<PooledTransaction, SettlementError> {
        tx.tx.max_fee_per_gas = fees.max_fee;
        tx.tx.max_priority_fee_per_gas = fees.priority_fee;
        tx.tx.max_fee_per_blob_gas = fees.blob_fee.unwrap_or(1);
        let signature = self.key.sign_transaction_sync(&mut tx).map_err(refused)?;
        Ok(PooledTransaction::Eip4844(tx.into_signed(signature)))
    }
}

fn refused(error: alloy::signers::Error) -> SettlementError {
    SettlementError::Sign(error.to_string())
}

fn signed(envelope: &PooledTransaction, fees: &Fees, now: Milliseconds) -> Signed {
    let attempt = Attempt {
        hash: B256::from(*envelope.hash()),
        max_fee: fees.max_fee,
        priority_fee: fees.priority_fee,
        blob_fee: fees.blob_fee,
        signed_ms: now,
    };
    Signed { attempt, raw: envelope.encoded_2718().into() }
}

impl From<&Attempt> for Fees {
    fn from(attempt: &Attempt) -> Self {
        let Attempt { max_fee, priority_fee, blob_fee, .. } = *attempt;
        Self { max_fee, priority_fee, blob_fee }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_signed_again_with_other_fees_and_nothing_else() {
        let signer = Signer::new(PrivateKeySigner::random(), 31_337);
        let fees = |max_fee, blob_fee| Fees { max_fee, priority_fee: 3, blob_fee };
        for (blob_fee, expected) in [(None, Pool::Plain), (Some(5), Pool::Blobs)] {
            let call = Call::nothing(Address::repeat_byte(1), expected).unwrap();
            let old = signer.sign(7, call, &fees(100, blob_fee), 1).unwrap();
            assert_eq!(pool(&old.raw), expected);
            let higher = fees(200, blob_fee.map(|fee| fee * 2));
            let new = signer.again(&old.raw, &old.attempt, &higher, 2).unwrap();
            assert_ne!(new.attempt.hash, old.attempt.hash);
            assert_eq!(Fees::from(&new.attempt), higher);
            let tx = PooledTransaction::decode_2718(&mut &new.raw[..]).unwrap();
            let hash = tx.signature_hash();
            let recovered = tx.signature().recover_address_from_prehash(&hash).unwrap();
            assert_eq!(recovered, signer.address());
            assert_eq!((tx.nonce(), tx.gas_limit(), tx.max_fee_per_gas()), (7, EMPTY_GAS, 200));
            assert_eq!(tx.max_fee_per_blob_gas(), blob_fee.map(|fee| fee * 2));
        }
        let fees = fees(1, None);
        let last = signer.sign(0, Call::nothing(Address::ZERO, Pool::Plain).unwrap(), &fees, 0);
        let torn = signer.again(&[2, 1, 0], &last.unwrap().attempt, &fees, 0);
        assert!(matches!(torn, Err(SettlementError::Undecodable { .. })));
    }
}
