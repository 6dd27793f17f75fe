//! Two transactions that the operator cannot leave out, queued on L1 by the first depositor: a withdrawal of one quantum, and
//! one that its owner has not signed. The first is executed, the second changes nothing, and the batch's proof says both.

use alloy::primitives::U256;
use cairn_state::Fault;
use cairn_types::FIRST_USER_ID;
use eyre::{Result, ensure};

use super::{
    scenario::{Action, Scenario},
    wallet::Wallets,
};
use crate::l1::client::L1Client;

/// What the queue should come to: the reason for which each changes nothing, if one does.
const OUTCOMES: [Option<Fault>; 2] = [None, Some(Fault::Signature)];

/// Forced transactions of a scenario.
#[must_use]
pub fn count(scenario: &Scenario) -> usize {
    if scenario.first_balances.is_empty() { 0 } else { OUTCOMES.len() }
}

/// Queues both; returns the mean gas. The deposits have been made.
///
/// # Errors
/// L1's.
pub async fn queue(
    l1: &L1Client,
    scenario: &Scenario,
    wallets: &mut Wallets,
    fee: U256,
) -> Result<u64> {
    let Some(balance) = scenario.first_balances.first() else { return Ok(0) };
    let (from, token) = (balance.account, balance.token);
    wallets.learn(from, token, u32::try_from(FIRST_USER_ID)?, 0);
    // Everyone has a quantum more than the scenario spends.
    let withdrawal = Action::Withdraw { from, token, amount: 1, fee: 0 };
    let signed = wallets.sign(&withdrawal)?;
    // The next nonce, but the signature of this one.
    let mut unsigned = signed;
    unsigned.authorization.nonce += 1;
    let gas = l1.force(&signed, fee).await? + l1.force(&unsigned, fee).await?;
    Ok(gas / OUTCOMES.len() as u64)
}

/// Checks that the one was executed, and the other not.
///
/// # Errors
/// They came to something else.
pub fn check(outcomes: &[Option<Fault>], scenario: &Scenario) -> Result<()> {
    let expected = &OUTCOMES[..count(scenario)];
    let (expected_words, got) = (words(expected), words(outcomes));
    ensure!(outcomes == expected, "forced transactions: expected {expected_words}, got {got}");
    Ok(())
}

/// What they came to, in words.
fn words(outcomes: &[Option<Fault>]) -> String {
    let word = |outcome: Option<Fault>| match outcome {
        None => "one executed".to_owned(),
        Some(fault) => format!("one without effect ({fault:?})"),
    };
    match outcomes.is_empty() {
        true => "none".to_owned(),
        false => outcomes.iter().copied().map(word).collect::<Vec<_>>().join(", "),
    }
}
