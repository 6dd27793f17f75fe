//! What a member keeps: a file a batch, its words one after the other, named by their digest. Any server of plain files
//! gives them out.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::B256;
use cairn_prover::files::write_atomically;
use cairn_types::{Stream, WORD_BYTES, Word};

use super::{OtherWords, statement::stream};
use crate::regular_file;

/// Words of the largest batch that is taken, 124 MiB of them: far more than a batch can have that anybody proves.
pub const MAX_WORDS: u32 = 1 << 22;

/// Name of the file with the words of this digest.
#[must_use]
pub fn file_name(digest: B256) -> String {
    digest.to_string()
}

/// The words in `bytes`, if they are those of this digest and count.
///
/// # Errors
/// What they are instead.
pub fn check(bytes: &[u8], digest: B256, count: u32) -> Result<Vec<Word>, OtherWords> {
    let expected = length(count)?;
    if bytes.len() != expected {
        return Err(OtherWords::Length { expected, got: bytes.len() as u64 });
    }
    let words: Vec<Word> =
        bytes.as_chunks::<WORD_BYTES>().0.iter().copied().map(Word::new).collect();
    let Stream { digest: got, count: got_count } = stream(&words);
    let got = B256::from(got.to_bytes());
    if (got, got_count) != (digest, count) {
        let (expected, expected_count) = (digest, count);
        return Err(OtherWords::Digest { expected, expected_count, got, got_count });
    }
    Ok(words)
}

/// As [`check`], of a file that anyone may have written: no more is read than the words take.
///
/// # Errors
/// What the file system says; then, what the words are instead.
pub fn read(path: &Path, digest: B256, count: u32) -> io::Result<Result<Vec<Word>, OtherWords>> {
    let expected = match length(count) {
        Ok(expected) => expected,
        Err(fault) => return Ok(Err(fault)),
    };
    let (file, metadata) = regular_file::open(path)?;
    let got = metadata.len();
    if got != expected as u64 {
        return Ok(Err(OtherWords::Length { expected, got }));
    }
    let mut bytes = Vec::with_capacity(expected);
    file.take(got).read_to_end(&mut bytes)?;
    Ok(check(&bytes, digest, count))
}

/// Bytes of so many words.
///
/// # Errors
/// [`OtherWords::TooMany`].
pub(crate) fn length(count: u32) -> Result<usize, OtherWords> {
    if count > MAX_WORDS {
        return Err(OtherWords::TooMany { got: count });
    }
    Ok(count as usize * WORD_BYTES)
}

/// A folder of words.
#[derive(Debug, Clone)]
pub struct Store(PathBuf);

impl Store {
    /// A folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Where the words of this digest are.
    #[must_use]
    pub fn path(&self, digest: B256) -> PathBuf {
        self.0.join(file_name(digest))
    }

    /// Keeps words: when this returns, all of them are in their file.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep(&self, digest: B256, words: &[Word]) -> io::Result<()> {
        std::fs::create_dir_all(&self.0)?;
        write_atomically(&self.path(digest), |file| {
            words.iter().try_for_each(|word| file.write_all(&word.bytes()))
        })
    }
}
