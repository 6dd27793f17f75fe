//! What a user does with a withdrawal of a proven batch.

use alloy::primitives::Address;
use cairn_types::{Withdrawal, Word};
use eyre::{Result, ensure};

use super::{play, scenario::Scenario};
use crate::{
    api::{
        methods,
        wire::{WithdrawalAt, WithdrawalView},
    },
    client::Client,
    l1::client::L1Client,
    store::records::BatchNumber,
};

/// Claims every withdrawal with what the service says, and checks that its recipient has been paid; returns the gas of
/// all.
///
/// # Errors
/// L1's, or a recipient has been paid something else.
pub async fn claim(
    l1: &L1Client,
    client: &Client,
    batch: BatchNumber,
    words: &[Word],
    scenario: &Scenario,
    assets: &[Address],
) -> Result<u64> {
    let mut gas = 0;
    for (index, withdrawal) in (0..).zip(Withdrawal::decode_stream(words)?) {
        let token = usize::from(withdrawal.token);
        let (asset, recipient) = (assets[token], Address::from(withdrawal.recipient));
        let before = l1.balance(asset, recipient).await?;
        let at = WithdrawalAt { batch, index };
        let view: WithdrawalView = client.ask::<methods::WithdrawalAt>(&at).await?;
        ensure!(view.claimable, "withdrawal {index} of batch {batch} is not claimable");
        let path: Vec<_> = view.path.iter().map(|hash| hash.0).collect();
        gas += l1.claim(batch, index as usize, &Word::new(view.word.0), &path).await?;
        let paid = l1.balance(asset, recipient).await? - before;
        let owed = play::base_units(withdrawal.amount, &scenario.tokens[token])?;
        ensure!(paid == owed, "withdrawal {index} paid {paid} of {owed} base units to {recipient}");
    }
    Ok(gas)
}
