//! Intake as callers see it: real signatures, a store on disk.

use std::{sync::Arc, time::Duration};

use cairn_primitives::schnorr::SecretKey;
use cairn_types::{Account, AccountId};
use tokio::task::JoinHandle;

use super::world::*;
use crate::{
    mempool::{
        Accounts, Intake, Mempool, MempoolConfig, MempoolError, Refused, pool::Waiting,
        transaction_hash,
    },
    signals::{Shutdown, ShutdownSender, Signals, shutdown},
    store::records::{Dropped, L1View, Outcome},
};

struct Service {
    folder: tempfile::TempDir,
    book: Arc<Book>,
    signals: Signals,
    mempool: Mempool,
    intake: Option<Intake>,
    running: Option<JoinHandle<Result<(), MempoolError>>>,
    stop: ShutdownSender,
    shutdown: Shutdown,
}

impl Service {
    fn open(folder: tempfile::TempDir, book: Arc<Book>, config: MempoolConfig) -> Self {
        let (stop, shutdown) = shutdown();
        let signals = Signals::default();
        let store = store(folder.path());
        let (mempool, intake) =
            Mempool::open(config, DOMAIN, book.clone(), store, signals.clone()).unwrap();
        let intake = Some(intake);
        Self { folder, book, signals, mempool, intake, running: None, stop, shutdown }
    }

    fn new(config: MempoolConfig) -> Self {
        Self::open(tempfile::tempdir().unwrap(), Book::new().into(), config)
    }

    fn run(&mut self) {
        let intake = self.intake.take().expect("not running");
        self.running = Some(tokio::spawn(intake.run(self.shutdown.clone())));
    }

    /// Stops and opens again what is on disk.
    async fn restart(mut self) -> Self {
        self.stop.stop();
        if let Some(running) = self.running.take() {
            running.await.unwrap().unwrap();
        }
        let Self { folder, book, mempool, intake, .. } = self;
        drop((mempool, intake));
        Self::open(folder, book, MempoolConfig::default())
    }
}

