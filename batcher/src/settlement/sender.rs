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
    /// It is forgotten if nothing builds on it, so that what is owed is drafted and simulated again; else signed with the
    /// fees of now.
    Draft,
    /// A cancellation for the other pool takes its place.
    ClearPool,
    /// It offers more.
    Bump,
}

/// `was_taken` says whether a node has ever taken it.
fn remedy(verdict: Option<Verdict>, was_taken: bool) -> Remedy {
    match verdict {
        Some(Verdict::InsufficientFunds) if !was_taken => Remedy::Renew,
        // What is wrong with it may be what every form has: its gas, as it was simulated.
        Some(Verdict::Refused) if !was_taken => Remedy::Draft,
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

/// Whether no node has ever taken any form of a transaction, as far as they have said.
fn is_nowhere(row: &OutboxTransaction) -> bool {
    row.sent_ms.is_none() && row.attempts.len() == 1
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
            if place > 0 || !self.is_stuck(&row, now_ms()) {
                continue;
            }
            let changed = match remedy {
                Remedy::Wait => false,
                Remedy::Draft
                    if is_nowhere(&row) && outbox.next(nonce) == nonce.saturating_add(1) =>
                {
                    info!(nonce, purpose = %row.purpose, "no node takes it: it is made again");
                    outbox.forget(nonce..)?;
                    false
                }
                Remedy::Draft | Remedy::Renew => self.renew(nonce, chain, outbox, alarms)?,
                Remedy::ClearPool => self.clear_pool(nonce, chain, outbox, alarms).await?,
                // Where L1 has made no block since, more would not have helped.
                Remedy::Bump if !outbox.has_had_a_chance(nonce, chain.hash) => false,
                Remedy::Bump => self.bump(nonce, chain, outbox, alarms)?,
            };
            if changed {
                self.send(nonce, outbox).await?;
            }
        }
        Ok(())
    }

    /// Signs a new transaction, at the head with this hash, and stores it. It is sent in the next round.
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
        head: B256,
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
        Ok(outbox.put_signed(nonce, row, head)?)
    }

    /// Replaces a transaction by one that does nothing. Stored, and sent in the next round.
    ///
    /// # Errors
    /// The node's or the store's.
    pub(super) async fn cancel(
        &self,
        nonce: u64,
        chain: &Chain,
        outbox: &mut Outbox,
        alarms: &mut Alarms,
    ) -> Result<(), SettlementError> {
        let Some(row) = outbox.get(nonce) else { return Ok(()) };
        let pool = signed::pool(&row.raw);
        self.replace(nonce, pool, true, chain, outbox, alarms).await.map(drop)
    }

    /// Fills a nonce that nobody uses, so that what is behind it can be mined. Stored, and sent in the next round.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn fill(
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
                let call = self.nothing(pool).await?;
                self.store(outbox, nonce, Purpose::Cancel, call, &fees, chain.hash)?;
            }
        }
        Ok(())
    }

    /// The node has a transaction of the other type that is not in the outbox: only one of that type takes its place. Whether
    /// there is one to be sent now.
    async fn clear_pool(
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
        self.replace(nonce, other, false, chain, outbox, alarms).await
    }

    /// Puts a cancellation for this pool in the place of a transaction, above its fees if it is of the same pool; false if the fees
    /// are above the caps.
    async fn replace(
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
        let first = || self.caps.first(&chain.market, pool == Pool::Blobs);
        let fees = match old.map(|old| self.caps.bump(&old, &chain.market)) {
            // What the node does not have needs not be outbid. It is sent no more either, so that it would block the account.
            Some(Err(_)) if !self.is_known(&row).await? => first(),
            Some(fees) => fees,
            None => first(),
        };
        match fees {
            Err(above) => {
                alarms.raise(Alarm::Fees, &above);
                Ok(false)
            }
            Ok(fees) => {
                let signed = self.signer.sign(nonce, self.nothing(pool).await?, &fees, now_ms())?;
                info!(nonce, purpose = %row.purpose, hash = %signed.attempt.hash, "cancelled");
                counter!("tx_cancelled_count").increment(1);
                let mut attempts = row.attempts;
                attempts.push(signed.attempt);
                let (purpose, raw) = (Purpose::Cancel, signed.raw);
                let row = OutboxTransaction { purpose, attempts, raw, sent_ms: None, ..row };
                outbox.put_signed(nonce, row, chain.hash)?;
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
                outbox.put_signed(nonce, row, chain.hash)?;
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
                outbox.put_signed(nonce, row, chain.hash)?;
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

    /// Whether a transaction was not mined for long. A clock that was set back says nothing of it.
    fn is_stuck(&self, row: &OutboxTransaction, now: Milliseconds) -> bool {
        row.attempts.last().is_some_and(|attempt| {
            let waited = now.checked_sub(attempt.signed_ms);
            waited.is_none_or(|waited| waited >= self.resubmit_after)
        })
    }

    async fn nothing(&self, pool: Pool) -> Result<Call, SettlementError> {
        let account = self.signer.address();
        // Blobs take a CPU for a while.
        match tokio::task::spawn_blocking(move || Call::nothing(account, pool)).await {
            Ok(call) => Ok(call?),
            Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
        }
    }
}
