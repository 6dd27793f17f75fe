//! Plays a scenario: deposits on L1, signed operations on L2.

use alloy::primitives::{Address, U256};
use cairn_types::{SignedTransaction, TokenId};
use eyre::{Result, WrapErr, eyre};
use indicatif::ProgressBar;

use super::{
    forced,
    played::Played,
    scenario::{Action, FirstBalance, Scenario, TokenSpec},
    service::{BLOCK_TIME, Service},
    wallet::{Wallets, fee_key},
};
use crate::{
    api::wire::SubmitOutcome,
    client::ClientError,
    l1::{
        anvil::Anvil,
        client::{Deposit, L1Client},
    },
};

/// More deposits than these share blocks, which are made when as many as fit wait. A block for each is there at once,
/// but the node takes ever longer for the next.
const MANY: usize = 300;
/// Transactions of one request.
const AT_ONCE: usize = 500;

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
    anvil: &Anvil,
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
    let deposit = |balance: &FirstBalance| -> Result<Deposit> {
        let spec = &scenario.tokens[balance.token];
        Ok(Deposit {
            token: TokenId::try_from(balance.token)?,
            is_ether: spec.is_ether,
            amount: base_units(balance.amount, spec)?,
            key: wallets.key(balance.account),
        })
    };
    let deposits = scenario.first_balances.iter().map(deposit).collect::<Result<Vec<_>>>()?;
    let are_many = deposits.len() > MANY;
    if are_many {
        anvil.mine_every(BLOCK_TIME).await?;
    }
    let done = async |more: usize| {
        bar.inc(more as u64);
        if are_many && more > 1 { anvil.mine().await } else { Ok(()) }
    };
    Ok(l1.deposit_all(&deposits, fee, done).await?)
}

/// Operations that the scenario queues on L1.
#[must_use]
pub fn priority_operations(scenario: &Scenario) -> usize {
    scenario.tokens.len() + scenario.first_balances.len() + forced::count(scenario)
}

/// Submits the scenario's actions as their owners sign them, each after what it rests on; returns when all are in
/// blocks.
///
/// # Errors
/// The service refuses or drops a transaction.
pub async fn play(
    service: &mut Service,
    scenario: &Scenario,
    wallets: &mut Wallets,
    played: &mut Played,
    bar: &ProgressBar,
) -> Result<()> {
    let mut waiting = Vec::new();
    for action in &scenario.actions {
        // A leaf that is made, or has another owner, is known once the transaction is in a block.
        let makes_leaf = matches!(action, Action::TransferToNew { .. } | Action::ChangeKey { .. });
        waiting.push(wallets.sign(action)?);
        if makes_leaf || waiting.len() == AT_ONCE {
            confirm(service, &waiting).await?;
            played.follow(service.store())?;
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
            SubmitOutcome::Refused(body) => {
                let refusal = ClientError::from(body);
                return Err(refusal).wrap_err("the operator refuses a transaction of the demo");
            }
        }
    }
    // Of one log, and executed in its order.
    match last {
        Some(last) => service.in_block(last).await,
        None => Ok(()),
    }
}
