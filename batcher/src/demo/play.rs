//! Plays a scenario: deposits on L1, signed operations on L2, one batch.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use cairn_state::{BatchWitness, DataForm, Fault, SlotWitness};
use cairn_types::{
    Operation, PriorityOperation, SignedTransaction, TokenId, Transaction, WORD_BYTES,
};
use eyre::{Result, WrapErr, bail, eyre};
use indicatif::ProgressBar;

use super::{
    forced,
    report::Forced,
    scenario::{Action, Scenario, TokenSpec},
    service::Service,
    wallet::{Wallets, fee_key},
};
use crate::{
    api::wire::{Stage, SubmitOutcome},
    l1::client::L1Client,
};

/// Transactions of one request.
const AT_ONCE: usize = 500;
/// How long the operator may take to execute what it has accepted.
pub const BLOCK_WITHIN: Duration = Duration::from_secs(60);

/// Bytes of a short transfer but for the tag of its word.
const SLOT_BYTES: f64 = 15.0;

/// What came of it.
#[derive(Debug)]
pub struct Played {
    /// The batch, with the witness of every operation.
    pub batch: BatchWitness,
    /// Blocks that its operations were confirmed in.
    pub blocks: u64,
}

/// Base units of so many quanta.
///
/// # Errors
/// They exceed 256 bits.
pub fn base_units(quanta: u64, token: &TokenSpec) -> Result<U256> {
    U256::from(10)
        .checked_pow(U256::from(token.quantum_exponent))
        .and_then(|quantum| quantum.checked_mul(U256::from(quanta)))
        .ok_or_else(|| eyre!("{quanta} quanta of {} exceed 256 bits", token.name))
}

/// Registers the tokens and makes all deposits; returns the mean gas of a deposit.
///
/// # Errors
/// L1's.
pub async fn fund(
    l1: &L1Client,
    scenario: &Scenario,
    assets: &[Address],
    wallets: &Wallets,
    seed: u64,
    bar: &ProgressBar,
) -> Result<u64> {
    let fee = l1.priority_fee().await?;
    for (token, spec) in scenario.tokens.iter().enumerate() {
        if !spec.is_ether {
            let balances = scenario.first_balances.iter().filter(|b| b.token == token);
            let total = balances.map(|b| u128::from(b.amount)).sum::<u128>();
            let total = u64::try_from(total).wrap_err("the deposits of a token exceed 64 bits")?;
            l1.mint_and_approve(assets[token], base_units(total, spec)?).await?;
        }
        l1.register_token(assets[token], spec.quantum_exponent, &fee_key(seed, token), fee).await?;
        bar.inc(1);
    }
    let mut pending = Vec::with_capacity(scenario.first_balances.len());
    for balance in &scenario.first_balances {
        let spec = &scenario.tokens[balance.token];
        let amount = base_units(balance.amount, spec)?;
        let key = wallets.key(balance.account);
        pending.push(
            l1.send_deposit(TokenId::try_from(balance.token)?, spec.is_ether, amount, &key, fee)
                .await?,
        );
        bar.inc(1);
    }
    let deposits = pending.len() as u64;
    let mut gas = 0;
    for transaction in pending {
        gas += transaction.receipt().await?.gas_used;
    }
    Ok(gas / deposits.max(1))
}

/// Operations that the scenario queues on L1.
#[must_use]
pub fn priority_operations(scenario: &Scenario) -> usize {
    scenario.tokens.len() + scenario.first_balances.len() + forced::count(scenario)
}

/// Submits the scenario's actions as their owners sign them, each after what it rests on; returns when all are in blocks.
///
/// # Errors
/// The service refuses or drops a transaction.
pub async fn play(
    service: &mut Service,
    scenario: &Scenario,
    wallets: &mut Wallets,
    bar: &ProgressBar,
) -> Result<()> {
    let mut waiting = Vec::new();
    for action in &scenario.actions {
        // A leaf that is made, or has another owner, is known once the transaction is in a block.
        let makes_leaf = matches!(action, Action::TransferToNew { .. } | Action::ChangeKey { .. });
        waiting.push(wallets.sign(action)?);
        if makes_leaf || waiting.len() == AT_ONCE {
            confirm(service, &waiting).await?;
            bar.inc(waiting.len() as u64);
            waiting.clear();
        }
        if let Action::TransferToNew { to, .. } | Action::ChangeKey { to, .. } = *action {
            service.learn_leaves_of(wallets, to).await?;
        }
    }
    confirm(service, &waiting).await?;
    bar.inc(waiting.len() as u64);
    Ok(())
}

/// Submits transactions in their order and waits until all are in blocks.
async fn confirm(service: &mut Service, transactions: &[SignedTransaction]) -> Result<()> {
    let outcomes = service.client().submit_many(transactions).await?;
    let mut last = None;
    for outcome in outcomes {
        match outcome {
            SubmitOutcome::Accepted(submitted) => last = Some(submitted.hash),
            SubmitOutcome::Refused(body) => bail!("the operator refuses a transaction: {body:?}"),
        }
    }
    // Of one log, and executed in its order.
    if let Some(last) = last {
        service.client().wait_for(last, Stage::InBlock, BLOCK_WITHIN).await?;
    }
    Ok(())
}

impl Played {
    /// Mean data bytes of a short transfer without padding, and of all transfers as published; zero where there are none.
    #[must_use]
    pub fn bytes_per_transfer(&self) -> (f64, f64) {
        let bytes: Vec<DataBytes> = self.batch.slots.iter().filter_map(data_bytes).collect();
        (mean(bytes.iter().filter_map(|b| b.short)), mean(bytes.iter().map(|b| b.published)))
    }

    /// Why each forced transaction changes nothing, if it does.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Option<Fault>> {
        let forced = |slot: &&SlotWitness| {
            matches!(slot.operation, Operation::Priority(PriorityOperation::Forced(_)))
        };
        self.batch.slots.iter().filter(forced).map(|slot| slot.fault).collect()
    }

    /// What the forced transactions came to.
    #[must_use]
    pub fn forced(&self) -> Forced {
        let outcomes = self.outcomes();
        let executed = outcomes.iter().filter(|fault| fault.is_none()).count();
        Forced { executed, refused: outcomes.len() - executed }
    }

    /// How many of the operations are transfers to an account or to a new key.
    #[must_use]
    pub fn transfers(&self) -> usize {
        self.batch.slots.iter().filter_map(data_bytes).count()
    }
}

/// What a transfer takes of the data.
struct DataBytes {
    /// Of a short one its slot and its share of the tag, without the padding of a word that it has alone.
    short: Option<f64>,
    /// Its share of the words.
    published: f64,
}

/// The data of a transfer; `None` for other operations.
fn data_bytes(slot: &SlotWitness) -> Option<DataBytes> {
    let word = WORD_BYTES as f64;
    let half = word / 2.0;
    let Operation::Signed(signed) = slot.operation else { return None };
    let (short, published) = match (signed.transaction, slot.form) {
        (Transaction::Transfer { .. }, DataForm::PairFirst | DataForm::PairSecond) => {
            (Some(half), half)
        }
        (Transaction::Transfer { .. }, DataForm::Single) => (Some(SLOT_BYTES + 1.0), word),
        (Transaction::Transfer { .. }, _) => (None, word),
        (Transaction::TransferToNew { .. }, _) => (None, 2.0 * word),
        _ => return None,
    };
    Some(DataBytes { short, published })
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}
