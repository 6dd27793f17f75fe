//! A settlement that runs against anvil beside the watcher. The other rooms are played by the test: batches are published and
//! proven here.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::{
    network::Ethereum,
    primitives::{Address, B256, U64, U128, U256, keccak256},
    providers::{
        DynProvider, PendingTransactionBuilder, Provider, ProviderBuilder, ProviderCall,
        RootProvider, RpcWithBlock,
    },
    rpc::{client::NoParams, types::Filter},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolEvent},
    transports::{TransportErrorKind, TransportResult},
};
use cairn_batcher::{
    l1::{
        connection::connect_with,
        contracts::{IAccessControl, IRollupL1},
    },
    publication::Published,
    settlement::{self, Input, SettlementConfig, SettlementError},
    signals::{Shutdown, ShutdownSender, Signals, shutdown},
    store::{
        SCHEMA, Store,
        records::{BatchRecord, Identity, OutboxTransaction, Publication, StoredProof},
    },
    watcher::{self, WatcherConfig},
};
use cairn_state::State;
use cairn_types::{DataMode, PriorityOperation, Transaction};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::world::{FIRST, World};

/// Second account of the mnemonic that anvil funds: the settlement's, so that the world's transactions have other nonces.
const SETTLER: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

const DEADLINE: Duration = Duration::from_secs(60);
const CHAIN_ID: u64 = 31_337;
const CONFIRMATIONS: u64 = 3;

/// What a node that lies says of the account's nonce.
pub(super) const FAR: u64 = 1_000_005;

/// A provider that counts the settlement's rounds and can lose what it is to send.
#[derive(Clone)]
pub(super) struct Spy {
    inner: DynProvider,
    pub(super) mute: Arc<AtomicBool>,
    /// How often the account's nonce is still told wrongly: far too high.
    pub(super) lies: Arc<AtomicU64>,
    rounds: Arc<AtomicU64>,
}

impl Provider for Spy {
    fn root(&self) -> &RootProvider {
        self.inner.root()
    }

    fn get_max_priority_fee_per_gas(&self) -> ProviderCall<NoParams, U128, u128> {
        self.rounds.fetch_add(1, Ordering::SeqCst);
        self.inner.get_max_priority_fee_per_gas()
    }

    fn get_transaction_count(
        &self,
        address: Address,
    ) -> RpcWithBlock<Address, U64, u64, fn(U64) -> u64> {
        let less = |lies: u64| lies.checked_sub(1);
        match self.lies.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => RpcWithBlock::new_provider(|_| ProviderCall::ready(Ok(FAR))),
            Err(_) => self.inner.get_transaction_count(address),
        }
    }

    fn send_raw_transaction<'a, 'b, 'c>(
        &'a self,
        raw: &'b [u8],
    ) -> Pin<
        Box<dyn Future<Output = TransportResult<PendingTransactionBuilder<Ethereum>>> + Send + 'c>,
    >
    where
        'a: 'c,
        'b: 'c,
    {
        if self.mute.load(Ordering::SeqCst) {
            return Box::pin(async { Err(TransportErrorKind::custom_str("the wire is cut")) });
        }
        Box::pin(self.inner.send_raw_transaction(raw))
    }
}

/// The rollup, the operator's store, and the settlement while it runs.
pub(super) struct Operator {
    pub(super) world: World,
    pub(super) store: Store,
    pub(super) config: SettlementConfig,
    pub(super) spy: Spy,
    /// Calls that commit the batches with their data in calldata, for other committers.
    pub(super) commitments: Vec<Vec<u8>>,
    signals: Signals,
    running: Vec<(ShutdownSender, JoinHandle<Result<(), SettlementError>>)>,
    /// Ends the watchers when it goes.
    watched: (ShutdownSender, Shutdown),
}

pub(super) fn settler() -> Address {
    SETTLER.parse::<PrivateKeySigner>().unwrap().address()
}

