//! One element at a time, as arkworks counts.

use std::marker::PhantomData;

use ark_bn254::{Fq, Fq2, g1, g2};
use ark_ff::{BigInt, Field};

use super::batch::{Curve, Lanes};

/// Bits of the factor of coordinates in a key.
#[cfg_attr(test, allow(dead_code))]
pub(crate) const FORM: u64 = 256;

/// One element.
#[derive(Clone, Copy)]
pub(crate) struct One<F>(F);

/// In the form in which it is stored.
pub(crate) trait Stored: Field {
    fn load(words: &[u64]) -> Self;
    fn store(self, words: &mut [u64]);
}

impl Stored for Fq {
    #[inline(always)]
    fn load(words: &[u64]) -> Self {
        Self::new_unchecked(BigInt(words.try_into().expect("four words")))
    }
    fn store(self, words: &mut [u64]) {
        words.copy_from_slice(&self.0.0);
    }
}

impl Stored for Fq2 {
    #[inline(always)]
    fn load(words: &[u64]) -> Self {
        Self::new(Fq::load(&words[..4]), Fq::load(&words[4..]))
    }
    fn store(self, words: &mut [u64]) {
        self.c0.store(&mut words[..4]);
        self.c1.store(&mut words[4..]);
    }
}

impl<F: Stored> Lanes for One<F> {
    const WIDTH: usize = 1;
    type Field = F;
    type Element = F;

    #[inline(always)]
    fn load(words: &[u64], negative: bool) -> F {
        let x = F::load(words);
        if negative { -x } else { x }
    }
    fn store(x: F, words: &mut [u64]) {
        x.store(words);
    }
    fn value(x: &F) -> F {
        *x
    }
    fn element(x: F) -> F {
        x
    }
    #[inline(always)]
    fn gather<'a>(of: impl Fn(usize) -> &'a F) -> Self {
        Self(*of(0))
    }
    #[inline(always)]
    fn scatter(&self, mut to: impl FnMut(usize, F)) {
        to(0, self.0);
    }
    fn one() -> Self {
        Self(F::ONE)
    }
    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        Self(self.0 - other.0)
    }
    #[inline(always)]
    fn times(&self, other: &Self) -> Self {
        Self(self.0 * other.0)
    }
    #[inline(always)]
    fn times_minus(&self, other: &Self, less: &Self) -> Self {
        Self(self.0 * other.0 - less.0)
    }
    #[inline(always)]
    fn square_minus(&self, less: [&Self; 2]) -> Self {
        Self(self.0.square() - less[0].0 - less[1].0)
    }
    fn inverse(&self) -> Option<Self> {
        self.0.inverse().map(Self)
    }
    fn is_zero(&self, _: usize) -> bool {
        self.0.is_zero()
    }
}

/// BN254's first group.
#[derive(Debug)]
pub(crate) struct G1(PhantomData<()>);

impl Curve for G1 {
    type Config = g1::Config;
    type Lanes = One<Fq>;
    type Packed = [u64; 8];
}

/// BN254's second group.
#[derive(Debug)]
pub(crate) struct G2(PhantomData<()>);

impl Curve for G2 {
    type Config = g2::Config;
    type Lanes = One<Fq2>;
    type Packed = [u64; 16];
}
