//! Products of vectors against exact integers.

use ark_bn254::{Fq, Fr};
use ark_ff::{AdditiveGroup, Field};
use ark_std::rand::Rng;

use super::arithmetic::*;
use super::vectors::{Vectors, gather, scatter};

/// What digits stand for, as an integer modulo p.
fn integer<M: Modulus>(digits: &[f64; DIGITS]) -> M {
    let radix = M::from(1u64 << DIGIT_BITS);
    digits.iter().rev().fold(M::ZERO, |sum, digit| sum * radix + M::from(*digit as i64))
}

/// Digits at the ends of their ranges and anywhere between; the last one of an element below 1.2 p.
fn digits_of(rng: &mut impl Rng) -> [f64; DIGITS] {
    const HALF: i64 = 1 << 50;
    const ENDS: [i64; 9] = [0, 1, -1, HALF - 1, HALF, 1 - HALF, -HALF, HALF + 500, -HALF - 500];
    std::array::from_fn(|k| {
        let any = rng.gen_range(-HALF..=HALF);
        let digit = if rng.r#gen() { ENDS[rng.gen_range(0..9)] } else { any };
        if k < 4 { digit as f64 } else { digit.clamp(-(HALF / 10 * 9), HALF / 10 * 9) as f64 }
    })
}

fn check<M: Modulus, const V: usize>(
    count: usize,
    mut digits_of: impl FnMut(usize) -> [f64; DIGITS],
) {
    let radix = M::from(1u64 << DIGIT_BITS);
    for _ in 0..count {
        let inputs: [Vec<_>; 4] =
            std::array::from_fn(|i| (0..4 * V).map(|_| digits_of(i)).collect());
        let [a, b, c, d] = inputs.each_ref().map(|x| gather::<V>(|lane| &x[lane]));
        let (products, minus) = (Products::<Vectors, V>::new, difference::<Vectors, V>);
        let twice = sum::<Vectors, V>(&a, &a);
        let results = [
            products().times(&a, &b).reduce::<M>(),
            products().times(&minus(&a, &c), &b).minus(&d).reduce::<M>(),
            products().square(&a, &a, &twice).minus(&c).minus(&d).reduce::<M>(),
            products().times(&a, &b).times(&c, &d).reduce::<M>(),
        ];
        let values = |lane: usize| {
            let [a, b, c, d] = inputs.each_ref().map(|x| integer::<M>(&x[lane]));
            [a * b, (a - c) * b - d * radix, a * a - (c + d) * radix, a * b + c * d]
        };
        for (i, result) in results.iter().enumerate() {
            scatter::<V>(result, |lane, digits| {
                assert!(
                    digits[..4].iter().all(|digit| digit.abs() <= (1u64 << 50) as f64 + 4096.0)
                );
                assert_eq!(integer::<M>(&digits) * radix, values(lane)[i], "{i} {:?}", inputs);
            });
        }
    }
}

#[test]
fn products_match_exact_integers() {
    let mut rng = ark_std::test_rng();
    check::<Fq, 1>(2000, |_| digits_of(&mut rng));
    check::<Fq, 2>(2000, |_| digits_of(&mut rng));
    check::<Fr, 2>(2000, |_| digits_of(&mut rng));
}

/// The one case in which ties decide: a lowest digit of -2^50, beside its neighbours.
#[test]
fn lowest_digits_cancel() {
    const HALF: f64 = (1u64 << 50) as f64;
    for low in [-HALF, 1.0 - HALF, HALF - 1.0, HALF] {
        let digits = |i: usize| {
            if i % 2 == 0 { [low, 3.0, -5.0, 7.0, -11.0] } else { [1.0, 0.0, 0.0, 0.0, 0.0] }
        };
        check::<Fq, 1>(1, digits);
        check::<Fr, 1>(1, digits);
    }
}

#[test]
fn digits_spell_their_integers() {
    let mut rng = ark_std::test_rng();
    let ends = [Fq::ZERO, Fq::ONE, -Fq::ONE, Fq::from(2u64).pow([50]), -Fq::from(2u64).pow([203])];
    for x in ends.into_iter().chain((0..1000).map(|_| ark_ff::UniformRand::rand(&mut rng))) {
        let words = ark_ff::PrimeField::into_bigint(x).0;
        for digits in [balanced(words), least(words, Fq::WORDS)] {
            assert!(digits.iter().all(|digit| digit.unsigned_abs() <= 1 << 50));
            assert_eq!(integer::<Fq>(&digits.map(|digit| digit as f64)), x);
        }
    }
}
