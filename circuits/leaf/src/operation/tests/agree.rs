//! Table and reference transition function accept the same, with the same outcome.

use std::collections::BTreeMap;

use super::super::values::leaf;
use super::super::{OperationAir, fill};
use super::judge::{Leaves, judge};
use super::world::{TIMESTAMP, domain, environment, secret};
use super::*;
use crate::bus::{ABSORB, COMPRESS, RANGE, SIGNED, SIGNED_FIELDS, SQUEEZE};
use crate::requests::{LeafHistory, Requests, SpongeRequest};
use crate::testing::Table;
use cairn_primitives::schnorr::{PublicKey as Key, Signature, verify};
use cairn_state::{BatchBuilder, BatchWitness, DataForm, State, apply};
use cairn_types::{
    Authorization, ForcedTransaction, Operation, PriorityOperation, PublicKey, ShortTransfer,
    SignedTransaction, Transaction,
};
use p3_field::PrimeField64;
use proptest::prelude::*;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Leaves that operations name; the last does not exist at first.
const IDS: [u32; 5] = [0, ALICE as u32, BOB as u32, CAROL as u32, NEXT_ID as u32];

fn public(id: u32) -> PublicKey {
    secret(id.into()).public().into()
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
fn genesis() -> [Operation; 5] {
    let [_, alice, bob, carol, _] = IDS;
    [
        register(0),
        register(1),
        deposit(alice, 0, alice),
        deposit(alice, 0, bob),
        deposit(alice, 1, carol),
    ]
}

/// An operation, often one that is refused; forced or as data.
fn random_operation(rng: &mut ChaCha8Rng, state: &State, forced: bool) -> Operation {
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
        domain: domain(),
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
    let signer = if rng.random_bool(0.1) { to } else { from };
    let message = cairn_state::message_digest(&transaction, &authorization);
    let signature = secret(signer.into()).sign(&message).into();
    let mut signed = SignedTransaction { transaction, authorization, signature };
    if !forced {
        return Operation::Signed(signed);
    }
    if rng.random_bool(0.1) {
        let mut bytes = signed.signature.to_bytes();
        bytes[rng.random_range(0..56)] ^= 1 << rng.random_range(0..8);
        if let Ok(changed) = cairn_types::Signature::from_bytes(&bytes) {
            signed.signature = changed;
        }
    }
    let enqueued = TIMESTAMP + rng.random_range(0..2);
    Operation::Priority(PriorityOperation::Forced(ForcedTransaction::new(&signed, enqueued)))
}

/// A batch of what `count` random operations leave after refusals.
fn random_batch(seed: u64, count: usize) -> (State, BatchWitness) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut batch = BatchBuilder::new(State::genesis(), environment());
    for operation in genesis() {
        batch.push(operation).unwrap();
    }
    // Forced ones first, as no priority operation comes after data.
    for i in 0..count {
        let operation = random_operation(&mut rng, batch.state(), 3 * i < count);
        let _refused = batch.push(operation);
    }
    batch.finish()
}

fn funded() -> State {
    let mut state = State::genesis();
    for operation in genesis() {
        apply(&mut state, &operation, &environment()).unwrap();
    }
    state
}

fn leaves(state: &State) -> Leaves {
    let accounts = (0..4).chain(IDS).chain(NEXT_ID as u32..NEXT_ID as u32 + 40);
    let leaves = accounts.map(|id| (u64::from(id), leaf(&state.account(id))));
    leaves.filter(|(_, leaf)| *leaf != [F::ZERO; 8]).collect()
}

/// The form that the data has if the operation stands alone.
fn form(operation: &Operation) -> DataForm {
    match operation {
        Operation::Priority(_) => DataForm::Absent,
        Operation::Signed(signed) => match ShortTransfer::new(&signed.transaction) {
            Some(Ok(_)) => DataForm::Single,
            _ => DataForm::Long,
        },
    }
}

/// Queries by bus and the fields that the asker knows.
fn asked(requests: &Requests) -> BTreeMap<(String, Vec<u64>), u64> {
    let mut asked = BTreeMap::new();
    let mut add = |bus: &str, fields: &[F], count: u64| {
        let fields = fields.iter().map(|field| field.as_canonical_u64()).collect();
        *asked.entry((bus.to_owned(), fields)).or_default() += count;
    };
    for (value, &count) in requests.range.iter().enumerate().filter(|(_, count)| **count > 0) {
        add(RANGE.name(), &[F::from_usize(value)], count.into());
    }
    requests.compressions.iter().for_each(|input| add(COMPRESS.name(), input, 1));
    for request in &requests.sponge {
        match request {
            SpongeRequest::Absorb(state) => add(ABSORB.name(), state, 1),
            SpongeRequest::Squeeze(state) => add(SQUEEZE.name(), state, 1),
        }
    }
    for signed in &requests.signatures {
        let valid = verify(&signed.key, &signed.message, &signed.signature);
        assert!(valid || signed.judged);
        let mut fields = [&signed.key.0[..], &signed.message.0].concat();
        if signed.judged {
            let e = signed.signature.e.map(|element| element.as_canonical_u64());
            let limbs = e.into_iter().chain(signed.signature.s);
            let halves = limbs.flat_map(|limb| [limb & 0xffff_ffff, limb >> 32]);
            fields.extend(halves.map(F::from_u64).chain([F::ONE, F::from_bool(!valid)]));
        } else {
            fields.resize(SIGNED_FIELDS, F::ZERO);
        }
        add(SIGNED.name(), &fields, 1);
    }
    asked
}

