//! Mempool, sequencer and store together against a plain model: balances in a map, and what was acknowledged.
//!
//! Random users, an L1 that confirms and finalizes when it likes, and kills in between. In the end every acknowledged
//! transaction has one fate, the blocks are executed again by plain arithmetic, and the state commitment is that of
//! the map.

mod steps;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::Arc,
};

use alloy::primitives::B256;
use cairn_state::{State, sign};
use cairn_types::{
    AccountId, Authorization, FIRST_USER_ID, PriorityOperation, PublicKey, SignedTransaction,
    Transaction,
};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};

use self::steps::{Step, step};
use super::{
    plain::execute,
    world::{L1, USERS, domain, id, key, open, producer, secret},
};
use crate::{
    mempool::{Mempool, MempoolConfig, MempoolError},
    sequencer::{
        Command, Ledger, SequencerConfig, checkpoint,
        producer::Producer,
        sealer::{self, Checked},
        start,
    },
    signals::{ShutdownSender, Signals, shutdown},
    store::{
        Store,
        records::{Dropped, Outcome, Sequence},
    },
};

/// All that a kill takes.
struct Process {
    store: Store,
    ledger: Ledger,
    mempool: Mempool,
    producer: Producer<Mempool>,
    stop: ShutdownSender,
    intake: JoinHandle<Result<(), MempoolError>>,
}

struct Whole {
    folder: TempDir,
    runtime: Runtime,
    process: Option<Process>,
    l1: L1,
    now_ms: u64,
    acknowledged: BTreeMap<Sequence, (B256, SignedTransaction)>,
    /// Numbers of the secret keys that a leaf may have, the latest last.
    keys: BTreeMap<AccountId, Vec<u32>>,
    /// Leaves whose key was to change: what they send, or are paid, may be refused for it.
    changed: BTreeSet<AccountId>,
    next_key: u32,
}

