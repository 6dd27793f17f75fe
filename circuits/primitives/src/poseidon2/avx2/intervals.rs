//! Intervals in place of vectors: the bounds of every sum, by the very code that is used.
//!
//! A lane is the least and the greatest value that it may have, whatever the state and whichever
//! representatives its words are; an operation gives the same of its result, and panics where the
//! bounds of [`Lanes`] and [`Row`] do not hold. What depends on a `check` holds where nothing is
//! marked, which is of no interest else. Nothing here is inlined: the layers are, and would become
//! more code than the compiler copes with.

use std::array::from_fn;
use std::ops::{Add, Sub};

use super::constants::Rounds;
use super::digits::{Digits, Lanes, OFFSET};
use super::one::{self, Row};
use super::{Width8, Width12, packed};

#[derive(Clone, Copy, Debug)]
struct Interval {
    least: i128,
    most: i128,
}

impl Interval {
    /// As many bits as a lane has, with sign.
    fn signed(least: i128, most: i128) -> Self {
        assert!(least <= most && -(1 << 63) <= least && most < 1 << 63, "{least}..={most}");
        Self { least, most }
    }

    fn word() -> Self {
        Self { least: 0, most: (1 << 64) - 1 }
    }

    fn constant(word: u64) -> Self {
        Self { least: word.into(), most: word.into() }
    }

    /// Of a mask or a count.
    fn value(self) -> u64 {
        assert_eq!(self.least, self.most);
        self.least as u64
    }

    fn not_negative(self) -> Self {
        assert!(0 <= self.least, "{self:?}");
        self
    }

    fn shl(self, count: u64) -> Self {
        if count == 64 {
            return Self::constant(0);
        }
        Self::signed(self.least << count, self.most << count)
    }

    fn shr(self, count: u64) -> Self {
        if count == 0 {
            return self;
        }
        let Self { least, most } = self.not_negative();
        Self { least: least >> count, most: most >> count }
    }

    /// `x mod 2^count`.
    fn bits(self, count: u64) -> Self {
        let within = self.not_negative().most >> count == 0;
        if within { self } else { Self { least: 0, most: (1 << count) - 1 } }
    }
}

/// Four lanes.
#[derive(Clone, Copy, Debug)]
struct Intervals([Interval; 4]);

impl Intervals {
    fn all(interval: Interval) -> Self {
        Self([interval; 4])
    }

    fn zip(self, other: Self, f: fn(Interval, Interval) -> Interval) -> Self {
        Self(from_fn(|i| f(self.0[i], other.0[i])))
    }

    fn assert_words(self) {
        assert!(self.0.iter().all(|lane| 0 <= lane.least && lane.most < 1 << 64));
    }
}

impl Add for Intervals {
    type Output = Self;

    #[inline(never)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |x, y| Interval::signed(x.least + y.least, x.most + y.most))
    }
}

impl Sub for Intervals {
    type Output = Self;

    #[inline(never)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |x, y| Interval::signed(x.least - y.most, x.most - y.least))
    }
}

impl Lanes for Intervals {
    #[inline(never)]
    fn splat(constant: u64) -> Self {
        Self::all(Interval::constant(constant))
    }

    #[inline(never)]
    fn shl<const K: i32>(self) -> Self {
        Self(self.0.map(|lane| lane.shl(K as u64)))
    }

    #[inline(never)]
    fn shr<const K: i32>(self) -> Self {
        Self(self.0.map(|lane| lane.shr(K as u64)))
    }

    #[inline(never)]
    fn bits<const K: i32>(self) -> Self {
        Self(self.0.map(|lane| lane.bits(K as u64)))
    }

    #[inline(never)]
    fn bits_and_offset(self) -> Self {
        self.bits::<32>() + Self::splat(OFFSET << 32)
    }

    #[inline(never)]
    fn word(digits: Digits<Self>, _check: &mut Self) -> Self {
        for lane in digits.a.0.iter().chain(&digits.b.0) {
            assert!(0 <= lane.least && lane.most < 1 << 39, "{lane:?}");
        }
        Self::all(Interval::word())
    }

