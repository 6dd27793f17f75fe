//! Brings what waits in the outbox to the node: sends, sends again what the node has forgotten, bumps what is stuck.

use std::collections::BTreeSet;

use alloy::{
    primitives::{B256, Bytes},
    providers::{DynProvider, Provider},
};
use metrics::{counter, gauge};
use tracing::{debug, info};

use super::{
    alarms::{Alarm, Alarms},
    chain::Chain,
    error::SettlementError,
    fees::{Caps, Fees},
    outbox::Outbox,
    plan::Pool,
    signed::{self, Call, Signer},
    verdict::{self, Verdict},
};
use crate::{
    clock::now_ms,
    l1::error::{L1Error, rpc},
    store::records::{Milliseconds, OutboxTransaction, Purpose},
};

/// What is done about a transaction that is not mined for long.
enum Remedy {
    /// Nothing.
    Wait,
    /// It is signed with the fees of now.
    Renew,
    /// A cancellation for the other pool takes its place.
    ClearPool,
    /// It offers more.
    Bump,
}

/// `was_taken` says whether a node has ever taken it.
fn remedy(verdict: Option<Verdict>, was_taken: bool) -> Remedy {
    match verdict {
        Some(Verdict::InsufficientFunds | Verdict::Refused) if !was_taken => Remedy::Renew,
        Some(Verdict::InsufficientFunds | Verdict::Refused) => Remedy::Wait,
        // It waits for those before it, or has been mined: the next round shows.
        Some(Verdict::NonceTooHigh | Verdict::NonceTooLow) => Remedy::Wait,
        Some(Verdict::OtherPool) if !was_taken => Remedy::ClearPool,
        Some(
            Verdict::Known
            | Verdict::OtherPool
            | Verdict::ReplacementUnderpriced
            | Verdict::Underpriced,
        )
        | None => Remedy::Bump,
    }
}

/// What people are told of a verdict.
fn complaint(verdict: Option<Verdict>) -> Option<(Alarm, &'static str)> {
    match verdict? {
        Verdict::InsufficientFunds => {
            Some((Alarm::Funds, "the settlement's account cannot pay for its transactions"))
        }
        Verdict::Refused => {
            let line = "the node does not take a transaction; it is offered again";
            Some((Alarm::Transaction, line))
        }
        _ => None,
    }
}

/// Who sends, and by which rules.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) provider: DynProvider,
    pub(super) signer: Signer,
    pub(super) caps: Caps,
    pub(super) resubmit_after: Milliseconds,
}

impl Sender {
    /// One round over all that waits, in the order of the nonces, but for what is `idle`.
    ///
    /// # Errors
    /// The node does not answer, or the store's.
    pub(super) async fn deliver(
        &self,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
        idle: &BTreeSet<u64>,
    ) -> Result<(), SettlementError> {
        let nonces: Vec<_> = outbox.waiting(chain.nonce).map(|(nonce, _)| nonce).collect();
        gauge!("pending_txs").set(nonces.len() as f64);
        for (place, nonce) in nonces.into_iter().enumerate() {
            let Some(row) = outbox.get(nonce).cloned().filter(|_| !idle.contains(&nonce)) else {
                continue;
            };
            let verdict = if row.sent_ms.is_some() && self.is_known(&row).await? {
                None
            } else {
                self.send(nonce, outbox).await?
            };
            let remedy = remedy(verdict, row.sent_ms.is_some());
            if let Some((alarm, line)) = complaint(verdict) {
                alarms.raise(alarm, &line);
            }
            // Only the first can be mined next: the fees of the others do not matter yet.
            let stuck = row.attempts.last().is_some_and(|attempt| {
                now_ms().saturating_sub(attempt.signed_ms) >= self.resubmit_after
            });
            if place > 0 || !stuck {
                continue;
            }
            let changed = match remedy {
                Remedy::Wait => false,
                Remedy::Renew => self.renew(nonce, chain, outbox, alarms)?,
                Remedy::ClearPool => self.clear_pool(nonce, chain, outbox, alarms)?,
                Remedy::Bump => self.bump(nonce, chain, outbox, alarms)?,
            };
            if changed {
                self.send(nonce, outbox).await?;
            }
        }
        Ok(())
    }

