//! Coordinates in vectors of doubles: [`super::super::fma`] says how they count. [`super::portable`] is the reference.

use std::marker::PhantomData;
use std::sync::LazyLock;

use ark_bn254::{Fq, Fq2, g1, g2};
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero, batch_inversion_and_mul};

use super::super::fma::arithmetic::{
    Arithmetic, DIGIT_BITS, DIGITS, Digits, Modulus, Products, balanced, difference, least,
    normalize, sum,
};
use super::super::fma::vectors::{self, Vectors};
use super::batch::{Curve, Lanes};

/// Bits of the factor of coordinates in a key: x stands there as `2^51 x`.
pub(crate) const FORM: u64 = DIGIT_BITS as u64;

/// Vectors side by side.
const VECTORS: usize = 2;

/// The digits of one element in memory.
type Element = [f64; DIGITS];

/// 2^51, its powers from 0, and the inverse of 2^51.
static RADIX: LazyLock<([Fq; DIGITS], Fq)> = LazyLock::new(|| {
    let radix = Fq::from(1u64 << DIGIT_BITS);
    let powers = std::array::from_fn(|k| radix.pow([k as u64]));
    (powers, radix.inverse().expect("a power of two"))
});

/// The integer that digits spell, modulo p.
fn integer(digits: &Element) -> Fq {
    let terms = digits.iter().zip(&RADIX.0).map(|(digit, power)| Fq::from(*digit as i64) * power);
    terms.sum()
}

/// Digits of an integer modulo p.
fn digits(integer: Fq) -> Element {
    least(integer.into_bigint().0, Fq::WORDS).map(|digit| digit as f64)
}

fn load(words: &[u64], negative: bool) -> Element {
    let digits = balanced(words.try_into().expect("four words"));
    if negative { digits.map(|digit| -digit as f64) } else { digits.map(|digit| digit as f64) }
}

fn store(x: Fq, words: &mut [u64]) {
    words.copy_from_slice(&(x * RADIX.0[1]).into_bigint().0);
}

/// Elements of the field of G1.
#[derive(Clone, Copy)]
pub(crate) struct Base(Digits<Vectors, VECTORS>);

impl Base {
    fn integers(&self) -> [Fq; 4 * VECTORS] {
        let mut lanes = [Fq::ZERO; 4 * VECTORS];
        self.scatter(|lane, x| lanes[lane] = integer(&x));
        lanes
    }
}

impl Lanes for Base {
    const WIDTH: usize = 4 * VECTORS;
    type Field = Fq;
    type Element = Element;

    #[inline(always)]
    fn load(words: &[u64], negative: bool) -> Element {
        load(words, negative)
    }
    fn store(x: Fq, words: &mut [u64]) {
        store(x, words);
    }
    fn value(x: &Element) -> Fq {
        integer(x) * RADIX.1
    }
    fn element(x: Fq) -> Element {
        digits(x * RADIX.0[1])
    }
    #[inline(always)]
    fn gather<'a>(of: impl Fn(usize) -> &'a Element) -> Self {
        Self(vectors::gather(of))
    }
    #[inline(always)]
    fn scatter(&self, to: impl FnMut(usize, Element)) {
        vectors::scatter(&self.0, to);
    }
    fn one() -> Self {
        let one = Self::element(Fq::ONE);
        Self::gather(|_| &one)
    }
    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        Self(difference::<Vectors, VECTORS>(&self.0, &other.0))
    }
    #[inline(never)]
    fn times(&self, other: &Self) -> Self {
        Self(Products::<Vectors, VECTORS>::new().times(&self.0, &other.0).reduce::<Fq>())
    }
    #[inline(never)]
    fn times_minus(&self, other: &Self, less: &Self) -> Self {
        Self(
            Products::<Vectors, VECTORS>::new()
                .times(&self.0, &other.0)
                .minus(&less.0)
                .reduce::<Fq>(),
        )
    }
    #[inline(never)]
    fn square_minus(&self, [x, y]: [&Self; 2]) -> Self {
        let twice = twice(&self.0);
        let square = Products::<Vectors, VECTORS>::new().square(&self.0, &self.0, &twice);
        Self(square.minus(&x.0).minus(&y.0).reduce::<Fq>())
    }
    fn inverse(&self) -> Option<Self> {
        let mut lanes = self.integers();
        if lanes.iter().any(Fq::is_zero) {
            return None;
        }
        // Of the integers x: 2^102 / x, because products are divided by 2^51.
        batch_inversion_and_mul(&mut lanes, &RADIX.0[2]);
        let lanes = lanes.map(digits);
        Some(Self::gather(|lane| &lanes[lane]))
    }
    fn is_zero(&self, lane: usize) -> bool {
        self.integers()[lane].is_zero()
    }
}

/// `2 a`, for factors.
#[inline(always)]
fn twice(a: &Digits<Vectors, VECTORS>) -> Digits<Vectors, VECTORS> {
    sum::<Vectors, VECTORS>(a, a)
}

/// `-a`, for factors.
#[inline(always)]
fn negated(a: &Digits<Vectors, VECTORS>) -> Digits<Vectors, VECTORS> {
    let zero = [[Vectors::double(0); VECTORS]; DIGITS];
    difference::<Vectors, VECTORS>(&zero, a)
}

