//! The operator's standby: every commit of the store goes into a stream of NATS JetStream first, and whoever follows the
//! stream holds the same store.
//!
//! ```text
//! leader:   store.commit -> stream (append after the last message known) -> disk -> acknowledged, confirmed, sent to L1
//! follower: stream -> disk -> reads; and once the lease is free: its term begins, and it starts as after a kill
//! ```
//!
//! - **The stream is what is fenced.** A message is taken only behind the one that its writer knows as the last. Who
//!   takes over appends the beginning of its term; from then on nothing of the one before is taken, however late it
//!   comes, and without the stream nothing is committed. L1 transactions are commits before they are sent, so neither is
//!   anything new sent to L1.
//! - **The lease only says when.** A key that its holder renews and that is gone if it does not. Two who both believe to
//!   hold it cannot both write.
//! - **Nobody takes over who may lack something.** A follower leads only from the very end of the stream that it has
//!   followed. Where that stream is gone, only who leads may begin another, or who is told to by a person.
//!
//! Trust: the operators of one rollup trust each other and their NATS account. Rows are checked all the same.

mod error;
mod follower;
mod leader;
mod lease;
mod message;
mod run;
mod stream;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cairn_fleet::{bus::Target, names::Names};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

pub use self::error::ReplicationError;
use self::leader::{Ask, Request};
use crate::store::{Replicate, Store, records::StreamPosition};

/// When this operator leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// At once; it is an error if another does.
    Lead,
    /// Once no other does.
    Standby,
    /// As [`Self::Lead`], even though its store has only followed, or the stream is another's: what it lacks is lost.
    Promote,
}

/// How to replicate.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server.
    pub target: Target,
    /// The rollup's streams.
    pub names: Names,
    /// Copies of the stream that the servers keep.
    pub replicas: usize,
    /// Bytes of the stream, at the most: what a standby may lack and still catch up with.
    pub max_bytes: i64,
    /// After how long without a sign of its holder the lease is free.
    pub lease: Duration,
    /// How long one that is not told to lead waits before it takes the lease, after its start and after the server was
    /// away: whoever leads must get the time to show up.
    pub patience: Duration,
    /// This operator, for people.
    pub operator: String,
    /// When it leads.
    pub mode: Mode,
}

/// What this operator is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It waits for the server, or for what it followed; why.
    Waiting(String),
    /// It follows this operator.
    Following {
        /// Who leads.
        leader: String,
        /// Messages that it has not read yet.
        behind: u64,
    },
    /// It writes.
    Leading {
        /// Why commits wait, if they do.
        waits: Option<String>,
    },
    /// It can go on no more; why.
    Over(ReplicationError),
}

/// A thread that follows or leads. It ends with the last clone of this value.
#[derive(Debug, Clone)]
pub struct Replication {
    role: watch::Receiver<Role>,
    requests: mpsc::UnboundedSender<Ask>,
    closing: watch::Sender<bool>,
}

impl Replication {
    /// Starts it. `observer` is called after each replay, until this operator leads. Trust: `config` was checked; nobody
    /// else writes to `store` until then.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(
        config: Config,
        store: Store,
        observer: Box<dyn FnMut() + Send>,
    ) -> Result<Self, ReplicationError> {
        let (role, watched) = watch::channel(Role::Waiting("connecting to NATS".to_owned()));
        let (requests, asked) = mpsc::unbounded_channel();
        let (closing, closed) = watch::channel(false);
        // Who is told to lead does; of any other it is not known yet who does.
        let patience = match config.mode {
            Mode::Lead => Duration::ZERO,
            Mode::Standby | Mode::Promote => config.patience,
        };
        let work = run::Work {
            config,
            store,
            role,
            observer: Some(observer),
            asked,
            closed,
            patience: Instant::now() + patience,
            seen: run::Seen::default(),
        };
        let thread = std::thread::Builder::new().name("replication".to_owned());
        thread.spawn(move || work.run()).map_err(ReplicationError::thread)?;
        Ok(Self { role: watched, requests, closing })
    }

    /// What this operator is now, and from now on.
    #[must_use]
    pub fn role(&self) -> watch::Receiver<Role> {
        self.role.clone()
    }

    /// Waits until this operator leads. Nothing is lost when this future is dropped.
    ///
    /// # Errors
    /// It never will.
    pub async fn leads(&self) -> Result<(), ReplicationError> {
        self.wait_for(|role| matches!(role, Role::Leading { .. })).await
    }

    /// Waits until this operator must write no more.
    pub async fn lost(&self) -> ReplicationError {
        match self.wait_for(|_| false).await {
            Err(error) => error,
            Ok(()) => ReplicationError::Ended,
        }
    }

    async fn wait_for(&self, is_it: impl Fn(&Role) -> bool) -> Result<(), ReplicationError> {
        let mut role = self.role.clone();
        let found = role.wait_for(|role| is_it(role) || matches!(role, Role::Over(_))).await;
        match found.as_deref() {
            Ok(Role::Over(error)) => Err(error.clone()),
            Ok(_) => Ok(()),
            Err(_) => Err(ReplicationError::Ended),
        }
    }

    /// From now on a commit waits for no server that does not answer.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Leads no more, and gives the lease back, so that a standby waits for nothing. No commit comes through after it.
    pub async fn end(&self) {
        // It may have ended already.
        let _ = self.requests.send(Ask::End);
        self.requests.closed().await;
    }
}

impl Replicate for Replication {
    fn append(&self, commit: Vec<u8>) -> Result<StreamPosition, String> {
        let (answer, answered) = std::sync::mpsc::channel();
        let ended = || ReplicationError::Ended.to_string();
        let request = Ask::Append(Request { commit, answer });
        self.requests.send(request).map_err(|_| ended())?;
        answered.recv().map_err(|_| ended())?.map_err(|error| error.to_string())
    }
}
