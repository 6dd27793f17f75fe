//! What the operator must hear of: gauges that monitoring can watch, and one line per change.

use alloy::primitives::{Address, B256, keccak256};
use metrics::{counter, gauge};

use super::{
    chain::{Chain, Event},
    config::WatcherConfig,
    deadline::{self, Urgency},
    divergence,
    error::WatcherError,
};
use crate::{
    clock::now_ms,
    store::{Store, StoreError, records::L1View},
};

/// Seconds by which L1's clock may be ahead of this machine's unnoticed. Far beyond, nothing is read any more
/// ([`WatcherConfig::max_clock_ahead_s`]).
const MOST_AHEAD: u64 = 600;

/// The state of each alarm, so that a line is written when it changes and at no other time.
#[derive(Debug)]
pub(super) struct Alarms {
    /// Seconds that an operation of the queue may wait.
    deadline: u64,
    urgency: Urgency,
    paused: bool,
    frozen: bool,
    /// L1 has another state than was sealed here.
    diverges: bool,
    /// L1's clock is far ahead of the operator's.
    is_ahead: bool,
    roles: Vec<Role>,
    /// Something may have changed who has which role.
    roles_stale: bool,
}

#[derive(Debug)]
struct Role {
    name: &'static str,
    role: B256,
    account: Address,
    lost: bool,
}

impl Alarms {
    pub(super) fn new(config: &WatcherConfig, deadline: u64) -> Self {
        let role = |name, account: Option<Address>| {
            let role = keccak256(name);
            account.map(|account| Role { name, role, account, lost: false })
        };
        let roles = [role("COMMITTER_ROLE", config.committer), role("PROVER_ROLE", config.prover)];
        Self {
            deadline,
            urgency: Urgency::Fine,
            paused: false,
            frozen: false,
            diverges: false,
            is_ahead: false,
            roles: roles.into_iter().flatten().collect(),
            roles_stale: true,
        }
    }

    /// Tells of what a block has brought.
    pub(super) fn tell(&mut self, events: &[Event]) {
        for event in events {
            match event {
                &Event::Role { role, account, granted } => {
                    self.roles_stale = true;
                    tracing::info!(%role, %account, granted, "a role has changed on L1");
                }
                &Event::CircuitSetAdded { index, root, active_at } => {
                    counter!("cairn_circuit_sets_added_total").increment(1);
                    tracing::info!(index, %root, active_at, "L1 has a new circuit set");
                }
                &Event::CircuitSetRetired { index } => {
                    counter!("cairn_circuit_sets_retired_total").increment(1);
                    tracing::warn!(index, "L1 accepts no proof of this circuit set any more");
                }
                &Event::DataCommittee { number, members, threshold } => {
                    tracing::info!(number, members, threshold, "L1 has a new data committee");
                }
                &Event::OpenProving(open) => {
                    tracing::info!(open, "whether anyone may prove has changed on L1");
                }
                &Event::Reverted { first, last } => {
                    counter!("cairn_batches_reverted_total").increment(u64::from(last - first) + 1);
                    tracing::warn!(first, last, "batches were taken back on L1");
                }
                Event::Queued(_)
                | Event::Committed { .. }
                | Event::Proven { .. }
                | Event::Frozen
                | Event::Paused(_) => {}
            }
        }
    }

    /// Tells of blocks that have left L1's chain.
    pub(super) fn reorganized(&mut self, blocks: u64) {
        self.roles_stale = true;
        counter!("cairn_l1_reorganizations_total").increment(1);
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        gauge!("cairn_l1_reorganization_depth").set(blocks as f64);
        tracing::warn!(blocks, "L1 was reorganized; what these blocks did is taken back");
    }

    /// Sets the gauges, and tells of what has changed.
    ///
    /// # Errors
    /// The store's.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub(super) fn show(&mut self, store: &Store, view: &L1View) -> Result<(), StoreError> {
        gauge!("cairn_l1_block").set(view.block as f64);
        gauge!("cairn_l1_timestamp_seconds").set(view.timestamp as f64);
        gauge!("cairn_basefee_wei").set(view.base_fee as f64);
        gauge!("cairn_blob_basefee_wei").set(view.blob_base_fee as f64);
        gauge!("cairn_last_committed_batch").set(view.committed);
        gauge!("cairn_last_verified_batch").set(view.proven);
        gauge!("cairn_last_finalized_batch").set(view.finalized);
        gauge!("cairn_priority_queue_length").set(view.queue_length as f64);
        gauge!("cairn_priority_queue_confirmed").set(view.confirmed_queue as f64);
        self.show_switches(view);
        self.show_clock(view);
        self.show_divergence(store, view)?;

