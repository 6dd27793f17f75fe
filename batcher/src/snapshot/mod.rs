//! A whole state in a file: so that nobody needs the data of every batch since genesis.
//!
//! ```text
//! magic 8, version u16, chain id u64, rollup 20, batch number u32, state commitment 32, next_id u64, next_token u32,
//! leaves: key 40, token, nonce, balance (LEB128 each); fee accounts by token, then users by id
//! SHA-256 of all before, 32
//! ```
//!
//! Fixed-size integers and keys are big-endian. Ids are not stored: they are allotted in order and leaves stay, so the two
//! numbers say which leaves there are. A state has one encoding.
//!
//! The checksum is against accidents. What makes a snapshot true is its commitment: [`Snapshot::read`] computes it from the
//! leaves, and whoever uses the snapshot compares it with L1's (`reconstruct::check_snapshot`).

mod decode;
mod encode;

use std::{
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256};
use cairn_prover::files::write_atomically;
use cairn_state::State;
use cairn_types::Digest;
use thiserror::Error;

use crate::regular_file::Input;

const MAGIC: [u8; 8] = *b"cairnsnp";

/// Version of the format.
pub const VERSION: u16 = 1;

/// A state, and which one it is.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Chain of the rollup.
    pub chain_id: u64,
    /// The rollup's contract on it.
    pub rollup: Address,
    /// The batch after which this is the state; 0 for genesis.
    pub batch: u32,
    /// The state.
    pub state: State,
}

/// Bytes that are no snapshot.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something else than a snapshot, or one of another version.
    #[error("snapshot {}: {fault}; get another copy, or make one with `cairn snapshot`", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A snapshot of another deployment.
    #[error(
        "the snapshot is of rollup {got_rollup} on chain {got_chain}, expected {expected_rollup} on chain {expected_chain}"
    )]
    OtherRollup {
        /// Chain asked for.
        expected_chain: u64,
        /// Chain of the file.
        got_chain: u64,
        /// Contract asked for.
        expected_rollup: Address,
        /// Contract of the file.
        got_rollup: Address,
    },
}

/// What is wrong with the bytes of a snapshot.
#[derive(Debug, Error)]
pub enum Fault {
    /// The bytes cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not begin as a snapshot does.
    #[error("this is no snapshot")]
    Magic,
    /// Another format.
    #[error("version {got}, expected {VERSION}")]
    Version {
        /// Of the file.
        got: u16,
    },
    /// It ends too early.
    #[error("the file is cut off at byte {position}")]
    CutOff {
        /// Where it ends.
        position: u64,
    },
    /// It goes on after its end.
    #[error("there are bytes after the end, at byte {position}")]
    Trailing {
        /// Where it should end.
        position: u64,
    },
    /// A number that no state has, or has in another encoding.
    #[error("byte {position}: {what} out of range")]
    Number {
        /// Which number.
        what: &'static str,
        /// Where.
        position: u64,
    },
    /// A leaf that no state has.
    #[error("leaf {id}: {reason}")]
    Leaf {
        /// Which.
        id: u32,
        /// Why not.
        reason: &'static str,
    },
    /// Bytes have changed.
    #[error("checksum mismatch: expected {expected}, got {got}")]
    Checksum {
        /// Of the file's content.
        expected: B256,
        /// At its end.
        got: B256,
    },
    /// The leaves make another state than the file says.
    #[error("its leaves have the state commitment {got}, but it says {expected}")]
    Commitment {
        /// As the file says.
        expected: B256,
        /// As computed.
        got: B256,
    },
}

impl Snapshot {
    /// The state commitment. Hashes what is not hashed yet.
    pub fn commitment(&mut self) -> Digest {
        self.state.summary().commitment()
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`SnapshotError::File`].
    pub fn write(&mut self, path: &Path) -> Result<(), SnapshotError> {
        write_atomically(path, |file| self.encode(file))
            .map_err(|source| SnapshotError::File { path: path.to_owned(), source })
    }

    /// Reads a file and computes its commitment. The memory is that of the state: it grows with the leaves that are there,
    /// not with what the header says.
    ///
    /// # Errors
    /// The file is not there, or not the encoding of a state with the commitment that it names.
    pub fn read(path: &Path) -> Result<Self, SnapshotError> {
        let file = Input::open(path)
            .map_err(|source| SnapshotError::File { path: path.to_owned(), source })?;
        Self::decode(BufReader::with_capacity(1 << 20, file))
            .map_err(|fault| SnapshotError::Malformed { path: path.to_owned(), fault })
    }

    /// Refuses a snapshot of another rollup.
    ///
    /// # Errors
    /// [`SnapshotError::OtherRollup`].
    pub fn check_rollup(&self, chain_id: u64, rollup: Address) -> Result<(), SnapshotError> {
        if (self.chain_id, self.rollup) == (chain_id, rollup) {
            return Ok(());
        }
        Err(SnapshotError::OtherRollup {
            expected_chain: chain_id,
            got_chain: self.chain_id,
            expected_rollup: rollup,
            got_rollup: self.rollup,
        })
    }

    /// Writes the bytes as the module describes them, one leaf after the other.
    ///
    /// # Errors
    /// The writer's.
    pub fn encode(&mut self, writer: impl Write) -> io::Result<()> {
        encode::encode(self, writer)
    }

    /// Inverse of [`Self::encode`]. Reads in small pieces: give it a buffered reader.
    ///
    /// # Errors
    /// Bytes that [`Self::encode`] never writes.
    pub fn decode(reader: impl Read) -> Result<Self, Fault> {
        decode::decode(reader)
    }
}

#[cfg(test)]
mod tests;
