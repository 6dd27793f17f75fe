//! Whole chunks: every kind of operation through all tables, proven and verified.

use cairn_leaf::chunk::{ChunkTraces, Leaf};
use cairn_leaf::class::{Class, RowCounter};
use cairn_primitives::F;
use cairn_primitives::ecgfp5::Point;
use cairn_primitives::schnorr::{SecretKey, start};
use cairn_stark::check::check;
use cairn_stark::config::{Parameters, RATE_HALF};
use cairn_stark::native::Table;
use cairn_stark::native::{decode, encode};
use cairn_state::{BatchBuilder, BatchWitness, Environment, Fault, PartialTree, State, sign};
use cairn_types::{
    AccountId, Authorization, ForcedTransaction, Operation, PriorityOperation, PublicKey,
    Signature, SignedTransaction, Transaction, Word,
};
use p3_field::PrimeCharacteristicRing;

const ENVIRONMENT: Environment = Environment { domain: Word::new([7; 31]), timestamp: 1000 };
const ALICE: AccountId = 1 << 16;
const BOB: AccountId = ALICE + 1;

const CLASS: Class =
    Class { name: "test", operations: 5, signatures: 4, tree: 8, sponge: 7, compressions: 6 };

/// Soundness of FRI is not what is tested here.
const PARAMETERS: Parameters = Parameters {
    log_final_poly_len: 1,
    queries: 2,
    query_pow_bits: 1,
    lookup_pow_bits: 1,
    batch_pow_bits: 1,
    ..RATE_HALF
};

fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(name.as_bytes())
}

fn key(name: &str) -> PublicKey {
    secret(name).public().into()
}

/// Queued in the second of the batch.
fn forced(signed: SignedTransaction) -> Operation {
    Operation::Priority(PriorityOperation::Forced(ForcedTransaction::new(&signed, 1000)))
}

/// As in `signature::tests::verdicts`.
const SPARSE: [u64; 5] = [
    2354520244592272600,
    384174483711099073,
    5541959701387386633,
    1819896351089169748,
    15247222680208197131,
];

/// A forced transaction that holds, and one for each way to show that one does not.
fn force(batch: &mut BatchBuilder) {
    // Keys that encode no point, a point that the first addition of the loop meets, and one for which the product of
    // the differences in the loop's first row is 7 z^4.
    let undecodable = [
        135036726621282077,
        17283229938160287622,
        13113167081889323961,
        1653240450380825271,
        520025869628727862,
    ];
    let quadruple = Point::from(*start()).double().double();
    let met = cairn_primitives::schnorr::PublicKey(quadruple.encode());
    let [undecodable, sparse] = [undecodable, SPARSE].map(|key| PublicKey::new(key).unwrap());
    let [keyless, meeting, sparse] = [undecodable, met.into(), sparse].map(|key| {
        let id = batch.state().next_id() as u32;
        let deposit = PriorityOperation::Deposit { leaf: 0, token: 0, amount: 100, key };
        batch.push(Operation::Priority(deposit)).unwrap();
        id
    });
    let signature = Signature::new([0, 1 << 62], [3, 0, 0, 0, 0]).unwrap();
    let transfer = |from| Transaction::Transfer { from, to: BOB, amount: 3, fee: 2 };
    let authorization = Authorization {
        domain: ENVIRONMENT.domain,
        token: 0,
        nonce: 0,
        expiry: 1000,
        recipient: key("bob"),
    };
    let valid = sign(&secret("alice"), transfer(ALICE), authorization);
    let mut push = |signed| batch.push(forced(signed)).unwrap().fault;
    assert_eq!(push(valid), None);
    assert_eq!(push(valid), Some(Fault::Nonce));
    let unsigned = |from| SignedTransaction { transaction: transfer(from), signature, ..valid };
    assert_eq!(push(unsigned(BOB)), Some(Fault::Signature));
    assert_eq!(push(unsigned(meeting)), Some(Fault::Signature));
    assert_eq!(push(unsigned(sparse)), Some(Fault::Signature));
    assert_eq!(push(unsigned(keyless)), Some(Fault::Key));
    let mut stranger = valid;
    stranger.authorization.recipient = key("carol");
    assert_eq!(
        push(SignedTransaction { transaction: transfer(BOB), ..stranger }),
        Some(Fault::Payee)
    );
}

