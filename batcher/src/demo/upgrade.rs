//! A new key while a batch is in flight: the rollup's governor registers the verifier of another key for the same circuits, which
//! counts after the delay. The batch was committed before, and settles with the new key.
//!
//! ```text
//! 1 and 2 committed, key registered -> 1 settles (old key) -> new key: not active | 30 days | old key: taken still
//!     -> the council retires it -> old key: retired -> 2 settles (new key) -> its withdrawal is paid
//! ```
//!
//! The circuits stay, and so does the root of their set: what is new is the SNARK's key, as after another ceremony.

use std::{path::Path, sync::Arc};

use alloy::primitives::{Address, B256, U256};
use cairn_prover::{BatchesProof, Cancel, Engine, LocalProver, SnarkKeys};
use cairn_state::{BatchWitness, Environment, State};
use cairn_types::{Operation, Word};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Serialize;

use super::{
    circuit_sets::{Answer, CircuitSets},
    play::BLOCK_OPERATIONS,
    scenario::{Action, Scenario},
    sequencer::Sequencer,
    settle::{self, Committed, calldata},
    wallet::Wallets,
};
use crate::{
    deploy::project::build_with_verifier,
    l1::{anvil::Anvil, client::L1Client},
    progress::Bars,
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

/// A running rollup whose first batch is committed and not proven.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The local L1.
    pub anvil: &'a Anvil,
    /// The operator's view of it.
    pub l1: &'a L1Client,
    /// The list that the new key comes into.
    pub sets: CircuitSets,
    /// The Foundry project.
    pub contracts: &'a Path,
    /// What was played.
    pub scenario: &'a Scenario,
    /// L1 contract of each token, zero for ether.
    pub assets: &'a [Address],
    /// The users.
    pub wallets: &'a Wallets,
    /// What signatures and proofs are bound to.
    pub domain: Word,
    /// Where data goes.
    pub data: settle::Place<'a>,
    /// Proves.
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
    batch: Committed,
    shown: Vec<Shown>,
}

impl<'a> Upgrade<'a> {
    /// Commits a second batch on top of the first, whose state is given, and registers the new key.
    ///
    /// # Errors
    /// L1's, the prover's, or the new verifier does not build.
    pub async fn begin(setting: Setting<'a>, first: &Committed, state: &State) -> Result<Self> {
        let timestamp = u32::try_from(setting.l1.timestamp().await?)?;
        let environment = Environment { domain: setting.domain, timestamp };
        let batch = withdrawal(setting.scenario, setting.wallets, state, environment)?;
        let previous = first.record.clone();
        let batch = settle::commit(setting.l1, setting.data, previous, batch, &[]).await?;
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
        let shown = Vec::new();
        Ok(Self { setting, keys, place, committed_at, registered_at, active_at, batch, shown })
    }

    /// Settles the second batch with the new key once that counts. The first has been proven with the old one.
    ///
    /// # Errors
    /// The prover's, or L1 says anything else to a proof than it must.
    pub async fn finish(mut self) -> Result<UpgradeReport> {
        let (old, new) = self.prove().await?;
        let (old, new) = ((Key::Old, calldata(&old)), (Key::New, calldata(&new)));
        let refused = Answer::Refused;

        let moment = Moment::Registered;
        self.show(moment, new, Key::New, refused("CircuitSetNotActive")).await?;
        self.setting.anvil.advance_to(self.active_at).await?;
        let moment = Moment::Overlap;
        self.show(moment, new, Key::Old, refused("ProofInvalid")).await?;
        self.show(moment, old, Key::New, refused("ProofInvalid")).await?;
        self.show(moment, old, Key::Old, Answer::Accepted).await?;
        self.setting.sets.retire(OLD).await?;
        let moment = Moment::Retired;
        self.show(moment, old, Key::Old, refused("CircuitSetIsRetired")).await?;
        self.show(moment, new, Key::New, Answer::Accepted).await?;

        let Self { setting, keys, place, committed_at, registered_at, active_at, batch, shown } =
            self;
        let prove_gas = setting.sets.prove(&batch.previous, &batch.record, place, new.1).await?;
        let proven_at = setting.l1.timestamp().await?;
        let (number, state) = setting.l1.proven().await?;
        ensure!(
            (number, state) == (batch.record.number, batch.record.state),
            "L1 has proven batch {number} with state {state}, the second batch is {:?}",
            batch.record
        );
        settle::claim(setting.l1, &batch, setting.scenario, setting.assets).await?;
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

    /// One proof by each key: the SNARKs of one and the same constraint system.
    async fn prove(&self) -> Result<(BatchesProof, BatchesProof)> {
        let (prover, bars) = (Arc::clone(&self.setting.prover), Arc::clone(&self.setting.bars));
        let (keys, job) = (Arc::clone(&self.keys), self.batch.job());
        let work = move || {
            let wrapped = prover.wrap(&[job], &*bars, &Cancel::default())?;
            let old = prover.snark(&wrapped, prover.keys(), &*bars)?;
            Ok::<_, eyre::Report>((old, prover.snark(&wrapped, &keys, &*bars)?))
        };
        let (old, new) = tokio::task::spawn_blocking(work).await??;
        self.batch.check(&old)?;
        self.batch.check(&new)?;
        Ok((old, new))
    }

    /// Shows a proof of the second batch to the rollup, and notes what it says.
    async fn show(
        &mut self,
        moment: Moment,
        (key, proof): (Key, [U256; 8]),
        circuit_set: Key,
        expected: Answer,
    ) -> Result<()> {
        let place = if circuit_set == Key::Old { OLD } else { self.place };
        let (from, to) = (&self.batch.previous, &self.batch.record);
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

/// A batch in which somebody withdraws a quantum. It executes nothing of L1's queue, whose deadline comes before the new key.
fn withdrawal(
    scenario: &Scenario,
    wallets: &Wallets,
    state: &State,
    environment: Environment,
) -> Result<BatchWitness> {
    let rich = scenario.first_balances.iter().find(|first| {
        let leaf = wallets.leaf(first.account, first.token);
        leaf.is_ok_and(|leaf| state.account(leaf).balance > 0)
    });
    let owner = rich.ok_or_else(|| eyre!("nobody has a quantum left for a second batch"))?;
    let action = Action::Withdraw { from: owner.account, token: owner.token, amount: 1, fee: 0 };
    let signed = wallets.sign(&action, state)?;
    let mut sequencer = Sequencer::new(state.clone(), environment, BLOCK_OPERATIONS);
    sequencer.accept(Operation::Signed(signed)).wrap_err("the second batch")?;
    Ok(sequencer.seal().1)
}
