//! The functions of [`super::arithmetic`] over intervals of exact integers: what holds here holds for every input.
//!
//! [`Interval`] is an [`Arithmetic`] whose operations check the conditions that the doubles need to be
//! exact, and give all that the operation may give. Digits of constants are intervals as well (all that their form
//! allows), so that nothing depends on their values except for the modulus and its powers.

use std::array;

use ark_bn254::Fr;
use ark_ff::PrimeField;

use super::arithmetic::*;
use super::scalar::{MULTIPLE, split};
use super::{PARTIAL_BIASES, PARTIAL_TOP_BIAS};

/// All integers from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interval(i128, i128);

impl Interval {
    fn both(bound: i128) -> Self {
        Self(-bound, bound)
    }

    fn product(self, other: Self) -> Self {
        let corners = [self.0 * other.0, self.0 * other.1, self.1 * other.0, self.1 * other.1];
        let [mut least, mut most] = [corners[0]; 2];
        for corner in corners {
            least = least.min(corner);
            most = most.max(corner);
        }
        Self(least, most)
    }

    fn union(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }

    fn within(self, other: Self) -> bool {
        other.0 <= self.0 && self.1 <= other.1
    }

    /// Sums of at most `count` of these, each of them also multiplied by a positive number.
    fn times(self, count: i128) -> Self {
        Self(0, 0).union(Self(count * self.0, count * self.1))
    }
}

/// A word as an integer that wraps nowhere between its start and its use; a double as an integer.
struct Exact;

/// Doubles of a low part: at most half of the radix, whatever the ties.
const LOW_PART: Interval = Interval(-HALF, HALF);

impl Arithmetic for Exact {
    type Double = Interval;
    type Word = Interval;

    fn word(x: i128) -> Interval {
        Interval(x, x)
    }

    fn double(x: i64) -> Interval {
        Interval(x.into(), x.into())
    }

    fn add(a: Interval, b: Interval) -> Interval {
        Interval(a.0 + b.0, a.1 + b.1)
    }

    fn low(x: Interval) -> Interval {
        assert!(x.within(Interval(0, u64::MAX.into())), "{x:?} wraps");
        Interval(0, MASK.into())
    }

    fn high(x: Interval) -> Interval {
        assert!(x.within(Interval(0, u64::MAX.into())), "{x:?} wraps");
        Interval(x.0 >> DIGIT_BITS, x.1 >> DIGIT_BITS)
    }

    fn to_double(x: Interval, bias: i128) -> Interval {
        assert!(x.within(Interval(0, (1 << 52) - 1)), "{x:?} is no mantissa");
        assert!(bias < 1 << 52, "2^52 and the bias are one double");
        Interval(x.0 - bias, x.1 - bias)
    }

    fn twice(a: Interval) -> Interval {
        assert!(a.within(Interval::both(1 << 52)));
        Interval(2 * a.0, 2 * a.1)
    }

    fn accumulate(to: [Interval; 2], a: Interval, b: Interval) -> [Interval; 2] {
        let highs = exact_product(a, b);
        // Rounded to the nearest multiple of 2^51, up or down if there are two.
        let high = Interval((highs.0 - HALF) >> DIGIT_BITS, (highs.1 + HALF) >> DIGIT_BITS);
        [
            Self::add(to[0], Self::add(LOW_PART, Self::word(LOW_BIAS))),
            Self::add(to[1], Self::add(high, Self::word(HIGH_BIAS))),
        ]
    }

    fn high_product(a: Interval, b: Interval) -> Interval {
        let [_, high] = Self::accumulate([Interval(0, 0); 2], a, b);
        high
    }

    fn low_product(a: Interval, b: Interval) -> Interval {
        exact_product(a, b);
        LOW_PART
    }
}

/// Of two doubles, so that `C1` and the product are within one power of two.
fn exact_product(a: Interval, b: Interval) -> Interval {
    for factor in [a, b] {
        assert!(factor.within(Interval::both(1 << 53)), "{factor:?} is no double");
    }
    let product = a.product(b);
    assert!(product.within(Interval::both((1 << 102) - 1)), "{product:?} leaves the range");
    product
}

