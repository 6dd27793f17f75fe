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
}

impl Kind {
    /// Whether the operation names a key: all do but a withdrawal, which names an L1 address.
    pub(crate) const fn names_key(self) -> bool {
        !matches!(self, Self::Noop | Self::Withdraw)
    }
}

/// Number of kinds.
pub(crate) const KINDS: usize = 10;

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
    /// Operations that a key signs.
    pub(crate) signed: E,
    /// Operations from the queue of L1.
    pub(crate) priority: E,
    /// Operations whose words hold a key.
    pub(crate) key_in_words: E,
    /// Operations that append one data word.
    pub(crate) one_word: E,
    /// Operations that append two words, to the data or the priority stream.
    pub(crate) two_words: E,
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
        let transfer = short.clone() + hot[LongTransfer as usize].clone();
        let new_key = any(&[TransferToNew, ChangeKey]);
        let withdraw = hot[Withdraw as usize].clone();
        let priority = any(&[RegisterToken, Deposit]);
        let key_in_words = priority.clone() + new_key.clone();
        Self {
            real: E::ONE - hot[Noop as usize].clone(),
            signed: transfer.clone() + new_key + withdraw.clone(),
            one_word: any(&[PairSecond, Single, LongTransfer]),
            two_words: key_in_words.clone() + withdraw,
            short,
            transfer,
            priority,
            key_in_words,
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
