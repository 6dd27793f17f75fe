//! Keys in words: each element is cut into its two high and 62 low bits.

use super::{Builder, F, arithmetic::linear};
use cairn_gadgets::arithmetic::{assert_bits, split_canonical};
use plonky2::{
    field::types::Field,
    iop::target::{BoolTarget, Target},
};

/// Five elements, each `high * 2^62 + low` as an integer below `p`.
#[derive(Debug, Clone)]
pub(crate) struct SplitKeyTarget {
    /// Witness: the two high bits of each element, least significant first.
    pub(crate) high: [[BoolTarget; 2]; 5],
    /// The 62 low bits of each element.
    pub(crate) low: [Target; 5],
    /// `khi10`: the high bits of all, those of the first element on top.
    pub(crate) packed_high: Target,
}

impl SplitKeyTarget {
    /// Splits any five elements.
    pub(crate) fn new(builder: &mut Builder, elements: &[Target; 5]) -> Self {
        let high: [[BoolTarget; 2]; 5] = std::array::from_fn(|_| {
            std::array::from_fn(|_| builder.add_virtual_bool_target_safe())
        });
        let low = std::array::from_fn(|i| low_bits(builder, elements[i], high[i]));
        let zero = builder.zero();
        let packed_high = high.iter().fold(zero, |packed, [h0, h1]| {
            linear(builder, &[(4, packed), (1, h0.target), (2, h1.target)])
        });
        Self { high, low, packed_high }
    }
}

/// `element - (h0 + 2 h1) 2^62`, bounded by `2^62`. The canonical 32-bit halves shut out
/// `element + p`, so the two bits have no choice.
fn low_bits(builder: &mut Builder, element: Target, [h0, h1]: [BoolTarget; 2]) -> Target {
    let (upper, lower) = split_canonical(builder, element);
    let minus = |bits: u32| F::NEG_ONE * F::from_canonical_u64(1 << bits);
    let middle = builder.mul_const_add(minus(30), h0.target, upper);
    let middle = builder.mul_const_add(minus(31), h1.target, middle);
    assert_bits(builder, middle, 30);
    linear(builder, &[(1 << 32, middle), (1, lower)])
}
