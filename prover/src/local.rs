//! A prover on this machine: circuits, keys and threads.

use std::{io, path::Path, sync::OnceLock};

use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use ark_std::rand::rngs::OsRng;
use cairn_circuits::{
    chunk::class,
    circuit_set::{Role, Size, key_digest},
    recursion::Proven,
    soundness::LayerSecurity,
};
use cairn_types::{Digest, Header, SealStatement};
use cairn_wrap::{
    export,
    groth16::{self, EncodedProof, InsecureDevSetup, KeyStore, Keys, VerifyingKey},
    r1cs::Builder,
    solidity::{self, KeyOrigin},
};
use sha2::{Digest as _, Sha256};

use crate::{
    cache::{self, Cache},
    circuits::Circuits,
    engine::{Run, SealedBatch, seal_batch},
    error::ProverError,
    job::BatchJob,
    measure::StageTime,
    progress::{Progress, Stage},
};

/// Seed of the development keys: public, so that everyone gets the same ones.
const SETUP_SEED: u64 = 1;
/// Name of the verifying key in the cache.
const VERIFYING_KEY: &str = "groth16-insecure-dev.vk";

/// A batch with its SNARK.
#[derive(Debug)]
pub struct BatchProof {
    /// The header that L1 builds, and that the proof holds for.
    pub header: Header,
    /// What the SNARK's public input hashes.
    pub seal: SealStatement,
    /// The SNARK.
    pub proof: groth16::Proof,
    /// How many chunks the batch was proven in.
    pub chunks: usize,
    /// What each stage took.
    pub stages: Vec<StageTime>,
}

impl BatchProof {
    /// The proof as the contract takes it.
    #[must_use]
    pub fn calldata(&self) -> [[u8; 32]; 8] {
        EncodedProof::encode(&self.proof).0
    }

    /// Wall seconds of chunk leaves and chunk nodes.
    #[must_use]
    pub fn leaf_and_aggregation_s(&self) -> f64 {
        let names = [Stage::ChunkLeaf.name(), Stage::ChunkNodes.name()];
        self.stages.iter().filter(|s| names.contains(&s.name.as_str())).map(|s| s.wall_s).sum()
    }
}

/// The size of a chunk's trace, whether the chunk is full or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkShape {
    /// Rows of all tables.
    pub rows: u64,
    /// Cells that the prover commits to before it is challenged: rows times columns, over all tables.
    pub cells: u64,
    /// Rows that hold a Poseidon2 permutation; a node of the tree has two.
    pub permutations: Option<u64>,
}

impl From<Size> for ChunkShape {
    fn from(size: Size) -> Self {
        let class = class(size);
        Self {
            rows: class.total_rows() as u64,
            cells: class.cells() as u64,
            permutations: Some(class.permutations() as u64),
        }
    }
}

/// Proves batches on this machine.
#[derive(Debug)]
pub struct LocalProver {
    pool: rayon::ThreadPool,
    circuits: Circuits,
    store: KeyStore,
    /// Read when the first SNARK is made: it is large.
    keys: OnceLock<Keys>,
    verifying_key: VerifyingKey,
}

impl LocalProver {
    /// Takes circuits and keys from the cache below `folder`; makes what is not there, which takes minutes the first time.
    ///
    /// # Errors
    /// The cache cannot be read or written, or the machine cannot start so many threads.
    pub fn load(
        folder: &Path,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let cache = Cache::new(folder);
        let mut run = Run::new(progress);
        let circuits = pool.install(|| Circuits::load(&cache, &mut run))?;
        let store = KeyStore::new(cache.folder());
        let keys = OnceLock::new();
        let kept = cache.get(VERIFYING_KEY)?;
        let verifying_key = match kept.map(|bytes| VerifyingKey::deserialize_compressed(&bytes[..]))
        {
            Some(Ok(key)) => key,
            _ => {
                let made = run.stage(Stage::SetUp, 1, |step| {
                    let setup = InsecureDevSetup::new(SETUP_SEED);
                    let structure = pool.install(|| circuits.wrap.get())?.verifier.structure()?;
                    let keys = pool.install(|| store.load_or_setup(&structure, setup))?;
                    step();
                    Ok(keys)
                })?;
                let key = made.verifying().clone();
                let mut bytes = Vec::new();
                key.serialize_compressed(&mut bytes).expect("a vector takes all bytes");
                cache.put(VERIFYING_KEY, &bytes)?;
                // The cell is new: nothing is lost.
                let _ = keys.set(made);
                key
            }
        };
        Ok(Self { pool, circuits, store, keys, verifying_key })
    }

    /// Root of the circuit set, which L1 must know.
    #[must_use]
    pub fn circuit_set_root(&self) -> Digest {
        self.circuits.set_root()
    }

    /// Source of the contract that verifies this prover's SNARKs.
    ///
    /// # Errors
    /// The key must not guard anything.
    pub fn solidity_verifier(&self) -> Result<String, ProverError> {
        Ok(solidity::verifier_contract(&self.verifying_key, KeyOrigin::Development)?)
    }

