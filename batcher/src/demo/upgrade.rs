//! A new key while a batch is in flight: the rollup's governor registers the verifier of another key for the same
//! circuits, which counts after the delay. The batch was committed before, and settles with the new key.
//!
//! ```text
//! 1 and 2 committed, key registered -> 1 settles (old key) -> new key: not active | 30 days | old key: taken still
//!     -> the council retires it -> old key: retired -> 2 settles (new key) -> its withdrawal is paid
//! ```
//!
//! The circuits stay, and so does the root of their set: what is new is the SNARK's key, as after another ceremony.

mod engine;

use std::{fmt, path::Path, sync::Arc};

use alloy::primitives::{Address, B256, U256};
use cairn_prover::{BatchesProof, Engine, LocalProver, SnarkKeys};
use cairn_types::{SignedTransaction, Word};
use eyre::{Result, WrapErr, bail, ensure, eyre};
use serde::Serialize;

pub use self::engine::{Desk, UpgradeEngine};
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

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "old",
            Self::New => "new",
        })
    }
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

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "before it counts",
            Self::Overlap => "both count",
            Self::Retired => "old one retired",
        })
    }
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
        setting.desk.prove_as_ever_until(setting.last);
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
        self.setting.desk.hand_over(Arc::clone(&self.keys))?;
        let proofs = async |_: &Client| self.setting.desk.proofs();
        let both = service.wait("proofs by both keys", proofs).await?;
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
        self.setting.desk.release()?;
        let view = service.proven(self.batch).await?;
        let Self { setting, keys, committed_at, registered_at, active_at, batch, shown, .. } = self;
        let proven = view.l1.and_then(|l1| l1.proven);
        let proven = proven.ok_or_else(|| eyre!("the second batch is not proven"))?;
        let (prove_gas, _) = service::gas(setting.l1, proven.transaction.into()).await?;
        let proven_at = setting.l1.timestamp().await?;
        let (number, state) = setting.l1.proven().await?;
        let expected = publication.record.state;
        ensure!(
            (number, state) == (batch, expected),
            "L1 has proven batch {number} with state {state}, expected {batch} with {expected}"
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
            "a proof by the {key} key for the {circuit_set} circuit set ({moment}): expected {expected}, got {got}"
        );
        self.shown.push(Shown { moment, key, circuit_set, answer: got.to_string() });
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
