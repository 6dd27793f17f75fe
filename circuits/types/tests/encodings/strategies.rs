//! Strategies that the tests of the codecs share.

use cairn_types::{
    ForcedTransaction, MODULUS, PackedAmount, PackedFee, PriorityOperation, PublicKey, Signature,
    Transaction,
};
use proptest::prelude::*;

/// Any nonzero key; elements near the modulus and zero often.
pub(crate) fn key() -> impl Strategy<Value = PublicKey> {
    let element = prop_oneof![4 => 0..MODULUS, 1 => Just(0), 1 => MODULUS - 3..MODULUS];
    prop::array::uniform5(element)
        .prop_filter_map("zero", |e| PublicKey::new(e).ok().filter(|k| !k.is_zero()))
}

/// Any amount below `2^62`, packable ones often.
pub(crate) fn amount() -> impl Strategy<Value = u64> {
    let packable = (0..1u64 << 35, 0..8u32)
        .prop_map(|(mantissa, exponent)| mantissa * 10u64.pow(exponent))
        .prop_filter("range", |value| value >> 62 == 0 && PackedAmount::new(*value).is_ok());
    prop_oneof![0..1u64 << 62, packable]
}

/// Any fee below `2^62`, packable ones often.
pub(crate) fn fee() -> impl Strategy<Value = u64> {
    let packable = (0..1u64 << 11, 0..15u32)
        .prop_map(|(mantissa, exponent)| mantissa * 10u64.pow(exponent))
        .prop_filter("range", |value| value >> 62 == 0 && PackedFee::new(*value).is_ok());
    prop_oneof![0..1u64 << 62, packable]
}

pub(crate) fn transaction() -> impl Strategy<Value = Transaction> {
    let fields = (any::<u32>(), any::<u32>(), key(), any::<[u8; 20]>(), amount(), fee());
    (0..5, fields).prop_map(|(kind, (from, to, key, recipient, amount, fee))| match kind {
        0 => Transaction::TransferToNew { from, key, amount, fee },
        1 => Transaction::Withdraw { from, recipient, amount, fee },
        2 => Transaction::ChangeKey { from, key, fee },
        _ => Transaction::Transfer { from, to, amount, fee },
    })
}

/// Any signature with a canonical response, valid or not.
fn signature() -> impl Strategy<Value = Signature> {
    let top = u64::from(Signature::RESPONSE_TOP_LIMIT) << 32;
    let response = (any::<[u64; 4]>(), 0..top);
    ([0..MODULUS, 0..MODULUS], response).prop_map(|(e, ([s0, s1, s2, s3], s4))| {
        Signature::new(e, [s0, s1, s2, s3, s4]).expect("canonical")
    })
}

pub(crate) fn forced_transaction() -> impl Strategy<Value = ForcedTransaction> {
    let fields = (any::<u16>(), any::<[u32; 3]>(), key(), signature());
    (transaction(), fields).prop_map(|(transaction, (token, numbers, key, signature))| {
        let [nonce, expiry, enqueued] = numbers;
        let recipient = match transaction {
            Transaction::Transfer { .. } => key,
            _ => PublicKey::ZERO,
        };
        ForcedTransaction { transaction, token, nonce, expiry, recipient, signature, enqueued }
    })
}

pub(crate) fn priority_operation() -> impl Strategy<Value = PriorityOperation> {
    let fields = (any::<u32>(), any::<u16>(), any::<u8>(), amount(), key());
    let plain = (any::<bool>(), fields).prop_map(
        |(deposit, (leaf, token, quantum_exponent, amount, key))| {
            if deposit {
                PriorityOperation::Deposit { leaf, token, amount, key }
            } else {
                PriorityOperation::RegisterToken { token, quantum_exponent, key }
            }
        },
    );
    prop_oneof![plain, forced_transaction().prop_map(PriorityOperation::Forced)]
}
