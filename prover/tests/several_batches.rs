//! Real proofs: two consecutive batches in one SNARK. Minutes of CPU, and of making circuits and keys where the cache has none:
//!
//! ```text
//! cargo test --release --workspace --test several_batches -- --ignored
//! ```

use std::{
    collections::BTreeSet,
    sync::{LazyLock, Mutex},
};

use cairn_primitives::schnorr::SecretKey;
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LocalProver, ProofTasks, ProverError, SequenceError,
    TaskOutput, default_cache_folder,
    graph::TaskKind,
    progress::{Progress, Silent, Stage},
    work::Work,
};
use cairn_state::{BatchBuilder, Environment, State, sign};
use cairn_types::{
    Authorization, DataLocation, FIRST_USER_ID, KIND_BATCHES, Operation, PriorityOperation,
    SealStatement, Transaction, Word,
};

const DOMAIN: Word = Word::new([3; 31]);
/// Accounts of the two users.
const ALICE: u32 = FIRST_USER_ID as u32;
const BOB: u32 = ALICE + 1;
/// Chain hash before the first batch.
const FROM: [u8; 32] = [9; 32];

static PROVER: LazyLock<LocalProver> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    LocalProver::load(&default_cache_folder().unwrap(), threads, &Silent).unwrap()
});

/// Notes what begins, and ends the work after a step of one kind.
#[derive(Default)]
struct Listener {
    begun: Mutex<Vec<(Stage, usize)>>,
    cancel: Cancel,
    cancel_after: Option<TaskKind>,
}

impl Progress for Listener {
    fn begin(&self, stage: Stage, total: usize) {
        self.begun.lock().unwrap().push((stage, total));
    }

    fn step(&self, stage: Stage) {
        if self.cancel_after.map(Stage::Tasks) == Some(stage) {
            self.cancel.cancel();
        }
    }

    fn end(&self, _: Stage) {}
}

impl Listener {
    fn prove(&self, jobs: &[BatchJob]) -> Result<BatchesProof, ProverError> {
        PROVER.prove(jobs, self, &self.cancel)
    }

    /// The kinds of task that began, with the number of their tasks.
    fn tasks(&self) -> Vec<(TaskKind, usize)> {
        let begun = self.begun.lock().unwrap();
        let task = |&(stage, total): &(Stage, usize)| match stage {
            Stage::Tasks(kind) => Some((kind, total)),
            Stage::Circuits | Stage::SetUp => None,
        };
        begun.iter().filter_map(task).collect()
    }
}

/// Batch 4 with a token and two deposits, its data in calldata; batch 5 in which Alice pays Bob and Bob withdraws, its data in a
/// blob.
fn two_batches() -> [BatchJob; 2] {
    let keys = ["alice", "bob", "fees"].map(|name| SecretKey::from_seed(name.as_bytes()));
    let [alice, bob, fees] = keys.each_ref().map(|key| key.public().into());
    let first = [
        PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: fees },
        PriorityOperation::Deposit { leaf: 0, token: 0, amount: 1_000, key: alice },
        PriorityOperation::Deposit { leaf: 0, token: 0, amount: 50, key: bob },
    ];
    let mut batch =
        BatchBuilder::new(State::genesis(), Environment { domain: DOMAIN, timestamp: 7 });
    first.into_iter().for_each(|operation| {
        batch.push(Operation::Priority(operation)).unwrap();
    });
    let (state, witness) = batch.finish();
    let first =
        BatchJob { witness, data: DataLocation::Calldata, number: 4, previous_chain_hash: FROM };

    let mut batch = BatchBuilder::new(state, Environment { domain: DOMAIN, timestamp: 7 });
    let pay = Transaction::Transfer { from: ALICE, to: BOB, amount: 300, fee: 1 };
    let leave = Transaction::Withdraw { from: BOB, recipient: [1; 20], amount: 350, fee: 0 };
    for (key, transaction, recipient) in
        [(&keys[0], pay, bob), (&keys[1], leave, cairn_types::PublicKey::ZERO)]
    {
        let authorization =
            Authorization { domain: DOMAIN, token: 0, nonce: 0, expiry: 0, recipient };
        batch.push(Operation::Signed(sign(key, transaction, authorization))).unwrap();
    }
    let witness = batch.finish().1;
    let previous_chain_hash = first.header().chain_hash(&FROM);
    let data = DataLocation::Blobs(vec![[1; 32]]);
    [first, BatchJob { witness, data, number: 5, previous_chain_hash }]
}

#[test]
#[ignore = "makes real proofs"]
fn two_batches_make_one_proof_of_the_range() {
    let jobs = two_batches();
    let listener = Listener::default();
    let proof = listener.prove(&jobs).unwrap();

    // What it states, without the prover.
    let headers = jobs.each_ref().map(BatchJob::header);
    let to = headers.iter().fold(FROM, |hash, header| header.chain_hash(&hash));
    let circuit_set_root = PROVER.circuit_set_root();
    let statement = SealStatement { kind: KIND_BATCHES, circuit_set_root, from: FROM, to };
    assert_eq!(proof.seal, statement);
    assert_eq!(proof.headers, headers);
    assert_eq!(proof.chunks, 2);

    assert!(PROVER.verifies(&statement, &proof.proof));
    let middle = jobs[1].previous_chain_hash;
    for other in
        [SealStatement { to: middle, ..statement }, SealStatement { from: middle, ..statement }]
    {
        assert!(!PROVER.verifies(&other, &proof.proof), "a proof of both is none of one");
    }
    let mut damaged = proof.proof;
    damaged[7][31] ^= 1;
    assert!(!PROVER.verifies(&statement, &damaged));

    use TaskKind::*;
    let each = [ChunkLeaf, ChunkWrapper, StreamLeaf, StreamWrapper, Seal].map(|kind| (kind, 2));
    let all = [ChainNode, Shrink, Wrap, Groth16].map(|kind| (kind, 1));
    assert_eq!(listener.tasks(), [&each[..], &all].concat());
    let rows: Vec<_> = proof.stages.iter().map(|stage| stage.name.as_str()).collect();
    for row in [
        "chunk leaves",
        "chunk nodes",
        "streams",
        "seal",
        "chain nodes",
        "shrink",
        "wrap",
        "groth16",
    ] {
        assert_eq!(rows.iter().filter(|name| **name == row).count(), 1, "{row} in {rows:?}");
    }
}