impl Operator {
    /// A rollup with two depositors, in whose queue two operations wait.
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        for role in ["COMMITTER_ROLE", "PROVER_ROLE"] {
            let (role, account) = (keccak256(role), settler());
            world.send(world.rollup, 0, &IAccessControl::grantRoleCall { role, account }).await;
        }
        world.deposit(1, 1_000).await;
        world.deposit(2, 1_000).await;
        let provider = ProviderBuilder::new().disable_recommended_fillers();
        let provider = provider.connect_http(world.url.parse().unwrap());
        let (mute, lies, rounds) = (Arc::default(), Arc::default(), Arc::default());
        let spy = Spy { inner: provider.erased(), mute, lies, rounds };
        let config = SettlementConfig {
            confirmations: CONFIRMATIONS,
            poll_ms: 20,
            // Nothing is bumped unless a test asks for it.
            resubmit_after_ms: 600_000,
            ..SettlementConfig::default()
        };
        let store = open(&world, "store");
        let (commitments, running) = (Vec::new(), Vec::new());
        let (signals, watched) = (Signals::default(), shutdown());
        let op = Self { world, store, config, spy, commitments, signals, running, watched };
        op.watch(&op.store);
        op
    }

    /// A second store with the same batches, as another service with the same key has it.
    pub(super) fn twin(&self) -> Store {
        let store = open(&self.world, "twin");
        let mut write = store.write();
        for row in self.store.jobs.iter() {
            let (batch, job) = row.unwrap();
            write.put(&store.jobs, &batch, &job).unwrap();
            let publication = self.store.publications.get(&batch).unwrap().unwrap();
            write.put(&store.publications, &batch, &publication).unwrap();
        }
        write.commit().unwrap();
        self.watch(&store);
        store
    }

    /// The watcher, with each store its own.
    fn watch(&self, store: &Store) {
        let input = watcher::Input {
            provider: connect_with(&self.world.url).unwrap(),
            rollup: self.world.rollup,
            custody: self.world.custody(),
            first_block: self.world.deployed,
            config: WatcherConfig {
                confirmations: CONFIRMATIONS,
                poll_ms: 10,
                ..WatcherConfig::default()
            },
        };
        tokio::spawn(watcher::run(
            input,
            store.clone(),
            self.signals.clone(),
            self.watched.1.clone(),
        ));
    }

    /// Makes a batch of what waits in the queue and a transfer, and publishes it.
    pub(super) async fn publish(&mut self, mode: DataMode) {
        let number = self.world.records.len() as u32;
        let transfer = Transaction::Transfer { from: FIRST, to: FIRST + 1, amount: 1, fee: 0 };
        let transactions = [(1, transfer)];
        // The first batch takes the deposits in.
        let transactions = if number == 1 { &[] } else { &transactions[..] };
        let (witness, call) = self.world.witness(transactions).await;
        self.commitments.push(call.abi_encode());
        let previous = BatchRecord::from(call.previous);
        let published = Published::new(mode, &witness, number).unwrap();
        let operations = PriorityOperation::decode_stream(&witness.priority).unwrap().len();
        let record = published.record(&previous, previous.priority_end + operations as u64);
        let publication = Publication {
            location: published.location,
            record,
            signatures: Default::default(),
            estimate_wei: Default::default(),
            published_ms: 0,
        };
        let mut write = self.store.write();
        write.put(&self.store.jobs, &number, &witness).unwrap();
        write.put(&self.store.publications, &number, &publication).unwrap();
        write.commit().unwrap();
        self.world.records.push(record.into());
        self.signals.proving.ring();
    }

    /// Publishes the last batch again, made anew with L1's time of now.
    pub(super) async fn publish_again(&mut self, mode: DataMode, before: State) {
        self.world.state = before;
        self.world.records.pop();
        self.commitments.pop();
        self.publish(mode).await;
    }

    /// Brings the proof of these batches.
    pub(super) fn prove(&self, first: u32, last: u32) {
        let (root, proof) = self.world.proof(first as usize - 1, last as usize, 0);
        self.bring(first, last, root, proof);
    }

    /// Brings a proof of these batches that the contract does not take.
    pub(super) fn prove_wrongly(&self, first: u32, last: u32) {
        let (root, _) = self.world.proof(first as usize - 1, last as usize, 0);
        self.bring(first, last, root, [U256::ZERO; 8]);
    }

    fn bring(&self, first: u32, last: u32, root: B256, proof: [U256; 8]) {
        let proof = StoredProof {
            first,
            circuit_set_root: root,
            proof: proof.map(B256::from),
            stages: Vec::new(),
            chunks: 0,
            started_ms: 0,
            proven_ms: 0,
        };
        let mut write = self.store.write();
        write.put(&self.store.proofs, &last, &proof).unwrap();
        write.commit().unwrap();
        self.signals.proving.ring();
    }

    pub(super) fn start(&mut self) {
        self.start_with(self.store.clone());
    }

    pub(super) fn start_with(&mut self, store: Store) {
        let input = Input {
            provider: self.spy.clone().erased(),
            signer: SETTLER.parse().unwrap(),
            rollup: self.world.rollup,
            chain_id: CHAIN_ID,
            config: self.config.clone(),
        };
        let (stop, stopped) = shutdown();
        let run = settlement::run(input, store, self.signals.clone(), stopped);
        self.running.push((stop, tokio::spawn(run)));
    }

    pub(super) async fn stop(&mut self) {
        for (stop, running) in self.running.drain(..) {
            stop.stop();
            running.await.unwrap().unwrap();
        }
    }

    /// Lets the settlement and the watcher go on until something is so.
    pub(super) async fn until(&self, what: &str, mut so: impl AsyncFnMut(&Self) -> bool) {
        let started = Instant::now();
        while !so(self).await {
            for (_, running) in &self.running {
                assert!(!running.is_finished(), "the settlement has ended; waiting until {what}");
            }
            let rows = self.outbox();
            assert!(started.elapsed() < DEADLINE, "not so after 60 s: {what}; outbox {rows:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets the settlement look at L1 a few times.
    pub(super) async fn some_rounds(&self) {
        let before = self.spy.rounds.load(Ordering::SeqCst);
        let rounds = async |op: &Self| op.spy.rounds.load(Ordering::SeqCst) > before + 5;
        self.until("there were some rounds", rounds).await;
    }

    pub(super) async fn until_committed(&self, batches: u32) {
        let l1 = IRollupL1::new(self.world.rollup, &self.world.provider);
        let so = async |_: &Self| l1.committedBatches().call().await.unwrap() >= batches;
        self.until(&format!("{batches} batches are committed"), so).await;
    }

    pub(super) async fn until_proven(&self, batches: u32) {
        let l1 = IRollupL1::new(self.world.rollup, &self.world.provider);
        let so = async |_: &Self| l1.provenBatches().call().await.unwrap() >= batches;
        self.until(&format!("{batches} batches are proven"), so).await;
    }

    /// All transactions, by nonce, without their bytes.
    pub(super) fn outbox(&self) -> BTreeMap<u64, OutboxTransaction> {
        let rows = self.store.outbox.iter().map(Result::unwrap);
        rows.map(|(nonce, row)| (nonce, OutboxTransaction { raw: Default::default(), ..row }))
            .collect()
    }

    /// Whether the node's pool has the latest form of a transaction.
    pub(super) async fn in_pool(&self, nonce: u64) -> bool {
        let Some(row) = self.outbox().remove(&nonce) else { return false };
        let hash = row.attempts.last().unwrap().hash;
        let found = self.world.provider.get_transaction_by_hash(hash).await.unwrap();
        found.is_some_and(|found| found.block_number.is_none())
    }

    pub(super) async fn automine(&self, on: bool) {
        self.world.rpc("evm_setAutomine", json!([on])).await;
    }

    pub(super) async fn base_fee(&self, wei: u64) {
        self.world.rpc("anvil_setNextBlockBaseFeePerGas", json!([U64::from(wei)])).await;
        self.world.mine(1).await;
    }

    /// How often L1 has committed a batch with this number, on the chain as it is.
    pub(super) async fn times_committed(&self, batch: u32) -> usize {
        let filter = Filter::new()
            .address(self.world.rollup)
            .event_signature(IRollupL1::BatchCommitted::SIGNATURE_HASH)
            .topic1(U256::from(batch))
            .from_block(0);
        self.world.provider.get_logs(&filter).await.unwrap().len()
    }
}

fn open(world: &World, name: &str) -> Store {
    let (rollup, genesis) = (world.rollup, world.records[0].state);
    let identity = Identity { schema: SCHEMA, chain_id: CHAIN_ID, rollup, genesis };
    Store::open(&world.path(name), &identity).unwrap()
}
