//! What the node says of the chain and of our account: everything as of one block.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
};

use super::fees::Market;
use crate::l1::error::{L1Error, rpc};

/// The chain at its head.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Number of the head.
    pub(super) head: u64,
    /// Its hash.
    pub(super) hash: B256,
    /// Transactions of our account that were mined: the next nonce.
    pub(super) nonce: u64,
    /// Wei of our account.
    pub(super) balance: U256,
    /// What a transaction costs.
    pub(super) market: Market,
}

impl Chain {
    /// Reads it.
    ///
    /// # Errors
    /// The node's.
    pub(super) async fn read(provider: &DynProvider, account: Address) -> Result<Self, L1Error> {
        let what = "reading the latest block";
        let block = provider
            .get_block_by_number(BlockNumberOrTag::Latest)
            .await
            .map_err(|e| rpc(what, e))?
            .ok_or_else(|| rpc(what, "there is none"))?;
        let header = block.header;
        let at = BlockId::hash(header.hash);
        let nonce = provider.get_transaction_count(account).block_id(at);
        let balance = provider.get_balance(account).block_id(at);
        let (nonce, balance, priority_fee, blob_base_fee) = tokio::join!(
            nonce,
            balance,
            provider.get_max_priority_fee_per_gas(),
            provider.get_blob_base_fee(),
        );
        let blob_base_fee = match blob_base_fee {
            Ok(fee) => Some(fee),
            // Nodes without the method exist.
            Err(e) if e.is_error_resp() => None,
            Err(e) => return Err(rpc("reading the price of blobs", e)),
        };
        let market = Market {
            base_fee: header.base_fee_per_gas.unwrap_or(0).into(),
            priority_fee: priority_fee.map_err(|e| rpc("reading the price of gas", e))?,
            blob_base_fee,
        };
        Ok(Self {
            head: header.number,
            hash: header.hash,
            nonce: nonce.map_err(|e| rpc("reading the account's nonce", e))?,
            balance: balance.map_err(|e| rpc("reading the account's balance", e))?,
            market,
        })
    }

    /// Whether the block with this number and hash is an ancestor of the head, or the head.
    ///
    /// # Errors
    /// The node's.
    pub(super) async fn contains(
        &self,
        provider: &DynProvider,
        number: u64,
        hash: B256,
    ) -> Result<bool, L1Error> {
        if number >= self.head {
            return Ok(number == self.head && hash == self.hash);
        }
        let block = provider
            .get_block_by_number(number.into())
            .await
            .map_err(|e| rpc("reading a block again", e))?;
        Ok(block.is_some_and(|block| block.header.hash == hash))
    }
}
