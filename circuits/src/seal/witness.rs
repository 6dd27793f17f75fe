//! Witness generation of the seal.

use anyhow::Result;
use cairn_types::{Digest, Header};
use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};

use super::SealWitness;
use super::circuit::SealTarget;
use super::header::HeaderTarget;
use crate::circuit_set::CircuitSet;
use crate::config::F;
use crate::recursion::RecursionError;

impl SealTarget {
    /// Sets the private inputs, unchecked.
    pub(super) fn assign(
        &self,
        set: &CircuitSet,
        witness: &SealWitness<'_>,
    ) -> Result<PartialWitness<F>, RecursionError> {
        let mut inputs = PartialWitness::new();
        let previous = hash_words(&witness.previous);
        self.header
            .assign(&mut inputs, &witness.header)
            .and_then(|()| inputs.set_target_arr(&self.circuit_set_root, &set.root()))
            .and_then(|()| inputs.set_target_arr(&self.previous, &previous))
            .map_err(|error| RecursionError::Assignment(error.to_string()))?;
        self.chunk.assign(&mut inputs, set, witness.chunk)?;
        self.stream.assign(&mut inputs, set, witness.stream)?;
        Ok(inputs)
    }
}

impl HeaderTarget {
    /// Sets a free header.
    ///
    /// # Errors
    /// If a target was set to another value before.
    pub fn assign(&self, witness: &mut PartialWitness<F>, header: &Header) -> Result<()> {
        let mut set = |targets: &[Target], values: &[u64]| {
            let values: Vec<_> = values.iter().copied().map(F::from_canonical_u64).collect();
            witness.set_target_arr(targets, &values)
        };
        set(&self.domain, &header.domain.limbs())?;
        set(&[self.number, self.timestamp], &[header.number, header.timestamp].map(u64::from))?;
        set(&self.state_before, &header.state_before.elements())?;
        set(&self.state_after, &header.state_after.elements())?;
        set(&self.x, &header.x.coordinates())?;
        set(&self.z, &header.z.words().map(u64::from))?;
        set(&self.streams.blob, &header.streams.blob.words().map(u64::from))?;
        let (targets, values) = (&self.streams, &header.streams);
        for (target, value) in [
            (targets.data, values.data),
            (targets.priority, values.priority),
            (targets.withdrawal, values.withdrawal),
        ] {
            set(&target.stream.digest, &value.stream.digest.elements())?;
            set(&[target.stream.count], &[value.stream.count.into()])?;
            set(&target.y, &value.y.coordinates())?;
        }
        Ok(())
    }
}

/// A SHA-256 hash as the eight elements that statements have for it.
pub(crate) fn hash_words(hash: &[u8; 32]) -> [F; 8] {
    let (words, _) = hash.as_chunks();
    std::array::from_fn(|i| F::from_canonical_u32(u32::from_be_bytes(words[i])))
}

/// The root of a circuit set as statements have it.
pub(crate) fn root_digest(set: &CircuitSet) -> Digest {
    Digest::new(set.root().map(|element| element.to_canonical_u64()))
        .expect("the elements are canonical")
}
