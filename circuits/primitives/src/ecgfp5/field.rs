//! GF(p^5) = GF(p)\[z\]/(z^5 - 3): square roots, on top of the arithmetic of `p3-field`.

use p3_field::extension::{BinomialExtensionField, HasFrobenius};
use p3_field::{BasedVectorSpace, Field, PrimeCharacteristicRing, PrimeField64};

use crate::F;

/// An element of GF(p^5), the coefficients of 1, z, .. z^4.
pub type Quintic = BinomialExtensionField<F, 5>;

/// 7, which generates GF(p)*: not a square in GF(p), nor in GF(p^5), whose degree is odd.
pub const NON_RESIDUE: F = F::new(7);

/// The element with these coefficients, each reduced mod p.
pub const fn quintic(coefficients: [u64; 5]) -> Quintic {
    Quintic::new(F::new_array(coefficients))
}

/// `x^((r - 1) / 2)` for `r = 1 + p + p^2 + p^3 + p^4`, and the norm `x^r`, which lies in GF(p).
///
/// `(r - 1) / 2 = (p + p^3) (p + 1) / 2` and `(p + 1) / 2 = 2^63 - 2^31 + 1`.
fn half_power_and_norm(x: &Quintic) -> (Quintic, F) {
    let d = x.exp_u64(F::ORDER_U64.div_ceil(2));
    let e = d.frobenius() * d.repeated_frobenius(3);
    let norm = *x * e.square();
    let slice: &[F] = norm.as_basis_coefficients_slice();
    (e, slice[0])
}

/// Whether `x` is a square; zero is one.
pub fn is_square(x: &Quintic) -> bool {
    half_power_and_norm(x).1.try_sqrt().is_some()
}

/// One of the two square roots of `x`, or `None` if it is not a square.
///
/// As `x = x^r / x^(r - 1)`, a root is `sqrt(x^r) / x^((r - 1) / 2)` with the root taken in GF(p).
pub fn sqrt(x: &Quintic) -> Option<Quintic> {
    let (e, norm) = half_power_and_norm(x);
    let root = norm.try_sqrt()?;
    Some(e.try_inverse().map_or(Quintic::ZERO, |inverse| inverse * root))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn roots(coefficients in any::<[u64; 5]>()) {
            let x = quintic(coefficients);
            let square = x.square();
            let root = sqrt(&square).unwrap();
            prop_assert!(root == x || root == -x);
            let twisted = square * NON_RESIDUE;
            prop_assert_eq!(is_square(&twisted), x.is_zero());
            prop_assert_eq!(sqrt(&twisted).is_some(), x.is_zero());
        }
    }

    #[test]
    fn zero_is_a_square() {
        assert_eq!(sqrt(&Quintic::ZERO), Some(Quintic::ZERO));
    }
}
