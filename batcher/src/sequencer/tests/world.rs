//! An operator with a few users, whose process can be killed at any time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use alloy::primitives::{Address, B256};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::{Verified, sign};
use cairn_types::{
    AccountId, Authorization, FIRST_USER_ID, PriorityOperation, PublicKey, SignedTransaction,
    Transaction, Word,
};
use tempfile::TempDir;

use crate::{
    mempool::Taken,
    sequencer::{
        Command, Ledger, SequencerConfig, SequencerError, Started, Transactions, checkpoint,
        orders::Orders,
        producer::Producer,
        sealer::{self, Checked},
        start,
    },
    signals::Signals,
    store::{
        SCHEMA, Store,
        records::{
            Accepted, BatchNumber, Dropped, Identity, L1Place, L1Queued, L1View, QueuedOperation,
            Sequence,
        },
    },
};

pub(super) const USERS: u32 = 4;
pub(super) const FUNDS: u64 = 1 << 40;

pub(super) fn domain() -> Word {
    Word::from_limbs([0, 1, 2, 3]).unwrap()
}

pub(super) fn secret(user: u32) -> SecretKey {
    SecretKey::from_seed(&[user as u8 + 1; 32])
}

pub(super) fn key(user: u32) -> PublicKey {
    secret(user).public().into()
}

pub(super) fn id(user: u32) -> AccountId {
    FIRST_USER_ID as AccountId + user
}

/// A transfer of token 0 between users.
pub(super) fn transfer(from: u32, to: u32, nonce: u32, amount: u64) -> SignedTransaction {
    let transaction = Transaction::Transfer { from: id(from), to: id(to), amount, fee: 1 };
    signed(from, nonce, 0, transaction, key(to))
}

pub(super) fn signed(
    from: u32,
    nonce: u32,
    expiry: u32,
    transaction: Transaction,
    recipient: PublicKey,
) -> SignedTransaction {
    let authorization = Authorization { domain: domain(), token: 0, nonce, expiry, recipient };
    sign(&secret(from), transaction, authorization)
}

/// What the sequencer sees of a mempool: transactions in the order of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<Mutex<PoolInner>>);

#[derive(Debug, Default)]
struct PoolInner {
    waiting: BTreeMap<Sequence, Verified>,
    taken: BTreeSet<Sequence>,
    dropped: BTreeMap<Sequence, Dropped>,
    throttled: Option<String>,
    /// The timestamp for which transactions were last taken.
    asked: u32,
}

impl Pool {
    pub(super) fn throttled(&self) -> Option<String> {
        self.0.lock().unwrap().throttled.clone()
    }

    pub(super) fn asked(&self) -> u32 {
        self.0.lock().unwrap().asked
    }

    pub(super) fn waiting(&self) -> Vec<Sequence> {
        self.0.lock().unwrap().waiting.keys().copied().collect()
    }

    /// As a mempool that is full does.
    pub(super) fn evict(&self, sequence: Sequence) {
        let mut inner = self.0.lock().unwrap();
        inner.waiting.remove(&sequence);
        inner.dropped.insert(sequence, Dropped::Evicted);
    }
}

impl Transactions for Pool {
    fn take(&self, most: usize, timestamp: u32) -> Vec<Taken> {
        let mut inner = self.0.lock().unwrap();
        inner.asked = timestamp;
        let free = inner.waiting.iter().filter(|(sequence, _)| !inner.taken.contains(sequence));
        let taken =
            free.take(most).map(|(&sequence, &transaction)| Taken { sequence, transaction });
        let taken: Vec<_> = taken.collect();
        inner.taken.extend(taken.iter().map(|taken| taken.sequence));
        taken
    }

    fn dropped(&self) -> Vec<(Sequence, Dropped)> {
        self.0.lock().unwrap().dropped.clone().into_iter().collect()
    }

    fn done(&self, sequences: &[Sequence]) {
        let mut inner = self.0.lock().unwrap();
        for sequence in sequences {
            inner.waiting.remove(sequence);
            inner.taken.remove(sequence);
            inner.dropped.remove(sequence);
        }
    }

