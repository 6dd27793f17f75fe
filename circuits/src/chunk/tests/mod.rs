//! Chunks of a small class, proven in full.

use super::*;
use cairn_primitives::schnorr::SecretKey;
use cairn_state::{BatchBuilder, BatchWitness, Fault, State, sign};
use cairn_types::{
    AccountId, Authorization, Digest, ForcedTransaction, Operation, PriorityOperation, PublicKey,
    SignedTransaction, Transaction, Word,
};

const ENVIRONMENT: Environment = Environment { domain: Word::new([7; 31]), timestamp: 1000 };
const ALICE: AccountId = 1 << 16;
const BOB: AccountId = ALICE + 1;

const CLASS: Class =
    Class { name: "test", operations: 3, signatures: 3, tree: 7, sponge: 5, compressions: 4 };

/// One circuit for all tests. Soundness of FRI is not what is tested here.
fn circuit() -> &'static ChunkCircuit {
    static CIRCUIT: std::sync::OnceLock<ChunkCircuit> = std::sync::OnceLock::new();
    CIRCUIT.get_or_init(|| {
        let mut config = LEAF.circuit_config();
        config.security_bits = 0;
        config.fri_config.proof_of_work_bits = 1;
        config.fri_config.num_query_rounds = 2;
        let parameters = Parameters {
            log_final_poly_len: 1,
            queries: 2,
            query_pow_bits: 1,
            lookup_pow_bits: 1,
            batch_pow_bits: 1,
            ..RATE_HALF
        };
        ChunkCircuit::with_config(config, CLASS, parameters, &Build).unwrap()
    })
}

/// With two queries, both layers are: the STARK is seen first.
#[test]
fn a_weak_chunk_would_not_be_built() {
    let weak = circuit().require().unwrap_err();
    assert_eq!(weak.layer, "chunk, test");
    assert!(weak.got < weak.expected as f64, "{weak}");
}

fn root() -> Digest {
    Digest::new([1, 2, 3, 4]).unwrap()
}

/// A token, two deposits, then six transfers in three words.
fn batch() -> BatchWitness {
    let secret = |id: AccountId| SecretKey::from_seed(&id.to_le_bytes());
    let key = |id: AccountId| PublicKey::from(secret(id).public());
    let mut batch = BatchBuilder::new(State::genesis(), ENVIRONMENT);
    let deposit = |id| PriorityOperation::Deposit { leaf: 0, token: 0, amount: 1000, key: key(id) };
    let register = PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key(0) };
    for operation in [register, deposit(ALICE), deposit(BOB)] {
        batch.push(Operation::Priority(operation)).unwrap();
    }
    for i in 0..6 {
        let (from, to) = if i % 2 == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
        let authorization = Authorization {
            domain: ENVIRONMENT.domain,
            token: 0,
            nonce: batch.state().account(from).nonce,
            expiry: 0,
            recipient: key(to),
        };
        let transfer = Transaction::Transfer { from, to, amount: 10 + i, fee: 1 };
        batch.push(Operation::Signed(sign(&secret(from), transfer, authorization))).unwrap();
    }
    batch.finish().1
}

/// Two chunks, cut between words.
fn chunks() -> [ChunkWitness; 2] {
    ChunkWitness::cut(&batch(), &[0..5, 5..9], root()).unwrap().try_into().unwrap()
}

/// A batch as one chunk.
fn whole(batch: &BatchWitness) -> ChunkWitness {
    let all = 0..batch.slots.len();
    ChunkWitness::cut(batch, std::slice::from_ref(&all), root()).unwrap().remove(0)
}

#[test]
fn chunks_join_and_prove_their_statements() {
    let batch = batch();
    let [left, right] = chunks();
    assert_eq!(left.statement().before, batch.before.chunk_state());
    assert_eq!(left.statement().after, right.statement().before);
    assert_eq!(right.statement().after, batch.after.chunk_state());
    for chunk in [left, right] {
        let proof = circuit().prove(&chunk).unwrap();
        assert_eq!(proof.public_inputs, chunk.public_inputs());
    }
}

/// A forced transaction that holds, and the same signature under another's leaf.
#[test]
fn forced_transactions_prove_either_way() {
    let secret = |id: AccountId| SecretKey::from_seed(&id.to_le_bytes());
    let key = |id: AccountId| PublicKey::from(secret(id).public());
    let mut batch = BatchBuilder::new(State::genesis(), ENVIRONMENT);
    let deposit = |id| PriorityOperation::Deposit { leaf: 0, token: 0, amount: 1000, key: key(id) };
    let register = PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key(0) };
    for operation in [register, deposit(ALICE), deposit(BOB)] {
        batch.push(Operation::Priority(operation)).unwrap();
    }
    let recipient = key(BOB);
    let authorization =
        Authorization { domain: ENVIRONMENT.domain, token: 0, nonce: 0, expiry: 0, recipient };
    let transfer = |from| Transaction::Transfer { from, to: BOB, amount: 1000, fee: 0 };
    let signed = sign(&secret(ALICE), transfer(ALICE), authorization);
    let stolen = SignedTransaction { transaction: transfer(BOB), ..signed };
    let faults = [signed, stolen].map(|signed| {
        let forced = ForcedTransaction::new(&signed, ENVIRONMENT.timestamp);
        batch.push(Operation::Priority(PriorityOperation::Forced(forced))).unwrap().fault
    });
    assert_eq!(faults, [None, Some(Fault::Signature)]);
    let batch = batch.finish().1;
    assert_eq!(batch.priority.len(), 16);
    let chunk = whole(&batch);
    let proof = circuit().prove(&chunk).unwrap();
    assert_eq!(proof.public_inputs, chunk.public_inputs());
}

#[test]
fn an_empty_chunk_proves() {
    let batch = BatchBuilder::new(State::genesis(), ENVIRONMENT).finish().1;
    circuit().prove(&whole(&batch)).unwrap();
}

#[test]
fn too_many_operations_are_refused() {
    let batch = batch();
    assert!(matches!(
        circuit().prove(&whole(&batch)),
        Err(ChunkError::Leaf(LeafError::TooManyRows(_)))
    ));
}
