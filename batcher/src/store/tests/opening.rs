//! Who may open which store, and what they find.

use super::*;

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
    // Nor is a journal judged that somebody is writing.
    let mut journal =
        fs::OpenOptions::new().append(true).open(folder.path().join("0.jnl")).unwrap();
    journal.write_all(b"half of a write").unwrap();
    fs::write(folder.path().join("1.jnl"), []).unwrap();
    let error = Store::open_existing(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

/// Killed between making the file that counts commits and its first byte.
#[test]
fn a_store_that_was_hardly_begun_is_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(engine::Engine::open(folder.path()).unwrap());
    fs::write(folder.path().join("commits"), []).unwrap();
    commit(&open(folder.path()).unwrap(), 1).unwrap();
    // With commits it is damage.
    fs::write(folder.path().join("commits"), []).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::LostCommits { .. }), "{error}");
}

#[test]
fn a_store_of_the_layout_before_gets_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let mut write = store.write();
    write.put(&store.meta, &(), &Identity { schema: 1, ..identity() }).unwrap();
    write.commit().unwrap();
    for table in ["order", "advancing", "final_since"] {
        store.engine.delete(table).unwrap();
    }
    drop(store);
    let error = Store::open_existing(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotMigrated { expected: SCHEMA, got: 1 }), "{error}");
    let store = open(folder.path()).unwrap();
    assert_eq!(store.meta.get(&()).unwrap(), Some(identity()));
    assert_eq!(store.order.get(&()).unwrap(), None);
    drop(store);
    Store::open_existing(folder.path()).unwrap();
}

/// As a stage does that is not on a thread of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn commits_let_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let (engine, (lock, locked)) = (store.engine.clone(), mpsc::channel());
    let (release, released) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let _held = engine.hold();
        lock.send(()).unwrap();
        let _ = released.recv();
    });
    locked.recv().unwrap();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let writing = tokio::spawn(async move {
        begin.send(()).unwrap();
        commit(&store, 1)
    });
    begun.await.unwrap();
    let other = tokio::spawn(async {});
    let done = tokio::time::timeout(Duration::from_secs(20), other).await;
    release.send(()).unwrap();
    done.expect("the only worker does not wait for the disk").unwrap();
    writing.await.unwrap().unwrap();
    holder.join().unwrap();
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
