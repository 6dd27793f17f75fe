//! `R = s G + e P`: the loop that native code and circuit share, step by step.
//!
//! Two bits of every scalar a row, from the top; `s = s0 + 2^128 s1 + 2^256 s2`:
//!
//! ```text
//! acc = T
//! 64 times: acc = 4 acc
//!           acc += (digit of e) P, unless the digit is 0
//!           acc += F[digits of s0, s1, s2]
//! R = acc
//! ```
//!
//! where `F[i, j, k] = U + i G + j 2^128 G + k 2^256 G` is a constant table. U comes out of a hash,
//! so that nobody knows its logarithm; `4^64 T + (1 + 4 + .. + 4^63) U = 0`, so U has left R at the
//! end.
//!
//! In every addition but the last, the operands' U parts differ, also up to sign: under a key whose logarithm
//! he knows, they can only coincide up to sign for someone who knows that of U. Anyone can make a key, 4 T for one, under
//! which they do. Then the signature is refused.
//! In the last addition they also do if R is the neutral element, which is refused as well. So the
//! circuit needs one addition formula.

use std::sync::LazyLock;

use num_bigint::BigUint;
use p3_field::PrimeCharacteristicRing;
use sha2::{Digest as _, Sha512};

use crate::F;
use crate::ecgfp5::{Affine, Point, Scalar, generator};

/// Rows of the loop: two bits a row of a 128-bit scalar.
pub const ROWS: usize = 64;

struct Constants {
    table: [Affine; 64],
    start: Affine,
}

static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| {
    let offset = hash_to_point();
    let power = |exponent: u32| Scalar::reduce(&(BigUint::from(1u32) << exponent));
    let bases = [0, 128, 256].map(|exponent| affine(Point::mul(&generator(), &power(exponent))));
    let table = std::array::from_fn(|index| {
        let mut sum = Point::from(offset);
        for (position, base) in bases.iter().enumerate() {
            for _ in 0..(index >> (2 * position)) & 3 {
                sum = sum.add(base);
            }
        }
        affine(sum)
    });
    // T = -(4^64 - 1) / (3 * 4^64) U
    let shift = power(2 * ROWS as u32);
    let divisor = shift.mul(&Scalar::reduce(&BigUint::from(3u32)));
    let factor = Scalar::ONE.sub(&shift).mul(&divisor.invert());
    Constants { table, start: affine(Point::mul(&offset, &factor)) }
});

/// U: the first SHA-512 of the label and a counter (u32, little-endian) whose first five words
/// (u64, little-endian, mod p) encode a point.
fn hash_to_point() -> Affine {
    let candidate = |counter: u32| {
        let hash = Sha512::new()
            .chain_update(b"cairn.schnorr.offset.v1")
            .chain_update(counter.to_le_bytes())
            .finalize();
        let (words, _) = hash.as_chunks::<8>();
        let mut w = [F::ZERO; 5];
        w.iter_mut().zip(words).for_each(|(w, word)| *w = F::new(u64::from_le_bytes(*word)));
        Affine::decode(&w)
    };
    (0..).find_map(candidate).expect("every other element encodes a point")
}

fn affine(point: Point) -> Affine {
    point.to_affine().expect("no constant of the loop is the neutral element")
}

/// T, where the accumulator starts.
pub fn start() -> &'static Affine {
    &CONSTANTS.start
}

/// F: entry `i + 4 j + 16 k` is `U + i G + j 2^128 G + k 2^256 G`.
pub fn fixed_base_table() -> &'static [Affine; 64] {
    &CONSTANTS.table
}

/// `s G + e P`, or `None` if that is the neutral element or if the operands of an addition coincide
/// up to sign on the way. `s` is five little-endian limbs, any integer below 2^320.
///
/// Trust: `key` is a point of the group. Not constant-time.
pub fn combine(s: &[u64; 5], e: u128, key: &Affine) -> Option<Affine> {
    let multiples = multiples(key);
    let mut acc = Point::from(*start());
    for row in 0..ROWS {
        acc = acc.double().double();
        if let Some(index) = digit(e, row).checked_sub(1) {
            acc = acc.add_distinct(&multiples[index])?;
        }
        acc = acc.add_distinct(fixed_base_entry(s, row))?;
    }
    acc.to_affine()
}

/// Two bits of a scalar, from the top.
pub(super) fn digit(scalar: u128, row: usize) -> usize {
    (scalar >> (2 * (ROWS - 1 - row))) as usize & 3
}

/// What a row adds for `s`.
pub(super) fn fixed_base_entry(s: &[u64; 5], row: usize) -> &'static Affine {
    let wide = |low: u64, high: u64| u128::from(low) | u128::from(high) << 64;
    let scalars = [wide(s[0], s[1]), wide(s[2], s[3]), wide(s[4], 0)];
    let [i, j, k] = scalars.map(|scalar| digit(scalar, row));
    &fixed_base_table()[i + 4 * j + 16 * k]
}

/// P, 2 P, 3 P.
pub(super) fn multiples(key: &Affine) -> [Affine; 3] {
    // No small multiple is neutral, nor do P and 2 P coincide: n is a large prime.
    let double = affine(Point::from(*key).double());
    [*key, double, affine(Point::from(double).add(key))]
}