    /// SHA-256 of the SNARK's verifying key, compressed.
    #[must_use]
    pub fn verifying_key_hash(&self) -> [u8; 32] {
        let mut bytes = Vec::new();
        self.verifying_key.serialize_compressed(&mut bytes).expect("a vector takes all bytes");
        Sha256::digest(&bytes).into()
    }

    /// The circuits by name, with the digest of each one's verifier key (spec, section 7).
    #[must_use]
    pub fn circuit_digests(&self) -> Vec<(String, Digest)> {
        let set = &self.circuits.set;
        let digest = |role| Some((format!("{role:?}"), key_digest(set.key(role).ok()?).into()));
        Role::all().filter_map(digest).collect()
    }

    /// What the security of each layer rests on.
    #[must_use]
    pub fn security(&self) -> Vec<LayerSecurity> {
        self.circuits.security()
    }

    /// Writes verifying key, proof and public input in snarkjs' form: `verification_key.json`, `proof.json`, `public.json`.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_snarkjs(&self, folder: &Path, proof: &BatchProof) -> io::Result<()> {
        let input = groth16::decode_scalar(&proof.seal.public_input())
            .expect("252 bits are below the modulus");
        export::write_snarkjs(folder, &self.verifying_key, &proof.proof, &[input])
    }

    /// Proves a batch. Every proof on the way, the last one too, has been verified.
    ///
    /// # Errors
    /// The witness is not that of a valid batch, or the keys cannot be read.
    pub fn prove(
        &self,
        job: &BatchJob,
        progress: &dyn Progress,
    ) -> Result<BatchProof, ProverError> {
        self.prove_in_chunks(job, usize::MAX, progress)
    }

    /// As [`Self::prove`], with at most so many operations a chunk.
    ///
    /// # Errors
    /// As [`Self::prove`].
    pub fn prove_in_chunks(
        &self,
        job: &BatchJob,
        operations: usize,
        progress: &dyn Progress,
    ) -> Result<BatchProof, ProverError> {
        self.pool.install(|| {
            let mut run = Run::new(progress);
            let sealed = seal_batch(&self.circuits, job, operations, &mut run)?;
            let SealedBatch { header, statement: seal, proven, chunks } = sealed;
            let proof = self.snark(&seal, &proven, &mut run)?;
            Ok(BatchProof { header, seal, proof, chunks, stages: run.stages })
        })
    }

    /// Reads the keys of the SNARK, which the first proof does otherwise.
    ///
    /// # Errors
    /// They cannot be read, or are not those of the verifying key.
    pub fn load_keys(&self) -> Result<(), ProverError> {
        let structure = self.install(|| self.circuits.wrap.get())?.verifier.structure()?;
        self.install(|| self.keys(&structure)).map(|_| ())
    }

    pub(crate) fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    /// Runs work on this prover's threads.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    pub(crate) fn keys(&self, builder: &Builder) -> Result<&Keys, ProverError> {
        if self.keys.get().is_none() {
            let keys = self.store.load_or_setup(builder, InsecureDevSetup::new(SETUP_SEED))?;
            if *keys.verifying() != self.verifying_key {
                return Err(ProverError::OtherKeys { version: cache::VERSION });
            }
            // Another call may have been faster; both hold the same keys.
            let _ = self.keys.set(keys);
        }
        Ok(self.keys.get().expect("set above"))
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// From a proof of the chain family to the SNARK.
    pub(crate) fn snark(
        &self,
        statement: &SealStatement,
        proven: &Proven,
        run: &mut Run<'_>,
    ) -> Result<groth16::Proof, ProverError> {
        let builder = self.wrap(statement, proven, run)?;
        if self.keys.get().is_none() {
            run.stage(Stage::Circuits, 1, |step| self.keys(&builder).inspect(|_| step()))?;
        }
        run.stage(Stage::Groth16, 1, |step| {
            Ok(groth16::prove(self.keys(&builder)?, &builder, &mut OsRng).inspect(|_| step())?)
        })
    }

    /// From a proof of the chain family to the constraint system of the SNARK, with its witness.
    fn wrap(
        &self,
        statement: &SealStatement,
        proven: &Proven,
        run: &mut Run<'_>,
    ) -> Result<Builder, ProverError> {
        let set = &self.circuits.set;
        let prover = run.unit(&self.circuits.wrap)?;
        let squeezed = run.stage(Stage::Shrink, 2, |step| {
            let shrunk = prover.shrink.prove(set, statement, proven)?;
            step();
            Ok(prover.squeeze.prove(&shrunk).inspect(|_| step())?)
        })?;
        run.stage(Stage::Wrap, 2, |step| {
            let wrapped = prover.wrap(&squeezed)?;
            step();
            prover.synthesize(statement, &wrapped).inspect(|_| step())
        })
    }
}
