//! A small rollup in a store, and a server over it.
//!
//! Batch 1: block 1 registers token 0 and makes two accounts, block 2 has a transfer and two withdrawals. Batch 2 is
//! open: block 3 has a transfer. One transaction waits, one was dropped. L1 has proven batch 1.

use std::sync::{Arc, Mutex};

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use cairn_batcher::{
    api::{
        ApiConfig, Server, Sources,
        hex::Hash,
        sources::{About, Accounts, AdminAccess, LeafProof, LedgerHead, Sequencing},
    },
    client::Client,
    load::accounts::development_key,
    sequencer::Standing,
    signals::{ShutdownSender, Signals, shutdown},
    store::{
        Store,
        records::{
            Accepted, BatchRecord, Block, BlockOperation, Dropped, Identity, L1Batch, L1Place,
            L1View, Outcome, QueuedOperation, SealReason, SealedBatch,
        },
    },
};
use cairn_primitives::schnorr::SecretKey;
use cairn_state::{Environment, State, apply, message_digest, sign};
use cairn_types::{
    Account, AccountId, Authorization, DataMode, Digest, Operation, PriorityOperation, PublicKey,
    SignedTransaction, Transaction, Withdrawal, Word, domain,
};
use tokio::task::JoinHandle;

use super::stand_ins::{TestAdmin, TestHealth, TestIntake};

pub(crate) const CHAIN_ID: u64 = 31_337;
pub(crate) const ROLLUP: Address = Address::repeat_byte(0xaa);
pub(crate) const TOKEN: &str = "only the operator knows";
pub(crate) const ALICE: AccountId = 1 << 16;
pub(crate) const BOB: AccountId = (1 << 16) + 1;
/// When the first thing happened.
pub(crate) const START_MS: u64 = 1_700_000_000_000;

