//! Circuit and reference transition function accept the same, with the same outcome.

use super::*;
use crate::chunk::{ChunkError, ChunkWitness};
use crate::operation::OperandValues;
use cairn_state::{BatchBuilder, BatchWitness, DataForm, Environment, State, apply};
use cairn_types::{
    Authorization, Digest, Operation, PriorityOperation, PublicKey, SignedTransaction, Transaction,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use world::{TIMESTAMP, secret};

/// Leaves that operations name; the last does not exist at first.
const IDS: [u32; 5] = [0, ALICE, BOB, CAROL, NEXT_ID];

fn environment() -> Environment {
    Environment { domain: World::new().domain, timestamp: TIMESTAMP }
}

fn public(id: u32) -> PublicKey {
    secret(id).public().into()
}

fn register(token: u16) -> Operation {
    let key = public(token.into());
    Operation::Priority(PriorityOperation::RegisterToken { token, quantum_exponent: 3, key })
}

fn deposit(leaf: u32, token: u16, owner: u32) -> Operation {
    let (amount, key) = (1_000_000_000_000, public(owner));
    Operation::Priority(PriorityOperation::Deposit { leaf, token, amount, key })
}

/// Two tokens; Alice and Bob have token 0, Carol token 1. Each key is that of the id.
fn genesis() -> Vec<Operation> {
    vec![
        register(0),
        register(1),
        deposit(ALICE, 0, ALICE),
        deposit(ALICE, 0, BOB),
        deposit(ALICE, 1, CAROL),
    ]
}

/// An operation, often one that is refused.
fn random_operation(rng: &mut ChaCha8Rng, state: &State) -> Operation {
    let mut id = || *IDS.choose(rng).unwrap();
    let (from, to, named) = (id(), id(), id());
    let payer = state.account(from);
    let payee = state.account(to);
    let amount = match rng.random_range(0..8) {
        0 => payer.balance,
        1 => payer.balance + 1,
        2 => (1 << 62) - 1,
        3 => rng.random_range(0..1 << 62),
        4 => 0,
        _ => rng.random_range(0..1000) * 10u64.pow(rng.random_range(0..6)),
    };
    let fee =
        if rng.random_bool(0.2) { rng.random_range(2048..5000) } else { rng.random_range(0..2048) };
    let key = if rng.random_bool(0.1) { PublicKey::ZERO } else { public(named) };
    let transaction = match rng.random_range(0..8) {
        0 => return register(rng.random_range(0..4)),
        1 => return deposit(to, rng.random_range(0..3), named),
        2 => Transaction::TransferToNew { from, key, amount, fee },
        3 => Transaction::Withdraw { from, recipient: rng.random(), amount, fee },
        4 => Transaction::ChangeKey { from, key, fee },
        _ => Transaction::Transfer { from, to, amount, fee },
    };
    let recipient = match transaction {
        Transaction::Transfer { .. } => payee.key,
        _ => PublicKey::ZERO,
    };
    let mut authorization = Authorization {
        domain: environment().domain,
        token: payer.token,
        nonce: payer.nonce,
        expiry: 0,
        recipient,
    };
    match rng.random_range(0..12) {
        0 => authorization.nonce = payer.nonce.wrapping_sub(1),
        1 => authorization.token ^= 1,
        2 => authorization.expiry = TIMESTAMP - 1,
        3 => authorization.expiry = TIMESTAMP,
        4 if recipient != PublicKey::ZERO => authorization.recipient = public(named),
        _ => {}
    }
    let mut signed =
        SignedTransaction { transaction, authorization, signature: Default::default() };
    let digest = cairn_state::message_digest(&signed.transaction, &signed.authorization);
    let signer = if rng.random_bool(0.1) { to } else { from };
    signed.signature = secret(signer).sign(&digest).into();
    Operation::Signed(signed)
}

/// A batch of what `count` random operations leave after refusals.
fn random_batch(seed: u64, count: usize) -> BatchWitness {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut batch = BatchBuilder::new(State::genesis(), environment());
    for operation in genesis() {
        batch.push(operation).unwrap();
    }
    for _ in 0..count {
        let operation = random_operation(&mut rng, batch.state());
        let _refused = batch.push(operation);
    }
    batch.finish().1
}

fn chunks(batch: &BatchWitness) -> Vec<ChunkWitness> {
    let root = Digest::new([4, 3, 2, 1]).unwrap();
    let ranges = batch.chunks(SLOTS);
    ranges.into_iter().map(|range| ChunkWitness::new(batch, range, root)).collect()
}

/// The verdict of the native function.
fn accepts(state: &State, operation: &Operation) -> bool {
    apply(&mut state.clone(), operation, &environment()).is_ok()
}

/// The form that the data has if the operation stands alone.
fn form(operation: &Operation) -> DataForm {
    match operation {
        Operation::Priority(_) => DataForm::Absent,
        Operation::Signed(signed) => match cairn_types::ShortTransfer::new(&signed.transaction) {
            Some(Ok(_)) => DataForm::Single,
            _ => DataForm::Long,
        },
    }
}

/// A world with the accounts of a state.
fn world_of(state: &State) -> World {
    let mut world = World::new();
    for id in IDS {
        world.tree.set(id, state.account(id).to_elements().map(element));
    }
    world.next_id = state.next_id();
    world.next_token = state.next_token();
    world
}

fn funded() -> State {
    let mut state = State::genesis();
    for operation in genesis() {
        apply(&mut state, &operation, &environment()).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3) })]

    /// The public inputs are those of the native statement: `prove` compares them.
    #[test]
    fn native_batches_prove(seed: u64) {
        for chunk in chunks(&random_batch(seed, 12)) {
            let proof = circuit().prove(&chunk);
            prop_assert!(proof.is_ok(), "{:?}", proof.err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// An operation proves iff the native function accepts it, whatever the prover does.
    #[test]
    fn circuit_accepts_what_the_native_function_accepts(seed: u64) {
        let state = funded();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let operation = random_operation(&mut rng, &state);
        let mut operand = OperandValues::new(&operation, form(&operation));
        let mut world = world_of(&state);
        if operand.kind == Kind::TransferToNew {
            operand.payee = element(world.next_id);
        }
        if let Operation::Priority(PriorityOperation::Deposit { leaf, token, key, .. }) = operation {
            let named = state.account(leaf);
            let matches = (named.key, named.token) == (key, token);
            operand.payee = if matches { operand.payer } else { element(world.next_id) };
        }
        let (before, chunk) = (world.running(), world.environment());
        let signature = match &operation {
            Operation::Priority(_) => Default::default(),
            Operation::Signed(signed) => signed.signature,
        };
        let slot = with_hints(world.execute_with(operand, signature));
        prop_assert_eq!(
            proves(&chunk, &before, &[slot]),
            accepts(&state, &operation),
            "{:?}", operation
        );
    }
}

#[test]
fn empty_chunk_proves() {
    let batch = BatchBuilder::new(State::genesis(), environment()).finish().1;
    let chunk = ChunkWitness::new(&batch, 0..0, Digest::ZERO);
    circuit().prove(&chunk).unwrap();
}

#[test]
fn too_many_operations_are_refused() {
    let batch = random_batch(0, 0);
    let chunk = ChunkWitness::new(&batch, 0..SLOTS + 1, Digest::ZERO);
    let error = circuit().prove(&chunk).unwrap_err();
    assert!(
        matches!(error, ChunkError::TooManyOperations { expected: SLOTS, got } if got == SLOTS + 1)
    );
}

/// A word that is forged, missing or extra gives another statement, which the proof does not prove.
#[test]
fn other_words_are_another_statement() {
    let batch = random_batch(3, 12);
    let chunk = chunks(&batch).pop().unwrap();
    let proof = circuit().prove(&chunk).unwrap();
    let changes: [fn(&mut cairn_types::Streams); 4] = [
        |streams| streams.data = cairn_state::absorb(&streams.data, &Default::default()),
        |streams| streams.data.count -= 1,
        |streams| streams.priority.digest = Digest::new([1; 4]).unwrap(),
        |streams| streams.withdrawal.count += 1,
    ];
    for change in changes {
        let mut forged = chunk.clone();
        change(&mut forged.slots.last_mut().unwrap().after.streams);
        assert!(matches!(circuit().prove(&forged), Err(ChunkError::Disagreement { .. })));
        let mut proof = proof.clone();
        proof.public_inputs = forged.public_inputs().to_vec();
        assert!(circuit().circuit.verify(proof).is_err());
    }
}
