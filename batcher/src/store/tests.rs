//! The store under damage: it refuses or is complete, never other than what was written.

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
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

fn identity() -> Identity {
    Identity { schema: SCHEMA, chain_id: 1, rollup: Address::ZERO, genesis: B256::ZERO }
}

fn open(folder: &Path) -> Result<Store, StoreError> {
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
type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Everything in the store, as bytes.
fn contents(store: &Store) -> Result<Rows, StoreError> {
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

#[test]
fn flipped_bytes_are_noticed_wherever_they_are() {
    for compacted in [false, true] {
        let (base, expected) = written(compacted);
        let (mut flips, mut refused) = (0, 0);
        for file in files(base.path()) {
            let name = file.strip_prefix(base.path()).unwrap().to_path_buf();
            let length = fs::metadata(&file).unwrap().len() as usize;
            // A journal's entries have a dozen fields.
            let steps = if name.extension().is_some_and(|e| e == "jnl") { 300 } else { 12 };
            for step in 0..steps.min(length) {
                let at = step * length / steps.min(length);
                let folder = memory();
                copy(base.path(), folder.path());
                let target = folder.path().join(&name);
                let mut bytes = fs::read(&target).unwrap();
                bytes[at] ^= 1 << (step % 8);
                fs::write(&target, bytes).unwrap();
                let what = format!("byte {at} of {length} of {}", name.display());
                flips += 1;
                refused += usize::from(is_refused(folder.path(), &expected, &what));
            }
        }
        // The others fall on what no row needs: all rows were there.
        assert!(flips > 100 && refused * 4 > flips, "{refused} of {flips}");
    }
}

#[test]
fn torn_files_are_noticed() {
    for compacted in [false, true] {
        let (base, expected) = written(compacted);
        for file in files(base.path()) {
            let name = file.strip_prefix(base.path()).unwrap().to_path_buf();
            let length = fs::metadata(&file).unwrap().len();
            for eighth in 0..8 {
                let folder = memory();
                copy(base.path(), folder.path());
                let target = folder.path().join(&name);
                let cut = length * eighth / 8;
                fs::File::options().write(true).open(&target).unwrap().set_len(cut).unwrap();
                is_refused(folder.path(), &expected, &format!("{} cut to {cut}", name.display()));
            }
        }
    }
}

#[test]
fn a_lost_table_is_noticed() {
    let (base, expected) = written(true);
    for keyspace in fs::read_dir(base.path().join("keyspaces")).unwrap() {
        let name = keyspace.unwrap().file_name();
        let folder = memory();
        copy(base.path(), folder.path());
        fs::remove_dir_all(folder.path().join("keyspaces").join(&name)).unwrap();
        let what = format!("keyspace {}", name.display());
        assert!(is_refused(folder.path(), &expected, &what), "{what}: opened");
    }
}

/// A crash leaves half a write at the journal's end: it was not acknowledged, and all before it is there.
#[test]
fn an_unfinished_write_is_cut_off() {
    let (base, expected) = written(false);
    let journal = base.path().join("0.jnl");
    let whole = fs::read(&journal).unwrap();
    let unfinished = &whole[..50];
    fs::write(&journal, [&whole[..], unfinished].concat()).unwrap();
    assert!(!is_refused(base.path(), &expected, "an unfinished write"));
}

#[test]
fn commits_that_the_database_has_lost_are_missed() {
    let (base, _) = written(false);
    let journal = base.path().join("0.jnl");
    let mut bytes = fs::read(&journal).unwrap();
    // The tag of an entry in the middle: the database takes it for the torn end of a crash.
    let magic = bytes.windows(4).position(|four| four == b"FJL\x03").unwrap();
    *bytes.get_mut(magic + 4).unwrap() = 77;
    fs::write(&journal, bytes).unwrap();
    for _ in 0..2 {
        let error = open(base.path()).unwrap_err();
        assert!(matches!(error, StoreError::LostCommits { .. }), "{error}");
    }
}

#[test]
fn every_table_is_in_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!(store.engine.tables(), Store::TABLES.len() + 1, "with the count of commits");
}

#[test]
fn one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::InUse { .. })));
}

#[test]
fn another_rollup_and_a_later_schema_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let other = Identity { chain_id: 2, ..identity() };
    let error = Store::open(folder.path(), &other).unwrap_err();
    assert!(matches!(error, StoreError::OtherRollup { what: "chain", .. }));
    let store = open(folder.path()).unwrap();
    let mut write = store.write();
    write.put(&store.meta, &(), &Identity { schema: SCHEMA + 1, ..identity() }).unwrap();
    write.commit().unwrap();
    drop(store);
    let error = open(folder.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerSchema { expected: SCHEMA, got } if got == SCHEMA + 1)
    );
}

#[test]
fn migrations_run_in_order_from_where_the_store_is() {
    fn note(store: &Store, write: &mut Write, number: u64) -> Result<(), StoreError> {
        let seen = store.waiting_from.get(&())?.unwrap_or(0);
        write.put(&store.waiting_from, &(), &(seen * 10 + number))
    }
    let steps = [
        Step { from: 2, run: |store, write| note(store, write, 2) },
        Step { from: 3, run: |store, write| note(store, write, 3) },
        Step { from: 4, run: |store, write| note(store, write, 4) },
    ];
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let found = |schema| Identity { schema, ..identity() };
    migrations::run(&store, found(3), &steps).unwrap();
    assert_eq!(store.waiting_from.get(&()).unwrap(), Some(34));
    assert_eq!(store.meta.get(&()).unwrap(), Some(found(5)));
    migrations::run(&store, found(5), &steps).unwrap();
    assert_eq!(store.waiting_from.get(&()).unwrap(), Some(34));
    let error = migrations::run(&store, found(1), &steps).unwrap_err();
    assert!(matches!(error, StoreError::OlderSchema { oldest: 2, got: 1 }));
}

