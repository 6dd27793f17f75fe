//! Constraints of the gate that holds the bitwise functions of SHA-256.

use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::packed::PackedField;
use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::WitnessGeneratorRef;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBase, EvaluationVarsBaseBatch,
    EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoError, IoResult, Read, Write};

use super::witness::BitsGenerator;
use crate::ring::{Native, Ring};

/// Which bitwise function a row computes. A row has four words `w0..w3` and two outputs, each an
/// integer below `2^33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Two steps of the message schedule: `σ1(w0) + σ0(w1)` and `σ1(w2) + σ0(w3)`.
    Schedule,
    /// Two rounds of the half around `e`, oldest word first:
    /// `Σ1(w2) + Ch(w2, w1, w0)` and `Σ1(w3) + Ch(w3, w2, w1)`.
    Choose,
    /// Two rounds of the half around `a`, likewise:
    /// `Σ0(w2) + Maj(w2, w1, w0)` and `Σ0(w3) + Maj(w3, w2, w1)`.
    Majority,
}

/// A row that splits four words into bits and computes a [`Function`] of them, twice.
///
/// 134 wires (the first 6 are meant to be routed): 4 words, 2 outputs, 4 times 32 bits from the
/// least significant. Degree 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitsGate {
    /// The function of this row.
    pub function: Function,
}

/// Rotations of a Σ or σ; the third of a σ is a shift.
#[derive(Clone, Copy)]
struct Mixing {
    rotations: [usize; 3],
    last_is_shift: bool,
}

const BIG_SIGMA_0: Mixing = Mixing { rotations: [2, 13, 22], last_is_shift: false };
const BIG_SIGMA_1: Mixing = Mixing { rotations: [6, 11, 25], last_is_shift: false };
const SMALL_SIGMA_0: Mixing = Mixing { rotations: [7, 18, 3], last_is_shift: true };
const SMALL_SIGMA_1: Mixing = Mixing { rotations: [17, 19, 10], last_is_shift: true };

impl BitsGate {
    pub(super) const WORDS: usize = 4;
    pub(super) const OUTPUTS: usize = 2;
    const WIRES: usize = Self::wire_bit(Self::WORDS, 0);

    /// The wire of word `i < 4`.
    pub(super) const fn wire_word(i: usize) -> usize {
        i
    }

    /// The wire of output `i < 2`.
    pub(super) const fn wire_output(i: usize) -> usize {
        Self::WORDS + i
    }

    /// The wire of a word's bit, 0 being the least significant.
    pub(super) const fn wire_bit(word: usize, bit: usize) -> usize {
        Self::WORDS + Self::OUTPUTS + 32 * word + bit
    }

    /// All constraints, in order: bits, words, outputs.
    pub(crate) fn constraints<R: Ring>(&self, ring: &mut R, wires: &[R::Value]) -> Vec<R::Value> {
        let words: [&[R::Value]; Self::WORDS] = std::array::from_fn(|word| {
            &wires[Self::wire_bit(word, 0)..Self::wire_bit(word + 1, 0)]
        });
        let mut constraints = Vec::with_capacity(32 * Self::WORDS + Self::WORDS + Self::OUTPUTS);
        for bits in words {
            constraints.extend(bits.iter().map(|&bit| ring.boolean(bit)));
        }
        for (word, bits) in words.into_iter().enumerate() {
            let packed = ring.pack(bits, 1);
            constraints.push(ring.sub(packed, wires[Self::wire_word(word)]));
        }
        for output in 0..Self::OUTPUTS {
            let value = self.output(ring, words, output);
            constraints.push(ring.sub(value, wires[Self::wire_output(output)]));
        }
        constraints
    }

