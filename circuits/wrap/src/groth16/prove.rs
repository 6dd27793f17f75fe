//! Proving. The same proof as `ark-groth16` makes with the same key and blinding, from parts that are made for
//! this system's witnesses: [`super::msm`], [`super::ntt`], and a key that is not copied.

use ark_bn254::{Fr, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use ark_std::rand::{CryptoRng, RngCore};
use rayon::prelude::*;
use thiserror::Error;

use super::msm::{G1, G2, Scalar, msm};
use super::{Keys, Proof, ProvingKey, VerifyError, ntt, verify};
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
    /// There are more constraints than the field has roots of unity.
    #[error("{constraints} constraints are too many for this field")]
    TooLarge {
        /// Constraints of the circuit.
        constraints: usize,
    },
    /// The key has not the sizes of the circuit that it names.
    #[error("the proving key has not the sizes of its circuit")]
    Sizes,
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
    let proof = prove_with(&keys.proving, circuit, Fr::rand(rng), Fr::rand(rng))?;
    verify(keys.verifying(), circuit.public_inputs(), &proof)?;
    Ok(proof)
}

/// The proof with this blinding, unverified.
fn prove_with(key: &ProvingKey, circuit: &Builder, r: Fr, s: Fr) -> Result<Proof, ProveError> {
    let sizes = (circuit.num_wires(), circuit.num_public());
    if sizes != (key.num_wires(), key.num_public()) {
        return Err(ProveError::Sizes);
    }
    let scalars: Vec<Scalar> = circuit.assignment().par_iter().map(|&k| Scalar::new(k)).collect();
    let of = |wires: &[u32]| -> Vec<Scalar> {
        wires.par_iter().map(|&wire| scalars[wire as usize]).collect()
    };
    let (a_wires, a_points) = key.a();
    let (l_wires, l_points) = key.l();
    let (b_wires, b_g1_points, b_g2_points) = key.b();
    // The quotient first, which needs most memory: where there are few processors, the sums wait for it.
    let (h, (l, (a, (b_g1, b_g2)))) = rayon::join(
        || quotient_sum(key, circuit),
        || {
            rayon::join(
                || msm::<G1>(l_points, &of(l_wires)),
                || {
                    rayon::join(
                        || msm::<G1>(a_points, &of(a_wires)),
                        || {
                            let scalars = of(b_wires);
                            rayon::join(
                                || msm::<G1>(b_g1_points, &scalars),
                                || msm::<G2>(b_g2_points, &scalars),
                            )
                        },
                    )
                },
            )
        },
    );
    let vk = key.verifying();
    let a = a + vk.alpha_g1 + key.delta_g1 * r;
    let b_g1 = b_g1 + key.beta_g1 + key.delta_g1 * s;
    let b_g2 = b_g2 + vk.beta_g2 + vk.delta_g2 * s;
    let c = l + h? + a * s + b_g1 * r - key.delta_g1 * (r * s);
    Ok(Proof { a: a.into_affine(), b: b_g2.into_affine(), c: c.into_affine() })
}

/// The quotient of the system's polynomials by the vanishing one, in the exponent.
fn quotient_sum(key: &ProvingKey, circuit: &Builder) -> Result<G1Projective, ProveError> {
    let constraints = circuit.num_constraints();
    // Each public input, and the constant one, has a row of A after the constraints, which keeps their polynomials
    // independent; B and C have nothing there.
    let public = &circuit.assignment()[..=circuit.num_public()];
    let size = (constraints + public.len()).next_power_of_two();
    if key.h().len() != size - 1 {
        return Err(ProveError::Sizes);
    }
    let [mut a, mut b] = circuit
        .factors(size)
        .map_err(|(constraint, region)| ProveError::Unsatisfied { constraint, region })?;
    a.extend_from_slice(public);
    for rows in [&mut a, &mut b] {
        rows.resize(size, Fr::from(0u64));
    }
    let h = ntt::quotient(a, b).ok_or(ProveError::TooLarge { constraints })?;
    let scalars: Vec<Scalar> = h[..size - 1].par_iter().map(|&k| Scalar::new(k)).collect();
    drop(h);
    Ok(msm::<G1>(key.h(), &scalars))
}

#[cfg(test)]
mod figures;
#[cfg(test)]
mod tests;
