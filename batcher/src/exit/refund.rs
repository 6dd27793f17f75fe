//! Gives queued operations back that a frozen rollup will never execute.

use std::{collections::BTreeSet, fmt};

use alloy::primitives::Address;
use cairn_types::{PriorityOperation, WORD_BYTES, Word};
use eyre::{Result, bail, ensure};
use serde::Serialize;

use super::{
    l1::{FrozenError, FrozenRollup, Queued},
    submit::{AGAIN, Payment, collect, write_payments},
};
use crate::tell;

/// What L1 did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Refunded {
    /// One for each operation that was given back.
    pub refunds: Vec<Refund>,
    /// One for each that was not.
    pub refused: Vec<Refused>,
    /// One for each credit.
    pub payments: Vec<Payment>,
    /// Why it ended early: the node. What is not above was not tried.
    pub fault: Option<String>,
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

/// An operation that L1 did not give back.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Its place in the queue.
    pub index: u64,
    /// Who had paid for it.
    pub origin: Address,
    /// Why.
    pub reason: String,
}

impl Refunded {
    /// Refuses what did not all go through.
    ///
    /// # Errors
    /// The node's, or how many operations L1 did not give back.
    pub fn check(&self) -> Result<()> {
        if let Some(fault) = &self.fault {
            bail!("{fault}; {AGAIN}");
        }
        let (refused, tried) = (self.refused.len(), self.refused.len() + self.refunds.len());
        ensure!(refused == 0, "{refused} of {tried} operations not given back: see their lines");
        Ok(())
    }
}

/// Gives every dropped operation back and has its fee and its deposit paid to its origin.
/// What L1 refuses is no error here, see [`Refunded::check`].
///
/// # Errors
/// The rollup is not frozen, or the node's before anything is sent.
pub async fn refund(l1: &FrozenRollup) -> Result<Refunded> {
    l1.check_frozen().await?;
    let dropped = l1.dropped().await?;
    tell!("cairn: giving back {} operations, everyone's", waiting(&dropped));
    Ok(give_back(l1, &dropped).await)
}

/// As [`refund`], but only the operations of one origin.
///
/// # Errors
/// As [`refund`].
pub async fn refund_of(l1: &FrozenRollup, origin: Address) -> Result<Refunded> {
    l1.check_frozen().await?;
    let mut dropped = l1.dropped().await?;
    let all = waiting(&dropped);
    dropped.retain(|operation| operation.origin == origin);
    let own = waiting(&dropped);
    let hint = if own < all { "; --all for the rest" } else { "" };
    tell!("cairn: giving back {own} of {all} operations, those of {origin}{hint}");
    Ok(give_back(l1, &dropped).await)
}

/// How many have not been given back.
fn waiting(operations: &[Queued]) -> usize {
    operations.iter().filter(|operation| !operation.refunded).count()
}

async fn give_back(l1: &FrozenRollup, operations: &[Queued]) -> Refunded {
    let mut refunded = Refunded::default();
    let ended = give_back_into(l1, operations, &mut refunded).await;
    refunded.fault = ended.err().map(|fault| fault.to_string());
    refunded
}

/// Ends where nothing else would come through either.
async fn give_back_into(
    l1: &FrozenRollup,
    operations: &[Queued],
    refunded: &mut Refunded,
) -> Result<(), FrozenError> {
    let mut credits = BTreeSet::new();
    for operation in operations {
        let &Queued { index, origin, refunded: is_refunded, .. } = operation;
        // One that was given back before may not have been paid.
        if !is_refunded {
            match l1.refund(operation).await {
                Ok(gas) => refunded.refunds.push(Refund { index, origin, gas }),
                Err(error) => {
                    let reason = error.to_string();
                    refunded.refused.push(Refused { index, origin, reason });
                    if error.is_transient() {
                        return Err(error);
                    }
                    continue;
                }
            }
        }
        credits.insert((origin, Address::ZERO));
        if let Some(token) = deposited_token(operation) {
            credits.insert((origin, l1.asset(token).await?));
        }
    }
    collect(l1, credits, &mut refunded.payments).await
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
        for Refused { index, origin, reason } in &self.refused {
            writeln!(f, "operation {index} of {origin} NOT GIVEN BACK: {reason}")?;
        }
        write_payments(&self.payments, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_refund_is_named_and_counted() {
        let origin = Address::ZERO;
        let mut refunded = Refunded {
            refunds: vec![Refund { index: 3, origin, gas: 5 }],
            refused: vec![Refused { index: 4, origin, reason: "why".to_owned() }],
            ..Refunded::default()
        };
        let text = refunded.to_string();
        assert!(text.starts_with("operation 3 given back to 0x"), "{text}");
        assert!(text.ends_with(" NOT GIVEN BACK: why\n") && text.contains("operation 4 of 0x"));
        let error = refunded.check().unwrap_err().to_string();
        assert!(error.starts_with("1 of 2 operations not given back"), "{error}");
        refunded.refused.clear();
        assert!(refunded.check().is_ok());
        refunded.fault = Some("no node".to_owned());
        assert!(refunded.check().unwrap_err().to_string().starts_with("no node; run the same"));
    }
}
