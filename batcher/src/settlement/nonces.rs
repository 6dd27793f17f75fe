//! Whether the node's word on the account's next nonce is believed.
//!
//! The outbox explains what it should be. A node that says more, once, would have a transaction stored where it can never be
//! mined, and every nonce before it paid for; one that says less would have nothing settled. So either must be said several
//! times in a row, and another node is asked meanwhile where there is one.

use super::error::SettlementError;

/// Rounds in a row after which a node is believed what the outbox does not explain.
const BELIEVED_AFTER: u32 = 3;

/// What was heard so far.
#[derive(Debug)]
pub(super) struct Nonces {
    /// After the last nonce that is believed to be used.
    known: u64,
    /// Rounds in a row with nonces that the settlement has not used.
    more: u32,
    /// Rounds in a row without transactions that were final.
    fewer: u32,
}

/// What the next nonce says, once it is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The account has sent what the outbox has.
    Explained,
    /// It has sent transactions that are none of the settlement's, with these nonces.
    More { first: u64, last: u64 },
    /// Transactions that counted as final are not on the chain.
    Fewer,
}

impl Nonces {
    /// Nothing was heard yet; `known` is after the outbox's last transaction.
    pub(super) fn new(known: u64) -> Self {
        Self { known, more: 0, fewer: 0 }
    }

    /// Holds the account's next nonce against the outbox: its first nonce that is not final, and the one after its last.
    /// `is_watched` says whether the node is on the watcher's chain, and not behind.
    ///
    /// # Errors
    /// It is not believed yet.
    pub(super) fn hear(
        &mut self,
        got: u64,
        first_open: u64,
        end: u64,
        is_watched: bool,
    ) -> Result<Word, SettlementError> {
        let known = self.known.max(end);
        let (more, fewer) = (got > known, got < first_open);
        self.more = if more { self.more + 1 } else { 0 };
        self.fewer = match (fewer, is_watched) {
            (false, _) => 0,
            // A node on another branch cannot know better.
            (true, false) => self.fewer,
            (true, true) => self.fewer + 1,
        };
        if more && self.more < BELIEVED_AFTER {
            return Err(SettlementError::NodeAhead { expected: known, got });
        }
        if fewer && self.fewer < BELIEVED_AFTER {
            return Err(SettlementError::NodeBehind { expected: first_open, got });
        }
        *self = Self::new(got);
        Ok(match (more, fewer) {
            (true, _) => Word::More { first: known, last: got - 1 },
            (_, true) => Word::Fewer,
            _ => Word::Explained,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_answer_is_not_believed_and_what_stays_so_is() {
        let mut nonces = Nonces::new(7);
        for _ in 0..5 {
            let wrong = nonces.hear(1_000_005, 5, 7, true);
            assert!(matches!(wrong, Err(SettlementError::NodeAhead { expected: 7, .. })));
            assert_eq!(nonces.hear(6, 5, 7, true).unwrap(), Word::Explained);
        }
        // Somebody else sends with the key.
        assert!(nonces.hear(9, 5, 7, true).is_err() && nonces.hear(9, 5, 7, true).is_err());
        assert_eq!(nonces.hear(9, 5, 7, true).unwrap(), Word::More { first: 7, last: 8 });
        assert_eq!(nonces.hear(9, 5, 7, true).unwrap(), Word::Explained);
        // A lie that was believed does not excuse the next one.
        assert_eq!(nonces.hear(7, 5, 7, true).unwrap(), Word::Explained);
        assert!(nonces.hear(8, 5, 7, true).is_err());
    }

    #[test]
    fn what_was_final_too_early_is_noticed_by_nodes_on_the_watchers_chain_only() {
        let mut nonces = Nonces::new(7);
        for _ in 0..9 {
            let behind = nonces.hear(4, 5, 7, false);
            assert!(matches!(behind, Err(SettlementError::NodeBehind { expected: 5, got: 4 })));
        }
        assert!(nonces.hear(4, 5, 7, true).is_err() && nonces.hear(4, 5, 7, true).is_err());
        assert_eq!(nonces.hear(4, 5, 7, true).unwrap(), Word::Fewer);
    }
}
