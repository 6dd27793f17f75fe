//! Against arkworks' sums, for both ways of counting.

use ark_bn254::Fr;
use ark_ec::short_weierstrass::Affine;
use ark_ec::{AffineRepr, CurveConfig, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, One, UniformRand};
use ark_std::rand::Rng;

use super::*;

/// Scalars of every size, and what digits are hard for.
fn scalars(count: usize, rng: &mut impl Rng) -> Vec<Fr> {
    let two = Fr::from(2u64);
    (0..count)
        .map(|_| match rng.gen_range(0..12) {
            0 | 1 => Fr::zero(),
            2 | 3 => Fr::one(),
            4 => -Fr::one(),
            5 => Fr::from(rng.r#gen::<u8>()),
            6 => -Fr::from(rng.r#gen::<u16>()),
            7 => Fr::from(rng.r#gen::<u64>()),
            8 => two.pow([rng.gen_range(0..254u64)]) - Fr::from(rng.r#gen::<bool>()),
            9 => Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO) + Fr::from(rng.r#gen::<bool>()),
            _ => Fr::rand(rng),
        })
        .collect()
}

/// Points of which many are equal or opposite, or sums of others, if there are few different ones.
fn points<G: CurveGroup>(count: usize, different: usize, rng: &mut impl Rng) -> Vec<G::Affine> {
    let base: Vec<_> = (0..different).map(|_| G::rand(rng)).collect();
    let points: Vec<_> = (0..count)
        .map(|_| {
            let mut point = base[rng.gen_range(0..different)];
            for _ in 0..rng.gen_range(0..3) {
                point += base[rng.gen_range(0..different)];
            }
            if rng.r#gen() { point } else { -point }
        })
        .collect();
    let mut points = G::normalize_batch(&points);
    // Those cannot be in a key.
    points.iter_mut().filter(|p| p.is_zero()).for_each(|p| *p = G::Affine::generator());
    points
}

fn check<C: Curve>(counts: &[usize])
where
    C::Config: CurveConfig<ScalarField = Fr>,
{
    let mut rng = ark_std::test_rng();
    for &count in counts {
        for different in [1, 3, 1000] {
            let points = points::<Projective<C::Config>>(count, different, &mut rng);
            let packed: Vec<_> = points.iter().map(pack::<C>).collect();
            assert!(
                packed.iter().zip(&points).all(|(packed, point)| unpack::<C>(packed) == *point)
            );
            let all_equal = vec![Fr::rand(&mut rng); count];
            for scalars in [scalars(count, &mut rng), all_equal, vec![Fr::zero(); count]] {
                let expected = Projective::<C::Config>::msm_unchecked(&points, &scalars);
                let scalars: Vec<_> = scalars.into_iter().map(Scalar::new).collect();
                assert_eq!(msm::<C>(&packed, &scalars), expected, "{count} of {different}");
            }
        }
    }
}

const COUNTS: [usize; 9] = [0, 1, 2, 3, 7, 33, 500, 5000, 20_000];

#[test]
fn sums_are_arkworks_sums() {
    check::<G1>(&COUNTS);
    check::<G2>(&COUNTS[..8]);
}

#[test]
fn portable_sums_are_arkworks_sums() {
    check::<portable::G1>(&COUNTS[..8]);
    check::<portable::G2>(&COUNTS[..7]);
}

#[test]
fn the_identity_is_zeros() {
    let zero = pack::<G1>(&Affine::zero());
    assert_eq!(zero, [0; 8]);
    assert!(unpack::<G1>(&zero).is_zero());
    assert!(unpack::<G2>(&pack::<G2>(&Affine::zero())).is_zero());
}

#[test]
fn digits_are_those_of_the_scalar() {
    let mut rng = ark_std::test_rng();
    for k in scalars(2000, &mut rng) {
        for c in [2, 3, 7, 13, 16, 18] {
            let scalar = Scalar::new(k);
            let windows = scalar.bits() / c + 1;
            let digits = (0..windows + 3).map(|window| scalar.digit(window, c));
            assert!(digits.clone().all(|digit| digit.unsigned_abs() <= 1 << (c - 1)));
            assert!(digits.clone().skip(windows as usize).all(|digit| digit == 0));
            let radix = Fr::from(1u64 << c);
            let value = digits.rev().fold(Fr::zero(), |sum, digit| sum * radix + Fr::from(digit));
            assert_eq!(value, k);
        }
    }
}

#[test]
fn plans_have_all_digits() {
    let mut rng = ark_std::test_rng();
    let scalars: Vec<_> = scalars(3000, &mut rng).into_iter().map(Scalar::new).collect();
    let plan = Plan::new(&scalars);
    for window in 0..plan.windows + 2 {
        let expected = scalars.iter().filter(|scalar| scalar.digit(window, plan.c) != 0).count();
        assert_eq!(plan.digits(window).count(), expected);
    }
}
