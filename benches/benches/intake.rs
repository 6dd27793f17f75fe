//! Intake alone: signed transfers of a million accounts, from `submit` to the answer, with the store on disk.
//!
//! Three figures: transfers a second when callers send as fast as they are answered; acknowledgement times when
//! they come at half the target, one by one; rows a second when the mempool is rebuilt. `CAIRN_BENCH_TRANSFERS`
//! sets how many there are (100,000).

use std::{
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use cairn_batcher::{
    mempool::{Accounts, Mempool, MempoolConfig},
    signals::{Signals, shutdown},
    store::{SCHEMA, Store, records::Identity},
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::sign;
use cairn_types::{
    Account, AccountId, Authorization, FIRST_USER_ID, SignedTransaction, Transaction, Word,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACCOUNTS: u32 = 1_000_000;
const FIRST: u32 = FIRST_USER_ID as u32;
/// Keys that the accounts share.
const KEYS: u32 = 1_024;
const DOMAIN: Word = Word::new([0xdd; 31]);
/// Transfers in a request of the callers that send as fast as they can, and callers.
const A_REQUEST: usize = 32;
const CALLERS: usize = 64;
/// Transfers a second that come one by one.
const RATE: u32 = 5_000;

/// All accounts; nonces move when a transfer is executed.
#[derive(Debug)]
struct Book(RwLock<Vec<Account>>);

impl Accounts for Book {
    fn account(&self, id: AccountId) -> Account {
        let place = id.checked_sub(FIRST).map(|place| place as usize);
        let accounts = self.0.read().expect("no writer panics");
        place.and_then(|place| accounts.get(place)).copied().unwrap_or(Account::EMPTY)
    }
}

/// Transfers of so many different accounts, in random order.
fn transfers(count: usize, secrets: &[SecretKey], book: &Book) -> Vec<SignedTransaction> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut payers: Vec<u32> = (0..ACCOUNTS).collect();
    for place in 0..count {
        payers.swap(place, rng.random_range(place..ACCOUNTS as usize));
    }
    let payees: Vec<u32> = (0..count).map(|_| rng.random_range(0..ACCOUNTS)).collect();
    let make = |place: usize| {
        let (payer, payee) = (payers[place], payees[place]);
        let recipient = book.account(FIRST + payee).key;
        let authorization =
            Authorization { domain: DOMAIN, token: 0, nonce: 0, expiry: 0, recipient };
        let (from, to) = (FIRST + payer, FIRST + payee);
        let transaction = Transaction::Transfer { from, to, amount: 1_000, fee: 10 };
        sign(&secrets[(payer % KEYS) as usize], transaction, authorization)
    };
    let half = count / 2;
    std::thread::scope(|scope| {
        let other = scope.spawn(|| (half..count).map(make).collect::<Vec<_>>());
        let mut all: Vec<_> = (0..half).map(make).collect();
        all.extend(other.join().expect("signed"));
        all
    })
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

fn report(name: &str, mut times: Vec<Duration>, seconds: f64) {
    times.sort_unstable();
    let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile(&times, percent));
    let rate = times.len() as f64 / seconds;
    println!("{name}: {rate:.0} accepted/s; ack_ms p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}");
}

/// Callers that send the next request when the last is answered.
async fn as_fast_as_answered(mempool: &Mempool, transfers: &[SignedTransaction]) {
    let started = Instant::now();
    let mut callers = Vec::new();
    for share in transfers.chunks(transfers.len().div_ceil(CALLERS)) {
        let (mempool, share) = (mempool.clone(), share.to_vec());
        callers.push(tokio::spawn(async move {
            let mut times = Vec::with_capacity(share.len());
            for request in share.chunks(A_REQUEST) {
                let sent = Instant::now();
                let answers = mempool.submit(request.to_vec()).await;
                let took = sent.elapsed();
                times.extend(
                    answers.into_iter().map(|answer| answer.map(|_| took).expect("accepted")),
                );
            }
            times
        }));
    }
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.await.expect("no caller panics"));
    }
    report("as fast as answered", times, started.elapsed().as_secs_f64());
}

/// Transfers one by one, whether or not those before are answered.
async fn at_a_rate(mempool: &Mempool, transfers: &[SignedTransaction]) {
    let started = Instant::now();
    let mut callers = Vec::with_capacity(transfers.len());
    for (count, &transfer) in transfers.iter().enumerate() {
        let due = started + Duration::from_secs(1) * count as u32 / RATE;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let mempool = mempool.clone();
        callers.push(tokio::spawn(async move {
            let answers = mempool.submit(vec![transfer]).await;
            answers
                .into_iter()
                .all(|answer| answer.is_ok())
                .then(|| due.elapsed())
                .expect("accepted")
        }));
    }
    let mut times = Vec::new();
    for caller in callers {
        times.push(caller.await.expect("no caller panics"));
    }
    report(&format!("{RATE}/s, one by one"), times, started.elapsed().as_secs_f64());
}

#[tokio::main]
async fn main() {
    let count = std::env::var("CAIRN_BENCH_TRANSFERS").ok().and_then(|text| text.parse().ok());
    let count: usize = count.unwrap_or(100_000).min(ACCOUNTS as usize);
    let secrets: Vec<_> = (0..KEYS).map(|n| SecretKey::from_seed(&n.to_be_bytes())).collect();
    let account = |n: u32| {
        let key = secrets[(n % KEYS) as usize].public().into();
        Account { key, token: 0, nonce: 0, balance: 1_000_000 }
    };
    let book = Arc::new(Book(RwLock::new((0..ACCOUNTS).map(account).collect())));
    let transfers = transfers(count, &secrets, &book);

    // Beside the build, since a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let identity = Identity {
        schema: SCHEMA,
        chain_id: 31_337,
        rollup: Default::default(),
        genesis: Default::default(),
    };
    let open = || {
        let store = Store::open(folder.path(), &identity).expect("a store");
        Mempool::open(MempoolConfig::default(), DOMAIN, book.clone(), store, Signals::default())
            .expect("a mempool")
    };
    let (mempool, intake) = open();
    let (stop, stopped) = shutdown();
    let running = tokio::spawn(intake.run(stopped));
    let (fast, slow) = transfers.split_at(count / 2);
    as_fast_as_answered(&mempool, fast).await;
    at_a_rate(&mempool, slow).await;
    stop.stop();
    running.await.expect("no panic").expect("no error");
    drop(mempool);

    let started = Instant::now();
    let (mempool, _intake) = open();
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(mempool.pressure().waiting, count, "all that was accepted waits");
    println!("rebuilt: {count} transactions in {seconds:.2} s, {:.0}/s", count as f64 / seconds);
}
