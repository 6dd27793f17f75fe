//! Witness generation for the ecGFp5 gates. Nothing here is trusted: the gates constrain what is
//! written.

use anyhow::Result;
use cairn_primitives::ecgfp5::{
    A, Affine, DOUBLE_ODD_A, FOUR_B, NON_RESIDUE, Quintic, generator, is_square, sqrt,
};
use cairn_primitives::schnorr::fixed_base_table;
use p3_field::{Field as _, PrimeCharacteristicRing};
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoResult, Read, Write};

use super::algebra::{POINT, coefficients, elements};
use super::key_gate::KeyGate;
use super::step_gate::StepGate;
use crate::field::from_plonky2;

/// A row being filled.
struct Row<'a, 'b> {
    row: usize,
    witness: &'a PartitionWitness<'b, GoldilocksField>,
    out: &'a mut GeneratedValues<GoldilocksField>,
}

impl Row<'_, '_> {
    fn get(&self, column: usize) -> GoldilocksField {
        self.witness.get_target(Target::wire(self.row, column))
    }

    fn bit(&self, column: usize) -> bool {
        self.get(column) == GoldilocksField::ONE
    }

    fn quintic(&self, start: usize) -> Quintic {
        Quintic::new(std::array::from_fn(|i| from_plonky2(self.get(start + i))))
    }

    fn point(&self, start: usize) -> Affine {
        Affine { x: self.quintic(start), y: self.quintic(start + 5) }
    }

    fn set(&mut self, start: usize, values: &[GoldilocksField]) -> Result<()> {
        values.iter().zip(start..).try_for_each(|(&value, column)| {
            self.out.set_target(Target::wire(self.row, column), value)
        })
    }

    fn set_quintic(&mut self, start: usize, value: &Quintic) -> Result<()> {
        self.set(start, &coefficients(value))
    }

    fn set_point(&mut self, start: usize, point: &Affine) -> Result<()> {
        self.set(start, &elements(point))
    }

    fn set_bit(&mut self, column: usize, bit: bool) -> Result<()> {
        self.set(column, &[GoldilocksField::from_bool(bit)])
    }
}

/// The third point of a line, reflected: the sum of the two others.
fn sum_on_line(p: &Affine, q: &Affine, slope: Quintic) -> Affine {
    let x = slope.square() - p.x - q.x;
    Affine { x, y: slope * (p.x - x) - p.y }
}

/// Slope of the tangent, and `2 p`. The order is odd, so `p.y` is not zero.
fn double(p: &Affine) -> (Quintic, Affine) {
    let square = p.x.square();
    let slope = (square.double() + square + A) * p.y.double().inverse();
    (slope, sum_on_line(p, p, slope))
}

/// An addition as [`StepGate`] wants it.
struct Addition {
    inverse: Quintic,
    slope: Quintic,
    skip: bool,
    sum: Affine,
}

impl Addition {
    /// `p + q`; p itself if the operands coincide up to sign or if there is no q.
    fn new(p: &Affine, q: Option<&Affine>) -> Self {
        let inverse = q.and_then(|q| (q.x - p.x).try_inverse());
        match (q, inverse) {
            (Some(q), Some(inverse)) => {
                let slope = (q.y - p.y) * inverse;
                Self { inverse, slope, skip: false, sum: sum_on_line(p, q, slope) }
            }
            _ => Self { inverse: Quintic::ZERO, slope: Quintic::ZERO, skip: true, sum: *p },
        }
    }

    /// Inverse, slope and skip from `start` on, and the sum.
    fn write(&self, row: &mut Row<'_, '_>, start: usize, sum: usize) -> Result<()> {
        row.set_quintic(start, &self.inverse)?;
        row.set_quintic(start + 5, &self.slope)?;
        row.set_bit(start + 10, self.skip)?;
        row.set_point(sum, &self.sum)
    }
}

/// Fills a [`StepGate`] row from its inputs and the bits of its digits.
#[derive(Clone, Debug, Default)]
pub struct StepGenerator {
    row: usize,
}

impl StepGenerator {
    pub(super) const fn new(row: usize) -> Self {
        Self { row }
    }