    fn give_back(&self, sequences: &[Sequence]) {
        let mut inner = self.0.lock().unwrap();
        sequences.iter().for_each(|sequence| assert!(inner.taken.remove(sequence)));
    }

    fn throttle(&self, reason: Option<String>) {
        self.0.lock().unwrap().throttled = reason;
    }
}

/// A process: all that a kill takes.
pub(super) struct Process {
    pub(super) store: Store,
    pub(super) pool: Pool,
    pub(super) ledger: Ledger,
    pub(super) producer: Producer<Pool>,
}

/// L1, and the watcher that reads it.
#[derive(Debug, Default)]
pub(super) struct L1 {
    queued: u64,
    /// Seconds that its clock is ahead of the operator's.
    pub(super) ahead_s: u64,
}

impl L1 {
    /// The watcher sees a block.
    pub(super) fn view(&self, store: &Store, now_ms: u64, change: impl FnOnce(&mut L1View)) {
        let mut view = store.l1_view.get(&()).unwrap().unwrap_or_default();
        view.block += 1;
        view.timestamp = now_ms / 1_000 + self.ahead_s;
        change(&mut view);
        let mut write = store.write();
        write.put(&store.l1_view, &(), &view).unwrap();
        write.commit().unwrap();
    }

    /// An operation is queued, in a block without confirmations.
    pub(super) fn queue(&mut self, store: &Store, now_ms: u64, operation: PriorityOperation) {
        let index = self.queued;
        self.queued += 1;
        let words = operation.words().unwrap();
        let operation = QueuedOperation { index, words, origin: Address::ZERO };
        let place =
            L1Place { block: index, block_hash: B256::ZERO, timestamp: 0, transaction: B256::ZERO };
        let mut write = store.write();
        write.put(&store.l1_queue, &index, &L1Queued { operation, place }).unwrap();
        write.commit().unwrap();
        self.view(store, now_ms, |view| view.queue_length = index + 1);
    }

    /// A token and users with funds are queued.
    pub(super) fn fund(&mut self, store: &Store, now_ms: u64) {
        let register =
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key(99) };
        self.queue(store, now_ms, register);
        for user in 0..USERS {
            // Leaf 0 has another key: a new leaf is made.
            let (leaf, token, amount, key) = (0, 0, FUNDS, key(user));
            self.queue(store, now_ms, PriorityOperation::Deposit { leaf, token, amount, key });
        }
    }
}

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) config: SequencerConfig,
    pub(super) process: Option<Process>,
    pub(super) now_ms: u64,
    pub(super) logged: u64,
    pub(super) l1: L1,
    /// Whether the watcher of the next process has read L1 when the process begins.
    pub(super) is_read: bool,
}

fn identity() -> Identity {
    let (rollup, genesis) = (Address::repeat_byte(7), B256::repeat_byte(8));
    Identity { schema: SCHEMA, chain_id: 31_337, rollup, genesis }
}

pub(in crate::sequencer) fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), &identity()).unwrap()
}

/// The sequencer of a process.
pub(super) fn producer<T>(
    store: Store,
    started: Started,
    transactions: T,
    config: SequencerConfig,
    signals: Signals,
) -> Producer<T> {
    let Started { ledger, position, backlog, order } = started;
    Producer {
        store,
        signals,
        ledger,
        transactions,
        config,
        domain: domain(),
        position,
        backlog,
        orders: Orders::new(order),
        prices: Default::default(),
    }
}

impl World {
    /// A token and users with funds are queued on L1, and confirmed.
    pub(super) fn new(config: SequencerConfig) -> Self {
        config.check().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (process, now_ms, l1) = (None, 1_000_000, L1::default());
        let mut world = Self { folder, config, process, now_ms, logged: 0, l1, is_read: true };
        world.start().unwrap();
        let store = world.store().clone();
        world.l1.fund(&store, now_ms);
        world.confirm();
        world
    }

