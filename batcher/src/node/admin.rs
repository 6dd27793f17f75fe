//! What the operator may ask of the running service, and what is wrong with it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cairn_fleet::coordinator::Coordinator;
use tokio::sync::{Mutex, watch};
use tracing::info;

use super::supervisor::Faults;
use crate::{
    api::{
        sources::{Admin, Answer, Health},
        wire::{BackedUp, Fleet, StoreCheck, StoreSizes, TableRows},
    },
    fleet::view,
    l1::http::quote,
    proving,
    sequencer::{Command, Commands, Ledger, Standing},
    signals::Signals,
    store::{Checked, Store, records::BatchNumber},
};

/// The operator's commands, carried out.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) commands: Commands,
    pub(super) ledger: Ledger,
    pub(super) store: Store,
    pub(super) signals: Signals,
    /// Held by the check, compaction or backup that is under way.
    pub(super) maintenance: Arc<Mutex<()>>,
    /// Becomes true when a drain is over.
    pub(super) drained: watch::Sender<bool>,
    /// The fleet that proves, if there is one.
    pub(super) fleet: Option<Coordinator>,
}

impl Operator {
    /// Ends the service once a drain is over; not where it is taken back before.
    pub(super) fn end_when_drained(&self) {
        let (ledger, drained) = (self.ledger.clone(), self.drained.clone());
        tokio::spawn(async move {
            loop {
                match ledger.status().standing {
                    // L1 may forbid to go on for a while.
                    Standing::Draining | Standing::Halted(_) => {}
                    Standing::Drained => break,
                    Standing::Running | Standing::Paused => return,
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                    () = drained.closed() => return,
                }
            }
            info!("everything is settled: the drain is over");
            drained.send_replace(true);
        });
    }

    /// Works on the whole store, one work at a time, while the stages go on. It comes to its end though nobody waits
    /// for it any more.
    fn maintain<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, String> + Send + 'static,
    ) -> Answer<'_, Result<T, String>> {
        let (store, maintenance) = (self.store.clone(), Arc::clone(&self.maintenance));
        Box::pin(async move {
            let turn = maintenance.try_lock_owned();
            let turn =
                turn.map_err(|_| "a check, compaction or backup is under way: wait for it")?;
            let work = move || {
                let _turn = turn;
                work(&store)
            };
            tokio::task::spawn_blocking(work).await.map_err(|panic| panic.to_string())?
        })
    }

    fn coordinator(&self) -> Result<&Coordinator, String> {
        let none = || "this operator proves in its own process: it has no fleet".to_owned();
        self.fleet.as_ref().ok_or_else(none)
    }

    fn give(&self, command: Command) -> Answer<'_, Result<(), String>> {
        Box::pin(self.commands.give(command))
    }
}

impl Admin for Operator {
    fn pause(&self) -> Answer<'_, Result<(), String>> {
        self.give(Command::Pause)
    }

    fn resume(&self) -> Answer<'_, Result<(), String>> {
        self.give(Command::Resume)
    }

    fn seal(&self) -> Answer<'_, Result<(), String>> {
        self.give(Command::Seal)
    }

    fn requeue(&self, batch: BatchNumber) -> Answer<'_, Result<(), String>> {
        Box::pin(async move { proving::requeue(&self.store, &self.signals, batch) })
    }

    fn drain(&self) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            self.commands.give(Command::Drain).await?;
            self.end_when_drained();
            Ok(())
        })
    }

    fn fleet(&self) -> Answer<'_, Result<Fleet, String>> {
        Box::pin(async move { Ok(view::fleet(self.coordinator()?.look().await)) })
    }

    fn fleet_drain(&self, worker: String) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            let id = worker.parse().map_err(|_| no_worker(&worker))?;
            match self.coordinator()?.drain(id).await {
                true => Ok(()),
                false => Err(no_worker(&worker)),
            }
        })
    }

    fn fleet_quarantine(&self, worker: String) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            let id = worker.parse().map_err(|_| no_worker(&worker))?;
            match self.coordinator()?.quarantine(id).await {
                true => Ok(()),
                false => Err(no_worker(&worker)),
            }
        })
    }

    fn fleet_retry(&self, name: String) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            match self.coordinator()?.retry(name).await {
                true => Ok(()),
                false => Err("neither a worker nor an assignment of this name is quarantined: \
                              `cairn fleet ls` and `tasks` show them"
                    .to_owned()),
            }
        })
    }

    fn check(&self) -> Answer<'_, Result<StoreCheck, String>> {
        self.maintain(|store| Ok(store.check().into()))
    }

    fn compact(&self) -> Answer<'_, Result<StoreSizes, String>> {
        self.maintain(|store| {
            let (before, after) = store.compact().map_err(|error| error.to_string())?;
            Ok(StoreSizes { before, after })
        })
    }

    fn backup(&self, file: PathBuf) -> Answer<'_, Result<BackedUp, String>> {
        self.maintain(move |store| {
            // Else this process and its operator may call two places by the same name.
            if !file.is_absolute() {
                let shown = file.display();
                return Err(format!("{shown} is no absolute path on the operator's machine"));
            }
            let rows = store.backup(&file).map_err(|error| error.to_string())?;
            Ok(BackedUp { rows })
        })
    }
}

fn no_worker(name: &str) -> String {
    // It was written by whoever asks.
    format!("the fleet has no worker {}: `cairn fleet ls` shows them", quote(name))
}

impl From<Checked> for StoreCheck {
    fn from(found: Checked) -> Self {
        let table = |(table, rows): (&str, u64)| TableRows { table: table.to_owned(), rows };
        Self { tables: found.rows.into_iter().map(table).collect(), faults: found.faults }
    }
}

impl Health for Faults {
    fn faults(&self) -> Vec<String> {
        self.lines()
    }
}
