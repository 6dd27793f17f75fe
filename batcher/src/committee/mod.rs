//! Data with a committee, off L1: a *validium*.
//!
//! ```text
//! words -> each member: digest and count again, keep, sign -> collect k of n -> commit
//!                         |
//!                         +-> files by digest -> reconstruct
//! ```
//!
//! L1 checks signatures and never sees the words. Trust: k members of n, that they have what they have signed for and give it
//! out. If they withhold it, nobody can rebuild the state, so nobody can make an exit proof: the escape hatch is closed to all
//! but claims and refunds. They cannot change a state or take anything: the proof holds as in every other mode.

mod collect;
mod member;
mod statement;
mod store;

use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use thiserror::Error;

pub use self::{
    collect::Committee,
    member::Member,
    statement::Statement,
    store::{MAX_WORDS, Store, check, file_name, read},
};
pub(crate) use self::{statement::stream, store::length};
use crate::l1::error::L1Error;

/// Why a member does not sign, or why there are not enough signatures.
#[derive(Debug, Error)]
pub enum CommitteeError {
    /// The words are not those of the statement: whoever signs says that it has them.
    #[error("batch {batch}: {fault}; nothing is signed")]
    Words {
        /// The batch.
        batch: u32,
        /// What they are instead.
        fault: OtherWords,
    },
    /// The words cannot be kept.
    #[error("keeping the words in {}: {source}; nothing is signed", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The key refuses.
    #[error("signing: {0}")]
    Signer(String),
    /// Fewer members have signed than must.
    #[error("{expected} members of the data committee must sign, got {got}{}", besides(.strangers))]
    TooFew {
        /// The threshold.
        expected: usize,
        /// Members whose signature holds.
        got: usize,
        /// Who else has signed, or rather: whom a signature of something else looks like.
        strangers: Vec<Address>,
    },
    /// A committee that the contract refuses, too.
    #[error("a committee of {members} with a threshold of {threshold}: expected 1 to {members}")]
    Threshold {
        /// How many there are.
        members: usize,
        /// How many must sign.
        threshold: usize,
    },
    /// Nobody can sign.
    #[error("the rollup has no data committee: its governor names one with setDataCommittee")]
    NoCommittee,
    /// The node.
    #[error(transparent)]
    L1(#[from] L1Error),
}

/// What words are that are not the ones asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OtherWords {
    /// They have another digest.
    #[error(
        "expected {expected_count} words with the digest {expected}, got {got_count} with {got}"
    )]
    Digest {
        /// As signed, or as on L1.
        expected: B256,
        /// The same.
        expected_count: u32,
        /// Of the words.
        got: B256,
        /// Of the words.
        got_count: u32,
    },
    /// They are bytes of another number.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Of so many words.
        expected: usize,
        /// Found.
        got: u64,
    },
    /// No batch that anybody can prove has so many.
    #[error("a batch of {got} words, expected {MAX_WORDS} at most")]
    TooMany {
        /// As the batch says.
        got: u32,
    },
}

fn besides(strangers: &[Address]) -> String {
    if strangers.is_empty() {
        return String::new();
    }
    let names: Vec<_> = strangers.iter().map(ToString::to_string).collect();
    format!("; not members, or of another statement: {}", names.join(", "))
}

#[cfg(test)]
mod tests;
