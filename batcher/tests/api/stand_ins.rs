//! Stand-ins for the rooms beside the API.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use cairn_batcher::{
    api::{
        hex::Decimal,
        sources::{Admin, Answer, Health, Intake, Pressure, Refused, Submitted},
        wire::{BackedUp, FeeEstimate, FeeKind, Fleet, StoreCheck, StoreSizes, TableRows},
    },
    fleet::view,
    store::{Store, records::Accepted},
};
use cairn_types::{AccountId, SignedTransaction, TokenId};
use tokio::sync::Notify;

use super::world::{ALICE, START_MS, hash_of, public};

/// A mempool that writes what it takes, when it is let.
pub(crate) struct TestIntake {
    store: Store,
    held: AtomicBool,
    /// It acknowledges what it does not keep.
    pub(crate) lies: AtomicBool,
    pub(crate) refusal: Mutex<Option<Refused>>,
    /// Somebody has come to a closed door.
    pub(crate) came: Notify,
    opened: Notify,
}

impl TestIntake {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            held: AtomicBool::new(false),
            lies: AtomicBool::new(false),
            refusal: Mutex::new(None),
            came: Notify::new(),
            opened: Notify::new(),
        }
    }

    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
        self.opened.notify_one();
    }

    fn accept(&self, transaction: SignedTransaction) -> Result<Submitted, Refused> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        let hash = hash_of(&transaction);
        if self.lies.load(Ordering::SeqCst) {
            return Ok(Submitted { hash, sequence: 0 });
        }
        if let Some(sequence) = self.store.hashes.get(&hash).unwrap() {
            return Ok(Submitted { hash, sequence });
        }
        let sequence = self.store.log.last().unwrap().map_or(0, |(sequence, _)| sequence + 1);
        let mut write = self.store.write();
        let accepted = Accepted { transaction, key: public("alice"), received_ms: START_MS };
        write.put(&self.store.log, &sequence, &accepted).unwrap();
        write.put(&self.store.hashes, &hash, &sequence).unwrap();
        write.commit().unwrap();
        Ok(Submitted { hash, sequence })
    }
}

impl Intake for TestIntake {
    fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Answer<'_, Vec<Result<Submitted, Refused>>> {
        Box::pin(async move {
            if self.held.load(Ordering::SeqCst) {
                self.came.notify_one();
                self.opened.notified().await;
            }
            transactions.into_iter().map(|transaction| self.accept(transaction)).collect()
        })
    }

    fn next_nonce(&self, id: AccountId) -> u32 {
        if id == ALICE { 4 } else { 1 }
    }

    fn estimate_fee(&self, token: TokenId, kind: FeeKind) -> FeeEstimate {
        let fee = if kind == FeeKind::TransferToNew { 30 } else { 3 };
        FeeEstimate { token, kind, fee: Decimal(fee), floor: Decimal(1) }
    }

    fn pressure(&self) -> Pressure {
        Pressure { waiting: 1, throttled: None }
    }

    fn room(&self) -> usize {
        40
    }
}

#[derive(Default)]
pub(crate) struct TestHealth(pub(crate) Mutex<Vec<String>>);

impl Health for TestHealth {
    fn faults(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Remembers what it was asked.
#[derive(Default)]
pub(crate) struct TestAdmin(pub(crate) Mutex<Vec<String>>);

impl TestAdmin {
    fn note(&self, what: String) -> Answer<'_, Result<(), String>> {
        self.0.lock().unwrap().push(what);
        Box::pin(async { Ok(()) })
    }
}

impl Admin for TestAdmin {
    fn pause(&self) -> Answer<'_, Result<(), String>> {
        self.note("pause".into())
    }

    fn resume(&self) -> Answer<'_, Result<(), String>> {
        self.note("resume".into())
    }

    fn seal(&self) -> Answer<'_, Result<(), String>> {
        Box::pin(async { Err("nothing to seal: the open batch is empty".into()) })
    }

    fn requeue(&self, batch: u32) -> Answer<'_, Result<(), String>> {
        self.note(format!("requeue {batch}"))
    }

    fn drain(&self) -> Answer<'_, Result<(), String>> {
        self.note("drain".into())
    }

    fn fleet(&self) -> Answer<'_, Result<Fleet, String>> {
        Box::pin(async { Ok(view::fleet(cairn_fleet::coordinator::Fleet::default())) })
    }

    fn fleet_drain(&self, worker: String) -> Answer<'_, Result<(), String>> {
        self.note(format!("fleet drain {worker}"))
    }

    fn fleet_quarantine(&self, worker: String) -> Answer<'_, Result<(), String>> {
        self.note(format!("fleet quarantine {worker}"))
    }

    fn fleet_retry(&self, name: String) -> Answer<'_, Result<(), String>> {
        self.note(format!("fleet retry {name}"))
    }

    fn check(&self) -> Answer<'_, Result<StoreCheck, String>> {
        let tables = vec![TableRows { table: "log".into(), rows: 3 }];
        Box::pin(async { Ok(StoreCheck { tables, faults: vec!["log: a fault".into()] }) })
    }

    fn compact(&self) -> Answer<'_, Result<StoreSizes, String>> {
        Box::pin(async { Ok(StoreSizes { before: 9, after: 5 }) })
    }

    fn backup(&self, file: PathBuf) -> Answer<'_, Result<BackedUp, String>> {
        self.0.lock().unwrap().push(format!("backup {}", file.display()));
        Box::pin(async { Ok(BackedUp { rows: 3 }) })
    }
}
