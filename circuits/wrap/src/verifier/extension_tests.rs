use super::super::testing::{assert_bound, builder, random_ext, random_exts};
use super::*;
use crate::r1cs::Builder;

#[test]
fn arithmetic_is_that_of_the_field() {
    let mut b = builder();
    let (xs, values) = random_exts(&mut b, 3);
    let c = GoldilocksField::from_canonical_u64(1 << 40);
    let product = xs[0].mul(&mut b, &xs[1]);
    assert_eq!(product.value(), values[0] * values[1]);
    let mut sum = &product - &xs[2];
    sum.add_multiple(&xs[1], c);
    let expected = values[0] * values[1] - values[2] + values[1] * ExtensionField::from(c);
    assert_eq!(sum.value(), expected);
    assert_eq!(sum.reduce(&mut b).value(), expected);
    // Both factors are too wide for a product.
    assert_eq!(sum.mul(&mut b, &sum).value(), expected * expected);
    assert_eq!(xs[0].exp_power_of_2(&mut b, 5).value(), values[0].exp_power_of_2(5));
    assert_eq!(xs[0].scale(c).value(), values[0] * ExtensionField::from(c));
    assert!(b.is_satisfied());
    assert_bound(&b, 1);
}

#[test]
fn division_is_bound() {
    let mut b = builder();
    let (xs, values) = random_exts(&mut b, 2);
    let quotient = xs[0].div(&mut b, &xs[1]);
    assert_eq!(quotient.value(), values[0] / values[1]);
    assert_bound(&b, 1);
}

#[test]
fn division_by_zero_is_unsatisfied() {
    let mut b = builder();
    let (x, _) = random_ext(&mut b);
    x.div(&mut b, &Ext::zero());
    assert!(!b.is_satisfied());
}

#[test]
fn equality_is_of_both_components() {
    for i in 0..D {
        let mut b = builder();
        let (x, _) = random_ext(&mut b);
        x.mul(&mut b, &Ext::zero()).assert_zero(&mut b);
        assert!(b.is_satisfied());
        let mut y = Ext::zero();
        y.0[i] = Base::constant(GoldilocksField::ONE);
        y.assert_zero(&mut b);
        assert!(!b.is_satisfied(), "component {i}");
    }
}

#[test]
fn powers_combine_terms() {
    for count in [1, 2, 3, 16, 17, 40] {
        let mut b = builder();
        let (a, value) = random_ext(&mut b);
        let (terms, values) = random_exts(&mut b, count);
        let powers = Powers::new(&mut b, &a, count);
        let expected = values.iter().rev().fold(ExtensionField::ZERO, |sum, v| sum * value + *v);
        let combined = powers.combine(&mut b, &terms);
        assert_eq!(combined.value(), expected, "{count}");
        let last = powers.power(&mut b, count - 1);
        assert_eq!(last.value(), value.exp_u64(count as u64 - 1));
        (&combined - &combined.reduce(&mut b)).assert_zero(&mut b);
        assert!(b.is_satisfied());
        assert_bound(&b, 1);
    }
}

/// Structure must not depend on values.
#[test]
fn structure_is_the_same_for_all_values() {
    let digest = || {
        let mut b: Builder = builder();
        let (xs, _) = random_exts(&mut b, 20);
        let powers = Powers::new(&mut b, &xs[0], 20);
        let combined = powers.combine(&mut b, &xs);
        combined.div(&mut b, &xs[1]).assert_zero(&mut b);
        b.digest()
    };
    assert_eq!(digest(), digest());
}
