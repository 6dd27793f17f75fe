//! Integers modulo the group order n. Not constant-time.

use num_bigint::BigUint;
use thiserror::Error;

/// The group order n, a 319-bit prime, as little-endian 64-bit limbs.
pub const ORDER: [u64; 5] = [
    0xe80f_d996_948b_ffe1,
    0xe888_5c39_d724_a09c,
    0x7fff_ffe6_cfb8_0639,
    0x7fff_fff1_0000_0016,
    0x7fff_fffd_8000_0007,
];

/// An integer modulo n, always reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar([u64; 5]);

/// An integer that is not below the group order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("scalar: expected less than the group order {ORDER:x?}, got {got:x?}")]
pub struct ScalarError {
    /// The integer, little-endian 64-bit limbs.
    pub got: [u64; 5],
}

impl Scalar {
    /// 0.
    pub const ZERO: Self = Self([0; 5]);
    /// 1.
    pub const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// The scalar with these little-endian limbs.
    ///
    /// # Errors
    /// If the integer is not below n.
    pub fn from_limbs(limbs: [u64; 5]) -> Result<Self, ScalarError> {
        if limbs.iter().rev().lt(ORDER.iter().rev()) {
            Ok(Self(limbs))
        } else {
            Err(ScalarError { got: limbs })
        }
    }

    /// The integer mod n.
    pub fn reduce(integer: &BigUint) -> Self {
        let mut limbs = [0; 5];
        for (limb, digit) in limbs.iter_mut().zip((integer % order()).iter_u64_digits()) {
            *limb = digit;
        }
        Self(limbs)
    }

    /// The little-endian limbs of the reduced integer.
    pub fn limbs(&self) -> [u64; 5] {
        self.0
    }

    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// `self + other`.
    pub fn add(&self, other: &Self) -> Self {
        Self::reduce(&(self.to_integer() + other.to_integer()))
    }

    /// `self - other`.
    pub fn sub(&self, other: &Self) -> Self {
        Self::reduce(&(self.to_integer() + order() - other.to_integer()))
    }

    /// `self * other`.
    pub fn mul(&self, other: &Self) -> Self {
        Self::reduce(&(self.to_integer() * other.to_integer()))
    }

    /// `1 / self`, or 0 for 0 (n is prime: Fermat).
    pub fn invert(&self) -> Self {
        Self::reduce(&self.to_integer().modpow(&(order() - 2u32), &order()))
    }

    fn to_integer(self) -> BigUint {
        from_limbs(&self.0)
    }
}

fn order() -> BigUint {
    from_limbs(&ORDER)
}

fn from_limbs(limbs: &[u64]) -> BigUint {
    limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + limb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_the_authors() {
        let decimal = "1067993516717146951041484916571792702745057740581727230159139685185762082554198619328292418486241";
        assert_eq!(order().to_string(), decimal);
    }

    #[test]
    fn arithmetic_wraps_at_the_order() {
        let mut limbs = ORDER;
        assert_eq!(Scalar::from_limbs(limbs), Err(ScalarError { got: ORDER }));
        limbs[0] -= 1;
        let minus_one = Scalar::from_limbs(limbs).unwrap();
        assert_eq!(Scalar::ZERO.sub(&Scalar::ONE), minus_one);
        assert_eq!(minus_one.mul(&minus_one), Scalar::ONE);
        assert!(minus_one.add(&Scalar::ONE).is_zero());
        assert_eq!(minus_one.invert(), minus_one);
    }
}