/// The last digit of p, rounded up.
fn top() -> i128 {
    i128::from(split(Fr::MODULUS.0)[4]) + 1
}

/// Digits from 0 to 2^51 - 1 of an element.
fn stored() -> Columns<Exact> {
    let digit = Interval(0, MASK.into());
    [digit, digit, digit, digit, Interval(0, top())]
}

/// Digits of a constant, which are those of an element of least absolute value.
fn constant() -> Columns<Exact> {
    let digit = Interval::both(HALF);
    [digit, digit, digit, digit, Interval::both(top() / 2 + 1)]
}

fn add(a: Columns<Exact>, b: Columns<Exact>) -> Columns<Exact> {
    array::from_fn(|k| Exact::add(a[k], b[k]))
}

/// A constant of [`add_and_divide`].
fn round_constant(before: Biases) -> Columns<Exact> {
    add(constant(), constant_biases(before).map(Exact::word))
}

/// Every round of a permutation of width 16; width 4 has smaller sums and the same constants.
#[test]
fn nothing_is_inexact() {
    let layer = |x: Columns<Exact>| x.map(|column| column.times(80));
    let squared = |x: &Digits<Exact>| {
        let dividend = fold::<Exact>(&square::<Exact>(x, DIGIT_BIASES), DIGIT_BIASES);
        digits::<Exact>(divide::<Exact>(&dividend), TOP_BIAS)
    };
    let fifth_power = |x: &Digits<Exact>| {
        let wide = product::<Exact>(&squared(&squared(x)), x, NO_BIASES);
        divide::<Exact>(&fold::<Exact>(&wide, NO_BIASES))
    };
    let mut cells = layer(stored());
    for _ in 0..4 {
        let x = add_and_divide::<Exact>(&cells, &round_constant(NO_BIASES));
        cells = layer(fifth_power(&x));
    }
    let to_ark = |cells, biases| {
        let none = constant_biases(NO_BIASES).map(Exact::word);
        let x = add_and_divide::<Exact>(&cells, &none);
        multiply_constant::<Exact>(&x, &[constant(); 5], biases, |_| {})
    };
    cells = to_ark(cells, PARTIAL_BIASES);
    let without_bias =
        |cells: Columns<Exact>| add(cells, PARTIAL_BIASES.map(|bias| Exact::word(-bias)));
    // The first cell is zero, or an element in the end; either is within all cells.
    let with_first = |cells: Columns<Exact>| {
        let first = add(stored(), PARTIAL_BIASES.map(Exact::word));
        array::from_fn::<_, 5, _>(|k| cells[k].union(first[k]))
    };
    for _ in 0..60 {
        cells = with_first(cells);
        is_element(without_bias(cells).map(|column| column.times(16)));
        let x = digits::<Exact>(cells, PARTIAL_TOP_BIAS);
        let product = multiply_constant::<Exact>(&x, &[constant(); 5], PARTIAL_BIASES, |_| {});
        cells = add(product, stored());
    }
    cells = with_first(cells);
    let before = round_constant(PARTIAL_BIASES);
    cells = layer(fifth_power(&add_and_divide::<Exact>(&cells, &before)));
    for _ in 1..4 {
        let x = add_and_divide::<Exact>(&cells, &round_constant(NO_BIASES));
        cells = layer(fifth_power(&x));
    }
    is_element(to_ark(cells, NO_BIASES));
}

/// The conditions of [`super::scalar::element`].
fn is_element(columns: Columns<Exact>) {
    let bound = Interval::both(1 << 59);
    assert!(columns.iter().all(|column| column.within(bound)), "{columns:?}");
    assert!(columns[4].within(Interval::both(1 << 57)), "{columns:?}");
    // In units of the last digit. The other columns make less than 2^9 of them.
    let (least, most) = (columns[4].0 - (1 << 9), columns[4].1 + (1 << 9));
    let added = i128::from(MULTIPLE) * (top() - 1);
    assert!(-added < least && most + added + i128::from(MULTIPLE) < 1 << 57, "{columns:?}");
}
