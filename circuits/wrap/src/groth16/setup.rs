//! The local set-up, for development.

use ark_bn254::{Bn254, Fr};
use ark_groth16::Groth16;
use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use ark_std::rand as ark_rand;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{KeyFault, Keys, ProvingKey, check_verifying_key};
use crate::r1cs::Builder;

/// What must be shown wherever keys of [`InsecureDevSetup`] are used.
pub const INSECURE_NOTICE: &str = "INSECURE development keys: their secrets follow from a public seed, so anyone can forge proofs";

/// A set-up whose secrets follow from a public seed. **Whoever knows the seed forges proofs of
/// anything.** It gives everyone the same keys, for tests, for the local demo and for fixtures; a real
/// deployment needs a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsecureDevSetup {
    seed: u64,
}

/// The set-up failed.
#[derive(Debug, Error)]
pub enum SetupError {
    /// ark-groth16 refused the circuit.
    #[error("set-up of a circuit with {constraints} constraints failed: {source}")]
    Synthesis {
        /// Constraints of the circuit.
        constraints: usize,
        /// Why.
        source: SynthesisError,
    },
    /// The keys are degenerate.
    #[error(transparent)]
    Key(#[from] KeyFault),
}

impl InsecureDevSetup {
    /// The set-up of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Names the keys: the same for the same circuit and seed.
    pub(super) fn key_id(self, circuit_digest: [u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"cairn groth16 insecure development keys v1");
        hash.update(circuit_digest);
        hash.update(self.seed.to_le_bytes());
        hash.finalize().into()
    }

    /// Makes the keys of a circuit. Deterministic. Takes half a minute and a few hundred bytes a
    /// constraint at a million constraints; [`super::KeyStore`] keeps the result.
    ///
    /// # Errors
    /// [`SetupError`] if the circuit is too large or has no sound keys.
    pub fn run(self, circuit: &Builder) -> Result<Keys, SetupError> {
        tracing::warn!(constraints = circuit.num_constraints(), "{INSECURE_NOTICE}");
        let circuit_digest = circuit.digest();
        let proving = parameters(self, circuit)?;
        check_verifying_key(&proving.vk, circuit.num_public())?;
        let proving = ProvingKey::new(proving, circuit.num_public());
        Ok(Keys { circuit_digest, proving })
    }
}

/// arkworks' proving key.
pub(super) fn parameters(
    setup: InsecureDevSetup,
    circuit: &Builder,
) -> Result<ark_groth16::ProvingKey<Bn254>, SetupError> {
    let mut rng = DevRng(ChaCha20Rng::from_seed(setup.key_id(circuit.digest())));
    Groth16::<Bn254, LibsnarkReduction>::generate_random_parameters_with_reduction(
        Synthesizer(circuit),
        &mut rng,
    )
    .map_err(|source| SetupError::Synthesis { constraints: circuit.num_constraints(), source })
}

/// ChaCha20 behind the version of the `rand` traits that arkworks uses.
struct DevRng(ChaCha20Rng);

impl ark_rand::RngCore for DevRng {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), ark_rand::Error> {
        self.0.fill_bytes(dest);
        Ok(())
    }
}

/// Copies a [`Builder`]'s structure into ark-relations' system.
struct Synthesizer<'a>(&'a Builder);

impl ConstraintSynthesizer<Fr> for Synthesizer<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let circuit = self.0;
        let mut variables = vec![Variable::One];
        for (i, &value) in circuit.assignment().iter().enumerate().skip(1) {
            variables.push(if i <= circuit.num_public() {
                cs.new_input_variable(|| Ok(value))?
            } else {
                cs.new_witness_variable(|| Ok(value))?
            });
        }
        let lc = |m, i| {
            let terms = circuit.row(m, i).map(|(column, coeff)| (coeff, variables[column]));
            LinearCombination(terms.collect())
        };
        for i in 0..circuit.num_constraints() {
            cs.enforce_r1cs_constraint(|| lc(0, i), || lc(1, i), || lc(2, i))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groth16::testing::{KEYS, cube};

    #[test]
    fn keys_follow_from_circuit_and_seed() {
        let again = InsecureDevSetup::new(7).run(&cube(3)).unwrap();
        assert_eq!(again.proving, KEYS.proving);
        let other_seed = InsecureDevSetup::new(8).run(&cube(3)).unwrap();
        assert_ne!(other_seed.verifying(), KEYS.verifying());
        let mut larger = cube(3);
        larger.bit(true);
        let other_circuit = InsecureDevSetup::new(7).run(&larger).unwrap();
        assert_ne!(other_circuit.verifying(), KEYS.verifying());
    }
}
