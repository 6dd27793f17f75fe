//! Field arithmetic on five digits of 51 bits that are integers in doubles.
//!
//! **Exactness.** A product `a b` of integers below 2^102 in absolute terms is split without any error:
//! `h = fma(a, b, C1)` with `C1 = 1.5 2^103` lies in `[2^103, 2^104]`, where doubles are the multiples
//! of 2^51. So `h = C1 + 2^51 high` with `2^51 high` the multiple of 2^51 that is nearest to `a b`, and
//! `low = a b - 2^51 high` is at most 2^50 in absolute terms. `C2 - h` with `C2 = C1 + 1.5 2^52` is a
//! multiple of 2^51 below 2^103, hence exact, and `l = fma(a, b, C2 - h) = 1.5 2^52 + low` lies between
//! 2^52 and 2^53, where doubles are the integers. Within one power of two the bit pattern of a double grows by
//! one a unit in the last place: the patterns of `h` and `l` *as integers* are constants plus
//! `high` and `low`. They are summed modulo 2^64 in accumulators that start at minus those constants, so
//! that no sum of doubles can be inexact. Nothing is infinite, NaN or subnormal: every operand is an
//! integer below 2^104.
//!
//! This needs rounding to nearest, the default of the environment, which Rust assumes; ties may go either
//! way, except in [`divide`]. Rust neither contracts nor reorders floating-point operations.
//!
//! **Representation.** *Digits* are doubles `d_k`, of value `sum d_k 2^(51 k)`, four of them about 2^50 and the
//! last one below 2^52 in absolute terms. *Columns* are integers of 64 bits with the same value formula and
//! no such bound, each plus a bias that whoever makes them chooses. Values are taken modulo p; they are
//! of either sign, and never more than a few times p.
//!
//! **Reduction.** A product has ten columns. The four above 2^306 are folded down by
//! `2^(51 j) mod p`, and one step of Montgomery's reduction divides by 2^51, so that five digits are left:
//! multiplication is `a b / 2^51`. That is 51 products of digits, against 55 of Montgomery's reduction only, and
//! with little that waits for one another. A constant factor has its multiples by `2^(51 j)` in a table, reduced:
//! then 31 products are enough.
//!
//! **Bounds.** The functions are written for any [`Arithmetic`]: vectors here, intervals of exact integers in the
//! tests (`bounds.rs`), which run the very same functions over everything that can come, and check each condition
//! that is stated here.

use ark_bn254::Fr;
use ark_ff::PrimeField;

use super::scalar::{balanced, double, least};

/// Repeats a block with a constant: the compiler does not unroll all loops, and then arrays are in memory.
macro_rules! unroll {
    ($k:ident in [$($n:literal)*] $body:block) => {
        $({
            const $k: usize = $n;
            $body
        })*
    };
}
pub(super) use unroll;

/// Digits of an element.
pub(super) const DIGITS: usize = 5;

/// Bits of a digit.
pub(super) const DIGIT_BITS: u32 = 51;

pub(super) const MASK: u64 = (1 << DIGIT_BITS) - 1;

/// Half of the radix: digits are rounded, not cut off.
pub(super) const HALF: i128 = 1 << (DIGIT_BITS - 1);

/// `C1` of the module's page.
pub(super) const C1: f64 = 1.5 * (1u128 << 103) as f64;
/// The bias of low parts as a number: `C2 - C1`.
const LOW: f64 = 1.5 * (1u64 << 52) as f64;
/// `C2` of the module's page.
pub(super) const C2: f64 = C1 + LOW;

/// What the bit pattern of a high part has more than its value.
pub(super) const HIGH_BIAS: i128 = C1.to_bits() as i128;
/// What the bit pattern of a low part has more than its value.
pub(super) const LOW_BIAS: i128 = LOW.to_bits() as i128;

/// What makes carries positive: this number more of them.
pub(super) const CARRY_BIAS: i128 = 1 << 11;

/// Bias of a column from which a digit is taken: positive for columns below 2^62 in absolute terms,
/// and half a unit of the next digit more.
pub(super) const COLUMN_BIAS: i128 = (CARRY_BIAS << DIGIT_BITS) + HALF;