        let oldest = deadline::oldest(store, view)?;
        let age = oldest.map_or(0, |oldest| oldest.age);
        gauge!("cairn_priority_queue_oldest_age_seconds").set(age as f64);
        gauge!("cairn_priority_queue_deadline_used_ratio")
            .set(age as f64 / self.deadline.max(1) as f64);
        let urgency = Urgency::of(age, self.deadline);
        if urgency > self.urgency {
            let (index, deadline) = (oldest.map_or(0, |oldest| oldest.index), self.deadline);
            tracing::warn!(
                index,
                age,
                deadline,
                "the oldest operation of L1's queue has used {} of its time until it must be proven",
                match urgency {
                    Urgency::Overdue => "all",
                    Urgency::Half => "half",
                    Urgency::Tenth | Urgency::Fine => "a tenth",
                }
            );
        }
        self.urgency = urgency;
        Ok(())
    }

    /// L1's time is that of its blocks, whatever they say: a local chain may have moved its clock. But batches have it, and
    /// what a node says of the future may be wrong.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn show_clock(&mut self, view: &L1View) {
        let ahead = view.timestamp.saturating_sub(now_ms() / 1_000);
        gauge!("cairn_l1_clock_ahead_seconds").set(ahead as f64);
        let is_ahead = ahead > MOST_AHEAD;
        if is_ahead && !self.is_ahead {
            tracing::warn!(
                ahead,
                block = view.block,
                "L1's blocks are from the future: the node is wrong, or this machine's clock"
            );
        }
        self.is_ahead = is_ahead;
    }

    fn show_divergence(&mut self, store: &Store, view: &L1View) -> Result<(), StoreError> {
        let found = divergence::find(store, view)?;
        gauge!("cairn_l1_state_diverges").set(u8::from(found.is_some()));
        match &found {
            Some(found) if !self.diverges => tracing::error!("{found}"),
            None if self.diverges => {
                tracing::info!("L1 has the states that were sealed here again")
            }
            _ => {}
        }
        self.diverges = found.is_some();
        Ok(())
    }

    fn show_switches(&mut self, view: &L1View) {
        gauge!("cairn_paused").set(u8::from(view.paused));
        gauge!("cairn_frozen").set(u8::from(view.frozen));
        gauge!("cairn_watcher_halted").set(u8::from(view.halted.is_some()));
        if self.paused != view.paused {
            if view.paused {
                tracing::warn!("the rollup is paused on L1: nothing settles");
            } else {
                tracing::info!("the rollup is not paused any more");
            }
        }
        if view.frozen && !self.frozen {
            tracing::error!("the rollup is frozen on L1, for good");
        }
        (self.paused, self.frozen) = (view.paused, view.frozen);
    }

    /// Asks L1 whether the operator's accounts have their roles, if that may have changed.
    ///
    /// # Errors
    /// The node's.
    pub(super) async fn check_roles(&mut self, chain: &impl Chain) -> Result<(), WatcherError> {
        if !self.roles_stale {
            return Ok(());
        }
        for role in &mut self.roles {
            let lost = !chain.has_role(role.role, role.account).await?;
            gauge!("cairn_role_lost", "role" => role.name).set(u8::from(lost));
            if lost && !role.lost {
                let (name, account) = (role.name, role.account);
                tracing::error!(%account, "the operator does not have {name} on L1");
            } else if role.lost && !lost {
                tracing::info!(account = %role.account, "the operator has {} again", role.name);
            }
            role.lost = lost;
        }
        self.roles_stale = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::store::{SCHEMA, records::Identity};

    #[test]
    fn blocks_from_the_future_ring() {
        let folder = tempfile::tempdir().unwrap();
        let (rollup, genesis) = (Address::ZERO, B256::ZERO);
        let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
        let store = Store::open(folder.path(), &identity).unwrap();
        let recorder = PrometheusBuilder::new().build_recorder();
        let mut alarms = Alarms::new(&WatcherConfig::default(), 1);
        let now = now_ms() / 1_000;
        let mut show = |timestamp| {
            let view = L1View { timestamp, ..L1View::default() };
            metrics::with_local_recorder(&recorder, || alarms.show(&store, &view)).unwrap();
            alarms.is_ahead
        };
        assert_eq!([show(now), show(now + 2 * MOST_AHEAD), show(now)], [false, true, false]);
        show(now + 2 * MOST_AHEAD);
        let text = recorder.handle().render();
        let line = text.lines().find_map(|l| l.strip_prefix("cairn_l1_clock_ahead_seconds "));
        assert!(line.unwrap().parse::<f64>().unwrap() > MOST_AHEAD as f64, "{text}");
    }
}
