//! Goldilocks arithmetic in constraints over BN254's scalar field.
//!
//! A [`Base`] is an *integer*, held in the scalar field without wrapping, that stands for its residue
//! mod p = 2^64 - 2^32 + 1. Sums and products act on the integers and grow; every value carries the
//! [`Interval`] in which the constraints keep it, and is reduced (`x = q p + r`) only when the next
//! product would not fit. Reducing costs a constraint for each bit of q and r, hence the laziness.
//!
//! Soundness rests on two rules. Intervals follow from constraints alone, never from witness values. And
//! an equation between integers is enforced mod r (the order of BN254's scalar field) only where its two
//! sides cannot differ by r or more. A reduced value is below 2^64 but may be r + p for r < 2^32 - 1:
//! residues are bound, representatives are not. Where integers matter (the hashes, query indices, proof of work,
//! public inputs), they come from the transcript's canonical challenges or from bits.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::LazyLock;

use ark_bn254::Fr;
use ark_ff::PrimeField;
use num_bigint::{BigInt, BigUint, Sign};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, Field64, PrimeField64};

use super::interval::Interval;
use crate::r1cs::{Builder, Lc};

/// Bits of a reduced value.
pub(crate) const LIMB_BITS: usize = 64;
/// Products of more bits are not formed: the factors are reduced first. Leaves 2^10 products to a sum.
const PRODUCT_BITS: u64 = 240;
/// No value has more bits. With it, no equation of this module wraps mod r.
const CAPACITY_BITS: u64 = 250;

static ORDER: LazyLock<BigInt> = LazyLock::new(|| GoldilocksField::ORDER.into());
static SCALAR_ORDER: LazyLock<BigInt> = LazyLock::new(|| BigUint::from(Fr::MODULUS).into());
static SCALAR_HALF: LazyLock<BigUint> = LazyLock::new(|| BigUint::from(Fr::MODULUS) >> 1);

/// An integer that stands for a Goldilocks element; see the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    lc: Lc,
    range: Interval,
}

impl Base {
    pub(crate) fn zero() -> Self {
        Self::constant(GoldilocksField::ZERO)
    }

    /// A constant, by its representative of least absolute value.
    pub(crate) fn constant(c: GoldilocksField) -> Self {
        let c = centered(c);
        Self { lc: Lc::constant(to_scalar(&c)), range: Interval::point(c) }
    }

    /// A new wire, range-checked to 64 bits.
    pub(crate) fn limb(b: &mut Builder, value: u64) -> Self {
        let lc = b.witness(Fr::from(value));
        b.to_bits(&lc, LIMB_BITS);
        Self::from_lc(lc, LIMB_BITS)
    }

    /// A combination that the caller has constrained to `bits` bits.
    pub(crate) fn from_lc(lc: Lc, bits: usize) -> Self {
        Self { lc, range: Interval::unsigned(bits as u64) }
    }

    /// The integer, as an element of the scalar field.
    pub(crate) fn lc(&self) -> &Lc {
        &self.lc
    }

    /// Bits of the largest absolute value that the constraints allow.
    pub(crate) fn bits(&self) -> u64 {
        self.range.bits()
    }

    /// The residue under the builder's assignment: for hints.
    pub(crate) fn value(&self) -> GoldilocksField {
        GoldilocksField::from_canonical_u64(residue(&self.integer()))
    }

    /// The integer under the builder's assignment, in (-r/2, r/2).
    fn integer(&self) -> BigInt {
        let value = BigUint::from(self.lc.value());
        if value > *SCALAR_HALF { BigInt::from(value) - &*SCALAR_ORDER } else { value.into() }
    }

    fn new(lc: Lc, range: Interval) -> Self {
        assert!(range.bits() <= CAPACITY_BITS, "a sum outgrew the scalar field: reduce its terms");
        Self { lc, range }
    }

    /// `self += k * other` on the integers.
    fn add_scaled(&mut self, other: &Self, k: &BigInt) {
        self.lc.add_scaled(&other.lc, to_scalar(k));
        self.range = &self.range + &other.range.scale(k);
        assert!(self.bits() <= CAPACITY_BITS, "a sum outgrew the scalar field: reduce its terms");
    }

    /// `self += c * other`; no constraint.
    pub(crate) fn add_multiple(&mut self, other: &Self, c: GoldilocksField) {
        self.add_scaled(other, &centered(c));
    }

    /// `c * self`; no constraint.
    pub(crate) fn scale(&self, c: GoldilocksField) -> Self {
        let mut product = Self::zero();
        product.add_multiple(self, c);
        product
    }

    /// Whether factors of these widths may be multiplied as they are.
    pub(crate) fn product_fits(left: u64, right: u64) -> bool {
        left + right <= PRODUCT_BITS
    }

    /// The product: one constraint, none if a factor is constant. Factors too wide for it are reduced first.
    pub(crate) fn mul(&self, b: &mut Builder, other: &Self) -> Self {
        let (mut x, mut y) = (self.clone(), other.clone());
        while !Self::product_fits(x.bits(), y.bits()) {
            let wider = if x.bits() >= y.bits() { &mut x } else { &mut y };
            *wider = wider.reduce(b);
        }
        let lc = match (x.lc.as_constant(), y.lc.as_constant()) {
            (Some(k), _) => &y.lc * k,
            (_, Some(k)) => &x.lc * k,
            _ => b.mul(&x.lc, &y.lc),
        };
        Self::new(lc, x.range.mul(&y.range))
    }

