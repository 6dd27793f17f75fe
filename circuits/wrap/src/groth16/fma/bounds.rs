//! The functions of [`super::arithmetic`] over intervals of exact integers: what holds here holds for every input.
//!
//! [`Interval`] is an [`Arithmetic`] whose operations check the conditions that the doubles need to be exact, and give
//! all that the operation may give.

use ark_bn254::{Fq, Fr};

use super::arithmetic::*;

/// All integers from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interval(i128, i128);

impl Interval {
    fn both(bound: i128) -> Self {
        Self(-bound, bound)
    }

    fn within(self, other: Self) -> bool {
        other.0 <= self.0 && self.1 <= other.1
    }

    fn union(self, other: Self) -> Self {
        Self(self.0.min(other.0), self.1.max(other.1))
    }
}

/// A word as an integer that wraps nowhere between its start and its use; a double as an integer.
struct Exact;

/// A low part: at most half of the radix, whatever the ties.
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

    fn minus(a: Interval) -> Interval {
        assert!(a.within(Interval::both(1 << 51)), "{a:?} leaves the power of two");
        Interval(LOW_BIAS - a.1, LOW_BIAS - a.0)
    }

    fn difference(a: Interval, b: Interval) -> Interval {
        for x in [a, b] {
            assert!(x.within(Interval::both(1 << 52)), "{x:?} is too large");
        }
        Interval(a.0 - b.1, a.1 - b.0)
    }

    fn sum(a: Interval, b: Interval) -> Interval {
        for x in [a, b] {
            assert!(x.within(Interval::both(1 << 52)), "{x:?} is too large");
        }
        Self::add(a, b)
    }

    fn difference_product(a: Interval, q: Interval, b: i64) -> Interval {
        assert!(q.within(Interval::both(15)), "{q:?} is no quotient");
        let product = q.0.abs().max(q.1.abs()) * i128::from(b.unsigned_abs());
        let difference = Interval(a.0 - product, a.1 + product);
        for x in [a, Interval::both(product), difference] {
            assert!(x.within(Interval::both(1 << 53)), "{x:?} is too large");
        }
        difference
    }

    fn divide(a: Interval, b: i64) -> (Interval, Interval) {
        let b = i128::from(b);
        let quotient = Interval((a.0 - b / 2).div_euclid(b), (a.1 + b / 2).div_euclid(b) + 1);
        // One more than half: what is rounded twice.
        let half = b / 2 + 1;
        (quotient, if a.within(Interval::both(half)) { a } else { Interval::both(half) })
    }

    fn product(a: Interval, b: Interval) -> (Interval, Interval) {
        for factor in [a, b] {
            assert!(factor.within(Interval::both(1 << 53)), "{factor:?} is no double");
        }
        let corners = [a.0 * b.0, a.0 * b.1, a.1 * b.0, a.1 * b.1];
        let least = *corners.iter().min().expect("four");
        let most = *corners.iter().max().expect("four");
        let range = Interval::both((1 << 102) - 1);
        assert!(Interval(least, most).within(range), "{a:?} times {b:?} leaves the range");
        let high = Interval((least - HALF) >> DIGIT_BITS, (most + HALF) >> DIGIT_BITS);
        (Self::add(high, Self::word(HIGH_BIAS)), Self::add(LOW_PART, Self::word(LOW_BIAS)))
    }

    fn low_product(a: Interval, b: Interval) -> Interval {
        _ = Self::product(a, b);
        LOW_PART
    }
}

type Element = Digits<Exact, 1>;

/// Digits of what is loaded, stands for one, or is an inverse: [`balanced`] or [`least`] of something below p.
fn loaded() -> Element {
    let top = i128::from(split(Fq::WORDS)[4].max(split(Fr::WORDS)[4])) + 1;
    let digit = [Interval::both(HALF)];
    [digit, digit, digit, digit, [Interval::both(top)]]
}

fn union(a: Element, b: Element) -> Element {
    std::array::from_fn(|k| [a[k][0].union(b[k][0])])
}

