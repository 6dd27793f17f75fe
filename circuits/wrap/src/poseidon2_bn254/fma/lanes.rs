//! [`Arithmetic`] on vectors of four lanes, and what moves between lanes.

use std::arch::asm;
use std::arch::x86_64::*;

use super::arithmetic::{Arithmetic, C1, C2, Columns, DIGIT_BITS, DIGITS, MASK};

/// Four lanes. No method checks what [`Arithmetic`] demands.
pub(super) struct Lanes;

/// Doubles are the integers from here to 2^53.
const TWO_52: f64 = (1u64 << 52) as f64;

// SAFETY of the `unsafe` blocks of this file: the module is only compiled for targets that have AVX2 and FMA, and
// the intrinsics ask for nothing else. None of them touches memory except for the last function's, which says why.
impl Arithmetic for Lanes {
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
    fn twice(a: __m256d) -> __m256d {
        // SAFETY: see above.
        unsafe { _mm256_add_pd(a, a) }
    }

    #[inline(always)]
    fn accumulate([mut low, mut high]: [__m256i; 2], a: __m256d, b: __m256d) -> [__m256i; 2] {
        // SAFETY: see above; there are no instructions in the assembly.
        unsafe {
            let h = _mm256_fmadd_pd(a, b, _mm256_set1_pd(C1));
            let l = _mm256_fmadd_pd(a, b, _mm256_sub_pd(_mm256_set1_pd(C2), h));
            high = _mm256_add_epi64(high, _mm256_castpd_si256(h));
            low = _mm256_add_epi64(low, _mm256_castpd_si256(l));
            // Nothing is done, but in this place. Left to itself, the compiler adds up integers in an order that
            // needs more registers than there are, and moves all vectors' products away from what was
            // put between them: a fifth of the time.
            asm!(
                "/* {0} {1} */",
                inout(ymm_reg) low,
                inout(ymm_reg) high,
                options(nomem, nostack, preserves_flags),
            );
        }
        [low, high]
    }

    #[inline(always)]
    fn high_product(a: __m256d, b: __m256d) -> __m256i {
        // SAFETY: see above.
        unsafe { _mm256_castpd_si256(_mm256_fmadd_pd(a, b, _mm256_set1_pd(C1))) }
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

/// The 4 by 4 matrix on the lanes (a, b, c, d); t0..t7 as in [`super::super::params`].
#[inline(always)]
fn multiply_m4(x: __m256i) -> __m256i {
    // SAFETY: see above.
    unsafe {
        let pairs = _mm256_add_epi64(x, _mm256_shuffle_epi32::<0b01_00_11_10>(x)); // t0 t0 t1 t1
        let odd = _mm256_shuffle_epi32::<0b11_10_11_10>(x); // b b d d
        let crossed = _mm256_permute4x64_epi64::<0b01_00_11_10>(pairs); // t1 t1 t0 t0
        let o = _mm256_add_epi64(_mm256_add_epi64(odd, odd), crossed); // t2 t2 t3 t3
        let u = _mm256_add_epi64(_mm256_slli_epi64::<2>(pairs), o); // t5 t5 t4 t4
        let o = _mm256_permute4x64_epi64::<0b01_00_11_10>(o); // t3 t3 t2 t2
        _mm256_blend_epi32::<0b0011_0011>(u, _mm256_add_epi64(u, o)) // t6 t5 t7 t4
    }
}

/// The matrix of the full rounds: [`multiply_m4`] on each group of four cells, and the sum of the groups added to
/// each if there are several. No entry is negative, no row's sum is above 80.
#[inline(always)]
pub(super) fn external_layer<const V: usize>(state: &mut [Columns<Lanes>; V]) {
    for k in 0..DIGITS {
        for group in state.iter_mut() {
            group[k] = multiply_m4(group[k]);
        }
        if V > 1 {
            let sum = sum(state, k);
            for group in state.iter_mut() {
                group[k] = Lanes::add(group[k], sum);
            }
        }
    }
}

/// Column k of all groups.
#[inline(always)]
fn sum<const V: usize>(state: &[Columns<Lanes>; V], k: usize) -> __m256i {
    state[1..].iter().fold(state[0][k], |sum, group| Lanes::add(sum, group[k]))
}

/// The columns of all cells.
#[inline(always)]
pub(super) fn sum_of_lanes<const V: usize>(state: &[Columns<Lanes>; V]) -> [u64; DIGITS] {
    std::array::from_fn(|k| {
        let sum = sum(state, k);
        // SAFETY: see above.
        unsafe {
            let half =
                _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
            let sum = _mm_add_epi64(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
            _mm_cvtsi128_si64(sum) as u64
        }
    })
}

/// Lane 0 from `first`, the others from `x`.
#[inline(always)]
pub(super) fn with_first(x: __m256i, first: __m256i) -> __m256i {
    // SAFETY: see above.
    unsafe { _mm256_blend_epi32::<0b0000_0011>(x, first) }
}

/// Words, one a lane.
#[inline(always)]
pub(super) fn from_lanes(x: [u64; 4]) -> __m256i {
    let [a, b, c, d] = x.map(|word| word as i64);
    // SAFETY: see above.
    unsafe { _mm256_set_epi64x(d, c, b, a) }
}

/// Doubles, one a lane.
pub(super) fn doubles_from_lanes(x: [i64; 4]) -> __m256d {
    let [a, b, c, d] = x.map(|digit| digit as f64);
    // SAFETY: see above.
    unsafe { _mm256_set_pd(d, c, b, a) }
}

/// The words of the lanes.
#[inline(always)]
pub(super) fn to_lanes(x: __m256i) -> [u64; 4] {
    let mut lanes = [0; 4];
    // SAFETY: see above; writes the 32 bytes of `lanes`.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), x) };
    lanes
}