/// As a fleet does it: each assignment from its bytes alone, each result held against what it must prove.
#[test]
#[ignore = "makes real proofs"]
fn assignments_that_travel_make_the_proof_that_the_engine_makes() {
    let jobs = two_batches();
    let tasks = ProofTasks::new(&PROVER, &jobs, usize::MAX).unwrap();
    let assignments = tasks.graph().assignments();
    let claims = tasks.claims(&assignments).unwrap();
    let ids = tasks.ids(&assignments, &claims).unwrap();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), assignments.len());
    assert_eq!(ids, tasks.ids(&assignments, &claims).unwrap());

    let mut results: Vec<Vec<u8>> = Vec::new();
    let mut outputs: Vec<TaskOutput> = Vec::new();
    for (place, assignment) in assignments.iter().enumerate() {
        let inputs: Vec<_> = assignment.needs.iter().map(|&need| &outputs[need]).collect();
        let bytes = tasks.work(assignment, &inputs).unwrap().to_bytes();
        let work = Work::from_bytes(&bytes).unwrap();
        let result = PROVER.perform(&work).unwrap();
        println!("{}: {} bytes in, {} out", ids[place], bytes.len(), result.len());
        outputs.push(claims[place].check(&PROVER, &result).unwrap());
        for other in results.iter().filter(|other| **other != result) {
            assert!(claims[place].check(&PROVER, other).is_err(), "{}", ids[place]);
        }
        for position in [0, result.len() / 2, result.len() - 1] {
            let mut damaged = result.clone();
            damaged[position] ^= 1;
            assert!(claims[place].check(&PROVER, &damaged).is_err(), "{}", ids[place]);
        }
        for cut in [&result[..result.len() - 1], &[]] {
            assert!(claims[place].check(&PROVER, cut).is_err());
        }
        results.push(result);
    }
    let proof = tasks.proof(outputs.last().unwrap(), Vec::new()).unwrap();
    assert_eq!(proof.headers, jobs.each_ref().map(BatchJob::header));
    assert!(PROVER.verifies(&proof.seal, &proof.proof));
    assert!(tasks.proof(&outputs[0], Vec::new()).is_err());
    // What an assignment does not need is no input of it.
    assert!(tasks.work(&assignments[0], &[&outputs[0]]).is_err());
    let chain = assignments.len() - 2;
    assert!(tasks.work(&assignments[chain], &[&outputs[0]]).is_err());
}

/// Before any work: nothing begins.
#[test]
#[ignore = "loads the real circuits"]
fn batches_that_do_not_follow_each_other_are_refused_by_name() {
    let [first, second] = two_batches();
    let refused = |jobs: &[BatchJob]| {
        let listener = Listener::default();
        let error = listener.prove(jobs).unwrap_err();
        assert!(!error.is_transient());
        assert!(listener.begun.lock().unwrap().is_empty(), "{error} came after work");
        match error {
            ProverError::Sequence(error) => error,
            other => panic!("expected a refusal of the sequence, got {other}"),
        }
    };
    let swapped = refused(&[second.clone(), first.clone()]);
    assert_eq!(swapped, SequenceError::Number { expected: 6, got: 4 });
    let mut later = second.clone();
    later.number = 6;
    assert_eq!(refused(&[first.clone(), later]), SequenceError::Number { expected: 5, got: 6 });
    let mut foreign = second;
    foreign.witness.environment.domain = Word::new([4; 31]);
    let foreign = refused(&[first, foreign]);
    assert!(matches!(foreign, SequenceError::Domain { batch: 5, .. }), "{foreign}");
    assert_eq!(refused(&[]), SequenceError::Empty);
}

#[test]
#[ignore = "makes real proofs"]
fn cancelled_work_ends_after_the_task_that_it_is_at() {
    let jobs = two_batches();
    let listener = Listener { cancel_after: Some(TaskKind::ChunkLeaf), ..Listener::default() };
    let error = listener.prove(&jobs).unwrap_err();
    assert!(matches!(error, ProverError::Cancelled) && error.is_transient(), "{error}");
    assert_eq!(listener.tasks(), [(TaskKind::ChunkLeaf, 2)]);
}

/// A witness whose first slot claims other work than its batch does: the batches follow each other, and no proof comes of it.
#[test]
#[ignore = "makes real proofs"]
fn a_false_witness_in_the_second_batch_gives_no_proof() {
    let mut jobs = two_batches();
    jobs[1].witness.slots.swap(0, 1);
    let error = Listener::default().prove(&jobs).unwrap_err();
    assert!(!error.is_transient(), "{error}");
}
