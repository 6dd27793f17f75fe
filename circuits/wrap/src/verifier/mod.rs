//! The plonky2 1.1.0 verifier as constraints over BN254's scalar field: the circuit of the SNARK.
//!
//! [`WrapVerifier`] is made for one *wrap circuit*: a plonky2 circuit in [`WrapConfig`] whose verifier data
//! are constants of the constraint system. [`WrapVerifier::synthesize`] turns a proof of that circuit into a
//! [`Builder`] that is satisfied exactly if the proof verifies, except that zeta must lie outside the base
//! field and no word of the transcript may reach the top of the scalar field (honest proofs fail that
//! with probability about 2^-60).
//!
//! The one public input is `sum of p_i 2^(63 (3 - i))` over the four public inputs of the proof, each below
//! 2^63, so an integer below 2^252.
//!
//! | module | what it enforces |
//! |---|---|
//! | `goldilocks`, `extension` | arithmetic of GF(p) and GF(p^2) on integers with tracked bounds |
//! | `challenges` | all challenges come from the transcript, which sees the whole proof before it is used |
//! | `plonk`, `gates` | the constraints and the permutation argument hold at zeta |
//! | `fri`, `domain`, `merkle` | the openings are those of committed polynomials of low degree |
//!
//! The structure of the constraint system depends on the circuit only; values are computed along with it and no
//! code branches on them. A proof of the right shape with wrong values yields an unsatisfied system, never
//! a panic.

mod challenges;
mod circuit;
mod domain;
mod extension;
mod fri;
mod gates;
mod goldilocks;
mod interval;
mod merkle;
mod plonk;
mod proof;
mod structure;

use ark_bn254::Fr;
use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::plonk::circuit_data::{CommonCircuitData, VerifierOnlyCircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use thiserror::Error;

pub use self::circuit::UnsupportedCircuit;
pub use self::proof::ProofShapeError;

use self::circuit::Circuit;
use self::extension::{D, Ext};
use self::goldilocks::Base;
use self::proof::Proof;
use crate::config::{NUM_PUBLIC_INPUTS, PUBLIC_INPUT_BITS, WrapConfig};
use crate::poseidon2_bn254::transcript_gadget::MisalignedDigest;
use crate::r1cs::{Builder, Lc};

/// Why no constraint system could be built.
#[derive(Debug, Error)]
pub enum WrapError {
    /// The proof is not one of this circuit.
    #[error("proof of another shape: {0}")]
    Shape(#[from] ProofShapeError),
    /// The circuit's parameters do not suit the transcript.
    #[error(transparent)]
    Transcript(#[from] MisalignedDigest),
}

/// The verifier of one wrap circuit, as a constraint system for each of its proofs.
#[derive(Debug)]
pub struct WrapVerifier {
    circuit: Circuit,
}

impl WrapVerifier {
    /// The verifier of the circuit with these verifier data, which become constants.
    ///
    /// # Errors
    /// If the circuit uses a gate or feature that the constraint system does not check.
    pub fn new(
        verifier_only: VerifierOnlyCircuitData<WrapConfig, D>,
        common: CommonCircuitData<GoldilocksField, D>,
    ) -> Result<Self, UnsupportedCircuit> {
        Ok(Self { circuit: Circuit::new(verifier_only, common)? })
    }

    /// The constraint system with the witness of this proof; satisfied iff the proof verifies.
    ///
    /// The structure is the same for every proof, so keys can be made from any. Takes a few seconds. An
    /// invalid proof is no error here: the caller checks it natively before, or [`Builder::is_satisfied`] after.
    ///
    /// # Errors
    /// If the proof has another shape than the circuit fixes.
    pub fn synthesize(
        &self,
        proof: &ProofWithPublicInputs<GoldilocksField, WrapConfig, D>,
    ) -> Result<Builder, WrapError> {
        let proof = Proof::from_plonky2(proof, &self.circuit)?;
        let public_input = pack_public_inputs(&proof.public_inputs);
        Ok(self.synthesize_values(&proof, public_input)?)
    }

    /// The constraint system for raw values, honest or not; the proof's shape has been checked.
    fn synthesize_values(
        &self,
        proof: &Proof<u64, Fr>,
        public_input: Fr,
    ) -> Result<Builder, MisalignedDigest> {
        let mut builder = Builder::new(&[public_input]);
        let b = &mut builder;

        // Digests are free until a path or the transcript binds them; limbs are range-checked at once, since
        // hashes pack them.
        b.region("limbs");
        let proof = proof.map(b, |b, &limb| Base::limb(b, limb), |b, &digest| b.witness(digest));
        let public_inputs = assert_public_inputs(b, &proof.public_inputs);

        let openings = proof.openings.map(|e| Ext(e.clone()));
        let (plonk, fri) = challenges::challenges(b, &self.circuit, &proof)?;
        plonk::assert_identity(b, &self.circuit, &openings, &plonk, &public_inputs);
        fri::assert_low_degree(b, &self.circuit, &proof, &openings, &plonk.zeta, &fri);
        Ok(builder)
    }
}

/// The SNARK's public input for these four public inputs of the wrap circuit.
pub fn pack_public_inputs(public_inputs: &[u64]) -> Fr {
    let limbs: Vec<Lc> = public_inputs.iter().map(|&p| Lc::constant(Fr::from(p))).collect();
    pack(&limbs).value()
}

fn pack(public_inputs: &[Lc]) -> Lc {
    Lc::recompose(public_inputs.iter().rev(), PUBLIC_INPUT_BITS as u32)
}

/// The public inputs are below 2^63, so canonical, and the SNARK's input packs them.
fn assert_public_inputs(b: &mut Builder, limbs: &[Base]) -> [Base; NUM_PUBLIC_INPUTS] {
    b.region("public input");
    let lcs: Vec<Lc> = limbs.iter().map(|limb| limb.lc().clone()).collect();
    for lc in &lcs {
        b.to_bits(lc, PUBLIC_INPUT_BITS);
    }
    let packed = b.public(0);
    b.assert_equal(&pack(&lcs), &packed);
    std::array::from_fn(|i| limbs[i].clone())
}

#[cfg(test)]
mod stage_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
pub(crate) mod tests;
