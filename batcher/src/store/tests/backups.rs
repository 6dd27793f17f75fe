//! Copies of a store, and checks of its rows.

use super::*;
use crate::store::replica::Change;

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
fn a_backup_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (file, partial, theirs) = (at("backup"), at("backup.partial"), at("theirs"));
    let refused = || store.backup(&file).unwrap_err().to_string();
    fs::write(&file, "theirs").unwrap();
    assert!(refused().contains("backup: it is there already: a backup replaces nothing"));
    assert_eq!(fs::read(&file).unwrap(), b"theirs");
    assert!(!partial.exists());
    fs::remove_file(&file).unwrap();

    // Neither what another backup is writing, nor what a link leads to.
    fs::write(&theirs, "theirs").unwrap();
    std::os::unix::fs::symlink(&theirs, &partial).unwrap();
    assert!(refused().contains("backup.partial: it is there already"));
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
    assert!(partial.exists() && !file.exists());
    fs::remove_file(&partial).unwrap();

    // What appears while the copy is made stays, and the copy goes.
    fs::write(&partial, "ours").unwrap();
    fs::write(&file, "theirs").unwrap();
    let error = backup::put_in_place(&partial, &file).unwrap_err().to_string();
    assert!(error.contains("a backup replaces nothing"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"theirs");
}

/// A name that no file can have is said before the copy is made.
#[test]
fn a_backup_to_no_name_of_a_file_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let text = |name: &str| PathBuf::from(format!("{}/{name}", place.path().display()));
    for name in ["new/", "new/.", &"n".repeat(256)] {
        let error = store.backup(&text(name)).unwrap_err();
        assert!(matches!(&error, StoreError::File { .. }), "{name}: {error}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "{name}");
    }
    let mut bytes = Vec::new();
    let rows = store.backup_to(&mut bytes, Path::new("-")).unwrap();
    assert_eq!(store.backup(&text("backup")).unwrap(), rows);
    assert_eq!(fs::read(text("backup")).unwrap(), bytes);
}

/// What has a name like ours is somebody's.
#[test]
fn a_restore_removes_nothing_that_it_has_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    commit(&store, 0).unwrap();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    store.backup(&at("backup")).unwrap();
    fs::create_dir(at("restored.partial")).unwrap();
    fs::write(at("restored.partial/theirs"), "theirs").unwrap();
    restore(&at("backup"), &at("restored")).unwrap();
    assert_eq!(contents(&open(&at("restored")).unwrap()).unwrap(), contents(&store).unwrap());
    assert_eq!(fs::read(at("restored.partial/theirs")).unwrap(), b"theirs");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    commit(&store, 0).unwrap();
    // A row without its checksum.
    let mut write = store.write();
    let keyspace = store.engine.keyspace("hashes").unwrap();
    write.push(Change::new("hashes", &keyspace, vec![1], Some(vec![2])));
    write.commit().unwrap();
    let place = tempfile::tempdir().unwrap();
    let error = store.backup(&place.path().join("backup")).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
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

#[test]
fn a_check_reads_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let checked = store.check();
    let mut tables: Vec<_> = checked.rows.iter().map(|(table, _)| *table).collect();
    let mut expected = Store::TABLES.to_vec();
    tables.sort_unstable();
    expected.sort_unstable();
    assert_eq!(tables, expected);
}

/// Another program that sends with the operator's key uses nonces, too: they are no damage of the store.
#[test]
fn nonces_of_others_are_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let row = OutboxTransaction {
        purpose: Purpose::Cancel,
        attempts: Vec::new(),
        raw: Default::default(),
        sent_ms: None,
        mined: None,
        is_final: true,
    };
    let mut write = store.write();
    for nonce in [3, 4, 7] {
        write.put(&store.outbox, &nonce, &row).unwrap();
    }
    write.commit().unwrap();
    assert_eq!(store.check().faults, Vec::<String>::new());
}
