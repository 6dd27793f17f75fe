//! Leaves of the account tree and their updates.

use super::{
    Builder, DigestTarget,
    arithmetic::{assert_equal_if, select},
};
use cairn_gadgets::{merkle, poseidon2::compress};
use cairn_types::TREE_DEPTH;
use plonky2::iop::target::{BoolTarget, Target};

/// The eight elements of a leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeafTarget {
    /// Who may spend; zero iff the leaf is empty.
    pub(crate) key: [Target; 5],
    /// Token and flags. Flags are zero in every leaf, so the token compares with it.
    pub(crate) token: Target,
    /// Number of transactions that this leaf has signed.
    pub(crate) nonce: Target,
    /// Quanta of the token.
    pub(crate) balance: Target,
}

impl LeafTarget {
    /// Eight unconstrained targets: what binds them is the hash.
    fn new(builder: &mut Builder) -> Self {
        Self {
            key: builder.add_virtual_target_arr(),
            token: builder.add_virtual_target(),
            nonce: builder.add_virtual_target(),
            balance: builder.add_virtual_target(),
        }
    }

    /// The elements in the order of the hash.
    pub(crate) fn elements(&self) -> [Target; 8] {
        let [k0, k1, k2, k3, k4] = self.key;
        [k0, k1, k2, k3, k4, self.token, self.nonce, self.balance]
    }

    fn hash(&self, builder: &mut Builder) -> DigestTarget {
        let [k0, k1, k2, k3, k4] = self.key;
        compress(builder, [k0, k1, k2, k3], [k4, self.token, self.nonce, self.balance])
    }
}

/// The id of a leaf: 32 bits, bit 0 nearest the leaf.
#[derive(Debug, Clone)]
pub(crate) struct IdTarget {
    /// The number.
    pub(crate) value: Target,
    /// Its bits, least significant first.
    pub(crate) bits: [BoolTarget; TREE_DEPTH],
}

impl IdTarget {
    /// A witness below `2^32`.
    pub(crate) fn new(builder: &mut Builder) -> Self {
        let value = builder.add_virtual_target();
        let bits = split(builder, value);
        Self { value, bits }
    }
}

/// The `N` bits of `value`, which they bound by `2^N`.
pub(crate) fn split<const N: usize>(builder: &mut Builder, value: Target) -> [BoolTarget; N] {
    let bits = builder.split_le(value, N);
    bits.try_into().expect("split_le returns as many bits as it is asked for")
}

/// One access of the tree: the leaf as it was, and the way to the root.
#[derive(Debug, Clone)]
pub(crate) struct AccessTarget {
    /// Witness: the leaf before. Bound to the root by [`Self::update`].
    pub(crate) before: LeafTarget,
    /// Witness: siblings from the leaf's level up. Bound with it.
    pub(crate) siblings: [DigestTarget; TREE_DEPTH],
}

impl AccessTarget {
    /// An unconstrained leaf and path.
    pub(crate) fn new(builder: &mut Builder) -> Self {
        Self {
            before: LeafTarget::new(builder),
            siblings: std::array::from_fn(|_| builder.add_virtual_target_arr()),
        }
    }

    /// Where `enabled` (a bit) is set: proves that the leaf with these `position` bits is
    /// [`Self::before`] under `root`, and returns the root with `after` in its place. Else returns
    /// `root`, and nothing is said about this access.
    pub(crate) fn update(
        &self,
        builder: &mut Builder,
        enabled: Target,
        position: &[BoolTarget; TREE_DEPTH],
        after: &LeafTarget,
        root: DigestTarget,
    ) -> DigestTarget {
        let root_before = self.root_with(builder, position, &self.before);
        for (computed, expected) in root_before.into_iter().zip(root) {
            assert_equal_if(builder, enabled, computed, expected);
        }
        let root_after = self.root_with(builder, position, after);
        select(builder, enabled, root_after, root)
    }

    fn root_with(
        &self,
        builder: &mut Builder,
        position: &[BoolTarget; TREE_DEPTH],
        leaf: &LeafTarget,
    ) -> DigestTarget {
        let leaf = leaf.hash(builder);
        merkle::root(builder, leaf, position, &self.siblings)
    }
}
