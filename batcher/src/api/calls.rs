//! The calls of one connection: those that run, what is owed for them, and what came that was none.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use super::{debts::Debt, limits::Bucket};

/// Calls of one connection that run at once, those of a batch each. What was read together with the last of them runs
/// too.
pub(super) const MOST_RUNNING: usize = 64;
/// Messages a second of one WebSocket that are no calls: a client's pings, and mistakes. Twice as many may come at
/// once.
const WASTE_A_SECOND: f64 = 50.0;

/// The calls of one connection.
#[derive(Debug)]
pub(super) struct Calls {
    running: AtomicUsize,
    /// Who reads the connection, while it waits for calls to end.
    reader: Mutex<Option<Waker>>,
    /// How many there were.
    asked: AtomicUsize,
    /// Answers that wait for the socket, in the order in which they go out. Messages of subscriptions go out between
    /// them and are not counted: few of them wait.
    owed: Mutex<VecDeque<Debt>>,
    has_websocket: AtomicBool,
    /// Messages that are to go out and are no refusals of what is no call.
    expected: AtomicUsize,
    waste: Mutex<Bucket>,
    is_wasteful: AtomicBool,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            running: AtomicUsize::new(0),
            reader: Mutex::default(),
            asked: AtomicUsize::new(0),
            owed: Mutex::default(),
            has_websocket: AtomicBool::new(false),
            expected: AtomicUsize::new(0),
            waste: Mutex::new(Bucket::new(WASTE_A_SECOND, Instant::now())),
            is_wasteful: AtomicBool::new(false),
        }
    }
}

impl Calls {
    /// Counts so many more until the guard of them is dropped.
    pub(super) fn begin(self: &Arc<Self>, count: usize) -> Running {
        self.running.fetch_add(count, Ordering::SeqCst);
        self.asked.fetch_add(count, Ordering::SeqCst);
        Running { calls: Arc::clone(self), count }
    }

    /// How many calls there were.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        if self.running.load(Ordering::SeqCst) < MOST_RUNNING {
            return Poll::Ready(());
        }
        *self.reader() = Some(cx.waker().clone());
        // One may have ended since.
        if self.running.load(Ordering::SeqCst) < MOST_RUNNING {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// An answer goes out.
    pub(super) fn owe(&self, debt: Debt) {
        let mut owed = self.owed();
        let other = match owed.back_mut() {
            Some(last) => last.join(debt),
            None => Some(debt),
        };
        owed.extend(other);
    }

    /// The socket has taken so many bytes. What comes around answers, as the heads of HTTP, counts as them: it is
    /// little.
    pub(super) fn taken(&self, mut bytes: usize) {
        let mut owed = self.owed();
        while let Some(first) = owed.front_mut() {
            bytes = first.shrink(bytes);
            if !first.is_paid() {
                return;
            }
            owed.pop_front();
        }
    }

    /// From now on a message out is an answer, or one that is expected, or waste.
    pub(super) fn speaks_websocket(&self) {
        self.has_websocket.store(true, Ordering::SeqCst);
    }

    /// A message goes out that answers a call or that a subscription sends.
    pub(super) fn expect(&self) {
        self.expected.fetch_add(1, Ordering::SeqCst);
    }

    /// A message has gone out.
    pub(super) fn told(&self) {
        let less = |expected: usize| expected.checked_sub(1);
        let is_waste =
            self.expected.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err();
        if is_waste && self.has_websocket.load(Ordering::SeqCst) {
            self.waste();
        }
    }

    /// Something came that is no call, and that nobody has paid for.
    pub(super) fn waste(&self) {
        let mut waste = self.waste.lock().unwrap_or_else(PoisonError::into_inner);
        if waste.take(WASTE_A_SECOND, 1.0, Instant::now()).is_err() {
            self.is_wasteful.store(true, Ordering::SeqCst);
        }
    }

    /// Whether there was so much of it that the connection should end.
    pub(super) fn is_wasteful(&self) -> bool {
        self.is_wasteful.load(Ordering::SeqCst)
    }

    fn reader(&self) -> MutexGuard<'_, Option<Waker>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owed(&self) -> MutexGuard<'_, VecDeque<Debt>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls that run.
#[derive(Debug)]
pub(super) struct Running {
    calls: Arc<Calls>,
    count: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let before = self.calls.running.fetch_sub(self.count, Ordering::SeqCst);
        if before.saturating_sub(self.count) < MOST_RUNNING
            && let Some(reader) = self.calls.reader().take()
        {
            reader.wake();
        }
    }
}
