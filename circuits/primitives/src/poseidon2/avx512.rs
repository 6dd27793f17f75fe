//! The permutation of width 12 on one state with AVX-512: what plonky2 spends most of its time on.
//!
//! Elements are words that need not be reduced. Elements 0 to 7 are one vector, elements 8 to 11
//! another, twice (the S-box uses its two halves for the two factors of `x^7`). In the internal
//! rounds elements 8 to 11 are scalars, which other ports of the processor work on beside the
//! vector, and so is element 0: with S the sum of the others, known early, it becomes `S - x^7`, so
//! that a round waits for one S-box and nothing else.

use std::arch::x86_64::*;
use std::array::from_fn;
use std::mem::transmute;
use std::sync::LazyLock;

use p3_field::PrimeField64;

use super::scalar::{self, EPSILON, P};
use super::{EXTERNAL_FINAL_12, EXTERNAL_INITIAL_12, INTERNAL_12, MATRIX_DIAG_12};
use crate::F;

/// Lanes of elements 1 to 7.
const REST: __mmask8 = 0b1111_1110;
/// Lanes of one copy of elements 8 to 11.
const COPY: __mmask8 = 0b0000_1111;

/// Elements 0 to 7, and elements 8 to 11 twice.
#[derive(Clone, Copy)]
struct State(__m512i, __m512i);

impl State {
    fn new(words: &[u64; 12]) -> Self {
        Self(vector(from_fn(|i| words[i])), vector(from_fn(|i| words[8 + i % 4])))
    }

    fn words(self) -> [u64; 12] {
        let (head, tail) = (lanes(self.0), lanes(self.1));
        from_fn(|i| if i < 8 { head[i] } else { tail[i - 8] })
    }

    fn constants(elements: &[F; 12]) -> Self {
        Self::new(&elements.map(|element| element.as_canonical_u64()))
    }
}

fn vector(words: [u64; 8]) -> __m512i {
    // SAFETY: any 64 bytes are a vector.
    unsafe { transmute::<[u64; 8], __m512i>(words) }
}

fn lanes(vector: __m512i) -> [u64; 8] {
    // SAFETY: a vector is 64 bytes.
    unsafe { transmute::<__m512i, [u64; 8]>(vector) }
}

/// The low and high halves of constants.
struct Halves {
    low: State,
    high: State,
}

impl Halves {
    fn new(elements: &[F; 12]) -> Self {
        let words = elements.map(|element| element.as_canonical_u64());
        Self {
            low: State::new(&words.map(|word| word & EPSILON)),
            high: State::new(&words.map(|word| word >> 32)),
        }
    }
}

struct Constants {
    /// What is added after each external matrix of the first half: the constants of the next round.
    initial: [Halves; 5],
    internal: [u64; 22],
    /// The diagonal of the internal matrix for elements 1 to 7.
    diagonal: __m512i,
    /// Constants of the first of the last rounds for elements 1 to 11, and element 0.
    first_final: State,
    first_final_zero: u64,
    /// As `initial`, for the second half.
    last: [Halves; 4],
}

static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| {
    let without_first = |mut elements: [F; 12]| {
        elements[0] = F::default();
        elements
    };
    let mut first_internal = [F::default(); 12];
    first_internal[0] = INTERNAL_12[0];
    let [f0, f1, f2, f3] = EXTERNAL_FINAL_12;
    let [i0, i1, i2, i3] = EXTERNAL_INITIAL_12;
    Constants {
        initial: [i0, i1, i2, i3, first_internal].map(|elements| Halves::new(&elements)),
        internal: INTERNAL_12.map(|element| element.as_canonical_u64()),
        diagonal: State::constants(&without_first(MATRIX_DIAG_12)).0,
        first_final: State::constants(&without_first(f0)),
        first_final_zero: f0[0].as_canonical_u64(),
        last: [f1, f2, f3, [F::default(); 12]].map(|elements| Halves::new(&elements)),
    }
});

/// The permutation, in place, on any representatives.
pub(super) fn permute(state: &mut [u64; 12]) {
    // SAFETY: this module is compiled only where the target has AVX-512F.
    unsafe { permute_avx512(state, &CONSTANTS) }
}

#[target_feature(enable = "avx512f")]
fn permute_avx512(words: &mut [u64; 12], constants: &Constants) {
    let [first, later @ ..] = &constants.initial;
    let state = external_linear(State::new(words), first);
    let state = external_rounds(state, later);
    let state = internal_rounds(state, constants);
    *words = external_rounds(state, &constants.last).words();
}

#[inline]
#[target_feature(enable = "avx512f")]
fn external_rounds(mut state: State, constants: &[Halves; 4]) -> State {
    for next in constants {
        state = external_linear(sbox(state), next);
    }
    state
}

