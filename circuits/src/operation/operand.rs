//! The fields of an operation.

use super::{
    Builder,
    arithmetic::{assert_zero_if, inner_product, sum},
    decimal::{self, DecimalTarget},
    key::SplitKeyTarget,
    kind::{Kind, Selectors},
    leaf::{IdTarget, split},
};
use cairn_gadgets::arithmetic::assert_bits;
use cairn_types::AMOUNT_BITS;
use plonky2::iop::target::{BoolTarget, Target};

/// Bits of a token number, and of the levels that a fee leaf's id uses.
pub(crate) const TOKEN_BITS: usize = 16;
/// Bits of `address >> 124`.
const ADDRESS_TOP_BITS: usize = 36;

/// The fields of an operation, in canonical form whatever its kind is. A field that a kind does not
/// have is free and used nowhere.
#[derive(Debug, Clone)]
pub(crate) struct OperandTarget {
    /// Which operation this is.
    pub(crate) kind: Selectors,
    /// The leaf that pays, or that a deposit names; the token for a registration.
    pub(crate) payer: IdTarget,
    /// The leaf that is paid or created.
    pub(crate) payee: IdTarget,
    /// The token, below `2^16`.
    pub(crate) token: Target,
    /// The bits of the token, least significant first.
    pub(crate) token_bits: [BoolTarget; TOKEN_BITS],
    /// Quanta, below `2^62`. Zero for operations without amount.
    pub(crate) amount: Target,
    /// Quanta, below `2^62`.
    pub(crate) fee: Target,
    /// Seconds, below `2^32`; 0 = no limit.
    pub(crate) expiry: Target,
    /// The key that the operation names (of the payee, new, or of the depositor), or the L1 address
    /// in three limbs and two zeros.
    pub(crate) target: [Target; 5],
    /// Hint: where the target must be a key, the inverse of one element that is not zero, and zeros.
    pub(crate) target_inverse: [Target; 5],
    /// `target` as it stands in words.
    pub(crate) target_split: SplitKeyTarget,
    /// Of a registration, below `2^8`.
    pub(crate) quantum_exponent: Target,
    /// The amount divided by a power of ten.
    pub(crate) amount_decimal: DecimalTarget,
    /// The fee divided by a power of ten.
    pub(crate) fee_decimal: DecimalTarget,
    /// Hint: for a long transfer, the inverse of the sum of both remainders.
    pub(crate) remainder_inverse: Target,
}

impl OperandTarget {
    /// Adds the fields with all checks that concern nothing but them.
    pub(crate) fn new(builder: &mut Builder) -> Self {
        let kind = Selectors::new(builder);
        let token = builder.add_virtual_target();
        let amount = builder.add_virtual_target();
        let fee = builder.add_virtual_target();
        assert_bits(builder, amount, AMOUNT_BITS as usize);
        assert_bits(builder, fee, AMOUNT_BITS as usize);
        let expiry = builder.add_virtual_target();
        assert_bits(builder, expiry, u32::BITS as usize);
        let quantum_exponent = builder.add_virtual_target();
        assert_bits(builder, quantum_exponent, u8::BITS as usize);
        let target = builder.add_virtual_target_arr();
        let operand = Self {
            kind,
            payer: IdTarget::new(builder),
            payee: IdTarget::new(builder),
            token,
            token_bits: split(builder, token),
            amount,
            fee,
            expiry,
            target,
            target_inverse: builder.add_virtual_target_arr(),
            target_split: SplitKeyTarget::new(builder, &target),
            quantum_exponent,
            amount_decimal: DecimalTarget::new(builder, decimal::AMOUNT, amount),
            fee_decimal: DecimalTarget::new(builder, decimal::FEE, fee),
            remainder_inverse: builder.add_virtual_target(),
        };
        operand.assert_no_amount(builder);
        operand.assert_key(builder);
        operand.assert_address(builder);
        operand.assert_short_iff_packable(builder);
        operand
    }

    /// Registrations and key changes have no amount: message, word and balances all use zero.
    fn assert_no_amount(&self, builder: &mut Builder) {
        let without = builder.add(self.kind.of(Kind::RegisterToken), self.kind.of(Kind::ChangeKey));
        assert_zero_if(builder, without, self.amount);
    }

    /// A key is not zero. The product with the hints can be one only if some element is not zero.
    fn assert_key(&self, builder: &mut Builder) {
        let is_key = builder.add(self.kind.transfer, self.kind.key_in_words);
        let product = inner_product(builder, &self.target, &self.target_inverse);
        builder.connect(product, is_key);
    }

    /// An L1 address has 160 bits: 36, 62, 62.
    fn assert_address(&self, builder: &mut Builder) {
        let withdraw = self.kind.of(Kind::Withdraw);
        let [top, _, _, unused_3, unused_4] = self.target;
        let top = builder.mul(withdraw, top);
        assert_bits(builder, top, ADDRESS_TOP_BITS);
        assert_zero_if(builder, withdraw, self.target_split.packed_high);
        assert_zero_if(builder, withdraw, unused_3);
        assert_zero_if(builder, withdraw, unused_4);
    }

    /// A short transfer has packed forms, a long one lacks one of them. Remainders are below `2^54`, so
    /// that their sum is zero only if both are.
    fn assert_short_iff_packable(&self, builder: &mut Builder) {
        let remainder = sum(builder, &[self.amount_decimal.remainder, self.fee_decimal.remainder]);
        assert_zero_if(builder, self.kind.short, remainder);
        let nonzero = builder.mul(remainder, self.remainder_inverse);
        builder.connect(nonzero, self.kind.of(Kind::LongTransfer));
    }
}
