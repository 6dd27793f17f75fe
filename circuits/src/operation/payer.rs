//! The leaf that pays, the one that collects the fee, and the leaf that a deposit names.

use super::{
    Builder, DigestTarget,
    arithmetic::{assert_equal_if, assert_zero_if, inner_product, select},
    kind::Kind,
    leaf::{AccessTarget, LeafTarget},
    operand::{OperandTarget, TOKEN_BITS},
};
use cairn_gadgets::arithmetic::assert_bits;
use cairn_types::{BALANCE_BITS, TREE_DEPTH};
use plonky2::iop::target::{BoolTarget, Target};

/// The leaf that pays; of a deposit, the leaf that it names, which is only read.
#[derive(Debug, Clone)]
pub(crate) struct PayerTarget {
    /// The leaf.
    pub(crate) access: AccessTarget,
    /// Witness: whether key and token of the leaf are those of the operation. Proven both ways.
    pub(crate) matches: BoolTarget,
    /// Hint: if they differ, the inverse of one difference, and zeros.
    pub(crate) difference_inverse: [Target; 6],
}

impl PayerTarget {
    /// An access, and a match bit that says whether its leaf is of `operand`'s key and token.
    pub(crate) fn new(builder: &mut Builder, operand: &OperandTarget) -> Self {
        let access = AccessTarget::new(builder);
        // It need not be made a bit: if all differences are zero, it is one, else zero.
        let matches = builder.add_virtual_bool_target_unsafe();
        let difference_inverse = builder.add_virtual_target_arr();

        let [k0, k1, k2, k3, k4] =
            std::array::from_fn(|i| builder.sub(access.before.key[i], operand.target[i]));
        let token = builder.sub(access.before.token, operand.token);
        let differences = [k0, k1, k2, k3, k4, token];
        for difference in differences {
            assert_zero_if(builder, matches.target, difference);
        }
        let product = inner_product(builder, &differences, &difference_inverse);
        let differs = builder.not(matches);
        builder.connect(product, differs.target);
        Self { access, matches, difference_inverse }
    }

    /// Debits amount and fee of a signed operation, counts its nonce, changes the key if asked to.
    ///
    /// The amount goes first: `amount + fee` can be so near to `2^63` that, taken at once, a negative
    /// balance would wrap around `p` into the range of balances.
    pub(crate) fn debit(
        &self,
        builder: &mut Builder,
        operand: &OperandTarget,
        root: DigestTarget,
    ) -> DigestTarget {
        let before = &self.access.before;
        let signed = operand.kind.signed;
        assert_equal_if(builder, signed, before.token, operand.token);

        let amount = builder.mul(signed, operand.amount);
        let without_amount = builder.sub(before.balance, amount);
        assert_bits(builder, without_amount, BALANCE_BITS as usize);
        let fee = builder.mul(signed, operand.fee);
        let balance = builder.sub(without_amount, fee);
        assert_bits(builder, balance, BALANCE_BITS as usize);

        let nonce = builder.add(before.nonce, signed);
        assert_bits(builder, nonce, u32::BITS as usize);

        let change = operand.kind.of(Kind::ChangeKey);
        let key = select(builder, change, operand.target, before.key);

        let after = LeafTarget { key, token: before.token, nonce, balance };
        let enabled = builder.add(signed, operand.kind.of(Kind::Deposit));
        self.access.update(builder, enabled, &operand.payer.bits, &after, root)
    }
}

/// Credits the fee of a signed operation to the leaf whose id is the token.
///
/// That leaf exists and counts this token: the payer's leaf does, and no leaf is made for a token that
/// is not registered.
pub(crate) fn collect_fee(
    builder: &mut Builder,
    access: &AccessTarget,
    operand: &OperandTarget,
    root: DigestTarget,
) -> DigestTarget {
    let balance = builder.add(access.before.balance, operand.fee);
    assert_bits(builder, balance, BALANCE_BITS as usize);
    let after = LeafTarget { balance, ..access.before };

    let mut position = [builder._false(); TREE_DEPTH];
    position[..TOKEN_BITS].copy_from_slice(&operand.token_bits);
    access.update(builder, operand.kind.signed, &position, &after, root)
}

/// A signed operation is valid up to the second of its expiry, or for ever if that is zero.
/// `timestamp` must be below `2^32`.
pub(crate) fn assert_not_expired(
    builder: &mut Builder,
    operand: &OperandTarget,
    timestamp: Target,
) {
    let zero = builder.zero();
    let unlimited = builder.is_equal(operand.expiry, zero);
    let limited = builder.not(unlimited);
    let limited = builder.mul(limited.target, operand.kind.signed);
    let left = builder.sub(operand.expiry, timestamp);
    let left = builder.mul(limited, left);
    assert_bits(builder, left, u32::BITS as usize);
}