#[test]
fn a_backup_is_what_was_there_when_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for number in 0..20 {
        commit(&store, number).unwrap();
    }
    let expected = contents(&store).unwrap();
    let place = tempfile::tempdir().unwrap();
    let (file, restored) = (place.path().join("backup"), place.path().join("restored"));
    assert_eq!(store.backup(&file).unwrap(), expected.len() as u64);
    commit(&store, 20).unwrap();
    assert_eq!(restore(&file, &restored).unwrap(), expected.len() as u64);
    let copy = open(&restored).unwrap();
    assert_eq!(contents(&copy).unwrap(), expected);
    commit(&copy, 20).unwrap();
    assert_eq!(contents(&copy).unwrap(), contents(&store).unwrap());
    drop(copy);
    assert!(matches!(restore(&file, &restored), Err(StoreError::NotEmpty { .. })));
    assert!(!place.path().join("backup.partial").exists());
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    commit(&store, 0).unwrap();
    let place = tempfile::tempdir().unwrap();
    let (file, restored) = (place.path().join("backup"), place.path().join("restored"));
    store.backup(&file).unwrap();
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&file, &bytes).unwrap();
        assert!(restore(&file, &restored).is_err(), "byte {at}");
        fs::write(&file, &whole[..at]).unwrap();
        assert!(restore(&file, &restored).is_err(), "cut to {at}");
        assert!(!restored.exists());
    }
    fs::write(&file, [&whole[..], &[0]].concat()).unwrap();
    assert!(matches!(restore(&file, &restored), Err(StoreError::BadBackup { .. })));
}

#[test]
fn a_check_finds_rows_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!(store.check().faults, Vec::<String>::new());
    let mut write = store.write();
    write.put(&store.hashes, &hash(1), &7).unwrap();
    write.put(&store.changes, &3, &Vec::new()).unwrap();
    let state = cairn_state::State::genesis().summary();
    let wrong = cairn_state::StateSummary { next_id: state.next_id + 1, ..state };
    let root = cairn_types::Digest::new([1, 2, 3, 4]).unwrap();
    let state = cairn_state::StateSummary { root, ..wrong };
    write.put(&store.checkpoint, &(), &Checkpoint { batch: 0, block: 0, state }).unwrap();
    write.commit().unwrap();
    let checked = store.check();
    let faults = checked.faults.join("\n");
    for fault in ["hashes: ", "changes: batch 3", "accounts: do not hash"] {
        assert!(faults.contains(fault), "{fault} is not in {faults}");
    }
    assert!(checked.rows.contains(&("hashes", 1)));
}

/// The child of the next test: writes until it cannot, and says how far it came.
#[test]
#[ignore = "run by the next test, with a limit on the size of files"]
fn writes_until_the_disk_is_full() {
    let Some(folder) = std::env::var_os("CAIRN_TEST_STORE") else { return };
    let store = open(Path::new(&folder)).unwrap();
    for nonce in 0..1_000 {
        let mut write = store.write();
        write.put(&store.outbox, &nonce, &noise(nonce)).unwrap();
        if let Err(e) = write.commit() {
            println!("acknowledged {nonce}: {e}");
            assert!(commit(&store, 1).is_err(), "after a failure nothing is written");
            return;
        }
    }
    panic!("the disk has room for everything");
}

/// A row that does not get smaller when it is compressed.
fn noise(nonce: u64) -> OutboxTransaction {
    let mut raw = vec![0; 1 << 18];
    rand_chacha::ChaCha8Rng::seed_from_u64(nonce).fill_bytes(&mut raw);
    OutboxTransaction {
        purpose: Purpose::Cancel,
        attempts: Vec::new(),
        raw: raw.into(),
        sent_ms: None,
        mined: None,
        is_final: false,
    }
}

#[test]
fn a_full_disk_costs_nothing_that_was_acknowledged() {
    let folder = memory();
    drop(open(folder.path()).unwrap());
    // No file may be written beyond 8 MiB.
    let limited = "trap '' XFSZ; ulimit -f 8192; exec \"$0\" --ignored --exact \
                   store::tests::writes_until_the_disk_is_full --nocapture";
    let child = Command::new("bash")
        .args(["-c", limited])
        .arg(std::env::current_exe().unwrap())
        .env("CAIRN_TEST_STORE", folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    let said = output.split("acknowledged ").nth(1).and_then(|rest| rest.split(':').next());
    let acknowledged: u64 = said.unwrap_or_else(|| panic!("{child:?}")).parse().unwrap();
    assert!(child.status.success() && acknowledged > 10, "{child:?}");
    let store = open(folder.path()).unwrap();
    let rows = store.outbox.iter().collect::<Result<Vec<_>, _>>().unwrap();
    // What was written and not acknowledged may be there, too.
    assert!((acknowledged..=acknowledged + 1).contains(&(rows.len() as u64)));
    assert!(rows.into_iter().all(|(nonce, row)| row == noise(nonce)));
    commit(&store, 1).unwrap();
}