impl Whole {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let mut whole = Self {
            folder: tempfile::tempdir().unwrap(),
            runtime,
            process: None,
            l1: L1::default(),
            now_ms: 1_000_000,
            acknowledged: BTreeMap::new(),
            keys: (0..USERS).map(|user| (id(user), vec![user])).collect(),
            changed: BTreeSet::new(),
            next_key: 120,
        };
        whole.start();
        let store = whole.process().store.clone();
        whole.l1.fund(&store, whole.now_ms);
        drop(store);
        whole.perform(Step::Confirm);
        // Token and users are there before they pay.
        (0..4).for_each(|_| whole.perform(Step::Seal));
        whole
    }

    fn start(&mut self) {
        let store = open(&self.folder);
        let started = start(&store, domain()).unwrap();
        let ledger = started.ledger().clone();
        let signals = Signals::default();
        signals.l1_is_read.set();
        let accounts = Arc::new(ledger.clone());
        let config = MempoolConfig { collect_ms: 0, threads: 1, ..Default::default() };
        let (mempool, intake) =
            Mempool::open(config, domain(), accounts, store.clone(), signals.clone()).unwrap();
        // Small blocks and batches, so that some fill up.
        let config = SequencerConfig {
            max_data_words: 6,
            max_priority_words: 6,
            max_block_operations: 5,
            max_unproven_batches: 256,
            ..Default::default()
        };
        let producer = producer(store.clone(), started, mempool.clone(), config, signals);
        let (stop, stopped) = shutdown();
        let intake = self.runtime.spawn(intake.run(stopped));
        self.process = Some(Process { store, ledger, mempool, producer, stop, intake });
    }

    fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    fn kill(&mut self) {
        let Process { stop, intake, .. } = self.process.take().unwrap();
        stop.stop();
        self.runtime.block_on(intake).unwrap().unwrap();
    }

    fn turn(&mut self, command: Option<Command>) {
        self.now_ms += 500;
        let now_ms = self.now_ms;
        self.process().producer.turn(command, now_ms).unwrap().unwrap();
    }

    /// Signs with the latest key of the leaf under which the mempool takes it; whether it took it.
    fn send(&mut self, transaction: Transaction, nonce: u32, expiry: u32) -> bool {
        let from = transaction.from();
        let recipient = match transaction {
            Transaction::Transfer { to, .. } => self.process().ledger.account(to).key,
            _ => PublicKey::ZERO,
        };
        let authorization = Authorization { domain: domain(), token: 0, nonce, expiry, recipient };
        let keys = self.keys[&from].clone();
        keys.into_iter()
            .rev()
            .any(|user| self.submit(sign(&secret(user), transaction, authorization)).is_some())
    }

    fn submit(&mut self, signed: SignedTransaction) -> Option<Sequence> {
        let mempool = self.process().mempool.clone();
        let answers = self.runtime.block_on(mempool.submit(vec![signed]));
        let submitted = answers.into_iter().next().unwrap().ok()?;
        let (sequence, row) = (submitted.sequence, (submitted.hash, signed));
        if let Some(before) = self.acknowledged.insert(sequence, row) {
            assert_eq!(before, row, "two transactions have one place");
        }
        Some(sequence)
    }

    /// The next transaction of a leaf.
    fn send_next(&mut self, transaction: Transaction, expiry: u32) -> bool {
        let nonce = self.process().mempool.next_nonce(transaction.from());
        self.send(transaction, nonce, expiry)
    }

    fn pay(&mut self, from: u32, to: u32, amount: u64, life: Option<u64>) {
        let next_id = self.process().ledger.next_id();
        let leaves = u32::try_from(next_id - FIRST_USER_ID).unwrap();
        let (from, to) = (id(from), id(to % leaves));
        let clock = self.now_ms / 1_000 + self.l1.ahead_s;
        let expiry = life.map_or(0, |life| (clock + life) as u32);
        let pay = Transaction::Transfer { from, to, amount, fee: 1 };
        let is_sent = self.send_next(pay, expiry);
        // Nothing but an expiry or a key speaks against it.
        let may_fail = life.is_some() || self.changed.contains(&from);
        assert!(is_sent || may_fail, "{pay:?}");
    }

    fn replace(&mut self, from: u32, to: u32) {
        let (from, to) = (id(from), id(to));
        let next = self.process().mempool.next_nonce(from);
        let Some(nonce) = next.checked_sub(1) else { return };
        let of_nonce = |signed: &&SignedTransaction| {
            (signed.transaction.from(), signed.authorization.nonce) == (from, nonce)
        };
        let sent = self.acknowledged.values().map(|(_, signed)| signed);
        let Some(fee) = sent.filter(of_nonce).map(|signed| signed.transaction.fee()).max() else {
            return;
        };
        let is_waiting = self.process().ledger.account(from).nonce <= nonce;
        let pay = Transaction::Transfer { from, to, amount: 1, fee: fee + fee / 10 + 1 };
        let is_sent = self.send(pay, nonce, 0);
        assert!(!is_sent || is_waiting, "a nonce that is used is not used again");
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Pay { from, to, amount, life } => self.pay(from, to, amount, life),
            Step::PayNew { from, amount } => {
                let key = key(self.next_key);
                self.next_key += 1;
                let pay = Transaction::TransferToNew { from: id(from), key, amount, fee: 10 };
                self.send_next(pay, 0);
            }
            Step::Withdraw { from, amount } => {
                let recipient = [7; 20];
                let leave = Transaction::Withdraw { from: id(from), recipient, amount, fee: 1 };
                self.send_next(leave, 0);
            }
            Step::ChangeKey { from } => {
                let next = self.next_key;
                self.next_key += 1;
                let change = Transaction::ChangeKey { from: id(from), key: key(next), fee: 1 };
                if self.send_next(change, 0) {
                    self.keys.get_mut(&id(from)).unwrap().push(next);
                    self.changed.insert(id(from));
                }
            }
            Step::Replace { from, to } => self.replace(from, to),
            Step::Again { which } => {
                let count = self.acknowledged.len().max(1);
                let sent = self.acknowledged.values().nth(which % count).copied();
                // Once it is dropped it may be refused.
                if let Some((_, signed)) = sent {
                    self.submit(signed);
                }
            }
            Step::Deposit { user, is_elsewhere, amount } => {
                let leaf = if is_elsewhere { 500 } else { id(user) };
                let key = key(user);
                let (store, now_ms) = (self.process().store.clone(), self.now_ms);
                let deposit = PriorityOperation::Deposit { leaf, token: 0, amount, key };
                self.l1.queue(&store, now_ms, deposit);
            }
            Step::Confirm => {
                let (store, now_ms) = (self.process().store.clone(), self.now_ms);
                self.l1.view(&store, now_ms, |view| view.confirmed_queue = view.queue_length);
            }
            Step::Wait { seconds } => {
                self.l1.ahead_s += seconds;
                let (store, now_ms) = (self.process().store.clone(), self.now_ms);
                self.l1.view(&store, now_ms, |_| ());
            }
            Step::Turn => self.turn(None),
            Step::Seal => self.turn(Some(Command::Seal)),
            Step::Check => {
                let Process { store, ledger, .. } = self.process();
                let checked = sealer::check_next(store, ledger, &domain(), 0).unwrap();
                assert!(!matches!(checked, Checked::Wrong(_)), "{checked:?}");
            }
            Step::Finalize => self.finalize(),
            Step::Kill => {
                let head = self.process().ledger.head();
                self.kill();
                self.start();
                assert_eq!(self.process().ledger.head().state, head.state);
            }
        }
    }

    /// The next batch, if it is checked.
    fn finalize(&mut self) {
        let (store, now_ms) = (self.process().store.clone(), self.now_ms);
        let batch = store.l1_view.get(&()).unwrap().unwrap().finalized + 1;
        if store.jobs.contains(&batch).unwrap() {
            self.l1.view(&store, now_ms, |view| {
                (view.committed, view.proven, view.finalized) = (batch, batch, batch);
            });
            let ledger = self.process().ledger.clone();
            assert_eq!(checkpoint::follow(&store, &ledger, &domain()).unwrap(), None);
        }
    }

    /// What waits in vain is left, and nothing else.
    fn settle(&mut self) {
        self.perform(Step::Confirm);
        (0..80).for_each(|_| self.perform(Step::Seal));
        self.perform(Step::Kill);
        self.perform(Step::Turn);
    }

    fn check(&mut self) {
        let Process { store, ledger, mempool, .. } = self.process();
        let (store, ledger, mempool) = (store.clone(), ledger.clone(), mempool.clone());
        let (accounts, executed) = execute(&store);
        let (next_id, next_token) = (ledger.next_id(), ledger.next_token());
        let account = |id| Ok::<_, Infallible>(accounts[&id]);
        let Ok(mut state) = State::restore(next_id, next_token, account);
        assert_eq!(ledger.head().state, state.summary().commitment());
        assert_eq!(accounts.len() as u64, next_id - FIRST_USER_ID + u64::from(next_token));

        let clock = store.l1_view.get(&()).unwrap().unwrap().timestamp;
        let logged: Vec<_> = store.log.iter().map(|row| row.unwrap().0).collect();
        assert_eq!(logged, self.acknowledged.keys().copied().collect::<Vec<_>>());
        assert!(executed.keys().all(|sequence| self.acknowledged.contains_key(sequence)));
        for (&sequence, (hash, signed)) in &self.acknowledged {
            // Once dropped, it may have been accepted again.
            let last = self.acknowledged.iter().rev().find(|(_, (other, _))| other == hash);
            let last = last.map(|(last, _)| *last);
            assert_eq!(store.hashes.get(hash).unwrap(), last);
            let place = executed.get(&sequence).copied();
            let outcome = store.outcomes.get(&sequence).unwrap();
            let SignedTransaction { transaction, authorization, .. } = signed;
            let from = transaction.from();
            match outcome {
                None => {
                    assert_eq!((place, last), (None, Some(sequence)));
                    assert!(mempool.has(sequence));
                    assert!(authorization.nonce > accounts[&from].nonce, "its turn has come");
                }
                Some(Outcome::InBlock { block, position }) => {
                    assert_eq!((place, last), (Some((block, position)), Some(sequence)));
                }
                Some(Outcome::Dropped { reason, .. }) => {
                    assert_eq!(place, None, "{sequence} was dropped: {reason}");
                    let is_right = match &reason {
                        Dropped::Expired { expiry, .. } => {
                            *expiry == authorization.expiry && u64::from(*expiry) < clock
                        }
                        Dropped::Replaced { by } => {
                            self.acknowledged.values().any(|(hash, other)| {
                                hash == by
                                    && other.transaction.from() == from
                                    && other.authorization.nonce == authorization.nonce
                                    && other.transaction.fee() > transaction.fee()
                            })
                        }
                        Dropped::Refused(_) => {
                            let payee = match transaction {
                                Transaction::Transfer { to, .. } => *to,
                                _ => from,
                            };
                            self.changed.contains(&from) || self.changed.contains(&payee)
                        }
                        Dropped::Evicted => false,
                    };
                    assert!(is_right, "{sequence}, {signed:?}: {reason}");
                }
            }
        }
    }
}

/// What expired, and whose place another took before a kill, was not replaced by it.
#[test]
fn a_kill_does_not_change_why_a_transaction_was_dropped() {
    let mut whole = Whole::new();
    let pay = |amount, life| Step::Pay { from: 3, to: 0, amount, life };
    let wait = Step::Wait { seconds: 1 };
    [pay(1, Some(0)), wait, Step::Kill, pay(474, None), Step::Kill]
        .into_iter()
        .for_each(|step| whole.perform(step));
    whole.settle();
    whole.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_that_was_acknowledged_is_lost_or_doubled(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut whole = Whole::new();
        steps.into_iter().for_each(|step| whole.perform(step));
        whole.settle();
        whole.check();
    }
}
