//! The stage with engines that lie, or do not listen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, Bytes, U256};
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, ProverError,
    progress::{Progress, Silent},
};
use cairn_state::{BatchBuilder, Environment, State};
use cairn_types::{
    DataMode, Digest, KIND_BATCHES, Operation, PriorityOperation, PublicKey, SealStatement, Word,
};

use super::{
    config::ProvingConfig,
    error::ProvingError,
    price::{CALLDATA_WORDS, Words},
    prove::Proving,
    publish::Publisher,
};
use crate::{
    l1::data_modes::DataModes,
    publication::Published,
    signals::{Signals, shutdown},
    store::{
        SCHEMA, Store,
        records::{
            BatchNumber, BatchRecord, Identity, L1View, Publication, SealReason, SealedBatch,
            StoredProof,
        },
    },
};

fn root(seed: u64) -> Digest {
    Digest::new([seed, 0, 0, 0]).unwrap()
}

/// A store with so many published batches of an operation each.
fn store(folder: &tempfile::TempDir, batches: BatchNumber) -> Store {
    let (rollup, genesis) = (Address::ZERO, B256::ZERO);
    let identity = Identity { schema: SCHEMA, chain_id: 1, rollup, genesis };
    let store = Store::open(&folder.path().join("store"), &identity).unwrap();
    let mut state = State::genesis();
    let mut previous = BatchRecord {
        number: 0,
        timestamp: 0,
        priority_end: 0,
        state: B256::ZERO,
        chain_hash: B256::ZERO,
    };
    for number in 1..=batches {
        let before = state.summary();
        let timestamp = 7 + number;
        let environment = Environment { domain: Word::default(), timestamp };
        let mut batch = BatchBuilder::new(state, environment);
        let token = u16::try_from(number - 1).unwrap();
        let key = PublicKey::new([1, 2, 3, 4, 5]).unwrap();
        let operation = PriorityOperation::RegisterToken { token, quantum_exponent: 9, key };
        batch.push(Operation::Priority(operation)).unwrap();
        let (after, witness) = batch.finish();
        state = after;
        let published = Published::new(DataMode::Calldata, &witness, number).unwrap();
        let record = published.record(&previous, number.into());
        let sealed = SealedBatch {
            number,
            timestamp,
            first_block: number.into(),
            last_block: number.into(),
            before,
            after: state.summary(),
            priority_end: number.into(),
            operations: 1,
            transfers: 0,
            data_words: 0,
            reason: SealReason::Asked,
            opened_ms: 0,
            sealed_ms: 0,
        };
        let publication = Publication {
            location: published.location,
            record,
            signatures: Bytes::new(),
            estimate_wei: U256::ZERO,
            published_ms: 0,
        };
        let mut write = store.write();
        write.put(&store.batches, &number, &sealed).unwrap();
        write.put(&store.jobs, &number, &witness).unwrap();
        write.put(&store.publications, &number, &publication).unwrap();
        write.commit().unwrap();
        previous = record;
    }
    store
}

fn put_proof(store: &Store, first: BatchNumber, last: BatchNumber, root: Digest) {
    let proof = StoredProof {
        first,
        circuit_set_root: root.to_bytes().into(),
        proof: [B256::ZERO; 8],
        stages: Vec::new(),
        chunks: 1,
        started_ms: 0,
        proven_ms: 0,
    };
    let mut write = store.write();
    write.put(&store.proofs, &last, &proof).unwrap();
    write.commit().unwrap();
}

fn put_view(store: &Store, proven: BatchNumber) {
    let view = L1View { committed: proven, proven, base_fee: 1, ..L1View::default() };
    let mut write = store.write();
    write.put(&store.l1_view, &(), &view).unwrap();
    write.commit().unwrap();
}

/// What an engine may do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// A proof that no verifier takes.
    Proof,
    /// A good proof, from another batch on.
    Beginning,
    /// A good proof, to another batch.
    End,
}

/// A proof of a statement is the statement's own hash.
#[derive(Debug, Default)]
struct TestEngine {
    /// What it does before it tells the truth.
    lies: Vec<Lie>,
    /// It does nothing else, and looks at [`Self::released`] only.
    deaf: bool,
    calls: AtomicU32,
    released: AtomicBool,
    cancelled: AtomicBool,
}

