//! The exit against its native twin, and a prover who tries to leave with what is not theirs.

use std::sync::LazyLock;

use cairn_primitives::schnorr::SecretKey;
use cairn_primitives::{Digest as NativeDigest, F as NativeF, Tag, compress, hash};
use cairn_state::{Environment, State, apply, root_from_path, sign_exit};
use cairn_types::{
    Account, AccountId, Digest, KIND_BATCHES, MODULUS, Operation, PriorityOperation, PublicKey,
    SealStatement, Signature, Word, exit_message,
};
use plonky2::field::types::PrimeField64;

use super::witness::EntryValues;
use super::{CAPACITY, ExitCircuit, ExitError, ExitWitness, LeafExit};
use crate::circuit_set::{CircuitSet, Family, Role, Size};
use crate::proving::prove;
use crate::recursion::{RecursionError, Wrapper};
use crate::seal::root_digest;
use crate::shrink::Shrink;
use crate::statement::Statement;

static EXIT: LazyLock<ExitCircuit> = LazyLock::new(|| ExitCircuit::build(2));

const DOMAIN: Word = Word::new([0xd5; 31]);
const ALICE: AccountId = 1 << 16;
const BOB: AccountId = ALICE + 1;
const NOBODY: AccountId = BOB + 1;

fn secret(id: AccountId) -> SecretKey {
    SecretKey::from_seed(&[id as u8 + 1; 32])
}

fn recipient(id: AccountId) -> [u8; 20] {
    std::array::from_fn(|i| 0xf0 ^ id as u8 ^ i as u8)
}

/// Two tokens; Alice has 500 quanta of token 1, Bob nearly as much of token 0 as a leaf can hold.
fn state() -> State {
    let mut state = State::genesis();
    let environment = Environment { domain: DOMAIN, timestamp: 1 };
    let mut priority = |operation| {
        apply(&mut state, &Operation::Priority(operation), &environment).unwrap();
    };
    for token in 0..2 {
        let key = secret(token.into()).public().into();
        priority(PriorityOperation::RegisterToken { token, quantum_exponent: 9, key });
    }
    for (owner, token, amount) in [(ALICE, 1, 500), (BOB, 0, (1 << 62) - 1)] {
        let key = secret(owner).public().into();
        priority(PriorityOperation::Deposit { leaf: owner, token, amount, key });
    }
    let key = secret(BOB).public().into();
    priority(PriorityOperation::Deposit { leaf: BOB, token: 0, amount: (1 << 62) - 1, key });
    state
}

fn sign(signer: AccountId, leaf: AccountId) -> Signature {
    sign_exit(&secret(signer), &DOMAIN, leaf, &recipient(leaf))
}

fn witness(ids: &[AccountId]) -> ExitWitness {
    let mut state = state();
    let leaves = ids.iter().map(|&id| LeafExit {
        id,
        account: state.account(id),
        siblings: state.siblings(id),
        recipient: recipient(id),
        signature: sign(id, id),
    });
    let leaves = leaves.collect();
    ExitWitness { domain: DOMAIN, state: state.summary(), leaves }
}

/// Entries for Alice and Bob.
fn values(witness: &ExitWitness) -> [EntryValues; 2] {
    [0, 1].map(|i| EntryValues::from(&witness.leaves[i]))
}

const ROOT: Digest = Digest::ZERO;

/// Whether the circuit, not its native check, accepts the entries.
fn accepts(witness: &ExitWitness, entries: &[EntryValues]) -> bool {
    let inputs = EXIT.target.assign_values(ROOT, witness, entries).unwrap();
    prove(&EXIT.circuit, inputs).is_ok()
}

/// Whether it accepts the entries of Alice and Bob after a change of one of them.
fn accepts_altered(entry: usize, alter: impl Fn(&mut EntryValues)) -> bool {
    let witness = witness(&[ALICE, BOB]);
    let mut entries = values(&witness);
    alter(&mut entries[entry]);
    accepts(&witness, &entries)
}

/// As above, of a witness that is changed.
fn accepts_witness(alter: impl Fn(&mut ExitWitness)) -> bool {
    let mut witness = witness(&[ALICE, BOB]);
    alter(&mut witness);
    accepts(&witness, &values(&witness))
}

#[test]
fn proves_the_native_statement() {
    // Two leaves, a fee leaf and a leaf, and one that fills the list.
    for ids in [&[ALICE, BOB][..], &[1, BOB], &[ALICE]] {
        let witness = witness(ids);
        let (statement, proof) = EXIT.prove(ROOT, &witness).unwrap();
        assert_eq!(statement, witness.statement(ROOT, 2));
        assert_eq!(proof.public_inputs, Statement::from(&statement).digest());
    }
    let alone = witness(&[ALICE]).entries(3);
    assert!(alone.len() == 3 && alone.iter().all(|entry| *entry == alone[0]));
    assert_eq!(witness(&[ALICE, BOB]).entries(3)[2], witness(&[BOB]).entries(1)[0]);
}

