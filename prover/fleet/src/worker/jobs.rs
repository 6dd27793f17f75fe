//! What a worker was granted, from the work to the stored result: proves on a thread of its own,
//! one after the other, and sends what is there meanwhile.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Instant as Moment, sleep, sleep_until},
};

use super::{
    Event, Perform,
    link::{AGAIN, Link},
    run::Run,
};
use crate::{
    bus::PATIENCE,
    message::{self, Held, Lease, Note, Order},
    queue::Queue,
};

/// Letters of the longest reason that is sent.
const REASON: usize = 1_000;

/// One assignment that it was granted.
pub(super) struct Job {
    held: Held,
    work: Bytes,
    state: State,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before or at the proof.
    Proves,
    /// It has been proven, and took so long.
    Sends(Duration),
    /// Nobody wants it any more: it is proven to the end, and not sent.
    Over,
    Ended,
}

/// What came of proving, by the job's place.
struct Proven {
    place: usize,
    result: Result<Vec<u8>, String>,
    took: Duration,
}

/// A result, and why the last try to send it came to nothing, if it did.
struct Sent {
    place: usize,
    result: Bytes,
    failure: Option<String>,
}

type Sending = FuturesUnordered<LocalBoxFuture<'static, Sent>>;

impl Job {
    pub(super) fn new(held: Held, work: Bytes) -> Self {
        Self { held, work, state: State::Proves }
    }
}

impl Run {
    /// Proves and sends all of these, with signs of life. Where it is told to stop, it goes on for
    /// as long as its grace, and gives back what is left.
    pub(super) async fn work(
        &mut self,
        queue: Queue,
        mut jobs: Vec<Job>,
        tell: &mut dyn FnMut(Event),
    ) {
        let mut proven = match prove(&self.perform, &jobs) {
            Ok(proven) => proven,
            // The machine has no thread now; it may later.
            Err(error) => {
                for job in &jobs {
                    let reason = format!("cannot start a thread: {error}");
                    self.give_back(&job.held, reason, tell).await;
                }
                return self.alive(sleep(AGAIN)).await;
            }
        };
        for job in &jobs {
            tell(Event::Began(queue, job.held.id.clone()));
        }
        let mut sending = Sending::new();
        let mut has_told = false;
        let mut until = None;
        let mut stop = self.stop.clone();
        while jobs.iter().any(|job| job.state != State::Ended) {
            let grace = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(proven) = proven.recv() => {
                    self.is_proven(queue, &mut jobs, proven, &mut sending, tell).await;
                }
                Some(sent) = sending.next() => {
                    let Some(job) = jobs.get_mut(sent.place) else { continue };
                    match (sent.failure, job.state) {
                        (None, State::Sends(took)) => {
                            job.state = State::Ended;
                            self.is_done(queue, job.held.clone(), took, tell);
                        }
                        (Some(reason), State::Sends(_)) => {
                            if !std::mem::replace(&mut has_told, true) {
                                let id = &job.held.id;
                                let reason = format!("the result of {id} waits: {reason}");
                                tell(Event::Waits(reason));
                            }
                            let link = self.link.clone();
                            sending.push(send(link, &job.held, sent.place, sent.result, AGAIN));
                        }
                        _ => self.is_over(job, tell),
                    }
                }
                () = grace => return self.leave(jobs, sending, queue, tell).await,
                Ok(_) = stop.wait_for(|stop| *stop), if until.is_none() => {
                    self.drains = true;
                    until = Some(Moment::now() + self.config.grace);
                    self.beat().await;
                }
                _ = self.beats.tick() => self.beat().await,
                Some(order) = self.orders.next() => match message::decode(&order.payload) {
                    Ok(Order::Drain) => self.drains = true,
                    Ok(Order::Over(lease)) => over(&mut jobs, &lease),
                    Ok(Order::Offer { queue, place, id }) => self.hear_of(queue, place, id),
                    _ => {}
                },
            }
        }
    }

    async fn is_proven(
        &mut self,
        queue: Queue,
        jobs: &mut [Job],
        proven: Proven,
        sending: &mut Sending,
        tell: &mut dyn FnMut(Event),
    ) {
        let Proven { place, result, took } = proven;
        let Some(job) = jobs.get_mut(place) else { return };
        match (result, job.state) {
            (_, State::Over) => self.is_over(job, tell),
            (Ok(result), _) => {
                job.state = State::Sends(took);
                let link = self.link.clone();
                sending.push(send(link, &job.held, place, result.into(), Duration::ZERO));
            }
            (Err(reason), _) => {
                job.state = State::Ended;
                metrics::counter!("cairn_worker_failures_total", "queue" => queue.name())
                    .increment(1);
                let (link, held) = (self.link.clone(), job.held.clone());
                let failed = Note::Failed(reason.chars().take(REASON).collect());
                self.alive(link.note(&held, &failed)).await;
                self.holds.retain(|other| other.lease != held.lease);
                tell(Event::Failed(held.id, reason));
            }
        }
    }

    fn is_done(&mut self, queue: Queue, held: Held, took: Duration, tell: &mut dyn FnMut(Event)) {
        metrics::histogram!("cairn_worker_seconds", "queue" => queue.name())
            .record(took.as_secs_f64());
        metrics::counter!("cairn_worker_done_total", "queue" => queue.name()).increment(1);
        self.holds.retain(|other| other.lease != held.lease);
        tell(Event::Done(queue, held.id, took));
    }

    fn is_over(&mut self, job: &mut Job, tell: &mut dyn FnMut(Event)) {
        job.state = State::Ended;
        self.holds.retain(|other| other.lease != job.held.lease);
        tell(Event::Returned(job.held.id.clone(), "another has done it".to_owned()));
    }

    /// The grace is over: what is not proven is given back, and what is has one try more.
    async fn leave(
        &mut self,
        mut jobs: Vec<Job>,
        mut sending: Sending,
        queue: Queue,
        tell: &mut dyn FnMut(Event),
    ) {
        let last = sleep(PATIENCE);
        for job in jobs.iter_mut().filter(|job| job.state == State::Proves) {
            job.state = State::Ended;
            let reason = "the worker is told to stop".to_owned();
            self.give_back(&job.held, reason, tell).await;
        }
        let sent = async {
            let mut stored = Vec::new();
            while let Some(sent) = sending.next().await {
                stored.extend(sent.failure.is_none().then_some(sent.place));
            }
            stored
        };
        let stored = self.alive(tokio::time::timeout_at(last.deadline(), sent)).await;
        let stored = stored.unwrap_or_default();
        for (place, job) in jobs.iter().enumerate() {
            match job.state {
                State::Sends(took) if stored.contains(&place) => {
                    self.is_done(queue, job.held.clone(), took, tell);
                }
                State::Sends(_) => {
                    let reason = "its result could not be sent".to_owned();
                    tell(Event::Returned(job.held.id.clone(), reason));
                }
                _ => {}
            }
        }
    }
}

