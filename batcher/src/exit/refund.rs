//! Gives queued operations back that a frozen rollup will never execute.

use std::{collections::BTreeSet, fmt};

use alloy::primitives::Address;
use cairn_types::{PriorityOperation, WORD_BYTES, Word};
use eyre::Result;
use serde::Serialize;

use super::{
    l1::{FrozenRollup, Queued},
    submit::{Payment, collect, write_payments},
};

/// What L1 did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Refunded {
    /// One for each operation.
    pub refunds: Vec<Refund>,
    /// One for each credit.
    pub payments: Vec<Payment>,
}

/// An operation that was given back.
#[derive(Debug, Clone, Serialize)]
pub struct Refund {
    /// Its place in the queue.
    pub index: u64,
    /// Who had paid for it.
    pub origin: Address,
    /// Of the transaction.
    pub gas: u64,
}

/// Gives every dropped operation back and has its fee and its deposit paid to its origin.
///
/// # Errors
/// The rollup is not frozen, or the node's.
pub async fn refund(l1: &FrozenRollup) -> Result<Refunded> {
    l1.check_frozen().await?;
    let mut refunded = Refunded::default();
    let mut credits = BTreeSet::new();
    for operation in l1.dropped().await? {
        credits.insert((operation.origin, Address::ZERO));
        if let Some(token) = deposited_token(&operation) {
            credits.insert((operation.origin, l1.asset(token).await?));
        }
        let gas = l1.refund(&operation).await?;
        let Queued { index, origin, .. } = operation;
        refunded.refunds.push(Refund { index, origin, gas });
    }
    refunded.payments = collect(l1, credits).await?;
    Ok(refunded)
}

/// The token of a deposit; none of another operation.
fn deposited_token(operation: &Queued) -> Option<u16> {
    let (words, _) = operation.words.as_chunks::<WORD_BYTES>();
    let words: Vec<_> = words.iter().copied().map(Word::new).collect();
    match PriorityOperation::decode_stream(&words).ok()?.as_slice() {
        [PriorityOperation::Deposit { token, .. }] => Some(*token),
        _ => None,
    }
}

impl fmt::Display for Refunded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Refund { index, origin, gas } in &self.refunds {
            writeln!(f, "operation {index} given back to {origin}, {gas} gas")?;
        }
        write_payments(&self.payments, f)
    }
}
