//! Witness generation for the SHA-256 gates. Nothing here is trusted: the gates constrain what is
//! written.

use anyhow::{Result, anyhow};
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator, WitnessGeneratorRef};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoError, IoResult, Read, Write};

use super::{AddGate, BitsGate, Function};

impl Function {
    /// The words that an output (0 or 1) depends on.
    pub(super) fn inputs(self, output: usize) -> std::ops::Range<usize> {
        match self {
            Self::Schedule => 2 * output..2 * output + 2,
            Self::Choose | Self::Majority => output..output + 3,
        }
    }

    /// An output from the words that it depends on.
    pub(super) fn evaluate(self, words: &[u32]) -> u64 {
        let (mixed, other) = match (self, words) {
            (Self::Schedule, &[x, y]) => (
                x.rotate_right(17) ^ x.rotate_right(19) ^ (x >> 10),
                y.rotate_right(7) ^ y.rotate_right(18) ^ (y >> 3),
            ),
            (Self::Choose, &[g, f, e]) => {
                (e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25), (e & f) ^ (!e & g))
            }
            (Self::Majority, &[c, b, a]) => (
                a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22),
                (a & b) ^ (a & c) ^ (b & c),
            ),
            _ => unreachable!("a function has as many inputs as `inputs` says"),
        };
        u64::from(mixed) + u64::from(other)
    }
}

/// Fills the bits and one output of a [`BitsGate`] row.
///
/// The second output of a round row needs a word that depends on the first, so each output has its
/// own generator.
#[derive(Clone, Debug)]
pub struct BitsGenerator {
    row: usize,
    function: Function,
    output: usize,
}

impl BitsGenerator {
    /// The two generators of a row.
    pub(super) fn both<const D: usize>(
        row: usize,
        function: Function,
    ) -> Vec<WitnessGeneratorRef<F, D>>
    where
        F: Extendable<D>,
    {
        (0..BitsGate::OUTPUTS)
            .map(|output| Self { row, function, output })
            .map(|generator| WitnessGeneratorRef::new(generator.adapter()))
            .collect()
    }
}

/// The default is only a tag for serializers.
impl Default for BitsGenerator {
    fn default() -> Self {
        Self { row: 0, function: Function::Schedule, output: 0 }
    }
}

impl<const D: usize> SimpleGenerator<F, D> for BitsGenerator
where
    F: Extendable<D>,
{
    fn id(&self) -> String {
        "Sha256BitsGenerator".into()
    }

    fn dependencies(&self) -> Vec<Target> {
        let words = self.function.inputs(self.output);
        words.map(|word| Target::wire(self.row, BitsGate::wire_word(word))).collect()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, F>,
        out_buffer: &mut GeneratedValues<F>,
    ) -> Result<()> {
        let mut words = Vec::with_capacity(3);
        for word in self.function.inputs(self.output) {
            let target = Target::wire(self.row, BitsGate::wire_word(word));
            let value = witness.get_target(target).to_canonical_u64();
            let value = u32::try_from(value)
                .map_err(|_| anyhow!("SHA-256 word: expected below 2^32, got {value}"))?;
            for bit in 0..32 {
                let target = Target::wire(self.row, BitsGate::wire_bit(word, bit));
                out_buffer.set_target(target, F::from_bool(value >> bit & 1 == 1))?;
            }
            words.push(value);
        }
        let target = Target::wire(self.row, BitsGate::wire_output(self.output));
        out_buffer.set_target(target, F::from_canonical_u64(self.function.evaluate(&words)))
    }

    fn serialize(&self, dst: &mut Vec<u8>, common: &CommonCircuitData<F, D>) -> IoResult<()> {
        dst.write_usize(self.row)?;
        dst.write_usize(self.output)?;
        let gate = BitsGate { function: self.function };
        plonky2::gates::gate::Gate::<F, D>::serialize(&gate, dst, common)
    }

    fn deserialize(src: &mut Buffer<'_>, common: &CommonCircuitData<F, D>) -> IoResult<Self> {
        let row = src.read_usize()?;
        let output = src.read_usize()?;
        if output >= BitsGate::OUTPUTS {
            return Err(IoError);
        }
        let gate = <BitsGate as plonky2::gates::gate::Gate<F, D>>::deserialize(src, common)?;
        Ok(Self { row, function: gate.function, output })
    }
}

/// Fills a sum and its carry in an [`AddGate`] row.
#[derive(Clone, Debug, Default)]
pub struct AddGenerator {
    row: usize,
    op: usize,
}

impl AddGenerator {
    pub(super) fn new(row: usize, op: usize) -> Self {
        Self { row, op }
    }
}

impl<const D: usize> SimpleGenerator<F, D> for AddGenerator
where
    F: Extendable<D>,
{
    fn id(&self) -> String {
        "Sha256AddGenerator".into()
    }

    fn dependencies(&self) -> Vec<Target> {
        (0..AddGate::ADDENDS)
            .map(|i| Target::wire(self.row, AddGate::wire_addend(self.op, i)))
            .collect()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, F>,
        out_buffer: &mut GeneratedValues<F>,
    ) -> Result<()> {
        let dependencies = SimpleGenerator::<F, D>::dependencies(self);
        let sum: u128 = dependencies
            .into_iter()
            .map(|target| u128::from(witness.get_target(target).to_canonical_u64()))
            .sum();
        let carry = sum >> 32;
        anyhow::ensure!(
            carry < 1 << AddGate::CARRY_BITS,
            "SHA-256 sum: carry {carry} is too large"
        );
        let output = Target::wire(self.row, AddGate::wire_output(self.op));
        out_buffer.set_target(output, F::from_canonical_u64(sum as u64 & 0xffff_ffff))?;
        for bit in 0..AddGate::CARRY_BITS {
            let target = Target::wire(self.row, AddGate::wire_carry(self.op, bit));
            out_buffer.set_target(target, F::from_bool(carry >> bit & 1 == 1))?;
        }
        Ok(())
    }

    fn serialize(&self, dst: &mut Vec<u8>, _common: &CommonCircuitData<F, D>) -> IoResult<()> {
        dst.write_usize(self.row)?;
        dst.write_usize(self.op)
    }

    fn deserialize(src: &mut Buffer<'_>, _common: &CommonCircuitData<F, D>) -> IoResult<Self> {
        let (row, op) = (src.read_usize()?, src.read_usize()?);
        Ok(Self { row, op })
    }
}