/// `x^7` of every element.
#[inline]
#[target_feature(enable = "avx512f")]
fn sbox(State(x, y): State) -> State {
    let x2 = mul(x, x);
    let y2 = mul(y, y);
    let x3 = mul(x2, x);
    let x4 = mul(x2, x2);
    let y34 = mul(y2, _mm512_mask_mov_epi64(y2, COPY, y));
    State(mul(x3, x4), mul(y34, swap_halves(y34)))
}

/// The external matrix, then the constants of the next round, on the 32-bit halves of the elements:
/// sums of at most 29 of them do not overflow.
#[inline]
#[target_feature(enable = "avx512f")]
fn external_linear(State(x, y): State, constants: &Halves) -> State {
    let mask = _mm512_set1_epi64(EPSILON as i64);
    let State(x_low, y_low) = external_halves(_mm512_and_si512(x, mask), _mm512_and_si512(y, mask));
    let State(x_high, y_high) =
        external_halves(_mm512_srli_epi64::<32>(x), _mm512_srli_epi64::<32>(y));
    State(
        join(add(x_low, constants.low.0), add(x_high, constants.high.0)),
        join(add(y_low, constants.low.1), add(y_high, constants.high.1)),
    )
}

/// The external matrix on small integers: M4 = circ(2, 3, 1, 1) on every four, then all three fours
/// added to each.
#[inline]
#[target_feature(enable = "avx512f")]
fn external_halves(x: __m512i, y: __m512i) -> State {
    let (x, y) = (mix_four(x), mix_four(y));
    let sum = add(add(x, swap_halves(x)), y);
    State(add(x, sum), add(y, sum))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn mix_four(x: __m512i) -> __m512i {
    let next = _mm512_permutex_epi64::<0b00_11_10_01>(x);
    // x_i + x_{i + 1}, then the sum of all four.
    let pair = add(x, next);
    let four = add(pair, _mm512_permutex_epi64::<0b01_00_11_10>(pair));
    add(add(four, pair), next)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn swap_halves(x: __m512i) -> __m512i {
    _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x)
}

/// The internal rounds; the constant of the first is in element 0 already. Adds the constants of
/// the round after.
#[inline]
#[target_feature(enable = "avx512f")]
fn internal_rounds(state: State, constants: &Constants) -> State {
    let State(mut x, y) = state;
    let [a, b, c, d, ..] = lanes(y);
    let mut tail = [a, b, c, d];
    let mut zero = _mm_cvtsi128_si64(_mm512_castsi512_si128(x)) as u64;
    let next = constants.internal[1..].iter().chain([&constants.first_final_zero]);
    let tail_sum: u128 = tail.iter().map(|&word| u128::from(word)).sum();
    let mut rest = scalar::reduce_sum(sum_rest(x) + tail_sum);
    for &constant in next {
        let power = scalar::sbox(zero);
        zero = scalar::sub(scalar::add(rest, constant), power);
        let sum = scalar::add_any(rest, power);

        // All but the additions of `sum` is independent of the S-box.
        let head_products = mul(x, constants.diagonal);
        let tail_products = scalar::tail_products(tail);
        let tail_sum: u128 = tail_products.iter().map(|&word| u128::from(word)).sum();
        rest = scalar::reduce_sum(sum_rest(head_products) + tail_sum + 11 * u128::from(sum));
        x = add_mod(head_products, _mm512_set1_epi64(sum as i64));
        tail = tail_products.map(|product| scalar::add_any(product, sum));
    }
    let x = _mm512_mask_set1_epi64(x, !REST, zero as i64);
    let [a, b, c, d] = tail;
    let y = vector([a, b, c, d, a, b, c, d]);
    State(add_mod(x, constants.first_final.0), add_mod(y, constants.first_final.1))
}

/// The sum of elements 1 to 7.
#[inline]
#[target_feature(enable = "avx512f")]
fn sum_rest(x: __m512i) -> u128 {
    let mask = _mm512_set1_epi64(EPSILON as i64);
    let low = _mm512_maskz_and_epi64(REST, x, mask);
    let high = _mm512_maskz_srli_epi64::<32>(REST, x);
    // Lower half: four sums of low halves; upper half: four of high halves.
    let both = add(
        _mm512_shuffle_i64x2::<0b01_00_01_00>(low, high),
        _mm512_shuffle_i64x2::<0b11_10_11_10>(low, high),
    );
    let both = add(both, _mm512_permutex_epi64::<0b01_00_11_10>(both));
    let both = add(both, _mm512_permutex_epi64::<0b10_11_00_01>(both));
    let low = _mm_cvtsi128_si64(_mm512_castsi512_si128(both)) as u64;
    let high = _mm_cvtsi128_si64(_mm512_extracti32x4_epi32::<2>(both)) as u64;
    u128::from(low) + (u128::from(high) << 32)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(x: __m512i, y: __m512i) -> __m512i {
    _mm512_add_epi64(x, y)
}

/// `low + 2^32 high mod p`, both below `2^38`.
#[inline]
#[target_feature(enable = "avx512f")]
fn join(low: __m512i, high: __m512i) -> __m512i {
    // high = 2^32 top + bottom, 2^64 top = (2^32 - 1) top.
    let epsilon = _mm512_set1_epi64(EPSILON as i64);
    let top = _mm512_srli_epi64::<32>(high);
    let small = add(low, _mm512_mul_epu32(top, epsilon));
    add_small(_mm512_slli_epi64::<32>(high), small)
}

/// `x + y mod p` if `y <= 2^64 - 2^32`.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_small(x: __m512i, y: __m512i) -> __m512i {
    let epsilon = _mm512_set1_epi64(EPSILON as i64);
    let sum = add(x, y);
    let carry = _mm512_cmplt_epu64_mask(sum, y);
    _mm512_mask_add_epi64(sum, carry, sum, epsilon)
}

/// `x + y mod p`.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_mod(x: __m512i, y: __m512i) -> __m512i {
    let order = _mm512_set1_epi64(P as i64);
    let unreduced = _mm512_cmpge_epu64_mask(y, order);
    add_small(x, _mm512_mask_sub_epi64(y, unreduced, y, order))
}

