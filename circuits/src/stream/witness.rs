//! Witness generation of the stream leaf.

use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::circuit::StreamLeafTarget;
use super::{StreamLeafError, StreamLeafWitness};
use crate::config::F;
use crate::statement::Statement;

impl StreamLeafTarget {
    /// Sets the private inputs.
    pub(super) fn assign(
        &self,
        witness: &StreamLeafWitness,
    ) -> Result<PartialWitness<F>, StreamLeafError> {
        for (section, words) in self.sections.iter().zip(&witness.words) {
            let (expected, got) = (section.slots.len(), words.len());
            if got > expected {
                return Err(StreamLeafError::TooManyWords { expected, got });
            }
        }
        let mut inputs = PartialWitness::new();
        self.assign_fitting(&mut inputs, witness)
            .map_err(|error| StreamLeafError::Assignment(error.to_string()))?;
        Ok(inputs)
    }

    fn assign_fitting(
        &self,
        inputs: &mut PartialWitness<F>,
        witness: &StreamLeafWitness,
    ) -> anyhow::Result<()> {
        let statement = Statement::from(&witness.statement());
        // What follows `before` is computed by the circuit.
        let given = [statement.environment(), statement.before()].concat();
        inputs.set_target_arr(&self.statement.to_vec()[..given.len()], &given)?;
        for (section, words) in self.sections.iter().zip(&witness.words) {
            for (i, slot) in section.slots.iter().enumerate() {
                let limbs = words.get(i).map_or([0; 4], |word| word.limbs());
                inputs.set_target_arr(slot, &limbs.map(F::from_canonical_u64))?;
            }
            for (i, end) in section.ends.iter().enumerate() {
                inputs.set_bool_target(*end, i == words.len())?;
            }
        }
        Ok(())
    }
}
