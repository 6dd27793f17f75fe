//! Products modulo p on five digits of 51 bits that are integers in doubles.
//!
//! **Exactness.** A product `a b` of integers below 2^102 in absolute terms is split without any error: `h =
//! fma(a, b, C1)` with `C1 = 1.5 2^103` lies in `[2^103, 2^104]`, where doubles are the multiples of 2^51. So `h =
//! C1 + 2^51 high` with `2^51 high` the multiple of 2^51 that is nearest to `a b`, and `low = a b - 2^51 high` is
//! at most 2^50 in absolute terms. `C2 - h` with `C2 = C1 + 1.5 2^52` is a multiple of 2^51 below 2^103, hence
//! exact, and `fma(a, b, C2 - h) = 1.5 2^52 + low` lies between 2^52 and 2^53, where doubles are the integers.
//! Within a power of two the bit pattern of a double grows by one a unit in the last place: the patterns *as
//! integers* are constants plus `high` and `low`. They are summed modulo 2^64 in columns that start at minus those
//! constants, so no sum is inexact. Rounding is to nearest, the default, which Rust assumes; ties may go either
//! way except in [`reduce`].
//!
//! **Representation.** *Digits* are doubles `d_k` of value `sum d_k 2^(51 k)`, four of them about 2^50 at most in
//! absolute terms; the last one is small because values are of either sign and below 1.3 p. *Columns* are integers
//! of 64 bits with the same value formula and a bias. Differences of digits are factors, and nothing else.
//!
//! **Reduction.** The five upper columns of a product are folded down by `2^(51 j) mod p`, and one step of Montgomery's
//! reduction divides by 2^51: `a b / 2^51`. Elements stand for x as `2^51 x`.
//!
//! The functions are written for any [`Arithmetic`]: vectors (`vectors.rs`), intervals of exact integers in the tests
//! (`bounds.rs`), which check over everything that can come what is said here. V vectors are computed side by side,
//! so that no operation waits for the one before it.

use ark_bn254::{Fq, Fr};
use ark_ff::PrimeField;

/// Digits of an element.
pub(crate) const DIGITS: usize = 5;

/// Bits of a digit.
pub(crate) const DIGIT_BITS: u32 = 51;

pub(crate) const MASK: u64 = (1 << DIGIT_BITS) - 1;

/// Half of the radix: digits are rounded, not cut off.
pub(crate) const HALF: i128 = 1 << (DIGIT_BITS - 1);

/// `C1` of the module's page.
pub(crate) const C1: f64 = 1.5 * (1u128 << 103) as f64;
/// The bias of low parts as a number: `C2 - C1`.
pub(crate) const LOW: f64 = 1.5 * (1u64 << 52) as f64;
/// `C2` of the module's page.
pub(crate) const C2: f64 = C1 + LOW;

/// What the pattern of a high part has more than its value.
pub(crate) const HIGH_BIAS: i128 = C1.to_bits() as i128;
/// What the pattern of a low part has more than its value.
pub(crate) const LOW_BIAS: i128 = LOW.to_bits() as i128;

/// What makes carries positive: this number more of them.
const CARRY_BIAS: i128 = 1 << 11;

/// Bias of a column from which a digit is taken: positive for columns below 2^62 in absolute terms, and half a unit
/// of the next digit more.
const COLUMN_BIAS: i128 = (CARRY_BIAS << DIGIT_BITS) + HALF;

/// Bias of the column of a last digit, which keeps what it has.
const TOP_BIAS: i128 = 1 << 51;

/// A field of BN254. Both moduli have 254 bits, so that one set of bounds serves them.
pub(crate) trait Modulus: PrimeField {
    /// The modulus in words.
    const WORDS: [u64; 4];

    /// In digits.
    const P: [i64; DIGITS] = balanced(Self::WORDS);

    /// `-1/p` modulo 2^51, of least absolute value.
    const MINUS_P_INVERSE: i64 = {
        let p = Self::WORDS[0];
        let mut inverse = 1u64;
        let mut i = 0;
        while i < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
            i += 1;
        }
        (inverse.wrapping_neg() << (64 - DIGIT_BITS)) as i64 >> (64 - DIGIT_BITS)
    };

    /// `2^(51 j)` modulo p for j from 5 to 9, of least absolute value.
    const FOLD: [[i64; DIGITS]; DIGITS] = {
        let mut fold = [[0; DIGITS]; DIGITS];
        let mut power = [1, 0, 0, 0];
        let mut j = 0;
        while j < 2 * DIGITS {
            if j >= DIGITS {
                fold[j - DIGITS] = least(power, Self::WORDS);
            }
            let mut i = 0;
            while i < DIGIT_BITS {
                power = double(power, Self::WORDS);
                i += 1;
            }
            j += 1;
        }
        fold
    };
}

