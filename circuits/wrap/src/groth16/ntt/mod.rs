//! Transforms modulo `X^n - 1` and `X^n + 1`, and the quotient of a satisfied system by them.
//!
//! With A, B, C of degree below n and `A B - C = H (X^n - 1)`, H is the upper half of the coefficients of A B. Let
//! L be the lower half: modulo `X^n - 1` the product is `L + H`, which is C; modulo `X^n + 1` it is `L - H`. So
//! `H` is half of the difference, for six transforms of size n: of a, b and c = a b from values to coefficients,
//! of A and B to values modulo `X^n + 1`, and of their products back.
//!
//! `X^m - w^2` splits into `X^(m/2) - w` and `X^(m/2) + w`. The roots w of all splits, node by node of that tree,
//! are the powers of a root of order 2n in bit-reversed order: node k has the children 2k and 2k + 1, `X^n - 1` is
//! node 0 and `X^n + 1` is node 1. Values come in bit-reversed order and coefficients in their own, so nothing is
//! reordered but the first values. The tree is walked depth first: what fits the caches stays there.

#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))]
mod lanes;
mod portable;

use ark_bn254::Fr;
use ark_ff::Field;
use rayon::prelude::*;

#[cfg(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma"))]
use self::lanes::Roots;
#[cfg(not(all(target_arch = "x86_64", target_feature = "avx2", target_feature = "fma")))]
use self::portable::Roots;

fn reverse_bits(a: &mut [Fr]) {
    let unused = usize::BITS - a.len().ilog2();
    for i in 0..a.len() {
        let j = i.reverse_bits().checked_shr(unused).unwrap_or(0);
        if i < j {
            a.swap(i, j);
        }
    }
}

/// Coefficients of `(A B - C) / (X^n - 1)`, where A, B and C have these values and their products at the powers of the
/// root of order n that arkworks has; n is a power of two. `None` if the field has no root of order 2n.
pub(super) fn quotient(mut a: Vec<Fr>, mut b: Vec<Fr>) -> Option<Vec<Fr>> {
    let n = a.len();
    let roots = Roots::new(n)?;
    rayon::join(|| reverse_bits(&mut a), || reverse_bits(&mut b));
    let mut c: Vec<Fr> = a.par_iter().zip(&b).map(|(a, b)| *a * b).collect();
    let other = |a: &mut [Fr]| {
        roots.coefficients(a, 0);
        roots.values(a, 1);
    };
    rayon::join(
        || roots.coefficients(&mut c, 0),
        || rayon::join(|| other(&mut a), || other(&mut b)),
    );
    // A and B are n times too large, and so is what comes of values.
    let by_n = Fr::from(n as u64).inverse().expect("n is a power of two");
    let by_n_squared = by_n.square();
    a.par_iter_mut().zip(b).for_each(|(a, b)| *a *= b * by_n_squared);
    roots.coefficients(&mut a, 1);
    let scale = by_n * Fr::from(2u64).inverse().expect("r is odd");
    a.par_iter_mut().zip(c).for_each(|(a, c)| *a = (c - *a) * scale);
    Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, UniformRand, Zero};
    use ark_poly::univariate::DensePolynomial;
    use ark_poly::{DenseUVPolynomial, EvaluationDomain, Radix2EvaluationDomain};

    /// Against long division.
    #[test]
    fn is_the_quotient() {
        let mut rng = ark_std::test_rng();
        for log in [0, 1, 2, 3, 7, 12, 13] {
            let n = 1 << log;
            let domain = Radix2EvaluationDomain::<Fr>::new(n).unwrap();
            let [a, b]: [Vec<Fr>; 2] =
                [(); 2].map(|()| (0..n).map(|_| Fr::rand(&mut rng)).collect());
            let c: Vec<Fr> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
            let [p, q, s] = [&a, &b, &c]
                .map(|values| DensePolynomial::from_coefficients_vec(domain.ifft(values)));
            let (mut expected, rest) = (&(&p * &q) - &s).divide_by_vanishing_poly(domain);
            assert!(rest.is_zero());
            expected.coeffs.resize(n, Fr::zero());
            assert_eq!(quotient(a, b).unwrap(), expected.coeffs, "n = {n}");
        }
    }

    /// Both ways, on both trees.
    #[test]
    fn transforms_are_portable_transforms() {
        let mut rng = ark_std::test_rng();
        for log in 0..16 {
            let n = 1 << log;
            let (roots, portable) = (Roots::new(n).unwrap(), portable::Roots::new(n).unwrap());
            let mut random: Vec<_> = (0..n).map(|_| Fr::rand(&mut rng)).collect();
            random[0] = -Fr::one();
            let small = (0..n).map(|i| Fr::from(i as u64 % 3) - Fr::one()).collect();
            for (values, node) in [(random.clone(), 0), (random, 1), (small, 1)] {
                let [mut a, mut b] = [values.clone(), values.clone()];
                roots.values(&mut a, node);
                portable.values(&mut b, node);
                assert!(a == b, "n = {n}");
                roots.coefficients(&mut a, node);
                portable.coefficients(&mut b, node);
                assert!(a == b, "n = {n}");
                assert!(a.iter().zip(&values).all(|(a, x)| *a == *x * Fr::from(n as u64)));
            }
        }
    }
}
