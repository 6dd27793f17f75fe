//! The coordinator: one for a fleet, in the operator's process, on a thread of its own. It offers
//! what the ledger says is due, grants claims, has results verified by those who wait for them, and
//! keeps leases alive while their workers are.
//!
//! Messages of the queues hold ids; the work is granted apart, to one worker, under a lease. Workers
//! acknowledge nothing: an acknowledgement names a place in a stream, and whoever may send one may
//! remove everyone's.

mod asks;
mod intake;
mod messages;
mod offers;
mod quarantine;
mod quota;
mod results;
mod run;
mod state;
mod watch;

use std::{
    path::PathBuf,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc as events,
    },
    thread,
};

use bytes::Bytes;
use cairn_prover::claim::AssignmentId;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use self::run::Run;
use crate::{
    bus::Target,
    error::FleetError,
    ledger::{Priority, Settings, View, Worker},
    message::{Lease, Version, WorkerId},
    names::Names,
    queue::Queue,
};

/// What a coordinator is given.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server.
    pub target: Target,
    /// The fleet.
    pub names: Names,
    /// What proofs must be made with.
    pub version: Version,
    /// The ledger's rules.
    pub settings: Settings,
    /// Where it is kept who is quarantined, over a restart, and the work of assignments that are, for a
    /// debugger.
    pub kept: Option<PathBuf>,
    /// Copies that the servers of a cluster keep of what the fleet has there.
    pub replicas: usize,
}

/// Who waits for assignments: several proofs may want the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter(u64);

impl Waiter {
    /// One that is no other.
    #[must_use]
    pub fn unique() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An assignment that somebody waits for.
#[derive(Debug)]
pub struct Owed {
    /// Who waits.
    pub waiter: Waiter,
    /// Its name.
    pub id: AssignmentId,
    /// Where it waits.
    pub queue: Queue,
    /// What comes first.
    pub priority: Priority,
    /// What it starts from.
    pub work: Bytes,
    /// Where its results go.
    pub events: events::Sender<Arrived>,
}

/// A result that may hold.
#[derive(Debug)]
pub struct Arrived {
    /// Of which assignment.
    pub id: AssignmentId,
    /// From whom; none of what was kept from before.
    pub lease: Option<Lease>,
    /// The result.
    pub bytes: Bytes,
}

/// What the coordinator is told.
#[derive(Debug)]
pub(crate) enum Command {
    Owe(Owed),
    /// One waits for these no more.
    Forget(Waiter, Vec<AssignmentId>),
    /// What was kept of an assignment that is owed anew.
    Kept(AssignmentId, Option<Bytes>),
    /// Whether a result holds; a reason where it does not.
    Verdict {
        arrived: Arrived,
        verdict: Result<(), String>,
    },
    /// Work was put there for a lease, or could not be.
    Put {
        lease: Lease,
        is_there: bool,
    },
    Look(oneshot::Sender<Fleet>),
    Retry(String, oneshot::Sender<bool>),
    Quarantine(WorkerId, oneshot::Sender<bool>),
    Drain(WorkerId, oneshot::Sender<bool>),
}

/// How the fleet is.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    /// The server answers.
    pub is_connected: bool,
    /// Those who were heard since the coordinator's start.
    pub workers: Vec<(WorkerId, Worker)>,
    /// What is owed.
    pub assignments: Vec<View>,
    /// Seconds since the coordinator's start: what times in the rest count from.
    pub now_s: f64,
    /// What came of all that workers have sent.
    pub outcomes: Outcomes,
}

/// What came of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// They hold, and were waited for.
    pub accepted: u64,
    /// Their assignment was done already.
    pub late: u64,
    /// Their lease has had a result.
    pub duplicate: u64,
    /// Nobody was given their lease.
    pub unheld: u64,
    /// Their proof does not hold.
    pub refused: u64,
    /// Of workers that are not believed.
    pub quarantined: u64,
    /// Given back unfinished.
    pub returned: u64,
    /// Workers could not do it.
    pub failed: u64,
    /// Results of an earlier run of the coordinator that still held.
    pub kept: u64,
    /// Messages of workers who said more than is listened to.
    pub dropped: u64,
    /// Lines that the log does not have, as their worker was the reason of so many.
    pub muted: u64,
}

/// A handle to the running coordinator; it ends with the last one.
#[derive(Debug, Clone)]
pub struct Coordinator {
    commands: mpsc::UnboundedSender<Command>,
}

impl Coordinator {
    /// Connects, makes what the fleet needs on the server, and starts. Blocks until then.
    ///
    /// # Errors
    /// The server's, or there is no thread.
    pub fn start(config: Config) -> Result<Self, FleetError> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let (ready, is_ready) = events::channel();
        let sender = commands.downgrade();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(FleetError::Thread(error)))),
            };
            runtime.block_on(async {
                match Run::connect(config, sender, receiver).await {
                    Ok(run) => {
                        let _ = ready.send(Ok(()));
                        run.run().await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
        };
        let thread = thread::Builder::new().name("fleet coordinator".to_owned());
        thread.spawn(run).map_err(FleetError::Thread)?;
        let died = || FleetError::Thread(std::io::Error::other("it has ended"));
        is_ready.recv().map_err(|_| died())??;
        Ok(Self { commands })
    }

    /// Owes an assignment; its results come to its channel, and are answered with [`Self::answer`].
    pub fn owe(&self, owed: Owed) {
        self.send(Command::Owe(owed));
    }

    /// One waits for these no more; others may.
    pub fn forget(&self, waiter: Waiter, ids: Vec<AssignmentId>) {
        self.send(Command::Forget(waiter, ids));
    }

    /// Says whether a result holds.
    pub fn answer(&self, arrived: Arrived, verdict: Result<(), String>) {
        self.send(Command::Verdict { arrived, verdict });
    }

    /// How the fleet is; nothing once the coordinator has ended.
    pub async fn look(&self) -> Fleet {
        self.ask(Command::Look).await.unwrap_or_default()
    }

    /// Gives a worker or an assignment that is quarantined another chance. Says whether there was one.
    pub async fn retry(&self, name: String) -> bool {
        self.ask(|answer| Command::Retry(name, answer)).await.unwrap_or_default()
    }

    /// Believes a worker no more. Says whether there is such a one.
    pub async fn quarantine(&self, worker: WorkerId) -> bool {
        self.ask(|answer| Command::Quarantine(worker, answer)).await.unwrap_or_default()
    }

    /// Tells a worker to end with what it holds. Says whether there is such a one.
    pub async fn drain(&self, worker: WorkerId) -> bool {
        self.ask(|answer| Command::Drain(worker, answer)).await.unwrap_or_default()
    }

    /// Whether it runs; not after a bug in it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.commands.is_closed()
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.send(command(answer));
        answered.await.ok()
    }

    fn send(&self, command: Command) {
        // Its thread ends with the process only.
        let _ = self.commands.send(command);
    }
}
