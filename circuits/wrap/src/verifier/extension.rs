//! GF(p^2) = GF(p)[X] / (X^2 - 7) in constraints, on lazily reduced [`Base`] components.

use std::ops::{Add, AddAssign, Sub, SubAssign};

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::extension::{Extendable, FieldExtension};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};

use super::goldilocks::Base;
use crate::r1cs::{Builder, Lc};

/// The degree of the extension.
pub(crate) const D: usize = 2;
/// plonky2's extension field.
pub(crate) type ExtensionField = QuadraticExtension<GoldilocksField>;
/// X^2.
pub(crate) const W: GoldilocksField = <GoldilocksField as Extendable<D>>::W;

/// An element `c0 + c1 X` of the extension.
#[derive(Clone, Debug)]
pub(crate) struct Ext(pub(crate) [Base; D]);

impl Ext {
    pub(crate) fn zero() -> Self {
        Base::zero().into()
    }

    pub(crate) fn one() -> Self {
        Self::constant(GoldilocksField::ONE)
    }

    /// A constant of the base field.
    pub(crate) fn constant(c: GoldilocksField) -> Self {
        Base::constant(c).into()
    }

    /// Two new wires of 64 bits each: a hint, free until constraints bind it.
    fn hint(b: &mut Builder, value: ExtensionField) -> Self {
        Self(
            value
                .to_basefield_array()
                .map(|c: GoldilocksField| Base::limb(b, c.to_canonical_u64())),
        )
    }

    /// The element under the builder's assignment: for hints.
    pub(crate) fn value(&self) -> ExtensionField {
        ExtensionField::from_basefield_array(self.0.each_ref().map(Base::value))
    }

    /// Bits of the wider component.
    pub(crate) fn bits(&self) -> u64 {
        self.0[0].bits().max(self.0[1].bits())
    }

    /// `c * self`; no constraint.
    pub(crate) fn scale(&self, c: GoldilocksField) -> Self {
        Self(self.0.each_ref().map(|x| x.scale(c)))
    }

    /// `self += c * other`; no constraint.
    pub(crate) fn add_multiple(&mut self, other: &Self, c: GoldilocksField) {
        for (x, y) in self.0.iter_mut().zip(&other.0) {
            x.add_multiple(y, c);
        }
    }

    /// The product, not reduced: at most four constraints, and what it takes to make the factors fit.
    pub(crate) fn mul(&self, b: &mut Builder, other: &Self) -> Self {
        let ([x], [y]) = Self::fit_product(b, [self.clone()], [other.clone()]);
        let ([x0, x1], [y0, y1]) = (&x.0, &y.0);
        let mut c0 = x0.mul(b, y0);
        c0.add_multiple(&x1.mul(b, y1), W);
        let mut c1 = x0.mul(b, y1);
        c1 += &x1.mul(b, y0);
        Self([c0, c1])
    }

    /// The factors of products of every `x` with every `y`, reduced where too wide for a product.
    pub(crate) fn fit_product<const N: usize>(
        b: &mut Builder,
        mut x: [Self; N],
        mut y: [Self; N],
    ) -> ([Self; N], [Self; N]) {
        loop {
            let [x_bits, y_bits] = [&x, &y].map(|v| v.iter().map(Self::bits).max().unwrap_or(0));
            if Base::product_fits(x_bits, y_bits) {
                return (x, y);
            }
            let wider = if x_bits >= y_bits { &mut x } else { &mut y };
            wider.iter_mut().for_each(|v| *v = v.reduce(b));
        }
    }

    /// Both components below 2^64.
    pub(crate) fn reduce(&self, b: &mut Builder) -> Self {
        Self(self.0.each_ref().map(|c| c.reduce(b)))
    }

    /// Components wider than `bits` are reduced.
    pub(crate) fn limit(&self, b: &mut Builder, bits: u64) -> Self {
        Self(self.0.each_ref().map(|c| c.limit(b, bits)))
    }

    /// The element is zero.
    pub(crate) fn assert_zero(&self, b: &mut Builder) {
        self.0.iter().for_each(|c| c.assert_zero(b));
    }

