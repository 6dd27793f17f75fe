//! Which operation a slot holds: one selector a kind, exactly one of them set.

use super::{Builder, arithmetic::sum};
use plonky2::iop::target::{BoolTarget, Target};

/// What a slot can hold. A short transfer stands for three kinds, by its place in its data word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// Nothing happens: fills a chunk up.
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

/// The selectors of a slot, and the sums of them that the constraints use. As exactly one selector is
/// set, each sum is a bit.
#[derive(Debug, Clone)]
pub(crate) struct Selectors {
    hot: [BoolTarget; KINDS],
    /// A short transfer of any place.
    pub(crate) short: Target,
    /// Any transfer to an existing leaf.
    pub(crate) transfer: Target,
    /// Operations that a key signs.
    pub(crate) signed: Target,
    /// Operations from the queue of L1.
    pub(crate) priority: Target,
    /// Operations whose words hold a key.
    pub(crate) key_in_words: Target,
}

impl Selectors {
    /// Adds the selectors, constrained to be bits with sum one.
    pub(crate) fn new(builder: &mut Builder) -> Self {
        let hot: [BoolTarget; KINDS] =
            std::array::from_fn(|_| builder.add_virtual_bool_target_safe());
        let total = sum(builder, &hot.map(|bit| bit.target));
        builder.assert_one(total);

        let of = |kind: Kind| hot[kind as usize].target;
        use Kind::*;
        let short = sum(builder, &[of(PairFirst), of(PairSecond), of(Single)]);
        let transfer = builder.add(short, of(LongTransfer));
        let new_key = builder.add(of(TransferToNew), of(ChangeKey));
        let signed = sum(builder, &[transfer, new_key, of(Withdraw)]);
        let priority = builder.add(of(RegisterToken), of(Deposit));
        let key_in_words = builder.add(priority, new_key);
        Self { hot, short, transfer, signed, priority, key_in_words }
    }

    /// The selector of a kind.
    pub(crate) fn of(&self, kind: Kind) -> Target {
        self.hot[kind as usize].target
    }

    /// All selectors, in the order of [`Kind`].
    pub(crate) fn all(&self) -> &[BoolTarget; KINDS] {
        &self.hot
    }
}
