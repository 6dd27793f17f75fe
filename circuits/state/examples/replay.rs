//! Transfers a second of [`State::replay`] with the state commitment after each batch: full batches of 8,192 short transfers
//! between random leaves, as `cairn reconstruct` replays them (digest of the data included).
//!
//! `cargo run --release -p cairn-state --example replay [ACCOUNTS] [BATCHES]`

use std::time::{Duration, Instant};

use cairn_state::{State, absorb};
use cairn_types::{
    Account, DataItem, FIRST_USER_ID, PublicKey, ShortTransfer, Stream, Transaction, Word,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Short transfers in a full blob.
const TRANSFERS: usize = 8_192;

fn main() {
    let mut arguments =
        std::env::args().skip(1).map(|argument| argument.parse().expect("a number"));
    let accounts: u64 = arguments.next().unwrap_or(1_000_000);
    let batches: u32 = arguments.next().unwrap_or(20) as u32;
    let key = |id: u32| PublicKey::new([u64::from(id) + 1, 2, 3, 4, 5]).expect("canonical");
    let mut state = State::restore(FIRST_USER_ID + accounts, 1, |id| {
        Ok::<_, ()>(Account { key: key(id), token: 0, nonce: 0, balance: 1 << 40 })
    })
    .expect("no error");
    state.summary();

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut decode_and_execute, mut hash, mut digest) = [Duration::ZERO; 3].into();
    for _ in 0..batches {
        let data = batch(&mut rng, accounts);
        let start = Instant::now();
        let end = data.iter().fold(Stream::default(), |stream, word| absorb(&stream, word));
        digest += start.elapsed();
        assert_eq!(end.count as usize, TRANSFERS / 2);
        let start = Instant::now();
        state.replay(&Word::default(), &[], &data).expect("valid");
        decode_and_execute += start.elapsed();
        let start = Instant::now();
        state.summary().commitment();
        hash += start.elapsed();
    }
    let total = decode_and_execute + hash + digest;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(batches);
    println!(
        "{accounts} accounts, {batches} batches of {TRANSFERS}: {:.0} transfers/s; a batch: digest {:.1} ms, execution {:.1} ms, tree {:.1} ms",
        f64::from(batches) * TRANSFERS as f64 / total.as_secs_f64(),
        milliseconds(digest),
        milliseconds(decode_and_execute),
        milliseconds(hash),
    );
}

fn batch(rng: &mut ChaCha8Rng, accounts: u64) -> Vec<Word> {
    let mut id = || (FIRST_USER_ID + rng.random_range(0..accounts)) as u32;
    let transfers = (0..TRANSFERS).map(|i| Transaction::Transfer {
        from: id(),
        to: id(),
        amount: i as u64,
        fee: 1,
    });
    let items = DataItem::group(transfers);
    let short = |item: &DataItem| matches!(item, DataItem::Pair([ShortTransfer { .. }, _]));
    assert!(items.iter().all(short));
    items.iter().flat_map(|item| item.words().expect("short")).collect()
}
