//! The mempool: from a signed transaction to one that waits for its turn, durable before anyone is told.
//!
//! ```text
//! submit -> rules (hopeless?) -> collect -> verify many -> place in the pool, log on disk -> answer
//!                                                             |
//!                              sequencer:  take -> execute -> done | give back
//! ```
//!
//! The log is the truth, the pool is what of it has no outcome yet: at start it is rebuilt from there. The
//! sequencer writes outcomes, also of what the pool drops ([`Mempool::dropped`]).
//!
//! Trust: none in who submits. Accounts are those after the last durable block.

mod config;
mod error;
pub mod fees;
mod index;
mod intake;
mod pool;
mod queue;
mod restore;
mod rules;
mod submit;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock,
    atomic::{AtomicU32, Ordering},
};

use alloy::primitives::B256;
use cairn_state::Verified;
use cairn_types::{AccountId, SignedTransaction, Word};
use tokio::sync::{Semaphore, mpsc};

pub use self::{
    config::MempoolConfig,
    error::{MempoolError, Refused},
    fees::FeePolicy,
    intake::Intake,
    rules::Accounts,
};
use self::{intake::Request, pool::Pool};
use crate::{
    signals::Signals,
    store::{
        Store, StoreError,
        records::{Dropped, Milliseconds, Sequence},
    },
};

/// What a block takes, about: when to try again where the pool must get emptier.
const A_BLOCK_MS: u64 = 500;
/// When to try again where intake must get emptier.
const INTAKE_MS: u64 = 50;
/// When to try again where intake is slowed down.
const THROTTLE_MS: u64 = 2_000;
/// Transactions that are looked at under one lock of the pool: between two such lots others have their turn.
const LOT: usize = 256;
/// How often [`Mempool::take`] looks for more where much has expired; the rest is for the next block.
const LOTS_A_BLOCK: usize = 64;
/// Parked leaves that are looked at each second.
const PARKED_A_SECOND: usize = 4_096;
/// Threads that look at once for what was executed before.
const LOOKUPS: usize = 2;

/// An accepted transaction: it is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    /// The digest of its message, by which it is known.
    pub hash: B256,
    /// Its place in the log.
    pub sequence: Sequence,
}

/// A transaction that was given out to the sequencer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Its place in the log.
    pub sequence: Sequence,
    /// The transaction.
    pub transaction: Verified,
}

/// How full everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressure {
    /// Transactions in the pool that wait.
    pub waiting: usize,
    /// Transactions that the sequencer has.
    pub taken: usize,
    /// Dropped transactions whose outcomes are not on disk.
    pub dropped: usize,
    /// Transactions that wait or are taken, at the most.
    pub capacity: usize,
    /// Transactions that are being verified and written.
    pub in_intake: usize,
    /// Of them, at the most.
    pub intake_capacity: usize,
}

/// The mempool; clones share it.
#[derive(Debug, Clone)]
pub struct Mempool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: MempoolConfig,
    domain: Word,
    accounts: Arc<dyn Accounts>,
    fees: FeePolicy,
    store: Store,
    signals: Signals,
    pool: Mutex<Pool>,
    /// L1's clock, seconds.
    clock: AtomicU32,
    throttle: RwLock<Option<String>>,
    /// One permit for each transaction that is being verified and written.
    room: Arc<Semaphore>,
    requests: mpsc::Sender<Request>,
    /// One permit for each thread that reads hashes of what was executed.
    lookups: Semaphore,
}

impl Mempool {
    /// Rebuilds the mempool from the store. Nothing is accepted before [`Intake::run`].
    ///
    /// Trust: `config` was checked; `accounts` are those after the last block of the store; `domain` is the rollup's.
    ///
    /// # Errors
    /// The store's, or threads cannot be started.
    pub fn open(
        config: MempoolConfig,
        domain: Word,
        accounts: Arc<dyn Accounts>,
        store: Store,
        signals: Signals,
    ) -> Result<(Self, Intake), MempoolError> {
        let threads = intake::threads(config.threads)?;
        let next = store.log.last()?.map_or(0, |(sequence, _)| sequence + 1);
        let mut pool = Pool::new(config.clone(), next);
        let clock = l1_clock(&store)?;
        threads.install(|| restore::restore(&store, &mut pool, accounts.as_ref(), clock))?;
        tracing::info!(waiting = pool.counts().waiting, "the mempool is rebuilt");
        let (requests, receiver) = mpsc::channel(config.max_in_intake);
        let shared = Shared {
            domain,
            accounts,
            fees: FeePolicy::new(config.fees.clone()),
            signals,
            pool: Mutex::new(pool),
            clock: AtomicU32::new(0),
            throttle: RwLock::default(),
            room: Arc::new(Semaphore::new(config.max_in_intake)),
            requests,
            lookups: Semaphore::new(LOOKUPS),
            store,
            config,
        };
        let mempool = Self(Arc::new(shared));
        mempool.read_clock()?;
        let intake = Intake::new(mempool.clone(), receiver, threads, next);
        Ok((mempool, intake))
    }

