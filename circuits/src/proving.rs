//! Proving and verifying with plonky2, whose panics become errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::GenericConfig;
use plonky2::plonk::proof::ProofWithPublicInputs;
use thiserror::Error;

use crate::config::{Common, D, F, Proof, VerifierData, VerifierKey};

/// A statement was not proven.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The witness contradicts itself, is incomplete, or does not satisfy the constraints.
    #[error("the witness does not satisfy the circuit: {0}")]
    Unsatisfied(String),
    /// A proof was made that does not verify: the witness does not satisfy the constraints.
    #[error("the proof does not verify: {0}")]
    Invalid(#[from] VerifyError),
}

/// A proof does not verify.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct VerifyError(String);

/// Proves, and verifies the proof before it returns it.
///
/// # Errors
/// If the witness does not satisfy the circuit. plonky2 says so in three ways: with an error, with a
/// panic, or with a proof that does not verify.
pub fn prove<C: GenericConfig<D, F = F>>(
    circuit: &CircuitData<F, C, D>,
    witness: PartialWitness<F>,
) -> Result<ProofWithPublicInputs<F, C, D>, ProveError> {
    let proof = catch(|| circuit.prove(witness)).map_err(ProveError::Unsatisfied)?;
    catch(|| circuit.verify(proof.clone())).map_err(VerifyError)?;
    Ok(proof)
}

/// Verifies a proof.
///
/// Trust: none in the proof, whose shape and canonical form [`crate::serialize::decode_proof`] has
/// checked if it came from outside; `common` and `key` are what the caller means.
///
/// # Errors
/// If the proof does not verify, for whatever reason.
pub fn verify(common: &Common, key: &VerifierKey, proof: &Proof) -> Result<(), VerifyError> {
    let data = VerifierData { verifier_only: key.clone(), common: common.clone() };
    catch(|| data.verify(proof.clone())).map_err(VerifyError)
}

fn catch<T>(work: impl FnOnce() -> anyhow::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("panic without a message")
            .to_owned()),
    }
}
