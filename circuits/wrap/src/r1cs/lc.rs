//! Wires and linear combinations of them.

use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use ark_bn254::Fr;
use ark_ff::{Field, One, Zero};

/// A wire: index 0 is the constant one, then the public inputs, then the witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var(pub(super) u32);

impl Var {
    /// The wire that always holds one.
    pub const ONE: Self = Self(0);

    /// The wire of column `i`, for tests that walk over all wires.
    ///
    /// # Panics
    /// If `i` is not below 2^32.
    pub fn nth(i: usize) -> Self {
        Self(u32::try_from(i).expect("fewer than 2^32 wires"))
    }

    /// Column of this wire in the matrices.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A linear combination of wires together with its value under the builder's assignment.
///
/// Terms are sorted by wire, without repetition or zero coefficients, so equal structure means equal
/// terms. Adding and scaling costs no constraint.
#[derive(Clone, Debug, Default)]
pub struct Lc {
    pub(super) terms: Vec<(Var, Fr)>,
    pub(super) value: Fr,
}

impl Lc {
    /// The empty sum.
    pub fn zero() -> Self {
        Self::default()
    }

    /// A constant: a multiple of the wire that holds one.
    pub fn constant(value: Fr) -> Self {
        let terms = if value.is_zero() { Vec::new() } else { vec![(Var::ONE, value)] };
        Self { terms, value }
    }

    /// The constant one.
    pub fn one() -> Self {
        Self::constant(Fr::one())
    }

    /// Value under the assignment of the builder that allocated the wires.
    pub fn value(&self) -> Fr {
        self.value
    }

    /// The terms in the order of their wires.
    pub fn terms(&self) -> &[(Var, Fr)] {
        &self.terms
    }

    /// The wire, if this is one wire with coefficient one.
    pub fn as_var(&self) -> Option<Var> {
        match self.terms[..] {
            [(var, coeff)] if coeff.is_one() => Some(var),
            _ => None,
        }
    }

    /// The value, if this holds no wire but the constant one: a fact of the structure, not of the witness.
    pub fn as_constant(&self) -> Option<Fr> {
        match self.terms[..] {
            [] => Some(Fr::zero()),
            [(Var::ONE, coeff)] => Some(coeff),
            _ => None,
        }
    }

    /// `self += k * other`. Linear in the lengths; an append when `other`'s wires are newer.
    pub fn add_scaled(&mut self, other: &Self, k: Fr) {
        if k.is_zero() {
            return;
        }
        self.value += other.value * k;
        // Most sums are plain ones, and a multiplication costs more than the rest of a term.
        let one = k.is_one();
        let scale = |&(var, coeff)| (var, if one { coeff } else { coeff * k });
        let scaled = other.terms.iter().map(scale);
        match (self.terms.last(), other.terms.first()) {
            (Some(last), Some(first)) if last.0 >= first.0 => {
                self.terms = merge(std::mem::take(&mut self.terms), scaled);
            }
            _ => self.terms.extend(scaled),
        }
    }

    /// `self += k`.
    pub fn add_constant(&mut self, k: Fr) {
        self.add_scaled(&Self::one(), k);
    }

    /// `sum of 2^(step * i) * parts[i]`: bits (`step = 1`) or limbs to the number that they spell.
    pub fn recompose<'a>(parts: impl IntoIterator<Item = &'a Self>, step: u32) -> Self {
        let radix = Fr::from(2u64).pow([u64::from(step)]);
        let mut power = Fr::one();
        let mut sum = Self::zero();
        for part in parts {
            sum.add_scaled(part, power);
            power *= radix;
        }
        sum
    }
}

/// Sum of two sorted term lists without zero coefficients.
fn merge(left: Vec<(Var, Fr)>, right: impl ExactSizeIterator<Item = (Var, Fr)>) -> Vec<(Var, Fr)> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for (var, coeff) in right {
        while let Some(term) = left.next_if(|term| term.0 < var) {
            out.push(term);
        }
        let sum = left.next_if(|term| term.0 == var).map_or(coeff, |term| term.1 + coeff);
        if !sum.is_zero() {
            out.push((var, sum));
        }
    }
    out.extend(left);
    out
}

impl AddAssign<&Lc> for Lc {
    fn add_assign(&mut self, other: &Lc) {
        self.add_scaled(other, Fr::one());
    }
}

impl SubAssign<&Lc> for Lc {
    fn sub_assign(&mut self, other: &Lc) {
        self.add_scaled(other, -Fr::one());
    }
}

impl Add for &Lc {
    type Output = Lc;
    fn add(self, other: &Lc) -> Lc {
        let mut sum = self.clone();
        sum += other;
        sum
    }
}

impl Sub for &Lc {
    type Output = Lc;
    fn sub(self, other: &Lc) -> Lc {
        let mut difference = self.clone();
        difference -= other;
        difference
    }
}

impl Neg for &Lc {
    type Output = Lc;
    fn neg(self) -> Lc {
        self * -Fr::one()
    }
}

impl Mul<Fr> for &Lc {
    type Output = Lc;
    fn mul(self, k: Fr) -> Lc {
        let mut product = Lc::zero();
        product.add_scaled(self, k);
        product
    }
}

#[cfg(test)]
mod tests {
    use super::super::Builder;
    use super::*;

    fn fr(x: u64) -> Fr {
        Fr::from(x)
    }

    #[test]
    fn sums_stay_sorted_and_drop_zeros() {
        let mut b = Builder::new(&[]);
        let wires: Vec<Lc> = (1..6).map(|i| b.witness(fr(i))).collect();
        let left = &(&wires[0] + &wires[2]) + &wires[4];
        let right = &(&wires[1] - &wires[2]) + &Lc::constant(fr(9));
        let sum = &left + &right;
        let columns: Vec<usize> = sum.terms().iter().map(|t| t.0.index()).collect();
        assert_eq!(columns, [0, 1, 2, 5]);
        assert_eq!(sum.value(), fr(1 + 5 + 2 + 9));
        assert_eq!((&sum - &sum).as_constant(), Some(Fr::zero()));
    }
}
