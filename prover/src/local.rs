//! A prover on this machine: circuits, keys and threads.

use std::{io, path::Path};

use cairn_circuits::{
    chunk::class,
    circuit_set::{Role, Size, key_digest},
    soundness::LayerSecurity,
};
use cairn_types::{Digest, Header, SealStatement};
use cairn_wrap::{
    export,
    groth16::{self, EncodedProof},
};

use crate::{
    cache::Cache,
    circuits::Circuits,
    engine::{BatchesProof, Engine},
    error::ProverError,
    graph::TaskKind,
    job::BatchJob,
    measure::StageTime,
    progress::{Cancel, Progress, Stage},
    run::Run,
    schedule,
    sequence::Sequence,
    snark::SnarkKeys,
    tasks::{Output, ProofTasks, Wrapped},
};

/// Seed of the development keys: public, so that everyone gets the same ones.
const SETUP_SEED: u64 = 1;

/// Consecutive batches proven but for their SNARK, which any keys of the last circuit can make.
#[derive(Debug)]
pub struct WrappedBatches {
    headers: Vec<Header>,
    /// What the batches come to natively; what is proven must be the same.
    seal: SealStatement,
    wrapped: Wrapped,
    chunks: usize,
    stages: Vec<StageTime>,
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

/// How much a prover's thread gives way to the threads of the service beside it; 19 is the most.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lets other threads of this process, and of others, go before this one where cores are short: a proof takes minutes,
/// an acknowledgement must not wait for it. Where nothing else runs this changes nothing.
fn give_way() {
    // On Linux the priority is that of a thread; elsewhere it would be that of the whole process.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let given =
            getpriority_process(None).and_then(|now| setpriority_process(None, now.max(NICE)));
        if let Err(error) = given {
            tracing::debug!(%error, "a thread of the prover keeps its priority");
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
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .start_handler(|_| give_way())
            .build()?;
        let cache = Cache::new(folder);
        let mut run = Run::to_the_end(progress);
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
        let mut run = Run::to_the_end(progress);
        self.install(|| SnarkKeys::load(&self.cache, &self.circuits, seed, &mut run))
    }

    /// The circuits by name, with the digest of each one's verifier key (spec, section 7).
    #[must_use]
    pub fn circuit_digests(&self) -> Vec<(String, Digest)> {
        let set = &self.circuits.set;
        let digest = |role| Some((format!("{role:?}"), key_digest(set.key(role).ok()?).into()));
        Role::all().filter_map(digest).collect()
    }

    /// Writes verifying key, proof and public input in snarkjs' form: `verification_key.json`, `proof.json`, `public.json`.
    ///
    /// # Errors
    /// What the file system says, or that the proof is no encoding of one.
    pub fn write_snarkjs(&self, folder: &Path, proof: &BatchesProof) -> io::Result<()> {
        let input = groth16::decode_scalar(&proof.seal.public_input())
            .expect("252 bits are below the modulus");
        let decoded = EncodedProof(proof.proof).decode().map_err(io::Error::other)?;
        export::write_snarkjs(folder, self.keys.verifying(), &decoded, &[input])
    }

    /// As [`Engine::prove`], with at most so many operations a chunk.
    ///
    /// # Errors
    /// As [`Engine::prove`].
    pub fn prove_in_chunks(
        &self,
        jobs: &[BatchJob],
        operations: usize,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let mut run = Run::new(progress, cancel);
        let sequence = Sequence::new(jobs)?;
        let seal = sequence.statement(self.circuit_set_root());
        self.install(|| {
            let tasks = ProofTasks::of_batches(self, &sequence, operations)?;
            let proof = self.snark_of(&tasks, &seal, &mut run)?;
            let chunks = tasks.chunks().count();
            Ok(BatchesProof { headers: sequence.headers, seal, proof, chunks, stages: run.stages })
        })
    }

    /// Proves batches but for their SNARK. As [`Engine::prove`] otherwise.
    ///
    /// # Errors
    /// As [`Engine::prove`].
    pub fn wrap(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<WrappedBatches, ProverError> {
        let mut run = Run::new(progress, cancel);
        let sequence = Sequence::new(jobs)?;
        let seal = sequence.statement(self.circuit_set_root());
        self.install(|| {
            let tasks = ProofTasks::of_batches(self, &sequence, usize::MAX)?;
            let Output::Wrapped(wrapped) = schedule::run(&tasks, TaskKind::Wrap, &mut run)? else {
                return Err(ProverError::TaskInputs { kind: TaskKind::Groth16 });
            };
            let chunks = tasks.chunks().count();
            let (headers, stages) = (sequence.headers, run.stages);
            Ok(WrappedBatches { headers, seal, wrapped, chunks, stages })
        })
    }

    /// The SNARK of batches by these keys, which must be this prover's or of [`Self::other_keys`].
    ///
    /// # Errors
    /// The keys cannot be read, or are for another circuit.
    pub fn snark(
        &self,
        batches: &WrappedBatches,
        keys: &SnarkKeys,
        progress: &dyn Progress,
    ) -> Result<BatchesProof, ProverError> {
        let WrappedBatches { headers, seal, wrapped, chunks, stages } = batches;
        let mut run = Run::to_the_end(progress);
        run.stages = stages.clone();
        let proof = self.install(|| {
            keys.prepare(&wrapped.witness, &mut run)?;
            run.step(Stage::Tasks(TaskKind::Groth16), || keys.prove(&wrapped.witness))
        })?;
        let proof = encode(&proof, seal, keys)?;
        let (headers, seal, chunks) = (headers.clone(), *seal, *chunks);
        Ok(BatchesProof { headers, seal, proof, chunks, stages: run.stages })
    }

    /// Runs all tasks. The SNARK has been verified, in the contract's form, against this statement.
    pub(crate) fn snark_of(
        &self,
        tasks: &ProofTasks<'_>,
        statement: &SealStatement,
        run: &mut Run<'_>,
    ) -> Result<[[u8; 32]; 8], ProverError> {
        match schedule::run(tasks, TaskKind::Groth16, run)? {
            Output::Snark(proof) => encode(&proof, statement, &self.keys),
            _ => Err(ProverError::Statement),
        }
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
}

impl Engine for LocalProver {
    fn circuit_set_root(&self) -> Digest {
        self.circuits.set_root()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        self.prove_in_chunks(jobs, usize::MAX, progress, cancel)
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        self.keys.verifies(statement, proof)
    }

    fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    fn security(&self) -> Vec<LayerSecurity> {
        self.circuits.security()
    }
}

/// The proof as the contract takes it, which holds for this statement under these keys.
fn encode(
    proof: &groth16::Proof,
    statement: &SealStatement,
    keys: &SnarkKeys,
) -> Result<[[u8; 32]; 8], ProverError> {
    let EncodedProof(encoded) = EncodedProof::encode(proof);
    if keys.verifies(statement, &encoded) { Ok(encoded) } else { Err(ProverError::Statement) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_that_gives_way_does_so_alone() {
        let before = getpriority_process(None).unwrap();
        let there = std::thread::spawn(|| {
            give_way();
            getpriority_process(None).unwrap()
        });
        assert_eq!(there.join().unwrap(), before.max(NICE));
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
