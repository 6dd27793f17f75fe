//! Closed intervals of integers: what the structure knows about a value before the witness is known.

use std::ops::{Add, Neg, Sub};

use num_bigint::BigInt;

/// All integers from `min` to `max`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) min: BigInt,
    pub(crate) max: BigInt,
}

impl Interval {
    /// The integers of `bits` bits: `0 <= x < 2^bits`.
    pub(crate) fn unsigned(bits: u64) -> Self {
        Self { min: BigInt::ZERO, max: (BigInt::from(1) << bits) - 1 }
    }

    /// One integer.
    pub(crate) fn point(x: BigInt) -> Self {
        Self { min: x.clone(), max: x }
    }

    /// Bits of the largest absolute value.
    pub(crate) fn bits(&self) -> u64 {
        self.min.bits().max(self.max.bits())
    }

    /// The products with one integer.
    pub(crate) fn scale(&self, k: &BigInt) -> Self {
        self.mul(&Self::point(k.clone()))
    }

    /// All products.
    pub(crate) fn mul(&self, other: &Self) -> Self {
        let [a, b, c, d] = [
            &self.min * &other.min,
            &self.min * &other.max,
            &self.max * &other.min,
            &self.max * &other.max,
        ];
        Self { min: (&a).min(&b).min(&c).min(&d).clone(), max: a.max(b).max(c).max(d) }
    }

    /// The smallest interval around both.
    pub(crate) fn union(&self, other: &Self) -> Self {
        Self { min: (&self.min).min(&other.min).clone(), max: (&self.max).max(&other.max).clone() }
    }
}

impl Add for &Interval {
    type Output = Interval;
    fn add(self, other: &Interval) -> Interval {
        Interval { min: &self.min + &other.min, max: &self.max + &other.max }
    }
}

impl Sub for &Interval {
    type Output = Interval;
    fn sub(self, other: &Interval) -> Interval {
        self + &-other
    }
}

impl Neg for &Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval { min: -&self.max, max: -&self.min }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(min: i64, max: i64) -> Interval {
        Interval { min: min.into(), max: max.into() }
    }

    #[test]
    fn contains_every_result_and_no_more() {
        let samples = [(-3, -1), (-2, 5), (0, 4), (2, 7)];
        for (a, b) in samples {
            for (c, d) in samples {
                let (x, y) = (interval(a, b), interval(c, d));
                let pairs = || (a..=b).flat_map(|u| (c..=d).map(move |v| (u, v)));
                let hull = |f: fn((i64, i64)) -> i64| {
                    interval(pairs().map(f).min().unwrap(), pairs().map(f).max().unwrap())
                };
                assert_eq!(&x + &y, hull(|(u, v)| u + v));
                assert_eq!(&x - &y, hull(|(u, v)| u - v));
                assert_eq!(x.mul(&y), hull(|(u, v)| u * v));
                assert_eq!(x.union(&y), interval(a.min(c), b.max(d)));
            }
        }
    }

    #[test]
    fn bits_are_of_the_largest_absolute_value() {
        assert_eq!(Interval::unsigned(64).bits(), 64);
        assert_eq!(interval(-256, 3).bits(), 9);
        assert_eq!(interval(0, 0).bits(), 0);
    }
}