#[test]
fn leaf_is_the_one_of_this_id_in_this_state() {
    assert!(accepts_altered(0, |_| {}));
    for entry in [0, 1] {
        for level in [0, 16, 31] {
            let altered = accepts_altered(entry, |e| e.siblings[level] = [1, 2, 3, 4]);
            assert!(!altered, "sibling {level} of entry {entry}");
        }
        let id = accepts_altered(entry, |e| e.halves[1] ^= 1);
        assert!(!id, "id of entry {entry}");
        assert!(!accepts_altered(entry, |e| e.nonce += 1), "nonce of entry {entry}");
        assert!(!accepts_altered(entry, |e| e.halves[2] ^= 1), "token of entry {entry}");
        assert!(!accepts_altered(entry, |e| e.halves[6] ^= 1), "balance of entry {entry}");
    }
    assert!(!accepts_witness(|w| w.state.root = Digest::new([1, 2, 3, 4]).unwrap()), "root");
    let other = {
        let mut state = state();
        let key = secret(NOBODY).public().into();
        let deposit = PriorityOperation::Deposit { leaf: NOBODY, token: 0, amount: 1, key };
        let environment = Environment { domain: DOMAIN, timestamp: 1 };
        apply(&mut state, &Operation::Priority(deposit), &environment).unwrap();
        state.summary()
    };
    assert!(!accepts_witness(|w| w.state = other), "a later state");
}

/// The counters are in no path: they make another state, which L1 does not have.
#[test]
fn other_counters_are_another_statement() {
    let honest = witness(&[ALICE, BOB]);
    for alter in
        [|w: &mut ExitWitness| w.state.next_id += 1, |w: &mut ExitWitness| w.state.next_token += 1]
    {
        let mut altered = honest.clone();
        alter(&mut altered);
        let (statement, _) = EXIT.prove(ROOT, &altered).unwrap();
        assert_ne!(statement.from, honest.statement(ROOT, 2).from);
        assert_eq!(statement.to, honest.statement(ROOT, 2).to);
    }
}

#[test]
fn every_field_has_one_encoding() {
    // The same id, in halves that are none; then 2^32 above it, with its bits.
    let shifted = |e: &mut EntryValues| {
        e.halves[0] -= 1;
        e.halves[1] += 1 << 16;
    };
    let wrapped = |e: &mut EntryValues| e.halves[0] += 1 << 16;
    // The same balance modulo p: for Alice all but 2^64 quanta instead of 500.
    let large = |e: &mut EntryValues| {
        let balance = MODULUS + 500;
        for (half, i) in e.halves[3..7].iter_mut().zip((0..4).rev()) {
            *half = balance >> (16 * i) & 0xffff;
        }
    };
    assert!(!accepts_altered(0, shifted), "halves of an id");
    assert!(!accepts_altered(1, wrapped), "id + 2^32");
    assert!(!accepts_altered(0, large), "balance + p");
    // Sums that stay the same, of halves that are none: in the second entry they share a word of the list.
    let carried = |from: usize| {
        accepts_altered(1, |e| {
            e.halves[from] -= 1;
            e.halves[from + 1] += 1 << 16;
        })
    };
    assert!(!carried(5), "halves of a balance");
    assert!(!carried(7), "halves of a recipient");
}

/// No leaf has flags. If one had, its token's element could carry into the id beside it, and L1 would
/// let another leaf go.
#[test]
fn a_leaf_with_flags_stays() {
    let mut witness = witness(&[ALICE, BOB]);
    let mut elements = witness.leaves[1].account.to_elements().map(NativeF::new);
    elements[5] += NativeF::new(1 << 16);
    let [a, b, c, d, e, f, g, h] = elements;
    let flagged = compress(&NativeDigest([a, b, c, d]), &NativeDigest([e, f, g, h]));
    // Alice and Bob are neighbours.
    witness.leaves[0].siblings[0] = flagged.into();
    let LeafExit { id, account, siblings, .. } = witness.leaves[0];
    witness.state.root = root_from_path(id, &account, &siblings);
    let mut entries = values(&witness);
    assert!(accepts(&witness, &[entries[0].clone(), entries[0].clone()]));
    entries[1].halves[2] += 1 << 16;
    assert!(!accepts(&witness, &entries));
}

