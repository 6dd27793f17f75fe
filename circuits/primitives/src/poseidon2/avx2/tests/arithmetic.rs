//! Products, digits and scalars at the edges.

use p3_field::PrimeCharacteristicRing;

use super::word::P;
use super::*;
use crate::poseidon2::avx2::digits::{Digits, Lanes};
use crate::poseidon2::avx2::layout::Layout;
use crate::poseidon2::avx2::one::Row;
use crate::poseidon2::scalar;
use crate::poseidon2::{MATRIX_DIAG_8, MATRIX_DIAG_12};

/// Words around which carries and borrows happen, some of them not reduced. A product of two powers
/// of two is 2^96, say, whose reduction borrows.
fn edges() -> Vec<u64> {
    let powers = [0, 1, 16, 31, 32, 33, 40, 48, 56, 63].map(|exponent| 1u64 << exponent);
    let words = [0, 0xffff_ffff, P, 0xffff_ffff << 32, P - 0xffff_ffff, 0x5555_5555_5555_5555];
    let around = |word: u64| [word.wrapping_sub(1), word, word.wrapping_add(1)];
    powers.into_iter().chain(words).flat_map(around).collect()
}

fn residue(value: i128) -> i128 {
    value.rem_euclid(P.into())
}

fn residue_of_word(word: u64) -> i128 {
    residue(word.into())
}

/// Of the last lane.
fn residue_of_digits(digits: Digits<Vector>) -> i128 {
    let [a, b] = [digits.a, digits.b].map(|lanes| i128::from(lanes.lanes()[3] as i64));
    residue(a + (b << 32))
}

fn splat(a: i64, b: i64) -> Digits<Vector> {
    Digits { a: Vector::splat(a as u64), b: Vector::splat(b as u64) }
}

/// The word is right, or marked. Gives whether it is marked.
fn right_or_marked(word: Vector, check: Vector, expected: i128) -> bool {
    let marked = check.is_below(MARK);
    assert!(marked || residue_of_word(word.lanes()[3]) == expected, "{word:?} {expected}");
    marked
}

#[test]
fn products_are_right_or_marked() {
    let product = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(P)) as i128;
    let (mut marked, mut all) = (0, 0);
    for a in edges() {
        let mut check = Vector::unmarked();
        let square = Vector::splat(a).square(&mut check);
        right_or_marked(square, check, product(a, a));
        for b in edges() {
            let (x, y, mut check) = (Vector::splat(a), Vector::splat(b), Vector::unmarked());
            let word = x.multiply(y, &mut check);
            marked += usize::from(right_or_marked(word, check, product(a, b)));
            all += 1;
            let digits = x.last_product(y);
            assert_eq!(residue_of_digits(digits), product(a, b), "{a:x} {b:x}");
        }
    }
    assert!(0 < marked && marked < all / 2, "{marked} of {all}");
}

#[test]
fn words_of_digits_are_right_or_marked() {
    let digits = || edges().into_iter().map(|word| (word % (1 << 39)) as i64);
    let (mut marked, mut all) = (0, 0);
    for (a, b) in digits().flat_map(|a| digits().map(move |b| (a, b))) {
        let mut check = Vector::unmarked();
        let word = Vector::word(splat(a, b), &mut check);
        let expected = residue(i128::from(a) + (i128::from(b) << 32));
        marked += usize::from(right_or_marked(word, check, expected));
        all += 1;
    }
    assert!(0 < marked && marked < all, "{marked} of {all}");
}

#[test]
fn folding_and_dividing_keep_the_residue() {
    let digits = || edges().into_iter().map(|word| (word as i64) >> 7);
    for (a, b) in digits().flat_map(|a| digits().map(move |b| (a, b))) {
        let value = i128::from(a) + (i128::from(b) << 32);
        assert_eq!(residue_of_digits(splat(a, b).fold()), residue(value));
        if a >= 0 && b >= 0 {
            let part = residue_of_digits(splat(a, b).divide::<1, 31>());
            assert_eq!(residue(2 * part), residue(value));
            let part = residue_of_digits(splat(a, b).divide::<3, 29>());
            assert_eq!(residue(8 * part), residue(value));
        }
    }
}

#[test]
fn scalars_are_right_at_the_edges() {
    for a in edges() {
        assert_eq!(F::new(scalar::sbox(a)), F::new(a).exp_const_u64::<7>());
        for b in edges() {
            let (x, y) = (F::new(a), F::new(b));
            assert_eq!(F::new(scalar::add_any(a, b)), x + y);
            assert_eq!(F::new(scalar::sub(a, b)), x - y);
            assert_eq!(F::new(scalar::mul(a, b)), x * y);
            if b <= u64::MAX << 32 {
                assert_eq!(F::new(scalar::add(a, b)), x + y);
            }
            let sum = u128::from(a) + (u128::from(b) << 31);
            assert_eq!(F::new(scalar::reduce_sum(sum)), x + y * F::from_u64(1 << 31));
        }
    }
}

/// Every element but the first is in one lane, with its entry of the diagonal.
#[test]
fn layouts_have_the_diagonal() {
    fn check<W: Layout<V>, const N: usize, const V: usize>(diagonal: [F; N]) {
        let mut seen = vec![0];
        for (i, four) in W::ENTRIES.iter().enumerate() {
            for entry in four.iter().filter(|entry| entry.element != 0) {
                let times = F::from_u64((1 << entry.double) + u64::from(entry.once));
                let sign = if i == V - 1 { F::NEG_ONE } else { F::ONE };
                let divisor = F::from_u64(1 << entry.divide);
                assert_eq!(diagonal[entry.element] * divisor, sign * times, "{}", entry.element);
                seen.push(entry.element);
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..N).collect::<Vec<_>>());
    }
    check::<Width8, 8, 2>(MATRIX_DIAG_8);
    check::<Width12, 12, 3>(MATRIX_DIAG_12);
}