/// Bias of the column of the last digit, which keeps what it has.
pub(super) const TOP_BIAS: i128 = 1 << 51;

/// Biases that [`digits`] takes, for a last column between -2^51 and 2^51.
pub(super) const DIGIT_BIASES: Biases =
    [COLUMN_BIAS, COLUMN_BIAS, COLUMN_BIAS, COLUMN_BIAS, TOP_BIAS];

/// No bias.
pub(super) const NO_BIASES: Biases = [0; DIGITS];

/// A bias for each column.
pub(super) type Biases = [i128; DIGITS];

/// The modulus.
const P: [i64; DIGITS] = balanced(Fr::MODULUS.0);

/// `-1/p` modulo 2^51, of least absolute value.
const MINUS_P_INVERSE: i64 = {
    let p = Fr::MODULUS.0[0];
    let mut inverse = 1u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        i += 1;
    }
    (inverse.wrapping_neg() << (64 - DIGIT_BITS)) as i64 >> (64 - DIGIT_BITS)
};

/// First digit that is folded down.
const FOLDED: usize = 6;

/// `2^(51 j)` modulo p for j from [`FOLDED`] to 9, of least absolute value.
pub(super) const FOLD: [[i64; DIGITS]; 2 * DIGITS - FOLDED] = {
    let mut fold = [[0; DIGITS]; 2 * DIGITS - FOLDED];
    let mut power = [1, 0, 0, 0];
    let mut j = 0;
    while j < 2 * DIGITS {
        if j >= FOLDED {
            fold[j - FOLDED] = least(power);
        }
        let mut i = 0;
        while i < DIGIT_BITS {
            power = double(power);
            i += 1;
        }
        j += 1;
    }
    fold
};

/// What is done to each lane. The conditions are not checked: see the module's page.
pub(super) trait Arithmetic {
    /// Integers in doubles.
    type Double: Copy;
    /// Integers modulo 2^64.
    type Word: Copy;

    /// A constant modulo 2^64.
    fn word(x: i128) -> Self::Word;
    /// A constant below 2^53 in absolute terms.
    fn double(x: i64) -> Self::Double;
    /// The sum modulo 2^64.
    fn add(a: Self::Word, b: Self::Word) -> Self::Word;
    /// Modulo 2^51, of `0 <= x < 2^64`.
    fn low(x: Self::Word) -> Self::Word;
    /// Divided by 2^51 and rounded down, of `0 <= x < 2^64`.
    fn high(x: Self::Word) -> Self::Word;
    /// `x - bias` for `0 <= x < 2^52`.
    fn to_double(x: Self::Word, bias: i128) -> Self::Double;
    /// Twice a double below 2^52 in absolute terms.
    fn twice(a: Self::Double) -> Self::Double;
    /// Adds the low and the high part of a product below 2^102, with their biases.
    fn accumulate(to: [Self::Word; 2], a: Self::Double, b: Self::Double) -> [Self::Word; 2];
    /// The bias of high parts and the high part of a product below 2^102.
    fn high_product(a: Self::Double, b: Self::Double) -> Self::Word;
    /// The low part of a product below 2^102.
    fn low_product(a: Self::Double, b: Self::Double) -> Self::Double;
}

/// Digits of four elements, or of what stands for them.
pub(super) type Digits<A> = [<A as Arithmetic>::Double; DIGITS];

/// Columns of four elements, or of what stands for them.
pub(super) type Columns<A> = [<A as Arithmetic>::Word; DIGITS];

/// Ten columns, of a product.
pub(super) type Wide<A> = [<A as Arithmetic>::Word; 2 * DIGITS];

/// Six columns, to be divided.
pub(super) type Dividend<A> = [<A as Arithmetic>::Word; DIGITS + 1];

/// A factor times `2^51 2^(51 j)`, reduced, for each j. See [`multiply_constant`].
pub(super) type Table<A> = [Digits<A>; DIGITS];

