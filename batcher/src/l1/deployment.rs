//! Where the contracts of a rollup are.

use alloy::primitives::{Address, B256};

/// A rollup on L1: what its clients need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    /// The rollup.
    pub rollup: Address,
    /// Its custody.
    pub custody: Address,
    /// What signatures and proofs are bound to: a zero byte, then the domain's word.
    pub domain: B256,
}
