//! Proving.

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_relations::gr1cs::{Matrix, SynthesisError};
use ark_std::rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use thiserror::Error;

use super::{Keys, Proof, VerifyError, verify};
use crate::r1cs::Builder;

/// No proof was made.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The keys are another circuit's.
    #[error("keys are for circuit {expected}, got circuit {got}")]
    Circuit {
        /// Digest that the keys were made for.
        expected: String,
        /// Digest of the circuit to prove.
        got: String,
    },
    /// The statement is false or the witness wrong.
    #[error("constraint {constraint} ({region}) is not satisfied")]
    Unsatisfied {
        /// Index of the first broken constraint.
        constraint: usize,
        /// Name of its region.
        region: &'static str,
    },
    /// ark-groth16 failed.
    #[error("proving failed: {0}")]
    Synthesis(#[from] SynthesisError),
    /// The proof made does not verify: the keys are damaged.
    #[error("the proof does not verify under its own key: {0}")]
    Invalid(#[from] VerifyError),
}

/// Proves that the circuit is satisfied; the public inputs are the builder's. `rng` blinds the proof. The
/// proof is verified before it is returned.
///
/// # Errors
/// [`ProveError`]; nothing is proven unless every constraint holds.
pub fn prove(
    keys: &Keys,
    circuit: &Builder,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof, ProveError> {
    let digest = circuit.digest();
    if digest != keys.circuit_digest {
        let hex = |digest: [u8; 32]| digest.iter().map(|byte| format!("{byte:02x}")).collect();
        return Err(ProveError::Circuit { expected: hex(keys.circuit_digest), got: hex(digest) });
    }
    if let Some((constraint, region)) = circuit.first_unsatisfied() {
        return Err(ProveError::Unsatisfied { constraint, region });
    }
    let proof = Groth16::<Bn254, LibsnarkReduction>::create_proof_with_reduction_and_matrices(
        &keys.proving,
        Fr::rand(rng),
        Fr::rand(rng),
        &[0, 1, 2].map(|m| matrix(circuit, m)),
        circuit.num_public() + 1,
        circuit.num_constraints(),
        circuit.assignment(),
    )?;
    verify(keys.verifying(), circuit.public_inputs(), &proof)?;
    Ok(proof)
}

fn matrix(circuit: &Builder, m: usize) -> Matrix<Fr> {
    let row = |i| circuit.row(m, i).map(|(column, coeff)| (coeff, column)).collect();
    (0..circuit.num_constraints()).into_par_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::{KEYS, cube};
    use ark_std::rand::rngs::OsRng;

    #[test]
    fn proves_and_verifies() {
        let circuit = cube(5);
        let proof = prove(&KEYS, &circuit, &mut OsRng).unwrap();
        assert_eq!(verify(KEYS.verifying(), &[Fr::from(125u64)], &proof), Ok(()));
        let wrong = verify(KEYS.verifying(), &[Fr::from(126u64)], &proof);
        assert_eq!(wrong, Err(VerifyError::Invalid));
    }

    #[test]
    fn refuses_a_false_statement() {
        let mut circuit = cube(5);
        circuit.overwrite(crate::r1cs::Var::nth(1), Fr::from(124u64));
        let error = prove(&KEYS, &circuit, &mut OsRng).unwrap_err();
        assert!(matches!(error, ProveError::Unsatisfied { constraint: 1, .. }), "{error}");
    }

    #[test]
    fn refuses_another_circuit() {
        let mut circuit = cube(5);
        circuit.bit(true);
        let error = prove(&KEYS, &circuit, &mut OsRng).unwrap_err();
        assert!(matches!(error, ProveError::Circuit { .. }), "{error}");
    }
}