/// Waits for something that is bound to happen.
async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 10 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_are_answered_when_theirs_are_on_disk() {
    const CALLERS: u32 = 40;
    const EACH: u32 = 5;
    let book = Book::new();
    let user = |n: u32| CAROL + 100 + n;
    for n in 0..CALLERS {
        let key = key(user(n));
        book.set(user(n), Account { key, token: 0, nonce: 0, balance: 10_000 });
    }
    let mut service =
        Service::open(tempfile::tempdir().unwrap(), book.into(), MempoolConfig::default());
    service.run();
    let call = |n: u32| {
        let mempool = service.mempool.clone();
        tokio::spawn(async move {
            let transactions = (0..EACH).map(|nonce| signed(user(n), nonce, 10)).collect();
            mempool.submit(transactions).await
        })
    };
    let calls: Vec<_> = (0..CALLERS).map(call).collect();
    let mut sequences = Vec::new();
    for (n, call) in calls.into_iter().enumerate() {
        for (nonce, answer) in call.await.unwrap().into_iter().enumerate() {
            let submitted = answer.unwrap();
            let row = service.mempool.0.store.log.get(&submitted.sequence).unwrap().unwrap();
            let expected = signed(user(n as u32), nonce as u32, 10);
            assert_eq!((row.transaction, row.key), (expected, key(user(n as u32))));
            let place = service.mempool.0.store.hashes.get(&submitted.hash).unwrap();
            assert_eq!(place, Some(submitted.sequence));
            sequences.push(submitted.sequence);
        }
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (0..u64::from(CALLERS * EACH)).collect::<Vec<_>>());

    // The same again, and after a restart: known, in the same place. And all are given out, each once.
    let again = service.mempool.submit(vec![signed(user(7), 3, 10)]).await;
    let mut service = service.restart().await;
    service.run();
    assert_eq!(service.mempool.submit(vec![signed(user(7), 3, 10)]).await, again);
    let mut taken = service.mempool.take(1_000, 0);
    taken.sort_by_key(|taken| taken.sequence);
    assert_eq!(taken.iter().map(|taken| taken.sequence).collect::<Vec<_>>(), sequences);
    let of_seven = again[0].as_ref().unwrap();
    let found = taken.iter().find(|taken| taken.sequence == of_seven.sequence).unwrap();
    assert_eq!(found.transaction.signed(), &signed(user(7), 3, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_gets_its_own_answer() {
    let mut service = Service::new(MempoolConfig::default());
    service.run();
    let forged = cairn_state::sign(
        &SecretKey::from_seed(b"Mallory"),
        signed(ALICE, 1, 10).transaction,
        signed(ALICE, 1, 10).authorization,
    );
    let request = vec![
        signed(ALICE, 0, 10),
        forged,
        signed(99, 0, 10),
        signed(ALICE, 1, 10),
        signed(ALICE, 0, 10),
        signed(BOB, 0, 0),
    ];
    let answers = service.mempool.submit(request).await;
    let [first, forged, unknown, second, again, cheap] = &answers[..] else { panic!() };
    assert_eq!(first.as_ref().unwrap().sequence, 0);
    assert_eq!(forged, &Err(Refused::Signature));
    assert_eq!(unknown, &Err(Refused::UnknownPayer { id: 99 }));
    assert_eq!(second.as_ref().unwrap().sequence, 1);
    assert_eq!(again, first);
    assert_eq!(cheap, &Err(Refused::Fee { expected: 1, got: 0 }));
    assert_eq!(service.mempool.submit(Vec::new()).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_executed_is_known_and_what_was_not_is_refused() {
    let mut service = Service::new(MempoolConfig::default());
    service.run();
    let answers = service.mempool.submit(vec![signed(ALICE, 0, 10)]).await;
    let taken = service.mempool.take(10, 0);
    assert_eq!(taken.len(), 1);
    let store = &service.mempool.0.store;
    let mut write = store.write();
    write.put(&store.outcomes, &0, &Outcome::InBlock { block: 1, position: 0 }).unwrap();
    write.commit().unwrap();
    service.book.set_nonce(ALICE, 1);
    service.mempool.done(&[0]);
    assert_eq!(service.mempool.status(0), None);
    assert_eq!(service.mempool.submit(vec![signed(ALICE, 0, 10)]).await, answers);
    let used = Refused::NonceUsed { expected: 1, got: 0 };
    assert_eq!(service.mempool.submit(vec![signed(ALICE, 0, 11)]).await, [Err(used)]);
    // Nothing of it waits after a restart.
    let service = service.restart().await;
    assert_eq!(service.mempool.pressure().waiting, 0);
    assert_eq!(service.mempool.next_nonce(ALICE), 1);
}

/// Blocks of more than is looked at under one lock: all of it is given out, in order, and none of it twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_blocks_are_taken_and_done_in_lots() {
    const COUNT: u32 = 700;
    let mut service = Service::new(MempoolConfig::default());
    service.book.set(ALICE, Account { balance: u64::MAX >> 3, ..service.book.account(ALICE) });
    service.run();
    let all: Vec<_> = (0..COUNT).map(|nonce| signed(ALICE, nonce, 10)).collect();
    let answers = service.mempool.submit(all.clone()).await;
    assert!(answers.iter().all(Result::is_ok));
    let taken = service.mempool.take(600, 0);
    let nonces = |taken: &[crate::mempool::Taken]| -> Vec<u32> {
        taken.iter().map(|taken| taken.transaction.signed().authorization.nonce).collect()
    };
    assert_eq!(nonces(&taken), (0..600).collect::<Vec<_>>());
    service.book.set_nonce(ALICE, 600);
    service.mempool.done(&taken.iter().map(|taken| taken.sequence).collect::<Vec<_>>());
    assert_eq!(service.mempool.pressure().taken, 0);
    assert_eq!(nonces(&service.mempool.take(600, 0)), (600..COUNT).collect::<Vec<_>>());
    // What was executed is found by its hash, and what only has its nonce is not: each in its place.
    let request = vec![all[3], signed(ALICE, 4, 11), signed(BOB, 0, 10), all[650]];
    let answers = service.mempool.submit(request).await;
    let found: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|s| s.hash)).collect();
    let used = Refused::NonceUsed { expected: 600, got: 4 };
    let bob = transaction_hash(&signed(BOB, 0, 10));
    let old = [transaction_hash(&all[3]), transaction_hash(&all[650])];
    assert_eq!(found, [Ok(old[0]), Err(&used), Ok(bob), Ok(old[1])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_key_signs_what_comes_after() {
    let mut service = Service::new(MempoolConfig::default());
    service.run();
    let new = SecretKey::from_seed(b"Alice's next");
    let mut change = signed(ALICE, 0, 10);
    change.transaction =
        cairn_types::Transaction::ChangeKey { from: ALICE, key: new.public().into(), fee: 10 };
    change.authorization.recipient = cairn_types::PublicKey::ZERO;
    let change = cairn_state::sign(&secret(ALICE), change.transaction, change.authorization);
    let next = signed(ALICE, 1, 10);
    let by_new = cairn_state::sign(&new, next.transaction, next.authorization);
    let accepted = |answers: Vec<Result<_, Refused>>| answers[0].is_ok();
    assert!(accepted(service.mempool.submit(vec![change]).await));
    assert_eq!(service.mempool.submit(vec![next]).await, [Err(Refused::Signature)]);
    assert!(accepted(service.mempool.submit(vec![by_new]).await));
    // The row names the key, and a restart does not take the leaf's instead.
    let service = service.restart().await;
    let keys: Vec<_> =
        service.mempool.take(9, 0).iter().map(|taken| *taken.transaction.key()).collect();
    assert_eq!(keys, [key(ALICE), new.public().into()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_intake_is_full_callers_are_told_when_to_come_back() {
    let mut service = Service::new(MempoolConfig { max_in_intake: 4, ..Default::default() });
    let waiting = {
        let mempool = service.mempool.clone();
        let request = (0..6).map(|nonce| signed(ALICE, nonce, 10)).collect();
        tokio::spawn(async move { mempool.submit(request).await })
    };
    until("four are in intake", || service.mempool.pressure().in_intake == 4).await;
    let refused = service.mempool.submit(vec![signed(BOB, 0, 10)]).await;
    let Err(busy @ Refused::Busy { .. }) = &refused[0] else { panic!("{refused:?}") };
    assert!(busy.is_transient() && busy.retry_after_ms() == Some(50));
    service.run();
    let answers = waiting.await.unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4);
    assert!(answers[4..].iter().all(|answer| matches!(answer, Err(Refused::Busy { .. }))));
    assert!(service.mempool.submit(vec![signed(BOB, 0, 10)]).await[0].is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn intake_slows_down_and_stops_with_a_reason() {
    let mut service = Service::new(MempoolConfig::default());
    service.run();
    service.mempool.throttle(Some("proving lags by 900 s".to_owned()));
    let answers = service.mempool.submit(vec![signed(ALICE, 0, 10)]).await;
    let reason = "proving lags by 900 s".to_owned();
    assert_eq!(answers, [Err(Refused::Busy { reason, retry_after_ms: 2_000 })]);
    service.mempool.throttle(None);
    assert!(service.mempool.submit(vec![signed(ALICE, 0, 10)]).await[0].is_ok());
    service.stop.stop();
    service.running.take().unwrap().await.unwrap().unwrap();
    let answers = service.mempool.submit(vec![signed(ALICE, 1, 10)]).await;
    assert_eq!(answers, [Err(Refused::Stopping)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1s_clock_ends_what_is_late() {
    let mut service = Service::new(MempoolConfig::default());
    service.run();
    let late = |from: AccountId| {
        let mut late = unsigned(from, 0, 10);
        late.authorization.expiry = 1_000;
        cairn_state::sign(&secret(from), late.transaction, late.authorization)
    };
    assert!(service.mempool.submit(vec![late(ALICE)]).await[0].is_ok());
    let store = &service.mempool.0.store;
    let mut write = store.write();
    write.put(&store.l1_view, &(), &L1View { timestamp: 1_001, ..L1View::default() }).unwrap();
    write.commit().unwrap();
    let expired = Dropped::Expired { expiry: 1_000, timestamp: 1_001 };
    until("it is dropped", || {
        service.signals.l1.ring();
        service.mempool.status(0) == Some(Waiting::Dropped(expired.clone()))
    })
    .await;
    assert_eq!(service.mempool.dropped(), [(0, expired)]);
    let answers = service.mempool.submit(vec![late(BOB)]).await;
    assert_eq!(answers, [Err(Refused::Expired { expiry: 1_000, now: 1_001 })]);
    assert_eq!(service.book.account(ALICE).nonce, 0);
}
