//! What the deployment says.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256},
    providers::Provider,
};

use super::L1Client;
use crate::l1::{
    contracts::{IDemoToken, IErc20, IRollupL1},
    error::{L1Error, rpc},
};

impl L1Client {
    /// Timestamp of the latest block, seconds.
    ///
    /// # Errors
    /// The node's.
    pub async fn timestamp(&self) -> Result<u64, L1Error> {
        let what = "reading the latest block";
        let block = self
            .provider
            .get_block_by_number(BlockNumberOrTag::Latest)
            .await
            .map_err(|e| rpc(what, e))?;
        block.map(|b| b.header.timestamp).ok_or_else(|| rpc(what, "there is none"))
    }

    /// Wei that come with each priority operation.
    ///
    /// # Errors
    /// The node's.
    pub async fn priority_fee(&self) -> Result<U256, L1Error> {
        IRollupL1::new(self.deployment.rollup, &self.provider)
            .PRIORITY_FEE()
            .call()
            .await
            .map_err(|e| rpc("reading the fee of a priority operation", e))
    }

    /// Number of the last proven batch, and the state commitment after it.
    ///
    /// # Errors
    /// The node's.
    pub async fn proven(&self) -> Result<(u32, B256), L1Error> {
        let what = "reading the proven state";
        let rollup = IRollupL1::new(self.deployment.rollup, &self.provider);
        let number = rollup.provenBatches().call().await.map_err(|e| rpc(what, e))?;
        let state = rollup.provenState().call().await.map_err(|e| rpc(what, e))?;
        Ok((number, state))
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

    /// Base units of a token that custody may draw from this signer.
    ///
    /// # Errors
    /// The node's.
    pub async fn allowance(&self, token: Address) -> Result<U256, L1Error> {
        IErc20::new(token, &self.provider)
            .allowance(self.sender, self.deployment.custody)
            .call()
            .await
            .map_err(|e| rpc("reading what custody may draw", e))
    }
}
