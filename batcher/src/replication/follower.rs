//! Reads the stream into a store.

use alloy::primitives::B256;

use super::{
    error::{ReplicationError, Trouble},
    message::{Head, Message},
    stream::{CommitStream, Extent},
};
use crate::store::{
    Store,
    records::{Replicated, StreamPosition, Term},
};

/// Messages that are read at once.
const AT_ONCE: u64 = 64;
/// Bytes of commits that are made in one write.
const BYTES_A_WRITE: usize = 16 << 20;

/// A store that follows the stream.
#[derive(Debug)]
pub(super) struct Follower {
    store: Store,
    /// Whose commits the store takes.
    pub(super) rollup: B256,
    /// Where the store stands; none before its first message.
    standing: Option<Replicated>,
    /// The next message to read.
    next: u64,
    /// Whether the messages before `next` are those of the store's past.
    is_attached: bool,
    /// The messages up to here do not begin where the store stands.
    scanned: u64,
    /// Parts of a commit that is not whole yet.
    parts: Vec<u8>,
}

/// What there is between a store and its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The store has all that the stream has.
    End(Extent),
    /// There is more to read: so many messages.
    Behind(u64),
    /// The stream does not have what the store followed: it was lost, or there was none yet.
    Gone(Extent),
}

impl Follower {
    pub(super) fn new(store: Store) -> Result<Self, ReplicationError> {
        let standing = store.replica.get(&()).map_err(ReplicationError::store)?;
        let rollup = store.rollup().map_err(ReplicationError::store)?;
        Ok(Self {
            store,
            rollup,
            standing,
            next: 1,
            is_attached: false,
            scanned: 0,
            parts: Vec::new(),
        })
    }

    pub(super) fn standing(&self) -> Option<Replicated> {
        self.standing
    }

    pub(super) fn position(&self) -> Option<StreamPosition> {
        self.standing.map(|standing| standing.position)
    }

    /// Reads some of what the store lacks, and says how far that has brought it.
    pub(super) async fn read(&mut self, stream: &CommitStream) -> Result<Reach, Trouble> {
        let extent = stream.extent().await?;
        if !self.attach(stream, extent).await? {
            return Ok(Reach::Gone(extent));
        }
        let last = extent.last.min(self.next + AT_ONCE - 1);
        // With the last message that the store has: the stream may have been lost and begun again since, and be as long.
        let from = (self.next - 1).max(extent.first);
        let mut messages = stream.read(from..=last).await?;
        if from < self.next {
            let before = (!messages.is_empty()).then(|| messages.remove(0));
            let term = before.map(|message| message.head.term());
            if term != self.position().map(|position| position.term) {
                self.is_attached = false;
                return Ok(Reach::Behind(1));
            }
        }
        if extent.last < self.next {
            return Ok(Reach::End(extent));
        }
        if self.next < from {
            let (stream, first, needed) = (stream.name(), extent.first, self.next);
            return Err(ReplicationError::TooFarBehind { stream, first, needed }.into());
        }
        self.take(stream, messages)?;
        // What came meanwhile is read next time.
        Ok(Reach::Behind(extent.last - (self.next - 1)))
    }

