//! What the governor sends.

use alloy::primitives::{Address, U256};
use cairn_types::PublicKey;

use super::L1Client;
use crate::l1::{
    contracts::{ICustody, IRollupL1},
    error::L1Error,
};

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
}
