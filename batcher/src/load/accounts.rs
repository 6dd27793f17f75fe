//! Accounts of development rollups, whose keys everyone knows.

use cairn_primitives::schnorr::SecretKey;

/// The key of development account `i`. Never use it on a chain with value.
#[must_use]
pub fn development_key(i: u64) -> SecretKey {
    SecretKey::from_seed(format!("cairn development account {i}").as_bytes())
}