impl Modulus for Fq {
    const WORDS: [u64; 4] = Self::MODULUS.0;
}

impl Modulus for Fr {
    const WORDS: [u64; 4] = Self::MODULUS.0;
}

/// Digits from 0 to 2^51 - 1 of an integer below 2^256, the last one as large as it is.
#[inline(always)]
pub(crate) const fn split(x: [u64; 4]) -> [u64; DIGITS] {
    [
        x[0] & MASK,
        (x[0] >> 51 | x[1] << 13) & MASK,
        (x[1] >> 38 | x[2] << 26) & MASK,
        (x[2] >> 25 | x[3] << 39) & MASK,
        x[3] >> 12,
    ]
}

/// Half of the radix in each digit but the last one.
pub(crate) const HALVES: [u64; 4] = [1 << 50, 1 << (101 - 64), 1 << (152 - 128), 1 << (203 - 192)];

/// Digits from -2^50 to 2^50 - 1, the last one as large as it is, of an integer below 2^255.
#[inline(always)]
pub(crate) const fn balanced(x: [u64; 4]) -> [i64; DIGITS] {
    let mut raised = [0; 4];
    let mut carry = false;
    let mut i = 0;
    while i < 4 {
        let (word, carries) = x[i].overflowing_add(HALVES[i]);
        let (word, carries_again) = word.overflowing_add(carry as u64);
        raised[i] = word;
        carry = carries | carries_again;
        i += 1;
    }
    let unsigned = split(raised);
    let half = HALF as i64;
    [
        unsigned[0] as i64 - half,
        unsigned[1] as i64 - half,
        unsigned[2] as i64 - half,
        unsigned[3] as i64 - half,
        unsigned[4] as i64,
    ]
}

/// Digits of at most 2^50 in absolute terms of `x` or `x - p`, whichever is nearer to zero, for x below p.
pub(crate) const fn least(x: [u64; 4], p: [u64; 4]) -> [i64; DIGITS] {
    let (other, _) = subtract(p, x);
    // The modulus is odd, so they differ.
    if subtract(other, x).1 {
        let mut digits = balanced(other);
        let mut k = 0;
        while k < DIGITS {
            digits[k] = -digits[k];
            k += 1;
        }
        digits
    } else {
        balanced(x)
    }
}

/// `2 x` modulo p.
const fn double(x: [u64; 4], p: [u64; 4]) -> [u64; 4] {
    let doubled =
        [x[0] << 1, x[1] << 1 | x[0] >> 63, x[2] << 1 | x[1] >> 63, x[3] << 1 | x[2] >> 63];
    let (less, borrow) = subtract(doubled, p);
    if borrow { doubled } else { less }
}

/// The difference modulo 2^256, and whether it borrows.
const fn subtract(a: [u64; 4], b: [u64; 4]) -> ([u64; 4], bool) {
    let mut difference = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (word, borrows) = a[i].overflowing_sub(b[i]);
        let (word, borrows_again) = word.overflowing_sub(borrow as u64);
        difference[i] = word;
        borrow = borrows | borrows_again;
        i += 1;
    }
    (difference, borrow)
}

/// What is done to each lane.
pub(crate) trait Arithmetic {
    /// Integers in doubles.
    type Double: Copy;
    /// Integers modulo 2^64.
    type Word: Copy;

