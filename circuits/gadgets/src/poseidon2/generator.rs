//! One permutation a row: the witness.

use anyhow::Result;
use plonky2::field::extension::Extendable;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::field::types::Field;
use plonky2::iop::generator::{GeneratedValues, SimpleGenerator};
use plonky2::iop::target::Target;
use plonky2::iop::wire::Wire;
use plonky2::iop::witness::{PartitionWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::util::serialization::{Buffer, IoResult, Read, Write};

use super::gate::Poseidon2Gate;
use super::parameters::{SupportedWidth, Width};
use super::rounds::{committed_sboxes, permute};
use crate::ring::Native;

/// Fills the row of a [`Poseidon2Gate`] from its inputs and swap bit.
#[derive(Clone, Debug, Default)]
pub struct Poseidon2Generator<const W: usize, const OUT: usize> {
    row: usize,
}

impl<const W: usize, const OUT: usize> Poseidon2Generator<W, OUT> {
    pub(super) const fn new(row: usize) -> Self {
        Self { row }
    }
}

impl<const W: usize, const OUT: usize, const D: usize> SimpleGenerator<GoldilocksField, D>
    for Poseidon2Generator<W, OUT>
where
    GoldilocksField: Extendable<D>,
    Width<W>: SupportedWidth<W>,
{
    fn id(&self) -> String {
        format!("Poseidon2Generator {{ width: {W}, outputs: {OUT} }}")
    }

    fn dependencies(&self) -> Vec<Target> {
        (0..W)
            .map(Poseidon2Gate::<W, OUT>::wire_input)
            .chain([Poseidon2Gate::<W, OUT>::WIRE_SWAP])
            .map(|column| Target::wire(self.row, column))
            .collect()
    }

    fn run_once(
        &self,
        witness: &PartitionWitness<'_, GoldilocksField>,
        out: &mut GeneratedValues<GoldilocksField>,
    ) -> Result<()> {
        let wire = |column| Wire { row: self.row, column };

        let mut state: [GoldilocksField; W] =
            std::array::from_fn(|i| witness.get_wire(wire(Poseidon2Gate::<W, OUT>::wire_input(i))));
        let swap = witness.get_wire(wire(Poseidon2Gate::<W, OUT>::WIRE_SWAP));
        for i in 0..4 {
            let delta = swap * (state[i + 4] - state[i]);
            out.set_wire(wire(Poseidon2Gate::<W, OUT>::wire_delta(i)), delta)?;
            state[i] += delta;
            state[i + 4] -= delta;
        }

        let mut sboxes = Vec::with_capacity(committed_sboxes(W));
        let output = permute(&mut Native::new(), state, |_, input| {
            sboxes.push(input);
            input
        });
        for (i, input) in sboxes.into_iter().enumerate() {
            out.set_wire(wire(Poseidon2Gate::<W, OUT>::wire_sbox(i)), input)?;
        }

        for i in 0..OUT {
            let forward = if Poseidon2Gate::<W, OUT>::FEED_FORWARD {
                state[i]
            } else {
                GoldilocksField::ZERO
            };
            out.set_wire(wire(Poseidon2Gate::<W, OUT>::wire_output(i)), output[i] + forward)?;
        }
        Ok(())
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
