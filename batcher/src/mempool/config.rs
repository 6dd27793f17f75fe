//! Settings of intake and mempool: the `[mempool]` section.

use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use super::fees::FeeConfig;

/// The `[mempool]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct MempoolConfig {
    /// Transactions in the pool at the most. When it is full, a leaf loses its last: of those that wait for
    /// a missing nonce the one with most waiting, else of all.
    pub max_transactions: usize,
    /// Bytes of memory that transactions may take at the most; about 700 each.
    pub max_bytes: usize,
    /// Transactions of one leaf at the most.
    pub max_per_leaf: usize,
    /// How far a nonce may be ahead of the leaf's next.
    pub max_nonce_gap: u32,
    /// Seconds after which a transaction is dropped whose turn does not come because a nonce before it is missing.
    pub max_gap_wait_s: u64,
    /// By how much the fee of a replacement must be higher, percent.
    pub replacement_percent: u64,
    /// Transactions that are being verified and written at the most; more are told to try again.
    pub max_in_intake: usize,
    /// How long transactions are collected that are verified together, milliseconds.
    pub collect_ms: u64,
    /// How many transactions are verified together at the most.
    pub collect_transactions: usize,
    /// Threads that verify signatures; 0 takes all cores.
    pub threads: usize,
    /// What transactions must pay.
    pub fees: FeeConfig,
}

impl Default for MempoolConfig {
    fn default() -> Self {
        Self {
            max_transactions: 200_000,
            max_bytes: 256 << 20,
            max_per_leaf: 1_024,
            max_nonce_gap: 1_024,
            max_gap_wait_s: 3_600,
            replacement_percent: 10,
            max_in_intake: 8_192,
            collect_ms: 2,
            collect_transactions: 512,
            threads: 0,
            fees: FeeConfig::default(),
        }
    }
}

/// Memory of a waiting transaction: entry, places in the indices, allocation.
const BYTES_EACH: usize = 700;

impl MempoolConfig {
    /// Refuses settings under which nothing is accepted.
    ///
    /// # Errors
    /// The field, what it must be, and what it is.
    pub fn check(&self) -> Result<(), String> {
        let positive = [
            ("max_transactions", self.max_transactions, 1),
            ("max_bytes", self.max_bytes, BYTES_EACH),
            ("max_per_leaf", self.max_per_leaf, 1),
            ("max_nonce_gap", self.max_nonce_gap as usize, 1),
            ("max_in_intake", self.max_in_intake, 1),
            ("collect_transactions", self.collect_transactions, 1),
        ];
        if let Some((field, got, least)) = positive.into_iter().find(|(_, got, least)| got < least)
        {
            return Err(format!("mempool.{field}: expected at least {least}, got {got}"));
        }
        // What tokio's semaphore counts.
        let most = u32::MAX as usize;
        if self.max_in_intake > most {
            let got = self.max_in_intake;
            return Err(format!("mempool.max_in_intake: expected at most {most}, got {got}"));
        }
        if self.collect_ms > 1_000 {
            let got = self.collect_ms;
            return Err(format!("mempool.collect_ms: expected at most 1000, got {got}"));
        }
        self.fees.check()
    }

    /// Transactions that fit both bounds.
    pub(super) fn capacity(&self) -> usize {
        self.max_transactions.min(self.max_bytes / BYTES_EACH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_field_is_named() {
        assert_eq!(MempoolConfig::default().check(), Ok(()));
        let refused = MempoolConfig { max_per_leaf: 0, ..Default::default() }.check().unwrap_err();
        assert_eq!(refused, "mempool.max_per_leaf: expected at least 1, got 0");
        let refused = MempoolConfig { collect_ms: 1_001, ..Default::default() }.check();
        assert!(refused.unwrap_err().starts_with("mempool.collect_ms: expected at most 1000"));
        let unknown = toml::from_str::<MempoolConfig>("max_leaf = 3").unwrap_err().to_string();
        assert!(unknown.contains("unknown field `max_leaf`"), "{unknown}");
    }

    #[test]
    fn memory_bounds_the_number() {
        let config = MempoolConfig { max_bytes: 7_000, ..Default::default() };
        assert_eq!(config.capacity(), 10);
    }
}
