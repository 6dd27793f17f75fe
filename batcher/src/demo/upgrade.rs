//! A new key while a batch is in flight: the rollup's governor registers the verifier of another key for the same
//! circuits, which counts after the delay. The batch was committed before, and settles with the new key.
//!
//! ```text
//! 1 and 2 committed, key registered -> 1 settles (old key) -> new key: not active | 30 days | old key: taken still
//!     -> the council retires it -> old key: retired -> 2 settles (new key) -> its withdrawal is paid
//! ```
//!
//! The circuits stay, and so does the root of their set: what is new is the SNARK's key, as after another ceremony.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use cairn_prover::{
    BatchJob, BatchesProof, Cancel, Engine, LayerSecurity, LocalProver, ProverError, SnarkKeys,
    progress::Progress,
};
use cairn_types::{Digest, SealStatement, SignedTransaction, Word};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use serde::Serialize;

use super::{
    circuit_sets::{Answer, CircuitSets},
    claim::claim,
    scenario::{Action, Scenario},
    service::{self, Service},
    wallet::Wallets,
};
use crate::{
    api::wire::AccountView,
    client::Client,
    deploy::project::build_with_verifier,
    l1::{anvil::Anvil, client::L1Client, contracts::Batch},
    progress::Bars,
    store::records::BatchNumber,
};

/// Seed of the new key; the demo's own keys have another.
const NEXT_SEED: u64 = 2;

/// The circuit set that the deployment starts with.
const OLD: U256 = U256::ZERO;

/// Whose proof it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The deployment's.
    Old,
    /// The one that takes its place.
    New,
}

/// When a proof was shown to the rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The new key is registered and does not count yet.
    Registered,
    /// Both count.
    Overlap,
    /// The old one is retired.
    Retired,
}

/// What the rollup says to a proof of the second batch.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// When.
    pub moment: Moment,
    /// Of which key it is.
    pub key: Key,
    /// The circuit set that the call names.
    pub circuit_set: Key,
    /// The rollup's error, or `accepted`.
    pub answer: String,
}

/// How the upgrade went.
#[derive(Debug, Clone, Serialize)]
pub struct UpgradeReport {
    /// SHA-256 of the old verifying key.
    pub old_key: B256,
    /// SHA-256 of the new one.
    pub new_key: B256,
    /// When the second batch was committed; seconds of L1's clock, as all that follow.
    pub committed_at: u64,
    /// When the new key was registered.
    pub registered_at: u64,
    /// When it began to count.
    pub active_at: u64,
    /// When the second batch was proven with it.
    pub proven_at: u64,
    /// Every proof that was shown to the rollup, in order; the last one settles.
    pub shown: Vec<Shown>,
    /// Gas of the second batch's proof.
    pub prove_gas: u64,
    /// State after the second batch.
    pub state: B256,
}

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

/// The SNARKs of one constraint system by the old key and by the new one.
#[derive(Debug)]
struct Both {
    old: BatchesProof,
    new: BatchesProof,
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

/// A running rollup whose first batch is sealed and not proven.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The local L1.
    pub anvil: &'a Anvil,
    /// The governor's view of it.
    pub l1: &'a L1Client,
    /// The list that the new key comes into.
    pub sets: CircuitSets,
    /// The Foundry project.
    pub contracts: &'a Path,
    /// What was played.
    pub scenario: &'a Scenario,
    /// L1 contract of each token, zero for ether.
    pub assets: &'a [Address],
    /// The scenario's last batch.
    pub last: BatchNumber,
    /// Steers the engine.
    pub desk: Desk,
    /// Makes the new key.
    pub prover: Arc<LocalProver>,
    /// Progress.
    pub bars: Arc<Bars>,
}

/// An upgrade under way.
#[derive(Debug)]
pub struct Upgrade<'a> {
    setting: Setting<'a>,
    keys: Arc<SnarkKeys>,
    /// Place of the new circuit set.
    place: U256,
    committed_at: u64,
    registered_at: u64,
    active_at: u64,
    batch: BatchNumber,
    withdrawals: Vec<Word>,
    shown: Vec<Shown>,
}

impl<'a> Upgrade<'a> {
    /// Has a second batch committed on top of the first, and registers the new key.
    ///
    /// # Errors
    /// L1's, the service's, or the new verifier does not build.
    pub async fn begin(
        setting: Setting<'a>,
        service: &mut Service,
        wallets: &mut Wallets,
    ) -> Result<Self> {
        setting.desk.last.store(setting.last, Ordering::SeqCst);
        let withdrawal = withdrawal(setting.scenario, service, wallets).await?;
        let submitted = service.client().submit(&withdrawal).await.wrap_err("the second batch")?;
        service.in_block(submitted.hash).await?;
        let batch = service.seal().await?;
        let witness = service.witness(batch).await?;
        service.batch(batch, "the second batch on L1", |view| view.l1.is_some()).await?;
        let committed_at = setting.l1.timestamp().await?;

        let (prover, bars) = (Arc::clone(&setting.prover), Arc::clone(&setting.bars));
        let keys = move || prover.other_keys(NEXT_SEED, &*bars);
        let keys = Arc::new(tokio::task::spawn_blocking(keys).await??);
        let folder = tempfile::Builder::new().prefix("cairn-upgrade-").tempdir()?;
        let (project, source) = (folder.path().join("project"), keys.solidity_verifier()?);
        let artifacts =
            build_with_verifier(setting.contracts, &source, &project, &["src/generated"]).await?;
        let verifier = artifacts.read("Groth16Verifier.sol", "Groth16Verifier")?;
        let root = setting.prover.circuit_set_root().to_bytes().into();
        let place = setting.sets.register(root, &verifier.creation).await?;
        let registered_at = setting.l1.timestamp().await?;
        let active_at = setting.sets.at(place).await?.activeAt;
        let (withdrawals, shown) = (witness.withdrawals, Vec::new());
        Ok(Self {
            setting,
            keys,
            place,
            committed_at,
            registered_at,
            active_at,
            batch,
            withdrawals,
            shown,
        })
    }

