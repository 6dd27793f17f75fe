//! Plays a scenario: deposits on L1, signed operations on L2, one batch.

use alloy::primitives::{Address, U256};
use cairn_state::{BatchWitness, DataForm, Environment, SlotWitness, State};
use cairn_types::{Operation, PriorityOperation, TokenId, Transaction, WORD_BYTES, Word};
use eyre::{Result, WrapErr, ensure, eyre};
use indicatif::ProgressBar;

use super::{
    forced,
    report::Forced,
    scenario::{Action, Scenario, TokenSpec},
    sequencer::Sequencer,
    wallet::{Wallets, fee_key},
};
use crate::l1::{client::L1Client, queue::QueuedOperation};

/// Operations of one soft-confirmed block.
pub const BLOCK_OPERATIONS: usize = 32;

/// Bytes of a short transfer but for the tag of its word.
const SLOT_BYTES: f64 = 15.0;

/// What came of it.
#[derive(Debug)]
pub struct Played {
    /// The batch, with the witness of every operation.
    pub batch: BatchWitness,
    /// Blocks that its operations were confirmed in.
    pub blocks: usize,
    /// The state after it.
    pub state: State,
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

/// Executes the queue of L1, then the scenario's actions as their owners sign them.
///
/// # Errors
/// The reason for which the transition function refuses an operation.
pub fn play(
    queue: &[QueuedOperation],
    scenario: &Scenario,
    wallets: &mut Wallets,
    environment: Environment,
    bar: &ProgressBar,
) -> Result<Played> {
    let words: Vec<Word> = queue.iter().flat_map(|operation| operation.words.clone()).collect();
    let queued = PriorityOperation::decode_stream(&words)?;
    let expected = priority_operations(scenario);
    ensure!(
        queued.len() == expected,
        "the queue of L1 holds {} operations, {expected} were sent",
        queued.len(),
    );
    let mut sequencer = Sequencer::new(State::genesis(), environment, BLOCK_OPERATIONS);
    let mut forced = Vec::new();
    for operation in queued {
        let id = u32::try_from(sequencer.state().next_id())?;
        let effects = sequencer.accept(Operation::Priority(operation))?;
        if let PriorityOperation::Forced(_) = operation {
            forced.push(effects.fault);
        }
        if let PriorityOperation::Deposit { token, key, .. } = operation {
            let owner = scenario
                .first_balances
                .iter()
                .find(|b| b.token == usize::from(token) && wallets.key(b.account) == key)
                .ok_or_else(|| eyre!("a deposit that the demo did not make"))?;
            wallets.learn(owner.account, owner.token, id);
        }
        bar.inc(1);
    }
    for (position, action) in scenario.actions.iter().enumerate() {
        let signed = wallets.sign(action, sequencer.state())?;
        let new_id = u32::try_from(sequencer.state().next_id())?;
        sequencer
            .accept(Operation::Signed(signed))
            .wrap_err_with(|| format!("operation {position} of the scenario: {action:?}"))?;
        match *action {
            Action::TransferToNew { to, token, .. } => wallets.learn(to, token, new_id),
            Action::ChangeKey { to, token, .. } => {
                wallets.learn(to, token, signed.transaction.from())
            }
            Action::Transfer { .. } | Action::Withdraw { .. } => {}
        }
        bar.inc(1);
    }
    forced::check(&forced, scenario)?;
    let (state, batch, blocks) = sequencer.seal();
    Ok(Played { batch, blocks: blocks.len(), state })
}

impl Played {
    /// Mean data bytes of a short transfer without padding, and of all transfers as published; zero where there are none.
    #[must_use]
    pub fn bytes_per_transfer(&self) -> (f64, f64) {
        let bytes: Vec<DataBytes> = self.batch.slots.iter().filter_map(data_bytes).collect();
        (mean(bytes.iter().filter_map(|b| b.short)), mean(bytes.iter().map(|b| b.published)))
    }

    /// What the forced transactions came to.
    #[must_use]
    pub fn forced(&self) -> Forced {
        let mut forced = Forced::default();
        for slot in &self.batch.slots {
            if let Operation::Priority(PriorityOperation::Forced(_)) = slot.operation {
                let came_to =
                    if slot.fault.is_none() { &mut forced.executed } else { &mut forced.refused };
                *came_to += 1;
            }
        }
        forced
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
