//! Signs what is owed: what the plan says, if the contract would take it and the fees allow it.

use std::collections::BTreeSet;

use tracing::{Instrument, info_span};

use super::{
    Settlement, SettlementError,
    alarms::Alarm,
    chain::Chain,
    draft::{self, Simulated},
    plan::{self, Owed, Pool, Ready},
    signed::Call,
    vain::Advice,
};
use crate::{
    clock::now_ms,
    store::records::{L1View, Purpose},
};

/// Commitments of published batches that are looked at in one round: more than can be on their way.
const LOOK_AHEAD: usize = 32;

/// What the contract would refuse, and at which head it was asked.
pub(super) struct Held {
    purpose: Purpose,
    head: u64,
    reason: String,
}

/// What has come of what is owed.
enum Prepared {
    /// It is signed and stored.
    Signed,
    /// It has to wait.
    Waits,
    /// It has to wait for all that is on its way, and nothing else goes before it: it would wait for that, too.
    IsNext,
}

impl Settlement {
    /// Cancels what must not be mined, fills gaps, and signs all that is owed and may be sent now. `outdated` are the nonces of
    /// [`Self::outdated`].
    pub(super) async fn plan(
        &mut self,
        view: &L1View,
        chain: &Chain,
        outdated: &BTreeSet<u64>,
    ) -> Result<(), SettlementError> {
        let mut ready = self.ready(view)?;
        let most = self.config.max_in_flight;
        loop {
            let rows = self.outbox.planned(chain.nonce, outdated);
            let plan = plan::plan(view, &rows, &ready, most);
            for nonce in plan.obsolete {
                let (outbox, alarms) = (&mut self.outbox, &mut self.alarms);
                self.sender.cancel(nonce, chain, outbox, alarms).await?;
            }
            let gaps: Vec<_> = self.outbox.gaps(chain.nonce).take(most).collect();
            for nonce in gaps {
                self.sender.fill(nonce, chain, &mut self.outbox, &mut self.alarms).await?;
            }
            let Some(owed) = plan.owed else { return Ok(()) };
            let batch = match owed.purpose {
                Purpose::Commit { batch } => batch,
                Purpose::Prove { last, .. } => last,
                Purpose::Cancel => 0,
            };
            let span = info_span!("settle", batch);
            match (self.prepare(owed, view, chain).instrument(span).await?, owed.purpose) {
                (Prepared::Signed, _) => {}
                // Batches need not wait for a proof that has to.
                (Prepared::Waits, Purpose::Prove { first, last }) => {
                    ready.proofs.retain(|&proof| proof != (first, last));
                }
                (Prepared::Waits | Prepared::IsNext, _) => return Ok(()),
            }
        }
    }

    /// Waiting commitments of batches as they were published before, and not as they are now.
    pub(super) fn outdated(&self, next: u64) -> Result<BTreeSet<u64>, SettlementError> {
        let mut outdated = BTreeSet::new();
        for (nonce, row) in self.outbox.waiting(next) {
            if let Purpose::Commit { batch } = row.purpose
                && !draft::is_current(&self.store, batch, &row.raw)?
            {
                outdated.insert(nonce);
            }
        }
        Ok(outdated)
    }

    fn ready(&mut self, view: &L1View) -> Result<Ready, SettlementError> {
        let mut ready = Ready::default();
        let commits = self.store.publications.range(view.committed.saturating_add(1)..);
        for row in commits.take(LOOK_AHEAD) {
            let (batch, publication) = row?;
            let pool = match publication.location {
                cairn_types::DataLocation::Blobs(hashes) if !hashes.is_empty() => Pool::Blobs,
                _ => Pool::Plain,
            };
            ready.commits.insert(batch, pool);
        }
        for row in self.store.proofs.range(view.proven.saturating_add(1)..) {
            let (last, proof) = row?;
            ready.proofs.push((proof.first, last));
        }
        self.vain.keep(|purpose| match purpose {
            Purpose::Commit { batch } => ready.commits.contains_key(&batch),
            Purpose::Prove { first, last } => ready.proofs.contains(&(first, last)),
            Purpose::Cancel => false,
        });
        Ok(ready)
    }