    pub(super) fn start(&mut self) -> Result<(), SequencerError> {
        let store = open(&self.folder);
        let started = start(&store, domain())?;
        let pool = Pool::default();
        for row in store.log.iter() {
            let (sequence, Accepted { transaction, key, .. }) = row.unwrap();
            if store.outcomes.get(&sequence).unwrap().is_none() {
                let verified = Verified::trusted(transaction, key);
                pool.0.lock().unwrap().waiting.insert(sequence, verified);
            }
        }
        let ledger = started.ledger().clone();
        let signals = Signals::default();
        if self.is_read {
            signals.l1_is_read.set();
        }
        let config = self.config.clone();
        let producer = producer(store.clone(), started, pool.clone(), config, signals);
        self.process = Some(Process { store, pool, ledger, producer });
        Ok(())
    }

    /// All but the store is gone.
    pub(super) fn kill(&mut self) {
        self.process = None;
    }

    pub(super) fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    pub(super) fn store(&self) -> &Store {
        &self.process.as_ref().unwrap().store
    }

    /// A transaction is accepted: in the log and in the pool.
    pub(super) fn submit(&mut self, transaction: SignedTransaction, key: PublicKey) -> Sequence {
        let verified = Verified::check(transaction, key).expect("signed by its payer");
        let (sequence, received_ms) = (self.logged, self.now_ms);
        self.logged += 1;
        let Process { store, pool, .. } = self.process();
        let mut write = store.write();
        write.put(&store.log, &sequence, &Accepted { transaction, key, received_ms }).unwrap();
        write.commit().unwrap();
        pool.0.lock().unwrap().waiting.insert(sequence, verified);
        sequence
    }

    pub(super) fn deposit(&mut self, user: u32, leaf: AccountId, amount: u64) {
        self.queue(PriorityOperation::Deposit { leaf, token: 0, amount, key: key(user) });
    }

    /// L1 queues an operation, in a block without confirmations.
    pub(super) fn queue(&mut self, operation: PriorityOperation) {
        let (store, now_ms) = (self.store().clone(), self.now_ms);
        self.l1.queue(&store, now_ms, operation);
    }

    /// All operations of the queue are confirmed.
    pub(super) fn confirm(&mut self) {
        self.view(|view| view.confirmed_queue = view.queue_length);
    }

    /// The watcher sees a block of L1.
    pub(super) fn view(&mut self, change: impl FnOnce(&mut L1View)) {
        self.l1.view(self.store(), self.now_ms, change);
    }

    /// So much time passes on L1.
    pub(super) fn pass(&mut self, seconds: u64) {
        self.l1.ahead_s += seconds;
        self.view(|_| ());
    }

    /// Half a second passes, and the sequencer has a turn.
    pub(super) fn turn(&mut self) {
        self.command(None).unwrap();
    }

    pub(super) fn command(&mut self, command: Option<Command>) -> Result<(), String> {
        self.try_turn(command).unwrap()
    }

    /// A turn that may end the stage.
    pub(super) fn try_turn(
        &mut self,
        command: Option<Command>,
    ) -> Result<Result<(), String>, SequencerError> {
        self.now_ms += 500;
        let now_ms = self.now_ms;
        self.process().producer.turn(command, now_ms)
    }

    pub(super) fn check(&mut self) -> Checked {
        let Process { store, ledger, .. } = self.process();
        sealer::check_next(store, ledger, &domain(), 0).unwrap()
    }

    /// L1 has the proof of all batches up to this one, with enough confirmations.
    pub(super) fn finalize(&mut self, batch: BatchNumber) -> Option<String> {
        self.view(|view| {
            (view.committed, view.proven, view.finalized) = (batch, batch, batch);
        });
        self.follow()
    }

    /// The sequencer follows L1.
    pub(super) fn follow(&mut self) -> Option<String> {
        let Process { store, ledger, .. } = self.process();
        checkpoint::follow(store, ledger, &domain()).unwrap()
    }
}
