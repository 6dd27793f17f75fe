//! Verification.

use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, prepare_verifying_key};
use thiserror::Error;

use super::{DecodeError, EncodedProof, Proof, VerifyingKey, decode_scalar};

/// The proof is not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// ark-groth16 would take missing inputs for zeros and ignore additional ones.
    #[error("expected {expected} public inputs, got {got}")]
    PublicInputs {
        /// Number of inputs that the key is for.
        expected: usize,
        /// Number given.
        got: usize,
    },
    /// Proof or public input are no canonical encodings.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The pairing equation does not hold.
    #[error("the proof does not hold for these public inputs")]
    Invalid,
}

/// Verifies a proof whose points are on their curves and in their subgroups, as [`super::prove`] and
/// [`EncodedProof::decode`] give them. The key must have passed [`super::check_verifying_key`].
///
/// # Errors
/// [`VerifyError::PublicInputs`] or [`VerifyError::Invalid`].
pub fn verify(vk: &VerifyingKey, inputs: &[Fr], proof: &Proof) -> Result<(), VerifyError> {
    let expected = vk.gamma_abc_g1.len().saturating_sub(1);
    if inputs.len() != expected {
        return Err(VerifyError::PublicInputs { expected, got: inputs.len() });
    }
    // The library's error type has nothing to say here; whatever it refuses is invalid.
    match Groth16::<Bn254>::verify_proof(&prepare_verifying_key(vk), proof, inputs) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(VerifyError::Invalid),
    }
}

/// Verifies bytes from outside: canonical form first, then the proof. Public inputs are 32 bytes each,
/// big-endian, below r.
///
/// # Errors
/// Any [`VerifyError`].
pub fn verify_encoded(
    vk: &VerifyingKey,
    inputs: &[[u8; 32]],
    proof: &EncodedProof,
) -> Result<(), VerifyError> {
    let inputs = inputs.iter().map(decode_scalar).collect::<Result<Vec<_>, _>>()?;
    verify(vk, &inputs, &proof.decode()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::{KEYS, cube};
    use crate::groth16::{encode_scalar, prove};
    use ark_ff::{BigInteger, PrimeField};
    use ark_std::rand::rngs::OsRng;

    #[test]
    fn the_number_of_inputs_is_checked() {
        let proof = prove(&KEYS, &cube(5), &mut OsRng).unwrap();
        let input = Fr::from(125u64);
        for inputs in [vec![], vec![input, input], vec![input, Fr::from(0u64)]] {
            let error = verify(KEYS.verifying(), &inputs, &proof);
            assert_eq!(error, Err(VerifyError::PublicInputs { expected: 1, got: inputs.len() }));
        }
    }

    #[test]
    fn a_second_spelling_of_the_input_is_refused() {
        let proof = EncodedProof::encode(&prove(&KEYS, &cube(5), &mut OsRng).unwrap());
        let input = Fr::from(125u64);
        assert_eq!(verify_encoded(KEYS.verifying(), &[encode_scalar(input)], &proof), Ok(()));
        let mut spelling = Fr::MODULUS;
        spelling.add_with_carry(&input.into_bigint());
        let spelling = spelling.to_bytes_be().try_into().unwrap();
        let error = verify_encoded(KEYS.verifying(), &[spelling], &proof);
        assert_eq!(error, Err(VerifyError::Decode(DecodeError::ScalarNotInField)));
    }
}
