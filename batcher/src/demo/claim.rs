//! What a user does with a withdrawal of a proven batch.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
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

/// Claims that are on their way at the same time: so many fit a block.
const AT_ONCE: usize = 64;

/// Claims every withdrawal of a batch with what the service says, many at a time, and checks that each recipient has
/// been paid what it is owed; returns the gas of all.
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
    // One recipient may have several: what they come to together.
    let mut owed: BTreeMap<(Address, Address), U256> = BTreeMap::new();
    let withdrawals = Withdrawal::decode_stream(words)?;
    for withdrawal in &withdrawals {
        let token = usize::from(withdrawal.token);
        let amount = play::base_units(withdrawal.amount, &scenario.tokens[token])?;
        *owed.entry((assets[token], withdrawal.recipient.into())).or_default() += amount;
    }
    let mut before = Vec::with_capacity(owed.len());
    for &(asset, recipient) in owed.keys() {
        before.push(l1.balance(asset, recipient).await?);
    }
    let (mut gas, all) = (0, (0..u32::try_from(withdrawals.len())?).collect::<Vec<_>>());
    for some in all.chunks(AT_ONCE) {
        let mut sent = Vec::with_capacity(some.len());
        for &index in some {
            let at = WithdrawalAt { batch, index };
            let view: WithdrawalView = client.ask::<methods::WithdrawalAt>(&at).await?;
            ensure!(view.claimable, "withdrawal {index} of batch {batch} is not claimable");
            let path: Vec<_> = view.path.iter().map(|hash| hash.0).collect();
            let word = Word::new(view.word.0);
            sent.push(l1.send_claim(batch, index as usize, &word, &path).await?);
        }
        for claim in sent {
            gas += claim.receipt().await?.gas_used;
        }
    }
    for (((asset, recipient), owed), before) in owed.into_iter().zip(before) {
        let paid = l1.balance(asset, recipient).await? - before;
        ensure!(
            paid == owed,
            "the withdrawals of batch {batch} paid {paid} of {owed} base units to {recipient}"
        );
    }
    Ok(gas)
}
