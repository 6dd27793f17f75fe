//! Constraints of one entry: the leaf and its key's signature.

use cairn_gadgets::arithmetic::assert_bits;
use cairn_gadgets::merkle;
use cairn_gadgets::poseidon2::{DigestTarget, compress, hash};
use cairn_gadgets::schnorr::{SignatureTarget, verify_signature};
use cairn_primitives::Tag;
use cairn_types::{BALANCE_BITS, EXIT_ENTRY_BYTES, KIND_EXIT, TREE_DEPTH};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

use crate::config::{Builder, F};

/// Bits of a half word.
const HALF_BITS: usize = 16;
/// Half words of an entry.
pub(super) const HALVES: usize = EXIT_ENTRY_BYTES / 2;

/// The private inputs of one entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryTarget {
    /// The bytes that L1 hashes, as big-endian u16: id 2, token 1, balance 4, recipient 10. The fields
    /// are sums of them, so that there is nothing to compare.
    pub(super) halves: [Target; HALVES],
    pub(super) key: [Target; 5],
    /// Of no interest here: what the leaf has.
    pub(super) nonce: Target,
    pub(super) siblings: [DigestTarget; TREE_DEPTH],
    pub(super) signature: SignatureTarget,
}

impl EntryTarget {
    /// A free entry of a leaf below `root` that may leave the rollup of `domain`. About 115 rows, and 50 for its
    /// share of the list's hash.
    ///
    /// Trust: the caller binds `root` and `domain`.
    pub(super) fn new(builder: &mut Builder, domain: [Target; 4], root: DigestTarget) -> Self {
        let entry = Self {
            halves: builder.add_virtual_target_arr(),
            key: builder.add_virtual_target_arr(),
            nonce: builder.add_virtual_target(),
            siblings: [0; TREE_DEPTH].map(|_| builder.add_virtual_target_arr()),
            signature: SignatureTarget::new(builder),
        };
        let [id0, id1, token, b0, b1, b2, b3, recipient @ ..] = entry.halves;
        for half in entry.halves {
            assert_bits(builder, half, HALF_BITS);
        }
        // Then the balance is one integer below 2^63, not an element that has two.
        assert_bits(builder, b0, BALANCE_BITS as usize - 3 * HALF_BITS);
        let id = join(builder, &[id0, id1]);
        let balance = join(builder, &[b0, b1, b2, b3]);
        let recipient: Vec<_> = recipient.chunks(2).map(|pair| join(builder, pair)).collect();

        let computed = entry.root(builder, id, token, balance);
        builder.connect_array(computed, root);

        // A key of five zeros, that of an empty leaf, encodes no point that signs.
        let mut message = domain.to_vec();
        message.push(builder.constant(F::from_canonical_u32(KIND_EXIT)));
        message.push(id);
        message.extend(recipient);
        let message = hash(builder, Tag::ExitMessage, &message);
        let holds = verify_signature(builder, entry.key, message, &entry.signature);
        builder.assert_one(holds.target);
        entry
    }

    /// The root of a tree that has this leaf at `id`. Trust: `id` is below `2^32`, so that its bits are.
    ///
    /// The token's element is the token alone: a leaf with flags cannot leave.
    fn root(
        &self,
        builder: &mut Builder,
        id: Target,
        token: Target,
        balance: Target,
    ) -> DigestTarget {
        let [k0, k1, k2, k3, k4] = self.key;
        let leaf = compress(builder, [k0, k1, k2, k3], [k4, token, self.nonce, balance]);
        let bits = builder.split_le(id, TREE_DEPTH);
        merkle::root(builder, leaf, &bits, &self.siblings)
    }
}

/// The big-endian integer of half words. Trust: they are below `2^16`, and the integer below the
/// field's order.
pub(super) fn join(builder: &mut Builder, halves: &[Target]) -> Target {
    let radix = F::from_canonical_u64(1 << HALF_BITS);
    let zero = builder.zero();
    halves.iter().fold(zero, |sum, &half| builder.mul_const_add(radix, sum, half))
}