    fn fill(&self, row: &mut Row<'_, '_>) -> Result<()> {
        let digits: [usize; StepGate::SCALARS] = std::array::from_fn(|i| {
            let bit = |j| usize::from(row.bit(StepGate::WIRE_BITS + 2 * i + j));
            bit(0) + 2 * bit(1)
        });
        for (i, &digit) in digits.iter().enumerate() {
            let limb =
                row.get(StepGate::WIRE_LIMBS_IN + i) * GoldilocksField::from_canonical_u64(4);
            let limb = limb + GoldilocksField::from_canonical_usize(digit);
            row.set(StepGate::WIRE_LIMBS_OUT + i, &[limb])?;
        }

        let mut acc = row.point(StepGate::WIRE_ACCUMULATOR);
        for i in 0..2 {
            let start = StepGate::WIRE_DOUBLINGS + (5 + POINT) * i;
            let (slope, twice) = double(&acc);
            row.set_quintic(start, &slope)?;
            row.set_point(start + 5, &twice)?;
            acc = twice;
        }

        let [e, s0, s1, s2] = digits;
        let multiple =
            e.checked_sub(1).map(|index| row.point(StepGate::WIRE_MULTIPLES + POINT * index));
        let key = Addition::new(&acc, multiple.as_ref());
        key.write(row, StepGate::WIRE_KEY_ADDITION, StepGate::WIRE_KEY_SUM)?;

        let entry = &fixed_base_table()[s0 + 4 * s1 + 16 * s2];
        let table = Addition::new(&key.sum, Some(entry));
        table.write(row, StepGate::WIRE_TABLE_ADDITION, StepGate::WIRE_OUTPUT)?;

        let refused = row.bit(StepGate::WIRE_REFUSED_IN) || key.skip && e != 0 || table.skip;
        row.set_bit(StepGate::WIRE_REFUSED_OUT, refused)
    }
}

/// Fills a [`KeyGate`] row from the encoding.
#[derive(Clone, Debug, Default)]
pub struct KeyGenerator {
    row: usize,
}

impl KeyGenerator {
    pub(super) const fn new(row: usize) -> Self {
        Self { row }
    }

    fn fill(&self, row: &mut Row<'_, '_>) -> Result<()> {
        let w = row.quintic(KeyGate::WIRE_ENCODING);
        let e = w.square() - DOUBLE_ODD_A;
        let discriminant = e.square() - FOUR_B;

        let encoding = std::array::from_fn(|i| from_plonky2(row.get(KeyGate::WIRE_ENCODING + i)));
        let decoded = Affine::decode(&encoding);
        let (root, root_of_x) = match sqrt(&discriminant) {
            Some(root) => {
                let candidate = (e + root).halve();
                let root = if is_square(&candidate) { root } else { -root };
                (Some(root), sqrt(&(e + root).halve()))
            }
            None => (sqrt(&(discriminant * NON_RESIDUE)), Some(Quintic::ZERO)),
        };
        let missing = || anyhow::anyhow!("one of x and 7 x is a square, and one candidate for X");
        row.set_bit(KeyGate::WIRE_VALID, decoded.is_some())?;
        row.set_quintic(KeyGate::WIRE_ROOT, &root.ok_or_else(missing)?)?;
        row.set_quintic(KeyGate::WIRE_ROOT_OF_X, &root_of_x.ok_or_else(missing)?)?;

        let p = decoded.unwrap_or_else(generator);
        let (tangent, twice) = double(&p);
        let chord = Addition::new(&p, Some(&twice));
        for (i, point) in [p, twice, chord.sum].iter().enumerate() {
            row.set_point(KeyGate::WIRE_MULTIPLES + POINT * i, point)?;
        }
        row.set_quintic(KeyGate::WIRE_SLOPES, &tangent)?;
        row.set_quintic(KeyGate::WIRE_SLOPES + 5, &chord.slope)
    }
}

macro_rules! impl_generator {
    ($generator:ident, $id:literal, $dependencies:expr) => {
        impl<const D: usize> SimpleGenerator<GoldilocksField, D> for $generator
        where
            GoldilocksField: Extendable<D>,
        {
            fn id(&self) -> String {
                $id.to_owned()
            }

            fn dependencies(&self) -> Vec<Target> {
                $dependencies.map(|column| Target::wire(self.row, column)).collect()
            }

            fn run_once(
                &self,
                witness: &PartitionWitness<'_, GoldilocksField>,
                out: &mut GeneratedValues<GoldilocksField>,
            ) -> Result<()> {
                self.fill(&mut Row { row: self.row, witness, out })
            }

            fn serialize(
                &self,
                dst: &mut Vec<u8>,
                _common_data: &CommonCircuitData<GoldilocksField, D>,
            ) -> IoResult<()> {
                dst.write_usize(self.row)
            }

            fn deserialize(
                src: &mut Buffer<'_>,
                _common_data: &CommonCircuitData<GoldilocksField, D>,
            ) -> IoResult<Self> {
                Ok(Self { row: src.read_usize()? })
            }
        }
    };
}

impl_generator!(
    KeyGenerator,
    "EcGfp5KeyGenerator",
    KeyGate::WIRE_ENCODING..KeyGate::WIRE_ENCODING + 5
);

impl_generator!(
    StepGenerator,
    "EcGfp5StepGenerator",
    (StepGate::WIRE_ACCUMULATOR..StepGate::WIRE_LIMBS_OUT)
        .chain([StepGate::WIRE_REFUSED_IN])
        .chain(StepGate::WIRE_BITS..StepGate::WIRE_BITS + 2 * StepGate::SCALARS)
);