    /// At most so many transactions, in an order in which they can be executed: the nonces of a leaf in order, leaves by
    /// when what they have ready was accepted. None has an expiry before `timestamp`, that of the batch. They are the
    /// sequencer's until [`Self::done`] or [`Self::give_back`].
    #[must_use]
    pub fn take(&self, most: usize, timestamp: u32) -> Vec<Taken> {
        let mut all = Vec::new();
        // What was given out stays the sequencer's, so that lots taken one after the other are as good as one.
        for _ in 0..most / LOT + LOTS_A_BLOCK {
            let (taken, more) = self.pool().take(LOT.min(most - all.len()), timestamp);
            let taken = taken.into_iter();
            all.extend(taken.map(|(sequence, transaction)| Taken { sequence, transaction }));
            if !more || all.len() >= most {
                break;
            }
            std::thread::yield_now();
        }
        all
    }

    /// What the mempool has dropped and nobody has written down: their outcomes belong into the next block's write. Of
    /// very many, some: the others are told next time. Call it after [`Self::take`], so that what was replaced gets its
    /// outcome no later than what replaces it. (Where it does not, a start finds that its nonce was used.)
    #[must_use]
    pub fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        self.pool().dropped()
    }

    /// The outcomes of these are on disk, and accounts show what they did.
    pub fn done(&self, sequences: &[Sequence]) {
        // Accounts show it all already: a part that is still listed is what it was before the call, being executed.
        for lot in sequences.chunks(LOT) {
            self.pool().done(lot, self.0.accounts.as_ref());
            std::thread::yield_now();
        }
    }

    /// These were given out and not executed; their turn comes again. Of a leaf whose transaction was refused, give back
    /// those after it: they wait for another with its nonce.
    pub fn give_back(&self, sequences: &[Sequence]) {
        self.pool().give_back(sequences, self.0.accounts.as_ref());
    }

    /// The first nonce of a leaf that nothing is known to use, executed or waiting.
    #[must_use]
    pub fn next_nonce(&self, id: AccountId) -> u32 {
        let account = self.0.accounts.account(id);
        self.pool().next_nonce(id, &account)
    }

    /// Where a transaction stands that has no outcome in the store.
    #[cfg(test)]
    fn status(&self, sequence: Sequence) -> Option<pool::Waiting> {
        self.pool().status(sequence)
    }

    /// Whether a transaction waits in the pool.
    #[cfg(test)]
    pub(crate) fn has(&self, sequence: Sequence) -> bool {
        self.status(sequence) == Some(pool::Waiting::InPool)
    }

    /// How full everything is.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        let counts = self.pool().counts();
        let intake_capacity = self.0.config.max_in_intake;
        Pressure {
            waiting: counts.waiting,
            taken: counts.taken,
            dropped: counts.dropped,
            capacity: self.0.config.capacity(),
            in_intake: intake_capacity.saturating_sub(self.0.room.available_permits()),
            intake_capacity,
        }
    }

    /// Refuses everything with this reason, until it is called with none.
    pub fn throttle(&self, reason: Option<String>) {
        *self.0.throttle.write().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Why everything is refused, if it is.
    #[must_use]
    pub fn throttled(&self) -> Option<String> {
        self.0.throttle.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What transactions must pay. Update it with what is measured.
    #[must_use]
    pub fn fees(&self) -> &FeePolicy {
        &self.0.fees
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // A panic inside leaves the lists of a queue out of step at worst; the log is the truth.
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads L1's clock and drops what it has overtaken.
    fn read_clock(&self) -> Result<(), MempoolError> {
        let now = l1_clock(&self.0.store)?;
        self.0.clock.store(now, Ordering::Relaxed);
        self.pool().expire(now);
        Ok(())
    }

    /// Looks after what waits in vain and what has expired, and tells how full everything is: once a second.
    fn look_after(&self, now_ms: Milliseconds) {
        let accounts = self.0.accounts.as_ref();
        self.pool().expire(self.0.clock.load(Ordering::Relaxed));
        for _ in 0..PARKED_A_SECOND / LOT {
            let more = self.pool().refresh(accounts, now_ms, LOT);
            if !more {
                break;
            }
        }
        let counts = self.pool().counts();
        let in_intake = self.0.config.max_in_intake - self.0.room.available_permits();
        metrics::gauge!("cairn_mempool_waiting").set(counts.waiting as f64);
        metrics::gauge!("cairn_mempool_taken").set(counts.taken as f64);
        metrics::gauge!("cairn_mempool_ready_accounts").set(counts.ready_leaves as f64);
        metrics::gauge!("cairn_mempool_parked_accounts").set(counts.parked_leaves as f64);
        metrics::gauge!("cairn_mempool_in_intake").set(in_intake as f64);
    }
}

/// L1's clock as the store has it, seconds.
fn l1_clock(store: &Store) -> Result<u32, StoreError> {
    let timestamp = store.l1_view.get(&())?.map_or(0, |view| view.timestamp);
    Ok(u32::try_from(timestamp).unwrap_or(u32::MAX))
}

/// What a transaction is known by: the digest of its signed message.
#[must_use]
pub fn transaction_hash(signed: &SignedTransaction) -> B256 {
    let message = cairn_state::message_digest(&signed.transaction, &signed.authorization);
    B256::from(message.to_bytes32())
}