impl Engine for TestEngine {
    fn circuit_set_root(&self) -> Digest {
        root(1)
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        _: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) as usize;
        while self.deaf && !self.released.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
            self.cancelled.fetch_or(cancel.is_cancelled(), Ordering::SeqCst);
        }
        let headers: Vec<_> = jobs.iter().map(BatchJob::header).collect();
        let from = jobs.first().unwrap().previous_chain_hash;
        let to = headers.iter().fold(from, |hash, header| header.chain_hash(&hash));
        let circuit_set_root = self.circuit_set_root();
        let mut seal = SealStatement { kind: KIND_BATCHES, circuit_set_root, from, to };
        let lie = self.lies.get(call);
        match lie {
            Some(Lie::Beginning) => seal.from = [9; 32],
            Some(Lie::End) => seal.to = [9; 32],
            Some(Lie::Proof) | None => {}
        }
        let mut proof = [[0; 32]; 8];
        if lie != Some(&Lie::Proof) {
            proof[0] = seal.public_input();
        }
        Ok(BatchesProof { headers, seal, proof, chunks: jobs.len(), stages: Vec::new() })
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        proof[0] == statement.public_input()
    }

    fn threads(&self) -> usize {
        1
    }

    fn security(&self) -> Vec<LayerSecurity> {
        Vec::new()
    }
}

fn proving(store: &Store, engine: &Arc<TestEngine>, accepted: &[Digest]) -> Proving {
    Proving {
        engine: Arc::<TestEngine>::clone(engine),
        accepted: accepted.iter().map(|root| root.to_bytes().into()).collect(),
        progress: Arc::new(Silent),
        patience: Duration::from_millis(100),
        config: ProvingConfig { retries: 3, retry_after_s: 0, ..ProvingConfig::default() },
        store: store.clone(),
        signals: Signals::default(),
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not come to it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_proof_that_does_not_hold_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 2);
    let lies = vec![Lie::Proof, Lie::Beginning, Lie::End];
    let engine = Arc::new(TestEngine { lies, ..TestEngine::default() });
    let (stop, until_stopped) = shutdown();
    let stage = proving(&store, &engine, &[]);
    let stage = tokio::spawn(async move { stage.run(until_stopped).await });
    until(|| store.proofs.get(&2).unwrap().is_some()).await;
    let proof = store.proofs.get(&2).unwrap().unwrap();
    assert_eq!((proof.first, engine.calls.load(Ordering::SeqCst)), (1, 4));
    stop.stop();
    stage.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_engine_that_only_lies_ends_the_stage() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 1);
    let engine = Arc::new(TestEngine { lies: vec![Lie::Proof; 9], ..TestEngine::default() });
    let (_stop, until_stopped) = shutdown();
    let error = proving(&store, &engine, &[]).run(until_stopped).await.unwrap_err().to_string();
    let expected =
        "proving batches 1 to 1, 4 tries: the proof does not hold for the batches that were given";
    assert_eq!(error, expected);
    assert_eq!(store.proofs.last().unwrap(), None);
}

#[test]
fn proofs_that_settle_nothing_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 5);
    let engine = Arc::new(TestEngine::default());
    put_proof(&store, 1, 3, root(2));
    put_proof(&store, 4, 5, root(1));
    let next = |accepted: &[Digest]| {
        let proving = proving(&store, &engine, accepted);
        proving.forget_refused().unwrap();
        proving.next(&[]).unwrap()
    };
    // Of an earlier version, whose circuits L1 takes still.
    assert_eq!(next(&[root(2)]), None);
    // Somebody else has proven a part of what a proof covers: L1 takes none that begins before.
    put_view(&store, 2);
    assert_eq!(next(&[root(2)]), Some(3..=3));
    put_proof(&store, 3, 3, root(2));
    assert_eq!(next(&[root(2)]), None);
    // Then L1 does not take them any more.
    assert_eq!(next(&[]), Some(3..=3));
    assert_eq!(store.proofs.iter().map(|row| row.unwrap().0).collect::<Vec<_>>(), [5]);
    put_proof(&store, 3, 3, root(1));
    assert_eq!(next(&[]), None);
}

