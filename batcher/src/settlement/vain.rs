//! What was mined and reverted: it has cost gas, so it is tried again later and later, and not more than some times.

use std::collections::BTreeSet;

use crate::store::records::{L1View, Milliseconds, Purpose};

/// Reverts after which a purpose is given up.
const MOST: usize = 3;

/// Reverted transactions by their purpose. Not stored: a restart is how an operator says that it is to be tried again.
#[derive(Debug, Default)]
pub(super) struct Vain(Vec<Failed>);

#[derive(Debug)]
struct Failed {
    purpose: Purpose,
    /// Of the transactions that have failed.
    nonces: BTreeSet<u64>,
    /// When the last of them was signed.
    last_ms: Milliseconds,
    /// What the contract's answer depends on, as it was when it was first asked about.
    circumstances: Option<Circumstances>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Circumstances {
    committed: Option<u32>,
    proven: u32,
}

/// Whether to try once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    Try,
    /// Not yet.
    Wait,
    /// Not until something changes.
    GiveUp,
}

impl Circumstances {
    /// Batches that others commit change nothing for a proof.
    fn of(purpose: Purpose, view: &L1View) -> Self {
        let is_proof = matches!(purpose, Purpose::Prove { .. });
        let committed = (!is_proof).then_some(view.committed);
        Self { committed, proven: view.proven }
    }
}

impl Vain {
    /// A transaction was mined and reverted.
    pub(super) fn note(&mut self, purpose: Purpose, nonce: u64, signed_ms: Milliseconds) {
        let place = match self.0.iter().position(|failed| failed.purpose == purpose) {
            Some(place) => place,
            None => {
                let nonces = BTreeSet::new();
                self.0.push(Failed { purpose, nonces, last_ms: 0, circumstances: None });
                self.0.len() - 1
            }
        };
        if let Some(failed) = self.0.get_mut(place) {
            failed.nonces.insert(nonce);
            failed.last_ms = failed.last_ms.max(signed_ms);
        }
    }

    /// Forgets what is owed no more: a proof that is made again is another one.
    pub(super) fn keep(&mut self, is_owed: impl Fn(Purpose) -> bool) {
        self.0.retain(|failed| is_owed(failed.purpose));
    }

    /// Whether to try it again; the pause after the first time is `pause`, and doubles.
    pub(super) fn advise(
        &mut self,
        purpose: Purpose,
        view: &L1View,
        pause: Milliseconds,
        now: Milliseconds,
    ) -> Advice {
        let Some(place) = self.0.iter().position(|failed| failed.purpose == purpose) else {
            return Advice::Try;
        };
        let Some(failed) = self.0.get_mut(place) else { return Advice::Try };
        let circumstances = Circumstances::of(purpose, view);
        if *failed.circumstances.get_or_insert(circumstances) != circumstances {
            self.0.remove(place);
            return Advice::Try;
        }
        if failed.nonces.len() >= MOST {
            return Advice::GiveUp;
        }
        let doublings = failed.nonces.len().saturating_sub(1).min(MOST) as u32;
        let until = failed.last_ms.saturating_add(pause.saturating_mul(1 << doublings));
        if now < until { Advice::Wait } else { Advice::Try }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROOF: Purpose = Purpose::Prove { first: 1, last: 2 };

    #[test]
    fn what_reverts_is_tried_later_and_later_and_then_no_more() {
        let (mut vain, view) = (Vain::default(), L1View::default());
        let advise = |vain: &mut Vain, now| vain.advise(PROOF, &view, 100, now);
        assert_eq!(advise(&mut vain, 0), Advice::Try);
        vain.note(PROOF, 5, 1_000);
        // The same transaction, seen again after a reorganization.
        vain.note(PROOF, 5, 1_000);
        assert_eq!(
            (advise(&mut vain, 1_099), advise(&mut vain, 1_100)),
            (Advice::Wait, Advice::Try)
        );
        vain.note(PROOF, 6, 2_000);
        assert_eq!(
            (advise(&mut vain, 2_199), advise(&mut vain, 2_200)),
            (Advice::Wait, Advice::Try)
        );
        vain.note(PROOF, 7, 3_000);
        assert_eq!(advise(&mut vain, u64::MAX), Advice::GiveUp);
        assert_eq!(vain.advise(Purpose::Commit { batch: 3 }, &view, 100, 0), Advice::Try);
    }

    #[test]
    fn what_was_given_up_is_tried_again_when_l1_or_the_proof_changes() {
        let given_up = || {
            let mut vain = Vain::default();
            (0..3).for_each(|nonce| vain.note(PROOF, nonce, 0));
            assert_eq!(vain.advise(PROOF, &L1View::default(), 1, 9), Advice::GiveUp);
            vain
        };
        let mut vain = given_up();
        let more = L1View { committed: 9, block: 9, ..L1View::default() };
        assert_eq!(vain.advise(PROOF, &more, 1, 9), Advice::GiveUp);
        assert_eq!(vain.advise(PROOF, &L1View { proven: 1, ..more }, 1, 9), Advice::Try);
        let mut vain = given_up();
        vain.keep(|purpose| purpose == PROOF);
        assert_eq!(vain.advise(PROOF, &L1View::default(), 1, 9), Advice::GiveUp);
        vain.keep(|_| false);
        assert_eq!(vain.advise(PROOF, &L1View::default(), 1, 9), Advice::Try);
    }
}
