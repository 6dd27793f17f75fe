//! A layer that verifies the proofs of one circuit and forwards their public inputs.

use std::fmt;

use cairn_gadgets::poseidon2::CairnConfig;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::GenericConfig;
use plonky2::plonk::proof::{ProofWithPublicInputs, ProofWithPublicInputsTarget};

use crate::config::{Circuit, D, F, Layer, Proof};
use crate::proving::prove;
use crate::recursion::RecursionError;
use crate::source::{Build, CircuitSource, finish};

/// The layer between the shrink and the wrap.
pub type Squeeze = Forward<CairnConfig>;

/// A circuit that verifies proofs of one inner circuit, whose key is a constant here, and has their
/// public inputs.
///
/// `C` is the configuration that the layer is proved in: [`CairnConfig`] for the squeeze, one that
/// hashes over BN254 for the wrap.
pub struct Forward<C: GenericConfig<D, F = F>> {
    /// The circuit, for the layer above.
    pub circuit: CircuitData<F, C, D>,
    inner: ProofWithPublicInputsTarget<D>,
}

impl<C: GenericConfig<D, F = F>> fmt::Debug for Forward<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forward").field("common", &self.circuit.common).finish_non_exhaustive()
    }
}

impl<C: GenericConfig<D, F = F> + 'static> Forward<C> {
    /// Builds the circuit over an inner circuit.
    ///
    /// Both the cap and the digest of the inner key become constants: plonky2's digest alone does
    /// not cover the gates' constraints.
    ///
    /// # Panics
    /// If the layer is too weak: an error in its parameters.
    pub fn build(layer: &Layer, inner: &Circuit) -> Self {
        Self::from_source(layer, inner, &Build)
    }

    /// As [`Self::build`], with the circuit from `source`.
    ///
    /// # Panics
    /// As [`Self::build`].
    pub fn from_source(layer: &Layer, inner: &Circuit, source: &impl CircuitSource) -> Self {
        let mut builder = layer.builder();
        let proof = builder.add_virtual_proof_with_pis(&inner.common);
        let key = builder.constant_verifier_data(&inner.verifier_only);
        builder.verify_proof::<CairnConfig>(&proof, &key, &inner.common);
        builder.register_public_inputs(&proof.public_inputs);
        Self { circuit: finish(layer.name, builder, source), inner: proof }
    }

    /// Proves that `inner` verifies. The proof has been verified.
    ///
    /// Trust: `inner` has the shape of the inner circuit's proofs; its values may be anything.
    ///
    /// # Errors
    /// If `inner` does not verify.
    pub fn prove(&self, inner: &Proof) -> Result<ProofWithPublicInputs<F, C, D>, RecursionError> {
        let mut witness = PartialWitness::new();
        witness
            .set_proof_with_pis_target(&self.inner, inner)
            .map_err(|error| RecursionError::Assignment(error.to_string()))?;
        Ok(prove(&self.circuit, witness)?)
    }
}
