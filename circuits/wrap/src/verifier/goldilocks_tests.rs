use super::super::testing::{assert_bound, builder};
use super::*;
use plonky2::field::types::Sample;

const P: u64 = GoldilocksField::ORDER;

/// A wire known to be of `bits` bits, without the constraints that make it so.
fn wire(b: &mut Builder, value: BigUint, bits: usize) -> Base {
    Base::from_lc(b.witness(Fr::from(value)), bits)
}

#[test]
fn arithmetic_is_that_of_the_field() {
    let mut b = builder();
    let values: [GoldilocksField; 4] = std::array::from_fn(|_| GoldilocksField::rand());
    let [x, y, z, w] = values.map(|v| Base::limb(&mut b, v.to_canonical_u64()));
    let c = GoldilocksField::rand();

    let mut sum = &x.mul(&mut b, &y) - &z;
    sum.add_multiple(&w, c);
    let expected = values[0] * values[1] - values[2] + values[3] * c;
    assert_eq!(sum.value(), expected);
    assert_eq!(sum.reduce(&mut b).value(), expected);
    assert_eq!(sum.scale(c).value(), expected * c);
    // 130 bits squared do not fit as they are.
    let square = sum.mul(&mut b, &sum);
    assert_eq!(square.value(), expected * expected);
    (&square - &Base::constant(expected * expected)).assert_zero(&mut b);
    assert!(b.is_satisfied());
    assert_bound(&b, 1);
}

#[test]
fn values_stay_in_their_intervals() {
    let mut b = builder();
    let mut x = Base::limb(&mut b, u64::MAX);
    for _ in 0..40 {
        let square = x.mul(&mut b, &x);
        x = &square.scale(GoldilocksField::NEG_ONE) - &x;
        let value = x.integer();
        assert!(x.range.min <= value && value <= x.range.max);
    }
    assert!(b.is_satisfied());
}

#[test]
fn reduction_binds_the_residue() {
    let edges = [0, 1, P - 1, P, P + 1, u64::MAX].map(BigUint::from);
    let wide = [BigUint::from(P) << 130, (BigUint::from(1u8) << 200) - 1u8];
    for value in edges.into_iter().chain(wide) {
        let mut b = builder();
        let x = wire(&mut b, value.clone(), 200);
        let reduced = x.reduce(&mut b);
        assert_eq!(reduced.value(), x.value());
        assert!(reduced.lc().value() < Fr::from(P));
        assert!(b.is_satisfied(), "{value}");
        assert_bound(&b, 1);
    }
}

/// The remainder may be `r + p`, with a quotient one less: the same residue. It may not be anything else.
#[test]
fn reduction_allows_representatives_of_one_residue_only() {
    let system = |value: u64, remainder: u64, quotient: u64| {
        let mut b = builder();
        let x = wire(&mut b, value.into(), 66);
        let reduced = x.reduce(&mut b);
        let first = reduced.lc().as_var().unwrap().index();
        b.overwrite(crate::r1cs::Var::nth(first), Fr::from(remainder));
        let bits = (0..64).map(|i| remainder >> i & 1).chain((0..).map(|i| quotient >> i & 1));
        for (wire, bit) in (first + 1..b.num_wires()).zip(bits) {
            b.overwrite(crate::r1cs::Var::nth(wire), Fr::from(bit));
        }
        b.is_satisfied()
    };
    assert!(system(P + 5, 5, 1));
    assert!(system(P + 5, P + 5, 0));
    assert!(!system(P + 5, 6, 1));
    assert!(!system(P + 5, 5, 0));
    assert!(!system(P + 5, P + 5, 1));
}

/// `x = p q + r` must not wrap: the quotients allowed for the widest values stay far below r / p.
#[test]
fn equations_do_not_wrap_at_full_capacity() {
    let mut b = builder();
    let mut x = wire(&mut b, (BigUint::from(1u8) << 250) - 1u8, 250);
    x.reduce(&mut b);
    x.assert_zero(&mut b);
    x.range.min = -x.range.max.clone();
    x.reduce(&mut b);
    x.assert_zero(&mut b);
}

#[test]
#[should_panic(expected = "outgrew the scalar field")]
fn sums_beyond_capacity_are_refused() {
    let mut b = builder();
    let mut x = wire(&mut b, 1u8.into(), 250);
    x += &x.clone();
}

#[test]
fn zero_is_told_from_other_residues() {
    for (value, zero) in [(0, true), (P, true), (1, false), (P - 1, false), (u64::MAX, false)] {
        let mut b = builder();
        let x = Base::limb(&mut b, value);
        let negative = &Base::zero() - &x;
        let mut other = b.clone();
        x.assert_zero(&mut b);
        assert_eq!(b.is_satisfied(), zero, "{value} = 0");
        x.assert_nonzero(&mut other);
        assert_eq!(other.is_satisfied(), !zero, "{value} != 0");
        if !zero {
            assert_bound(&other, 1);
        }
        let mut b = b.clone();
        negative.assert_zero(&mut b);
        assert_eq!(b.is_satisfied(), zero, "-{value} = 0");
    }
}

#[test]
fn limbs_are_bounded() {
    let mut b = builder();
    let limb = Base::limb(&mut b, u64::MAX);
    let var = limb.lc().as_var().unwrap();
    assert_bound(&b, 1);
    b.overwrite(var, Fr::from(1u128 << 64));
    assert!(!b.is_satisfied());
}

#[test]
fn selection_covers_both_intervals() {
    for bit in [false, true] {
        let mut b = builder();
        let flag = b.bit(bit);
        let (yes, no) = (Base::limb(&mut b, 7), Base::constant(GoldilocksField::NEG_ONE));
        let selected = Base::select(&mut b, &flag, &yes, &no);
        assert_eq!(selected.value(), if bit { yes.value() } else { no.value() });
        assert_eq!(selected.range, yes.range.union(&no.range));
        let before = b.num_constraints();
        let constant = Base::select(&mut b, &flag, &Base::zero(), &no);
        assert_eq!(constant.value(), if bit { GoldilocksField::ZERO } else { no.value() });
        assert_eq!(b.num_constraints(), before);
        assert!(b.is_satisfied());
    }
}

#[test]
fn constants_cost_nothing() {
    let mut b = builder();
    let (x, y) = (GoldilocksField::rand(), GoldilocksField::rand());
    let product = Base::constant(x).mul(&mut b, &Base::constant(y));
    assert_eq!(product.value(), x * y);
    assert_eq!(product.reduce(&mut b).value(), x * y);
    assert_eq!(b.num_constraints(), 0);
}