    /// The same residue below 2^64: `x = p q + r`, with hints q and r bound by range checks and this equation.
    pub(crate) fn reduce(&self, b: &mut Builder) -> Self {
        if self.lc.as_constant().is_some() {
            return Self::constant(self.value());
        }
        if self.range.min.sign() != Sign::Minus && self.bits() <= LIMB_BITS as u64 {
            return self.clone();
        }
        let value = self.integer();
        let remainder = Self::limb(b, residue(&value));
        // May pass the capacity by a bit; whether it can wrap is checked below.
        let difference =
            Self { lc: &self.lc - &remainder.lc, range: &self.range - &remainder.range };
        // The quotient of the canonical remainder lies between these two.
        let (least, greatest) = (floor_div(&self.range.min), floor_div(&self.range.max));
        difference.assert_multiple(b, &least, &greatest, &floor_div(&value));
        remainder
    }

    /// Reduced if wider than `bits`, else as it is.
    pub(crate) fn limit(&self, b: &mut Builder, bits: u64) -> Self {
        if self.bits() > bits { self.reduce(b) } else { self.clone() }
    }

    /// The residue is zero.
    pub(crate) fn assert_zero(&self, b: &mut Builder) {
        // Multiples of p in the range: from the ceiling of min / p to the floor of max / p.
        let (least, greatest) = (-floor_div(&-&self.range.min), floor_div(&self.range.max));
        let quotient = floor_div(&self.integer());
        self.assert_multiple(b, &least, &greatest, &quotient);
    }

    /// The residue is not zero: there is an inverse.
    pub(crate) fn assert_nonzero(&self, b: &mut Builder) {
        let inverse =
            Self::limb(b, self.value().try_inverse().unwrap_or_default().to_canonical_u64());
        let mut product = self.mul(b, &inverse);
        product -= &Self::constant(GoldilocksField::ONE);
        product.assert_zero(b);
    }

    /// `self = p q` for some `least <= q < least + 2^k`, where 2^k is the first power above `greatest - least`.
    fn assert_multiple(&self, b: &mut Builder, least: &BigInt, greatest: &BigInt, hint: &BigInt) {
        let span = (greatest - least).bits() as usize;
        let beyond = least + (BigInt::from(1) << span);
        let widest = (&self.range.max - least * &*ORDER).max(beyond * &*ORDER - &self.range.min);
        assert!(widest < *SCALAR_ORDER, "an equation of integers could wrap");
        // A hint out of range (the proof is bad) loses its high bits, and the equation fails.
        let offset = (hint - least).to_biguint().unwrap_or_default();
        let bits: Vec<Lc> = (0..span).map(|i| b.bit(offset.bit(i as u64))).collect();
        let mut quotient = Lc::recompose(&bits, 1);
        quotient.add_constant(to_scalar(least));
        b.assert_equal(&self.lc, &(&quotient * to_scalar(&ORDER)));
    }

    /// `if bit { yes } else { no }`; one constraint, none between constants. The caller has made `bit` boolean.
    pub(crate) fn select(b: &mut Builder, bit: &Lc, yes: &Self, no: &Self) -> Self {
        let lc = match (&yes.lc - &no.lc).as_constant() {
            Some(difference) => &no.lc + &(bit * difference),
            None => b.select(bit, &yes.lc, &no.lc),
        };
        Self { lc, range: yes.range.union(&no.range) }
    }
}

/// The representative of least absolute value.
fn centered(c: GoldilocksField) -> BigInt {
    let c = c.to_canonical_u64();
    if c > GoldilocksField::ORDER / 2 { BigInt::from(c) - &*ORDER } else { c.into() }
}

/// Floor of x / p.
fn floor_div(x: &BigInt) -> BigInt {
    (x - BigInt::from(residue(x))) / &*ORDER
}

/// x mod p in `0..p`.
fn residue(x: &BigInt) -> u64 {
    let remainder = u64::try_from((x % &*ORDER).magnitude()).expect("less than p");
    if x.sign() == Sign::Minus && remainder != 0 {
        GoldilocksField::ORDER - remainder
    } else {
        remainder
    }
}

fn to_scalar(x: &BigInt) -> Fr {
    let magnitude = Fr::from(x.magnitude().clone());
    if x.sign() == Sign::Minus { -magnitude } else { magnitude }
}

impl AddAssign<&Base> for Base {
    fn add_assign(&mut self, other: &Base) {
        self.add_scaled(other, &1.into());
    }
}

impl SubAssign<&Base> for Base {
    fn sub_assign(&mut self, other: &Base) {
        self.add_scaled(other, &(-1).into());
    }
}

impl Add for &Base {
    type Output = Base;
    fn add(self, other: &Base) -> Base {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl Sub for &Base {
    type Output = Base;
    fn sub(self, other: &Base) -> Base {
        let mut difference = self.clone();
        difference -= other;
        difference
    }
}

#[cfg(test)]
#[path = "goldilocks_tests.rs"]
mod tests;
