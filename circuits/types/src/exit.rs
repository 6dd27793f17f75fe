//! Leaving a frozen rollup: what a key signs, what L1 is shown, what is proven (`docs/spec.md`,
//! section 6, kind 2).

use crate::{AccountId, Digest, SealStatement, TokenId, Word};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// [`SealStatement::kind`] of leaves that exit.
pub const KIND_EXIT: u32 = 2;
/// Bytes of an entry of the list that L1 takes.
pub const EXIT_ENTRY_BYTES: usize = 34;
/// Elements of [`exit_message`].
pub const EXIT_MESSAGE_LENGTH: usize = 11;

/// A leaf that exits, as L1 sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExitEntry {
    /// The leaf.
    pub leaf: AccountId,
    /// Its token.
    pub token: TokenId,
    /// Its balance, in quanta.
    pub balance: u64,
    /// The L1 address that is credited.
    pub recipient: [u8; 20],
}

impl ExitEntry {
    /// Leaf u32, token u16, balance u64, recipient; integers big-endian.
    pub fn to_bytes(&self) -> [u8; EXIT_ENTRY_BYTES] {
        let mut bytes = [0; EXIT_ENTRY_BYTES];
        bytes[..4].copy_from_slice(&self.leaf.to_be_bytes());
        bytes[4..6].copy_from_slice(&self.token.to_be_bytes());
        bytes[6..14].copy_from_slice(&self.balance.to_be_bytes());
        bytes[14..].copy_from_slice(&self.recipient);
        bytes
    }
}

/// The elements that are hashed with [`crate::tag::EXIT_MESSAGE`] and signed by the key of a leaf:
/// `domain(4), kind, leaf, recipient(5)`, the recipient as big-endian u32.
///
/// No nonce: a leaf leaves once. A second signature does not take back the first; another key does.
pub fn exit_message(
    domain: &Word,
    leaf: AccountId,
    recipient: &[u8; 20],
) -> [u64; EXIT_MESSAGE_LENGTH] {
    let [d0, d1, d2, d3] = domain.limbs();
    let mut words = [0; 5];
    for (word, bytes) in words.iter_mut().zip(recipient.as_chunks().0) {
        *word = u64::from(u32::from_be_bytes(*bytes));
    }
    let [r0, r1, r2, r3, r4] = words;
    [d0, d1, d2, d3, KIND_EXIT.into(), leaf.into(), r0, r1, r2, r3, r4]
}

impl SealStatement {
    /// These leaves of `state` exit: from = the state commitment, to = `sha256(domain || list)`.
    ///
    /// The domain is hashed with the list because the state does not have it: else a proof would hold
    /// on every rollup that has come to the same state.
    pub fn exit(
        circuit_set_root: Digest,
        state: &Digest,
        domain: &Word,
        entries: &[ExitEntry],
    ) -> Self {
        let mut list = Sha256::new_with_prefix([0]).chain_update(domain.bytes());
        entries.iter().for_each(|entry| list.update(entry.to_bytes()));
        let to = list.finalize().into();
        Self { kind: KIND_EXIT, circuit_set_root, from: state.to_bytes(), to }
    }
}
