//! What tables ask of other tables while their rows are filled.

use cairn_primitives::schnorr::{PublicKey, Signature};
use cairn_primitives::{Digest, F};
use cairn_types::{Account, AccountId};
use p3_field::PrimeField64;

/// Number of values in the range table.
pub const RANGE_SIZE: usize = 1 << 16;

/// A signature that an operation carries: what the signature table proves valid, or judges.
#[derive(Debug, Clone, Copy)]
pub struct SignedMessage {
    /// Who signed.
    pub key: PublicKey,
    /// What was signed.
    pub message: Digest,
    /// The signature. No table but the signatures' sees it, unless it is judged.
    pub signature: Signature,
    /// Whether it may be invalid.
    pub judged: bool,
}

/// A permutation of width 12 that somebody asks for, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpongeRequest {
    /// Asked on [`crate::bus::ABSORB`].
    Absorb([F; 12]),
    /// Asked on [`crate::bus::SQUEEZE`].
    Squeeze([F; 12]),
}

/// What the operations of a chunk did to a leaf: the first and the last message about it on
/// [`crate::bus::MEMORY`], which are the tree's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafHistory {
    /// Which leaf.
    pub id: AccountId,
    /// Before the first access, at time 0.
    pub before: Account,
    /// After the last access.
    pub after: Account,
    /// When that was.
    pub last_time: u32,
}

/// Requests of all tables. Tables that ask are filled first, tables that answer last.
#[derive(Debug, Clone)]
pub struct Requests {
    /// How often each value was asked of the range table.
    pub range: Vec<u32>,
    /// Inputs of compressions, left and right; each is asked once.
    pub compressions: Vec<[F; 8]>,
    /// Permutations of width 12; each is asked once.
    pub sponge: Vec<SpongeRequest>,
    /// Signatures in the order of their operations.
    pub signatures: Vec<SignedMessage>,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            range: vec![0; RANGE_SIZE],
            compressions: Vec::new(),
            sponge: Vec::new(),
            signatures: Vec::new(),
        }
    }
}

impl Requests {
    /// Asks the range table for `value`.
    ///
    /// # Panics
    /// If it is not below `2^16`: the caller fills a row that cannot be proven.
    pub fn range_check(&mut self, value: F) {
        self.range[value.as_canonical_u64() as usize] += 1;
    }

    /// Adds the requests of another filler, which come after these.
    pub fn append(&mut self, mut other: Self) {
        self.range.iter_mut().zip(&other.range).for_each(|(count, more)| *count += more);
        self.compressions.append(&mut other.compressions);
        self.sponge.append(&mut other.sponge);
        self.signatures.append(&mut other.signatures);
    }
}
