//! Keys of one circuit, and what a verification key must satisfy.

use std::fmt;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use thiserror::Error;

use super::{ProvingKey, VerifyingKey};

/// The proving key of a circuit; the verification key is part of it.
#[derive(Debug)]
pub struct Keys {
    /// [`crate::r1cs::Builder::digest`] of the circuit.
    pub circuit_digest: [u8; 32],
    /// The key.
    pub proving: ProvingKey,
}

impl Keys {
    /// The verification key.
    pub fn verifying(&self) -> &VerifyingKey {
        self.proving.verifying()
    }
}

/// A point that a verification key has, or that everyone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPoint {
    /// The generator of the point's group, whose discrete logarithm everyone knows.
    Generator,
    /// In G1.
    Alpha,
    /// In G2.
    Beta,
    /// In G2.
    Gamma,
    /// In G2.
    Delta,
    /// In G1: the constant's point, then one for each public input.
    Input(usize),
}

impl fmt::Display for KeyPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generator => f.write_str("the generator"),
            Self::Alpha => f.write_str("alpha"),
            Self::Beta => f.write_str("beta"),
            Self::Gamma => f.write_str("gamma"),
            Self::Delta => f.write_str("delta"),
            Self::Input(i) => write!(f, "IC[{i}]"),
        }
    }
}

/// Why a verification key must not be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum KeyFault {
    /// Two points that must be independent have a ratio that everyone knows.
    #[error(
        "{first} and {second} are equal, or up to sign: anyone can forge proofs; make the key in a whole set-up"
    )]
    Equal {
        /// One of them.
        first: KeyPoint,
        /// The other.
        second: KeyPoint,
    },
    /// A point is what the set-up begins with: a phase has had no contribution.
    #[error(
        "{point} is the generator, or up to sign: the key has had no contribution; make it in a whole set-up"
    )]
    Generator {
        /// The point.
        point: KeyPoint,
    },
    /// A point is the identity: it takes its term out of the equation.
    #[error("{point} is the identity: anyone can forge proofs; make the key in a whole set-up")]
    Identity {
        /// The point.
        point: KeyPoint,
    },
    /// The circuit has another number of public inputs.
    #[error("expected a key for {expected} public inputs, got one for {got}")]
    PublicInputs {
        /// Public inputs of the circuit.
        expected: usize,
        /// Public inputs that the key is for.
        got: usize,
    },
}

/// Refuses degenerate keys: those of a set-up that was not done to its end, or with a point in another's place.
/// Points of the key are taken to be on their curves and in their subgroups.
///
/// A proof (A, B, C) of inputs x holds if `e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)`, where
/// `L = IC[0] + sum x[i] IC[i + 1]`. Without a witness, a forger needs a relation between points that cancels a
/// term. With a ratio of 1, and with -1 alike:
///
/// | relation | what it gives the forger |
/// |---|---|
/// | gamma = delta, as before phase 2 | any x: `A = alpha, B = beta, C = -L` |
/// | beta = gamma | any x: `A = alpha + L, B = gamma, C = 0` |
/// | beta = delta | any x: `A = L, B = gamma, C = -alpha` |
/// | alpha = generator, as before phase 1 | any x where gamma is one too: beta's point of G1 for alpha above |
/// | beta or delta = generator, as before a phase | any x where gamma is one too: see above |
/// | alpha = IC[0] | x = 0: `A = alpha, B = beta + gamma, C = 0` |
/// | alpha = IC[i + 1] | x with L = alpha, where there is one: the same |
/// | IC[0] = IC[i + 1] | x[i] = -1 and else 0, where L is 0: `A = alpha, B = beta, C = 0` |
/// | IC[i + 1] = IC[j + 1] | a proof of x is one of all x in which x[i] + x[j] is the same |
/// | an IC = generator | nothing alone; no set-up has it |
/// | alpha or beta = 0 | any x: `A = L, B = gamma, C = 0` |
/// | gamma or IC[0] = 0 | any x, or x = 0: `A = alpha, B = beta, C = 0` |
/// | IC[i + 1] or delta = 0 | x[i] is not bound, or no honest proof holds |
///
/// A verifier that refuses C = 0 helps nobody: `(A, B + delta, C + A)` holds where (A, B, C) does. gamma may be the
/// generator, as in all keys of snarkjs: what it divides is public.
///
/// Other known ratios, sums of points and products of pairings would serve a forger as well, but none is a slip. Who
/// makes a key so knows its secrets, and needs no relation; from a key alone nobody can tell. The record of the
/// ceremony can. Veil Cash and FoomCash lost their funds in 2026 to keys with gamma = delta.
///
/// # Errors
/// The first [`KeyFault`] found.
pub fn check_verifying_key(vk: &VerifyingKey, public_inputs: usize) -> Result<(), KeyFault> {
    let got = vk.gamma_abc_g1.len().saturating_sub(1);
    if got != public_inputs || vk.gamma_abc_g1.is_empty() {
        return Err(KeyFault::PublicInputs { expected: public_inputs, got });
    }
    let inputs = vk.gamma_abc_g1.iter().enumerate();
    let inputs = inputs.map(|(i, &point)| (KeyPoint::Input(i), point));
    let g1: Vec<_> = [(KeyPoint::Alpha, vk.alpha_g1)].into_iter().chain(inputs).collect();
    check_group(G1Affine::generator(), &g1)?;
    let g2 = [
        (KeyPoint::Beta, vk.beta_g2),
        (KeyPoint::Gamma, vk.gamma_g2),
        (KeyPoint::Delta, vk.delta_g2),
    ];
    check_group(G2Affine::generator(), &g2)
}

/// No point is the identity, a generator, or another one, up to sign.
fn check_group<P: AffineRepr>(generator: P, points: &[(KeyPoint, P)]) -> Result<(), KeyFault> {
    for (i, &(second, q)) in points.iter().enumerate() {
        if q.is_zero() {
            return Err(KeyFault::Identity { point: second });
        }
        // Points that are no identity have the same x where they are equal up to sign.
        if q.x() == generator.x() && second != KeyPoint::Gamma {
            return Err(KeyFault::Generator { point: second });
        }
        let known = points.iter().take(i).find(|(_, p)| p.x() == q.x());
        if let Some(&(first, _)) = known {
            return Err(KeyFault::Equal { first, second });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
