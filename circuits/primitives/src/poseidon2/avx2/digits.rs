//! Elements as two digits, and the linear operations on them.
//!
//! Let phi be 2^32, so that p is phi^2 - phi + 1 and phi^2 = phi - 1, phi^3 = -1. The digits a and
//! b, integers with sign in 64-bit lanes, stand for `a + phi b`. Digits of 32 bits leave 31 bits
//! for sums: a linear layer is plain additions, and what grew beyond 32 bits is brought back once
//! after it. A sum that left 64 bits would be a wrong hash, which nothing would tell. So every
//! bound is argued where it is used, and a test runs the very same layers on intervals
//! (`intervals.rs`), where whatever could leave its bounds panics.

use std::ops::{Add, Sub};

/// What the layers need of a vector of 64-bit lanes. Words are without sign and need not be
/// reduced; all else has a sign, and no sum, difference or shift to the left may leave
/// `-2^63..2^63`.
///
/// Operations that take a `check` give the right residue or leave a mark there.
pub(super) trait Lanes: Copy + Add<Output = Self> + Sub<Output = Self> {
    /// A constant in every lane.
    fn splat(constant: u64) -> Self;

    /// `2^K x`.
    fn shl<const K: i32>(self) -> Self;

    /// `x / 2^K`, rounded down, of a word or of x that is not negative.
    fn shr<const K: i32>(self) -> Self;

    /// `x mod 2^K`, of a word or of x that is not negative.
    fn bits<const K: i32>(self) -> Self;

    /// `x mod 2^32 + 2^32 OFFSET`, of x that is not negative.
    fn bits_and_offset(self) -> Self;

    /// A word, of digits in `0..2^39`.
    fn word(digits: Digits<Self>, check: &mut Self) -> Self;

    /// The square of a word, as a word.
    fn square(self, check: &mut Self) -> Self;

    /// The product of two words, as a word.
    fn multiply(self, other: Self, check: &mut Self) -> Self;

    /// The product of two words, as digits: a in `-2^33..2^32`, b in `0..2^33`.
    fn last_product(self, other: Self) -> Digits<Self>;
}

/// `a + phi b`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digits<L> {
    pub(super) a: L,
    pub(super) b: L,
}

/// Zero: `2^(m - 32) (phi^2 - phi + 1)`, with both digits near 2^m.
const fn zero(m: u32) -> Digits<u64> {
    Digits { a: (1 << m) + (1 << (m - 32)), b: (1 << m) - (1 << (m - 31)) }
}

/// Makes sums of the internal rounds positive.
pub(super) const ZERO_58: Digits<u64> = zero(58);

/// Makes elements of the internal rounds positive, where one state is spread over vectors.
pub(super) const ZERO_38: Digits<u64> = zero(38);

/// Folded digits are so many 2^32 too high: what is subtracted from them leaves them positive.
pub(super) const OFFSET: u64 = 64;

/// Zero, as phi^2 - phi + 1 once and phi - phi 64 times: makes positive what the external matrix
/// makes of powers, `-28 2^33 < a < 28 2^32` and `0 <= b < 28 2^33`. With a constant of two 32-bit
/// digits, a is above `(64 - 56) 2^32` and below `(64 + 28 + 2) 2^32`, b from 0 to less than `(56 +
/// 2) 2^32`: both in `0..2^39`.
pub(super) const LIFT: Digits<u64> = Digits { a: (64 << 32) + 1, b: (1 << 32) - 65 };

/// Zero, less the OFFSET that folding adds: `OFFSET (phi + phi^2) = OFFSET (2 phi - 1)`.
const FOLD: Digits<u64> = Digits { a: ZERO_58.a + OFFSET, b: ZERO_58.b - 2 * OFFSET };

impl Digits<u64> {
    /// The two halves of a word.
    pub(super) const fn halves(word: u64) -> Self {
        Self { a: word & 0xffff_ffff, b: word >> 32 }
    }
}

impl<L: Lanes> Digits<L> {
    pub(super) fn splat(digits: Digits<u64>) -> Self {
        Self { a: L::splat(digits.a), b: L::splat(digits.b) }
    }

    /// The two halves of a word.
    #[inline(always)]
    pub(super) fn of_word(word: L) -> Self {
        Self { a: word.bits::<32>(), b: word.shr::<32>() }
    }

    /// Digits in `63 2^32..65 2^32` and `64 2^32..66 2^32`, of digits that are at most 2^57 in
    /// absolute terms.
    ///
    /// With FOLD added both are in `2^56..2^59`. The upper half of a goes to b; then the upper half
    /// `k < 2^28` of b is `phi^2 k = phi k - k`.
    #[inline(always)]
    pub(super) fn fold(self) -> Self {
        let a = self.a + L::splat(FOLD.a);
        let b = self.b + L::splat(FOLD.b) + a.shr::<32>();
        let k = b.shr::<32>();
        Self { a: a.bits_and_offset() - k, b: b.bits_and_offset() + k }
    }

    #[inline(always)]
    pub(super) fn shl<const K: i32>(self) -> Self {
        Self { a: self.a.shl::<K>(), b: self.b.shl::<K>() }
    }

    /// `2^-K x` with `J = 32 - K`, of digits that are not negative. The low bits of a become `2^-K
    /// = 2^J (1 - phi)` times them, those of b `2^-K phi = 2^J` times them.
    ///
    /// Of digits below U come `0 <= a < U / 2^K + 2^33` and `-2^32 < b < U / 2^K`.
    #[inline(always)]
    pub(super) fn divide<const K: i32, const J: i32>(self) -> Self {
        const { assert!(K + J == 32) };
        let low_a = self.a.bits::<K>().shl::<J>();
        let low_b = self.b.bits::<K>().shl::<J>();
        Self { a: self.a.shr::<K>() + (low_a + low_b), b: self.b.shr::<K>() - low_a }
    }
}

impl<L: Lanes> Add for Digits<L> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { a: self.a + other.a, b: self.b + other.b }
    }
}

impl<L: Lanes> Sub for Digits<L> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { a: self.a - other.a, b: self.b - other.b }
    }
}

/// 7th powers of several words, stage by stage: there are always products to work on while others
/// are on their way.
pub(super) trait Powers<const N: usize>: Lanes {
    /// 7th powers, as of [`Lanes::last_product`].
    fn powers(words: [Self; N], check: &mut Self) -> [Digits<Self>; N];
}

/// Written out, since the compiler does not unroll loops of that size.
macro_rules! powers {
    ($count:literal: $($i:literal)+) => {
        impl<L: Lanes> Powers<$count> for L {
            #[inline(always)]
            fn powers(x: [Self; $count], check: &mut Self) -> [Digits<Self>; $count] {
                let x2 = [$(x[$i].square(check)),+];
                let x3 = [$(x2[$i].multiply(x[$i], check)),+];
                let x4 = [$(x2[$i].square(check)),+];
                [$(x3[$i].last_product(x4[$i])),+]
            }
        }
    };
}

powers!(1: 0);
powers!(2: 0 1);
powers!(3: 0 1 2);
powers!(4: 0 1 2 3);
