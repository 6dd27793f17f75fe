//! The thread: follows until it may lead, then leads until it must not.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics::gauge;
use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval},
};
use tracing::{info, warn};

use super::{
    Config, Mode, ReplicationError, Role,
    error::Trouble,
    follower::{Follower, Reach},
    leader::{Ask, Leader, Request},
    lease::{Holder, Lease},
    message,
    stream::CommitStream,
};
use crate::store::{
    Store,
    records::{Replicated, StreamPosition, Term},
};

/// How often the end of the stream is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// The longest time between two tries to reach the server.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What the thread is given.
pub(super) struct Work {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) role: watch::Sender<Role>,
    /// Called after each replay; none once this operator leads.
    pub(super) observer: Option<Box<dyn FnMut() + Send>>,
    pub(super) asked: mpsc::UnboundedReceiver<Ask>,
    pub(super) closed: watch::Receiver<bool>,
    pub(super) standing: Arc<Mutex<Option<Replicated>>>,
}

impl Work {
    pub(super) fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ended = match runtime {
            Ok(runtime) => runtime.block_on(self.work()),
            Err(error) => Err(ReplicationError::thread(error)),
        };
        gauge!("cairn_replication_leads").set(0.0);
        if let Err(error) = ended {
            self.role.send_replace(Role::Over(error.clone()));
            // Whoever waits for an answer gets it.
            self.asked.close();
            while let Ok(ask) = self.asked.try_recv() {
                if let Ask::Append(Request { answer, .. }) = ask {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    async fn work(&mut self) -> Result<(), ReplicationError> {
        let Some(jetstream) = self.connect().await? else { return Ok(()) };
        let stream = CommitStream::new(jetstream.clone(), &self.config);
        let lease = Lease::new(jetstream, &self.config);
        let mut follower = Follower::new(self.store.clone())?;
        self.stand(follower.standing());
        self.observe();
        let Some(leader) = self.follow(&mut follower, &stream, lease).await? else { return Ok(()) };
        self.lead(leader).await
    }

    /// Connects, however long that takes; none if nobody waits for it any more.
    async fn connect(&self) -> Result<Option<async_nats::jetstream::Context>, ReplicationError> {
        let mut pause = LOOK;
        while !self.role.is_closed() {
            match self.config.target.connect(None).await {
                Ok(bus) => return Ok(Some(async_nats::jetstream::new(bus.client))),
                Err(error) if error.is_transient() => {
                    let reason = error.to_string();
                    if *self.role.borrow() != Role::Waiting(reason.clone()) {
                        warn!(reason, "replication waits for NATS");
                    }
                    self.role.send_replace(Role::Waiting(reason));
                }
                Err(error) => return Err(ReplicationError::Server(error.to_string())),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(None)
    }

    fn stand(&self, standing: Option<Replicated>) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    fn observe(&mut self) {
        if let Some(observer) = &mut self.observer {
            observer();
        }
    }

    /// Follows until this operator leads; none if nobody waits for it any more.
    async fn follow(
        &mut self,
        follower: &mut Follower,
        stream: &CommitStream,
        mut lease: Lease,
    ) -> Result<Option<Leader>, ReplicationError> {
        let mut seen = Seen::default();
        while !self.role.is_closed() {
            match self.step(follower, stream, &mut lease, &mut seen).await {
                Ok(Some(last)) => {
                    let (operator, closed) = (self.config.operator.clone(), self.closed.clone());
                    let stream = stream.clone();
                    let role = self.role.clone();
                    return Ok(Some(Leader { stream, lease, operator, last, closed, role }));
                }
                Ok(None) => {}
                Err(Trouble::Final(error)) => {
                    lease.release().await;
                    return Err(error);
                }
                Err(Trouble::NotLast) => {
                    // Somebody has written since: it is read first.
                    lease.release().await;
                }
                Err(Trouble::Unreachable(reason)) => {
                    self.role.send_replace(Role::Waiting(reason));
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
        lease.release().await;
        Ok(None)
    }

    /// Reads some, and takes over if it is time: where the term begins.
    async fn step(
        &mut self,
        follower: &mut Follower,
        stream: &CommitStream,
        lease: &mut Lease,
        seen: &mut Seen,
    ) -> Result<Option<StreamPosition>, Trouble> {
        let before = follower.position();
        let reach = follower.read(stream).await?;
        if follower.position() != before {
            self.stand(follower.standing());
            self.observe();
        }
        let end = match reach {
            Reach::Behind(behind) => {
                self.follows(lease.holder().await?, behind);
                return Ok(None);
            }
            Reach::End(extent) => Some(extent.last),
            Reach::Gone(extent) => self.may_begin(follower, stream)?.then_some(extent.last),
        };
        let holder = lease.holder().await?;
        if let Some(holder) = &holder
            && self.config.mode != Mode::Standby
            && seen.lives(holder)
        {
            return Err(ReplicationError::Led { leader: holder.operator.clone() }.into());
        }
        match (end, holder) {
            (Some(_), None) if lease.take().await? => {
                // Once more: what was added until the lease was free.
                let end = match follower.read(stream).await? {
                    Reach::End(extent) => extent.last,
                    Reach::Gone(extent) if self.may_begin(follower, stream)? => extent.last,
                    _ => return Err(Trouble::NotLast),
                };
                self.begin(follower, stream, end).await.map(Some)
            }
            (Some(_), holder) => {
                self.follows(holder, 0);
                tokio::time::sleep(LOOK).await;
                Ok(None)
            }
            (None, _) => {
                let name = stream.name();
                let reason = format!(
                    "the stream {name} is gone, or was never begun: the operator that led begins it"
                );
                self.role.send_replace(Role::Waiting(reason));
                tokio::time::sleep(LOOK).await;
                Ok(None)
            }
        }
    }

    /// Whether this operator may begin a stream where there is none that it followed to its end.
    fn may_begin(
        &self,
        follower: &Follower,
        stream: &CommitStream,
    ) -> Result<bool, ReplicationError> {
        let has_led = follower.standing().map(|standing| standing.leads);
        match (has_led, self.config.mode) {
            (Some(true), _) | (_, Mode::Promote) | (None, Mode::Lead) => Ok(true),
            (Some(false), Mode::Lead) => Err(ReplicationError::Followed { stream: stream.name() }),
            (Some(false) | None, Mode::Standby) => Ok(false),
        }
    }

    fn follows(&self, holder: Option<Holder>, behind: u64) {
        gauge!("cairn_replication_behind").set(behind as f64);
        let leader = holder.map_or_else(|| "nobody".to_owned(), |holder| holder.operator);
        let role = Role::Following { leader, behind };
        self.role.send_if_modified(|now| {
            let is_new = *now != role;
            *now = role;
            is_new
        });
    }

    /// Begins a term behind the last message, which nobody may have followed with another.
    async fn begin(
        &self,
        follower: &mut Follower,
        stream: &CommitStream,
        end: u64,
    ) -> Result<StreamPosition, Trouble> {
        stream.adjust().await?;
        follower.name_past()?;
        let before = follower.position();
        let term = Term::next(before.map(|position| position.term));
        let begin = message::begin(term, &self.config.operator, before);
        let sequence = stream.append(end, &[begin]).await?;
        let position = StreamPosition { term, sequence };
        follower.stand_at(Replicated { position, leads: true })?;
        self.stand(follower.standing());
        Ok(position)
    }

    /// Adds what is asked, until another leads or nobody asks any more.
    async fn lead(&mut self, mut leader: Leader) -> Result<(), ReplicationError> {
        let StreamPosition { term, sequence } = leader.last;
        info!(term = term.number, sequence, "this operator leads");
        self.observer = None;
        gauge!("cairn_replication_leads").set(1.0);
        gauge!("cairn_replication_behind").set(0.0);
        self.role.send_replace(Role::Leading { waits: None });
        let mut signs = interval(leader.lease.period());
        signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                request = self.asked.recv() => {
                    let Some(Ask::Append(Request { commit, answer })) = request else { break };
                    let added = leader.append(&commit).await;
                    let failed = added.clone().err();
                    // Who asked may be gone.
                    let _ = answer.send(added);
                    match failed {
                        Some(ReplicationError::Stopping) | None => {}
                        Some(error) => {
                            leader.lease.release().await;
                            return Err(error);
                        }
                    }
                    self.stand(Some(Replicated { position: leader.last, leads: true }));
                }
                _ = signs.tick() => leader.renew().await?,
            }
        }
        leader.lease.release().await;
        Ok(())
    }
}

/// The holder of the lease as it was first seen.
#[derive(Default)]
struct Seen(Option<Holder>);

impl Seen {
    /// Whether it has given a sign since. A lease that was left behind by a kill gives none, and expires.
    fn lives(&mut self, holder: &Holder) -> bool {
        match &self.0 {
            Some(first) if first.operator == holder.operator => first.revision != holder.revision,
            _ => {
                self.0 = Some(holder.clone());
                false
            }
        }
    }
}