/// One of each kind, short transfers alone and in pairs.
fn batch() -> BatchWitness {
    let mut batch = BatchBuilder::new(State::genesis(), ENVIRONMENT);
    let deposit =
        |name, amount| PriorityOperation::Deposit { leaf: ALICE, token: 0, amount, key: key(name) };
    let register =
        PriorityOperation::RegisterToken { token: 0, quantum_exponent: 9, key: key("operator") };
    for operation in [register, deposit("alice", 1 << 40), deposit("bob", 5), deposit("alice", 1)] {
        batch.push(Operation::Priority(operation)).unwrap();
    }
    force(&mut batch);
    let mut push = |name: &str, transaction: Transaction, expiry| {
        let payer = batch.state().account(transaction.from());
        let recipient = match transaction {
            Transaction::Transfer { to, .. } => batch.state().account(to).key,
            _ => PublicKey::ZERO,
        };
        let authorization = Authorization {
            domain: ENVIRONMENT.domain,
            token: payer.token,
            nonce: payer.nonce,
            expiry,
            recipient,
        };
        let signed = sign(&secret(name), transaction, authorization);
        batch.push(Operation::Signed(signed)).unwrap();
    };
    let transfer = |from, to, amount| Transaction::Transfer { from, to, amount, fee: 2 };
    push("alice", transfer(ALICE, BOB, 1_000_000), 0);
    push("bob", transfer(BOB, BOB, 7), 1000);
    push("bob", transfer(BOB, 0, 8), 0);
    push("alice", transfer(ALICE, BOB, (1 << 36) + 1), 0);
    push("operator", transfer(0, ALICE, 1), 0);
    push("alice", Transaction::ChangeKey { from: ALICE, key: key("carol"), fee: 3 }, 0);
    let to_new = Transaction::TransferToNew { from: ALICE, key: key("bob"), amount: 9, fee: 0 };
    push("carol", to_new, 2000);
    let withdraw = Transaction::Withdraw { from: BOB, recipient: [9; 20], amount: 99, fee: 1 };
    push("bob", withdraw, 0);
    batch.finish().1
}

fn fill(batch: &BatchWitness) -> ChunkTraces {
    let tree = PartialTree::new(&batch.opening).unwrap();
    ChunkTraces::fill(&CLASS, &ENVIRONMENT, &batch.before, &batch.slots, tree).unwrap()
}

#[test]
fn every_kind_of_operation_proves() {
    let batch = batch();
    let mut counter = RowCounter::default();
    batch.slots.iter().for_each(|slot| counter.push(slot));
    assert!(CLASS.holds(&counter.rows()), "{:?}", counter.rows());

    let chunk = fill(&batch);
    check(&CLASS.airs(), &chunk.traces, &chunk.public_values).unwrap();
    let leaf = Leaf::new(CLASS, PARAMETERS).unwrap();
    let proof = leaf.prove(&chunk).unwrap();
    for table in 0..chunk.public_values.len() {
        for value in 0..chunk.public_values[table].len() {
            let mut public_values = chunk.public_values.clone();
            public_values[table][value] += F::ONE;
            assert!(leaf.verify(&proof, &public_values).is_err(), "table {table}, value {value}");
        }
    }
}

/// What used to be committed beforehand is the prover's to fill now: proofs of other numbers, schedules, entries and
/// ranges do not verify.
#[test]
fn other_constants_do_not_prove() {
    let batch = batch();
    let leaf = Leaf::new(CLASS, PARAMETERS).unwrap();
    let names: Vec<_> = leaf.airs().iter().map(Table::name).collect();
    let known = [
        ("signatures", 0..1),
        // Number, sends, part, is_last.
        ("steps", 70..74),
        ("fixed base", 1..15),
        ("range", 0..1),
    ];
    for (table, columns) in known {
        let table = names.iter().position(|name| *name == table).unwrap();
        for column in [columns.start, columns.end - 1] {
            let mut chunk = fill(&batch);
            let trace = &mut chunk.traces[table];
            let last_row = trace.values.len() - trace.width;
            trace.values[last_row + column] += F::ONE;
            assert!(leaf.prove(&chunk).is_err(), "{}, column {column}", names[table]);
        }
    }
}

/// A proof of [`batch`], as [`encode`] writes it. It changes with the tables, the parameters and the proof system;
/// `UPDATE_FIXTURES=1 cargo test --release -p cairn-leaf --test chunk` writes it.
const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/leaf_proof.bin");

#[test]
fn a_stored_proof_verifies_and_no_bit_of_it_is_free() {
    let chunk = fill(&batch());
    let leaf = Leaf::new(CLASS, PARAMETERS).unwrap();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(STORED, encode(&leaf.prove(&chunk).unwrap()).unwrap()).unwrap();
    }
    let bytes = std::fs::read(STORED).unwrap();
    let proof = decode(&bytes).expect("the encoding has not changed");
    leaf.verify(&proof, &chunk.public_values).expect("tables and proof system have not changed");
    assert_eq!(encode(&proof).unwrap(), bytes);

    let verifies = |bytes: &[u8]| {
        decode(bytes).is_ok_and(|proof| leaf.verify(&proof, &chunk.public_values).is_ok())
    };
    // A prime step, so that all kinds of bytes have their turn.
    for place in (0..bytes.len()).step_by(1009) {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(!verifies(&changed), "byte {place} of {}", bytes.len());
    }
    assert!(!verifies(&bytes[..bytes.len() / 2]));
}
