//! A prover on this machine: circuits, keys and threads.

use std::{io, path::Path};

use cairn_circuits::{
    chunk::class,
    circuit_set::{Role, Size, key_digest},
    recursion::Proven,
    soundness::LayerSecurity,
};
use cairn_types::{Digest, Header, SealStatement};
use cairn_wrap::{
    export,
    groth16::{self, EncodedProof},
    r1cs::Builder,
};

use crate::{
    cache::Cache,
    circuits::Circuits,
    engine::{Run, SealedBatch, seal_batch},
    error::ProverError,
    job::BatchJob,
    measure::StageTime,
    progress::{Progress, Stage},
    snark::SnarkKeys,
};

/// Seed of the development keys: public, so that everyone gets the same ones.
const SETUP_SEED: u64 = 1;

/// A batch proven but for its SNARK, which any keys of the last circuit can make.
#[derive(Debug)]
pub struct WrappedBatch {
    header: Header,
    seal: SealStatement,
    /// The constraint system of the SNARK with its witness.
    witness: Builder,
    chunks: usize,
    stages: Vec<StageTime>,
}

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
    cache: Cache,
    keys: SnarkKeys,
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
        let keys = pool.install(|| SnarkKeys::load(&cache, &circuits, SETUP_SEED, &mut run))?;
        Ok(Self { pool, circuits, cache, keys })
    }

    /// The keys that this prover makes SNARKs with.
    #[must_use]
    pub fn keys(&self) -> &SnarkKeys {
        &self.keys
    }

    /// Other keys for the same circuits, of a seed of their own: made and kept in the cache if they are not there.
    ///
    /// # Errors
    /// The cache cannot be read or written.
    pub fn other_keys(&self, seed: u64, progress: &dyn Progress) -> Result<SnarkKeys, ProverError> {
        let mut run = Run::new(progress);
        self.install(|| SnarkKeys::load(&self.cache, &self.circuits, seed, &mut run))
    }

    /// Root of the circuit set, which L1 must know.
    #[must_use]
    pub fn circuit_set_root(&self) -> Digest {
        self.circuits.set_root()
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
        export::write_snarkjs(folder, self.keys.verifying(), &proof.proof, &[input])
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
        let wrapped = self.wrap_in_chunks(job, operations, progress)?;
        self.snark(&wrapped, &self.keys, progress)
    }

    /// Proves a batch but for its SNARK.
    ///
    /// # Errors
    /// As [`Self::prove`].
    pub fn wrap(
        &self,
        job: &BatchJob,
        progress: &dyn Progress,
    ) -> Result<WrappedBatch, ProverError> {
        self.wrap_in_chunks(job, usize::MAX, progress)
    }

    /// The SNARK of a batch by these keys, which must be this prover's or of [`Self::other_keys`].
    ///
    /// # Errors
    /// The keys cannot be read, or are for another circuit.
    pub fn snark(
        &self,
        batch: &WrappedBatch,
        keys: &SnarkKeys,
        progress: &dyn Progress,
    ) -> Result<BatchProof, ProverError> {
        let WrappedBatch { header, seal, chunks, ref stages, .. } = *batch;
        let mut run = Run::new(progress);
        run.stages = stages.clone();
        let proof = self.install(|| keys.prove(&batch.witness, &mut run))?;
        Ok(BatchProof { header, seal, proof, chunks, stages: run.stages })
    }

    fn wrap_in_chunks(
        &self,
        job: &BatchJob,
        operations: usize,
        progress: &dyn Progress,
    ) -> Result<WrappedBatch, ProverError> {
        self.install(|| {
            let mut run = Run::new(progress);
            let sealed = seal_batch(&self.circuits, job, operations, &mut run)?;
            let SealedBatch { header, statement: seal, proven, chunks } = sealed;
            let witness = self.witness(&seal, &proven, &mut run)?;
            Ok(WrappedBatch { header, seal, witness, chunks, stages: run.stages })
        })
    }

    /// Reads the keys of the SNARK, which the first proof does otherwise.
    ///
    /// # Errors
    /// They cannot be read, or are not those of the verifying key.
    pub fn load_keys(&self) -> Result<(), ProverError> {
        let structure = self.install(|| self.circuits.wrap.get())?.verifier.structure()?;
        self.install(|| self.keys.proving(&structure)).map(|_| ())
    }

    pub(crate) fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    /// Runs work on this prover's threads.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// From a proof of the chain family to the constraint system of the SNARK, with its witness.
    pub(crate) fn witness(
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
