//! The thread: follows until it may lead, then leads until it must not.

use std::time::Duration;

use cairn_fleet::bus::Bus;
use metrics::gauge;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};

use super::{
    Config, Mode, ReplicationError, Role,
    error::Trouble,
    follower::{Follower, Reach},
    leader::{Ask, Leader, Request},
    lease::{Heard, Holder, Lease},
    message,
    stream::CommitStream,
};
use crate::store::{
    Store,
    records::{Replicated, StreamPosition, Term},
};

/// How often the end of the stream is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// How long an answer of the server is waited for, at the most.
const ANSWER: Duration = Duration::from_millis(2_500);
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
    /// Until then nobody's lease is taken: whoever leads gets the time of a lease to show up.
    pub(super) patience: Instant,
    pub(super) seen: Seen,
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
            self.becomes(Role::Over(error.clone()));
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
        let Some(bus) = self.connect().await? else { return Ok(()) };
        let mut jetstream = async_nats::jetstream::new(bus.client.clone());
        // A sign that waits for longer is none.
        jetstream.set_timeout((self.config.lease / 2).min(ANSWER));
        let stream = CommitStream::new(jetstream.clone(), &self.config);
        let mut lease = Lease::new(jetstream, &self.config);
        let mut follower = Follower::new(self.store.clone())?;
        self.observe();
        let mut connections = bus.connections;
        let mut last = None;
        while last.is_none() && !self.role.is_closed() {
            last = self.follow(&mut follower, &stream, &mut lease, &mut connections).await?;
        }
        let Some(last) = last else { return Ok(()) };
        let leader = Leader {
            stream,
            heard: Heard::now(),
            lease: self.config.lease,
            rollup: follower.rollup,
            operator: self.config.operator.clone(),
            last,
            closed: self.closed.clone(),
            role: self.role.clone(),
        };
        let ended = self.lead(leader, &mut lease, connections).await;
        let _ = timeout(self.config.lease, lease.release()).await;
        ended
    }

    /// Connects, however long that takes; none if nobody waits for it any more.
    async fn connect(&self) -> Result<Option<Bus>, ReplicationError> {
        let mut pause = LOOK;
        while !self.role.is_closed() {
            match self.config.target.connect(None).await {
                Ok(bus) => return Ok(Some(bus)),
                Err(error) if error.is_transient() => self.waits(error.to_string()),
                Err(error) => return Err(ReplicationError::Server(error.to_string())),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(None)
    }

    fn observe(&mut self) {
        if let Some(observer) = &mut self.observer {
            observer();
        }
    }

    /// Reads some, and takes over if it is time: where the term begins. Nothing holds the lease after anything else.
    async fn follow(
        &mut self,
        follower: &mut Follower,
        stream: &CommitStream,
        lease: &mut Lease,
        connections: &mut watch::Receiver<u64>,
    ) -> Result<Option<StreamPosition>, ReplicationError> {
        if connections.has_changed().unwrap_or(false) {
            connections.mark_unchanged();
            self.patience = Instant::now() + self.config.patience;
        }
        let trouble = match self.step(follower, stream, lease).await {
            Ok(Some(last)) => return Ok(Some(last)),
            Ok(None) => return Ok(None),
            Err(trouble) => trouble,
        };
        lease.release().await;
        match trouble {
            Trouble::Final(error) => return Err(error),
            // Somebody has written since: it is read first.
            Trouble::NotLast => {}
            Trouble::Unreachable(reason) => {
                self.patience = Instant::now() + self.config.patience;
                self.waits(reason);
                sleep(LOOK).await;
            }
        }
        Ok(None)
    }

    async fn step(
        &mut self,
        follower: &mut Follower,
        stream: &CommitStream,
        lease: &mut Lease,
    ) -> Result<Option<StreamPosition>, Trouble> {
        let before = follower.position();
        let reach = self.read(follower, stream).await?;
        if follower.position() != before {
            self.observe();
        }
        let holder = lease.holder().await?;
        let is_ready = match reach {
            Reach::Behind(behind) => {
                self.follows(holder, behind);
                return Ok(None);
            }
            Reach::End(_) => true,
            Reach::Gone(_) => self.may_begin(follower, stream)?,
        };
        if let Some(holder) = &holder
            && self.config.mode != Mode::Standby
            && self.seen.lives(holder)
        {
            return Err(ReplicationError::Led { leader: holder.operator.clone() }.into());
        }
        // One that leads may have been away with the server, as may have been its signs.
        let may_take = holder.is_none() && self.patience < Instant::now();
        if is_ready && may_take && lease.take().await? {
            // Once more: what was added until the lease was free.
            let end = match self.read(follower, stream).await? {
                Reach::End(extent) => extent.last,
                Reach::Gone(extent) if self.may_begin(follower, stream)? => extent.last,
                _ => return Err(Trouble::NotLast),
            };
            return self.begin(follower, stream, lease, end).await.map(Some);
        }
        if is_ready {
            self.follows(holder, 0);
        } else {
            let name = stream.name();
            let reason = format!(
                "the stream {name} is gone, or was never begun: the operator that led begins it, without --standby"
            );
            self.waits(reason);
        }
        sleep(LOOK).await;
        Ok(None)
    }

    /// Reads some of what the store lacks. To whoever is promoted, a stream that is another's is none.
    async fn read(&self, follower: &mut Follower, stream: &CommitStream) -> Result<Reach, Trouble> {
        use ReplicationError::{Message, OtherPast, TooFarBehind};
        match follower.read(stream).await {
            Err(Trouble::Final(OtherPast { .. } | TooFarBehind { .. } | Message { .. }))
                if self.config.mode == Mode::Promote =>
            {
                Ok(Reach::Gone(stream.extent().await?))
            }
            read => read,
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
            (_, Mode::Promote) | (None | Some(true), Mode::Lead) => Ok(true),
            (Some(false), Mode::Lead) => Err(ReplicationError::Followed { stream: stream.name() }),
            // It may have led, and another after it, before the stream was lost.
            (_, Mode::Standby) => Ok(false),
        }
    }

    /// Says why nobody is followed; once for each reason.
    fn waits(&self, reason: String) {
        if self.becomes(Role::Waiting(reason.clone())) {
            warn!(reason, "replication waits");
        }
    }

    fn follows(&self, holder: Option<Holder>, behind: u64) {
        gauge!("cairn_replication_behind").set(behind as f64);
        let leader = holder.map_or_else(|| "nobody".to_owned(), |holder| holder.operator);
        if !matches!(&*self.role.borrow(), Role::Following { leader: before, .. } if *before == leader)
        {
            info!(leader, behind, "this operator follows");
        }
        self.becomes(Role::Following { leader, behind });
    }

    /// What this operator is from now on; says whether it was something else. While it waits nobody knows how far it is
    /// behind: that figure stays as it was.
    fn becomes(&self, role: Role) -> bool {
        gauge!("cairn_replication_waits").set(u8::from(matches!(role, Role::Waiting(_))));
        self.role.send_if_modified(|now| {
            let is_new = *now != role;
            *now = role;
            is_new
        })
    }

    /// Begins a term behind the last message, which nobody may have followed with another.
    async fn begin(
        &self,
        follower: &mut Follower,
        stream: &CommitStream,
        lease: &Lease,
        end: u64,
    ) -> Result<StreamPosition, Trouble> {
        for adjusted in [stream.adjust().await, lease.adjust().await] {
            if let Err(error) = adjusted {
                warn!(%error, "the server keeps the size and the copies that it has");
            }
        }
        follower.name_past()?;
        let before = follower.position();
        let term = Term::next(before.map(|position| position.term));
        let begin = message::begin(term, follower.rollup, &self.config.operator, before);
        let sequence = stream.append(end, &[begin]).await?;
        let position = StreamPosition { term, sequence };
        follower.stand_at(Replicated { position, leads: true })?;
        Ok(position)
    }

    /// Adds what is asked, until another leads or nobody asks any more.
    async fn lead(
        &mut self,
        mut leader: Leader,
        lease: &mut Lease,
        mut connections: watch::Receiver<u64>,
    ) -> Result<(), ReplicationError> {
        let StreamPosition { term, sequence } = leader.last;
        info!(term = term.number, sequence, "this operator leads");
        self.observer = None;
        gauge!("cairn_replication_leads").set(1.0);
        gauge!("cairn_replication_behind").set(0.0);
        self.becomes(Role::Leading { waits: None });
        let heard = leader.heard.clone();
        // Signs go on while a commit waits.
        let keeps = lease.keep(&heard);
        tokio::pin!(keeps);
        loop {
            let asked = tokio::select! {
                ask = self.asked.recv() => ask,
                by = &mut keeps => return Err(ReplicationError::Fenced { by }),
                _ = connections.changed() => {
                    tokio::select! {
                        looked = leader.look_again() => looked?,
                        by = &mut keeps => return Err(ReplicationError::Fenced { by }),
                    }
                    continue;
                }
            };
            let Some(Ask::Append(Request { commit, answer })) = asked else { return Ok(()) };
            let added = tokio::select! {
                added = leader.append(&commit) => added,
                by = &mut keeps => Err(ReplicationError::Fenced { by }),
            };
            let failed = added.clone().err();
            // Who asked may be gone.
            let _ = answer.send(added);
            match failed {
                None | Some(ReplicationError::Stopping) => {}
                Some(error) => return Err(error),
            }
        }
    }
}

/// The holder of the lease as it was first seen.
#[derive(Debug, Default)]
pub(super) struct Seen(Option<Holder>);

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

#[cfg(test)]
mod tests {
    use cairn_fleet::{bus::Target, names::Names};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::store::tests::open;

    /// A standby that is cut off says so, though the last that it read was the end.
    #[test]
    fn who_waits_tells_that_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let (role, watched) = watch::channel(Role::Waiting("the start".to_owned()));
        let work = Work {
            config: Config {
                target: Target::default(),
                names: Names::default(),
                replicas: 1,
                max_bytes: 1,
                lease: LOOK,
                patience: LOOK,
                operator: "standby".to_owned(),
                mode: Mode::Standby,
            },
            store: open(folder.path()).unwrap(),
            role,
            observer: None,
            asked: mpsc::unbounded_channel().1,
            closed: watch::channel(false).1,
            patience: Instant::now(),
            seen: Seen::default(),
        };
        let recorder = PrometheusBuilder::new().build_recorder();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let tells = |value: &str| {
            let line = format!("cairn_replication_waits {value}\n");
            recorder.handle().render().contains(&line)
        };
        work.follows(None, 0);
        assert!(tells("0"));
        work.waits("no server".to_owned());
        assert!(tells("1") && *watched.borrow() == Role::Waiting("no server".to_owned()));
        work.follows(None, 3);
        assert!(tells("0"));
    }
}