/// Places of the transactions in [`World::hashes`].
pub(crate) const TRANSFER: usize = 0;
pub(crate) const WITHDRAWAL: usize = 1;
pub(crate) const SECOND_WITHDRAWAL: usize = 2;
pub(crate) const OPEN: usize = 3;
pub(crate) const WAITING: usize = 4;
pub(crate) const DROPPED: usize = 5;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) intake: Arc<TestIntake>,
    pub(crate) health: Arc<TestHealth>,
    pub(crate) admin: Arc<TestAdmin>,
    pub(crate) signals: Signals,
    pub(crate) signer: Address,
    pub(crate) url: String,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) proven: Hash,
    /// Why the sequencer has halted.
    pub(crate) halted: Arc<Mutex<Option<String>>>,
    /// What the sequencer is doing.
    pub(crate) standing: Arc<Mutex<Standing>>,
    stop: ShutdownSender,
    serving: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity =
            Identity { schema: 1, chain_id: CHAIN_ID, rollup: ROLLUP, genesis: B256::ZERO };
        let store = Store::open(&folder.path().join("store"), &identity).unwrap();
        let rollup = fill(&store);
        let receipt_key = PrivateKeySigner::from_slice(&[7; 32]).unwrap();
        let signer = receipt_key.address();
        let intake = Arc::new(TestIntake::new(store.clone()));
        let health = Arc::new(TestHealth::default());
        let admin = Arc::new(TestAdmin::default());
        let signals = Signals::default();
        let proven = rollup.after_first.clone().summary().commitment().into();
        let (hashes, halted) = (rollup.hashes.clone(), rollup.halted.clone());
        let standing = rollup.standing.clone();
        let mut config = ApiConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            requests_per_second: 1_000_000,
            total_requests_per_second: 1_000_000,
            ..ApiConfig::default()
        };
        change(&mut config);
        let sources = Sources {
            store: store.clone(),
            intake: intake.clone(),
            accounts: Arc::new(rollup),
            health: health.clone(),
            admin: Some(AdminAccess { admin: admin.clone(), token: TOKEN.into() }),
            signals: signals.clone(),
            about: About {
                chain_id: CHAIN_ID,
                rollup: ROLLUP,
                custody: Address::repeat_byte(0xbb),
                circuit_set_root: B256::repeat_byte(0xcc),
                data_modes: vec![DataMode::Calldata, DataMode::Blobs],
            },
            receipt_key,
            metrics: None,
        };
        let server = Server::bind(config).await.unwrap();
        let url = server.address().to_string();
        let (stop, until) = shutdown();
        let serving = tokio::spawn(async move { server.run(sources, until).await.unwrap() });
        Self {
            store,
            intake,
            health,
            admin,
            signals,
            signer,
            url,
            hashes,
            proven,
            halted,
            standing,
            stop,
            serving,
            _folder: folder,
        }
    }

    pub(crate) async fn http(&self) -> Client {
        Client::connect(&format!("http://{}", self.url)).await.unwrap()
    }

    pub(crate) async fn websocket(&self) -> Client {
        Client::connect(&format!("ws://{}", self.url)).await.unwrap()
    }

    /// Stops the server and waits until it has ended.
    pub(crate) async fn stop(self) {
        self.stop.stop();
        self.serving.await.unwrap();
    }

    /// Posts a body as it is.
    pub(crate) async fn post(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = reqwest::Client::new()
            .post(format!("http://{}", self.url))
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("http://{}{path}", self.url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// Alice and Bob are the first development accounts, so that the load generator knows them.
pub(crate) fn secret(name: &str) -> SecretKey {
    match name {
        "alice" => development_key(0),
        "bob" => development_key(1),
        _ => SecretKey::from_seed(format!("a test's key of {name}").as_bytes()),
    }
}

pub(crate) fn public(name: &str) -> PublicKey {
    secret(name).public().into()
}

pub(crate) fn rollup_domain() -> Word {
    domain(CHAIN_ID, &ROLLUP.into_array())
}

/// A transfer from Alice to Bob.
pub(crate) fn transfer(nonce: u32, amount: u64) -> SignedTransaction {
    let transaction = Transaction::Transfer { from: ALICE, to: BOB, amount, fee: 1 };
    signed("alice", transaction, nonce, public("bob"))
}

pub(crate) fn withdraw(name: &str, from: AccountId, nonce: u32, amount: u64) -> SignedTransaction {
    let transaction = Transaction::Withdraw { from, recipient: [9; 20], amount, fee: 1 };
    signed(name, transaction, nonce, PublicKey::ZERO)
}

fn signed(
    name: &str,
    transaction: Transaction,
    nonce: u32,
    recipient: PublicKey,
) -> SignedTransaction {
    let domain = rollup_domain();
    let authorization = Authorization { domain, token: 0, nonce, expiry: 0, recipient };
    sign(&secret(name), transaction, authorization)
}

pub(crate) fn hash_of(signed: &SignedTransaction) -> B256 {
    Digest::from(message_digest(&signed.transaction, &signed.authorization)).to_bytes().into()
}

pub(crate) fn place(block: u64) -> L1Place {
    L1Place {
        block,
        block_hash: B256::with_last_byte(block as u8),
        timestamp: START_MS / 1_000 + block,
        transaction: B256::repeat_byte(block as u8),
    }
}

/// What the stand-in of the ledger knows.
pub(crate) struct Rollup {
    state: State,
    after_first: State,
    head: LedgerHead,
    hashes: Vec<Hash>,
    halted: Arc<Mutex<Option<String>>>,
    standing: Arc<Mutex<Standing>>,
}

fn fill(store: &Store) -> Rollup {
    let environment = Environment { domain: rollup_domain(), timestamp: 1_700_000_000 };
    let mut state = State::genesis();
    let mut write = store.write();
    let priority = [
        PriorityOperation::RegisterToken { token: 0, quantum_exponent: 9, key: public("fees") },
        deposit("alice"),
        deposit("bob"),
    ];
    let before = state.summary();
    let mut operations = Vec::new();
    for (index, operation) in (0..).zip(priority) {
        apply(&mut state, &Operation::Priority(operation), &environment).unwrap();
        let words = operation.words().unwrap();
        let queued = QueuedOperation { index, words, origin: Address::ZERO };
        operations.push(BlockOperation::Priority(queued));
    }
    let transactions = [
        transfer(0, 1_000),
        withdraw("alice", ALICE, 1, 77),
        withdraw("bob", BOB, 0, 77),
        transfer(2, 5),
        transfer(3, 6),
        transfer(2, 4),
    ];
    let hashes: Vec<Hash> = transactions.iter().map(|signed| hash_of(signed).into()).collect();
    for (sequence, transaction) in (0..).zip(transactions) {
        let received_ms = START_MS + sequence;
        let accepted = Accepted { transaction, key: public("alice"), received_ms };
        write.put(&store.log, &sequence, &accepted).unwrap();
        write.put(&store.hashes, &hash_of(&transaction), &sequence).unwrap();
    }
    write.put(&store.waiting_from, &(), &4).unwrap();
    let mut block = |state: &mut State, number: u64, batch, operations: Vec<BlockOperation>| {
        let block = Block {
            number,
            batch,
            timestamp: environment.timestamp,
            operations,
            state: state.summary().commitment(),
            made_ms: START_MS + 100 * number,
        };
        write.put(&store.blocks, &number, &block).unwrap();
        for (position, operation) in (0..).zip(&block.operations) {
            if let BlockOperation::Transaction(sequence) = operation {
                let outcome = Outcome::InBlock { block: number, position };
                write.put(&store.outcomes, sequence, &outcome).unwrap();
            }
        }
    };
    block(&mut state, 1, 1, operations);
    for transaction in &transactions[..3] {
        apply(&mut state, &Operation::Signed(*transaction), &environment).unwrap();
    }
    block(&mut state, 2, 1, (0..3).map(BlockOperation::Transaction).collect());
    let mut after_first = state.clone();
    apply(&mut state, &Operation::Signed(transactions[OPEN]), &environment).unwrap();
    block(&mut state, 3, 2, vec![BlockOperation::Transaction(3)]);
    let dropped =
        Outcome::Dropped { reason: Dropped::Refused("nonce".into()), at_ms: START_MS + 999 };
    write.put(&store.outcomes, &5, &dropped).unwrap();

    let after = after_first.summary();
    let word = Withdrawal { token: 0, recipient: [9; 20], amount: 77 }.word().unwrap();
    write.put(&store.withdrawals, &1, &vec![word, word]).unwrap();
    let sealed = SealedBatch {
        number: 1,
        timestamp: environment.timestamp,
        first_block: 1,
        last_block: 2,
        before,
        after,
        priority_end: 3,
        operations: 6,
        transfers: 1,
        data_words: 5,
        reason: SealReason::Age,
        opened_ms: START_MS + 100,
        sealed_ms: START_MS + 250,
    };
    write.put(&store.batches, &1, &sealed).unwrap();
    let record = BatchRecord {
        number: 1,
        timestamp: environment.timestamp,
        priority_end: 3,
        state: after.commitment().to_bytes().into(),
        chain_hash: B256::repeat_byte(1),
    };
    let on_chain = L1Batch {
        record,
        committed: place(10),
        withdrawals_root: B256::repeat_byte(2),
        data_mode: DataMode::Calldata,
        proven: Some(place(20)),
    };
    write.put(&store.l1_batches, &1, &on_chain).unwrap();
    let view = L1View { block: 20, committed: 1, proven: 1, queue_length: 4, ..L1View::default() };
    write.put(&store.l1_view, &(), &view).unwrap();
    for (name, id) in [("alice", ALICE), ("bob", BOB), ("alice", 99)] {
        let key: Vec<u8> = public(name).elements().iter().flat_map(|e| e.to_be_bytes()).collect();
        let key = key.try_into().unwrap();
        write.put(&store.keys, &(key, id), &()).unwrap();
    }
    write.commit().unwrap();
    let made_ms = START_MS + 300;
    let commitment = state.summary().commitment();
    let head = LedgerHead { block: 3, batch: 2, state: commitment, made_ms };
    let (halted, standing) = (Arc::default(), Arc::default());
    Rollup { state, after_first, head, hashes, halted, standing }
}

fn deposit(name: &str) -> PriorityOperation {
    let key = public(name);
    PriorityOperation::Deposit { leaf: AccountId::MAX, token: 0, amount: 1 << 60, key }
}

impl Sequencing for Rollup {
    fn standing(&self) -> Standing {
        self.standing.lock().unwrap().clone()
    }
}

impl Accounts for Rollup {
    fn account(&self, id: AccountId) -> Account {
        self.state.account(id)
    }

    fn next_id(&self) -> u64 {
        self.state.next_id()
    }

    fn next_token(&self) -> u32 {
        self.state.next_token()
    }

    fn head(&self) -> LedgerHead {
        self.head
    }

    fn halted(&self) -> Option<String> {
        self.halted.lock().unwrap().clone()
    }

    fn prove_leaf(&self, batch: u32, id: AccountId) -> Option<LeafProof> {
        (batch == 1).then(|| {
            let mut state = self.after_first.clone();
            let (account, siblings) = (state.account(id), state.siblings(id));
            LeafProof { account, siblings, summary: state.summary() }
        })
    }
}