#[test]
fn key_has_signed_rollup_leaf_and_recipient() {
    assert!(!accepts_altered(0, |e| e.halves[16] ^= 1), "another recipient");
    let thief = [7; 20];
    let signature = sign_exit(&secret(BOB), &DOMAIN, ALICE, &thief);
    assert!(
        !accepts_witness(|w| w.leaves[0].signature = signature),
        "signed for a third recipient"
    );
    assert!(
        !accepts_witness(|w| w.leaves[0].signature = sign(BOB, ALICE)),
        "signed by another key"
    );
    // Bob signs for Alice's leaf, and says that the leaf is his.
    let key = secret(BOB).public().into();
    let stolen = |w: &mut ExitWitness| {
        w.leaves[0].signature = sign(BOB, ALICE);
        w.leaves[0].account.key = key;
    };
    assert!(!accepts_witness(stolen), "another leaf's key");
    assert!(
        !accepts_witness(|w| w.leaves[0].signature = sign(ALICE, BOB)),
        "signed for another leaf"
    );
    assert!(!accepts_witness(|w| w.domain = Word::new([1; 31])), "another rollup");

    // The same elements signed as a transaction's message, or as an exit of another kind.
    let message = exit_message(&DOMAIN, ALICE, &recipient(ALICE)).map(NativeF::new);
    let mut kind = message;
    kind[4] = NativeF::new(KIND_BATCHES.into());
    for digest in [hash(Tag::SignedOperation, &message), hash(Tag::ExitMessage, &kind)] {
        let signature = secret(ALICE).sign(&digest).into();
        assert!(!accepts_witness(|w| w.leaves[0].signature = signature), "another message");
    }
}

#[test]
fn empty_leaves_and_keys_that_are_none_stay() {
    let empty = witness(&[NOBODY, BOB]);
    assert!(empty.leaves[0].account == Account::EMPTY);
    assert!(!accepts(&empty, &values(&empty)));
    let error = EXIT.prove(ROOT, &empty).unwrap_err();
    assert!(matches!(error, ExitError::Empty { leaf: NOBODY }));

    // A deposit may name a key that encodes no point; then no signature holds.
    let mut state = state();
    let key = PublicKey::new([u64::MAX << 32, 3 << 62, 1 << 61, 0, 1]).unwrap();
    let deposit = PriorityOperation::Deposit { leaf: 0, token: 0, amount: 9, key };
    let environment = Environment { domain: DOMAIN, timestamp: 1 };
    apply(&mut state, &Operation::Priority(deposit), &environment).unwrap();
    let mut witness = witness(&[NOBODY]);
    witness.state = state.summary();
    witness.leaves[0].account = state.account(NOBODY);
    witness.leaves[0].siblings = state.siblings(NOBODY);
    let entry = EntryValues::from(&witness.leaves[0]);
    assert!(!accepts(&witness, &[entry.clone(), entry]));
    let error = EXIT.prove(ROOT, &witness).unwrap_err();
    assert!(matches!(error, ExitError::Signature { leaf: NOBODY }));
}

#[test]
fn refusals_name_the_leaf() {
    let refusal = |alter: fn(&mut ExitWitness)| {
        let mut witness = witness(&[ALICE, BOB]);
        alter(&mut witness);
        EXIT.prove(ROOT, &witness).unwrap_err()
    };
    let leaves = refusal(|w| w.leaves.clear());
    assert!(matches!(leaves, ExitError::Leaves { expected: 2, got: 0 }));
    let leaves = refusal(|w| w.leaves.push(w.leaves[0]));
    assert!(matches!(leaves, ExitError::Leaves { expected: 2, got: 3 }));
    let path = refusal(|w| w.leaves[1].account.balance += 1);
    assert!(matches!(path, ExitError::Path { leaf: BOB, .. }));
    let signature = refusal(|w| w.leaves[1].recipient[0] ^= 1);
    assert!(matches!(signature, ExitError::Signature { leaf: BOB }));
}

/// The layers above take an exit as they take a batch, and know it from one.
#[test]
fn an_exit_becomes_the_public_input_of_its_kind() {
    let wrapper = Wrapper::new(Family::Chain, Size::Medium, &EXIT.circuit.verifier_data());
    let role = Role::Wrapper(Family::Chain, Size::Medium);
    let set = CircuitSet::new(vec![(role, wrapper.key().clone())]);
    let (statement, proof) = EXIT.prove(root_digest(&set), &witness(&[ALICE, BOB])).unwrap();
    let proven = wrapper.prove((&statement).into(), &proof).unwrap();

    let shrink = Shrink::build();
    let shrunk = shrink.prove(&set, &statement, &proven).unwrap();
    let public: Vec<_> = shrunk.public_inputs.iter().map(|x| x.to_canonical_u64()).collect();
    assert_eq!(public, statement.public_input_parts());

    let batches = SealStatement { kind: KIND_BATCHES, ..statement };
    assert_ne!(batches.public_input(), statement.public_input());
    let error = shrink.prove(&set, &batches, &proven).unwrap_err();
    assert!(matches!(error, RecursionError::Statement));
    let inputs = shrink.assign(&set, &batches, &proven).unwrap();
    assert!(prove(&shrink.circuit, inputs).is_err(), "the circuit says that this is no batch");
}

#[test]
fn a_full_list_fills_its_rows() {
    assert_eq!(ExitCircuit::build(CAPACITY).circuit.common.degree_bits(), 13);
}
