//! Witness generation of the stream leaf.

use cairn_gadgets::bls_scalar::GROUP;
use cairn_types::Word;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::blob_section::BlobSection;
use super::circuit::{DataSection, Section, StreamLeafTarget};
use super::{StreamLeafError, StreamLeafWitness};
use crate::config::F;
use crate::statement::Statement;

impl StreamLeafTarget {
    /// Sets the private inputs.
    pub(super) fn assign(
        &self,
        witness: &StreamLeafWitness,
    ) -> Result<PartialWitness<F>, StreamLeafError> {
        let [data, priority, withdrawals] = &witness.words;
        for (expected, words) in [
            (self.data.capacity(), data),
            (self.priority.slots.len(), priority),
            (self.withdrawals.slots.len(), withdrawals),
        ] {
            let got = words.len();
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
        let [data, priority, withdrawals] = &witness.words;
        let statement = Statement::from(&witness.statement());
        // What follows `before` is computed by the circuit. Where z is a constant, it is set to that.
        let given = [statement.environment(), statement.before()].concat();
        inputs.set_target_arr(&self.statement.to_vec()[..given.len()], &given)?;
        match &self.data {
            DataSection::AtX(section) => section.assign(inputs, data)?,
            DataSection::AtZ(section) => section.assign(inputs, data)?,
        }
        self.priority.assign(inputs, priority)?;
        self.withdrawals.assign(inputs, withdrawals)
    }
}

impl DataSection {
    fn capacity(&self) -> usize {
        match self {
            Self::AtX(section) => section.slots.len(),
            Self::AtZ(section) => GROUP * section.groups.len(),
        }
    }
}

impl Section {
    fn assign(&self, inputs: &mut PartialWitness<F>, words: &[Word]) -> anyhow::Result<()> {
        assign_slots(inputs, &self.slots, words)?;
        for (i, end) in self.ends.iter().enumerate() {
            inputs.set_bool_target(*end, i == words.len())?;
        }
        Ok(())
    }
}

impl BlobSection {
    fn assign(&self, inputs: &mut PartialWitness<F>, words: &[Word]) -> anyhow::Result<()> {
        let groups = words.len() / GROUP;
        let (words, rest) = words.split_at(GROUP * groups);
        assign_slots(inputs, self.groups.as_flattened(), words)?;
        for (i, end) in self.ends.iter().enumerate() {
            inputs.set_bool_target(*end, i == groups)?;
        }
        let (unused, used) = self.rest.split_at(self.rest.len() - rest.len());
        assign_slots(inputs, unused, &[])?;
        assign_slots(inputs, used, rest)?;
        for (i, start) in self.starts.into_iter().enumerate() {
            inputs.set_bool_target(start, i == unused.len())?;
        }
        Ok(())
    }
}

/// Fills slots with words, then with zeros.
fn assign_slots(
    inputs: &mut PartialWitness<F>,
    slots: &[[Target; 4]],
    words: &[Word],
) -> anyhow::Result<()> {
    for (i, slot) in slots.iter().enumerate() {
        let limbs = words.get(i).map_or([0; 4], Word::limbs);
        inputs.set_target_arr(slot, &limbs.map(F::from_canonical_u64))?;
    }
    Ok(())
}
