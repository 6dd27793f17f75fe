//! K[X] / (X^2 - 7) over K = GF(p^2): what an extension element spread over two wires becomes when the
//! wire polynomials are evaluated at a point of K.

use super::super::extension::{Ext, W};
use crate::r1cs::Builder;

#[derive(Clone, Debug)]
pub(super) struct Algebra(pub(super) [Ext; 2]);

impl Algebra {
    pub(super) fn zero() -> Self {
        Ext::zero().into()
    }

    pub(super) fn one() -> Self {
        Ext::one().into()
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        Self([&self.0[0] + &other.0[0], &self.0[1] + &other.0[1]])
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        Self([&self.0[0] - &other.0[0], &self.0[1] - &other.0[1]])
    }

    /// The product, not reduced.
    pub(super) fn mul(&self, b: &mut Builder, other: &Self) -> Self {
        // Factors that do not fit are reduced here, once, and not in each of the four products.
        let (x, y) = Ext::fit_product(b, self.0.clone(), other.0.clone());
        let mut c0 = x[0].mul(b, &y[0]);
        c0.add_multiple(&x[1].mul(b, &y[1]), W);
        let mut c1 = x[0].mul(b, &y[1]);
        c1 += &x[1].mul(b, &y[0]);
        Self([c0, c1])
    }

    pub(super) fn reduce(&self, b: &mut Builder) -> Self {
        Self(self.0.each_ref().map(|c| c.reduce(b)))
    }

    /// The product with an element of K, not reduced.
    pub(super) fn scalar_mul(&self, b: &mut Builder, k: &Ext) -> Self {
        Self([self.0[0].mul(b, k), self.0[1].mul(b, k)])
    }
}

impl From<Ext> for Algebra {
    fn from(c0: Ext) -> Self {
        Self([c0, Ext::zero()])
    }
}