    /// `self / divisor`, reduced: a hint `q` with `q * divisor = self`. The caller has made sure that the
    /// divisor is not zero, else `0 / 0` may be anything.
    pub(crate) fn div(&self, b: &mut Builder, divisor: &Self) -> Self {
        let inverse = divisor.value().try_inverse().unwrap_or_default();
        let quotient = Self::hint(b, self.value() * inverse);
        (&quotient.mul(b, divisor) - self).assert_zero(b);
        quotient
    }

    /// `self^(2^log)`, reduced.
    pub(crate) fn exp_power_of_2(&self, b: &mut Builder, log: usize) -> Self {
        (0..log).fold(self.clone(), |x, _| x.mul(b, &x).reduce(b))
    }

    /// `if bit { yes } else { no }`; two constraints. The caller has made `bit` boolean.
    pub(crate) fn select(b: &mut Builder, bit: &Lc, yes: &Self, no: &Self) -> Self {
        let [c0, c1] = [0, 1].map(|i| Base::select(b, bit, &yes.0[i], &no.0[i]));
        Self([c0, c1])
    }
}

impl From<Base> for Ext {
    fn from(c0: Base) -> Self {
        Self([c0, Base::zero()])
    }
}

impl AddAssign<&Ext> for Ext {
    fn add_assign(&mut self, other: &Ext) {
        self.0.iter_mut().zip(&other.0).for_each(|(x, y)| *x += y);
    }
}

impl SubAssign<&Ext> for Ext {
    fn sub_assign(&mut self, other: &Ext) {
        self.0.iter_mut().zip(&other.0).for_each(|(x, y)| *x -= y);
    }
}

impl Add for &Ext {
    type Output = Ext;
    fn add(self, other: &Ext) -> Ext {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl Sub for &Ext {
    type Output = Ext;
    fn sub(self, other: &Ext) -> Ext {
        let mut difference = self.clone();
        difference -= other;
        difference
    }
}

/// The powers `1, a, a^2, ...` of a challenge as `a^(block i) * a^j`, so that n of them cost about
/// `2 sqrt(n)` products instead of n.
#[derive(Clone, Debug)]
pub(crate) struct Powers {
    low: Vec<Ext>,
    high: Vec<Ext>,
}

impl Powers {
    /// Powers of `a` for `count` terms. Reduced, so that every sum shares them.
    pub(crate) fn new(b: &mut Builder, a: &Ext, count: usize) -> Self {
        let a = a.reduce(b);
        let block = (1..=count).find(|n| n * n >= count).unwrap_or(1);
        let low = successive(b, &a, block);
        let blocks = count.div_ceil(block);
        let high = if blocks > 1 {
            let step = low[block - 1].mul(b, &a).reduce(b);
            successive(b, &step, blocks)
        } else {
            vec![Ext::one()]
        };
        Self { low, high }
    }

    /// `a^exponent`, reduced.
    pub(crate) fn power(&self, b: &mut Builder, exponent: usize) -> Ext {
        let block = self.low.len();
        self.high[exponent / block].mul(b, &self.low[exponent % block]).reduce(b)
    }

    /// `sum of a^i * terms[i]`, not reduced.
    ///
    /// # Panics
    /// If there are more terms than powers: the lengths are those of the circuit, never of the proof.
    pub(crate) fn combine(&self, b: &mut Builder, terms: &[Ext]) -> Ext {
        let block = self.low.len();
        assert!(terms.len().div_ceil(block) <= self.high.len(), "too few powers");
        let mut sum = Ext::zero();
        for (i, terms) in terms.chunks(block).enumerate() {
            let mut inner = Ext::zero();
            for (term, low) in terms.iter().zip(&self.low) {
                inner += &term.mul(b, low);
            }
            // The first block's power is one; a product with it could reduce in vain.
            sum += &if i == 0 { inner } else { inner.mul(b, &self.high[i]) };
        }
        sum
    }
}

/// `1, a, a^2, ..., a^(count - 1)`, reduced. The caller has reduced `a`.
fn successive(b: &mut Builder, a: &Ext, count: usize) -> Vec<Ext> {
    let mut powers = vec![Ext::one()];
    while powers.len() < count {
        let next = powers[powers.len() - 1].mul(b, a).reduce(b);
        powers.push(next);
    }
    powers
}

#[cfg(test)]
#[path = "extension_tests.rs"]
mod tests;
