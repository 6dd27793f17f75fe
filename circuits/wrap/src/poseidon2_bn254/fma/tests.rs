//! Against exact integers and the scalar permutation.

use std::array;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField, UniformRand};
use ark_std::rand::Rng;
use num_bigint::BigInt as Integer;

use super::super::native;
use super::super::params::{T4, T16};
use super::arithmetic::*;
use super::lanes::{Lanes, doubles_from_lanes, to_lanes};
use super::scalar::element;
use super::{balanced_digits, permute_4, permute_16, table};

/// Elements at the ends of whatever range there is, as numbers and as stored forms.
fn edges() -> Vec<Fr> {
    let small = [0, 1, 2, 3, 5, 1 << 50, (1 << 51) - 1, 1 << 51, u64::MAX].map(Fr::from);
    let mut edges: Vec<Fr> = small.iter().flat_map(|x| [*x, -*x]).collect();
    // All ones, up to each bit, in each form; a digit of ones; and a digit that ties.
    let ones = |bits: u32| (num_bigint::BigUint::from(1u8) << bits) - 1u8;
    let mut integers: Vec<_> = [50, 51, 64, 102, 128, 153, 192, 204, 253].map(ones).to_vec();
    integers.extend((0..5).map(|k| ones(if k < 4 { 51 } else { 49 }) << (51 * k)));
    integers.extend((0..5).map(|k| ones(1) << (51 * k + if k < 4 { 50 } else { 48 })));
    for integer in integers {
        let number = BigInt::try_from(integer).unwrap();
        edges.extend([Fr::from_bigint(number).unwrap(), Fr::new_unchecked(number)]);
    }
    let mut last = Fr::MODULUS;
    for _ in 0..4 {
        last.0[0] -= 1;
        edges.push(Fr::new_unchecked(last));
    }
    edges
}

/// Random states, states of edges, and both mixed.
fn states<const T: usize>(count: usize) -> impl Iterator<Item = [Fr; T]> {
    let mut rng = ark_std::test_rng();
    let edges = edges();
    let equal = edges.clone().into_iter().map(|x| [x; T]);
    equal.chain((0..count).map(move |i| {
        array::from_fn(|_| match i % 4 {
            0 | 1 => Fr::rand(&mut rng),
            2 => edges[rng.gen_range(0..edges.len())],
            _ if rng.r#gen() => edges[rng.gen_range(0..edges.len())],
            _ => Fr::rand(&mut rng),
        })
    }))
}

#[test]
fn width_16_matches_the_scalar_permutation() {
    for mut state in states::<16>(20_000) {
        let mut expected = state;
        native::permute(&T16, &mut expected);
        let before = state;
        permute_16(&mut state);
        assert_eq!(state, expected, "of {before:?}");
        assert!(state.iter().all(|x| x.0 < Fr::MODULUS), "forms are canonical");
    }
}

#[test]
fn width_4_matches_the_scalar_permutation() {
    for mut state in states::<4>(50_000) {
        let mut expected = state;
        native::permute(&T4, &mut expected);
        permute_4(&mut state);
        assert_eq!(state, expected);
    }
}

/// Four elements a vector, given by their digits.
fn vector(x: [[i64; 5]; 4]) -> Digits<Lanes> {
    array::from_fn(|k| doubles_from_lanes(x.map(|digits| digits[k])))
}

/// What digits stand for.
fn value(digits: [i64; 5]) -> Integer {
    digits.iter().rev().fold(Integer::ZERO, |sum, digit| (sum << 51) + digit)
}

/// Modulo p, from 0.
fn modulo(x: Integer) -> Integer {
    let p = Integer::from(num_bigint::BigUint::from(Fr::MODULUS));
    ((x % &p) + &p) % p
}

/// What columns without bias stand for, lane by lane, modulo p; twice, and the second time by way of `element`.
fn values(columns: Columns<Lanes>) -> [[Integer; 2]; 4] {
    let columns = columns.map(to_lanes);
    array::from_fn(|lane| {
        let columns = columns.map(|column| column[lane]);
        let stored = Integer::from(num_bigint::BigUint::from(BigInt(element(columns))));
        [modulo(value(columns.map(|column| column as i64))), stored]
    })
}

/// `a b / 2^51`.
fn multiply(a: [[i64; 5]; 4], b: [[i64; 5]; 4]) -> Columns<Lanes> {
    let wide = product::<Lanes>(&vector(a), &vector(b), NO_BIASES);
    divide::<Lanes>(&fold::<Lanes>(&wide, NO_BIASES))
}

/// Digits at the ends of their ranges and anywhere between.
fn digits_of(rng: &mut impl Rng) -> [i64; 5] {
    const HALF: i64 = 1 << 50;
    const ENDS: [i64; 9] = [0, 1, -1, HALF - 1, HALF, 1 - HALF, -HALF, HALF + 500, -HALF - 500];
    array::from_fn(|_| {
        if rng.r#gen() { ENDS[rng.gen_range(0..9)] } else { rng.gen_range(-HALF..=HALF) }
    })
}

#[test]
fn products_match_exact_integers() {
    let mut rng = ark_std::test_rng();
    for _ in 0..5_000 {
        let [a, b] = [(); 2].map(|()| [(); 4].map(|()| digits_of(&mut rng)));
        let factors = [(); 4].map(|()| Fr::rand(&mut rng));
        let product = values(multiply(a, b));
        let squared = square::<Lanes>(&vector(a), NO_BIASES);
        let squared = values(divide::<Lanes>(&fold::<Lanes>(&squared, NO_BIASES)));
        let constant =
            values(multiply_constant::<Lanes>(&vector(a), &table(factors), NO_BIASES, |_| {}));
        for lane in 0..4 {
            let [a, b] = [a, b].map(|x| value(x[lane]));
            for form in 0..2 {
                let times_radix = |x: &[Integer; 2]| modulo(&x[form] << 51);
                assert_eq!(times_radix(&product[lane]), modulo(&a * &b));
                assert_eq!(times_radix(&squared[lane]), modulo(&a * &a));
                let factor = Integer::from(num_bigint::BigUint::from(factors[lane]));
                assert_eq!(constant[lane][form], modulo(&a * factor));
            }
        }
    }
}

/// The one case in which ties decide: a lowest digit of -2^50, beside its neighbours.
#[test]
fn lowest_digits_cancel() {
    const HALF: i64 = 1 << 50;
    let a = [-HALF, 1 - HALF, HALF - 1, HALF].map(|low| [low, 3, -5, 7, -11]);
    for b in [[1, 0, 0, 0, 0], [1, HALF, -HALF, HALF, -HALF]] {
        let product = values(multiply(a, [b; 4]));
        for (product, a) in product.into_iter().zip(a) {
            for form in product {
                assert_eq!(modulo(form << 51), modulo(value(a) * value(b)));
            }
        }
    }
}

#[test]
fn constants_have_the_digits_that_the_bounds_allow() {
    for x in edges().into_iter().chain(states::<1>(1_000).flatten()) {
        let digits = balanced_digits([x, -x, Fr::ZERO, x + x]);
        assert!(digits.iter().flatten().all(|digit| digit.unsigned_abs() <= 1 << 50));
        let value = value(digits.map(|lanes| lanes[0]));
        let p = Integer::from(num_bigint::BigUint::from(Fr::MODULUS));
        assert!(value.magnitude() * 2u8 < *p.magnitude());
        assert_eq!(modulo(value), Integer::from(num_bigint::BigUint::from(x)));
    }
}
