//! Witness generation for signatures. Nothing here is trusted: the gadget constrains what is
//! written.

use anyhow::Result;
use cairn_primitives::ecgfp5::{A_THIRD, Quintic};
use cairn_primitives::schnorr::{RESPONSE_TOP_LIMIT, ROWS};
use p3_field::{BasedVectorSpace, Field as _};
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoError, IoResult, Read, Write};

use super::verify::SignatureTarget;
use crate::ecgfp5::StepGate;
use crate::field::{from_plonky2, to_plonky2};

/// Fills what the rows of the loop read off a signature: the bits of the digits; and whether it is
/// canonical.
#[derive(Clone, Debug)]
pub struct SignatureGenerator {
    pub(super) rows: Vec<usize>,
    pub(super) is_canonical: BoolTarget,
    pub(super) signature: SignatureTarget,
}

/// The default is only a tag for serializers.
impl Default for SignatureGenerator {
    fn default() -> Self {
        Self {
            rows: vec![],
            is_canonical: BoolTarget::default(),
            signature: SignatureTarget { e: Default::default(), s: Default::default() },
        }
    }
}

/// What a [`SignatureGenerator`] writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// e, s0, s1, s2.
    pub(super) scalars: [u128; StepGate::SCALARS],
    pub(super) is_canonical: bool,
}

impl SignatureGenerator {
    pub(super) fn read(&self, witness: &PartitionWitness<'_, GoldilocksField>) -> Reading {
        let integer = |targets: &[Target], bits: u32| {
            targets.iter().rev().fold(0u128, |sum, &target| {
                sum << bits | u128::from(witness.get_target(target).to_canonical_u64())
            })
        };
        let SignatureTarget { e, s } = &self.signature;
        let [s0, s1, s2] = [0..4, 4..8, 8..10].map(|limbs| integer(&s[limbs], 32));
        let top = witness.get_target(s[9]).to_canonical_u64();
        Reading {
            scalars: [integer(e, 64), s0, s1, s2],
            is_canonical: top < u64::from(RESPONSE_TOP_LIMIT),
        }
    }

    pub(super) fn write(
        &self,
        reading: &Reading,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        for (i, &row) in self.rows.iter().enumerate() {
            for (position, scalar) in reading.scalars.iter().enumerate() {
                for bit in 0..2 {
                    let value = scalar >> (2 * (ROWS - 1 - i) + bit) & 1 == 1;
                    let target = Target::wire(row, StepGate::WIRE_BITS + 2 * position + bit);
                    out.set_target(target, GoldilocksField::from_bool(value))?;
                }
            }
        }
        out.set_bool_target(self.is_canonical, reading.is_canonical)
    }
}

impl SimpleGenerator<GoldilocksField, 2> for SignatureGenerator {
    fn id(&self) -> String {
        "SchnorrSignatureGenerator".to_owned()
    }

    fn dependencies(&self) -> Vec<Target> {
        self.signature.e.into_iter().chain(self.signature.s).collect()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        self.write(&self.read(witness), out)
    }

    fn serialize(
        &self,
        dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        dst.write_usize_vec(&self.rows)?;
        dst.write_target_bool(self.is_canonical)?;
        dst.write_target_array(&self.signature.e)?;
        dst.write_target_array(&self.signature.s)
    }

    fn deserialize(
        src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        let rows = src.read_usize_vec()?;
        if rows.len() != ROWS {
            return Err(IoError);
        }
        Ok(Self {
            rows,
            is_canonical: src.read_target_bool()?,
            signature: SignatureTarget { e: src.read_target_array()?, s: src.read_target_array()? },
        })
    }
}

/// Fills the encoding of a point.
#[derive(Clone, Debug, Default)]
pub struct EncodingGenerator {
    pub(super) point: [Target; 10],
    pub(super) encoding: [Target; 5],
}

impl SimpleGenerator<GoldilocksField, 2> for EncodingGenerator {
    fn id(&self) -> String {
        "EcGfp5EncodingGenerator".to_owned()
    }

    fn dependencies(&self) -> Vec<Target> {
        self.point.to_vec()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        let quintic = |start: usize| {
            Quintic::new(std::array::from_fn(|i| {
                from_plonky2(witness.get_target(self.point[start + i]))
            }))
        };
        // X = a/3 is not in the group.
        let inverse = (A_THIRD - quintic(0)).try_inverse().unwrap_or_default();
        let encoding = quintic(5) * inverse;
        let elements: &[cairn_primitives::F] = encoding.as_basis_coefficients_slice();
        self.encoding
            .iter()
            .zip(elements)
            .try_for_each(|(&target, &element)| out.set_target(target, to_plonky2(element)))
    }

    fn serialize(
        &self,
        dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<()> {
        dst.write_target_array(&self.point)?;
        dst.write_target_array(&self.encoding)
    }

    fn deserialize(
        src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, 2>,
    ) -> IoResult<Self> {
        Ok(Self { point: src.read_target_array()?, encoding: src.read_target_array()? })
    }
}
