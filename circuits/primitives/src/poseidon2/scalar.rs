//! Arithmetic on words that need not be reduced, for the elements of the internal rounds that are
//! scalars.

use std::arch::asm;

/// The order of the field.
#[cfg(target_feature = "avx512f")]
pub(super) const P: u64 = 0xffff_ffff_0000_0001;
/// `2^64 mod p`, and the mask of the low half of a word.
pub(super) const EPSILON: u64 = 0xffff_ffff;

/// The diagonal of the internal matrix of width 12, -4, 1/4, -1/4, 1/8, times elements 8 to 11.
#[cfg(target_feature = "avx512f")]
#[inline(always)]
pub(super) fn tail_products([a, b, c, d]: [u64; 4]) -> [u64; 4] {
    let five_p = 5 * u128::from(P);
    let minus_four = reduce_sum(five_p - 4 * u128::from(a));
    [minus_four, divide::<2>(b), sub(0, divide::<2>(c)), divide::<3>(d)]
}

/// `x / 2^K mod p`, K at most 32, less than p: with `x = low + 2^K high` and `2^-K = 2^(32 - K) -
/// 2^(64 - K)`, which follows from `2^32 (2^32 - 1) = -1`.
#[cfg(target_feature = "avx512f")]
#[inline(always)]
pub(super) fn divide<const K: u32>(x: u64) -> u64 {
    let low = x & ((1 << K) - 1);
    let (difference, borrow) = ((x >> K) + (low << (32 - K))).overflowing_sub(low << (64 - K));
    difference.wrapping_sub(EPSILON * u64::from(borrow))
}

/// `x^7 mod p`.
#[inline(always)]
pub(super) fn sbox(x: u64) -> u64 {
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4 = mul(x2, x2);
    mul(x3, x4)
}

#[inline(always)]
pub(super) fn mul(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let (low, high) = (product as u64, (product >> 64) as u64);
    // 2^96 = -1 and 2^64 = 2^32 - 1.
    let (mut low, borrow) = low.overflowing_sub(high >> 32);
    if borrow {
        rarely();
        low = low.wrapping_sub(EPSILON);
    }
    add(low, (high & EPSILON) * EPSILON)
}

/// Stands in branches that are taken with probability 2^-32, so that they stay branches: a
/// predicted branch has no latency, a conditional move has.
#[inline(always)]
fn rarely() {
    // SAFETY: no instruction.
    unsafe { asm!("", options(nomem, nostack, preserves_flags)) }
}

/// `a + b mod p` if `b <= 2^64 - 2^32`.
#[inline(always)]
pub(super) fn add(a: u64, b: u64) -> u64 {
    let (sum, correction): (u64, u64);
    // SAFETY: two instructions on registers. They make the carry a mask without a branch, and keep
    // the compiler from moving pairs of scalar products to vectors, at thrice the latency.
    unsafe {
        asm!(
            "add {0}, {1}",
            "sbb {1:e}, {1:e}",
            inlateout(reg) a => sum,
            inlateout(reg) b => correction,
            options(pure, nomem, nostack),
        );
    }
    sum.wrapping_add(correction)
}

/// `a + b mod p`.
#[inline(always)]
pub(super) fn add_any(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    let (mut sum, again) = sum.overflowing_add(EPSILON * u64::from(carry));
    if again {
        rarely();
        sum = sum.wrapping_add(EPSILON);
    }
    sum
}

/// `a - b mod p`.
#[inline(always)]
pub(super) fn sub(a: u64, b: u64) -> u64 {
    let (difference, borrow) = a.overflowing_sub(b);
    let (mut difference, again) = difference.overflowing_sub(EPSILON * u64::from(borrow));
    if again {
        rarely();
        difference = difference.wrapping_sub(EPSILON);
    }
    difference
}

/// A sum below `2^95`, mod p.
#[inline(always)]
pub(super) fn reduce_sum(sum: u128) -> u64 {
    add(sum as u64, ((sum >> 64) as u64) * EPSILON)
}
