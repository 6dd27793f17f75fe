//! What the operator may ask of the running service, and what is wrong with it.

use tokio::sync::watch;
use tracing::info;

use super::supervisor::Faults;
use crate::{
    api::sources::{Admin, Answer, Health},
    proving,
    sequencer::{Command, Commands, Ledger, Standing},
    signals::Signals,
    store::{Store, StoreError, records::BatchNumber},
};

/// The operator's commands, carried out.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) commands: Commands,
    pub(super) ledger: Ledger,
    pub(super) store: Store,
    pub(super) signals: Signals,
    /// Becomes true when a drain is over.
    pub(super) drained: watch::Sender<bool>,
}

impl Operator {
    /// Ends the service once everything is settled; not where the drain is taken back before.
    fn end_when_settled(&self) {
        let (ledger, store, drained) =
            (self.ledger.clone(), self.store.clone(), self.drained.clone());
        let mut l1 = self.signals.l1.listen();
        tokio::spawn(async move {
            loop {
                match ledger.status().standing {
                    Standing::Draining => {}
                    // A store that cannot be read ends the stages, and the service with them.
                    Standing::Drained if !is_settled(&store).unwrap_or(false) => {}
                    Standing::Drained => break,
                    _ => return,
                }
                tokio::select! {
                    () = l1.changed() => {}
                    () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                    () = drained.closed() => return,
                }
            }
            info!("everything is settled: the drain is over");
            drained.send_replace(true);
        });
    }

    fn give(&self, command: Command) -> Answer<'_, Result<(), String>> {
        Box::pin(self.commands.give(command))
    }
}

/// Whether L1 has finalized all that was sealed.
fn is_settled(store: &Store) -> Result<bool, StoreError> {
    let sealed = store.batches.last()?.map_or(0, |(number, _)| number);
    let finalized = store.l1_view.get(&())?.map_or(0, |view| view.finalized);
    Ok(finalized >= sealed)
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
            self.end_when_settled();
            Ok(())
        })
    }
}

impl Health for Faults {
    fn faults(&self) -> Vec<String> {
        self.lines()
    }
}