    fn word(x: i128) -> Self::Word;
    fn double(x: i64) -> Self::Double;
    fn add(a: Self::Word, b: Self::Word) -> Self::Word;
    /// Modulo 2^51, of `0 <= x < 2^64`.
    fn low(x: Self::Word) -> Self::Word;
    /// Divided by 2^51 and rounded down, of `0 <= x < 2^64`.
    fn high(x: Self::Word) -> Self::Word;
    /// `x - bias` for `0 <= x < 2^52`.
    fn to_double(x: Self::Word, bias: i128) -> Self::Double;
    /// `-a` with the bias of low parts, for a double of at most 2^51 in absolute terms.
    fn minus(a: Self::Double) -> Self::Word;
    /// `a - b`, for doubles below 2^52.
    fn difference(a: Self::Double, b: Self::Double) -> Self::Double;
    /// `a + b`, for doubles below 2^52.
    fn sum(a: Self::Double, b: Self::Double) -> Self::Double;
    /// `a - q b` for a q below 16, if that and both terms are below 2^53.
    fn difference_product(a: Self::Double, q: Self::Double, b: i64) -> Self::Double;
    /// The nearest integer to `a / b` for an a below 2^53, and the rest; a tie may go either way.
    fn divide(a: Self::Double, b: i64) -> (Self::Double, Self::Double);
    /// High and low part of a product below 2^102, with their biases.
    fn product(a: Self::Double, b: Self::Double) -> (Self::Word, Self::Word);
    /// The low part of a product below 2^102.
    fn low_product(a: Self::Double, b: Self::Double) -> Self::Double;
}

/// V vectors.
pub(crate) type Digits<A, const V: usize> = [[<A as Arithmetic>::Double; V]; DIGITS];

type Column<A, const V: usize> = [<A as Arithmetic>::Word; V];

/// The columns of a sum of products, and how often which bias is in them.
pub(crate) struct Products<A: Arithmetic, const V: usize> {
    columns: [Column<A, V>; 2 * DIGITS],
    biases: [i128; 2 * DIGITS],
}

impl<A: Arithmetic, const V: usize> Products<A, V> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { columns: [[A::word(0); V]; 2 * DIGITS], biases: [0; 2 * DIGITS] }
    }

    #[inline(always)]
    fn add(&mut self, k: usize, a: &[A::Double; V], b: &[A::Double; V]) {
        for v in 0..V {
            let (high, low) = A::product(a[v], b[v]);
            self.columns[k][v] = A::add(self.columns[k][v], low);
            self.columns[k + 1][v] = A::add(self.columns[k + 1][v], high);
        }
        self.biases[k] += LOW_BIAS;
        self.biases[k + 1] += HIGH_BIAS;
    }

    /// Adds `a b`.
    #[inline(always)]
    pub(crate) fn times(mut self, a: &Digits<A, V>, b: &Digits<A, V>) -> Self {
        for k in 0..2 * DIGITS - 1 {
            for i in k.saturating_sub(DIGITS - 1)..=k.min(DIGITS - 1) {
                self.add(k, &a[i], &b[k - i]);
            }
        }
        self
    }

    /// Adds `a b` for a b that is a multiple of a, so that `a_i b_j = a_j b_i`; `twice` is `2 b`.
    #[inline(always)]
    pub(crate) fn square(
        mut self,
        a: &Digits<A, V>,
        b: &Digits<A, V>,
        twice: &Digits<A, V>,
    ) -> Self {
        for k in 0..2 * DIGITS - 1 {
            for i in k.saturating_sub(DIGITS - 1)..=k / 2 {
                self.add(k, &a[i], if 2 * i == k { &b[i] } else { &twice[k - i] });
            }
        }
        self
    }

    /// Subtracts `2^51 a`.
    #[inline(always)]
    pub(crate) fn minus(mut self, a: &Digits<A, V>) -> Self {
        for k in 0..DIGITS {
            for v in 0..V {
                self.columns[k + 1][v] = A::add(self.columns[k + 1][v], A::minus(a[k][v]));
            }
            self.biases[k + 1] += LOW_BIAS;
        }
        self
    }

    /// The sum divided by 2^51, modulo p.
    ///
    /// Montgomery's step is last: with n the lowest digit and m n times -1/p, `n + low(m p_0)` is a multiple of
    /// 2^51. It is zero: either part is at most 2^50 in absolute terms, n is not 2^50, and if n is -2^50 then both
    /// `m` and `low(m p_0)` are decided by ties, which go to the even pattern: whichever m is then, of +-2^50, the
    /// low part is +2^50. (`lowest_digits_cancel` tests it.) So the low part of `m p_0` is not computed.
    #[inline(always)]
    pub(crate) fn reduce<M: Modulus>(self) -> Digits<A, V> {
        let rows = DIGITS as i128;
        // What each column still gets, and the bias that it is to have then.
        let bias: [i128; 2 * DIGITS] = std::array::from_fn(|k| {
            let folded = rows * (LOW_BIAS + if k > 0 { HIGH_BIAS } else { 0 });
            -self.biases[k]
                + match k {
                    0 => COLUMN_BIAS - folded,
                    1 => COLUMN_BIAS - CARRY_BIAS - folded - HIGH_BIAS - LOW_BIAS,
                    2..DIGITS => COLUMN_BIAS - folded - HIGH_BIAS - LOW_BIAS,
                    9 => TOP_BIAS,
                    _ => COLUMN_BIAS,
                }
        });
        let mut c = self.columns;
        for (column, bias) in c.iter_mut().zip(bias) {
            for word in column {
                *word = A::add(*word, A::word(bias));
            }
        }
        let [c0, c1, c2, c3, c4, upper @ ..] = c;
        let upper = digits::<A, V>(&upper);
        let top = A::word(TOP_BIAS - (rows + 1) * HIGH_BIAS);
        let mut c = [c0, c1, c2, c3, c4, [top; V]];
        for k in 0..DIGITS {
            for (digit, row) in upper.iter().zip(&M::FOLD) {
                for v in 0..V {
                    let (high, low) = A::product(digit[v], A::double(row[k]));
                    c[k][v] = A::add(c[k][v], low);
                    c[k + 1][v] = A::add(c[k + 1][v], high);
                }
            }
        }
        let m: [A::Double; V] = std::array::from_fn(|v| {
            let n = A::to_double(A::low(c[0][v]), HALF);
            A::low_product(n, A::double(M::MINUS_P_INVERSE))
        });
        for v in 0..V {
            c[1][v] = A::add(c[1][v], A::high(c[0][v]));
            for (k, p) in M::P.into_iter().enumerate() {
                let (high, low) = A::product(m[v], A::double(p));
                c[k + 1][v] = A::add(c[k + 1][v], high);
                if k > 0 {
                    c[k][v] = A::add(c[k][v], low);
                }
            }
        }
        let [_, lower @ ..] = c;
        digits::<A, V>(&lower)
    }
}

