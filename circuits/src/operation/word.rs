//! The words of an operation: what it appends to the three streams.

use super::{
    Builder, DigestTarget, F,
    arithmetic::{assert_equal_if, assert_zero_if, linear, select, sum},
    kind::{Kind, Selectors},
    operand::OperandTarget,
    running::StreamsTarget,
    short::{OpenPairTarget, ShortTarget},
};
use crate::statement::StreamTarget;
use cairn_gadgets::poseidon2::compress;
use cairn_types::word_tag;
use plonky2::{field::types::Field, iop::target::Target};

/// Position of the tag in limb 0.
const TAG: u64 = 1 << 54;

/// Appends the words of an operation. Returns the streams and the pair that it leaves open.
///
/// Every limb is below `2^62` and has one reading, as it is a sum of bounded parts at fixed places.
pub(crate) fn append(
    builder: &mut Builder,
    operand: &OperandTarget,
    pair: OpenPairTarget,
    streams: StreamsTarget,
) -> (StreamsTarget, OpenPairTarget) {
    let kind = &operand.kind;
    let short = ShortTarget::new(builder, operand);
    let second = kind.of(Kind::PairSecond);
    // A first slot is followed by its second and by nothing else; a second follows a first.
    builder.connect(second, pair.open);
    // Priority operations come before any signed one.
    assert_zero_if(builder, kind.priority, streams.data.count);

    let tag = tag_of(builder, kind);
    let short_limbs = short.limbs(builder, second, &pair);
    let long_limbs = long_limbs(builder, operand);
    let [limb_0, limb_1, limb_2, limb_3] = select(builder, kind.short, short_limbs, long_limbs);
    let limb_0 = builder.mul_const_add(F::from_canonical_u64(TAG), tag, limb_0);

    // One chain serves both streams, as an operation appends to one of them only: to data one word
    // or two, to priority two.
    let one = sum(builder, &[second, kind.of(Kind::Single), kind.of(Kind::LongTransfer)]);
    let old = select(builder, kind.priority, streams.priority.digest, streams.data.digest);
    let after_one = compress(builder, old, [limb_0, limb_1, limb_2, limb_3]);
    let [_, low_1, low_2, low_3, low_4] = operand.target_split.low;
    let after_two = compress(builder, after_one, [low_1, low_2, low_3, low_4]);
    let new = select(builder, one, after_one, after_two);

    let withdraw = kind.of(Kind::Withdraw);
    let two = builder.sub(kind.key_in_words, kind.priority);
    let two = builder.add(two, withdraw);
    let data_words = linear(builder, &[(1, one), (2, two)]);
    let priority_words = linear(builder, &[(2, kind.priority)]);
    let to_data = builder.add(one, two);
    let payment = withdrawal_limbs(builder, operand);
    let paid = compress(builder, streams.withdrawal.digest, payment);

    let streams = StreamsTarget {
        data: advance(builder, streams.data, to_data, new, data_words),
        priority: advance(builder, streams.priority, kind.priority, new, priority_words),
        withdrawal: advance(builder, streams.withdrawal, withdraw, paid, withdraw),
    };
    (streams, OpenPairTarget { open: kind.of(Kind::PairFirst), pieces: short.first })
}

/// The stream with `digest` and more `words` if `appends` (a bit) is set.
fn advance(
    builder: &mut Builder,
    stream: StreamTarget,
    appends: Target,
    digest: DigestTarget,
    words: Target,
) -> StreamTarget {
    StreamTarget {
        digest: select(builder, appends, digest, stream.digest),
        count: builder.add(stream.count, words),
    }
}

/// The tag of the operation's word.
fn tag_of(builder: &mut Builder, kind: &Selectors) -> Target {
    use Kind::*;
    let tags = [
        (PairSecond, word_tag::PAIR),
        (Single, word_tag::SINGLE),
        (LongTransfer, word_tag::TRANSFER),
        (TransferToNew, word_tag::TRANSFER_TO_NEW),
        (Withdraw, word_tag::WITHDRAW),
        (ChangeKey, word_tag::CHANGE_KEY),
        (RegisterToken, word_tag::REGISTER_TOKEN),
        (Deposit, word_tag::DEPOSIT),
    ];
    linear(builder, &tags.map(|(of, tag)| (tag.into(), kind.of(of))))
}

/// The limbs of the first word of all but short transfers, without tag.
fn long_limbs(builder: &mut Builder, operand: &OperandTarget) -> [Target; 4] {
    let kind = &operand.kind;
    // A registration has its token at the place of the payer.
    assert_equal_if(builder, kind.of(Kind::RegisterToken), operand.payer.value, operand.token);
    let high = builder.mul(kind.key_in_words, operand.target_split.packed_high);
    let limb_0 = linear(builder, &[(1, operand.payer.value), (1 << 32, high)]);

    let long = kind.of(Kind::LongTransfer);
    let [limb_1] = select(builder, long, [operand.payee.value], [operand.target_split.low[0]]);

    let deposit = kind.of(Kind::Deposit);
    let amount = builder.mul(kind.signed, operand.amount);
    let amount = builder.mul_add(deposit, operand.token, amount);
    let limb_2 = builder.mul_add(kind.of(Kind::RegisterToken), operand.quantum_exponent, amount);

    let fee = builder.mul(kind.signed, operand.fee);
    let limb_3 = builder.mul_add(deposit, operand.amount, fee);
    [limb_0, limb_1, limb_2, limb_3]
}

/// The limbs of the withdrawal word.
fn withdrawal_limbs(builder: &mut Builder, operand: &OperandTarget) -> [Target; 4] {
    let [top, middle, low, _, _] = operand.target;
    let tag = builder.constant(F::from_canonical_u64(u64::from(word_tag::WITHDRAWAL) * TAG));
    let limb_0 = linear(builder, &[(1, tag), (1 << 36, operand.token), (1, top)]);
    [limb_0, middle, low, operand.amount]
}
