//! Vectors of AVX2: products mod p whose rare borrows and carries are not corrected, but marked.
//!
//! A mark is a word that is noted in `check` with a high half below 2^8. Where nothing is wrong a
//! word has one with probability 2^-24.

use std::arch::asm;
use std::arch::x86_64::*;
use std::mem::transmute;
use std::ops::{Add, Sub};

use super::digits::{Digits, Lanes, OFFSET};
use super::one::Row;

/// Four lanes of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector(pub(super) __m256i);

impl Add for Vector {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: this module is compiled only where the target has AVX2. So in all of this file.
        Self(unsafe { _mm256_add_epi64(self.0, other.0) })
    }
}

impl Sub for Vector {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_sub_epi64(self.0, other.0) })
    }
}

impl Lanes for Vector {
    #[inline(always)]
    fn splat(constant: u64) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_set1_epi64x(constant as i64) })
    }

    #[inline(always)]
    fn shl<const K: i32>(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_slli_epi64::<K>(self.0) })
    }

    #[inline(always)]
    fn shr<const K: i32>(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_srli_epi64::<K>(self.0) })
    }

    #[inline(always)]
    fn bits<const K: i32>(self) -> Self {
        self.and(Self::splat((1 << K) - 1))
    }

    #[inline(always)]
    fn bits_and_offset(self) -> Self {
        self.with_high(Self::splat(OFFSET << 32))
    }

    /// The word is `V = a + phi (b mod 2^32) + (2^32 - 1) (b >> 32)`, as phi^2 is 2^32 - 1. With a
    /// below 2^39 and `b >> 32` below 2^7, V is below `2^64 + 2^39 + 2^39`. If it is 2^64 or more,
    /// the 64 bits of it are below 2^40: a mark.
    #[inline(always)]
    fn word(digits: Digits<Self>, check: &mut Self) -> Self {
        let Digits { a, b } = digits;
        let word = a + b.shl::<32>() + b.shr::<32>().times_epsilon();
        check.note(word);
        word
    }

    /// For `x + phi y` the square is `xx + 2^33 xy + 2^64 yy`. `xy + (xx >> 33)` is below `2^64 -
    /// 2^33 + 1 + 2^31`, and the high word of a square is below 2^64.
    #[inline(always)]
    fn square(self, check: &mut Self) -> Self {
        let high = self.shr::<32>();
        let (xx, xy, yy) = (self.times(self), self.times(high), high.times(high));
        let low = xx + xy.shl::<33>();
        reduce(low, yy + (xy + xx.shr::<33>()).shr::<31>(), check)
    }

    #[inline(always)]
    fn multiply(self, other: Self, check: &mut Self) -> Self {
        let Product { first, second, high } = product(self, other);
        reduce(first.with_high(second.shl::<32>()), high, check)
    }

    /// `phi^2 high = (phi - 1) (high mod 2^32) - (high >> 32)`: a is above `-2 2^32`, b below `2
    /// 2^32`.
    #[inline(always)]
    fn last_product(self, other: Self) -> Digits<Self> {
        let Product { first, second, high } = product(self, other);
        let bottom = high.bits::<32>();
        Digits {
            a: first.bits::<32>() - bottom - high.shr::<32>(),
            b: second.bits::<32>() + bottom,
        }
    }
}

impl Row for Vector {
    #[inline(always)]
    fn constants(words: [u64; 4]) -> Self {
        Self::load(words)
    }

    #[inline(always)]
    fn load(words: [u64; 4]) -> Self {
        let [a, b, c, d] = words.map(|word| word as i64);
        // SAFETY: as above.
        Self(unsafe { _mm256_setr_epi64x(a, b, c, d) })
    }

    #[inline(always)]
    fn lanes(self) -> [u64; 4] {
        // SAFETY: any 32 bytes are four words.
        unsafe { transmute::<__m256i, [u64; 4]>(self.0) }
    }

