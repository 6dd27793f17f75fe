//! The stages of the service: what each is given, and the order in which they stop.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::B256;
use cairn_prover::Engine;
use cairn_types::DataMode;

use super::{
    circuits, market, process,
    service::{Checked, Extras, Rooms},
    standby::{self, LeaderHealth},
    supervisor::{Faults, Supervisor},
    unclaimed,
};
use crate::{
    api::{
        Server, Sources,
        sources::{AdminAccess, Health},
    },
    l1::{agreement, data_modes::DataModes},
    proving::{self, price::Words},
    sequencer::{self, CommandReceiver, SequencerConfig},
    settlement,
    signals::Signals,
    store, watcher,
};

/// All that the stages are made of.
pub(super) struct Stages {
    pub(super) checked: Checked,
    pub(super) engine: Arc<dyn Engine>,
    /// Roots of the circuit sets that L1 has and has not retired.
    pub(super) accepted: BTreeSet<B256>,
    pub(super) extras: Extras,
    pub(super) rooms: Rooms,
    pub(super) signals: Signals,
    pub(super) commands: CommandReceiver,
}

impl Stages {
    /// Starts all of them, in the order in which they stop.
    pub(super) fn start(self, supervisor: &mut Supervisor, server: Server, access: AdminAccess) {
        let sources = self.sources(access, supervisor.faults());
        let (proving, settlement) = (self.proving(), self.settlement());
        let (watcher, modes) = (self.watcher(), self.checked.modes);
        let (claims, rollup) = (self.claims(), self.checked.config.l1.rollup);
        let root = B256::from(self.engine.circuit_set_root().to_bytes());
        let provider = self.checked.provider.clone();
        let config = sequencer_config(&self.checked.config.sequencer, modes);
        let domain = self.checked.domain();
        let (urls, l1) = (self.checked.urls(), self.checked.config.l1.connection.clone());
        let depth = self.checked.config.watcher.confirmations;
        let Self { extras, rooms, signals, commands, .. } = self;
        let Rooms { store, started, mempool, intake } = rooms;
        let fees = mempool.fees().clone();
        let sequencer =
            sequencer::Input { started, transactions: mempool, config, domain, commands };

        let shared = || (store.clone(), signals.clone());
        let replication = extras.led.map(|led| led.replication);
        if let Some(replication) = replication.clone() {
            let watch = |shutdown| standby::watch_over(replication, shutdown);
            supervisor.start("replication", watch);
        }
        supervisor.start("api", |shutdown| server.run(sources, shutdown));
        supervisor.start("mempool", |shutdown| intake.run(shutdown));
        let (s, n) = shared();
        supervisor.start("sequencer", |shutdown| sequencer::run(sequencer, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("proving", |shutdown| proving::run(proving, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("settlement", |shutdown| settlement::run(settlement, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("watcher", |shutdown| watcher::run(watcher, s, n, shutdown));
        let (s, n) = shared();
        supervisor.start("fees", |shutdown| market::run(fees, modes, s, n, shutdown));
        let s = store.clone();
        supervisor.start("claims", |shutdown| unclaimed::run(claims, s, shutdown));
        let s = store.clone();
        let watch = |shutdown| circuits::run(provider, rollup, root, s, shutdown);
        supervisor.start("circuit sets", watch);
        let s = store.clone();
        supervisor.start("store", |shutdown| store::watch(s, shutdown));
        // One node agrees with itself.
        if urls.len() > 1 {
            supervisor.start("agreement", |shutdown| agreement::run(urls, l1, depth, shutdown));
        }
        supervisor.start("process metrics", |shutdown| process::run(extras.metrics, shutdown));
        if let Some(replication) = replication {
            supervisor.start("lease", |shutdown| standby::give_back(replication, shutdown));
        }
    }

    /// What the API reads and asks.
    fn sources(&self, access: AdminAccess, health: Faults) -> Sources {
        let root = B256::from(self.engine.circuit_set_root().to_bytes());
        let health: Arc<dyn Health> = match &self.extras.led {
            Some(led) => Arc::new(LeaderHealth { faults: health, role: led.replication.role() }),
            None => Arc::new(health),
        };
        Sources {
            store: self.rooms.store.clone(),
            intake: Arc::new(self.rooms.mempool.clone()),
            accounts: Arc::new(self.rooms.started.ledger().clone()),
            health,
            admin: Some(access),
            signals: self.signals.clone(),
            about: self.checked.about(root),
            receipt_key: self.checked.keys.receipts.clone(),
            metrics: self.extras.metrics.clone(),
        }
    }

    fn proving(&self) -> proving::Input {
        proving::Input {
            engine: Arc::clone(&self.engine),
            accepted: self.accepted.clone(),
            progress: Arc::clone(&self.extras.progress),
            modes: self.checked.modes,
            committee: self.extras.committee.clone(),
            genesis: self.checked.rollup.genesis,
            config: self.checked.config.proving.clone(),
        }
    }

    fn settlement(&self) -> settlement::Input {
        let Checked { config, keys, provider, .. } = &self.checked;
        settlement::Input {
            provider: provider.clone(),
            signer: keys.operator.clone(),
            rollup: config.l1.rollup,
            chain_id: config.l1.chain_id,
            config: config.settlement.clone(),
        }
    }

    fn claims(&self) -> unclaimed::Input {
        let Checked { config, provider, rollup, .. } = &self.checked;
        unclaimed::Input {
            provider: provider.clone(),
            custody: rollup.custody,
            first_block: config.l1.first_block,
            confirmations: config.watcher.confirmations,
            max_range: config.watcher.max_range,
        }
    }

    fn watcher(&self) -> watcher::Input {
        let Checked { config, keys, provider, rollup, .. } = &self.checked;
        let account = keys.operator.address();
        let mut watching = config.watcher.clone();
        watching.committer = watching.committer.or(Some(account));
        watching.prover = watching.prover.or(Some(account));
        watcher::Input {
            provider: provider.clone(),
            rollup: config.l1.rollup,
            custody: rollup.custody,
            first_block: config.l1.first_block,
            config: watching,
        }
    }
}

/// The sequencer's settings, under which no batch outgrows the modes that it may be published in.
fn sequencer_config(config: &SequencerConfig, modes: DataModes) -> SequencerConfig {
    let mut config = config.clone();
    if modes == DataModes::only(DataMode::Calldata) {
        let priority = config.max_priority_words as usize;
        let others = Words { data: 0, priority, withdrawals: config.max_withdrawals as usize };
        // Below 2^32: no transaction is as long. Two words are the longest transaction of the rollup.
        let fitting = (others.data_beside() as u32).max(2);
        config.max_data_words = config.max_data_words.min(fitting);
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_fit_the_modes_that_they_may_be_published_in() {
        let config = SequencerConfig::default();
        for modes in [DataModes::ON_L1, DataModes::only(DataMode::Blobs)] {
            assert_eq!(sequencer_config(&config, modes), config);
        }
        let small = sequencer_config(&config, DataModes::only(DataMode::Calldata));
        let largest = Words {
            data: small.max_data_words as usize,
            priority: small.max_priority_words as usize,
            withdrawals: small.max_withdrawals as usize,
        };
        assert!(largest.fit_calldata() && largest.data > 1_000, "{largest:?}");
        assert!(!Words { data: largest.data + 1, ..largest }.fit_calldata());
        // Smaller ones stay as they are.
        let own = SequencerConfig { max_data_words: 100, ..config };
        assert_eq!(sequencer_config(&own, DataModes::only(DataMode::Calldata)), own);
    }
}