    /// Finds the place in the stream where the store's past ends; false if the stream does not have it.
    async fn attach(&mut self, stream: &CommitStream, extent: Extent) -> Result<bool, Trouble> {
        if self.is_attached {
            return Ok(true);
        }
        let Some(position) = self.position() else {
            // A new store follows from the very first commit.
            let is_new = self.store.is_new().map_err(ReplicationError::store)?;
            if extent.last == 0 {
                return Ok(false);
            }
            if !is_new {
                return Err(ReplicationError::OtherPast { stream: stream.name() }.into());
            }
            self.attach_at(1);
            return Ok(true);
        };
        let sequence = position.sequence;
        if sequence > 0 && (extent.first..=extent.last).contains(&sequence) {
            let message = stream.read(sequence..=sequence).await?;
            if message.first().is_some_and(|message| message.head.term() == position.term) {
                self.attach_at(sequence + 1);
                return Ok(true);
            }
        }
        // What was dropped may have been the store's: the term of the next message tells.
        if sequence + 1 == extent.first && extent.last > 0 && sequence > 0 {
            self.attach_at(sequence + 1);
            return Ok(true);
        }
        // The stream may have been lost, and begun again from where this store stands.
        let mut next = extent.first.max(self.scanned.min(extent.last) + 1);
        while next <= extent.last {
            let last = extent.last.min(next + AT_ONCE - 1);
            let messages = stream.read(next..=last).await?;
            let begins = |Message { head, .. }: &Message| matches!(head, Head::Begin { before, .. } if *before == Some(position));
            if let Some(place) = messages.iter().position(begins) {
                self.attach_at(next + place as u64); // at most AT_ONCE
                return Ok(true);
            }
            next = last + 1;
        }
        self.scanned = extent.last;
        if extent.last == 0 {
            return Ok(false);
        }
        if sequence > 0 && sequence + 1 < extent.first {
            let (stream, first, needed) = (stream.name(), extent.first, sequence + 1);
            return Err(ReplicationError::TooFarBehind { stream, first, needed }.into());
        }
        // Its end may be lost. What others have begun anew from elsewhere is not for this store, whoever led it.
        let end = stream.read(extent.last..=extent.last).await?;
        match end.first() {
            Some(message) if message.head.term() == position.term => Ok(false),
            _ => Err(ReplicationError::OtherPast { stream: stream.name() }.into()),
        }
    }

    fn attach_at(&mut self, next: u64) {
        (self.next, self.is_attached, self.scanned) = (next, true, 0);
        self.parts.clear();
    }

    /// Makes the commits that are whole.
    fn take(&mut self, stream: &CommitStream, messages: Vec<Message>) -> Result<(), Trouble> {
        let mut commits: Vec<Vec<u8>> = Vec::new();
        let mut position = self.position();
        let mut is_moved = false;
        for (sequence, Message { head, bytes }) in (self.next..).zip(messages) {
            let term = head.term();
            match head {
                Head::Begin { before, rollup, .. } => {
                    if rollup != self.rollup {
                        return Err(ReplicationError::OtherRollup { stream: stream.name() }.into());
                    }
                    if before != position {
                        return Err(ReplicationError::OtherPast { stream: stream.name() }.into());
                    }
                    // What the one before has not finished is void.
                    self.parts.clear();
                    (position, is_moved) = (Some(StreamPosition { term, sequence }), true);
                }
                Head::Part { index, count, .. } => {
                    if position.map(|position| position.term) != Some(term) {
                        return Err(ReplicationError::OtherPast { stream: stream.name() }.into());
                    }
                    if index == 0 {
                        self.parts.clear();
                    }
                    self.parts.extend(bytes);
                    if index + 1 == count {
                        commits.push(std::mem::take(&mut self.parts));
                        (position, is_moved) = (Some(StreamPosition { term, sequence }), true);
                    }
                }
            }
            self.next = sequence + 1;
            if commits.iter().map(Vec::len).sum::<usize>() > BYTES_A_WRITE {
                self.replay(&mut commits, position)?;
                is_moved = false;
            }
        }
        if is_moved {
            self.replay(&mut commits, position)?;
        }
        Ok(())
    }

    fn replay(
        &mut self,
        commits: &mut Vec<Vec<u8>>,
        position: Option<StreamPosition>,
    ) -> Result<(), ReplicationError> {
        let Some(position) = position else { return Ok(()) };
        let commits = std::mem::take(commits);
        self.store
            .replay(commits.iter().map(Vec::as_slice), position)
            .map_err(ReplicationError::store)?;
        self.standing = Some(Replicated { position, leads: false });
        Ok(())
    }

    /// The store has a past of its own that no stream has: it gets a name, so that others can tell.
    pub(super) fn name_past(&mut self) -> Result<(), ReplicationError> {
        if self.standing.is_none() && !self.store.is_new().map_err(ReplicationError::store)? {
            let position = StreamPosition { term: Term::next(None), sequence: 0 };
            self.stand_at(Replicated { position, leads: true })?;
        }
        Ok(())
    }

    pub(super) fn stand_at(&mut self, standing: Replicated) -> Result<(), ReplicationError> {
        self.store.stand_at(standing).map_err(ReplicationError::store)?;
        self.standing = Some(standing);
        Ok(())
    }
}

impl Term {
    /// The one after another.
    pub(super) fn next(before: Option<Self>) -> Self {
        let number = before.map_or(0, |term| term.number.saturating_add(1));
        Self { number, nonce: rand::random() }
    }
}
