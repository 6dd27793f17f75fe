//! Transfers a second of `cairn reconstruct`, but for the node: full blobs of 8,192 short transfers between random leaves are
//! checked against their versioned hashes and decoded ahead, while the state replays the batches before (digest of the data and
//! commitment of the state included).
//!
//! `cargo run --release -p cairn-batcher --example reconstruct [ACCOUNTS] [BATCHES]`

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::{
    eips::eip4844::Blob,
    primitives::{B256, Bytes},
};
use cairn_batcher::{
    l1::blobs::{self, decode},
    reconstruct::blobs::{BlobStore, Blobs, Candidates},
};
use cairn_state::{State, absorb};
use cairn_types::{
    Account, DataItem, FIRST_USER_ID, PublicKey, ShortTransfer, Stream, Transaction, Word,
};
use eyre::{OptionExt, Report, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Short transfers in a full blob.
const TRANSFERS: usize = 8_192;
/// Batches that are read ahead, as `cairn reconstruct` does.
const AHEAD: usize = 8;

/// Blobs in memory: the network's share is not measured.
struct Memory(HashMap<B256, Bytes>);

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("memory")
    }
}

impl BlobStore for Memory {
    fn candidates(&self, hash: B256, _timestamp: u64) -> Candidates<'_> {
        let blobs = self.0.get(&hash).cloned().into_iter().collect();
        Box::pin(async move { Ok(blobs) })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let accounts: u64 = arguments.next().map_or(Ok(1_000_000), |number| number.parse())?;
    let batches: u32 = arguments.next().map_or(Ok(20), |number| number.parse())?;
    let mut state = state_of(accounts)?;
    let (hashes, store) = published(accounts, batches)?;

    let start = Instant::now();
    let mut hashes = hashes.into_iter();
    let read_ahead = |hash| tokio::spawn(words(Arc::clone(&store), hash));
    let mut ahead: VecDeque<_> = hashes.by_ref().take(AHEAD).map(&read_ahead).collect();
    let (mut reading, mut replaying) = (Duration::ZERO, Duration::ZERO);
    while let Some(task) = ahead.pop_front() {
        ahead.extend(hashes.next().map(&read_ahead));
        let (data, time) = task.await??;
        reading += time;
        let replay = Instant::now();
        // As in the command: not on the threads that talk to the node.
        state = tokio::task::spawn_blocking(move || replayed(state, &data)).await??;
        replaying += replay.elapsed();
    }
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(batches);
    println!(
        "{accounts} accounts, {batches} batches of {TRANSFERS}: {:.0} transfers/s; a batch: blob {:.1} ms on one thread, replay {:.1} ms on all",
        f64::from(batches) * TRANSFERS as f64 / start.elapsed().as_secs_f64(),
        milliseconds(reading),
        milliseconds(replaying),
    );
    Ok(())
}

/// A batch's words from its blob, which is checked, and how long that took.
async fn words(store: Arc<Blobs>, hash: B256) -> Result<(Vec<Word>, Duration)> {
    let start = Instant::now();
    let bytes = store.get(hash, 0).await?;
    let blob = Blob::try_from(bytes.as_ref())?;
    Ok((decode(&[blob], TRANSFERS / 2)?, start.elapsed()))
}

/// The state after a batch.
fn replayed(mut state: State, data: &[Word]) -> Result<State> {
    let end = data.iter().fold(Stream::default(), |stream, word| absorb(&stream, word));
    assert_eq!(end.count as usize, TRANSFERS / 2);
    state.replay(&Word::default(), &[], data)?;
    state.summary().commitment();
    Ok(state)
}

fn state_of(accounts: u64) -> Result<State> {
    let key = |id: u32| PublicKey::new([u64::from(id) + 1, 2, 3, 4, 5]).expect("canonical");
    let mut state = State::restore(FIRST_USER_ID + accounts, 1, |id| {
        Ok::<_, Report>(Account { key: key(id), token: 0, nonce: 0, balance: 1 << 40 })
    })?;
    state.summary();
    Ok(state)
}

/// Batches in blobs, in order.
fn published(accounts: u64, batches: u32) -> Result<(Vec<B256>, Arc<Blobs>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut hashes, mut memory) = (Vec::new(), HashMap::new());
    for _ in 0..batches {
        let made = blobs::Blobs::new(&batch(&mut rng, accounts))?;
        let hash = made
            .versioned_hashes()
            .first()
            .map(B256::from)
            .ok_or_eyre("a full batch is one blob")?;
        let blob =
            made.sidecar().blobs.into_iter().next().ok_or_eyre("a full batch is one blob")?;
        memory.insert(hash, Bytes::copy_from_slice(blob.as_slice()));
        hashes.push(hash);
    }
    let mut store = Blobs::default();
    store.push(Memory(memory));
    Ok((hashes, Arc::new(store)))
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