    #[inline(never)]
    fn square(self, _check: &mut Self) -> Self {
        self.assert_words();
        Self::all(Interval::word())
    }

    #[inline(never)]
    fn multiply(self, other: Self, check: &mut Self) -> Self {
        other.assert_words();
        self.square(check)
    }

    #[inline(never)]
    fn last_product(self, other: Self) -> Digits<Self> {
        self.assert_words();
        other.assert_words();
        Digits {
            a: Self::all(Interval::signed(-(1 << 33), (1 << 32) - 1)),
            b: Self::all(Interval::signed(0, (1 << 33) - 1)),
        }
    }
}

impl Row for Intervals {
    #[inline(never)]
    fn constants(words: [u64; 4]) -> Self {
        Self(words.map(Interval::constant))
    }

    #[inline(never)]
    fn load(_words: [u64; 4]) -> Self {
        Self::all(Interval::word())
    }

    #[inline(never)]
    fn lanes(self) -> [u64; 4] {
        self.assert_words();
        [0; 4]
    }

    #[inline(never)]
    fn swap(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([c, d, a, b])
    }

    #[inline(never)]
    fn straddle(self, other: Self) -> Self {
        let ([_, b, _, d], [e, _, g, _]) = (self.0, other.0);
        Self([b, e, d, g])
    }

    #[inline(never)]
    fn shl_by(self, counts: Self) -> Self {
        self.zip(counts, |lane, count| lane.shl(count.value()))
    }

    #[inline(never)]
    fn shr_by(self, counts: Self) -> Self {
        self.zip(counts, |lane, count| lane.shr(count.value()))
    }

    #[inline(never)]
    fn and(self, mask: Self) -> Self {
        self.zip(mask, |lane, mask| match mask.value() {
            0 => Interval::constant(0),
            u64::MAX => lane,
            mask => {
                assert!((mask + 1).is_power_of_two());
                lane.bits(mask.count_ones().into())
            }
        })
    }

    #[inline(never)]
    fn sums(digits: Digits<Self>) -> [i64; 2] {
        for lanes in [digits.a.0, digits.b.0] {
            let least: i128 = lanes.iter().map(|lane| lane.least).sum();
            let most: i128 = lanes.iter().map(|lane| lane.most).sum();
            assert!(-(1 << 57) <= least && most <= 1 << 57, "{least}..={most}");
        }
        [0; 2]
    }
}

#[test]
fn packed_permutations_keep_their_bounds() {
    let mut check = Intervals::all(Interval::word());
    let constants = packed::Constants::new(&Rounds::width_8());
    packed::permute::<_, Width8, 8, 7>(&mut [check; 8], &constants, &mut check);
    let constants = packed::Constants::new(&Rounds::width_12());
    packed::permute::<_, Width12, 12, 11>(&mut [check; 12], &constants, &mut check);
}

#[test]
fn permutations_of_one_state_keep_their_bounds() {
    let mut check = Intervals::all(Interval::word());
    let constants = one::Constants::new::<Width8>(&Rounds::width_8());
    one::permute::<_, Width8, 8, 2>(&mut [0; 8], &constants, &mut check);
    let constants = one::Constants::new::<Width12>(&Rounds::width_12());
    one::permute::<_, Width12, 12, 3>(&mut [0; 12], &constants, &mut check);
}

/// What the comments on the external matrix and on [`Digits::fold`] say.
#[test]
fn folded_digits_are_in_their_bounds() {
    let any = Intervals::all(Interval::signed(-(1 << 57), 1 << 57));
    let Digits { a, b } = Digits { a: any, b: any }.fold();
    assert!(63 << 32 <= a.0[0].least && a.0[0].most < 65 << 32, "{a:?}");
    assert!(64 << 32 <= b.0[0].least && b.0[0].most < 66 << 32, "{b:?}");
}

/// The model itself: bounds that do not hold are seen.
#[test]
#[should_panic(expected = "..=")]
fn an_overflow_is_seen() {
    let _ = Intervals::splat(1 << 40).shl::<23>();
}
