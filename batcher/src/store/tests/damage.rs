//! Files that are not as they were written.

use super::*;

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
        assert!(is_refused(folder.path(), &expected, &what), "{what}: opened the second time");
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
