//! What the tests of soundness share.

use std::collections::BTreeSet;

use ark_bn254::Fr;
use ark_ff::{One, Zero};
use plonky2::field::extension::FieldExtension;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{PrimeField64, Sample};

use super::extension::{Ext, ExtensionField};
use super::goldilocks::Base;
use crate::r1cs::{Builder, Lc};

/// The system is satisfied, and no wire from `first` on can change alone.
pub(super) fn assert_bound(b: &Builder, first: usize) {
    let free = free_wires(b, first);
    assert!(free.is_empty(), "wires {free:?} of {} are free", b.num_wires());
}

/// The wires from `first` on that can change by one, or by p, alone, and leave every constraint satisfied.
fn free_wires(b: &Builder, first: usize) -> Vec<usize> {
    assert!(b.is_satisfied(), "start from a satisfied system");
    let mut rows = vec![Vec::new(); b.num_wires()];
    for i in 0..b.num_constraints() {
        for m in 0..3 {
            b.row(m, i).for_each(|(var, _)| rows[var].push(i));
        }
    }
    let values = b.assignment();
    let breaks = |wire: usize, delta: Fr| {
        let value = |m, i| {
            let term = |(var, k)| (values[var] + if var == wire { delta } else { Fr::zero() }) * k;
            b.row(m, i).map(term).sum::<Fr>()
        };
        rows[wire].iter().any(|&i| value(0, i) * value(1, i) != value(2, i))
    };
    let p = Fr::from(0xffff_ffff_0000_0001u64);
    (first..b.num_wires()).filter(|&wire| !breaks(wire, Fr::one()) || !breaks(wire, p)).collect()
}

/// The regions with a broken constraint.
pub(super) fn broken_regions(b: &Builder) -> BTreeSet<&'static str> {
    let regions = b.region_sizes().into_iter().flat_map(|(name, size)| vec![name; size]);
    let value = |m, i| b.row(m, i).map(|(var, k)| b.assignment()[var] * k).sum::<Fr>();
    regions
        .enumerate()
        .filter(|&(i, _)| value(0, i) * value(1, i) != value(2, i))
        .map(|(_, name)| name)
        .collect()
}

/// A random element on reduced wires.
pub(super) fn random_ext(b: &mut Builder) -> (Ext, ExtensionField) {
    let value = ExtensionField::rand();
    let limbs: [GoldilocksField; 2] = value.to_basefield_array();
    (Ext(limbs.map(|c| Base::limb(b, c.to_canonical_u64()))), value)
}

/// As many.
pub(super) fn random_exts(b: &mut Builder, n: usize) -> (Vec<Ext>, Vec<ExtensionField>) {
    (0..n).map(|_| random_ext(b)).unzip()
}

/// A system without public inputs.
pub(super) fn builder() -> Builder {
    Builder::new(&[])
}

#[test]
fn free_wires_are_found() {
    let mut b = builder();
    let (x, y) = (b.witness(Fr::from(3u64)), b.witness(Fr::from(4u64)));
    b.mul(&x, &Lc::zero());
    b.mul(&y, &y);
    assert_eq!(free_wires(&b, 1), [1]);
}
