//! Commits as bytes, and stores that make them.

use std::sync::{Arc, Mutex};

use super::*;
use crate::store::{
    records::{Replicated, StreamPosition, Term},
    replica::{Change, Replicate},
};

/// A stream in memory, until it breaks.
#[derive(Debug, Default)]
struct Memory {
    commits: Mutex<Vec<Vec<u8>>>,
    is_broken: std::sync::atomic::AtomicBool,
}

fn at(sequence: u64) -> StreamPosition {
    StreamPosition { term: Term { number: 1, nonce: 2 }, sequence }
}

impl Replicate for Memory {
    fn append(&self, commit: Vec<u8>) -> Result<StreamPosition, String> {
        if self.is_broken.load(std::sync::atomic::Ordering::Relaxed) {
            return Err("broken".to_owned());
        }
        let mut commits = self.commits.lock().unwrap();
        commits.push(commit);
        Ok(at(commits.len() as u64))
    }
}

/// A store with ten commits in a stream, of which one removes a row.
fn written() -> (TempDir, Store, Arc<Memory>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let stream = Arc::<Memory>::default();
    store.replicate(stream.clone()).unwrap();
    (0..9).for_each(|number| commit(&store, number).unwrap());
    let mut write = store.write();
    write.remove(&store.hashes, &hash(0));
    write.commit().unwrap();
    (folder, store, stream)
}

fn without_standing(store: &Store) -> Rows {
    let mut rows = contents(store).unwrap();
    rows.retain(|(table, _), _| *table != "replica");
    rows
}

#[test]
fn the_same_commits_make_the_same_store() {
    let (_folder, left, stream) = written();
    let commits = stream.commits.lock().unwrap().clone();
    let led = Replicated { position: at(10), leads: true };
    assert_eq!((commits.len(), left.replica.get(&()).unwrap()), (10, Some(led)));
    let folder = tempfile::tempdir().unwrap();
    let right = open(folder.path()).unwrap();
    // In any lots.
    right.replay(commits[..3].iter().map(Vec::as_slice), at(3)).unwrap();
    right.replay(commits[3..].iter().map(Vec::as_slice), at(10)).unwrap();
    assert_eq!(without_standing(&left), without_standing(&right));
    let followed = Replicated { position: at(10), leads: false };
    assert_eq!(right.replica.get(&()).unwrap(), Some(followed));
    drop(right);
    let right = open(folder.path()).unwrap();
    assert_eq!(without_standing(&left), without_standing(&right));
}

#[test]
fn what_the_stream_does_not_take_is_not_written() {
    let (_folder, store, stream) = written();
    let before = contents(&store).unwrap();
    stream.is_broken.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = commit(&store, 20).unwrap_err();
    assert_eq!(error.to_string(), "the stream of commits: broken");
    assert_eq!(contents(&store).unwrap(), before);
    stream.is_broken.store(false, std::sync::atomic::Ordering::Relaxed);
    commit(&store, 20).unwrap();
    assert!(store.replicate(stream).is_err(), "one stream a store");
}

/// Cut, and with a flipped bit, at every place.
#[test]
fn a_damaged_commit_changes_nothing() {
    let (_folder, _store, stream) = written();
    let commits = stream.commits.lock().unwrap().clone();
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let before = contents(&store).unwrap();
    let good = &commits[0];
    let (mut layout, mut damaged) = (0, 0);
    for place in 0..good.len() {
        let mut flipped = good.clone();
        flipped[place] ^= 1 << (place % 8);
        for bad in [&flipped[..], &good[..place]] {
            match store.replay([bad], at(1)).unwrap_err() {
                StoreError::OtherLayout { expected: SCHEMA, .. } => layout += 1,
                StoreError::BadCommit => damaged += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!((layout, damaged), (4, 2 * good.len() - 4));
    assert_eq!(contents(&store).unwrap(), before);
}

/// A row that was damaged before it came into the commit.
#[test]
fn a_damaged_row_of_a_commit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let mut write = store.write();
    let keyspace = store.engine.keyspace("hashes").unwrap();
    write.push(Change::new("hashes", &keyspace, vec![1], Some(vec![2; 8])));
    let commit = write.encoded().unwrap();
    let error = store.replay([&commit[..]], at(1)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { table: "hashes", .. }), "{error}");
    assert_eq!(store.hashes.first().unwrap(), None);
}
