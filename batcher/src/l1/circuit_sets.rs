//! The circuit sets that a rollup has registered.

use alloy::{
    primitives::{Address, U256},
    providers::DynProvider,
};

use super::{
    contracts::{CircuitSet, IRollupL1},
    error::{L1Error, rpc},
};

/// Sets that are read, at most: an upgrade of the circuits adds one. A node's word alone makes nobody ask for ever.
const MOST: u64 = 1_000;

/// All sets with their indices, the latest first: it is what proofs are made of, but for those that were begun before an
/// upgrade.
///
/// # Errors
/// The node's, or there are more than a rollup can come to have.
pub async fn circuit_sets(
    provider: &DynProvider,
    rollup: Address,
) -> Result<Vec<(U256, CircuitSet)>, L1Error> {
    let what = "reading the circuit sets";
    let rollup = IRollupL1::new(rollup, provider);
    let count = rollup.circuitSetCount().call().await.map_err(|e| rpc(what, e))?;
    if count > U256::from(MOST) {
        return Err(rpc(what, format!("the node counts {count}, expected {MOST} at most")));
    }
    let mut sets = Vec::new();
    for index in (0..count.saturating_to::<u64>()).rev().map(U256::from) {
        let set = rollup.circuitSetAt(index).call().await.map_err(|e| rpc(what, e))?;
        sets.push((index, set));
    }
    Ok(sets)
}
