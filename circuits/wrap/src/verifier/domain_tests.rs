use super::super::extension::ExtensionField;
use super::super::testing::{assert_bound, builder, random_ext};
use super::*;
use ark_bn254::Fr;
use plonky2::field::polynomial::PolynomialCoeffs;
use plonky2::field::types::{PrimeField64, Sample};

const BITS: usize = 11;

fn reverse_bits(i: usize, bits: usize) -> usize {
    i.reverse_bits() >> (usize::BITS as usize - bits).min(usize::BITS as usize - 1)
}

fn index_bits(b: &mut Builder, index: usize) -> Vec<Lc> {
    (0..BITS).map(|i| b.bit(index >> i & 1 == 1)).collect()
}

#[test]
fn points_are_in_bit_reversed_order() {
    let root = GoldilocksField::primitive_root_of_unity(BITS);
    let shift = GoldilocksField::MULTIPLICATIVE_GROUP_GENERATOR;
    for index in [0, 1, 0b101_1100_1001, (1 << BITS) - 1] {
        let mut b = builder();
        let bits = index_bits(&mut b, index);
        let native = |i: usize| shift * root.exp_u64(reverse_bits(i, BITS) as u64);
        assert_eq!(point(&mut b, shift, root, &bits).value(), native(index));
        let start = coset_start(&mut b, shift, root, &bits, 4);
        assert_eq!(start.value(), native(index >> 4 << 4));
        assert!(b.is_satisfied());
        assert_bound(&b, 1);
    }
}

#[test]
fn interpolates_on_cosets() {
    for arity_bits in 0..5 {
        let n = 1 << arity_bits;
        let polynomial = PolynomialCoeffs::new(ExtensionField::rand_vec(n));
        let start = GoldilocksField::rand();
        let root = GoldilocksField::primitive_root_of_unity(arity_bits);
        let mut b = builder();
        let evaluations: Vec<Ext> = (0..n)
            .map(|i| {
                let x = start * root.exp_u64(reverse_bits(i, arity_bits) as u64);
                let value = polynomial.eval(x.into());
                let limbs: [GoldilocksField; 2] = value.0;
                Ext(limbs.map(|c| Base::limb(&mut b, c.to_canonical_u64())))
            })
            .collect();
        let start_inverse = Base::limb(&mut b, start.inverse().to_canonical_u64());
        let (point, value) = random_ext(&mut b);
        let result = interpolate(&mut b, &evaluations, &start_inverse, &point);
        assert_eq!(result.value(), polynomial.eval(value));
        assert!(b.is_satisfied());
    }
}

/// A point is a function of the bits alone, whatever the bits are.
#[test]
fn structure_is_the_same_for_all_indices() {
    let digest = |index: usize| {
        let mut b = builder();
        let bits = index_bits(&mut b, index);
        let root = GoldilocksField::primitive_root_of_unity(BITS);
        point(&mut b, root, root, &bits);
        b.witness(Fr::from(1u64));
        b.digest()
    };
    assert_eq!(digest(0), digest(1234));
}
