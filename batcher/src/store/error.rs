//! What can go wrong with the store.

use std::path::PathBuf;

use thiserror::Error;

/// Why a row was not read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is nothing to look after.
    #[error("{} holds no store: give the folder `store` of an operator's data_dir", .folder.display())]
    NoStore {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process works with this store.
    #[error(
        "the store in {} is open in another process: one operator at a time; stop the other, or choose another data_dir",
        .folder.display()
    )]
    InUse {
        /// The store's folder.
        folder: PathBuf,
    },
    /// The store is of another rollup.
    #[error("the store is of {what} {got}, expected {expected}: choose another data_dir")]
    OtherRollup {
        /// What differs.
        what: &'static str,
        /// Of the configuration.
        expected: String,
        /// Of the store.
        got: String,
    },
    /// A later version of the program has written the store.
    #[error("the store has schema {got}, this program knows up to {expected}: use the later one")]
    NewerSchema {
        /// The newest that is known.
        expected: u32,
        /// The store's.
        got: u32,
    },
    /// An earlier version has written the store, and no migration leads from there.
    #[error(
        "the store has schema {got}, this program reads {oldest} and later: start the version before this one once, or restore a backup of it"
    )]
    OlderSchema {
        /// The oldest that can be migrated.
        oldest: u32,
        /// The store's.
        got: u32,
    },
    /// An earlier version has written the store, which is to be looked after as it is.
    #[error(
        "the store has schema {got}, this program looks after {expected}: start the operator once, which takes the store there, or use the earlier version"
    )]
    NotMigrated {
        /// This program's.
        expected: u32,
        /// The store's.
        got: u32,
    },
    /// Writes that were acknowledged are not there any more.
    #[error(
        "the store is damaged: {} knows of {expected} commits, the database has {got}; restore a backup (cairn db restore)",
        .path.display()
    )]
    LostCommits {
        /// The file that counts beside the database.
        path: PathBuf,
        /// Commits by that file; 0 where it is missing.
        expected: u64,
        /// Commits in the database.
        got: u64,
    },
    /// A table is not there any more.
    #[error("the store is damaged: table {table} is missing; restore a backup (cairn db restore)")]
    LostTable {
        /// The table.
        table: &'static str,
    },
    /// A file of the store has other bytes than were written.
    #[error(
        "the store is damaged: {}, byte {at}; restore a backup (cairn db restore)",
        .path.display()
    )]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// Where the first part begins that cannot be.
        at: u64,
    },
    /// The database does not open, and does not say why.
    #[error(
        "the store is damaged: the files in {} do not fit together; restore a backup (cairn db restore)",
        .folder.display()
    )]
    DamagedFiles {
        /// The store's folder.
        folder: PathBuf,
    },
    /// A file of the store, or beside it, is not read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not a whole backup.
    #[error("{} is not a whole backup: {what}", .path.display())]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A store is to be restored where something is already.
    #[error("{} is not empty: choose another folder, or move it away", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A row does not have its checksum.
    #[error(
        "the store is damaged: table {table}, key 0x{}; stop the operator and restore a backup (cairn db restore)",
        hex::encode(.key)
    )]
    Damaged {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: Vec<u8>,
    },
    /// A row that must be there is not.
    #[error(
        "the store is damaged: table {table} has no row {key}; restore a backup (cairn db restore)"
    )]
    Missing {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
    },
    /// A value cannot be stored.
    #[error("a row of table {table} has no encoding: {source}")]
    Encode {
        /// The table.
        table: &'static str,
        /// Why.
        source: bincode::error::EncodeError,
    },
    /// The stream of commits does not take one.
    #[error("the stream of commits: {reason}")]
    Replication {
        /// Why not.
        reason: String,
    },
    /// A commit of the stream cannot be read.
    #[error(
        "the stream of commits is damaged: a commit is not whole; restore a backup of the active operator (cairn db restore)"
    )]
    BadCommit,
    /// A commit of the stream was made by another version.
    #[error(
        "the stream of commits has layout {got}, this program has {expected}: run the same version as the active operator"
    )]
    OtherLayout {
        /// This program's.
        expected: u32,
        /// The commit's.
        got: u32,
    },
    /// A change is put back into another table than it was made in.
    #[error("undoing a change: expected table {expected}, got {got}")]
    OtherTable {
        /// The table.
        expected: &'static str,
        /// Of the change.
        got: String,
    },
    /// The database or the disk fails, as reading or writing a table.
    #[error("the store, table {table}: {source}")]
    Table {
        /// The table.
        table: &'static str,
        /// What the database says.
        source: fjall::Error,
    },
    /// The database or the disk fails.
    #[error("the store, {what}: {source}")]
    Engine {
        /// What was tried.
        what: &'static str,
        /// What the database says.
        source: fjall::Error,
    },
}
