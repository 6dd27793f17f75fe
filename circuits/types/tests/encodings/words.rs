//! Every encoding is a round trip, and every change of it is refused or is another encoding.

use crate::strategies;
use cairn_types::{
    DataItem, DecodeError, EncodeError, ForcedTransaction, Malformed, PackError, PriorityOperation,
    PublicKey, Signature, Transaction, Withdrawal, Word, WordError, word_tag,
};
use proptest::prelude::*;

fn data_words(items: &[DataItem]) -> Vec<Word> {
    items.iter().flat_map(|item| item.words().unwrap()).collect()
}

fn priority_words(operations: &[PriorityOperation]) -> Vec<Word> {
    operations.iter().flat_map(|operation| operation.words().unwrap()).collect()
}

fn withdrawal_words(withdrawals: &[Withdrawal]) -> Vec<Word> {
    withdrawals.iter().map(|withdrawal| withdrawal.word().unwrap()).collect()
}

/// A change of one bit, or of one byte to any value.
fn mutate(words: &mut [Word], at: prop::sample::Index, byte: u8, bit: Option<u8>) {
    let at = at.index(words.len() * 31);
    let mut bytes = words[at / 31].bytes();
    bytes[at % 31] = bit.map_or(byte, |bit| bytes[at % 31] ^ 1 << bit);
    words[at / 31] = Word::new(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn limbs_are_a_round_trip(bytes: [u8; 31]) {
        let limbs = Word::new(bytes).limbs();
        prop_assert_eq!(Word::from_limbs(limbs), Ok(Word::new(bytes)));
        // The definition, bit by bit.
        let bit = |i: usize| u64::from(bytes[30 - i / 8] >> (i % 8) & 1);
        for (l, limb) in limbs.into_iter().enumerate() {
            let expected = (0..62).map(|i| bit((3 - l) * 62 + i) << i).sum::<u64>();
            prop_assert_eq!(limb, expected);
        }
    }

    #[test]
    fn data_is_a_round_trip(transactions in prop::collection::vec(strategies::transaction(), 0..12)) {
        let items = DataItem::group(transactions.iter().copied());
        let words = data_words(&items);
        prop_assert_eq!(DataItem::decode_stream(&words), Ok(items.clone()));
        prop_assert_eq!(items.iter().flat_map(DataItem::transactions).collect::<Vec<_>>(), transactions);
    }

    #[test]
    fn mutated_data_is_refused_or_canonical(
        transactions in prop::collection::vec(strategies::transaction(), 1..4),
        at: prop::sample::Index, byte: u8, bit in prop::option::of(0..8u8),
    ) {
        let mut words = data_words(&DataItem::group(transactions));
        mutate(&mut words, at, byte, bit);
        if let Ok(items) = DataItem::decode_stream(&words) {
            prop_assert_eq!(data_words(&items), words);
        }
    }

    #[test]
    fn arbitrary_words_are_refused_or_canonical(
        words in prop::collection::vec((any::<[u8; 31]>(), 0..13usize), 0..6),
    ) {
        use word_tag::*;
        let tags = [PAIR, SINGLE, TRANSFER, TRANSFER_TO_NEW, WITHDRAW, CHANGE_KEY, REGISTER_TOKEN,
            DEPOSIT, FORCED, WITHDRAWAL];
        let words: Vec<_> = words.into_iter().map(|(mut bytes, tag)| {
            if let Some(tag) = tags.get(tag) { bytes[0] = *tag }
            Word::new(bytes)
        }).collect();
        if let Ok(items) = DataItem::decode_stream(&words) {
            prop_assert_eq!(data_words(&items), words.clone());
        }
        if let Ok(operations) = PriorityOperation::decode_stream(&words) {
            prop_assert_eq!(priority_words(&operations), words.clone());
        }
        if let Ok(withdrawals) = Withdrawal::decode_stream(&words) {
            prop_assert_eq!(withdrawal_words(&withdrawals), words);
        }
    }

    #[test]
    fn priority_is_a_round_trip(
        operations in prop::collection::vec(strategies::priority_operation(), 1..6),
        at: prop::sample::Index, byte: u8, bit in prop::option::of(0..8u8),
    ) {
        let mut words = priority_words(&operations);
        prop_assert_eq!(PriorityOperation::decode_stream(&words), Ok(operations));
        mutate(&mut words, at, byte, bit);
        if let Ok(operations) = PriorityOperation::decode_stream(&words) {
            prop_assert_eq!(priority_words(&operations), words);
        }
    }

    #[test]
    fn withdrawal_is_a_round_trip(
        token: u16, recipient: [u8; 20], amount in strategies::amount(),
        at: prop::sample::Index, byte: u8, bit in prop::option::of(0..8u8),
    ) {
        let withdrawal = Withdrawal { token, recipient, amount };
        let mut words = withdrawal_words(&[withdrawal]);
        prop_assert_eq!(Withdrawal::decode_stream(&words), Ok(vec![withdrawal]));
        mutate(&mut words, at, byte, bit);
        if let Ok(withdrawals) = Withdrawal::decode_stream(&words) {
            prop_assert_eq!(withdrawal_words(&withdrawals), words);
        }
    }
}

fn key() -> PublicKey {
    PublicKey::new([1, 2 << 62 | 2, 3, 4, 3 << 62 | 5]).unwrap()
}

const TRANSFER: Transaction =
    Transaction::Transfer { from: 7, to: 8, amount: 90_000_000_000_000, fee: 100 };

/// Decodes the words of `transaction` with one limb changed.
fn with_limb(
    transaction: Transaction,
    word: usize,
    limb: usize,
    change: impl Fn(u64) -> u64,
) -> Malformed {
    let mut words = DataItem::Long(transaction).words().unwrap();
    let mut limbs = words[word].limbs();
    limbs[limb] = change(limbs[limb]);
    words[word] = Word::from_limbs(limbs).unwrap();
    DataItem::decode_stream(&words).unwrap_err().reason
}

#[test]
fn fields_stand_where_the_spec_says() {
    let recipient = core::array::from_fn(|i| i as u8 + 1);
    let to_new = Transaction::TransferToNew { from: 9, key: key(), amount: 11, fee: 12 };
    let limbs = |t| DataItem::Long(t).words().unwrap().iter().map(Word::limbs).collect::<Vec<_>>();
    assert_eq!(limbs(TRANSFER), [[0x10 << 54 | 7, 8, 90_000_000_000_000, 100]]);
    // High bits 0, 2, 0, 0, 3.
    let head = 0x11 << 54 | 0b00_10_00_00_11 << 32 | 9;
    assert_eq!(limbs(to_new), [[head, 1, 11, 12], [2, 3, 4, 5]]);
    let withdraw = Transaction::Withdraw { from: 9, recipient, amount: 11, fee: 12 };
    let mask = (1 << 62) - 1;
    let high = 0x01_0203_0405 >> 4;
    let middle = (0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10_u128 >> 30) as u64 & mask;
    let low = 0x0d0e_0f10_1112_1314 & mask;
    assert_eq!(limbs(withdraw), [[0x12 << 54 | 9, high, 11, 12], [middle, low, 0, 0]]);
    let change = Transaction::ChangeKey { from: 9, key: key(), fee: 12 };
    assert_eq!(limbs(change), [[head + (2 << 54), 1, 0, 12], [2, 3, 4, 5]]);

    let deposit = PriorityOperation::Deposit { leaf: 9, token: 6, amount: 11, key: key() };
    let limbs = |operation: PriorityOperation| {
        operation.words().unwrap().iter().map(Word::limbs).collect::<Vec<_>>()
    };
    let words = limbs(deposit);
    assert_eq!(words, [[head + (0x10 << 54), 1, 6, 11], [2, 3, 4, 5]]);
    let register = PriorityOperation::RegisterToken { token: 9, quantum_exponent: 10, key: key() };
    let words = limbs(register);
    assert_eq!(words, [[head + (0x0f << 54), 1, 10, 0], [2, 3, 4, 5]]);
    // High bits of the challenge 2, 1, of the response 3, 1, 0, 0, 1.
    let signature = Signature::new(
        [2 << 62 | 21, 1 << 62 | 22],
        [3 << 62 | 31, 1 << 62 | 32, 33, 34, 1 << 62 | 35],
    );
    let forced = ForcedTransaction {
        transaction: TRANSFER,
        token: 6,
        nonce: 13,
        expiry: 14,
        recipient: key(),
        signature: signature.unwrap(),
        enqueued: 15,
    };
    let words = limbs(PriorityOperation::Forced(forced));
    let head = 0x22 << 54 | 0x10 << 42 | 0b00_10_00_00_11 << 32 | 7;
    let highs = 6 << 46 | 0b11_01_00_00_01 << 36 | 0b10_01 << 32 | 13;
    let expected = [
        [head, 1, 90_000_000_000_000, 100],
        [2, 3, 4, 5],
        [highs, 8, 14, 15],
        [21, 22, 31, 32],
        [33, 34, 35, 0],
    ];
    assert_eq!(words, expected);
    let word = Withdrawal { token: 6, recipient, amount: 11 }.word().unwrap();
    assert_eq!(word.limbs(), [0x30 << 54 | 6 << 36 | high, middle, low, 11]);

    // Two slots of 15 bytes: from, to, amount 9 * 10^9 * 10^4.
    let [item] = DataItem::group([TRANSFER, TRANSFER])[..] else { panic!("one pair") };
    let amount = 9_000_000_000_u64 << 5 | 4;
    let slot = u128::from(7u32) << 88 | 8 << 56 | u128::from(amount) << 16 | 100 << 5;
    let mut bytes = vec![word_tag::PAIR];
    bytes.extend([slot, slot].iter().flat_map(|slot| slot.to_be_bytes()[1..].to_vec()));
    assert_eq!(item.words().unwrap()[0].bytes()[..], bytes);
}

/// Too many digits for the short form.
const UNPACKABLE: Transaction =
    Transaction::Transfer { from: 1, to: 2, amount: (1 << 61) + 1, fee: 0 };

#[test]
fn a_long_transfer_with_a_short_form_is_refused() {
    let words = DataItem::Long(TRANSFER).words().unwrap();
    let error = DataItem::decode_stream(&words).unwrap_err();
    let expected = DataItem::group([TRANSFER])[0].words().unwrap()[0];
    assert_eq!(error.reason, Malformed::NotCanonical { expected, got: words[0] });
}

#[test]
fn grouping_is_greedy_and_keeps_the_order() {
    let items = DataItem::group([TRANSFER, TRANSFER, TRANSFER, UNPACKABLE, TRANSFER]);
    let [DataItem::Pair(_), DataItem::Single(_), DataItem::Long(got), DataItem::Single(_)] =
        items[..]
    else {
        panic!("{items:?}")
    };
    assert_eq!(got, UNPACKABLE);
}

#[test]
fn padding_and_oversized_fields_are_refused() {
    let not_canonical = |malformed| matches!(malformed, Malformed::NotCanonical { .. });
    let recipient = [0xff; 20];
    let withdraw = Transaction::Withdraw { from: 9, recipient, amount: 11, fee: 12 };
    let change = Transaction::ChangeKey { from: 9, key: key(), fee: 12 };
    assert!(not_canonical(with_limb(UNPACKABLE, 0, 0, |l| l | 1 << 32)), "from of 33 bits");
    assert!(not_canonical(with_limb(UNPACKABLE, 0, 1, |l| l | 1 << 32)), "to of 33 bits");
    assert!(not_canonical(with_limb(withdraw, 0, 1, |l| l | 1 << 36)), "address of 161 bits");
    assert!(not_canonical(with_limb(withdraw, 1, 2, |_| 1)), "padding");
    assert!(not_canonical(with_limb(withdraw, 1, 3, |_| 1)), "padding");
    assert!(not_canonical(with_limb(change, 0, 2, |_| 1)), "an amount where there is none");
    assert!(not_canonical(with_limb(change, 0, 0, |l| l | 1 << 42)), "an eleventh high bit");

    let short = DataItem::group([TRANSFER])[0];
    let mut bytes = short.words().unwrap()[0].bytes();
    bytes[30] = 1;
    let error = DataItem::decode_stream(&[Word::new(bytes)]).unwrap_err();
    assert!(not_canonical(error.reason), "second slot of a single");
}

#[test]
fn keys_must_be_canonical_and_not_zero() {
    let change = Transaction::ChangeKey { from: 9, key: key(), fee: 12 };
    // Element 4 := p + 1: high bits 3, low bits all ones above bit 32.
    let low = (cairn_types::MODULUS + 1) & ((1 << 62) - 1);
    assert!(matches!(
        with_limb(change, 1, 3, |_| low),
        Malformed::Key(error) if error.index == 4 && error.got == cairn_types::MODULUS + 1
    ));
    let zero = Transaction::ChangeKey { from: 9, key: PublicKey::ZERO, fee: 12 };
    assert_eq!(DataItem::Long(zero).words(), Err(EncodeError::ZeroKey));
    let words = [[0x13 << 54 | 9, 0, 0, 12], [0; 4]].map(|l| Word::from_limbs(l).unwrap());
    let error = DataItem::decode_stream(&words).unwrap_err();
    assert_eq!(error.reason, Malformed::Encode(EncodeError::ZeroKey));
}

#[test]
fn unknown_tags_and_truncation_name_the_word() {
    let change = Transaction::ChangeKey { from: 9, key: key(), fee: 12 };
    let mut words = data_words(&[DataItem::Long(UNPACKABLE), DataItem::Long(change)]);
    words.pop();
    assert_eq!(
        DataItem::decode_stream(&words),
        Err(DecodeError { position: 1, reason: Malformed::Truncated { expected: 2, got: 1 } })
    );
    words[1] = Word::default();
    assert_eq!(
        DataItem::decode_stream(&words),
        Err(DecodeError { position: 1, reason: Malformed::UnknownTag { got: 0 } })
    );
    assert_eq!(
        PriorityOperation::decode_stream(&words[..1]),
        Err(DecodeError { position: 0, reason: Malformed::Truncated { expected: 2, got: 1 } })
    );
    assert!(Withdrawal::decode_stream(&words).is_err());
}

#[test]
fn amounts_must_fit_a_limb() {
    let transfer = Transaction::Transfer { from: 7, to: 8, amount: 1 << 62, fee: 0 };
    let refused = Err(EncodeError::Limb(WordError { limb: 2, got: 1 << 62 }));
    assert_eq!(DataItem::Long(transfer).words(), refused);
}

/// What L1 refuses has no words, and words that say it are malformed.
#[test]
fn forced_transactions_that_l1_refuses() {
    let signature = Signature::new([1, 2], [3, 4, 5, 6, 7]).unwrap();
    let forced = |transaction| ForcedTransaction {
        transaction,
        token: 0,
        nonce: 0,
        expiry: 0,
        recipient: PublicKey::ZERO,
        signature,
        enqueued: 0,
    };
    let transfer = forced(TRANSFER);
    assert_eq!(transfer.words(), Err(EncodeError::ZeroKey));
    let new_key = Transaction::ChangeKey { from: 9, key: PublicKey::ZERO, fee: 12 };
    assert_eq!(forced(new_key).words(), Err(EncodeError::ZeroKey));
    let limit = u64::from(Signature::RESPONSE_TOP_LIMIT) << 32;
    let signed = |s4| ForcedTransaction {
        recipient: key(),
        signature: Signature::new([1, 2], [u64::MAX, u64::MAX, u64::MAX, u64::MAX, s4]).unwrap(),
        ..transfer
    };
    let words = signed(limit - 1).words().unwrap();
    let refused = EncodeError::Response { got: Signature::RESPONSE_TOP_LIMIT };
    assert_eq!(signed(limit).words(), Err(refused));

    // Limbs of the words, changed.
    let reason = |place: (usize, usize), change: fn(u64) -> u64, transaction| {
        let forced = ForcedTransaction { transaction, ..signed(0) };
        let mut words = forced.words().unwrap();
        let mut limbs = words[place.0].limbs();
        limbs[place.1] = change(limbs[place.1]);
        words[place.0] = Word::from_limbs(limbs).unwrap();
        PriorityOperation::decode_stream(&words).unwrap_err().reason
    };
    for (kind, got) in [(0, 0), (0x14, 0x14), (0x110, 0x10)] {
        let reason = |change| reason((0, 0), change, TRANSFER);
        let reason = match kind {
            0 => reason(|limb| limb & !(0xfff << 42)),
            0x14 => reason(|limb| limb | 4 << 42),
            _ => reason(|limb| limb | 1 << 50),
        };
        match reason {
            Malformed::UnknownTag { got: tag } => assert_eq!(tag, got),
            Malformed::NotCanonical { .. } => assert_eq!(kind, 0x110),
            other => panic!("{other:?}"),
        }
    }
    let change = Transaction::ChangeKey { from: 9, key: key(), fee: 12 };
    let withdraw = Transaction::Withdraw { from: 9, recipient: [1; 20], amount: 11, fee: 12 };
    for (place, change, transaction) in [
        ((0, 2), (|_| 1) as fn(u64) -> u64, change), // an amount
        ((2, 1), |_| 1, change),                     // a payee
        ((2, 1), |_| 1, withdraw),                   // a payee
        ((0, 1), |limb| limb | 1 << 36, withdraw),   // 161 bits
        ((1, 3), |_| 1, withdraw),                   // a fifth limb of the address
        ((0, 0), |limb| limb | 1 << 41, withdraw),   // its high bits
        ((4, 3), |_| 1, TRANSFER),                   // behind the response
        ((2, 1), |limb| limb | 1 << 32, TRANSFER),   // 33 bits of a payee
        ((2, 3), |limb| limb | 1 << 32, TRANSFER),   // and of a time
    ] {
        let reason = reason(place, change, transaction);
        assert!(matches!(reason, Malformed::NotCanonical { .. }), "{place:?}: {reason:?}");
    }
    // A challenge of p - 1 + 1.
    let mut words = words;
    let [l0, l1, l2, l3] = words[2].limbs();
    words[2] = Word::from_limbs([l0 | 3 << 34, l1, l2, l3]).unwrap();
    let [_, l1, l2, l3] = words[3].limbs();
    words[3] = Word::from_limbs([cairn_types::MODULUS & ((1 << 62) - 1), l1, l2, l3]).unwrap();
    let error = PriorityOperation::decode_stream(&words).unwrap_err();
    assert!(matches!(error.reason, Malformed::Key(_)), "{error}");
}

#[test]
fn packed_amounts_in_data_must_be_canonical() {
    let word = |amount: u64| {
        let slot = u128::from(amount) << 16;
        let mut bytes = [word_tag::SINGLE; 31];
        bytes[1..16].copy_from_slice(&slot.to_be_bytes()[1..]);
        bytes[16..].fill(0);
        Word::new(bytes)
    };
    let decode = |amount| DataItem::decode_stream(&[word(amount)]).map_err(|e| e.reason);
    assert!(decode(5 << 5).is_ok());
    // 5 * 10^1 has a mantissa that could be longer.
    assert!(matches!(
        decode(5 << 5 | 1),
        Err(Malformed::Packed(PackError::NotCanonical { expected_mantissa: 50, .. }))
    ));
    assert!(matches!(decode(1), Err(Malformed::Packed(PackError::NotCanonical { .. }))));
    assert!(matches!(decode(0x3f), Err(Malformed::Packed(PackError::OutOfRange { .. }))));
}
