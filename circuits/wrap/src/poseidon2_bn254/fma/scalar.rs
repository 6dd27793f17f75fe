//! Field elements in four words: to digits of 51 bits and back, and products that are not reduced to the
//! end.
//!
//! There are no branches here: whether a sum is above p is a coin toss to the processor.

use std::arch::asm;
use std::array;

use ark_bn254::Fr;
use ark_ff::PrimeField;

use super::arithmetic::{DIGIT_BITS, DIGITS, HALF, MASK};

/// An integer below 2^256, lowest word first.
pub(super) type Words = [u64; 4];

/// The modulus.
pub(super) const P: Words = Fr::MODULUS.0;

/// The modulus in memory.
static MODULUS: Words = P;

/// Twice the modulus.
const TWICE_P: Words = twice(P);

/// `-1/p` modulo 2^64, by Newton's iteration.
const MINUS_P_INVERSE: u64 = {
    let mut inverse = 1u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(P[0].wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg()
};

/// Digits from 0 to 2^51 - 1 of an integer below 2^255.
#[inline(always)]
pub(super) const fn split(x: Words) -> [u64; DIGITS] {
    [
        x[0] & MASK,
        (x[0] >> 51 | x[1] << 13) & MASK,
        (x[1] >> 38 | x[2] << 26) & MASK,
        (x[2] >> 25 | x[3] << 39) & MASK,
        x[3] >> 12,
    ]
}

/// Digits from -2^50 to 2^50 - 1, the last one without bounds, of an integer below 2^255.
pub(super) const fn balanced(x: Words) -> [i64; DIGITS] {
    let unsigned = split(x);
    let mut digits = [0; DIGITS];
    let mut carry = 0;
    let mut k = 0;
    while k < DIGITS {
        let digit = (unsigned[k] + carry) as i64;
        carry = if k < DIGITS - 1 && digit >= HALF as i64 { 1 } else { 0 };
        digits[k] = digit - ((carry as i64) << DIGIT_BITS);
        k += 1;
    }
    digits
}

/// Digits of at most 2^50 in absolute terms of `x` or `x - p`, whichever is nearer to zero.
pub(super) const fn least(x: Words) -> [i64; DIGITS] {
    let (other, _) = const_sub(P, x);
    // The modulus is odd, so they differ.
    if const_sub(other, x).1 {
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

/// `2 x` modulo p, for x below p.
pub(super) const fn double(x: Words) -> Words {
    let x = twice(x);
    let (less, borrow) = const_sub(x, P);
    if borrow { x } else { less }
}

/// `2 x`, for x below 2^255.
const fn twice(x: Words) -> Words {
    [x[0] << 1, x[1] << 1 | x[0] >> 63, x[2] << 1 | x[1] >> 63, x[3] << 1 | x[2] >> 63]
}

/// The sum, below 2^256.
#[inline(always)]
pub(super) fn add(a: Words, b: Words) -> Words {
    let mut sum = [0; 4];
    let mut carry = false;
    for i in 0..4 {
        (sum[i], carry) = a[i].carrying_add(b[i], carry);
    }
    sum
}

/// The difference modulo 2^256, and whether it borrows, for constants.
const fn const_sub(a: Words, b: Words) -> (Words, bool) {
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

/// `x - modulus`, or x if that is negative.
#[inline(always)]
pub(super) fn reduce_once(x: Words, modulus: Words) -> Words {
    let mut less = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        (less[i], borrow) = x[i].borrowing_sub(modulus[i], borrow);
    }
    array::from_fn(|i| std::hint::select_unpredictable(borrow, x[i], less[i]))
}

/// Modulo p, of an integer below 4p.
#[inline(always)]
pub(super) fn reduce(x: Words) -> Words {
    reduce_once(reduce_once(x, TWICE_P), P)
}

/// A product `a b / 2^256` modulo p, word by word of b: below `a b / 2^256 + p`, if `a + p` is below 2^256, because
/// then it never has more than five words.
#[derive(Clone, Copy)]
pub(super) struct Montgomery {
    a: Words,
    b: Words,
    t: Words,
}

impl Montgomery {
    #[inline(always)]
    pub(super) fn new(a: Words, b: Words) -> Self {
        Self { a, b, t: [0; 4] }
    }

    /// One of four steps. It is done where it stands, among the vectors' products before and after.
    ///
    /// In assembly, because there are two chains of carries, which the compiler makes one after the other.
    #[inline(always)]
    pub(super) fn step(&mut self, i: usize) {
        let [t0, t1, t2, t3] = self.t;
        let [a0, a1, a2, a3] = self.a;
        // SAFETY: the module is only compiled for targets that have BMI2 and ADX; reads the modulus.
        unsafe {
            asm!(
                // t += a b, of five words; two chains of carries.
                "xor {t4:e}, {t4:e}",
                "mulx {h}, {l}, {a0}",
                "adcx {t0}, {l}",
                "adox {t1}, {h}",
                "mulx {h}, {l}, {a1}",
                "adcx {t1}, {l}",
                "adox {t2}, {h}",
                "mulx {h}, {l}, {a2}",
                "adcx {t2}, {l}",
                "adox {t3}, {h}",
                "mulx {h}, {l}, {a3}",
                "mov edx, 0",
                "adcx {t3}, {l}",
                "adox {t4}, {h}",
                "adcx {t4}, rdx",
                // t += m p, which makes the lowest word zero.
                "mov rdx, {inverse}",
                "imul rdx, {t0}",
                "xor {l:e}, {l:e}",
                "mulx {h}, {l}, qword ptr [rip + {p}]",
                "adcx {t0}, {l}",
                "adox {t1}, {h}",
                "mulx {h}, {l}, qword ptr [rip + {p} + 8]",
                "adcx {t1}, {l}",
                "adox {t2}, {h}",
                "mulx {h}, {l}, qword ptr [rip + {p} + 16]",
                "adcx {t2}, {l}",
                "adox {t3}, {h}",
                "mulx {h}, {l}, qword ptr [rip + {p} + 24]",
                "adcx {t3}, {l}",
                "adox {t4}, {h}",
                "adcx {t4}, {t0}",
                a0 = in(reg) a0,
                a1 = in(reg) a1,
                a2 = in(reg) a2,
                a3 = in(reg) a3,
                inverse = in(reg) MINUS_P_INVERSE,
                t0 = inout(reg) t0 => _,
                t1 = inout(reg) t1 => self.t[0],
                t2 = inout(reg) t2 => self.t[1],
                t3 = inout(reg) t3 => self.t[2],
                t4 = out(reg) self.t[3],
                l = out(reg) _,
                h = out(reg) _,
                inout("rdx") self.b[i] => _,
                p = sym MODULUS,
                options(readonly, nostack),
            );
        }
    }

    /// After four steps.
    #[inline(always)]
    pub(super) fn product(&self) -> Words {
        self.t
    }
}

/// Columns of an element below 2^59 in absolute terms, the last one below 2^57, are made positive by this
/// multiple of p: 64 p, with what makes each column positive borrowed from the next one.
const POSITIVE: [u64; DIGITS] = {
    let p = split(P);
    const BORROWED: u64 = 1 << 59;
    let mut columns = [0; DIGITS];
    let mut k = 0;
    while k < DIGITS {
        columns[k] = p[k] * MULTIPLE;
        if k < DIGITS - 1 {
            columns[k] += BORROWED;
        }
        if k > 0 {
            columns[k] -= BORROWED >> DIGIT_BITS;
        }
        k += 1;
    }
    columns
};

/// Sums of sixteen elements are above minus this times p.
pub(super) const MULTIPLE: u64 = 64;

/// Bits of the last digit that the estimate of a quotient ignores.
const QUOTIENT_SHIFT: u32 = 26;

/// `2^63 / p` in units of the last digit, rounded down.
const RECIPROCAL: u64 = (1 << 63) / ((P[3] >> 12) + 1);

/// What these columns stand for, modulo p. They have no bias, are signed, below 2^59 in
/// absolute terms, and their value is above `-MULTIPLE p` and below `2^261 - MULTIPLE p`.
#[inline(always)]
pub(super) fn element(columns: [u64; DIGITS]) -> Words {
    let mut digits: [u64; DIGITS] = array::from_fn(|k| columns[k].wrapping_add(POSITIVE[k]));
    for k in 0..DIGITS - 1 {
        digits[k + 1] = digits[k + 1].wrapping_add(digits[k] >> DIGIT_BITS);
        digits[k] &= MASK;
    }
    let [a, b, c, d, e] = digits;
    // Too small by one at most: the last digit is below 2^57 and has lost less than 2^26 + 1 of it,
    // and the reciprocal is too small by less than one part in 2^13, which makes 2^-5 of a quotient below 2^8.
    let quotient = ((e >> QUOTIENT_SHIFT) * RECIPROCAL) >> (63 - QUOTIENT_SHIFT);
    // The difference is below 2p, so that what is above 2^256 cancels.
    let mut x = [a | b << 51, b >> 13 | c << 38, c >> 26 | d << 25, d >> 39 | e << 12];
    let (mut carry, mut borrow) = (0, false);
    for i in 0..4 {
        let product;
        (product, carry) = P[i].carrying_mul(quotient, carry);
        (x[i], borrow) = x[i].borrowing_sub(product, borrow);
    }
    reduce_once(x, P)
}
