//! Intake: collects transactions of many callers, verifies them together, writes them together, answers.
//!
//! A task that collects and a thread that writes, so that the next signatures are verified while the last transactions
//! are written. The writer has its thread to itself: no reader of the store may keep it waiting. Both queues are
//! bounded by the permits of [`Mempool::submit`].

use std::{sync::Arc, time::Duration};

use cairn_state::Verified;
use cairn_types::{PublicKey, SignedTransaction};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};

use super::{
    Mempool, Submitted,
    error::{MempoolError, Refused},
    pool::{Admission, hash_of},
};
use crate::{
    clock::now_ms,
    signals::Shutdown,
    store::records::{Accepted, Sequence},
};

/// What a caller wants to have accepted.
#[derive(Debug)]
pub(super) struct Request {
    /// With the key under which each signature must hold.
    pub(super) items: Vec<(SignedTransaction, PublicKey)>,
    pub(super) answer: oneshot::Sender<Answers>,
    /// Held until the answer.
    pub(super) permit: OwnedSemaphorePermit,
}

type Answers = Vec<Result<Submitted, Refused>>;

/// A request whose signatures were looked at: one verdict for each item.
struct Checked {
    items: Vec<Option<Verified>>,
    answer: oneshot::Sender<Answers>,
    permit: OwnedSemaphorePermit,
}

/// Requests that were verified together, and may be written while the next are.
type Group = Vec<Checked>;

/// Groups that wait to be written. All that come while the disk is busy are one write afterwards; what bounds their
/// transactions are the permits.
const GROUPS: usize = 1_024;

/// The stage behind [`Mempool::submit`].
#[derive(Debug)]
pub struct Intake {
    mempool: Mempool,
    requests: mpsc::Receiver<Request>,
    threads: Arc<ThreadPool>,
    /// The place in the log of what is accepted next.
    next: Sequence,
}

/// Threads of their own: those of the prover are busy for seconds.
pub(super) fn threads(number: usize) -> Result<Arc<ThreadPool>, MempoolError> {
    let name = |index| format!("signatures-{index}");
    Ok(Arc::new(ThreadPoolBuilder::new().num_threads(number).thread_name(name).build()?))
}

impl Intake {
    pub(super) fn new(
        mempool: Mempool,
        requests: mpsc::Receiver<Request>,
        threads: Arc<ThreadPool>,
        next: Sequence,
    ) -> Self {
        Self { mempool, requests, threads, next }
    }

    /// Accepts transactions until it is told to stop; then answers those that it has and returns.
    ///
    /// # Errors
    /// The store's: then nothing more is accepted, and the store must be opened again.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), MempoolError> {
        let Self { mempool, requests, threads, next } = self;
        let (sender, groups) = mpsc::channel(GROUPS);
        let collect = collect(&mempool, requests, &threads, sender, shutdown.clone());
        let write = writer(mempool.clone(), groups, next)?;
        tokio::select! {
            done = async { tokio::try_join!(collect, write) } => done.map(|_| ()),
            error = watch(&mempool) => error,
        }
    }
}

/// Follows L1's clock, and looks after what waits in vain. Ends only with an error.
async fn watch(mempool: &Mempool) -> Result<(), MempoolError> {
    let mut l1 = mempool.0.signals.l1.listen();
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = l1.changed() => mempool.read_clock()?,
            _ = second.tick() => mempool.look_after(now_ms()),
        }
    }
}

/// Collects requests for a moment and has their signatures verified.
async fn collect(
    mempool: &Mempool,
    mut requests: mpsc::Receiver<Request>,
    threads: &ThreadPool,
    groups: mpsc::Sender<Group>,
    mut shutdown: Shutdown,
) -> Result<(), MempoolError> {
    let config = &mempool.0.config;
    let moment = Duration::from_millis(config.collect_ms);
    let mut stopping = false;
    loop {
        let first = tokio::select! {
            request = requests.recv() => request,
            () = shutdown.stopped(), if !stopping => {
                stopping = true;
                requests.close();
                continue;
            }
        };
        let Some(first) = first else { return Ok(()) };
        let mut count = first.items.len();
        let mut collected = vec![first];
        let deadline = Instant::now() + moment;
        while count < config.collect_transactions {
            let Ok(Some(request)) = timeout_at(deadline, requests.recv()).await else { break };
            count += request.items.len();
            collected.push(request);
        }
        let group = verify(threads, collected).await?;
        // The writer has ended with an error, which is the one to tell.
        if groups.send(group).await.is_err() {
            return Ok(());
        }
    }
}