/// Nobody wants what is under this lease any more.
fn over(jobs: &mut [Job], lease: &Lease) {
    let named = jobs.iter_mut().find(|job| job.held.lease == *lease);
    if let Some(job) = named.filter(|job| job.state != State::Ended) {
        job.state = State::Over;
    }
}

/// Proves on a thread of its own.
fn prove(
    perform: &Arc<dyn Perform>,
    jobs: &[Job],
) -> std::io::Result<mpsc::UnboundedReceiver<Proven>> {
    let (sender, proven) = mpsc::unbounded_channel();
    let perform = Arc::clone(perform);
    let works: Vec<_> = jobs.iter().map(|job| job.work.clone()).collect();
    let run = move || {
        for (place, work) in works.into_iter().enumerate() {
            let started = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| perform.perform(&work)));
            let result = result.unwrap_or_else(|_| Err("the prover panicked".to_owned()));
            let _ = sender.send(Proven { place, result, took: started.elapsed() });
        }
    };
    thread::Builder::new().name("assignment".to_owned()).spawn(run)?;
    Ok(proven)
}

/// One try to send a result, in a moment.
fn send(
    link: Link,
    held: &Held,
    place: usize,
    result: Bytes,
    wait: Duration,
) -> LocalBoxFuture<'static, Sent> {
    let held = held.clone();
    async move {
        sleep(wait).await;
        let failure = link.send(&held, result.clone()).await.err();
        Sent { place, result, failure }
    }
    .boxed_local()
}
