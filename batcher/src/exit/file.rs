//! A proof of leaves that exit, as a file: what `prove` writes and `submit` sends.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256, Bytes, U256};
use cairn_prover::files::write_atomically;
use cairn_types::{AccountId, EXIT_ENTRY_BYTES, TokenId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{l1::http::quote, parse::fields, regular_file};

/// Bytes of the largest file that is read; a proof of 44 leaves takes 4 KiB.
const MAX_BYTES: u64 = 1 << 20;

/// A proof and what L1 must know to take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitFile {
    /// Chain of the rollup.
    pub chain_id: u64,
    /// The rollup.
    #[serde(deserialize_with = "fields::address")]
    pub rollup: Address,
    /// What the proof is made of.
    #[serde(deserialize_with = "fields::hash")]
    pub circuit_set_root: B256,
    /// Commitment of the state that the leaves are in.
    #[serde(deserialize_with = "fields::hash")]
    pub state: B256,
    /// The list, 34 bytes a leaf.
    #[serde(deserialize_with = "fields::data")]
    pub leaves: Bytes,
    /// The SNARK as the contract takes it.
    #[serde(deserialize_with = "fields::proof")]
    pub proof: [B256; 8],
}

/// A leaf of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// The leaf.
    pub leaf: AccountId,
    /// Its token.
    pub token: TokenId,
    /// Who is credited.
    pub recipient: Address,
}

/// A file cannot be used.
#[derive(Debug, Error)]
pub enum ExitFileError {
    /// It cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} is no exit proof: {reason}; remove it, and make it again with `cairn exit prove`", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl ExitFile {
    /// Reads a file. The proof is L1's to judge.
    ///
    /// # Errors
    /// It is not there, or not what [`Self::write`] writes.
    pub fn read(path: &Path) -> Result<Self, ExitFileError> {
        let io = |source| ExitFileError::File { path: path.to_owned(), source };
        let malformed = |reason: String| ExitFileError::Malformed { path: path.to_owned(), reason };
        let text = regular_file::bytes(path, MAX_BYTES).map_err(io)?;
        // The parser quotes the file, which may hold anything.
        let file: Self =
            serde_json::from_slice(&text).map_err(|e| malformed(quote(&e.to_string())))?;
        if file.leaves.is_empty() || !file.leaves.len().is_multiple_of(EXIT_ENTRY_BYTES) {
            let length = file.leaves.len();
            return Err(malformed(format!("{length} bytes are not whole leaves")));
        }
        Ok(file)
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), ExitFileError> {
        write_atomically(path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            writeln!(file)
        })
        .map_err(|source| ExitFileError::File { path: path.to_owned(), source })
    }

    /// The leaves, each once, in order.
    #[must_use]
    pub fn leaving(&self) -> Vec<Leaving> {
        let (entries, _) = self.leaves.as_chunks::<EXIT_ENTRY_BYTES>();
        let mut leaving: Vec<_> = entries.iter().map(Leaving::new).collect();
        leaving.dedup();
        leaving
    }

    /// The proof as words of the contract.
    #[must_use]
    pub fn words(&self) -> [U256; 8] {
        self.proof.map(|word| U256::from_be_bytes(word.0))
    }
}

impl Leaving {
    fn new(entry: &[u8; EXIT_ENTRY_BYTES]) -> Self {
        let [l0, l1, l2, l3, t0, t1, _, _, _, _, _, _, _, _, recipient @ ..] = *entry;
        Self {
            leaf: u32::from_be_bytes([l0, l1, l2, l3]),
            token: u16::from_be_bytes([t0, t1]),
            recipient: Address::from(recipient),
        }
    }
}

#[cfg(test)]
mod tests {
    use cairn_types::ExitEntry;

    use super::*;

    fn file() -> ExitFile {
        let entry = |leaf| ExitEntry { leaf, token: 3, balance: 5, recipient: [7; 20] };
        let leaves = [entry(9), entry(8), entry(8)];
        ExitFile {
            chain_id: 31_337,
            rollup: Address::repeat_byte(1),
            circuit_set_root: B256::repeat_byte(2),
            state: B256::repeat_byte(3),
            leaves: leaves.iter().flat_map(ExitEntry::to_bytes).collect(),
            proof: std::array::from_fn(|i| B256::repeat_byte(i as u8)),
        }
    }

    #[test]
    fn a_file_comes_back_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exit-0001.json");
        file().write(&path).unwrap();
        let read = ExitFile::read(&path).unwrap();
        assert_eq!(read, file());
        let leaving = |leaf| Leaving { leaf, token: 3, recipient: Address::repeat_byte(7) };
        assert_eq!(read.leaving(), [leaving(9), leaving(8)]);

        // Found by fuzzing: a name that a parser quotes may have lines of its own.
        std::fs::write(&path, r#"{"form\n2e-9": 1}"#).unwrap();
        let error = ExitFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("unknown field") && error.lines().count() == 1, "{error}");

        let cut = ExitFile { leaves: file().leaves.slice(..33), ..file() };
        cut.write(&path).unwrap();
        let error = ExitFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("33 bytes are not whole leaves"), "{error}");
        let text = serde_json::to_string(&file()).unwrap();
        let rollup = format!("\"rollup\":\"0x{}\"", "01".repeat(20));
        assert!(text.contains(&rollup));
        for rollup_is in [
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        ] {
            let other = text.replace(&rollup, &format!("\"rollup\":\"{rollup_is}\""));
            std::fs::write(&path, other).unwrap();
            let error = ExitFile::read(&path).unwrap_err().to_string();
            assert!(error.contains("expected an address"), "{error}");
        }
        for text in ["", "{}", "[1]"] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(ExitFile::read(&path), Err(ExitFileError::Malformed { .. })));
        }
        let absent = ExitFile::read(&folder.path().join("none"));
        assert!(matches!(absent, Err(ExitFileError::File { .. })));
    }
}