fn products() -> Products<Exact, 1> {
    Products::new()
}

fn minus(a: &Element, b: &Element) -> Element {
    difference::<Exact, 1>(a, b)
}

fn negated(a: &Element) -> Element {
    minus(&[[Interval(0, 0)]; DIGITS], a)
}

fn twice(a: &Element) -> Element {
    minus(a, &negated(a))
}

/// Additions of points of G1. Elements are loaded, or what the five kinds of products give of elements and their
/// differences. From the loaded ones on, the elements of each step are those before and all products of those; they
/// come to rest, and no condition is broken on the way.
#[test]
fn additions_are_exact() {
    let mut x = loaded();
    for step in 0.. {
        let difference = minus(&x, &x);
        let results = [
            products().times(&x, &x).reduce::<Fq>(),
            products().times(&difference, &x).reduce::<Fq>(),
            products().times(&x, &difference).minus(&x).reduce::<Fq>(),
            products().square(&x, &x, &twice(&x)).minus(&x).minus(&x).reduce::<Fq>(),
        ];
        let next = results.into_iter().fold(x, union);
        if next == x {
            break;
        }
        assert!(step < 100, "no rest: {x:?}");
        x = next;
    }
}

/// Additions of points of G2: coordinates are loaded or normalized, and only they are taken from one another.
#[test]
fn additions_of_extensions_are_exact() {
    let [mut x, mut product] = [loaded(); 2];
    for step in 0.. {
        let difference = minus(&x, &x);
        // Real and imaginary part of a product with each of these.
        let with = |a: &Element| {
            [
                products().times(a, &product).times(&negated(a), &product),
                products().times(a, &product).times(a, &product),
            ]
        };
        let next_product = with(&product).into_iter().chain(with(&difference));
        let next_product =
            next_product.map(|products| products.reduce::<Fq>()).fold(product, union);
        let [a, b] = [product, negated(&product)];
        let squares = [
            products().square(&a, &a, &twice(&a)).square(&a, &b, &twice(&b)),
            products().times(&a, &twice(&a)),
        ];
        let coordinates = with(&difference).map(|products| products.minus(&x));
        let coordinates =
            squares.map(|square| square.minus(&x).minus(&x)).into_iter().chain(coordinates);
        let next_x = coordinates
            .map(|products| normalize::<Exact, Fq, 1>(&products.reduce::<Fq>()))
            .fold(x, union);
        if (next_x, next_product) == (x, product) {
            break;
        }
        assert!(step < 100, "no rest: {x:?}, {product:?}");
        (x, product) = (next_x, next_product);
    }
}

/// Butterflies, as [`super::super::ntt`] has them, from what is loaded: digits from 0 to 2^51 - 1, below p.
#[test]
fn transforms_are_exact() {
    let top = loaded()[4][0].1;
    let digit = [Interval(0, MASK.into())];
    let start: Element = [digit, digit, digit, digit, [Interval(0, top)]];
    let mut roots = loaded();
    loop {
        let next = union(roots, products().times(&roots, &roots).reduce::<Fr>());
        if next == roots {
            break;
        }
        roots = next;
    }
    roots = union(roots, negated(&roots));
    let normalized = |x: &Element| normalize::<Exact, Fr, 1>(x);
    let mut x = start;
    for step in 0.. {
        let product = products().times(&x, &roots).reduce::<Fr>();
        let difference = minus(&x, &x);
        let results = [
            normalized(&sum::<Exact, 1>(&x, &product)),
            normalized(&minus(&x, &product)),
            normalized(&sum::<Exact, 1>(&x, &x)),
            products().times(&difference, &roots).reduce::<Fr>(),
        ];
        let next = results.into_iter().fold(x, union);
        if next == x {
            break;
        }
        assert!(step < 100, "no rest: {x:?}");
        x = next;
    }
    // What is stored: between -p and p.
    let stored = normalized(&x);
    assert!(stored[4][0].within(Interval::both(top * 3 / 4)), "{stored:?}");
}
