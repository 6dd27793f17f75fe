//! The wrapper: gives the proof of one fixed circuit the common shape.

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::proof::ProofWithPublicInputsTarget;

use super::{Proven, RecursionError, shape};
use crate::circuit_set::{Family, Role, Size};
use crate::config::{Circuit, D, Proof, RECURSION, VerifierData, VerifierKey};
use crate::proving::prove;
use crate::source::{Build, CircuitSource};
use crate::statement::Statement;

/// Verifies one proof of one circuit, whose key is a constant, and exposes its public inputs.
#[derive(Debug)]
pub struct Wrapper {
    family: Family,
    size: Size,
    circuit: Circuit,
    inner: ProofWithPublicInputsTarget<D>,
}

impl Wrapper {
    /// The wrapper of `inner`, the circuit of this size that proves statements of the family.
    ///
    /// Trust: `inner` is what the caller means to admit; its key is baked in.
    ///
    /// # Panics
    /// If the inner circuit has not 4 public inputs, its verifier does not fit the common shape, or the
    /// layer is too weak.
    pub fn new(family: Family, size: Size, inner: &VerifierData) -> Self {
        Self::from_source(family, size, inner, &Build)
    }

    /// As [`Self::new`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn from_source(
        family: Family,
        size: Size,
        inner: &VerifierData,
        source: &impl CircuitSource,
    ) -> Self {
        assert_eq!(inner.common.num_public_inputs, shape::NUM_PUBLIC_INPUTS, "a statement digest");
        let mut builder = RECURSION.builder();
        let proof = builder.add_virtual_proof_with_pis(&inner.common);
        let key = builder.constant_verifier_data(&inner.verifier_only);
        builder.verify_proof::<CairnConfig>(&proof, &key, &inner.common);
        builder.register_public_inputs(&proof.public_inputs);
        Self { family, size, circuit: shape::finish(builder, source), inner: proof }
    }

    /// The key of this wrapper, for the circuit set.
    pub fn key(&self) -> &VerifierKey {
        &self.circuit.verifier_only
    }

    /// Wraps a proof of `statement`; the result has been verified.
    ///
    /// # Errors
    /// If the statement is of another kind or not what the proof exposes, or the proof does not verify.
    pub fn prove(&self, statement: Statement, inner: &Proof) -> Result<Proven, RecursionError> {
        super::check_statement(self.family, &statement, inner)?;
        let mut witness = PartialWitness::new();
        witness
            .set_proof_with_pis_target(&self.inner, inner)
            .map_err(|error| RecursionError::Assignment(error.to_string()))?;
        let proof = prove(&self.circuit, witness)?;
        Ok(Proven { role: Role::Wrapper(self.family, self.size), statement, proof })
    }
}