    /// Signs a new transaction and stores it. It is sent in the next round.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn store(
        &self,
        outbox: &mut Outbox,
        nonce: u64,
        purpose: Purpose,
        call: Call,
        fees: &Fees,
    ) -> Result<(), SettlementError> {
        let signed = self.signer.sign(nonce, call, fees, now_ms())?;
        info!(nonce, %purpose, hash = %signed.attempt.hash, max_fee = fees.max_fee, "signed");
        let row = OutboxTransaction {
            purpose,
            attempts: vec![signed.attempt],
            raw: signed.raw,
            sent_ms: None,
            mined: None,
            is_final: false,
        };
        Ok(outbox.put(nonce, row)?)
    }

    /// Replaces a transaction by one that does nothing. Stored, and sent in the next round.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn cancel(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<(), SettlementError> {
        let Some(row) = outbox.get(nonce) else { return Ok(()) };
        let pool = signed::pool(&row.raw);
        self.replace(nonce, pool, true, chain, outbox, alarms).map(drop)
    }

    /// Fills a nonce that nobody uses, so that what is behind it can be mined. Stored, and sent in the next round.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn fill(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<(), SettlementError> {
        let behind = outbox.waiting(nonce).next();
        let pool = behind.map_or(Pool::Plain, |(_, row)| signed::pool(&row.raw));
        match self.caps.first(&chain.market, pool == Pool::Blobs) {
            Err(above) => alarms.raise(Alarm::Fees, &above),
            Ok(fees) => {
                info!(nonce, "nobody uses this nonce: it is filled");
                let call = self.nothing(pool)?;
                self.store(outbox, nonce, Purpose::Cancel, call, &fees)?;
            }
        }
        Ok(())
    }

    /// The node has a transaction of the other type that is not in the outbox: only one of that type takes its place. Whether
    /// there is one to be sent now.
    fn clear_pool(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<bool, SettlementError> {
        let Some(row) = outbox.get(nonce) else { return Ok(false) };
        let other = match signed::pool(&row.raw) {
            Pool::Plain => Pool::Blobs,
            Pool::Blobs => Pool::Plain,
        };
        self.replace(nonce, other, false, chain, outbox, alarms)
    }

    /// Puts a cancellation for this pool in the place of a transaction, above its fees if it is of the same pool; false if the fees
    /// are above the caps.
    fn replace(
        &self,
        nonce: u64,
        pool: Pool,
        above: bool,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<bool, SettlementError> {
        let Some(row) = outbox.get(nonce).cloned() else { return Ok(false) };
        let old = row.attempts.last().filter(|_| above).map(Fees::from);
        let fees = match old {
            Some(old) => self.caps.bump(&old, &chain.market),
            None => self.caps.first(&chain.market, pool == Pool::Blobs),
        };
        match fees {
            Err(above) => {
                alarms.raise(Alarm::Fees, &above);
                Ok(false)
            }
            Ok(fees) => {
                let signed = self.signer.sign(nonce, self.nothing(pool)?, &fees, now_ms())?;
                info!(nonce, purpose = %row.purpose, hash = %signed.attempt.hash, "cancelled");
                counter!("tx_cancelled_count").increment(1);
                let mut attempts = row.attempts;
                attempts.push(signed.attempt);
                let (purpose, raw) = (Purpose::Cancel, signed.raw);
                let row = OutboxTransaction { purpose, attempts, raw, sent_ms: None, ..row };
                outbox.put(nonce, row)?;
                Ok(true)
            }
        }
    }

    /// Offers more for the same transaction; false if that is above the caps.
    fn bump(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<bool, SettlementError> {
        let Some(mut row) = outbox.get(nonce).cloned() else { return Ok(false) };
        let Some(last) = row.attempts.last().cloned() else { return Ok(false) };
        match self.caps.bump(&Fees::from(&last), &chain.market) {
            Err(above) => {
                alarms.raise(Alarm::Fees, &above);
                Ok(false)
            }
            Ok(fees) => {
                let signed = self.signer.again(&row.raw, &last, &fees, now_ms())?;
                let Fees { max_fee, priority_fee, blob_fee } = fees;
                info!(nonce, purpose = %row.purpose, max_fee, priority_fee, ?blob_fee, "bumped");
                counter!("tx_gas_bump").increment(1);
                row.attempts.push(signed.attempt);
                row.raw = signed.raw;
                outbox.put(nonce, row)?;
                Ok(true)
            }
        }
    }

    /// Signs a transaction that no node has ever taken with the fees of now: a node may refuse what costs too much in all, and
    /// the account may be too poor for it. False if these are the same, or above the caps.
    fn renew(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<bool, SettlementError> {
        let Some(mut row) = outbox.get(nonce).cloned() else { return Ok(false) };
        // The new form takes the place of the last one, which is nowhere.
        let Some(last) = row.attempts.pop() else { return Ok(false) };
        match self.caps.first(&chain.market, last.blob_fee.is_some()) {
            Err(above) => {
                alarms.raise(Alarm::Fees, &above);
                Ok(false)
            }
            Ok(fees) if fees == Fees::from(&last) => Ok(false),
            Ok(fees) => {
                let signed = self.signer.again(&row.raw, &last, &fees, now_ms())?;
                info!(nonce, purpose = %row.purpose, max_fee = fees.max_fee, "signed again");
                row.attempts.push(signed.attempt);
                row.raw = signed.raw;
                outbox.put(nonce, row)?;
                Ok(true)
            }
        }
    }

    /// Sends the latest form of a transaction, whether or not it was sent before. What the node says against it; nothing if it
    /// took it.
    async fn send(
        &self,
        nonce: u64,
        outbox: &mut Outbox,
    ) -> Result<Option<Verdict>, SettlementError> {
        let Some(row) = outbox.get(nonce).cloned() else { return Ok(None) };
        let verdict = self.broadcast(&row.raw).await?;
        match verdict {
            None | Some(Verdict::Known) if row.sent_ms.is_none() => {
                outbox.put(nonce, OutboxTransaction { sent_ms: Some(now_ms()), ..row })?;
            }
            None => {
                counter!("transaction_resent").increment(1);
                debug!(nonce, "sent again");
            }
            Some(_) => {}
        }
        Ok(verdict.filter(|verdict| *verdict != Verdict::Known))
    }

    async fn broadcast(&self, raw: &Bytes) -> Result<Option<Verdict>, L1Error> {
        match self.provider.send_raw_transaction(raw).await {
            Ok(_) => Ok(None),
            Err(e) => match e.as_error_resp() {
                Some(answer) => {
                    let verdict = verdict::parse(&answer.message);
                    if verdict != Verdict::Known {
                        counter!("tx_publish_error_count").increment(1);
                        debug!(?verdict, answer = %answer.message, "a transaction was not taken");
                    }
                    Ok(Some(verdict))
                }
                None => Err(rpc("sending a transaction", e)),
            },
        }
    }

    /// Whether the node has the latest form of a transaction.
    async fn is_known(&self, row: &OutboxTransaction) -> Result<bool, L1Error> {
        let last: Option<B256> = row.attempts.last().map(|attempt| attempt.hash);
        let Some(hash) = last else { return Ok(false) };
        let found = self.provider.get_transaction_by_hash(hash).await;
        Ok(found.map_err(|e| rpc("looking for a transaction", e))?.is_some())
    }

    fn nothing(&self, pool: Pool) -> Result<Call, SettlementError> {
        Ok(Call::nothing(self.signer.address(), pool)?)
    }
}
