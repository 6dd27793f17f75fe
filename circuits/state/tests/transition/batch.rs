//! Batches: words, streams, witness, and the way back.

use cairn_state::{
    BatchBuilder, BatchWitness, DataForm, PartialTree, ReplayError, Running, SlotWitness, State,
    absorb, absorb_evaluated, evaluate,
};
use cairn_types::{
    BlobScalar, DataItem, DataLocation, Digest, EvaluatedStream, Extension, Malformed, Operation,
    Stream, Streams, Transaction, Withdrawal, Word,
};

use crate::world::*;

const SHORT: Transaction = Transaction::Transfer { from: ALICE, to: BOB, amount: 100, fee: 3 };
/// The fee has no packed form.
const LONG: Transaction = Transaction::Transfer { from: BOB, to: ALICE, amount: 1, fee: 2_049 };

/// From genesis: five priority operations, then short, short, short, change, short, long.
fn batch() -> (State, BatchWitness) {
    let mut batch = BatchBuilder::new(State::genesis(), ENVIRONMENT);
    for operation in genesis_operations() {
        batch.push(operation).unwrap();
    }
    batch.push(Operation::Priority(deposit(BOB, 0, 10_000, BOB_KEY))).unwrap();
    push_signed(&mut batch, SHORT, ALICE_KEY).unwrap();
    push_signed(&mut batch, SHORT, ALICE_KEY).unwrap();
    push_signed(&mut batch, SHORT, ALICE_KEY).unwrap();
    let change = Transaction::ChangeKey { from: ALICE, key: key(9), fee: 3 };
    push_signed(&mut batch, change, ALICE_KEY).unwrap();
    push_signed(&mut batch, SHORT, 9).unwrap();
    push_signed(&mut batch, LONG, BOB_KEY).unwrap();
    let to_new = Transaction::TransferToNew { from: BOB_1, key: key(9), amount: 1, fee: 1 };
    push_signed(&mut batch, to_new, BOB_KEY).unwrap();
    let withdraw = Transaction::Withdraw { from: BOB, recipient: [7; 20], amount: 50, fee: 1 };
    push_signed(&mut batch, withdraw, BOB_KEY).unwrap();
    push_signed(&mut batch, SHORT, 9).unwrap();
    assert_eq!(batch.data_words(), 11);
    batch.finish()
}

#[test]
fn short_transfers_share_words() {
    let (_, witness) = batch();
    use DataForm::*;
    let forms: Vec<_> = witness.slots.iter().map(|slot| slot.form).collect();
    let mut expected = vec![Absent; 6];
    expected.extend([PairFirst, PairSecond, Single, Long, Single, Long, Long, Long, Single]);
    assert_eq!(forms, expected);
    let transactions = witness.slots.iter().filter_map(|slot| match slot.operation {
        Operation::Signed(signed) => Some(signed.transaction),
        Operation::Priority(_) => None,
    });
    let items = DataItem::group(transactions);
    let words: Vec<_> = items.iter().flat_map(|item| item.words().unwrap()).collect();
    assert_eq!(witness.data, words);
    assert_eq!(witness.priority.len(), 12);
    let owed = Withdrawal { token: 0, recipient: [7; 20], amount: 50 };
    assert_eq!(Withdrawal::decode_stream(&witness.withdrawals), Ok(vec![owed]));
}

/// The root after a slot, whose leaves must be in the tree as it says.
fn root_after(slot: &SlotWitness, tree: &mut PartialTree) -> Digest {
    assert_eq!(tree.root(), slot.before.state.root);
    for leaf in slot.accesses() {
        assert_eq!(tree.get(leaf.id).unwrap(), leaf.before);
        tree.set(leaf.id, leaf.after).unwrap();
    }
    tree.root()
}

#[test]
fn slots_lead_from_start_to_end() {
    let (mut state, witness) = batch();
    let mut running = witness.before;
    assert_eq!(running, Running { state: State::genesis().summary(), streams: Streams::default() });
    let mut tree = PartialTree::new(&witness.opening).unwrap();
    for slot in &witness.slots {
        assert_eq!(slot.before, running);
        assert_eq!(root_after(slot, &mut tree), slot.after.state.root);
        running = slot.after;
    }
    assert_eq!(running, witness.after);
    assert_eq!(running.state, state.summary());

    let chain = |words: &[Word]| words.iter().fold(Stream::default(), |s, word| absorb(&s, word));
    let Streams { data, priority, withdrawal } = running.streams;
    assert_eq!(data, chain(&witness.data));
    assert_eq!(priority, chain(&witness.priority));
    assert_eq!(withdrawal, chain(&witness.withdrawals));
    // A word is appended where the form says so.
    let counts = witness
        .slots
        .iter()
        .map(|slot| slot.after.streams.data.count - slot.before.streams.data.count);
    let expected = [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 1, 1, 2, 2, 1];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
}

#[test]
fn witness_survives_its_container() {
    let (_, witness) = batch();
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&witness, config).unwrap();
    let (decoded, length): (BatchWitness, _) =
        bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!((decoded, length), (witness, bytes.len()));
}

