//! The operator stops: a stranger freezes the rollup and lets everyone leave, with real proofs and no help from the operator.
//!
//! ```text
//! L1's data -> state, snapshot -> exit proofs | queued deposit, deadline passes -> freeze -> exits -> refund -> credits paid -> custody is empty
//! ```

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::{
    primitives::{Address, B256, U256},
    signers::local::PrivateKeySigner,
};
use cairn_prover::LocalProver;
use cairn_state::State;
use cairn_types::{AccountId, domain};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Serialize;
use sha3::{Digest as _, Keccak256};

use super::{play, rebuild::rebuilt, scenario::Scenario, wallet::Wallets};
use crate::{
    exit::{
        keys::Keys,
        l1::{FrozenError, FrozenRollup},
        prove, refund,
        request::{Row, sign_and_check},
        submit::{self, Payment},
    },
    l1::{
        anvil::Anvil,
        client::{Deposit, L1Client},
        deployment::Deployment,
    },
    progress::Bars,
    snapshot::Snapshot,
    store::records::BatchNumber,
};

/// Second account of the development mnemonic: it has no role in the rollup.
const STRANGER_KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

/// What leaving took.
#[derive(Debug, Clone, Serialize)]
pub struct ExitReport {
    /// Leaves that left, those of fees too.
    pub leaves: usize,
    /// Proofs that they left with.
    pub proofs: usize,
    /// Mean wall seconds of a proof.
    pub proof_s: f64,
    /// Mean gas of an exit transaction.
    pub exit_gas: u64,
    /// Mean gas of a refund.
    pub refund_gas: u64,
    /// Mean gas of a payment.
    pub collect_gas: u64,
}

/// A settled rollup that is about to be left.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The local L1.
    pub anvil: &'a Anvil,
    /// The operator's view of it.
    pub operator: &'a L1Client,
    /// Who has proven the batches.
    pub prover_address: Address,
    /// The deployment.
    pub manifest: &'a Deployment,
    /// What was played.
    pub scenario: &'a Scenario,
    /// L1 contract of each token, zero for ether.
    pub assets: &'a [Address],
    /// The users.
    pub wallets: &'a Wallets,
    /// The last batch, which is proven.
    pub batch: BatchNumber,
    /// The operator's state commitment after it: what the stranger comes to is held against it.
    pub state: B256,
    /// Where members of a data committee keep the words.
    pub members: Vec<PathBuf>,
    /// Proves exits.
    pub prover: Arc<LocalProver>,
    /// Progress.
    pub bars: Arc<Bars>,
    /// For snapshot and proofs.
    pub folder: &'a Path,
}

