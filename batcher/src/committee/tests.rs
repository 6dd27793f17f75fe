use alloy::{
    primitives::{Address, B256, Signature, U256},
    signers::local::PrivateKeySigner,
};
use cairn_types::{WORD_BYTES, Word};

use super::*;

const ROLLUP: Address = Address::repeat_byte(0x11);

fn words(n: u8) -> Vec<Word> {
    (1..=n).map(|byte| Word::new([byte; WORD_BYTES])).collect()
}

fn statement(words: &[Word]) -> Statement {
    Statement::of(31_337, ROLLUP, 7, words)
}

/// Members in ascending order, each with a folder of its own.
fn members(folder: &tempfile::TempDir) -> Vec<Member> {
    let member = |n: u8| {
        let signer = PrivateKeySigner::from_slice(&[n; 32]).unwrap();
        Member::new(signer, Store::new(folder.path().join(n.to_string())))
    };
    let mut members: Vec<_> = (1..=4).map(member).collect();
    members.sort_by_key(Member::address);
    members
}

#[test]
fn a_member_keeps_what_it_signs_for() {
    let folder = tempfile::tempdir().unwrap();
    let member = &members(&folder)[0];
    let (words, statement) = (words(3), statement(&words(3)));
    let signature = member.sign(&statement, &words).unwrap();
    let signer = signature.recover_address_from_prehash(&statement.signing_hash());
    assert_eq!(signer.unwrap(), member.address());
    let path = member.store().path(statement.digest);
    assert_eq!(read(&path, statement.digest, 3).unwrap().unwrap(), words);
    // Of no words there is an empty file.
    let nothing = super::Statement::of(31_337, ROLLUP, 8, &[]);
    assert_eq!((nothing.digest, nothing.count), (B256::ZERO, 0));
    member.sign(&nothing, &[]).unwrap();
}

#[test]
fn a_member_refuses_what_it_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let member = &members(&folder)[0];
    let right = statement(&words(3));
    for (wrong, given) in [
        (Statement { digest: B256::repeat_byte(1), ..right }, words(3)),
        (Statement { count: 4, ..right }, words(3)),
        (right, words(2)),
        (right, Vec::new()),
    ] {
        let error = member.sign(&wrong, &given).unwrap_err();
        assert!(matches!(error, CommitteeError::Words { batch: 7, .. }), "{error}");
        assert!(error.to_string().ends_with("; nothing is signed"), "{error}");
        assert!(!member.store().path(wrong.digest).exists());
    }
    // Where nothing can be kept, nothing is signed.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let signer = PrivateKeySigner::from_slice(&[9; 32]).unwrap();
    let error = Member::new(signer, Store::new(&file)).sign(&right, &words(3)).unwrap_err();
    assert!(matches!(error, CommitteeError::File { .. }), "{error}");
}

#[test]
fn files_of_other_words_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let Statement { digest, count, .. } = statement(&words(3));
    store.keep(digest, &words(3)).unwrap();
    let path = store.path(digest);
    let read = |count| read(&path, digest, count).unwrap();
    assert!(read(count).is_ok());
    assert_eq!(read(2), Err(OtherWords::Length { expected: 62, got: 93 }));
    assert_eq!(read(u32::MAX), Err(OtherWords::TooMany { got: u32::MAX }));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(read(count), Err(OtherWords::Digest { expected, .. }) if expected == digest));
    assert_eq!(
        super::read(&store.path(B256::ZERO), digest, 3).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn signatures_are_put_in_the_contracts_order() {
    let folder = tempfile::tempdir().unwrap();
    let members = members(&folder);
    let committee = Committee::new(members[..3].iter().map(Member::address), 2).unwrap();
    let (words, statement) = (words(3), statement(&words(3)));
    let sign = |n: usize| members[n].sign(&statement, &words).unwrap();
    let expected = [sign(0), sign(2)].map(|signature| signature.as_bytes()).concat();
    // Whatever the order, and whatever comes besides: one twice, a stranger's, one of something else, one of nobody.
    let other = Statement { number: 8, ..statement };
    let besides = [sign(2), sign(3), members[1].sign(&other, &words).unwrap()];
    let nobody = Signature::new(U256::ZERO, U256::ZERO, false);
    let all = [nobody, sign(2)].into_iter().chain(besides).chain([sign(0)]);
    assert_eq!(committee.collect(&statement, all).unwrap(), expected);
    // No more than it takes; the higher form of a signature becomes the lower.
    let high = sign(0);
    // The order of secp256k1 (SEC 2).
    let order = U256::from_str_radix(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        16,
    )
    .unwrap();
    let high = Signature::new(high.r(), order - high.s(), !high.v());
    let collected = committee.collect(&statement, [sign(2), sign(1), high]).unwrap();
    assert_eq!(collected, [sign(0), sign(1)].map(|signature| signature.as_bytes()).concat());

    let error = committee.collect(&statement, [sign(1), sign(1), sign(3)]).unwrap_err();
    let CommitteeError::TooFew { expected: 2, got: 1, strangers } = &error else {
        panic!("{error}")
    };
    assert_eq!(*strangers, [members[3].address()]);
    assert!(error.to_string().contains(&members[3].address().to_string()), "{error}");
    for threshold in [0, 4] {
        let refused = Committee::new(members[..3].iter().map(Member::address), threshold);
        assert!(matches!(refused, Err(CommitteeError::Threshold { members: 3, .. })));
    }
}
