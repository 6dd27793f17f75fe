//! A disk that is full.

use super::*;

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
            assert!(watched(&store).is_err(), "and whoever watches hears of it");
            return;
        }
    }
    panic!("the disk has room for everything");
}

/// What the stage that looks after a store says in its first second.
fn watched(store: &Store) -> Result<(), StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (_stop, stopped) = crate::signals::shutdown();
    let limit = Duration::from_secs(10);
    runtime.block_on(async {
        let watch = tokio::time::timeout(limit, watch(store.clone(), stopped));
        watch.await.expect("it ends by itself")
    })
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
                   store::tests::disk::writes_until_the_disk_is_full --nocapture";
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