    #[inline(always)]
    fn swap(self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_permute2x128_si256::<1>(self.0, self.0) })
    }

    #[inline(always)]
    fn straddle(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_alignr_epi8::<8>(other.0, self.0) })
    }

    #[inline(always)]
    fn shl_by(self, counts: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_sllv_epi64(self.0, counts.0) })
    }

    #[inline(always)]
    fn shr_by(self, counts: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_srlv_epi64(self.0, counts.0) })
    }

    #[inline(always)]
    fn and(self, mask: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_and_si256(self.0, mask.0) })
    }

    #[inline(always)]
    fn sums(Digits { a, b }: Digits<Self>) -> [i64; 2] {
        // SAFETY: as above.
        unsafe {
            let even = Self(_mm256_unpacklo_epi64(a.0, b.0));
            let pairs = (even + Self(_mm256_unpackhi_epi64(a.0, b.0))).0;
            let upper = _mm256_extracti128_si256::<1>(pairs);
            let sums = _mm_add_epi64(_mm256_castsi256_si128(pairs), upper);
            [_mm_cvtsi128_si64(sums), _mm_extract_epi64::<1>(sums)]
        }
    }
}

impl Vector {
    /// Nothing noted yet.
    #[inline(always)]
    pub(super) fn unmarked() -> Self {
        Self::splat(u64::MAX)
    }

    /// Keeps the least low half and the least high half of every lane.
    #[inline(always)]
    fn note(&mut self, word: Self) {
        // SAFETY: as above.
        self.0 = unsafe { _mm256_min_epu32(self.0, word.0) };
    }

    /// Whether the high half of a noted word was below `least`.
    #[inline(always)]
    pub(super) fn is_below(self, least: u32) -> bool {
        // Comparison is with sign: both sides have their first bit turned.
        let least = (least ^ 1 << 31) as i32;
        // SAFETY: as above.
        let below = unsafe {
            let noted = _mm256_xor_si256(self.0, _mm256_set1_epi32(i32::MIN));
            _mm256_movemask_epi8(_mm256_cmpgt_epi32(_mm256_set1_epi32(least), noted))
        };
        below as u32 & 0xf0f0_f0f0 != 0
    }

    /// The low halves, with the high halves of another.
    #[inline(always)]
    fn with_high(self, high: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_blend_epi32::<0b1010_1010>(self.0, high.0) })
    }

    /// The product of the low halves.
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe { _mm256_mul_epu32(self.0, other.0) })
    }

    /// The low half times `2^32 - 1`.
    #[inline(always)]
    fn times_epsilon(self) -> Self {
        let mut epsilon = Self::splat(0xffff_ffff).0;
        // SAFETY: no instruction. Hides the constant from the compiler, which makes three
        // instructions of this one otherwise: the whole permutation then takes 2 to 5 % longer.
        unsafe {
            asm!(
                "/* {0} */",
                inout(ymm_reg) epsilon,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        self.times(Self(epsilon))
    }
}

/// A product of two words: `(first mod 2^32) + 2^32 (second mod 2^32) + 2^64 high`.
struct Product {
    first: Vector,
    second: Vector,
    high: Vector,
}

/// For factors `x + phi y` and `z + phi t`. With m = 2^32 - 1, `m^2 + m` is below 2^64: no sum
/// overflows, and the high word of a product is below 2^64.
#[inline(always)]
fn product(one: Vector, other: Vector) -> Product {
    let (y, t) = (one.shr::<32>(), other.shr::<32>());
    let first = one.times(other);
    let middle = y.times(other) + first.shr::<32>();
    let second = one.times(t) + middle.bits::<32>();
    let high = y.times(t) + middle.shr::<32>() + second.shr::<32>();
    Product { first, second, high }
}

/// `low + 2^64 high mod p`, as a word: with `high = bottom + 2^32 top` it is `low - top + (2^32 -
/// 1) bottom`.
///
/// The difference borrows only if `low < top < 2^32`. Then low has a high half of 0: a mark.
///
/// The sum carries every other time. As `(2^32 - 1) bottom` is at most `2^64 - 2^33 + 1`, a sum
/// with a carry is more than 2^32 below the difference, and their high halves tell (compared with
/// sign, hence the turned first bits); one without is not below it. And 2^32 - 1 more does not
/// carry again.
#[inline(always)]
fn reduce(low: Vector, high: Vector, check: &mut Vector) -> Vector {
    check.note(low);
    let difference = low - high.shr::<32>();
    let product = high.times_epsilon();
    // SAFETY: as above.
    let carry = unsafe {
        let turned = Vector(_mm256_xor_si256(difference.0, _mm256_set1_epi64x(i64::MIN)));
        Vector(_mm256_cmpgt_epi32(turned.0, (turned + product).0))
    };
    difference + product + carry.shr::<32>()
}
