use cairn_types::{PriorityOperation, PublicKey, Word};
use proptest::prelude::*;

use super::*;
use crate::node::dev::genesis::funded;

fn key(n: u64) -> PublicKey {
    PublicKey::new([n, 2, 3, 4, 5]).unwrap()
}

/// Two tokens and `users` leaves, through the priority operations that make them.
fn state(users: u64) -> State {
    let register = |token| PriorityOperation::RegisterToken {
        token,
        quantum_exponent: 10,
        key: key(900 + u64::from(token)),
    };
    let deposit = |n: u64| PriorityOperation::Deposit {
        leaf: u32::MAX,
        token: (n % 2) as u16,
        amount: (n + 1) << (n % 50),
        key: key(n + 1),
    };
    let operations = [register(0), register(1)].into_iter().chain((0..users).map(deposit));
    let words: Vec<_> = operations.flat_map(|operation| operation.words().unwrap()).collect();
    let mut state = State::genesis();
    state.replay(&Word::default(), &words, &[]).unwrap();
    state
}

fn snapshot(users: u64) -> Snapshot {
    Snapshot { chain_id: 31_337, rollup: Address::repeat_byte(7), batch: 3, state: state(users) }
}

fn bytes(users: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    snapshot(users).encode(&mut bytes).unwrap();
    bytes
}

/// The file with a checksum that fits whatever was done to it.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    use sha2::Digest;
    bytes.truncate(bytes.len() - 32);
    let checksum = sha2::Sha256::digest(&bytes);
    bytes.extend(checksum);
    bytes
}

/// Where the leaves begin.
const LEAVES: usize = 86;

#[test]
fn a_state_comes_back() {
    for users in [0, 1, 300] {
        let mut written = snapshot(users);
        let mut read = Snapshot::decode(&bytes(users)[..]).unwrap();
        assert_eq!((read.chain_id, read.rollup, read.batch), (31_337, Address::repeat_byte(7), 3));
        assert_eq!(read.commitment(), written.commitment());
        assert!(read.state.accounts().eq(written.state.accounts()));
        assert_eq!(read.state.accounts().count() as u64, users + 2);
    }
    let genesis = Snapshot { state: State::genesis(), ..snapshot(0) };
    let mut bytes = Vec::new();
    genesis.clone().encode(&mut bytes).unwrap();
    assert_eq!(bytes.len(), LEAVES + 32);
    assert_eq!(
        Snapshot::decode(&bytes[..]).unwrap().commitment(),
        State::genesis().summary().commitment()
    );
}

/// A development rollup's accounts have money of a token that L1 registers later.
#[test]
fn a_published_ledger_may_have_leaves_before_there_are_tokens() {
    let ledger = Snapshot { batch: 0, state: funded(3), ..snapshot(0) };
    let mut bytes = Vec::new();
    ledger.clone().encode(&mut bytes).unwrap();
    let read = Snapshot::decode(&bytes[..]).unwrap();
    assert_eq!(read.state.next_token(), 0);
    assert!(read.state.accounts().eq(ledger.state.accounts()));
}

#[test]
fn a_file_is_read_whole_or_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.snapshot");
    snapshot(5).write(&path).unwrap();
    let read = Snapshot::read(&path).unwrap();
    read.check_rollup(31_337, Address::repeat_byte(7)).unwrap();
    for (chain, rollup) in [(1, Address::repeat_byte(7)), (31_337, Address::ZERO)] {
        let error = read.check_rollup(chain, rollup).unwrap_err();
        assert!(matches!(error, SnapshotError::OtherRollup { .. }));
    }
    std::fs::write(&path, b"hello").unwrap();
    let error = Snapshot::read(&path).unwrap_err().to_string();
    assert!(error.contains("state.snapshot: the file is cut off at byte 0"), "{error}");
    assert!(matches!(Snapshot::read(folder.path()), Err(SnapshotError::Malformed { .. })));
    let absent = Snapshot::read(&folder.path().join("none"));
    assert!(matches!(absent, Err(SnapshotError::File { .. })));
}

#[test]
fn every_cut_and_every_extra_byte_is_refused() {
    let bytes = bytes(3);
    for length in 0..bytes.len() {
        assert!(matches!(Snapshot::decode(&bytes[..length]), Err(Fault::CutOff { .. })));
    }
    let longer = [&bytes[..], &[0]].concat();
    assert!(matches!(Snapshot::decode(&longer[..]), Err(Fault::Trailing { .. })));
}

/// The commitment, not the checksum, is what a forger meets.
#[test]
fn every_changed_byte_is_refused_with_the_old_checksum_and_with_a_new_one() {
    let good = bytes(3);
    let state = 42..74;
    for position in 0..good.len() {
        let mut bytes = good.clone();
        bytes[position] ^= 1;
        assert!(Snapshot::decode(&bytes[..]).is_err(), "byte {position}");
        // Chain, rollup and number are compared with L1's by the reader: nothing in the file knows them.
        let named = (10..42).contains(&position);
        if position < good.len() - 32 {
            let decoded = Snapshot::decode(&sealed(bytes)[..]);
            assert_eq!(decoded.is_ok(), named, "byte {position}");
            if state.contains(&position) {
                assert!(matches!(decoded, Err(Fault::Commitment { .. })));
            }
        }
    }
}

#[test]
fn leaves_that_no_state_has_are_named() {
    let refused = |position: usize, value: &[u8]| {
        let mut bytes = bytes(1);
        bytes.splice(position..position + value.len(), value.iter().copied());
        Snapshot::decode(&sealed(bytes)[..]).unwrap_err().to_string()
    };
    assert_eq!(refused(LEAVES, &[0; 40]), "leaf 0: it is empty");
    assert_eq!(refused(LEAVES, &[0xff; 8]), "leaf 0: its key is not canonical");
    assert_eq!(refused(LEAVES + 40, &[1]), "leaf 0: a fee account has the token of its id");
    assert_eq!(refused(LEAVES + 40, &[0x80, 0]), "byte 128: token out of range");
    assert_eq!(refused(74, &[0; 8]), "byte 82: next id out of range");
    assert_eq!(refused(82, &[1, 0, 0, 0]), "byte 86: next token out of range");
    assert_eq!(refused(8, &[0, 2]), "version 2, expected 1");
    assert_eq!(refused(0, &[0]), "this is no snapshot");
}

/// A header may claim `2^32` leaves; the bytes end long before.
#[test]
fn a_claim_of_leaves_takes_no_memory() {
    let mut bytes = bytes(1);
    bytes.splice(74..82, (1u64 << 32).to_be_bytes());
    assert!(Snapshot::decode(&sealed(bytes)[..]).is_err());
}

proptest! {
    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300), keep in 0usize..130) {
        let mut bytes = bytes(2);
        bytes.truncate(keep);
        bytes.extend(tail);
        let _ = Snapshot::decode(&bytes[..]);
    }
}
