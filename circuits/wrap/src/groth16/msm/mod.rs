//! Sums of multiples of points, `sum k_i P_i`: most of what a Groth16 proof costs.
//!
//! The bucket method, by windows of digits: a scalar is a sum of signed digits below 2^(c-1) times powers of 2^c,
//! points with the same digit are added up, and the sums are weighted. What is particular here:
//!
//! - **Points are sorted by digit**, and each bucket is summed as a tree. So all additions of a round are independent
//!   of one another: they are made in affine coordinates and share one inversion ([`batch`]), six multiplications each
//!   where a bucket in extended coordinates takes ten, and they fill the lanes of vectors.
//! - **Scalars are taken as they come**: they are negated if that makes them smaller, digits that are zero cost
//!   nothing, and the width of the windows follows from how many scalars have how many bits. Of a witness, most
//!   values are bits or limbs of 64 bits.
//! - **Weighted sums are sums as well**: with `k = 2^s i + j`, buckets are summed by i and by j in the same way,
//!   and only those few sums are added one by one.
//!
//! Time depends on the scalars. They are the prover's own.

mod batch;
#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))]
mod lanes;
#[cfg(any(
    test,
    not(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))
))]
mod portable;
#[cfg(test)]
mod tests;

use ark_bn254::Fr;
use ark_ec::short_weierstrass::Projective;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, PrimeField, Zero};
use rayon::prelude::*;

use self::batch::{Batch, GROUP, PointOf};

#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))]
pub(crate) use self::lanes::{FORM, G1, G2};
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma")))]
pub(crate) use self::portable::{FORM, G1, G2};

#[cfg(test)]
pub(crate) use self::batch::unpack;
pub(crate) use self::batch::{Curve, pack};

/// In the top word of a scalar: it is negated.
const SIGN: u64 = 1 << 63;

/// What a window costs besides its points and buckets, in additions.
const WINDOW_COST: f64 = 1000.0;

/// What a bucket that has points costs besides them, in additions.
const BUCKET_COST: f64 = 2.5;

/// A scalar's absolute value, with [`SIGN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scalar([u64; 4]);

impl Scalar {
    /// `k` or `k - r`, whichever is nearer to zero.
    pub(crate) fn new(k: Fr) -> Self {
        let positive = k.into_bigint();
        if positive <= Fr::MODULUS_MINUS_ONE_DIV_TWO {
            return Self(positive.0);
        }
        let mut negated = Fr::MODULUS;
        negated.sub_with_borrow(&positive);
        negated.0[3] |= SIGN;
        Self(negated.0)
    }

    fn magnitude(self) -> [u64; 4] {
        let [a, b, c, d] = self.0;
        [a, b, c, d & !SIGN]
    }

    fn bits(self) -> u32 {
        BigInt(self.magnitude()).num_bits()
    }

    /// Digit `window` of width `c`, from `-2^(c-1)` to `2^(c-1)`: the window's bits and the one below them, where the
    /// window's highest bit counts negative.
    fn digit(self, window: u32, c: u32) -> i32 {
        let words = self.magnitude();
        let at = window * c;
        let (word, offset) = (at as usize / 64, at % 64);
        let here = words.get(word).map_or(0, |w| w >> offset);
        let above =
            if offset == 0 { 0 } else { words.get(word + 1).map_or(0, |w| w << (64 - offset)) };
        let bits = (here | above) & ((1 << c) - 1);
        let below = match at.checked_sub(1) {
            Some(bit) => words[bit as usize / 64] >> (bit % 64) & 1,
            None => 0,
        };
        let digit = (bits + below) as i32 - ((bits >> (c - 1)) << c) as i32;
        if self.0[3] & SIGN == 0 { digit } else { -digit }
    }
}

/// Scalars without those that are zero, and in which order the windows need them.
struct Plan<'a> {
    scalars: &'a [Scalar],
    /// Width of the windows.
    c: u32,
    windows: u32,
    /// Positions of scalars that are not zero.
    nonzero: Vec<u32>,
    /// Of those, the ones that have digits after the first.
    long: Vec<u32>,
}

impl<'a> Plan<'a> {
    fn new(scalars: &'a [Scalar]) -> Self {
        let mut histogram = [0; 256];
        for scalar in scalars {
            histogram[scalar.bits() as usize] += 1;
        }
        let (c, windows) = width(&histogram);
        let positions = |bits: u32| {
            let at = (0u32..).zip(scalars);
            at.filter(|(_, scalar)| scalar.bits() >= bits).map(|(i, _)| i).collect()
        };
        // The highest bit of a window that is full is carried into the next one.
        Self { scalars, c, windows, nonzero: positions(1), long: positions(c) }
    }

    /// Bucket and (position, sign) of each digit of a window that is not zero.
    fn digits(&self, window: u32) -> impl Iterator<Item = (u32, u32)> + Clone {
        let positions = if window == 0 { &self.nonzero } else { &self.long };
        positions.iter().filter_map(move |&i| {
            let digit = self.scalars[i as usize].digit(window, self.c);
            (digit != 0).then_some((digit.unsigned_abs(), i << 1 | u32::from(digit < 0)))
        })
    }
}

