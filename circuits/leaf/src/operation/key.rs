//! Keys in words: each element is cut into its two high and 62 low bits.

use cairn_primitives::F;
use p3_field::PrimeCharacteristicRing;
use p3_lookup::{Count, InteractionBuilder};

use crate::expression::{Expression, linear};
use crate::range::Uint;

/// A field element `high * 2^62 + low`, as an integer below `p`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct ElementColumns<T> {
    /// The 62 low bits.
    pub(crate) low: Uint<T, 62, 4>,
    /// The two high bits, least significant first.
    pub(crate) high: [T; 2],
    /// Hint: the inverse of `2^32 - 1 - upper half`, if that is not zero.
    pub(crate) upper_inverse: T,
}

impl<T: Copy> ElementColumns<T> {
    /// The element.
    pub(crate) fn value<E: Expression<T>>(&self) -> E {
        self.low.value::<E>() + self.high::<E>() * F::from_u64(1 << 62)
    }

    /// The two high bits as a number.
    pub(crate) fn high<E: Expression<T>>(&self) -> E {
        let [low, high] = self.high;
        E::from(low) + E::from(high) * F::TWO
    }

    /// A number below `2^21` that is zero iff the element is: the sum of the parts.
    pub(crate) fn weight<E: Expression<T>>(&self) -> E {
        E::sum(self.low.0.iter().chain(&self.high).map(|&part| E::from(part)))
    }

    /// Asserts that the parts are those of the canonical integer, on rows where `real` is set. With `any` set (a bit),
    /// they are those of any integer of 64 bits.
    ///
    /// Elements below `2^32 - 1` have a second 64-bit form, `x + p`. Its upper half is `2^32 - 1` and
    /// its lower half is not zero: then no inverse makes the last constraint true.
    pub(crate) fn check<AB: InteractionBuilder<F = F, Var = T>>(
        &self,
        builder: &mut AB,
        real: &Count<AB::Expr>,
        any: AB::Expr,
    ) {
        builder.assert_bools(self.high.map(AB::Expr::from));
        self.low.check(builder, real.clone());
        let [lower, upper] = self.halves::<AB::Expr>();
        // From 1 to 2^32 if `any` is set, so that there is an inverse.
        let from_top = AB::Expr::from_u32(u32::MAX) - upper + any;
        let is_top = AB::Expr::ONE - from_top * AB::Expr::from(self.upper_inverse);
        builder.assert_zero(is_top * lower);
    }

    /// The lower and the upper 32 bits.
    pub(crate) fn halves<E: Expression<T>>(&self) -> [E; 2] {
        let [l0, l1, l2, l3] = self.low.0.map(E::from);
        let upper = linear([(1, l2), (1 << 16, l3), (1 << 30, self.high())]);
        [linear([(1, l0), (1 << 16, l1)]), upper]
    }
}

/// `khi10`: the high bits of all elements, those of the first on top.
pub(crate) fn packed_high<V: Copy, E: Expression<V>>(elements: &[ElementColumns<V>; 5]) -> E {
    elements.iter().fold(E::ZERO, |packed, element| packed * F::from_u64(4) + element.high::<E>())
}