#[test]
fn words_rebuild_the_state_from_genesis() {
    let (mut state, witness) = batch();
    let mut rebuilt = State::genesis();
    rebuilt.replay(&ENVIRONMENT.domain, &witness.priority, &witness.data).unwrap();
    assert_eq!(rebuilt.summary(), state.summary());
    assert_eq!(leaves(&rebuilt), leaves(&state));
}

#[test]
fn words_of_no_batch_change_nothing() {
    let (_, witness) = batch();
    let mut state = State::genesis();
    let before = state.summary();
    let mut replay = |priority: &[Word], data: &[Word]| {
        let error = state.replay(&ENVIRONMENT.domain, priority, data).unwrap_err();
        assert_eq!(state.summary(), before);
        error
    };
    let truncated = replay(&witness.priority[..11], &witness.data);
    assert!(matches!(
        truncated,
        ReplayError::Priority(error) if matches!(error.reason, Malformed::Truncated { .. })
    ));
    // A padding word.
    let mut padded = witness.data.clone();
    padded.push(Word::default());
    assert!(matches!(
        replay(&witness.priority, &padded),
        ReplayError::Data(error) if error.position == 11
    ));
    // The deposits are missing: the first transfer has no payer.
    let missing = replay(&witness.priority[..4], &witness.data);
    assert!(matches!(missing, ReplayError::Refused { position: 2, .. }));
}

/// `GF(p)[X] / (X^2 - 7)` with integers.
fn multiply(a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
    let p = u128::from(cairn_types::MODULUS);
    let [a0, a1] = a.map(u128::from);
    let [b0, b1] = b.map(u128::from);
    let product = |x: u128, y: u128| x * y % p;
    let constant = (product(a0, b0) + 7 * product(a1, b1)) % p;
    let linear = (product(a0, b1) + product(a1, b0)) % p;
    [constant as u64, linear as u64]
}

#[test]
fn evaluation_is_horner_over_all_limbs() {
    let (_, witness) = batch();
    let x = Extension::new([0x0123_4567_89ab_cdef, cairn_types::MODULUS - 2]).unwrap();
    let mut y = [0, 0];
    for limb in witness.data.iter().flat_map(Word::limbs) {
        let [y0, y1] = multiply(y, x.coordinates());
        let sum = (u128::from(y0) + u128::from(limb)) % u128::from(cairn_types::MODULUS);
        y = [sum as u64, y1];
    }
    let evaluated = evaluate(&witness.data, x);
    assert_eq!(evaluated.y.coordinates(), y);
    assert_eq!(evaluated.stream, witness.after.streams.data);
    // In two parts.
    let (first, second) = witness.data.split_at(4);
    let joined = second.iter().fold(evaluate(first, x), |s, word| absorb_evaluated(&s, x, word));
    assert_eq!(joined, evaluated);
    assert_eq!(evaluate(&[], x), EvaluatedStream::default());
}

#[test]
fn header_holds_what_the_batch_did() {
    let (mut state, witness) = batch();
    let header = witness.header(1, &DataLocation::Calldata);
    assert_eq!(header.state_before, State::genesis().summary().commitment());
    assert_eq!(header.state_after, state.summary().commitment());
    assert_eq!(header.streams.data, evaluate(&witness.data, header.x));
    assert_eq!(header.streams.priority, evaluate(&witness.priority, header.x));
    assert_eq!(header.streams.withdrawal, evaluate(&witness.withdrawals, header.x));
    assert_ne!(witness.header(2, &DataLocation::Calldata).x, header.x);
    assert_eq!((header.z, header.streams.blob), (BlobScalar::ZERO, BlobScalar::ZERO));

    // In blobs, the data has a value at z and none at x.
    let in_blobs = witness.header(1, &DataLocation::Blobs(vec![[1; 32]]));
    assert_ne!(in_blobs.x, header.x);
    assert_ne!(in_blobs.z, BlobScalar::ZERO);
    let value = cairn_primitives::blob::evaluate(BlobScalar::ZERO, &witness.data, in_blobs.z);
    assert_eq!(in_blobs.streams.blob, value);
    assert_eq!(in_blobs.streams.data.y, Extension::ZERO);
    assert_eq!(in_blobs.streams.data.stream, header.streams.data.stream);
    assert_eq!(in_blobs.streams.priority, evaluate(&witness.priority, in_blobs.x));
}

#[test]
fn a_builder_leaves_the_original_state_alone() {
    let mut original = world();
    let before = (original.summary(), leaves(&original));
    let mut batch = BatchBuilder::new(original.clone(), ENVIRONMENT);
    push_signed(&mut batch, SHORT, ALICE_KEY).unwrap();
    let (mut state, _) = batch.finish();
    assert_ne!(state.summary(), before.0);
    assert_eq!((original.summary(), leaves(&original)), before);
}

#[test]
fn an_empty_batch_is_empty() {
    let (mut state, witness) = BatchBuilder::new(world(), ENVIRONMENT).finish();
    assert_eq!(witness.before, witness.after);
    assert_eq!(witness.after.state, state.summary());
}

#[test]
fn state_commitment_binds_all_three() {
    let summary = world().summary();
    let mut others = [summary; 3];
    others[0].root = Digest::ZERO;
    others[1].next_id += 1;
    others[2].next_token += 1;
    assert!(others.iter().all(|other| other.commitment() != summary.commitment()));
}
