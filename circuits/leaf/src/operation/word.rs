//! The words of an operation: what it appends to the three streams.

use cairn_primitives::F;
use cairn_types::word_tag;
use p3_field::Algebra;
use p3_lookup::{Count, InteractionBuilder};

use super::forced::Tail;
use super::kind::{Kind, Selectors};
use super::operand::Operand;
use super::running::Running;
use super::short::Short;
use crate::bus::COMPRESS;
use crate::expression::{Expression, lift, linear};

/// Position of the tag in limb 0.
const TAG: u64 = 1 << 54;

/// The chains after the words of an operation. An operation appends to the data or to the priority
/// stream, so that one chain serves both.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct WordColumns<T> {
    /// Data or priority stream after the first word, if there is one.
    pub(crate) after_one: [T; 4],
    /// Data or priority stream after the second word, if there is one.
    pub(crate) after_two: [T; 4],
    /// Withdrawal stream after its word, if there is one; of a tail, priority stream after its third word.
    pub(crate) after_third: [T; 4],
}

impl<T: Copy> WordColumns<T> {
    /// Asserts that the chains are those of the words that there are.
    ///
    /// `first` is [`first_word`]. Every limb is below `2^62` and has one reading, as it is a sum of bounded parts at fixed places.
    pub(crate) fn check<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        operand: &Operand<AB::Expr>,
        running: &Running<AB::Expr>,
        first: [AB::Expr; 8],
    ) {
        let kind = &operand.kind;
        // Priority operations come before any signed one.
        builder.assert_zero(kind.priority.clone() * running.data.count.clone());

        let compress = |input: [AB::Expr; 8], output: &[T; 4]| {
            input.into_iter().chain(lift::<4, T, AB::Expr>(output))
        };
        let count = |count: AB::Expr| Count::bounded(count, 1);
        let two_words = kind.two_words.clone() + kind.tail.clone();
        let first = compress(first, &self.after_one);
        COMPRESS.lookup_key(builder, first, count(kind.one_word.clone() + two_words.clone()));
        let second = compress(self.second_word(operand), &self.after_two);
        COMPRESS.lookup_key(builder, second, count(two_words));
        let third = compress(self.third_word(operand, running), &self.after_third);
        COMPRESS.lookup_key(builder, third, count(kind.withdraw.clone() + kind.tail.clone()));
    }

    /// The chain and the second word of a row that has two: the low bits of the rest of its key,
    /// or the rest of its L1 address, which is bounded alike; of a tail, challenge and response.
    pub(crate) fn second_word<E: Expression<T>>(&self, operand: &Operand<E>) -> [E; 8] {
        let [low_0, low_1, low_2, low_3, low_4] = operand.target_low.clone();
        let tail = [operand.amount.clone(), operand.fee.clone(), low_0, low_1.clone()];
        let limbs = select(&operand.kind.tail, tail, [low_1, low_2, low_3, low_4]);
        chained(lift(&self.after_one), limbs)
    }

    /// The chain and the word of the withdrawal stream, or the third word of a tail. Trust: means a word only for
    /// withdrawals, whose address is bounded, and for tails.
    pub(crate) fn third_word<E: Expression<T>>(
        &self,
        operand: &Operand<E>,
        running: &Running<E>,
    ) -> [E; 8] {
        let [top, middle, low, _, _] = operand.target.clone();
        let tag = E::from_u64(u64::from(word_tag::WITHDRAWAL) * TAG);
        let head = tag + linear([(1 << 36, operand.token.clone()), (1, top)]);
        let payment = [head, middle, low, operand.amount.clone()];
        let [_, _, low_2, low_3, low_4] = operand.target_low.clone();
        let tail = &operand.kind.tail;
        let old = select(tail, lift(&self.after_two), running.withdrawal.digest.clone());
        chained(old, select(tail, [low_2, low_3, low_4, E::ZERO], payment))
    }
}

/// The chain and the first word, for the data or the priority stream; of degree 2. `open` is the first
/// slot that waits for its second.
pub(crate) fn first_word<E: Algebra<F>>(
    operand: &Operand<E>,
    payer_correction: E,
    running: &Running<E>,
    short: &Short<E>,
    open: &[E; 3],
    tail: &Tail<E>,
) -> [E; 8] {
    let kind = &operand.kind;
    let queued = kind.priority.clone() + kind.tail.clone();
    let old = select(&queued, running.priority.digest.clone(), running.data.digest.clone());
    let pair = pair_limbs(kind, short, open);
    let long = long_limbs(operand);
    let tail = tail.first_limbs(operand);
    let mut limbs = std::array::from_fn(|i| {
        pair[i].clone() + long[i].clone() + kind.tail.clone() * tail[i].clone()
    });
    limbs[0] += linear([(TAG, tag(kind))]) + payer_correction;
    chained(old, limbs)
}

/// `yes` where `choice` (a bit) is set, else `no`.
fn select<E: Algebra<F>>(choice: &E, yes: [E; 4], no: [E; 4]) -> [E; 4] {
    let mut yes = yes.into_iter();
    no.map(|no| no.clone() + choice.clone() * (yes.next().expect("four") - no))
}

fn chained<E>(digest: [E; 4], limbs: [E; 4]) -> [E; 8] {
    let mut input = digest.into_iter().chain(limbs);
    std::array::from_fn(|_| input.next().expect("4 and 4 elements"))
}

/// The tag of the operation's word.
fn tag<E: Algebra<F>>(kind: &Selectors<E>) -> E {
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
    let forced = (word_tag::FORCED.into(), kind.head.clone());
    linear(tags.map(|(of, tag)| (tag.into(), kind.of(of))).into_iter().chain([forced]))
}

/// The limbs of the word that ends with a short transfer, without tag: a pair or this transfer alone.
/// Zeros for other kinds.
fn pair_limbs<E: Algebra<F>>(kind: &Selectors<E>, short: &Short<E>, open: &[E; 3]) -> [E; 4] {
    let (second, single) = (kind.of(Kind::PairSecond), kind.of(Kind::Single));
    let [first_0, first_1, first_2] = std::array::from_fn(|i| {
        second.clone() * open[i].clone() + single.clone() * short.first[i].clone()
    });
    let [second_0, second_1] = short.second.clone().map(|piece| second.clone() * piece);
    [first_0, first_1, linear([(1 << 58, first_2), (1, second_0)]), second_1]
}

/// The limbs of the first word of all but short transfers and tails, without tag. Zeros for those.
fn long_limbs<E: Algebra<F>>(operand: &Operand<E>) -> [E; 4] {
    let kind = &operand.kind;
    let (register, deposit) = (kind.of(Kind::RegisterToken), kind.of(Kind::Deposit));
    let long = kind.of(Kind::LongTransfer);
    // Transactions in long form, whether they hold or not.
    let signed = kind.dated.clone() - kind.short.clone() + kind.head.clone();
    let payer = (signed.clone() + deposit.clone()) * operand.payer.clone();
    let high = kind.high_in_words.clone() * operand.target_high.clone();
    let type_of_forced = kind.head.clone() * operand.transaction_type.clone();
    let places = linear([(1 << 32, high), (1 << 42, type_of_forced)]);
    [
        // A registration has its token at the place of the payer.
        payer + register.clone() * operand.token.clone() + places,
        long * operand.payee.clone() + kind.two_words.clone() * operand.target_low[0].clone(),
        signed.clone() * operand.amount.clone()
            + deposit.clone() * operand.token.clone()
            + register * operand.fee.clone(),
        signed * operand.fee.clone() + deposit * operand.amount.clone(),
    ]
}
