//! Witness generation for the gates of this module. Nothing here is trusted: the gates constrain what is
//! written.

use anyhow::Result;
use num_bigint::BigUint;
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoResult, Read, Write};

use super::digits;
use super::modulus::{MODULUS, MODULUS_LIMBS};
use super::range_gate::RangeGate;
use super::reduction_gate::ReductionGate;
use super::word_gate::{CUTS, STREAM_LIMB_BITS, WordGate};
use super::{CARRY_OFFSET, LIMB_BITS, LIMBS, SUMS, WORD_LIMBS};

/// Implements a generator that fills a row from its first wires, by `$fill(inputs) -> wires that follow`.
macro_rules! impl_generator {
    ($generator:ty, $id:expr, $inputs:expr, $fill:expr) => {
        impl<const D: usize> SimpleGenerator<GoldilocksField, D> for $generator
        where
            GoldilocksField: Extendable<D>,
        {
            fn id(&self) -> String {
                $id.to_owned()
            }

            fn dependencies(&self) -> Vec<Target> {
                (0..$inputs).map(|column| Target::wire(self.row, column)).collect()
            }

            fn run_once(
                &self,
                witness: &PartitionWitness<'_, GoldilocksField>,
                out: &mut GeneratedValues<GoldilocksField>,
            ) -> Result<()> {
                let inputs: [u64; $inputs] = std::array::from_fn(|column| {
                    witness.get_target(Target::wire(self.row, column)).to_canonical_u64()
                });
                let wires: Vec<GoldilocksField> = $fill(&inputs);
                wires.into_iter().zip($inputs..).try_for_each(|(value, column)| {
                    out.set_target(Target::wire(self.row, column), value)
                })
            }

            fn serialize(
                &self,
                dst: &mut Vec<u8>,
                _common: &CommonCircuitData<GoldilocksField, D>,
            ) -> IoResult<()> {
                dst.write_usize(self.row)
            }

            fn deserialize(
                src: &mut Buffer<'_>,
                _common: &CommonCircuitData<GoldilocksField, D>,
            ) -> IoResult<Self> {
                Ok(Self { row: src.read_usize()? })
            }
        }

        impl $generator {
            pub(super) const fn new(row: usize) -> Self {
                Self { row }
            }
        }
    };
}

/// Fills the digits of a [`RangeGate`] row.
#[derive(Clone, Debug, Default)]
pub struct RangeGenerator<const BITS: usize> {
    row: usize,
}

impl_generator!(
    RangeGenerator<LIMB_BITS>,
    "BlsLimbRangeGenerator",
    RangeGate::<LIMB_BITS>::VALUES,
    |values: &[u64]| values.iter().flat_map(|&value| digits::of(value, LIMB_BITS)).collect()
);
impl_generator!(
    RangeGenerator<{ super::CARRY_BITS }>,
    "BlsCarryRangeGenerator",
    RangeGate::<{ super::CARRY_BITS }>::VALUES,
    |values: &[u64]| values
        .iter()
        .flat_map(|&value| digits::of(value, super::CARRY_BITS))
        .collect()
);

/// Fills digits and sums of a [`WordGate`] row.
#[derive(Clone, Debug, Default)]
pub struct WordGenerator {
    row: usize,
}

impl_generator!(WordGenerator, "BlsWordGenerator", WordGate::WIRE_AFTER, fill_word);

pub(super) fn fill_word(inputs: &[u64; WordGate::WIRE_AFTER]) -> Vec<GoldilocksField> {
    let (word, inputs) = inputs.split_at(WordGate::WIRE_POWER);
    let (power, before) = inputs.split_at(LIMBS);
    // Segments do not cross the limbs of 62 bits.
    let segments = CUTS.windows(2).map(|cut| {
        let limb = word[3 - cut[0] / STREAM_LIMB_BITS] >> (cut[0] % STREAM_LIMB_BITS);
        (cut[0], limb & ((1 << (cut[1] - cut[0])) - 1))
    });
    let segments: Vec<_> = segments.collect();
    let mut limbs = [0; WORD_LIMBS];
    for &(start, value) in &segments {
        let limb = (start / LIMB_BITS).min(WORD_LIMBS - 1);
        limbs[limb] |= value << (start - LIMB_BITS * limb);
    }
    let mut after: [_; SUMS] =
        std::array::from_fn(|k| GoldilocksField::from_canonical_u64(before[k]));
    for (i, &limb) in limbs.iter().enumerate() {
        for (j, &factor) in power.iter().enumerate() {
            after[i + j] += GoldilocksField::from_canonical_u64(limb)
                * GoldilocksField::from_canonical_u64(factor);
        }
    }
    let digits = segments.iter().enumerate();
    let digits = digits.flat_map(|(i, &(_, value))| digits::of(value, WordGate::bits(i)));
    after.into_iter().chain(digits).collect()
}

/// Fills quotient, result and carries of a [`ReductionGate`] row.
#[derive(Clone, Debug, Default)]
pub struct ReductionGenerator {
    row: usize,
}

impl_generator!(
    ReductionGenerator,
    "BlsReductionGenerator",
    ReductionGate::WIRE_QUOTIENT,
    fill_reduction
);

pub(super) fn fill_reduction(inputs: &[u64; ReductionGate::WIRE_QUOTIENT]) -> Vec<GoldilocksField> {
    let (sums, inputs) = inputs.split_at(SUMS);
    let (a, b) = inputs.split_at(LIMBS);
    let modulus = MODULUS.iter().rev().fold(BigUint::ZERO, |value, &part| (value << 64) + part);
    let integer = integer(sums) + integer(a) * integer(b);
    let (quotient, result) = (limbs(&(&integer / &modulus)), limbs(&(&integer % &modulus)));

    let mut wires = [quotient, result].concat();
    let mut carry: i128 = 0;
    for k in 0..ReductionGate::CARRIES {
        carry += i128::from(sums.get(k).copied().unwrap_or(0));
        for i in (0..LIMBS).filter(|&i| (i..i + LIMBS).contains(&k)) {
            carry += i128::from(a[i]) * i128::from(b[k - i]);
            carry -= i128::from(quotient[i]) * i128::from(MODULUS_LIMBS[k - i]);
        }
        carry -= i128::from(result.get(k).copied().unwrap_or(0));
        carry >>= LIMB_BITS;
        wires.push((carry + i128::from(CARRY_OFFSET)) as u64);
    }
    wires.into_iter().map(GoldilocksField::from_noncanonical_u64).collect()
}

fn integer(limbs: &[u64]) -> BigUint {
    limbs.iter().rev().fold(BigUint::ZERO, |value, &limb| (value << LIMB_BITS) + limb)
}

/// Ten limbs; what does not fit them is lost, and the gate refuses the rest.
fn limbs(value: &BigUint) -> [u64; LIMBS] {
    std::array::from_fn(|i| {
        let low = (value >> (LIMB_BITS * i)).iter_u64_digits().next().unwrap_or(0);
        low & ((1 << LIMB_BITS) - 1)
    })
}