    /// An output from the bits of the words: the sum of a mixed word and of a second function.
    fn output<R: Ring>(
        &self,
        ring: &mut R,
        words: [&[R::Value]; Self::WORDS],
        output: usize,
    ) -> R::Value {
        let [newest, middle, oldest] = [words[output + 2], words[output + 1], words[output]];
        let (mixed, other): (Vec<_>, Vec<_>) = match self.function {
            Function::Schedule => (
                mix(ring, SMALL_SIGMA_1, words[2 * output]),
                mix(ring, SMALL_SIGMA_0, words[2 * output + 1]),
            ),
            Function::Choose => (
                mix(ring, BIG_SIGMA_1, newest),
                (0..32).map(|i| ring.select(newest[i], middle[i], oldest[i])).collect(),
            ),
            // If two agree, they are the majority; if not, the third decides.
            Function::Majority => (
                mix(ring, BIG_SIGMA_0, newest),
                (0..32)
                    .map(|i| {
                        let differ = ring.xor(newest[i], middle[i]);
                        ring.select(differ, oldest[i], newest[i])
                    })
                    .collect(),
            ),
        };
        let (mixed, other) = (ring.pack(&mixed, 1), ring.pack(&other, 1));
        ring.add(mixed, other)
    }
}

/// The bits of a Σ or σ of a word.
fn mix<R: Ring>(ring: &mut R, mixing: Mixing, word: &[R::Value]) -> Vec<R::Value> {
    let [first, second, third] = mixing.rotations;
    (0..32)
        .map(|i| {
            let partial = ring.xor(word[(i + first) % 32], word[(i + second) % 32]);
            if mixing.last_is_shift && i + third >= 32 {
                partial
            } else {
                ring.xor(partial, word[(i + third) % 32])
            }
        })
        .collect()
}

impl<const D: usize> Gate<GoldilocksField, D> for BitsGate
where
    GoldilocksField: Extendable<D>,
{
    fn id(&self) -> String {
        format!("Sha256{self:?}")
    }

    fn serialize(
        &self,
        dst: &mut Vec<u8>,
        _common_data: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<()> {
        dst.write_usize(match self.function {
            Function::Schedule => 0,
            Function::Choose => 1,
            Function::Majority => 2,
        })
    }

    fn deserialize(
        src: &mut Buffer<'_>,
        _common_data: &CommonCircuitData<GoldilocksField, D>,
    ) -> IoResult<Self> {
        let function = match src.read_usize()? {
            0 => Function::Schedule,
            1 => Function::Choose,
            2 => Function::Majority,
            _ => return Err(IoError),
        };
        Ok(Self { function })
    }

    fn eval_unfiltered(
        &self,
        vars: EvaluationVars<'_, GoldilocksField, D>,
    ) -> Vec<<GoldilocksField as Extendable<D>>::Extension> {
        self.constraints(&mut Native::new(), vars.local_wires)
    }

    fn eval_unfiltered_base_one(
        &self,
        _vars: EvaluationVarsBase<'_, GoldilocksField>,
        _yield_constr: StridedConstraintConsumer<'_, GoldilocksField>,
    ) {
        unreachable!("the packed form is used instead");
    }

    fn eval_unfiltered_base_batch(
        &self,
        vars_base: EvaluationVarsBaseBatch<'_, GoldilocksField>,
    ) -> Vec<GoldilocksField> {
        self.eval_unfiltered_base_batch_packed(vars_base)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<GoldilocksField, D>,
        vars: EvaluationTargets<'_, D>,
    ) -> Vec<ExtensionTarget<D>> {
        self.constraints(builder, vars.local_wires)
    }

    fn generators(
        &self,
        row: usize,
        _local_constants: &[GoldilocksField],
    ) -> Vec<WitnessGeneratorRef<GoldilocksField, D>> {
        BitsGenerator::both(row, self.function)
    }

    fn num_wires(&self) -> usize {
        Self::WIRES
    }

    fn num_constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        3
    }

    fn num_constraints(&self) -> usize {
        32 * Self::WORDS + Self::WORDS + Self::OUTPUTS
    }

    /// A row is one operation, although two generators fill it.
    fn num_ops(&self) -> usize {
        1
    }
}

impl<const D: usize> PackedEvaluableBase<GoldilocksField, D> for BitsGate
where
    GoldilocksField: Extendable<D>,
{
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = GoldilocksField>>(
        &self,
        vars: EvaluationVarsBasePacked<'_, P>,
        mut yield_constr: StridedConstraintConsumer<'_, P>,
    ) {
        let wires: Vec<P> = vars.local_wires.iter().copied().collect();
        yield_constr.many(self.constraints(&mut Native::new(), &wires));
    }
}
