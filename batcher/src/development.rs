//! Accounts for development and load tests: their keys follow from public numbers, so that everyone has them.

use cairn_primitives::schnorr::SecretKey;
use cairn_types::{AccountId, FIRST_USER_ID};

/// The key of development account `index`. Anyone can compute it: nothing of value may ever be under it.
#[must_use]
pub fn development_key(index: u64) -> SecretKey {
    SecretKey::from_seed(format!("cairn development account {index}").as_bytes())
}

/// The id of development account `index` in a state that was prepared with them; none past the last id.
#[must_use]
pub fn development_id(index: u32) -> Option<AccountId> {
    AccountId::try_from(FIRST_USER_ID).ok()?.checked_add(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_stay() {
        let keys: std::collections::BTreeSet<_> =
            (0..100).map(|index| development_key(index).public()).collect();
        assert_eq!(keys.len(), 100);
        assert_eq!(development_key(7).public(), development_key(7).public());
        assert_eq!(development_id(3), Some((1 << 16) + 3));
        assert_eq!(development_id(u32::MAX), None);
    }
}
