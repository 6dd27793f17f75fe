//! The disk is full, or has lost a bit.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rand::Rng;

use crate::{
    ground::Ground,
    operator::{Operator, Setting},
    runner::Counts,
};

/// Times that the disk fills.
const FILLS: u64 = 3;
/// Bytes that are flipped, one at a time.
const FLIPS: u64 = 8;

pub(crate) async fn full() -> Counts {
    let mut ground = Ground::new().await;
    let load = ground.users.load();
    let mut ended = 0;
    for fill in 0..FILLS {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ground.operator.limit_files(Some(4_096));
        tokio::time::sleep(Duration::from_millis(3_000)).await;
        let stuck = ground.users.promised();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(ground.users.promised(), stuck, "acknowledged while nothing could be written");
        match ground.operator.has_ended() {
            true => {
                ended += 1;
                let code = ground.operator.code();
                assert_eq!(code, Some(1), "fill {fill}: {}", ground.setting.log_tail());
            }
            false => ground.kill(),
        }
        ground.restart();
    }
    load.end().await;
    let mut counts = ground.end().await;
    counts.extend([("fills", FILLS), ("ended of itself", ended)]);
    counts
}

pub(crate) async fn flipped() -> Counts {
    let mut ground = Ground::new().await;
    ground.pay(20).await;
    ground.settle().await;
    ground.kill();
    let data = ground.setting.config.data_dir.clone();
    let backup = ground.setting.folder.join("backup");
    copy(&data, &backup);
    let files = files(&data.join("store"));
    let mut refused = 0;
    for _ in 0..FLIPS {
        flip(&files);
        let before = ground.setting.logged().len();
        refused += u64::from(is_refused(&ground.setting, before));
        fs::remove_dir_all(&data).unwrap();
        copy(&backup, &data);
    }
    ground.restart();
    ground.pay(2).await;
    let mut counts = ground.end().await;
    counts.extend([("flips", FLIPS), ("refused", refused)]);
    counts
}

/// Whether an operator with such a store refuses to start, with a line that names it.
fn is_refused(setting: &Setting, logged: usize) -> bool {
    let Some((code, line)) = Operator::tried(setting) else { return false };
    let log = &setting.logged()[logged..];
    // The database panics over some damaged files, and twice over a few: then nobody can say more than it does itself.
    if code.is_none() {
        assert!(log.contains("fjall"), "{log}");
        return true;
    }
    assert_eq!(code, Some(2), "{log}");
    assert!(line.starts_with("cairn: "), "{log}");
    true
}

/// One bit of a byte of one of the files.
fn flip(files: &[PathBuf]) {
    let mut rng = rand::rng();
    let file = &files[rng.random_range(0..files.len())];
    let mut bytes = fs::read(file).unwrap();
    // What is not written yet is zeros: a journal is made longer than it is.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |last| last + 1);
    let at = rng.random_range(0..used);
    bytes[at] ^= 1 << rng.random_range(0..8);
    fs::write(file, bytes).unwrap();
}

/// All files below that are not empty.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    let all = entries.flat_map(below);
    all.filter(|path| fs::metadata(path).unwrap().len() > 0).collect()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
    }
}
