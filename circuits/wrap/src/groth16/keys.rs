//! Keys of one circuit, and what a verification key must satisfy.

use ark_bn254::G2Affine;
use ark_ec::AffineRepr;
use thiserror::Error;

use super::{ProvingKey, VerifyingKey};

/// The proving key of a circuit; the verification key is part of it.
#[derive(Clone, Debug)]
pub struct Keys {
    /// [`crate::r1cs::Builder::digest`] of the circuit.
    pub circuit_digest: [u8; 32],
    /// The key.
    pub proving: ProvingKey,
}

impl Keys {
    /// The verification key.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.proving.vk
    }
}

/// Why a verification key must not be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyFault {
    /// With gamma = delta anyone makes proofs of anything: the key has had no phase 2 contribution (Veil
    /// Cash and FoomCash lost their funds to this in 2026).
    #[error("gamma and delta are equal, or up to sign: anyone can forge proofs")]
    GammaIsDelta,
    /// The delta of a key before its first contribution.
    #[error("delta is the generator, or up to sign: the key has had no contribution")]
    DeltaIsGenerator,
    /// A point is the identity.
    #[error("a point of the key is the identity")]
    Identity,
    /// The circuit has another number of public inputs.
    #[error("expected a key for {expected} public inputs, got one for {got}")]
    PublicInputs {
        /// Public inputs of the circuit.
        expected: usize,
        /// Public inputs that the key is for.
        got: usize,
    },
}

/// Refuses degenerate keys. Points of the key are taken to be on their curves and in their subgroups.
///
/// # Errors
/// The first [`KeyFault`] found.
pub fn check_verifying_key(vk: &VerifyingKey, public_inputs: usize) -> Result<(), KeyFault> {
    let got = vk.gamma_abc_g1.len().saturating_sub(1);
    if got != public_inputs || vk.gamma_abc_g1.is_empty() {
        return Err(KeyFault::PublicInputs { expected: public_inputs, got });
    }
    // With a known ratio of the two, here 1 or -1, alpha, beta and the inputs make a proof of anything.
    if vk.delta_g2 == vk.gamma_g2 || vk.delta_g2 == -vk.gamma_g2 {
        return Err(KeyFault::GammaIsDelta);
    }
    if vk.delta_g2 == G2Affine::generator() || vk.delta_g2 == -G2Affine::generator() {
        return Err(KeyFault::DeltaIsGenerator);
    }
    let g2 = [vk.beta_g2, vk.gamma_g2, vk.delta_g2];
    // A constant circuit's first IC point may be anything, but the identity is only ever an accident.
    if vk.alpha_g1.is_zero()
        || g2.iter().any(AffineRepr::is_zero)
        || vk.gamma_abc_g1.iter().any(AffineRepr::is_zero)
    {
        return Err(KeyFault::Identity);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::KEYS;

    #[test]
    fn degenerate_keys_are_refused() {
        let good = KEYS.verifying();
        assert_eq!(check_verifying_key(good, 1), Ok(()));
        let refused = |change: fn(&mut VerifyingKey)| {
            let mut vk = good.clone();
            change(&mut vk);
            check_verifying_key(&vk, 1).unwrap_err()
        };
        assert_eq!(refused(|vk| vk.delta_g2 = vk.gamma_g2), KeyFault::GammaIsDelta);
        assert_eq!(refused(|vk| vk.delta_g2 = -vk.gamma_g2), KeyFault::GammaIsDelta);
        assert_eq!(refused(|vk| vk.delta_g2 = -G2Affine::generator()), KeyFault::DeltaIsGenerator);
        assert_eq!(refused(|vk| vk.delta_g2 = G2Affine::generator()), KeyFault::DeltaIsGenerator);
        assert_eq!(refused(|vk| vk.alpha_g1 = Default::default()), KeyFault::Identity);
        assert_eq!(refused(|vk| vk.gamma_abc_g1[1] = Default::default()), KeyFault::Identity);
        let wrong_count = KeyFault::PublicInputs { expected: 1, got: 0 };
        assert_eq!(refused(|vk| vk.gamma_abc_g1.truncate(1)), wrong_count);
        assert_eq!(refused(|vk| vk.gamma_abc_g1.clear()), wrong_count);
    }
}
