//! [`Arithmetic`] on vectors of four lanes, and what moves between lanes and memory.

use std::arch::x86_64::*;

use super::arithmetic::{Arithmetic, C1, C2, DIGIT_BITS, DIGITS, Digits, LOW, MASK};

/// Four lanes. No method checks what [`Arithmetic`] demands.
#[derive(Clone, Copy)]
pub(crate) struct Vectors;

/// Doubles are the integers from here to 2^53.
const TWO_52: f64 = (1u64 << 52) as f64;

// SAFETY of the `unsafe` blocks of this file: the module is only compiled for targets that have AVX2 and FMA, and
// the intrinsics ask for nothing else, except for the loads and stores, which say why they are sound.
impl Arithmetic for Vectors {
    type Double = __m256d;
    type Word = __m256i;

    #[inline(always)]
    fn word(x: i128) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_set1_epi64x(x as i64) }
    }

    #[inline(always)]
    fn double(x: i64) -> __m256d {
        // SAFETY: see above.
        unsafe { _mm256_set1_pd(x as f64) }
    }

    #[inline(always)]
    fn add(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_add_epi64(a, b) }
    }

    #[inline(always)]
    fn low(x: __m256i) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_and_si256(x, _mm256_set1_epi64x(MASK as i64)) }
    }

    #[inline(always)]
    fn high(x: __m256i) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_srli_epi64::<{ DIGIT_BITS as i32 }>(x) }
    }

    #[inline(always)]
    fn to_double(x: __m256i, bias: i128) -> __m256d {
        // SAFETY: see above.
        unsafe {
            // The pattern of 2^52 + x; both subtractions are of integers below 2^53.
            let x = _mm256_or_si256(x, _mm256_set1_epi64x(TWO_52.to_bits() as i64));
            _mm256_sub_pd(_mm256_castsi256_pd(x), _mm256_set1_pd(TWO_52 + bias as f64))
        }
    }

    #[inline(always)]
    fn minus(a: __m256d) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_castpd_si256(_mm256_sub_pd(_mm256_set1_pd(LOW), a)) }
    }

    #[inline(always)]
    fn difference(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see above.
        unsafe { _mm256_sub_pd(a, b) }
    }

    #[inline(always)]
    fn sum(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see above.
        unsafe { _mm256_add_pd(a, b) }
    }

    #[inline(always)]
    fn difference_product(a: __m256d, q: __m256d, b: i64) -> __m256d {
        // SAFETY: see above.
        unsafe { _mm256_fnmadd_pd(q, _mm256_set1_pd(b as f64), a) }
    }

    #[inline(always)]
    fn divide(a: __m256d, b: i64) -> (__m256d, __m256d) {
        // SAFETY: see above.
        unsafe {
            // Between 2^52 and 2^53 doubles are the integers. The quotient is rounded once more than it should be,
            // which matters where it is a tie but for a rounding.
            let nearest = _mm256_set1_pd(LOW);
            let sum = _mm256_fmadd_pd(a, _mm256_set1_pd(1.0 / b as f64), nearest);
            let quotient = _mm256_sub_pd(sum, nearest);
            (quotient, Self::difference_product(a, quotient, b))
        }
    }

    #[inline(always)]
    fn product(a: __m256d, b: __m256d) -> (__m256i, __m256i) {
        // SAFETY: see above.
        unsafe {
            let high = _mm256_fmadd_pd(a, b, _mm256_set1_pd(C1));
            let low = _mm256_fmadd_pd(a, b, _mm256_sub_pd(_mm256_set1_pd(C2), high));
            (_mm256_castpd_si256(high), _mm256_castpd_si256(low))
        }
    }

    #[inline(always)]
    fn low_product(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see above.
        unsafe {
            let c1 = _mm256_set1_pd(C1);
            let high = _mm256_fmadd_pd(a, b, c1);
            _mm256_fmadd_pd(a, b, _mm256_sub_pd(c1, high))
        }
    }
}

/// Four by four, rows to columns.
#[inline(always)]
fn transpose([a, b, c, d]: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: see above.
    unsafe {
        let (ab, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        let (cd, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
        [
            _mm256_permute2f128_pd::<0x20>(ab, cd),
            _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
            _mm256_permute2f128_pd::<0x31>(ab, cd),
            _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
        ]
    }
}

/// From the digits of each lane.
#[inline(always)]
pub(crate) fn gather<'a, const V: usize>(
    of: impl Fn(usize) -> &'a [f64; DIGITS],
) -> Digits<Vectors, V> {
    let vectors: [_; V] = std::array::from_fn(|v| {
        let lanes: [_; 4] = std::array::from_fn(|lane| of(4 * v + lane));
        // SAFETY: see above; reads the first four of five.
        let [a, b, c, d] =
            transpose(lanes.map(|digits| unsafe { _mm256_loadu_pd(digits.as_ptr()) }));
        let [first, second, third, fourth] = lanes.map(|digits| digits[4]);
        // SAFETY: see above.
        [a, b, c, d, unsafe { _mm256_set_pd(fourth, third, second, first) }]
    });
    std::array::from_fn(|k| std::array::from_fn(|v| vectors[v][k]))
}

/// From the words of each lane: digits from 0 to 2^51 - 1 of an integer below 2^255.
#[inline(always)]
pub(crate) fn load_words<'a, const V: usize>(
    of: impl Fn(usize) -> &'a [u64; 4],
) -> Digits<Vectors, V> {
    let vectors: [_; V] = std::array::from_fn(|v| {
        let lanes: [_; 4] = std::array::from_fn(|lane| of(4 * v + lane));
        // SAFETY: see above; reads the four.
        let rows = lanes.map(|words| unsafe { _mm256_loadu_pd(words.as_ptr().cast()) });
        // SAFETY: see above.
        unsafe {
            let [a, b, c, d] = transpose(rows).map(|x| _mm256_castpd_si256(x));
            let or = |a, b| _mm256_or_si256(a, b);
            let digits = [
                a,
                or(_mm256_srli_epi64::<51>(a), _mm256_slli_epi64::<13>(b)),
                or(_mm256_srli_epi64::<38>(b), _mm256_slli_epi64::<26>(c)),
                or(_mm256_srli_epi64::<25>(c), _mm256_slli_epi64::<39>(d)),
                _mm256_srli_epi64::<12>(d),
            ];
            digits.map(|digit| Vectors::to_double(Vectors::low(digit), 0))
        }
    });
    std::array::from_fn(|k| std::array::from_fn(|v| vectors[v][k]))
}

/// To the digits of each lane.
#[inline(always)]
pub(crate) fn scatter<const V: usize>(
    x: &Digits<Vectors, V>,
    mut to: impl FnMut(usize, [f64; DIGITS]),
) {
    for v in 0..V {
        let rows = transpose([x[0][v], x[1][v], x[2][v], x[3][v]]);
        let mut last = [0.0; 4];
        // SAFETY: see above; writes the four.
        unsafe { _mm256_storeu_pd(last.as_mut_ptr(), x[4][v]) };
        for (lane, row) in rows.into_iter().enumerate() {
            let mut digits = [last[lane]; DIGITS];
            // SAFETY: see above; writes the first four of five.
            unsafe { _mm256_storeu_pd(digits.as_mut_ptr(), row) };
            to(4 * v + lane, digits);
        }
    }
}