/// Columns with [`COLUMN_BIAS`], the last one with [`TOP_BIAS`], to digits. The carries do not ripple: each digit takes
/// the carry of the column below as it was, so it is at most 2^50 plus a carry in absolute terms.
#[inline(always)]
fn digits<A: Arithmetic, const V: usize>(columns: &[Column<A, V>; DIGITS]) -> Digits<A, V> {
    std::array::from_fn(|k| {
        std::array::from_fn(|v| {
            let column = columns[k][v];
            match k {
                0 => A::to_double(A::low(column), HALF),
                4 => {
                    let carry = A::high(columns[3][v]);
                    A::to_double(A::add(column, carry), TOP_BIAS + CARRY_BIAS)
                }
                _ => {
                    let carry = A::high(columns[k - 1][v]);
                    A::to_double(A::add(A::low(column), carry), HALF + CARRY_BIAS)
                }
            }
        })
    })
}

/// Digit by digit.
#[inline(always)]
pub(crate) fn difference<A: Arithmetic, const V: usize>(
    a: &Digits<A, V>,
    b: &Digits<A, V>,
) -> Digits<A, V> {
    std::array::from_fn(|k| std::array::from_fn(|v| A::difference(a[k][v], b[k][v])))
}

/// Digit by digit.
#[inline(always)]
pub(crate) fn sum<A: Arithmetic, const V: usize>(
    a: &Digits<A, V>,
    b: &Digits<A, V>,
) -> Digits<A, V> {
    std::array::from_fn(|k| std::array::from_fn(|v| A::sum(a[k][v], b[k][v])))
}

/// The same modulo p, with digits of about 2^50 at most in absolute terms, between `-p/2` and `p/2` but for a little.
#[inline(always)]
pub(crate) fn normalize<A: Arithmetic, M: Modulus, const V: usize>(
    x: &Digits<A, V>,
) -> Digits<A, V> {
    let mut digits = *x;
    for v in 0..V {
        let quotient;
        (quotient, digits[4][v]) = A::divide(x[4][v], M::P[4]);
        for k in 0..DIGITS - 1 {
            let digit = A::difference_product(x[k][v], quotient, M::P[k]);
            let (carry, rest) = A::divide(digit, 1 << DIGIT_BITS);
            digits[k][v] = if k == 0 { rest } else { A::sum(digits[k][v], rest) };
            digits[k + 1][v] = if k == DIGITS - 2 { A::sum(digits[4][v], carry) } else { carry };
        }
    }
    digits
}
