//! Range checks and the canonical split of an element.

use anyhow::Result;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoResult, Read, Write};

use super::range_gate::assert_u32;

const LOW_BITS: usize = 32;
const HIGH_MAX: u64 = u32::MAX as u64;

/// Asserts `x < 2^bits` for `bits` in 1..=63. Costs a seventh of a row for 32 bits, two or three
/// sevenths otherwise.
///
/// # Panics
/// If `bits` is 0 or more than 63: every element has a representative below `2^64`, so that a
/// 64-bit check would say nothing (see [`split_canonical`]).
pub fn assert_bits(builder: &mut CircuitBuilder<GoldilocksField, 2>, x: Target, bits: usize) {
    assert!((1..=63).contains(&bits), "range checks are for 1 to 63 bits, got {bits}");
    if bits == 1 {
        builder.assert_bool(BoolTarget::new_unsafe(x));
    } else if bits <= LOW_BITS {
        assert_u32(builder, x);
        if bits < LOW_BITS {
            // x < 2^32, so that the shift stays below 2^63 and cannot wrap.
            let shift = GoldilocksField::from_canonical_u64(1 << (LOW_BITS - bits));
            let shifted = builder.mul_const(shift, x);
            assert_u32(builder, shifted);
        }
    } else {
        let (high, low) = add_split(builder, x);
        assert_bits(builder, high, bits - LOW_BITS);
        assert_u32(builder, low);
        // high * 2^32 + low < 2^63 < p: one integer for the element.
        connect_split(builder, x, high, low);
    }
}

/// The halves `(high, low)`, both below `2^32`, of the canonical representative of `x`:
/// `x = high * 2^32 + low` as integers.
pub fn split_canonical(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    x: Target,
) -> (Target, Target) {
    let (high, low) = add_split(builder, x);
    assert_split(builder, x, high, low);
    (high, low)
}

/// Asserts that `high` and `low` are what [`split_canonical`] returns for `x`.
///
/// Elements below `2^32 - 1` have a second 64-bit representative, `x + p`. It has `high = 2^32 - 1`
/// and `low > 0`, which the third constraint forbids.
pub fn assert_split(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    x: Target,
    high: Target,
    low: Target,
) {
    assert_u32(builder, high);
    assert_u32(builder, low);
    connect_split(builder, x, high, low);

    let high_max = builder.constant(GoldilocksField::from_canonical_u64(HIGH_MAX));
    let is_max = builder.is_equal(high, high_max);
    let product = builder.mul(is_max.target, low);
    builder.assert_zero(product);
}

fn connect_split(
    builder: &mut CircuitBuilder<GoldilocksField, 2>,
    x: Target,
    high: Target,
    low: Target,
) {
    let radix = GoldilocksField::from_canonical_u64(1 << LOW_BITS);
    let sum = builder.mul_const_add(radix, high, low);
    builder.connect(sum, x);
}

/// Unconstrained halves of `x`, filled by a generator.
fn add_split(builder: &mut CircuitBuilder<GoldilocksField, 2>, x: Target) -> (Target, Target) {
    let [high, low] = [0; 2].map(|_| builder.add_virtual_target());
    builder.add_simple_generator(SplitGenerator { x, high, low });
    (high, low)
}

/// Fills the halves of a 64-bit split.
#[derive(Clone, Debug, Default)]
pub struct SplitGenerator {
    x: Target,
    high: Target,
    low: Target,
}

impl SimpleGenerator<GoldilocksField, 2> for SplitGenerator {
    fn id(&self) -> String {
        "CairnSplitGenerator".to_owned()
    }

    fn dependencies(&self) -> Vec<Target> {
        vec![self.x]
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        let x = witness.get_target(self.x).to_canonical_u64();
        out.set_target(self.high, GoldilocksField::from_canonical_u64(x >> LOW_BITS))?;
        out.set_target(self.low, GoldilocksField::from_canonical_u64(x & HIGH_MAX))
    }

    fn serialize(
        &self,
        dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        [self.x, self.high, self.low].into_iter().try_for_each(|target| dst.write_target(target))
    }

    fn deserialize(
        src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        Ok(Self { x: src.read_target()?, high: src.read_target()?, low: src.read_target()? })
    }
}

#[cfg(test)]
mod tests {
    use plonky2::field::types::Field64;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{evaluate, proves};

    const P: u64 = GoldilocksField::ORDER;

    fn fits(x: u64, bits: usize) -> bool {
        let x = GoldilocksField::from_canonical_u64(x);
        proves(&[x], |builder, input| assert_bits(builder, input[0], bits))
    }

    #[test]
    fn bounds_of_range_checks() {
        for bits in [1, 2, 16, 31, 32, 33, 62, 63] {
            assert!(fits(0, bits), "0 has {bits} bits");
            assert!(fits((1 << bits) - 1, bits), "2^{bits} - 1 has {bits} bits");
            assert!(!fits(1 << bits, bits), "2^{bits} has more than {bits} bits");
            assert!(!fits(P - 1, bits), "-1 has more than {bits} bits");
        }
    }

    #[test]
    fn second_representative_is_no_split() {
        let split = |x: u64, high: u64, low: u64| {
            let values = [x, high, low].map(GoldilocksField::from_canonical_u64);
            proves(&values, |builder, v| assert_split(builder, v[0], v[1], v[2]))
        };
        assert!(split(5, 0, 5));
        assert!(split(P - 1, HIGH_MAX, 0));
        // 5 + p = (2^32 - 1) * 2^32 + 6.
        assert!(!split(5, HIGH_MAX, 6));
        // Right sum in the field, halves out of range.
        assert!(!split(1 << 32, 0, 1 << 32));
        assert!(!split((1 << 32) - 1, 1 << 32, 0));
        assert!(!split(7, 0, 5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn split_is_that_of_the_canonical_integer(x in prop_oneof![0..1u64 << 33, 0..P, P - 9..P]) {
            let halves = evaluate(&[GoldilocksField::from_canonical_u64(x)], |builder, input| {
                let (high, low) = split_canonical(builder, input[0]);
                vec![high, low]
            });
            let expected = [x >> 32, x & HIGH_MAX].map(GoldilocksField::from_canonical_u64);
            prop_assert_eq!(halves, expected.to_vec());
        }
    }
}