    /// Signs and stores what is owed, if that may be now.
    async fn prepare(
        &mut self,
        owed: Owed,
        view: &L1View,
        chain: &Chain,
    ) -> Result<Prepared, SettlementError> {
        let purpose = owed.purpose;
        self.held.retain(|held| held.head == chain.head);
        if let Some(held) = self.held.iter().find(|held| held.purpose == purpose) {
            self.alarms.raise(Alarm::Contract, &held.reason);
            return Ok(Prepared::Waits);
        }
        match self.vain.advise(purpose, view, self.config.resubmit_after_ms, now_ms()) {
            Advice::Try => {}
            Advice::Wait => {
                let line = format!("the {purpose} was mined and reverted; it is tried again");
                self.alarms.raise(Alarm::Contract, &line);
                return Ok(Prepared::Waits);
            }
            Advice::GiveUp => {
                let line = format!(
                    "the {purpose} was mined and reverted several times: it is not sent again until L1 changes, the proof \
                     is made again (cairn admin requeue), or a restart"
                );
                self.alarms.raise(Alarm::Reverted, &line);
                return Ok(Prepared::Waits);
            }
        }
        let fees = match self.sender.caps.first(&chain.market, owed.pool == Pool::Blobs) {
            Ok(fees) => fees,
            Err(above) => {
                self.alarms.raise(Alarm::Fees, &above);
                return Ok(Prepared::Waits);
            }
        };
        let calls = match self.draft(purpose, view).await? {
            Ok(calls) => calls,
            Err(reason) => return Ok(self.hold(purpose, chain, reason)),
        };
        // Only the contract can tell which of several it takes.
        if owed.behind && calls.len() > 1 {
            return Ok(Prepared::IsNext);
        }
        let mut refused = "there is no call".to_owned();
        for mut call in calls {
            // What builds on a transaction that is on its way cannot be simulated: it goes with a bound on its gas.
            if !owed.behind {
                let account = self.sender.signer.address();
                match draft::simulate(&self.sender.provider, account, &call).await? {
                    Simulated::Gas(gas) => call.gas = gas,
                    Simulated::Refused(reason) => {
                        refused = reason;
                        continue;
                    }
                }
            }
            let nonce = self.outbox.next(chain.nonce);
            self.sender.store(&mut self.outbox, nonce, purpose, call, &fees, chain.hash)?;
            self.signals.settlement.ring();
            return Ok(Prepared::Signed);
        }
        Ok(self.hold(purpose, chain, refused))
    }

    /// The calls of which the contract may take any, the likeliest first; or why there is none now.
    async fn draft(
        &self,
        purpose: Purpose,
        view: &L1View,
    ) -> Result<Result<Vec<Call>, String>, SettlementError> {
        let (store, rollup) = (self.store.clone(), self.rollup);
        match purpose {
            Purpose::Cancel => Ok(Err("a cancellation is never owed".to_owned())),
            Purpose::Commit { batch } => {
                // Blobs take a CPU for a while.
                let draft =
                    tokio::task::spawn_blocking(move || draft::commit(&store, rollup, batch));
                match draft.await {
                    Ok(Ok(call)) => Ok(Ok(vec![call])),
                    Ok(Err(e)) => draft::overtaken(&self.store, batch, e).map(Err),
                    Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
                }
            }
            Purpose::Prove { first, last } => {
                let Some(proof) = store.proofs.get(&last)? else {
                    return Ok(Err(format!("the proof up to batch {last} is gone")));
                };
                let root = proof.circuit_set_root;
                let provider = &self.sender.provider;
                match draft::circuit_sets(provider, rollup, root, view.timestamp).await? {
                    Ok(sets) => {
                        let calls = sets.into_iter();
                        let calls =
                            calls.map(|set| draft::prove(&store, rollup, &proof, last, set));
                        match calls.collect() {
                            Ok(calls) => Ok(Ok(calls)),
                            Err(e) => draft::overtaken(&self.store, first, e).map(Err),
                        }
                    }
                    Err(reason) => Ok(Err(reason)),
                }
            }
        }
    }

    /// Waits with a transaction until L1's next block.
    fn hold(&mut self, purpose: Purpose, chain: &Chain, reason: String) -> Prepared {
        let reason = format!("the contract would refuse the {purpose}: {reason}");
        self.alarms.raise(Alarm::Contract, &reason);
        self.held.push(Held { purpose, head: chain.head, reason });
        Prepared::Waits
    }
}