/// `x * y mod p`.
#[inline]
#[target_feature(enable = "avx512f")]
fn mul(x: __m512i, y: __m512i) -> __m512i {
    let epsilon = _mm512_set1_epi64(EPSILON as i64);
    let (x_high, y_high) = (_mm512_srli_epi64::<32>(x), _mm512_srli_epi64::<32>(y));
    let low_low = _mm512_mul_epu32(x, y);
    let low_high = _mm512_mul_epu32(x, y_high);
    let high_low = _mm512_mul_epu32(x_high, y);
    let high_high = _mm512_mul_epu32(x_high, y_high);

    // The product is low + 2^64 high; no sum here overflows.
    let middle = add(high_low, _mm512_srli_epi64::<32>(low_low));
    let carried = add(low_high, _mm512_and_si512(middle, epsilon));
    let high = add(high_high, _mm512_srli_epi64::<32>(middle));
    let high = add(high, _mm512_srli_epi64::<32>(carried));
    let low = _mm512_mask_mov_epi32(_mm512_slli_epi64::<32>(carried), 0x5555, low_low);

    // high = 2^32 top + bottom; 2^96 = -1 and 2^64 = 2^32 - 1.
    let top = _mm512_srli_epi64::<32>(high);
    let borrow = _mm512_cmplt_epu64_mask(low, top);
    let low = _mm512_sub_epi64(low, top);
    let low = _mm512_mask_sub_epi64(low, borrow, low, epsilon);
    add_small(low, _mm512_mul_epu32(high, epsilon))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE_P: u128 = P as u128;

    /// Words around which carries and borrows happen, some of them not reduced. A product of two
    /// powers of two is `2^96`, say, whose reduction borrows.
    fn edges() -> Vec<u64> {
        let powers = [0, 1, 31, 32, 33, 40, 48, 56, 63].map(|exponent| 1u64 << exponent);
        let around = |word: u64| [word.wrapping_sub(1), word, word.wrapping_add(1)];
        let words = [0, EPSILON, F::ORDER_U64, u64::MAX - EPSILON, F::ORDER_U64 - EPSILON];
        powers.into_iter().chain(words).flat_map(around).collect()
    }

    fn lane(vector: __m512i) -> u64 {
        lanes(vector)[5]
    }

    #[test]
    fn arithmetic_at_the_edges() {
        for a in edges() {
            for b in edges() {
                let (wide_a, wide_b) = (u128::from(a), u128::from(b));
                let (sum, product) = ((wide_a + wide_b) % WIDE_P, wide_a * wide_b % WIDE_P);
                let difference = (wide_a + 2 * WIDE_P - wide_b) % WIDE_P;
                let residue = |word: u64| u128::from(word) % WIDE_P;
                assert_eq!(residue(scalar::add_any(a, b)), sum);
                assert_eq!(residue(scalar::sub(a, b)), difference);
                assert_eq!(residue(scalar::mul(a, b)), product);
                assert_eq!(8 * residue(scalar::divide::<3>(a)) % WIDE_P, wide_a % WIDE_P);
                let (x, y) = (State::new(&[a; 12]).0, State::new(&[b; 12]).0);
                // SAFETY: this module is compiled only where the target has AVX-512F.
                let (vector_sum, vector_product) = unsafe { (add_mod(x, y), mul(x, y)) };
                assert_eq!(residue(lane(vector_sum)), sum);
                assert_eq!(residue(lane(vector_product)), product);
            }
        }
    }
}