/// Columns with [`DIGIT_BIASES`] except for the last one, which has the bias `top`: to digits.
///
/// The carries do not ripple: each digit takes the carry of the column below it as it was. So a digit is
/// at most 2^50 plus a carry in absolute terms.
#[inline(always)]
pub(super) fn digits<A: Arithmetic>(columns: Columns<A>, top: i128) -> Digits<A> {
    std::array::from_fn(|k| match k {
        0 => A::to_double(A::low(columns[0]), HALF),
        4 => A::to_double(A::add(columns[4], A::high(columns[3])), top + CARRY_BIAS),
        _ => digit::<A>(columns[k], columns[k - 1]),
    })
}

/// The digit of a column, with the carry of the one below.
#[inline(always)]
fn digit<A: Arithmetic>(column: A::Word, below: A::Word) -> A::Double {
    A::to_double(A::add(A::low(column), A::high(below)), HALF + CARRY_BIAS)
}

/// What the columns before [`divide`] have to start at: the biases of what it adds, and those of its result.
pub(super) const fn division_start(result: Biases) -> [i128; DIGITS + 1] {
    let [r0, r1, r2, r3, r4] = result;
    let product = HIGH_BIAS + LOW_BIAS;
    [
        COLUMN_BIAS,
        r0 - CARRY_BIAS - product,
        r1 - product,
        r2 - product,
        r3 - product,
        r4 - HIGH_BIAS,
    ]
}

/// Montgomery's step: `(c + m p) / 2^51` for the m that makes it an integer.
///
/// With n the lowest digit and m n times -1/p, `n + low(m p_0)` is a multiple of 2^51. It is
/// zero: either part is at most 2^50 in absolute terms, n is not 2^50, and if n is -2^50 then both `m`
/// and `low(m p_0)` are decided by ties, which go to the even pattern: to m = 2^50 and to +2^50 for this modulus.
/// (`lowest_digits_cancel` tests it.) So the low part of `m p_0` is not computed.
#[inline(always)]
pub(super) fn divide<A: Arithmetic>(c: &Dividend<A>) -> Columns<A> {
    let mut c = *c;
    let n = A::to_double(A::low(c[0]), HALF);
    let m = A::low_product(n, A::double(MINUS_P_INVERSE));
    c[1] = A::add(c[1], A::high(c[0]));
    c[1] = A::add(c[1], A::high_product(m, A::double(P[0])));
    unroll!(K in [1 2 3 4] {
        [c[K], c[K + 1]] = A::accumulate([c[K], c[K + 1]], m, A::double(P[K]));
    });
    [c[1], c[2], c[3], c[4], c[5]]
}

/// Adds the product of a digit and five digits to six columns.
#[inline(always)]
fn accumulate_row<A: Arithmetic>(
    mut c: Dividend<A>,
    a: A::Double,
    b: impl Fn(usize) -> A::Double,
) -> Dividend<A> {
    unroll!(K in [0 1 2 3 4] {
        [c[K], c[K + 1]] = A::accumulate([c[K], c[K + 1]], a, b(K));
    });
    c
}

/// Columns that start at these biases, less those of the sums of products that are added: `counts` of low parts, and as
/// many high parts in the column above.
#[inline(always)]
fn start<A: Arithmetic, const N: usize>(counts: [i128; N], biases: [i128; N]) -> [A::Word; N] {
    std::array::from_fn(|k| {
        let below = if k > 0 { counts[k - 1] } else { 0 };
        A::word(biases[k] - counts[k] * LOW_BIAS - below * HIGH_BIAS)
    })
}

/// The product with a constant; columns with these biases. After each of five steps something else can be done.
///
/// The result is below `sum |x_k| / 2^51 + 1` times p/2 in absolute terms.
#[inline(always)]
pub(super) fn multiply_constant<A: Arithmetic>(
    x: &Digits<A>,
    table: &Table<A>,
    biases: Biases,
    mut between: impl FnMut(usize),
) -> Columns<A> {
    let mut c = start::<A, _>([5, 5, 5, 5, 5, 0], division_start(biases));
    unroll!(J in [0 1 2 3 4] {
        c = accumulate_row::<A>(c, x[J], |k| table[J][k]);
        between(J);
    });
    divide::<A>(&c)
}

