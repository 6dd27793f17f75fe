//! The transaction behind a log.

use alloy::{
    network::TransactionResponse,
    primitives::{B256, U256},
    providers::Provider,
    rpc::types::{Filter, Log, Transaction},
};

use super::{
    error::{L1Error, rpc},
    reader::Reader,
};

/// Where a transaction is. A node may have dropped its index of transactions by hash, and have the block still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The transaction.
    pub transaction: B256,
    /// Its block.
    pub block: B256,
    /// Its number within the block.
    pub index: u64,
}

impl Place {
    /// The transaction that has emitted a log; `None` if the node does not say it.
    #[must_use]
    pub fn of(log: &Log) -> Option<Self> {
        let (transaction, block) = (log.transaction_hash?, log.block_hash?);
        Some(Self { transaction, block, index: log.transaction_index? })
    }
}

impl Reader {
    /// The transaction at a place.
    ///
    /// # Errors
    /// The node's; it does not have the transaction.
    pub async fn transaction(&self, place: &Place) -> Result<Transaction, L1Error> {
        let what = "reading a transaction";
        let Place { transaction, block, index } = *place;
        let by_hash = self.provider().get_transaction_by_hash(transaction).await;
        if let Ok(Some(found)) = by_hash
            && found.tx_hash() == transaction
        {
            return Ok(found);
        }
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let found = self.provider().get_transaction_by_block_hash_and_index(block, index).await;
        match found {
            Ok(Some(found)) if found.tx_hash() == transaction => Ok(found),
            Ok(_) => Err(rpc(
                what,
                format!(
                    "the node has neither {transaction} nor its block {block}: ask one that keeps old blocks"
                ),
            )),
            Err(error) => Err(rpc(what, error).about(transaction)),
        }
    }

    /// The contract's logs of a transaction with this event and this number as the first of its topics.
    ///
    /// # Errors
    /// The node's.
    pub async fn logs_of(
        &self,
        place: &Place,
        event: B256,
        number: u32,
    ) -> Result<Vec<Log>, L1Error> {
        let filter = Filter::new()
            .address(self.address())
            .event_signature(event)
            .topic1(U256::from(number))
            .at_block_hash(place.block);
        let logs = self.provider().get_logs(&filter).await;
        let mut logs = logs.map_err(|e| rpc("reading the logs of a transaction", e))?;
        logs.retain(|log| log.transaction_hash == Some(place.transaction));
        Ok(logs)
    }
}
