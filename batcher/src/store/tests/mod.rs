//! The store under damage: it refuses or is complete, never other than what was written.

mod backups;
mod damage;
mod disk;
mod opening;
mod replicas;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use alloy::primitives::{Address, B256};
use rand::{RngCore, SeedableRng};
use tempfile::TempDir;

use super::{
    migrations::Step,
    records::{Checkpoint, Purpose},
    *,
};

/// Rows of a commit of these tests.
const ROWS: u64 = 3;

pub(crate) fn identity() -> Identity {
    Identity { schema: SCHEMA, chain_id: 1, rollup: Address::ZERO, genesis: B256::ZERO }
}

pub(crate) fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &identity())
}

fn hash(number: u64) -> B256 {
    alloy::primitives::keccak256(number.to_be_bytes())
}

/// One commit: rows under random keys, and one that every commit replaces.
fn commit(store: &Store, number: u64) -> Result<(), StoreError> {
    let mut write = store.write();
    for row in 0..ROWS {
        let place = number * ROWS + row;
        write.put(&store.hashes, &hash(place), &place)?;
    }
    write.put(&store.waiting_from, &(), &number)?;
    write.commit()
}

/// Every row's bytes, by table and key.
pub(crate) type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Everything in the store, as bytes.
pub(crate) fn contents(store: &Store) -> Result<Rows, StoreError> {
    let at = store.engine.snapshot();
    let mut all = BTreeMap::new();
    for (table, keyspace) in store.engine.keyspaces()? {
        for row in fjall::Readable::iter(&at, &keyspace) {
            let (key, value) =
                row.into_inner().map_err(|source| StoreError::Table { table, source })?;
            codec::check(table, &key, &value)?;
            all.insert((table, key.to_vec()), value.to_vec());
        }
    }
    Ok(all)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// A copy without the zeros that journals set aside.
fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        if file.extension().is_some_and(|extension| extension == "jnl") {
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            bytes.truncate(end);
        }
        fs::write(target, bytes).unwrap();
    }
}

/// A store that is in its journal, or in tables with a little in a journal; and what is in it.
fn written(compacted: bool) -> (TempDir, Rows) {
    let (folder, trimmed) = (memory(), memory());
    let store = open(folder.path()).unwrap();
    for number in 0..40 {
        commit(&store, number).unwrap();
    }
    if compacted {
        store.compact().unwrap();
        for number in 40..60 {
            commit(&store, number).unwrap();
        }
    }
    let expected = contents(&store).unwrap();
    drop(store);
    copy(folder.path(), trimmed.path());
    (trimmed, expected)
}

/// A folder in memory, where there is such a thing: what these tests try has nothing to do with syncing.
fn memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Whether the store was refused; it is complete otherwise.
fn is_refused(
    folder: &Path,
    expected: &BTreeMap<(&'static str, Vec<u8>), Vec<u8>>,
    what: &str,
) -> bool {
    // The database below may panic over its own files while it is read.
    let read = catch_unwind(AssertUnwindSafe(|| contents(&open(folder)?)));
    match read {
        Ok(Ok(got)) => {
            assert!(got == *expected, "{what}: other rows, and nothing said");
            false
        }
        Ok(Err(_)) | Err(_) => true,
    }
}