async fn verify(threads: &ThreadPool, requests: Vec<Request>) -> Result<Group, MempoolError> {
    let (sender, verified) = oneshot::channel();
    threads.spawn(move || {
        let items: Vec<_> = requests.iter().flat_map(|request| &request.items).copied().collect();
        let mut verdicts = Verified::check_many(&items).into_iter();
        let checked = |Request { items, answer, permit }| {
            let items = verdicts.by_ref().take(Vec::len(&items)).collect();
            Checked { items, answer, permit }
        };
        // Whoever waits may be gone.
        let _ = sender.send(requests.into_iter().map(checked).collect());
    });
    verified.await.map_err(|_| MempoolError::Panicked { doing: "verifying signatures" })
}

/// Starts the writer. What it gives ends when all groups are written, or with the store's error.
fn writer(
    mempool: Mempool,
    groups: mpsc::Receiver<Group>,
    next: Sequence,
) -> Result<impl Future<Output = Result<(), MempoolError>>, MempoolError> {
    let (sender, ended) = oneshot::channel();
    let write = move || {
        // Whoever waits may be gone.
        let _ = sender.send(write_groups(&mempool, groups, next));
    };
    let thread = std::thread::Builder::new().name("log".to_owned());
    thread.spawn(write).map_err(MempoolError::Writer)?;
    Ok(async { ended.await.unwrap_or(Err(MempoolError::Panicked { doing: "writing the log" })) })
}

/// Writes what was verified: all groups that wait in one write.
fn write_groups(
    mempool: &Mempool,
    mut groups: mpsc::Receiver<Group>,
    mut next: Sequence,
) -> Result<(), MempoolError> {
    while let Some(mut group) = groups.blocking_recv() {
        while let Ok(more) = groups.try_recv() {
            group.extend(more);
        }
        next = write(mempool, group, next)?;
    }
    Ok(())
}

/// Gives transactions their places, writes them, answers. Gives the next place in the log.
fn write(mempool: &Mempool, group: Group, from: Sequence) -> Result<Sequence, MempoolError> {
    let shared = &mempool.0;
    let store = &shared.store;
    let received_ms = now_ms();
    let mut next = from;
    let mut write = store.write();
    let mut answered = Vec::with_capacity(group.len());
    let mut accepted = Vec::new();
    // What leaves the pool after this look only makes it too low, which costs a start some rows.
    let waited_from = mempool.pool().waiting_from(next);
    for checked in group {
        // Taken for each request: a write may have thousands, and others wait for the pool too.
        let mut pool = mempool.pool();
        let mut place = |verified: Option<Verified>| {
            let verified = verified.ok_or(Refused::Signature)?;
            let hash = hash_of(&verified);
            // Read while nothing leaves the pool: what was executed is either still there or counted in the nonce.
            let payer = shared.accounts.account(verified.signed().transaction.from());
            match pool.admit(verified, &payer, next, received_ms) {
                Ok(Admission::Known(sequence)) => Ok(Submitted { hash, sequence }),
                Err(refused @ Refused::NonceUsed { .. }) => mempool.executed(&hash).ok_or(refused),
                Err(refused) => Err(refused),
                Ok(Admission::New) => {
                    let submitted = Submitted { hash, sequence: next };
                    accepted.push((submitted, verified));
                    next += 1;
                    Ok(submitted)
                }
            }
        };
        let answers: Answers = checked.items.into_iter().map(&mut place).collect();
        drop(pool);
        answered.push((checked.answer, answers, checked.permit));
    }
    for (Submitted { hash, sequence }, verified) in &accepted {
        let (transaction, key) = (*verified.signed(), *verified.key());
        let row = Accepted { transaction, key, received_ms };
        write.put(&store.log, sequence, &row)?;
        write.put(&store.hashes, hash, sequence)?;
    }
    if next > from {
        write.put(&store.waiting_from, &(), &waited_from)?;
        write.commit()?;
        mempool.pool().set_durable(next);
        shared.signals.accepted.ring();
    }
    for (answer, answers, permit) in answered {
        drop(permit);
        // Whoever asked may be gone.
        let _ = answer.send(answers);
    }
    Ok(next)
}

/// Writes one transaction, as if it had come in and been verified. Gives its answer and the next place in the log.
#[cfg(test)]
pub(super) fn write_one(
    mempool: &Mempool,
    verified: Verified,
    next: Sequence,
) -> (Result<Submitted, Refused>, Sequence) {
    let (answer, mut answered) = oneshot::channel();
    let permit = mempool.0.room.clone().try_acquire_owned().expect("room");
    let group = vec![Checked { items: vec![Some(verified)], answer, permit }];
    let next = write(mempool, group, next).expect("written");
    (answered.try_recv().expect("answered").remove(0), next)
}