    /// Has the second batch settled with the new key once that counts. The first has been proven with the old one.
    ///
    /// # Errors
    /// The prover's, or L1 says anything else to a proof than it must.
    pub async fn finish(mut self, service: &mut Service) -> Result<UpgradeReport> {
        self.setting.desk.keys.send(Arc::clone(&self.keys))?;
        let both = service
            .wait("proofs by both keys", async |_: &Client| {
                match self.setting.desk.proofs.try_recv() {
                    Ok(both) => Ok(Some(both)),
                    Err(TryRecvError::Empty) => Ok(None),
                    Err(TryRecvError::Disconnected) => bail!("the engine has ended"),
                }
            })
            .await?;
        let calldata = |proof: &BatchesProof| proof.proof.map(U256::from_be_bytes);
        let (old, new) = ((Key::Old, calldata(&both.old)), (Key::New, calldata(&both.new)));
        let (previous, publication) = service.published(self.batch)?;
        let records = (Batch::from(previous), Batch::from(publication.record));
        let refused = Answer::Refused;

        let moment = Moment::Registered;
        self.show(&records, moment, new, Key::New, refused("CircuitSetNotActive")).await?;
        self.setting.anvil.advance_to(self.active_at).await?;
        let moment = Moment::Overlap;
        self.show(&records, moment, new, Key::Old, refused("ProofInvalid")).await?;
        self.show(&records, moment, old, Key::New, refused("ProofInvalid")).await?;
        self.show(&records, moment, old, Key::Old, Answer::Accepted).await?;
        self.setting.sets.retire(OLD).await?;
        let moment = Moment::Retired;
        self.show(&records, moment, old, Key::Old, refused("CircuitSetIsRetired")).await?;
        self.show(&records, moment, new, Key::New, Answer::Accepted).await?;

        // From here on the operator has the proof, and finds the set that takes it.
        self.setting.desk.release.send(())?;
        let view = service.proven(self.batch).await?;
        let Self { setting, keys, committed_at, registered_at, active_at, batch, shown, .. } = self;
        let proven = view.l1.and_then(|l1| l1.proven);
        let proven = proven.ok_or_else(|| eyre!("the second batch is not proven"))?;
        let (prove_gas, _) = service::gas(setting.l1, proven.transaction.into()).await?;
        let proven_at = setting.l1.timestamp().await?;
        let (number, state) = setting.l1.proven().await?;
        ensure!(
            (number, state) == (batch, publication.record.state),
            "L1 has proven batch {number} with state {state}, the second batch is {:?}",
            publication.record
        );
        let (scenario, assets) = (setting.scenario, setting.assets);
        claim(setting.l1, service.client(), batch, &self.withdrawals, scenario, assets).await?;
        Ok(UpgradeReport {
            old_key: setting.prover.keys().verifying_key_hash().into(),
            new_key: keys.verifying_key_hash().into(),
            committed_at,
            registered_at,
            active_at,
            proven_at,
            shown,
            prove_gas,
            state,
        })
    }

    /// Shows a proof of the second batch to the rollup, and notes what it says.
    async fn show(
        &mut self,
        (from, to): &(Batch, Batch),
        moment: Moment,
        (key, proof): (Key, [U256; 8]),
        circuit_set: Key,
        expected: Answer,
    ) -> Result<()> {
        let place = if circuit_set == Key::Old { OLD } else { self.place };
        let got = self.setting.sets.ask(from, to, place, proof).await?;
        ensure!(
            got == expected,
            "a proof of the {key:?} key for the {circuit_set:?} circuit set ({moment:?}): expected {expected:?}, got {got:?}"
        );
        let answer = match got {
            Answer::Accepted => "accepted",
            Answer::Refused(error) => error,
        };
        self.shown.push(Shown { moment, key, circuit_set, answer: answer.to_owned() });
        Ok(())
    }
}

/// Somebody withdraws a quantum. The batch executes nothing of L1's queue, whose deadline comes before the new key.
async fn withdrawal(
    scenario: &Scenario,
    service: &Service,
    wallets: &mut Wallets,
) -> Result<SignedTransaction> {
    for first in &scenario.first_balances {
        let leaf = wallets.leaf(first.account, first.token)?;
        let account = service.client().account(leaf).await?;
        // The leaf may have another owner by now.
        let is_own = |view: &AccountView| view.key == wallets.key(first.account).into();
        if account.is_some_and(|view| is_own(&view) && view.balance.0 > 0) {
            let (from, token) = (first.account, first.token);
            return wallets.sign(&Action::Withdraw { from, token, amount: 1, fee: 0 });
        }
    }
    bail!("nobody has a quantum left for a second batch")
}
