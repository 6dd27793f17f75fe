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
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock,
    atomic::{AtomicU32, Ordering},
};

use alloy::primitives::B256;
use cairn_state::Verified;
use cairn_types::{AccountId, PublicKey, SignedTransaction, Word};
use tokio::sync::{Semaphore, mpsc, oneshot};

pub use self::{
    config::MempoolConfig,
    error::{MempoolError, Refused},
    fees::FeePolicy,
    intake::Intake,
    pool::Waiting,
    rules::Accounts,
};
use self::{
    intake::Request,
    pool::{Admission, Pool, hash_of},
    rules::Rules,
};
use crate::{
    signals::Signals,
    store::{
        Store,
        records::{Dropped, Sequence},
    },
};

/// What a block takes, about: when to try again where the pool must get emptier.
const A_BLOCK_MS: u64 = 500;
/// When to try again where intake must get emptier.
const INTAKE_MS: u64 = 50;
/// When to try again where intake is slowed down.
const THROTTLE_MS: u64 = 2_000;

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
        threads.install(|| restore::restore(&store, &mut pool, accounts.as_ref()))?;
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
            store,
            config,
        };
        let mempool = Self(Arc::new(shared));
        mempool.read_clock()?;
        let intake = Intake::new(mempool.clone(), receiver, threads, next);
        Ok((mempool, intake))
    }

    /// Takes transactions, and answers each in its place once it is on disk. One that is known is submitted again.
    ///
    /// Dropping the future does not take anything back.
    pub async fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Vec<Result<Submitted, Refused>> {
        let mut answers: Vec<_> = self.judge(&transactions);
        let places: Vec<usize> = (0..answers.len())
            .filter(|&place| matches!(answers.get(place), Some(Ok(Judged::Verify(_)))))
            .collect();
        let items = transactions.iter().zip(&answers).filter_map(|(signed, judged)| match judged {
            Ok(Judged::Verify(key)) => Some((*signed, *key)),
            _ => None,
        });
        let verdicts = self.enter(items.collect()).await;
        for (place, verdict) in places.into_iter().zip(verdicts) {
            if let Some(answer) = answers.get_mut(place) {
                *answer = verdict.map(Judged::Known);
            }
        }
        answers.into_iter().map(|answer| answer.and_then(Judged::submitted)).collect()
    }

    /// Refuses what is hopeless, finds what is known, and says under which key the rest is verified.
    fn judge(&self, transactions: &[SignedTransaction]) -> Vec<Result<Judged, Refused>> {
        if let Some(reason) = self.throttled() {
            let busy = Refused::Busy { reason, retry_after_ms: THROTTLE_MS };
            return transactions.iter().map(|_| Err(busy.clone())).collect();
        }
        let rules = Rules {
            domain: &self.0.domain,
            now: self.0.clock.load(Ordering::Relaxed),
            accounts: self.0.accounts.as_ref(),
            fees: &self.0.fees,
        };
        let payers: Vec<_> = transactions.iter().map(|signed| rules.check(signed)).collect();
        let pool = self.pool();
        let judged: Vec<_> = transactions
            .iter()
            .zip(payers)
            .map(|(signed, payer)| {
                let payer = payer?;
                match pool.check(signed, &payer) {
                    Ok(Admission::Known(sequence)) if pool.is_durable(sequence) => {
                        Ok(Judged::Known(Submitted { hash: hash(signed), sequence }))
                    }
                    // Judged again when its place is given: what comes with it, before it, may free one.
                    Ok(_) | Err(Refused::NonceAhead { .. } | Refused::LeafFull { .. }) => {
                        Ok(Judged::Verify(pool.key_for(signed, &payer)))
                    }
                    Err(refused) => Err(refused),
                }
            })
            .collect();
        drop(pool);
        let known = |(signed, judged): (&SignedTransaction, Result<Judged, Refused>)| match judged {
            // Executed already, as it is or another with its nonce.
            Err(refused @ Refused::NonceUsed { .. }) => {
                self.executed(&hash(signed)).map(Judged::Known).ok_or(refused)
            }
            other => other,
        };
        transactions.iter().zip(judged).map(known).collect()
    }

    /// A transaction whose nonce was used: accepted before, and executed or dropped.
    fn executed(&self, hash: &B256) -> Option<Submitted> {
        // A store that cannot be read ends the operator elsewhere: here it knows nothing.
        let sequence = self.0.store.hashes.get(hash).ok().flatten()?;
        Some(Submitted { hash: *hash, sequence })
    }

    /// Sends as many to intake as there is room for, and waits for the answers.
    async fn enter(
        &self,
        items: Vec<(SignedTransaction, PublicKey)>,
    ) -> Vec<Result<Submitted, Refused>> {
        let count = items.len();
        if count == 0 {
            return Vec::new();
        }
        let mut entering = items;
        entering.truncate(self.0.room.available_permits());
        let number = u32::try_from(entering.len()).unwrap_or(u32::MAX);
        let permit = self.0.room.clone().try_acquire_many_owned(number).ok();
        let mut answers = Vec::with_capacity(count);
        if let Some(permit) = permit.filter(|_| number > 0) {
            let (answer, answered) = oneshot::channel();
            let sent = self.0.requests.try_send(Request { items: entering, answer, permit });
            let stopping = || vec![Err(Refused::Stopping); number as usize];
            answers.extend(match sent {
                Ok(()) => answered.await.unwrap_or_else(|_| stopping()),
                Err(_) => stopping(),
            });
        }
        let reason = "too many transactions are being verified".to_owned();
        answers.resize(count, Err(Refused::Busy { reason, retry_after_ms: INTAKE_MS }));
        answers
    }

    /// At most so many transactions, in an order in which they can be executed: the nonces of a leaf in order, leaves by
    /// when what they have ready was accepted. None has an expiry before `timestamp`, that of the batch. They are the
    /// sequencer's until [`Self::done`] or [`Self::give_back`].
    #[must_use]
    pub fn take(&self, most: usize, timestamp: u32) -> Vec<Taken> {
        let taken = self.pool().take(most, timestamp);
        let taken = taken.into_iter();
        taken.map(|(sequence, transaction)| Taken { sequence, transaction }).collect()
    }

    /// What the mempool has dropped and nobody has written down: their outcomes belong into the next block's write.
    /// Call it after [`Self::take`], so that nothing is executed whose replaced predecessor has no outcome.
    #[must_use]
    pub fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        self.pool().dropped()
    }

    /// The outcomes of these are on disk, and accounts show what they did.
    pub fn done(&self, sequences: &[Sequence]) {
        self.pool().done(sequences, self.0.accounts.as_ref());
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

    /// The place in the log of a transaction that waits or is being executed.
    #[must_use]
    pub fn find(&self, hash: &B256) -> Option<Sequence> {
        self.pool().find(hash)
    }

    /// Where a transaction stands that has no outcome in the store.
    #[must_use]
    pub fn status(&self, sequence: Sequence) -> Option<Waiting> {
        self.pool().status(sequence)
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
        let now = self.0.store.l1_view.get(&())?.map_or(0, |view| view.timestamp);
        let now = u32::try_from(now).unwrap_or(u32::MAX);
        self.0.clock.store(now, Ordering::Relaxed);
        self.pool().expire(now);
        Ok(())
    }
}

/// What is known of a transaction before its signature is looked at.
#[derive(Debug, Clone, Copy)]
enum Judged {
    Known(Submitted),
    Verify(PublicKey),
}

impl Judged {
    fn submitted(self) -> Result<Submitted, Refused> {
        match self {
            Self::Known(submitted) => Ok(submitted),
            // Every transaction that is to be verified gets its answer.
            Self::Verify(_) => Err(Refused::Stopping),
        }
    }
}

/// What a transaction is known by.
fn hash(signed: &SignedTransaction) -> B256 {
    let message = cairn_state::message_digest(&signed.transaction, &signed.authorization);
    B256::from(message.to_bytes32())
}