/// The sum of products as a coordinate at rest. What a sum of two gives is too large to be taken from another one and
/// multiplied again (`bounds.rs`).
#[inline(always)]
fn at_rest(products: Products<Vectors, VECTORS>) -> Digits<Vectors, VECTORS> {
    normalize::<Vectors, Fq, VECTORS>(&products.reduce::<Fq>())
}

/// Elements of the field of G2, `a + b i` with `i^2 = -1`.
#[derive(Clone, Copy)]
pub(crate) struct Extension([Digits<Vectors, VECTORS>; 2]);

impl Extension {
    fn integers(&self) -> [Fq2; 4 * VECTORS] {
        let mut lanes = [Fq2::ZERO; 4 * VECTORS];
        self.scatter(|lane, [a, b]| lanes[lane] = Fq2::new(integer(&a), integer(&b)));
        lanes
    }

    /// The products that both parts of `self * other` are sums of.
    #[inline(always)]
    fn products(&self, other: &Self) -> [Products<Vectors, VECTORS>; 2] {
        let ([a, b], [c, d]) = (&self.0, &other.0);
        let real = Products::new().times(a, c).times(&negated(b), d);
        [real, Products::new().times(a, d).times(b, c)]
    }
}

impl Lanes for Extension {
    const WIDTH: usize = 4 * VECTORS;
    type Field = Fq2;
    type Element = [Element; 2];

    #[inline(always)]
    fn load(words: &[u64], negative: bool) -> [Element; 2] {
        let (a, b) = words.split_at(4);
        [load(a, negative), load(b, negative)]
    }
    fn store(x: Fq2, words: &mut [u64]) {
        let (a, b) = words.split_at_mut(4);
        store(x.c0, a);
        store(x.c1, b);
    }
    fn value(x: &[Element; 2]) -> Fq2 {
        Fq2::new(integer(&x[0]) * RADIX.1, integer(&x[1]) * RADIX.1)
    }
    fn element(x: Fq2) -> [Element; 2] {
        [digits(x.c0 * RADIX.0[1]), digits(x.c1 * RADIX.0[1])]
    }
    #[inline(always)]
    fn gather<'a>(of: impl Fn(usize) -> &'a [Element; 2]) -> Self {
        Self([vectors::gather(|lane| &of(lane)[0]), vectors::gather(|lane| &of(lane)[1])])
    }
    #[inline(always)]
    fn scatter(&self, mut to: impl FnMut(usize, [Element; 2])) {
        let mut lanes = [[[0.0; DIGITS]; 2]; 4 * VECTORS];
        for (part, x) in self.0.iter().enumerate() {
            vectors::scatter(x, |lane, x| lanes[lane][part] = x);
        }
        for (lane, x) in lanes.into_iter().enumerate() {
            to(lane, x);
        }
    }
    fn one() -> Self {
        let one = Self::element(Fq2::ONE);
        Self::gather(|_| &one)
    }
    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        Self([0, 1].map(|i| difference::<Vectors, VECTORS>(&self.0[i], &other.0[i])))
    }
    #[inline(never)]
    fn times(&self, other: &Self) -> Self {
        let [real, imaginary] = self.products(other);
        Self([real.reduce::<Fq>(), imaginary.reduce::<Fq>()])
    }
    #[inline(never)]
    fn times_minus(&self, other: &Self, less: &Self) -> Self {
        let [real, imaginary] = self.products(other);
        let [real, imaginary] = [real.minus(&less.0[0]), imaginary.minus(&less.0[1])];
        Self([at_rest(real), at_rest(imaginary)])
    }
    #[inline(never)]
    fn square_minus(&self, [x, y]: [&Self; 2]) -> Self {
        let [a, b] = &self.0;
        let real = Products::new().square(a, a, &twice(a));
        let negated = negated(b);
        let real = real.square(b, &negated, &twice(&negated));
        let imaginary = Products::new().times(a, &twice(b));
        let less = |products: Products<Vectors, VECTORS>, i: usize| {
            at_rest(products.minus(&x.0[i]).minus(&y.0[i]))
        };
        Self([less(real, 0), less(imaginary, 1)])
    }
    fn inverse(&self) -> Option<Self> {
        let mut lanes = self.integers();
        if lanes.iter().any(Fq2::is_zero) {
            return None;
        }
        batch_inversion_and_mul(&mut lanes, &Fq2::new(RADIX.0[2], Fq::ZERO));
        let lanes = lanes.map(|x| [digits(x.c0), digits(x.c1)]);
        Some(Self::gather(|lane| &lanes[lane]))
    }
    fn is_zero(&self, lane: usize) -> bool {
        self.integers()[lane].is_zero()
    }
}

/// BN254's first group.
#[derive(Debug)]
pub(crate) struct G1(PhantomData<()>);

impl Curve for G1 {
    type Config = g1::Config;
    type Lanes = Base;
    type Packed = [u64; 8];
}

/// BN254's second group.
#[derive(Debug)]
pub(crate) struct G2(PhantomData<()>);

impl Curve for G2 {
    type Config = g2::Config;
    type Lanes = Extension;
    type Packed = [u64; 16];
}
