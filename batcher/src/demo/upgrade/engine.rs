//! The prover of an upgrade: the batch that is in flight is proven by the old key and by the new one, and the operator has
//! the proof when the demo says so.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    time::Duration,
};

use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, LocalProver, ProverError, SnarkKeys,
    progress::Progress,
};
use cairn_types::{Digest, SealStatement};
use eyre::{Result, bail};

use crate::store::records::BatchNumber;

/// Proves the scenario's batches as the prover does. The proofs of the one after them, by both keys, go to the demo,
/// which says when the operator may have the new one.
#[derive(Debug)]
pub struct UpgradeEngine {
    prover: Arc<LocalProver>,
    keys: Mutex<Receiver<Arc<SnarkKeys>>>,
    /// Once the demo has handed it over.
    new_key: OnceLock<Arc<SnarkKeys>>,
    proofs: Sender<Both>,
    release: Mutex<Receiver<()>>,
    /// The last batch that is proven as ever.
    last: Arc<AtomicU32>,
}

/// The demo's side of an [`UpgradeEngine`].
#[derive(Debug)]
pub struct Desk {
    keys: Sender<Arc<SnarkKeys>>,
    proofs: Receiver<Both>,
    release: Sender<()>,
    last: Arc<AtomicU32>,
}

impl Desk {
    /// What comes after this batch is proven by both keys.
    pub(super) fn prove_as_ever_until(&self, last: BatchNumber) {
        self.last.store(last, Ordering::SeqCst);
    }

    /// Hands over the new key.
    pub(super) fn hand_over(&self, keys: Arc<SnarkKeys>) -> Result<()> {
        Ok(self.keys.send(keys)?)
    }

    /// The proofs by both keys, once they are made.
    pub(super) fn proofs(&self) -> Result<Option<Both>> {
        match self.proofs.try_recv() {
            Ok(both) => Ok(Some(both)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("the engine has ended"),
        }
    }

    /// Lets the operator have the proof by the new key.
    pub(super) fn release(&self) -> Result<()> {
        Ok(self.release.send(())?)
    }
}

/// The SNARKs of one constraint system by the old key and by the new one.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) old: BatchesProof,
    pub(super) new: BatchesProof,
}

impl UpgradeEngine {
    /// The engine, and what the demo steers it with.
    #[must_use]
    pub fn new(prover: Arc<LocalProver>) -> (Self, Desk) {
        let (send_keys, keys) = channel();
        let (proofs, receive_proofs) = channel();
        let (send_release, release) = channel();
        let last = Arc::new(AtomicU32::new(u32::MAX));
        let desk = Desk {
            keys: send_keys,
            proofs: receive_proofs,
            release: send_release,
            last: Arc::clone(&last),
        };
        let (keys, release) = (Mutex::new(keys), Mutex::new(release));
        (Self { prover, keys, new_key: OnceLock::new(), proofs, release, last }, desk)
    }
}

/// Waits for the demo, unless the service is to stop.
fn wait<T>(from: &Mutex<Receiver<T>>, cancel: &Cancel) -> Result<T, ProverError> {
    let from = from.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match from.recv_timeout(Duration::from_millis(100)) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(ProverError::Cancelled),
        }
    }
}

impl Engine for UpgradeEngine {
    fn circuit_set_root(&self) -> Digest {
        self.prover.circuit_set_root()
    }

    fn prove(
        &self,
        jobs: &[BatchJob],
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<BatchesProof, ProverError> {
        let last = self.last.load(Ordering::SeqCst);
        if jobs.first().is_some_and(|job| job.number <= last) {
            return self.prover.prove(jobs, progress, cancel);
        }
        let wrapped = self.prover.wrap(jobs, progress, cancel)?;
        let keys = match self.new_key.get() {
            Some(keys) => Arc::clone(keys),
            None => wait(&self.keys, cancel)?,
        };
        let keys = self.new_key.get_or_init(|| keys);
        let old = self.prover.snark(&wrapped, self.prover.keys(), progress)?;
        let new = self.prover.snark(&wrapped, keys, progress)?;
        let both = Both { old, new: new.clone() };
        self.proofs.send(both).map_err(|_| ProverError::Cancelled)?;
        wait(&self.release, cancel)?;
        Ok(new)
    }

    fn verifies(&self, statement: &SealStatement, proof: &[[u8; 32]; 8]) -> bool {
        let new_key = self.new_key.get();
        self.prover.verifies(statement, proof)
            || new_key.is_some_and(|keys| keys.verifies(statement, proof))
    }

    fn threads(&self) -> usize {
        self.prover.threads()
    }

    fn security(&self) -> Vec<LayerSecurity> {
        self.prover.security()
    }
}
