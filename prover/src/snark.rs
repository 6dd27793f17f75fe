//! The keys of the SNARK. Several may serve the same circuits; L1 says whose proofs count.

use std::sync::OnceLock;

use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::rngs::OsRng;
use cairn_types::SealStatement;
use cairn_wrap::{
    groth16::{self, EncodedProof, InsecureDevSetup, KeyStore, Keys, Proof, VerifyingKey},
    r1cs::Builder,
    solidity::{self, KeyOrigin},
};
use sha2::{Digest as _, Sha256};

use crate::{
    cache::{self, Cache},
    circuits::Circuits,
    error::ProverError,
    progress::Stage,
    run::Run,
};

/// Development keys of the last circuit: whoever knows their seed can forge proofs.
#[derive(Debug)]
pub struct SnarkKeys {
    setup: InsecureDevSetup,
    store: KeyStore,
    /// Read when the first SNARK is made: it is large.
    proving: OnceLock<Keys>,
    verifying: VerifyingKey,
}

impl SnarkKeys {
    /// The keys of this seed from the cache, or made and kept there.
    ///
    /// # Errors
    /// The cache cannot be read or written.
    pub(crate) fn load(
        cache: &Cache,
        circuits: &Circuits,
        seed: u64,
        run: &mut Run<'_>,
    ) -> Result<Self, ProverError> {
        let setup = InsecureDevSetup::new(seed);
        let store = KeyStore::new(cache.folder());
        let name = format!("groth16-insecure-dev-seed-{seed}.vk");
        let kept = cache.get(&name)?;
        let kept = kept.and_then(|bytes| VerifyingKey::deserialize_compressed(&bytes[..]).ok());
        if let Some(verifying) = kept {
            return Ok(Self { setup, store, proving: OnceLock::new(), verifying });
        }
        let proving = run.step(Stage::SetUp, || {
            let structure = circuits.wrap.get()?.verifier.structure()?;
            Ok(store.load_or_setup(&structure, setup)?)
        })?;
        let verifying = proving.verifying().clone();
        cache.put(&name, &compressed(&verifying))?;
        Ok(Self { setup, store, proving: proving.into(), verifying })
    }

    /// Source of the contract that verifies the SNARKs of these keys.
    ///
    /// # Errors
    /// The key must not guard anything.
    pub fn solidity_verifier(&self) -> Result<String, ProverError> {
        Ok(solidity::verifier_contract(&self.verifying, KeyOrigin::Development)?)
    }

    /// SHA-256 of the verifying key, compressed.
    #[must_use]
    pub fn verifying_key_hash(&self) -> [u8; 32] {
        Sha256::digest(compressed(&self.verifying)).into()
    }

    pub(crate) fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The proving key.
    ///
    /// # Errors
    /// It cannot be read, or is not that of the verifying key.
    pub(crate) fn proving(&self, builder: &Builder) -> Result<&Keys, ProverError> {
        if self.proving.get().is_none() {
            let keys = self.store.load_or_setup(builder, self.setup)?;
            if *keys.verifying() != self.verifying {
                return Err(ProverError::OtherKeys { version: cache::VERSION });
            }
            // Another call may have been faster; both hold the same keys.
            let _ = self.proving.set(keys);
        }
        Ok(self.proving.get().expect("set above"))
    }

    /// Reads the proving key, as a stage of its own, unless it is in memory.
    ///
    /// # Errors
    /// As [`Self::proving`].
    pub(crate) fn prepare(&self, builder: &Builder, run: &mut Run<'_>) -> Result<(), ProverError> {
        match self.proving.get() {
            Some(_) => Ok(()),
            None => run.step(Stage::Circuits, || self.proving(builder).map(drop)),
        }
    }

    /// The SNARK of a constraint system with its witness. It has been verified.
    ///
    /// # Errors
    /// As [`Self::proving`], or the keys are for another circuit.
    pub(crate) fn prove(&self, builder: &Builder) -> Result<Proof, ProverError> {
        Ok(groth16::prove(self.proving(builder)?, builder, &mut OsRng)?)
    }

    /// Whether L1's verifier with this key would take this proof of this statement.
    #[must_use]
    pub fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        let (inputs, proof) = ([statement.public_input()], EncodedProof(*proof));
        groth16::verify_encoded(&self.verifying, &inputs, &proof).is_ok()
    }
}

fn compressed(key: &VerifyingKey) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.serialize_compressed(&mut bytes).expect("a vector takes all bytes");
    bytes
}
