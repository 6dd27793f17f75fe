//! A word times a power, added to the sums of a group.

use super::digits;
use super::witness::WordGenerator;
use super::{LIMB_BITS, LIMBS, SUMS, WORD_LIMBS};
use crate::gate::impl_gate;
use crate::ring::Ring;

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;

/// Bits of a limb of a word as streams have it.
pub(super) const STREAM_LIMB_BITS: usize = 62;

/// Where digits start afresh: a word's 248 bits, cut both every 62 bits and every 27 bits (but for
/// the top limb).
pub(super) const CUTS: [usize; SEGMENTS + 1] =
    [0, 27, 54, 62, 81, 108, 124, 135, 162, 186, 189, 216, 248];
const SEGMENTS: usize = 12;

/// The segments of each limb of 62 bits, the lowest first.
const STREAM_LIMBS: [(usize, usize); 4] = [(0, 3), (3, 6), (6, 9), (9, 12)];

/// The segments of each limb of 27 bits, the lowest first, and of the top one.
const WORD_LIMB_SEGMENTS: [(usize, usize); WORD_LIMBS] =
    [(0, 1), (1, 2), (2, 4), (4, 5), (5, 7), (7, 8), (8, 10), (10, 11), (11, 12)];

/// `after = before + word * power`, limb by limb: 18 sums.
///
/// Wires: the word's four limbs of 62 bits, the highest first; the power's ten; before; after (all routed); the word's
/// digits. All 135. Degree 8. What it is sound for: the [module](super).
#[derive(Clone, Copy, Debug, Default)]
pub struct WordGate;

impl WordGate {
    pub(super) const WIRE_WORD: usize = 0;
    pub(super) const WIRE_POWER: usize = 4;
    pub(super) const WIRE_BEFORE: usize = Self::WIRE_POWER + LIMBS;
    pub(super) const WIRE_AFTER: usize = Self::WIRE_BEFORE + SUMS;
    pub(super) const WIRE_DIGITS: usize = Self::WIRE_AFTER + SUMS;

    const ID: &'static str = "BlsWordGate";
    const WIRES: usize = Self::WIRE_DIGITS + Self::digits_below(SEGMENTS);
    const CONSTRAINTS: usize = Self::digits_below(SEGMENTS) + STREAM_LIMBS.len() + SUMS;
    const DEGREE: usize = 1 << digits::DIGIT_BITS;

    /// Bits of a segment.
    pub(super) const fn bits(segment: usize) -> usize {
        CUTS[segment + 1] - CUTS[segment]
    }

    /// Digits of the segments below one.
    const fn digits_below(segment: usize) -> usize {
        let (mut digits, mut i) = (0, 0);
        while i < segment {
            digits += digits::count(Self::bits(i));
            i += 1;
        }
        digits
    }

    pub(crate) fn constraints<R: Ring>(
        ring: &mut R,
        wire: &impl Fn(usize) -> R::Value,
        emit: &mut impl FnMut(R::Value),
    ) {
        let segments: [_; SEGMENTS] = std::array::from_fn(|segment| {
            let first = Self::WIRE_DIGITS + Self::digits_below(segment);
            digits::compose(ring, Self::bits(segment), |i| wire(first + i), emit)
        });
        // The integer of neighbouring segments.
        let join = |ring: &mut R, (from, to): (usize, usize)| {
            (from..to - 1).rev().fold(segments[to - 1], |value, i| {
                let radix = GoldilocksField::from_canonical_u64(1 << Self::bits(i));
                ring.scale_add(radix, value, segments[i])
            })
        };
        for (i, limb) in STREAM_LIMBS.into_iter().rev().enumerate() {
            let limb = join(ring, limb);
            emit(ring.sub(limb, wire(Self::WIRE_WORD + i)));
        }
        let word = WORD_LIMB_SEGMENTS.map(|limb| join(ring, limb));
        for k in 0..SUMS {
            let mut sum = wire(Self::WIRE_BEFORE + k);
            for (i, &limb) in word.iter().enumerate() {
                if (i..i + LIMBS).contains(&k) {
                    sum = ring.mul_add(limb, wire(Self::WIRE_POWER + k - i), sum);
                }
            }
            emit(ring.sub(sum, wire(Self::WIRE_AFTER + k)));
        }
    }
}

const _: () = assert!(WordGate::WIRES == 135 && CUTS[8 + 3] == LIMB_BITS * (WORD_LIMBS - 1));

impl_gate!(WordGate, WordGenerator);
