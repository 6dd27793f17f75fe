//! Submission: what is hopeless or known is answered at once, the rest enters intake.

use std::{sync::atomic::Ordering, time::Instant};

use alloy::primitives::B256;
use cairn_types::{Account, PublicKey, SignedTransaction};
use tokio::sync::oneshot;

use super::{
    INTAKE_MS, LOT, Mempool, Submitted, THROTTLE_MS,
    error::Refused,
    intake::Request,
    pool::{Admission, Pool},
    rules::Rules,
    transaction_hash,
};
use crate::store::records::Sequence;

impl Mempool {
    /// Takes transactions, and answers each in its place once it is on disk. One that is known is submitted again.
    ///
    /// Dropping the future does not take anything back.
    pub async fn submit(
        &self,
        transactions: Vec<SignedTransaction>,
    ) -> Vec<Result<Submitted, Refused>> {
        let started = Instant::now();
        let judged = self.judge(&transactions);
        let verify = transactions.iter().zip(&judged).filter_map(|(signed, judged)| match judged {
            Judged::Verify(key) => Some((*signed, *key)),
            _ => None,
        });
        let known = transactions.iter().zip(&judged).filter_map(|(signed, judged)| match judged {
            Judged::Known(sequence) => Some((*signed, Some(*sequence))),
            Judged::Used(_) => Some((*signed, None)),
            _ => None,
        });
        let (verify, known) = (verify.collect(), known.collect());
        let (verified, known) = tokio::join!(self.enter(verify), self.look_up(known));
        let (mut verified, mut known) = (verified.into_iter(), known.into_iter());
        let answer = |judged| match judged {
            Judged::Verify(_) => verified.next().unwrap_or(Err(Refused::Stopping)),
            Judged::Known(_) => known.next().flatten().ok_or(Refused::Stopping),
            Judged::Used(refused) => known.next().flatten().ok_or(refused),
            Judged::Refused(refused) => Err(refused),
        };
        let answers: Vec<_> = judged.into_iter().map(answer).collect();
        measure(&answers, started);
        answers
    }

    /// Refuses what is hopeless, finds what is known, and says under which key the rest is verified.
    fn judge(&self, transactions: &[SignedTransaction]) -> Vec<Judged> {
        if let Some(reason) = self.throttled() {
            let busy = Refused::Busy { reason, retry_after_ms: THROTTLE_MS };
            return transactions.iter().map(|_| Judged::Refused(busy.clone())).collect();
        }
        let rules = Rules {
            domain: &self.0.domain,
            now: self.0.clock.load(Ordering::Relaxed),
            accounts: self.0.accounts.as_ref(),
            fees: &self.0.fees,
        };
        let mut judged = Vec::with_capacity(transactions.len());
        for lot in transactions.chunks(LOT) {
            let payers: Vec<_> = lot.iter().map(|signed| rules.check(signed)).collect();
            let pool = self.pool();
            judged.extend(lot.iter().zip(payers).map(|(signed, payer)| match payer {
                Ok(payer) => pool.judge(signed, &payer),
                Err(refused) => Judged::Refused(refused),
            }));
        }
        judged
    }

    /// Where transactions stand in the log that are known to, or whose nonce was used: accepted before, and executed
    /// or dropped. Reads the disk and hashes, both on a thread that may take its time, and few at once: whoever sends
    /// old transactions over and over must not hold up anyone else.
    async fn look_up(
        &self,
        items: Vec<(SignedTransaction, Option<Sequence>)>,
    ) -> Vec<Option<Submitted>> {
        let count = items.len();
        if count == 0 {
            return Vec::new();
        }
        // Closed never.
        let _permit = self.0.lookups.acquire().await;
        let mempool = self.clone();
        let found = tokio::task::spawn_blocking(move || {
            let find = |(signed, sequence): (SignedTransaction, Option<Sequence>)| {
                let hash = transaction_hash(&signed);
                match sequence {
                    Some(sequence) => Some(Submitted { hash, sequence }),
                    None => mempool.executed(&hash),
                }
            };
            items.into_iter().map(find).collect()
        });
        found.await.unwrap_or_else(|_| vec![None; count])
    }

    /// A transaction whose nonce was used: accepted before, and executed or dropped.
    pub(super) fn executed(&self, hash: &B256) -> Option<Submitted> {
        // A store that cannot be read ends the operator elsewhere: here it knows nothing.
        let sequence = self.0.store.hashes.get(hash).ok().flatten()?;
        Some(Submitted { hash: *hash, sequence })
    }

    /// Sends as many to intake as there is room for, and waits for the answers.
    async fn enter(
        &self,
        items: Vec<(SignedTransaction, PublicKey)>,
    ) -> Vec<Result<Submitted, Refused>> {
        let count = items.len();
        if count == 0 {
            return Vec::new();
        }
        let mut entering = items;
        entering.truncate(self.0.room.available_permits());
        let number = u32::try_from(entering.len()).unwrap_or(u32::MAX);
        let permit = self.0.room.clone().try_acquire_many_owned(number).ok();
        let mut answers = Vec::with_capacity(count);
        if let Some(permit) = permit.filter(|_| number > 0) {
            let (answer, answered) = oneshot::channel();
            let sent = self.0.requests.try_send(Request { items: entering, answer, permit });
            let stopping = || vec![Err(Refused::Stopping); number as usize];
            answers.extend(match sent {
                Ok(()) => answered.await.unwrap_or_else(|_| stopping()),
                Err(_) => stopping(),
            });
        }
        let reason = "too many transactions are being verified".to_owned();
        answers.resize(count, Err(Refused::Busy { reason, retry_after_ms: INTAKE_MS }));
        answers
    }
}

impl Pool {
    fn judge(&self, signed: &SignedTransaction, payer: &Account) -> Judged {
        match self.check(signed, payer) {
            Ok(Admission::Known(sequence)) if self.is_durable(sequence) => Judged::Known(sequence),
            // Judged again when its place is given: what comes with it, before it, may free one.
            Ok(_) | Err(Refused::NonceAhead { .. } | Refused::LeafFull { .. }) => {
                Judged::Verify(self.key_for(signed, payer))
            }
            // Executed already, as it is or another with its nonce.
            Err(refused @ Refused::NonceUsed { .. }) => Judged::Used(refused),
            Err(refused) => Judged::Refused(refused),
        }
    }
}

/// What is known of a transaction before its signature is looked at.
#[derive(Debug, Clone)]
enum Judged {
    /// It is in the log, and waits.
    Known(Sequence),
    /// Its nonce was used, by itself perhaps.
    Used(Refused),
    /// Its signature must hold under this key.
    Verify(PublicKey),
    Refused(Refused),
}

/// Counts answers, and how long whoever was accepted had to wait.
fn measure(answers: &[Result<Submitted, Refused>], started: Instant) {
    let mut accepted = 0;
    for answer in answers {
        match answer {
            Ok(_) => accepted += 1,
            Err(refused) => {
                let reason = refused.word();
                metrics::counter!("cairn_mempool_refused_total", "reason" => reason).increment(1);
            }
        }
    }
    if accepted > 0 {
        metrics::counter!("cairn_mempool_accepted_total").increment(accepted);
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("cairn_mempool_acknowledgement_seconds").record(seconds);
    }
}