/// Width and number of the windows that cost least, for so many scalars of each number of bits.
fn width(histogram: &[u32; 256]) -> (u32, u32) {
    let mut at_least = histogram.map(f64::from);
    for bits in (0..255).rev() {
        at_least[bits] += at_least[bits + 1];
    }
    let most = (1..256).rev().find(|&bits| histogram[bits] > 0).unwrap_or(0) as u32;
    let windows = |c: u32| most / c + 1;
    let cost = |c: u32| -> f64 {
        let window = |w: u32| {
            let points = at_least[((w * c).max(1)).min(255) as usize];
            points + points.min(f64::from(1 << (c - 1))) * BUCKET_COST + WINDOW_COST
        };
        (0..windows(c)).map(window).sum()
    };
    let c = (2..=18).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).expect("there are widths");
    (c, windows(c))
}

/// `sum scalars[i] points[i]`.
///
/// # Panics
/// If there are not as many scalars as points, or 2^31 of them: a mistake of the caller.
pub(crate) fn msm<C: Curve>(points: &[C::Packed], scalars: &[Scalar]) -> Projective<C::Config> {
    assert_eq!(points.len(), scalars.len());
    assert!(points.len() < 1 << 31, "a position and a sign fit 32 bits");
    let plan = Plan::new(scalars);
    let windows: Vec<_> = (0..plan.windows)
        .into_par_iter()
        .map(|window| weighted::<C>(points, plan.digits(window), plan.c))
        .collect();
    windows.into_iter().rev().fold(Projective::zero(), |mut sum, window| {
        for _ in 0..plan.c {
            sum.double_in_place();
        }
        sum + window
    })
}

/// Sum of the digits' multiples: `k` times the sum of the points with digit `k`.
fn weighted<C: Curve>(
    points: &[C::Packed],
    digits: impl Iterator<Item = (u32, u32)> + Clone,
    c: u32,
) -> Projective<C::Config> {
    let load = |i: u32| C::load(&points[i as usize >> 1], i & 1 == 1);
    let prefetch = |i: u32| C::prefetch(&points[i as usize >> 1]);
    let buckets = sums::<C>(digits, (1 << (c - 1)) + 1, load, prefetch);
    let (shift, mask) = (c / 2, (1 << (c / 2)) - 1);
    let by = |key: fn(u32, u32) -> u32, parameter: u32, keys: u32| {
        let items = (0u32..).zip(&buckets).map(move |(i, bucket)| (key(bucket.0, parameter), i));
        sums::<C>(items, keys, |i| buckets[i as usize].1, |_| ())
    };
    let high = by(|k, shift| k >> shift, shift, (1 << (c - 1) >> shift) + 1);
    let low = by(|k, mask| k & mask, mask, mask + 1);
    let mut sum = multiples::<C>(&high);
    for _ in 0..shift {
        sum.double_in_place();
    }
    sum + multiples::<C>(&low)
}

/// Sum of the points of each key below `keys`. Keys ascend, and one of many points comes several times.
fn sums<C: Curve>(
    items: impl Iterator<Item = (u32, u32)> + Clone,
    keys: u32,
    load: impl Fn(u32) -> PointOf<C>,
    prefetch: impl Fn(u32),
) -> Vec<(u32, PointOf<C>)> {
    // Sorted by counting: `next` is where the next item of a key goes, and its end in the end.
    let mut next = vec![0u32; keys as usize + 1];
    for (key, _) in items.clone() {
        next[key as usize + 1] += 1;
    }
    for key in 1..next.len() {
        next[key] += next[key - 1];
    }
    let mut sorted = vec![0; next[keys as usize] as usize];
    for (key, item) in items {
        let at = &mut next[key as usize];
        sorted[*at as usize] = item;
        *at += 1;
    }
    let mut batch = Batch::<C>::default();
    let mut done = 0;
    for (key, &end) in (0..keys).zip(&next) {
        while done < end as usize {
            let take = (end as usize - done).min(GROUP - batch.len());
            for ahead in sorted.iter().skip(done + AHEAD).take(take) {
                prefetch(*ahead);
            }
            batch.push(key, sorted[done..done + take].iter().map(|&item| load(item)));
            done += take;
            if batch.len() == GROUP {
                batch.sum();
            }
        }
    }
    batch.finish()
}

/// How far ahead of their use points are asked for: their order is random to the processor.
const AHEAD: usize = 64;

/// Sum of `key` times point. Keys ascend.
fn multiples<C: Curve>(points: &[(u32, PointOf<C>)]) -> Projective<C::Config> {
    let (mut running, mut sum) = (Projective::<C::Config>::zero(), Projective::zero());
    let mut points = points.iter().rev().peekable();
    let highest = points.peek().map_or(0, |point| point.0);
    for key in (1..=highest).rev() {
        while let Some((_, point)) = points.next_if(|point| point.0 == key) {
            running += C::affine(point);
        }
        sum += running;
    }
    sum
}
