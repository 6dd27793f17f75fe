//! Accounts of development rollups, whose keys everyone knows.

use cairn_primitives::schnorr::SecretKey;

/// The key of development account `index`. Anyone can compute it: nothing of value may ever be under it.
#[must_use]
pub fn development_key(index: u32) -> SecretKey {
    SecretKey::from_seed(format!("cairn development account {index}").as_bytes())
}