/// Leaves the rollup, every leaf of it, and checks that everyone has been paid and custody holds nothing.
///
/// # Errors
/// L1 refuses something, or money is missing or left.
pub async fn leave(settled: Settled<'_>, seed: u64) -> Result<ExitReport> {
    let Settled {
        anvil,
        operator,
        prover_address,
        manifest,
        scenario,
        assets,
        wallets,
        batch,
        state,
        members,
        prover,
        bars,
        folder,
    } = settled;
    let chain_id = crate::l1::anvil::CHAIN_ID;
    let state = rebuilt(&anvil.url(), manifest.rollup, &members, state).await?;
    let path = folder.join("state.snapshot");
    Snapshot { chain_id, rollup: manifest.rollup, batch, state }.write(&path)?;
    let mut snapshot = Snapshot::read(&path)?;

    let rows: Vec<Row> = snapshot
        .state
        .accounts()
        .map(|(leaf, _)| Row { leaf, recipient: recipient(leaf), signature: None })
        .collect();
    let domain = domain(chain_id, &manifest.rollup.into_array());
    let keys = keys(wallets, scenario, seed);
    let requests = sign_and_check(&rows, &snapshot.state, &domain, &keys)?;
    let expected = expected(&snapshot.state, scenario, assets)?;

    let proofs = folder.join("exits");
    let proven = {
        let (bars, proofs) = (Arc::clone(&bars), proofs.clone());
        let work = move || {
            let proven = prove::prove(&prover, &mut snapshot, &requests, &proofs, &bars)?;
            // A second run finds every file.
            let again = prove::prove(&prover, &mut snapshot, &requests, &proofs, &bars)?;
            ensure!(again.iter().all(|proof| proof.kept), "a proof was made twice");
            Ok(proven)
        };
        tokio::task::spawn_blocking(work).await??
    };

    // A deposit that nobody executes.
    queue_deposit(operator, scenario, assets, wallets).await?;
    let stranger: PrivateKeySigner = STRANGER_KEY.parse()?;
    let l1 = FrozenRollup::connect(&anvil.url(), manifest.rollup, Some(stranger)).await?;
    let files = submit::read_folder(&proofs)?;
    let early = submit::check(&l1, manifest.rollup, &files).await.err();
    ensure!(
        early.is_some_and(|e| matches!(e.downcast_ref(), Some(FrozenError::NotFrozen { .. }))),
        "an exit before the freeze was not refused"
    );
    anvil.advance_to(u64::try_from(l1.deadline().await?)? + 1).await?;
    l1.freeze().await?;

    let bar = bars.bar("exits", files.len());
    let submitted = submit::submit(&l1, manifest.rollup, &files, &bar).await?;
    bars.finish(&bar);
    submitted.check()?;
    let left = l1.exited().await?;
    ensure!(left.len() == rows.len(), "{} of {} leaves have left", left.len(), rows.len());
    let again = submit::submit(&l1, manifest.rollup, &files, &bar).await?;
    ensure!(
        again.payments.is_empty() && again.exits.iter().all(|sent| sent.gas.is_none()),
        "leaves have left twice"
    );
    let refunded = refund::refund(&l1).await?;
    refunded.check()?;
    ensure!(refunded.refunds.len() == 1, "{} operations given back", refunded.refunds.len());
    l1.collect_reward(prover_address).await?;

    for ((owner, asset), owed) in expected {
        let paid = operator.balance(asset, owner).await?;
        ensure!(paid == owed, "{owner} was paid {paid} of {owed} base units of {asset}");
    }
    for &asset in assets.iter().chain([&Address::ZERO]) {
        let rest = operator.balance(asset, l1.custody()).await?;
        ensure!(rest.is_zero(), "custody still holds {rest} base units of {asset}");
    }

    let payments: Vec<&Payment> = submitted.payments.iter().chain(&refunded.payments).collect();
    Ok(ExitReport {
        leaves: rows.len(),
        proofs: proven.len(),
        proof_s: proven.iter().map(|proof| proof.wall_s).sum::<f64>() / proven.len() as f64,
        exit_gas: mean(submitted.exits.iter().filter_map(|sent| sent.gas)),
        refund_gas: mean(refunded.refunds.iter().map(|refund| refund.gas)),
        collect_gas: mean(payments.iter().filter_map(|payment| payment.gas)),
    })
}

/// An L1 address that nobody has used, one for each leaf.
fn recipient(leaf: AccountId) -> Address {
    let hash: [u8; 32] = Keccak256::digest(format!("exit of leaf {leaf}")).into();
    Address::from_slice(&hash[12..])
}

fn keys(wallets: &Wallets, scenario: &Scenario, seed: u64) -> Keys {
    let mut keys = Keys::default();
    wallets.secret_keys().iter().cloned().for_each(|key| keys.add(key));
    let fees = (0..scenario.tokens.len()).map(|token| super::wallet::fee_secret_key(seed, token));
    fees.for_each(|key| keys.add(key));
    keys
}

/// What each recipient must be paid.
fn expected(
    state: &State,
    scenario: &Scenario,
    assets: &[Address],
) -> Result<BTreeMap<(Address, Address), U256>> {
    let mut expected = BTreeMap::new();
    for (leaf, account) in state.accounts() {
        let token = usize::from(account.token);
        let spec = scenario.tokens.get(token).ok_or_else(|| eyre!("leaf {leaf} has no token"))?;
        let amount = play::base_units(account.balance, spec)?;
        expected.insert((recipient(leaf), assets[token]), amount);
    }
    Ok(expected)
}

/// Queues a deposit of one quantum of the first token.
async fn queue_deposit(
    operator: &L1Client,
    scenario: &Scenario,
    assets: &[Address],
    wallets: &Wallets,
) -> Result<()> {
    let (spec, asset) = (&scenario.tokens[0], assets[0]);
    let amount = play::base_units(1, spec)?;
    if !spec.is_ether {
        operator.mint_and_approve(asset, amount).await?;
    }
    let fee = operator.priority_fee().await?;
    let deposit = Deposit { token: 0, is_ether: spec.is_ether, amount, key: wallets.key(0) };
    let sent = operator.send_deposit(&deposit, fee).await?;
    sent.receipt().await.wrap_err("the deposit that is to be given back")?;
    Ok(())
}

fn mean(values: impl Iterator<Item = u64>) -> u64 {
    let (sum, count) = values.fold((0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / count.max(1)
}
