//! Adds commits to the stream while this operator leads.

use std::time::Duration;

use alloy::primitives::B256;
use metrics::{counter, histogram};
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use super::{
    Role,
    error::{ReplicationError, Trouble},
    lease::Heard,
    message::{self, Head},
    stream::CommitStream,
};
use crate::store::records::{StreamPosition, Term};

/// Between two tries while the server does not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// What the thread is asked while it leads.
#[derive(Debug)]
pub(super) enum Ask {
    /// To add a commit.
    Append(Request),
    /// To lead no more, and give the lease back.
    End,
}

/// A commit that is to be added.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) commit: Vec<u8>,
    pub(super) answer: std::sync::mpsc::Sender<Result<StreamPosition, ReplicationError>>,
}

/// The only writer of the stream, as long as nobody begins a term after its own.
#[derive(Debug)]
pub(super) struct Leader {
    pub(super) stream: CommitStream,
    /// Since when nobody else can have taken over, and for how long that holds.
    pub(super) heard: Heard,
    pub(super) lease: Duration,
    pub(super) rollup: B256,
    pub(super) operator: String,
    /// The last message, which is ours.
    pub(super) last: StreamPosition,
    /// Set once this operator stops.
    pub(super) closed: watch::Receiver<bool>,
    /// Where it is told that commits wait.
    pub(super) role: watch::Sender<Role>,
}

/// What the stream has behind the last message that we know.
enum Found {
    /// The first ones of what we have sent.
    Ours(usize),
    /// It does not even have that: it was lost.
    Lost(u64),
}

impl Leader {
    /// Adds a commit, however long the server is away.
    pub(super) async fn append(
        &mut self,
        commit: &[u8],
    ) -> Result<StreamPosition, ReplicationError> {
        let started = Instant::now();
        let mut messages = message::parts(self.last.term, commit);
        let mut sent = 0;
        loop {
            let base = self.last.sequence + sent as u64; // a few thousand at the most
            let rest = messages.get(sent..).unwrap_or_default();
            let begun = Instant::now();
            match self.stream.append(base, rest).await {
                Ok(sequence) => {
                    self.last.sequence = sequence;
                    self.heard.since(begun);
                    counter!("cairn_replication_commits_total").increment(1);
                    counter!("cairn_replication_bytes_total").increment(commit.len() as u64);
                    histogram!("cairn_replication_append_seconds")
                        .record(started.elapsed().as_secs_f64());
                    self.tell(None);
                    return Ok(self.last);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::NotLast) => {}
                Err(Trouble::Unreachable(reason)) => {
                    self.tell(Some(reason));
                    self.pause().await?;
                }
            }
            match self.look(&messages).await {
                Ok(Found::Ours(count)) if count > sent => sent = count,
                // An append whose answer was lost may still be on its way.
                Ok(Found::Ours(count)) => {
                    sent = count;
                    self.pause().await?;
                }
                Ok(Found::Lost(end)) => {
                    self.begin_again(end).await?;
                    (messages, sent) = (message::parts(self.last.term, commit), 0);
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::NotLast | Trouble::Unreachable(_)) => self.pause().await?,
            }
        }
    }

    /// Tells whether commits wait, and why; logs when that changes.
    fn tell(&self, waits: Option<String>) {
        self.role.send_if_modified(|role| {
            let Role::Leading { waits: before } = role else { return false };
            match (before.is_some(), &waits) {
                (false, Some(reason)) => warn!(reason, "commits wait for NATS"),
                (true, None) => info!("the stream takes commits again"),
                _ => return false,
            }
            *before = waits;
            true
        });
    }

    /// Waits a moment, unless nobody should wait any more.
    async fn pause(&self) -> Result<(), ReplicationError> {
        let mut closed = self.closed.clone();
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => Ok(()),
            _ = closed.wait_for(|closed| *closed) => Err(ReplicationError::Stopping),
        }
    }

    /// After a failed append: how much of it is there. What is there and not ours is the end.
    async fn look(&self, messages: &[Vec<u8>]) -> Result<Found, Trouble> {
        let extent = self.stream.extent().await?;
        if extent.last < self.last.sequence {
            // What it still has must be ours: others may have begun it again already.
            let end = match extent.last {
                0 => Vec::new(),
                last => self.stream.read(last..=last).await?,
            };
            if end.iter().any(|message| message.head.term() != self.last.term) {
                let by = "while the stream was lost".to_owned();
                return Err(ReplicationError::Fenced { by }.into());
            }
            return Ok(Found::Lost(extent.last));
        }
        let found = extent.last - self.last.sequence;
        if found == 0 {
            return Ok(Found::Ours(0));
        }
        // One more than we have sent is not ours.
        let most = self.last.sequence + messages.len() as u64 + 1; // a few thousand more
        let read = self.stream.read(self.last.sequence + 1..=extent.last.min(most)).await?;
        for (at, message) in read.iter().enumerate() {
            if let Head::Begin { operator, .. } = &message.head {
                return Err(ReplicationError::Fenced { by: operator.clone() }.into());
            }
            let ours = messages.get(at).and_then(|ours| message::decode(ours));
            if ours.as_ref() != Some(message) {
                let by = "somebody whose term is not in the stream".to_owned();
                return Err(ReplicationError::Fenced { by }.into());
            }
        }
        Ok(Found::Ours(read.len()))
    }

    /// The stream was lost with its server's disk: begins another, which goes on from here.
    ///
    /// # Errors
    /// Nothing was heard of the server for as long as a lease lasts: another may have taken over before.
    async fn begin_again(&mut self, end: u64) -> Result<(), ReplicationError> {
        if self.heard.ago() > self.lease {
            return Err(ReplicationError::LostAfterSilence { stream: self.stream.name() });
        }
        warn!(end, last = self.last.sequence, "the stream of commits was lost: it is begun again");
        let term = Term::next(Some(self.last.term));
        let begin = message::begin(term, self.rollup, &self.operator, Some(self.last));
        match self.stream.append(end, &[begin]).await {
            Ok(sequence) => {
                self.last = StreamPosition { term, sequence };
                Ok(())
            }
            Err(Trouble::Final(error)) => Err(error),
            // Somebody was faster. Or our own message, whose answer was lost: then the store goes on from it at the
            // next start.
            Err(Trouble::NotLast) => {
                Err(ReplicationError::Fenced { by: "while the stream was begun again".to_owned() })
            }
            Err(Trouble::Unreachable(reason)) => {
                let reason = format!("beginning the stream of commits again: {reason}");
                Err(ReplicationError::Server(reason))
            }
        }
    }

    /// Looks whether the stream is as it was left: after the connection was lost.
    pub(super) async fn look_again(&mut self) -> Result<(), ReplicationError> {
        match self.look(&[]).await {
            Ok(Found::Lost(end)) => self.begin_again(end).await,
            Err(Trouble::Final(error)) => Err(error),
            // The next commit will tell.
            Ok(Found::Ours(_)) | Err(Trouble::NotLast | Trouble::Unreachable(_)) => Ok(()),
        }
    }
}
