//! Which operation a row holds: one selector a kind, exactly one of them set.

use cairn_primitives::F;
use p3_air::AirBuilder;
use p3_field::PrimeCharacteristicRing;

use crate::expression::{Expression, lift};

/// What a row can hold. A short transfer stands for three kinds, by its place in its data word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// Nothing happens: fills a table up.
    #[default]
    Noop,
    /// Priority operation.
    RegisterToken,
    /// Priority operation.
    Deposit,
    /// Short transfer, first slot of a word (tag 0x01) that the next operation completes.
    PairFirst,
    /// Short transfer, second slot of a word (tag 0x01).
    PairSecond,
    /// Short transfer alone in its word (tag 0x02).
    Single,
    /// Transfer whose amount or fee has no packed form.
    LongTransfer,
    /// Transfer to a leaf that it creates.
    TransferToNew,
    /// Payment to an L1 address.
    Withdraw,
    /// New key for the leaf that signs.
    ChangeKey,
    /// Forced transaction, first row: it holds, as those below.
    ForcedTransfer,
    /// As above.
    ForcedToNew,
    /// As above.
    ForcedWithdraw,
    /// As above.
    ForcedChangeKey,
    /// Forced transaction, first row: a field or the payer's leaf refuses it.
    Refused,
    /// Forced transaction, first row: the payee's leaf is not the one that was signed.
    Mismatched,
    /// Forced transaction, first row: the payer's key encodes no point.
    Keyless,
    /// Forced transaction, first row: the signature is refused.
    Unsigned,
    /// Forced transaction, second row: its signature and its time.
    Tail,
}

impl Kind {
    /// Whether the operation names a key: all do but a withdrawal, which names an L1 address.
    pub(crate) const fn names_key(self) -> bool {
        use Kind::*;
        matches!(
            self,
            RegisterToken
                | Deposit
                | PairFirst
                | PairSecond
                | Single
                | LongTransfer
                | TransferToNew
                | ChangeKey
                | ForcedTransfer
                | ForcedToNew
                | ForcedChangeKey
        )
    }

    /// Whether a transaction is executed.
    pub(crate) const fn executes(self) -> bool {
        use Kind::*;
        !matches!(
            self,
            Noop | RegisterToken | Deposit | Refused | Mismatched | Keyless | Unsigned | Tail
        )
    }

    /// Whether this is the first row of a forced transaction that holds.
    pub(crate) const fn is_forced(self) -> bool {
        use Kind::*;
        matches!(self, ForcedTransfer | ForcedToNew | ForcedWithdraw | ForcedChangeKey)
    }

    /// Whether this is a forced transaction that changes nothing.
    pub(crate) const fn refuses(self) -> bool {
        matches!(self, Self::Refused | Self::Mismatched | Self::Keyless | Self::Unsigned)
    }
}

/// Number of kinds.
pub(crate) const KINDS: usize = 19;

/// One selector a kind, in the order of [`Kind`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct KindColumns<T>(pub(crate) [T; KINDS]);

/// The selectors and the sums of them that the constraints use, of degree 1. As exactly one selector
/// is set, each sum is a bit.
#[derive(Debug, Clone)]
pub(crate) struct Selectors<E> {
    hot: [E; KINDS],
    /// Any operation.
    pub(crate) real: E,
    /// A short transfer of any place.
    pub(crate) short: E,
    /// Any transfer to an existing leaf.
    pub(crate) transfer: E,
    /// Any transfer to a leaf that it creates.
    pub(crate) to_new: E,
    /// Any payment to an L1 address.
    pub(crate) withdraw: E,
    /// Any change of key.
    pub(crate) change_key: E,
    /// Transactions that are executed.
    pub(crate) signed: E,
    /// Those of them that are data: they have the time of the batch.
    pub(crate) dated: E,
    /// First rows of forced transactions.
    pub(crate) head: E,
    /// Those of them that change nothing.
    pub(crate) refusing: E,
    /// Operations from the queue of L1, by their first rows.
    pub(crate) priority: E,
    /// Operations whose target must be a key.
    pub(crate) names_key: E,
    /// Rows whose words hold the high bits of the target in the first limb, beside a leaf's id.
    pub(crate) high_in_words: E,
    /// Operations that append one data word.
    pub(crate) one_word: E,
    /// Rows that append two words, to the data or the priority stream.
    pub(crate) two_words: E,
    /// Second rows of forced transactions: they append three words.
    pub(crate) tail: E,
}

impl<E: PrimeCharacteristicRing> Selectors<E> {
    /// The sums. Says nothing about the selectors: see [`assert_one_kind`].
    pub(crate) fn new<V: Copy>(columns: &KindColumns<V>) -> Self
    where
        E: Expression<V>,
    {
        use Kind::*;
        let hot: [E; KINDS] = lift(&columns.0);
        let any = |kinds: &[Kind]| E::sum(kinds.iter().map(|&kind| hot[kind as usize].clone()));
        let short = any(&[PairFirst, PairSecond, Single]);
        let transfer = short.clone() + any(&[LongTransfer, ForcedTransfer]);
        let to_new = any(&[TransferToNew, ForcedToNew]);
        let withdraw = any(&[Withdraw, ForcedWithdraw]);
        let change_key = any(&[ChangeKey, ForcedChangeKey]);
        let signed = transfer.clone() + to_new.clone() + withdraw.clone() + change_key.clone();
        let forced = any(&[ForcedTransfer, ForcedToNew, ForcedWithdraw, ForcedChangeKey]);
        let refusing = any(&[Refused, Mismatched, Keyless, Unsigned]);
        let head = forced.clone() + refusing.clone();
        let plain = any(&[RegisterToken, Deposit]);
        let priority = plain.clone() + head.clone();
        let high_in_words = priority.clone() + any(&[TransferToNew, ChangeKey]);
        Self {
            real: E::ONE - hot[Noop as usize].clone(),
            dated: signed.clone() - forced,
            one_word: any(&[PairSecond, Single, LongTransfer]),
            two_words: high_in_words.clone() + hot[Withdraw as usize].clone(),
            names_key: plain + transfer.clone() + to_new.clone() + change_key.clone(),
            tail: hot[Tail as usize].clone(),
            short,
            transfer,
            to_new,
            withdraw,
            change_key,
            signed,
            head,
            refusing,
            priority,
            high_in_words,
            hot,
        }
    }

    /// The selector of a kind.
    pub(crate) fn of(&self, kind: Kind) -> E {
        self.hot[kind as usize].clone()
    }
}

/// Asserts that the selectors are bits with sum one.
pub(crate) fn assert_one_kind<AB: AirBuilder<F = F>>(
    builder: &mut AB,
    columns: &KindColumns<AB::Var>,
) {
    let hot: [AB::Expr; KINDS] = lift(&columns.0);
    builder.assert_bools(hot.clone());
    builder.assert_one(hot.into_iter().sum::<AB::Expr>());
}
