//! Copies of a store, and checks of its rows.

use super::*;

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
