//! How many commits there have been: a row of the database, and a file beside it that knows better.
//!
//! Every commit carries its number as a row, and when it is on disk the number goes into a file of its own, in place.
//! If the file knows of more commits than the database, acknowledged rows are lost, whatever has lost them. The file
//! is not synced: after a power failure it may know of fewer, which is never a false alarm.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use fjall::Keyspace;

use super::{
    codec::{self, Key},
    error::StoreError,
};

const TABLE: &str = "commits";

/// The count, with the file that repeats it.
#[derive(Debug)]
pub(super) struct Commits {
    number: u64,
    file: File,
    path: PathBuf,
}

impl Commits {
    pub(super) const TABLE: &'static str = TABLE;

    /// Reads both, and refuses a database that has lost commits.
    pub(super) fn open(folder: &Path, rows: &Keyspace) -> Result<Self, StoreError> {
        let row = rows.get(().encode());
        let row = row.map_err(|source| StoreError::Table { table: TABLE, source })?;
        let row = row.map(|row| codec::decode(TABLE, &().encode(), &row)).transpose()?;
        let number = row.unwrap_or(0);
        let path = folder.join("commits");
        let failed = |source| StoreError::File { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        // An empty file is that of a kill before its first byte.
        let is_new = file.metadata().map_err(failed)?.len() == 0;
        let commits = Self { number, file, path: path.clone() };
        let expected = if is_new { 0 } else { commits.read()? };
        // Whoever has removed the file, or taken the database from elsewhere, has not read this.
        if number < expected || (is_new && number > 0) {
            return Err(StoreError::LostCommits { path, expected, got: number });
        }
        commits.write(number)?;
        commits.file.sync_all().map_err(failed)?;
        // So that a power failure leaves its name, too.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(commits)
    }

    /// Commits so far.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The row of the next commit.
    pub(super) fn next_row(&self) -> Result<Vec<u8>, StoreError> {
        codec::encode(TABLE, &().encode(), &(self.number + 1))
    }

    /// The commit is on disk.
    pub(super) fn done(&mut self) -> Result<(), StoreError> {
        self.number += 1;
        self.write(self.number)
    }

    fn read(&self) -> Result<u64, StoreError> {
        let mut bytes = [0; 12];
        let read = self.file.read_exact_at(&mut bytes, 0);
        read.map_err(|source| StoreError::File { path: self.path.clone(), source })?;
        let (number, sum) = bytes.split_at(8);
        if crc32c::crc32c(number).to_le_bytes() != sum {
            return Err(StoreError::DamagedFile { path: self.path.clone(), at: 0 });
        }
        Ok(number.try_into().map_or(0, u64::from_le_bytes))
    }

    fn write(&self, number: u64) -> Result<(), StoreError> {
        let number = number.to_le_bytes();
        let bytes = [&number[..], &crc32c::crc32c(&number).to_le_bytes()].concat();
        let written = self.file.write_all_at(&bytes, 0);
        written.map_err(|source| StoreError::File { path: self.path.clone(), source })
    }
}
