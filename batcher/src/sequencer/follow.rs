//! A ledger of a store that another operator writes: what a standby may tell.

use cairn_types::Word;

use super::{error::SequencerError, forks, ledger::Ledger, replay::Replay};
use crate::store::{Store, records::L1View};

/// Executes the blocks that come into the store, for readers.
#[derive(Debug)]
pub struct Follow {
    store: Store,
    domain: Word,
    replay: Replay,
    ledger: Ledger,
    /// Of L1, as it was when states were last tidied.
    seen: L1View,
}

impl Follow {
    /// Rebuilds the state from a store; none while its accounts are between two states, which the commits that come next
    /// end. Takes seconds for millions of accounts.
    ///
    /// Trust: as [`super::start`].
    ///
    /// # Errors
    /// As [`super::start`].
    pub fn start(store: &Store, domain: Word) -> Result<Option<Self>, SequencerError> {
        if store.advancing.get(&())?.is_some() {
            return Ok(None);
        }
        let mut replay = Replay::from_checkpoint(store, domain)?;
        replay.catch_up()?;
        let ledger = Ledger::new(&replay.position.state, replay.position.head);
        let seen = L1View::default();
        let mut follow = Self { store: store.clone(), domain, replay, ledger, seen };
        follow.keep()?;
        Ok(Some(follow))
    }

    /// What readers may be told.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Executes what has come.
    ///
    /// # Errors
    /// As [`super::start`].
    pub fn advance(&mut self) -> Result<(), SequencerError> {
        self.replay.catch_up()?;
        let (state, head) = (&self.replay.position.state, self.replay.position.head);
        if head != self.ledger.head() {
            let touched = std::mem::take(&mut self.replay.touched).into_iter();
            let changed = touched.map(|id| (id, state.account(id)));
            self.ledger.advance(head, state.next_id(), state.next_token(), changed);
        }
        self.keep()
    }

    /// Keeps the states that users prove their leaves against.
    fn keep(&mut self) -> Result<(), SequencerError> {
        let order = self.store.order.get(&())?.unwrap_or_default();
        self.ledger.set_status(|status| status.standing = order.into());
        self.replay.touched.clear();
        let ended = std::mem::take(&mut self.replay.ended);
        let forks = std::mem::take(&mut self.replay.forks);
        forks.into_iter().for_each(|(batch, fork)| self.ledger.keep(batch, fork));
        let view = self.store.l1_view.get(&())?.unwrap_or_default();
        if view == self.seen && ended.is_empty() {
            return Ok(());
        }
        forks::tidy(&self.store, &self.ledger, &self.domain, &view)?;
        self.replay.needed = forks::Needed::now(&self.store, &view)?;
        self.seen = view;
        Ok(())
    }
}