/// The ten columns of `a b`, for [`fold`] with these biases.
#[inline(always)]
pub(super) fn product<A: Arithmetic>(a: &Digits<A>, b: &Digits<A>, biases: Biases) -> Wide<A> {
    let mut c = product_start::<A>([1, 2, 3, 4, 5, 4, 3, 2, 1], biases);
    unroll!(I in [0 1 2 3 4] {
        unroll!(J in [0 1 2 3 4] {
            [c[I + J], c[I + J + 1]] = A::accumulate([c[I + J], c[I + J + 1]], a[I], b[J]);
        });
    });
    c
}

/// The ten columns of `a^2`, for [`fold`] with these biases.
#[inline(always)]
pub(super) fn square<A: Arithmetic>(a: &Digits<A>, biases: Biases) -> Wide<A> {
    let twice = a.map(A::twice);
    let mut c = product_start::<A>([1, 1, 2, 2, 3, 2, 2, 1, 1], biases);
    unroll!(I in [0 1 2 3 4] {
        unroll!(D in [0 1 2 3 4] {
            if I + D < DIGITS {
                let (j, k) = (I + D, I + I + D);
                let factor = if D == 0 { a[I] } else { twice[j] };
                [c[k], c[k + 1]] = A::accumulate([c[k], c[k + 1]], a[I], factor);
            }
        });
    });
    c
}

/// Sums of products in a column when the digits above are folded down.
const FOLDED_SUMS: i128 = FOLD.len() as i128;

/// Where the ten columns of a product start, to which so many sums of products are added, and then those of the
/// reduction.
#[inline(always)]
fn product_start<A: Arithmetic>(counts: [i128; 2 * DIGITS - 1], biases: Biases) -> Wide<A> {
    let mut all = [0; 2 * DIGITS];
    let mut start_biases = [COLUMN_BIAS; 2 * DIGITS];
    for k in 0..DIGITS {
        all[k] = FOLDED_SUMS;
        start_biases[k] = division_start(biases)[k];
    }
    // The fifth column loses its bias before anything is folded.
    start_biases[DIGITS] += FOLDED_SUMS * HIGH_BIAS;
    start_biases[2 * DIGITS - 1] = TOP_BIAS;
    for k in 0..2 * DIGITS - 1 {
        all[k] += counts[k];
    }
    start::<A, _>(all, start_biases)
}

/// From ten columns to six, to be divided.
#[inline(always)]
pub(super) fn fold<A: Arithmetic>(c: &Wide<A>, biases: Biases) -> Dividend<A> {
    let upper = [
        digit::<A>(c[6], c[5]),
        digit::<A>(c[7], c[6]),
        digit::<A>(c[8], c[7]),
        A::to_double(A::add(c[9], A::high(c[8])), TOP_BIAS + CARRY_BIAS),
    ];
    let fifth = division_start(biases)[DIGITS] - HALF - FOLDED_SUMS * HIGH_BIAS;
    let mut lower = [c[0], c[1], c[2], c[3], c[4], A::add(A::low(c[5]), A::word(fifth))];
    unroll!(J in [0 1 2 3] {
        lower = accumulate_row::<A>(lower, upper[J], |k| A::double(FOLD[J][k]));
    });
    lower
}

/// `(x + c) / 2^51`, to digits. The constant has the biases of [`constant_biases`], which make up for those that
/// x has.
#[inline(always)]
pub(super) fn add_and_divide<A: Arithmetic>(x: &Columns<A>, c: &Columns<A>) -> Digits<A> {
    let sum = |k: usize| A::add(x[k], c[k]);
    let top = A::word(division_start(DIGIT_BIASES)[DIGITS]);
    let columns = divide::<A>(&[sum(0), sum(1), sum(2), sum(3), sum(4), top]);
    digits::<A>(columns, TOP_BIAS)
}

/// Biases of the constants that [`add_and_divide`] adds to columns that have the biases `x` already.
pub(super) const fn constant_biases(x: Biases) -> Biases {
    let mut biases = [0; DIGITS];
    let mut k = 0;
    while k < DIGITS {
        biases[k] = division_start(DIGIT_BIASES)[k] - x[k];
        k += 1;
    }
    biases
}