/// What the constraints ask, in the same form.
fn asked_by(table: &Table<OperationAir>) -> BTreeMap<(String, Vec<u64>), u64> {
    let mut asked = BTreeMap::new();
    for (bus, fields, count) in table.messages().iter() {
        let known = match bus {
            "compress" => 8,
            "absorb" | "squeeze" => 12,
            "memory" => continue,
            _ => fields.len(),
        };
        *asked.entry((bus.to_owned(), fields[..known].to_vec())).or_default() +=
            count.as_canonical_u64();
    }
    asked
}

fn check_history(histories: &[LeafHistory], before: &Leaves, after: &Leaves) {
    assert!(histories.windows(2).all(|pair| pair[0].id < pair[1].id));
    let found = |leaves: &Leaves, id: u32| leaves.get(&id.into()).copied().unwrap_or_default();
    for history in histories {
        assert_eq!(leaf(&history.before), found(before, history.id));
        assert_eq!(leaf(&history.after), found(after, history.id));
        assert!(history.last_time > 0);
    }
    let changed = after.iter().filter(|(id, leaf)| before.get(id) != Some(leaf));
    let ids: Vec<u64> = histories.iter().map(|history| history.id.into()).collect();
    changed.for_each(|(id, _)| assert!(ids.contains(id)));
}

/// So many cases, or as many as `PROPTEST_CASES` says: a long run asks for thousands.
fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    let cases = asked.unwrap_or(default);
    ProptestConfig { failure_persistence: None, cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn native_batches_prove(seed: u64, cut in 0..12usize) {
        let (state, batch) = random_batch(seed, 40);
        // Two chunks, so that a table starts in the middle of a batch, too.
        let (genesis, funded) = (leaves(&State::genesis()), leaves(&state));
        let mut before = genesis.clone();
        let mut running = batch.before;
        // A pair of short transfers is never cut.
        let cut = batch.slots.len().min(12 + cut) - 1;
        let pair = batch.slots[cut].form == DataForm::PairFirst;
        let (left, right) = batch.slots.split_at(cut + 1 + usize::from(pair));
        for slots in [left, right] {
            let trace = fill(&environment(), &running, slots, 128).unwrap();
            running = slots.last().map_or(running, |slot| slot.after);
            let end = super::super::trace::start(&environment(), &running).running;
            let table = Table::new(OperationAir, trace.rows, trace.public_values.clone());
            let signatures = trace.requests.signatures.iter().filter(|signed| !signed.judged);
            let signed: Vec<_> = signatures.map(|s| (s.key.0, s.message.0)).collect();
            let mut after = judge(&table, &before, &signed).unwrap();
            check_history(&trace.leaves, &before, &after);
            after.retain(|_, leaf| *leaf != [F::ZERO; 8]); // that a forced transaction has read
            prop_assert_eq!(asked(&trace.requests), asked_by(&table));
            let public = super::super::trace::public_values(
                &super::super::trace::start(&environment(), &running),
                &end,
            );
            prop_assert_eq!(&trace.public_values[22..], &public[22..]);
            before = after;
        }
        prop_assert_eq!(before, funded);
        prop_assert_eq!(running, batch.after);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// An operation proves iff the native function accepts it, whatever the prover does.
    #[test]
    fn table_accepts_what_the_native_function_accepts(seed: u64) {
        let mut state = funded();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let operation = random_operation(&mut rng, &state, false);
        let mut world = World::with(leaves(&state), state.next_id(), state.next_token());
        if let Operation::Signed(signed) = &operation {
            let key: Key = state.account(signed.transaction.from()).key.into();
            let message =
                cairn_state::message_digest(&signed.transaction, &signed.authorization);
            let signature: Signature = signed.signature.into();
            if verify(&key, &message, &signature) {
                world.signed.push((key.0, message.0));
            }
        }
        world.push(OperandValues::new(&operation, form(&operation)), |_| {}, |_| {});
        let outcome = judge(&world.table(), &world.leaves_before, &world.signed);
        let accepted = apply(&mut state, &operation, &environment());
        prop_assert_eq!(outcome.is_ok(), accepted.is_ok(), "{:?} {:?}", operation, outcome);
        if let Ok(after) = outcome {
            prop_assert_eq!(after, leaves(&state));
        }
    }
}

#[test]
fn too_many_operations_are_refused() {
    let (_, batch) = random_batch(0, 0);
    let refused = fill(&environment(), &batch.before, &batch.slots, 4);
    assert_eq!((refused.unwrap_err().expected, batch.slots.len()), (4, 5));
}
