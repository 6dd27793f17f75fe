//! What a gas may cost. The node says what it costs, and must not be believed without a bound: whoever signs pays.

use alloy::{
    network::TransactionBuilder,
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};

use super::error::{L1Error, rpc};

/// Wei of a gwei.
pub(crate) const GWEI: u128 = 1_000_000_000;
/// Gwei that a gas costs at the most, where nothing else is said.
pub const MOST_GWEI: u64 = 200;
/// Wei a gas that a proposer is given at the most.
pub(crate) const MOST_TIP: u128 = 20 * GWEI;

/// What a transaction offers for a gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fees {
    /// At the most.
    pub(crate) max: u128,
    /// Of it, what the proposer is given.
    pub(crate) tip: u128,
}

impl Fees {
    /// What the node advises.
    ///
    /// # Errors
    /// The node's, or it asks for more than `most_gwei`.
    pub(crate) async fn estimate(provider: &DynProvider, most_gwei: u64) -> Result<Self, L1Error> {
        let fees = provider.estimate_eip1559_fees().await;
        let fees = fees.map_err(|e| rpc("reading the gas price", e))?;
        Self::bounded(fees.max_fee_per_gas, fees.max_priority_fee_per_gas, most_gwei)
    }

    fn bounded(max: u128, tip: u128, most_gwei: u64) -> Result<Self, L1Error> {
        let gwei = max.div_ceil(GWEI);
        if gwei > u128::from(most_gwei) {
            let reason = format!(
                "the node asks for {gwei} gwei a gas, more than {most_gwei}: wait, or ask another \
                 node"
            );
            return Err(rpc("reading the gas price", reason));
        }
        Ok(Self { max, tip: tip.min(MOST_TIP) })
    }

    /// A transaction that offers them.
    pub(crate) fn of(self, request: TransactionRequest) -> TransactionRequest {
        request.with_max_fee_per_gas(self.max).with_max_priority_fee_per_gas(self.tip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_asks_for_is_bounded() {
        let fees = Fees::bounded(3 * GWEI, GWEI, MOST_GWEI).unwrap();
        assert_eq!(fees, Fees { max: 3 * GWEI, tip: GWEI });
        let request = fees.of(TransactionRequest::default());
        let offered = (request.max_fee_per_gas, request.max_priority_fee_per_gas);
        assert_eq!(offered, (Some(3 * GWEI), Some(GWEI)));
        let most = u128::from(MOST_GWEI) * GWEI;
        assert_eq!(Fees::bounded(most, most, MOST_GWEI).unwrap().tip, MOST_TIP);
        for asked in [most + 1, u128::MAX] {
            let error = Fees::bounded(asked, 0, MOST_GWEI).unwrap_err().to_string();
            assert!(error.contains("gwei a gas, more than 200: wait"), "{error}");
        }
    }
}
