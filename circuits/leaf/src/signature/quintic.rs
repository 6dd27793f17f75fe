//! GF(p^5) over expressions; the native twin is [`ecgfp5::Quintic`].

use std::ops::{Add, Mul, Sub};

use cairn_primitives::{F, ecgfp5};
use p3_air::AirBuilder;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};

/// An element of GF(p)\[z\]/(z^5 - 3): the coefficients of 1, z, .. z^4.
#[derive(Debug, Clone)]
pub(crate) struct Quintic<E>(pub(crate) [E; 5]);

impl<E: PrimeCharacteristicRing> Quintic<E> {
    /// The element in these columns.
    pub(crate) fn read<V: Copy + Into<E>>(columns: &[V; 5]) -> Self {
        Self(columns.map(Into::into))
    }

    /// A constant.
    pub(crate) fn constant(value: &ecgfp5::Quintic) -> Self
    where
        E: From<F>,
    {
        Self(coefficients(value).map(E::from))
    }

    /// One coefficient of `self * other`.
    pub(crate) fn product_coefficient(&self, other: &Self, k: usize) -> E {
        let sum = |terms: std::ops::RangeInclusive<usize>, degree: usize| {
            terms
                .map(|i| self.0[i].clone() * other.0[degree - i].clone())
                .reduce(|sum, term| sum + term)
        };
        let low = sum(0..=k, k).expect("at least one term");
        // z^5 = 3
        match sum(k + 1..=4, k + 5) {
            Some(high) => low + high * E::from_u8(3),
            None => low,
        }
    }

    /// `self^2`.
    pub(crate) fn square(&self) -> Self {
        self.clone() * self.clone()
    }

    /// `factor * self`.
    pub(crate) fn scale(self, factor: E) -> Self {
        Self(self.0.map(|coefficient| coefficient * factor.clone()))
    }

    /// `2 * self`.
    pub(crate) fn double(self) -> Self {
        self.scale(E::TWO)
    }

    /// Asserts `self = other`: five constraints.
    pub(crate) fn assert_eq<AB: AirBuilder<Expr = E>>(self, builder: &mut AB, other: Self) {
        builder.assert_zeros((self - other).0);
    }
}

/// The coefficients of a native element.
pub(crate) fn coefficients(value: &ecgfp5::Quintic) -> [F; 5] {
    let slice = value.as_basis_coefficients_slice();
    std::array::from_fn(|i| slice[i])
}

fn zip<E>(a: [E; 5], b: [E; 5], operation: impl Fn(E, E) -> E) -> Quintic<E> {
    let mut b = b.into_iter();
    Quintic(a.map(|a| operation(a, b.next().expect("five coefficients"))))
}

impl<E: PrimeCharacteristicRing> Add for Quintic<E> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        zip(self.0, other.0, |a, b| a + b)
    }
}

impl<E: PrimeCharacteristicRing> Sub for Quintic<E> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        zip(self.0, other.0, |a, b| a - b)
    }
}

impl<E: PrimeCharacteristicRing> Mul for Quintic<E> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|k| self.product_coefficient(&other, k)))
    }
}