#[test]
fn what_is_in_flight_is_not_proven_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 7);
    let engine = Arc::new(TestEngine::default());
    let mut proving = proving(&store, &engine, &[]);
    proving.config.max_batches_a_proof = 2;
    let next = |in_flight: &[_]| proving.next(in_flight).unwrap();
    assert_eq!(next(&[]), Some(1..=2));
    assert_eq!(next(&[1..=2]), Some(3..=4));
    // The second is done before the first, and what is between waits for neither.
    put_proof(&store, 3, 4, root(1));
    assert_eq!(next(&[1..=2]), Some(5..=6));
    assert_eq!(next(&[1..=2, 6..=7]), Some(5..=5));
    assert_eq!(next(&[1..=2, 5..=6]), Some(7..=7));
    assert_eq!(next(&[1..=2, 5..=6, 7..=7]), None);
    assert_eq!(next(&[]), Some(1..=2));
}

#[test]
fn what_l1_has_proven_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 2);
    let engine = Arc::new(TestEngine::default());
    let proving = proving(&store, &engine, &[]);
    assert!(proving.work(1..=2).unwrap().is_some());
    let mut write = store.write();
    write.remove(&store.jobs, &1);
    write.commit().unwrap();
    let error = proving.work(1..=2).unwrap_err().to_string();
    assert!(error.contains("table jobs has no row 1"), "{error}");
    put_view(&store, 1);
    assert!(proving.work(1..=2).unwrap().is_none());
    assert_eq!(proving.next(&[]).unwrap(), Some(2..=2));
}

/// A task of the prover takes half a minute on a slow machine: the service does not wait for it, and has stopped as it was asked.
#[tokio::test]
async fn an_engine_that_does_not_listen_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 1);
    let engine = Arc::new(TestEngine { deaf: true, ..TestEngine::default() });
    let (stop, until_stopped) = shutdown();
    let stage = proving(&store, &engine, &[]);
    let stage = tokio::spawn(async move { stage.run(until_stopped).await });
    until(|| engine.calls.load(Ordering::SeqCst) == 1).await;
    stop.stop();
    let ended = tokio::time::timeout(Duration::from_secs(10), stage).await;
    ended.expect("the stage waits for the engine").unwrap().unwrap();
    until(|| engine.cancelled.load(Ordering::SeqCst)).await;
    engine.released.store(true, Ordering::SeqCst);
}

#[tokio::test]
async fn the_engine_ends_with_the_stage_however_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 1);
    let engine = Arc::new(TestEngine { deaf: true, ..TestEngine::default() });
    let (_stop, until_stopped) = shutdown();
    let stage = proving(&store, &engine, &[]);
    let stage = tokio::spawn(async move { stage.run(until_stopped).await });
    until(|| engine.calls.load(Ordering::SeqCst) == 1).await;
    stage.abort();
    until(|| engine.cancelled.load(Ordering::SeqCst)).await;
    engine.released.store(true, Ordering::SeqCst);
}

/// With free gas calldata costs nothing: it is taken where it is allowed, and only there.
#[test]
fn data_goes_where_the_deployment_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder, 0);
    let publisher = |modes| Publisher {
        modes,
        genesis: B256::ZERO,
        committee: None,
        store: store.clone(),
        signals: Signals::default(),
    };
    let (few, many) = (10, CALLDATA_WORDS + 1);
    let words = |data| Words { data, ..Words::default() };
    let mode = |modes, data| publisher(modes).mode(1, words(data)).map(|(mode, _)| mode);
    assert_eq!(mode(DataModes::ON_L1, few).unwrap(), DataMode::Calldata);
    for only in [DataMode::Blobs, DataMode::Committee] {
        assert_eq!(mode(DataModes::only(only), few).unwrap(), only);
    }
    assert_eq!(mode(DataModes::ON_L1, many).unwrap(), DataMode::Blobs);
    let error = mode(DataModes::only(DataMode::Calldata), many).unwrap_err();
    assert!(matches!(error, ProvingError::TooMuchCalldata { batch: 1, .. }), "{error}");
}
