//! What will be offered: payments, signed before the clock runs.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use cairn_state::{message_digest, sign};
use cairn_types::{Authorization, Digest, Transaction, Word};
use rayon::prelude::*;

use super::{LoadError, LoadOptions, Progress, accounts::LoadAccount};
use crate::{
    api::{
        hex::{Hash, Hex, TransactionBytes},
        wire,
    },
    transfers,
};

/// Quanta of every transfer: who pays whom is what costs, not how much.
pub(super) const AMOUNT: u64 = 1;

/// Who pays whom, in the order of their offers; places in the list of accounts.
#[derive(Debug)]
pub(super) struct Payments(Vec<(u32, u32)>);

/// The payments of a run.
pub(super) fn payments(options: &LoadOptions, count: u64) -> Result<Payments, LoadError> {
    let accounts = options.accounts;
    let pattern: Vec<(u32, u32)> = match &options.input {
        // Everyone in turn pays the next but a few, so that all leaves are touched.
        None => (0..accounts).map(|from| (from, from.wrapping_add(7) % accounts)).collect(),
        Some(file) => {
            let mut names = HashMap::new();
            let mut place = |name: String| {
                let next = u32::try_from(names.len()).unwrap_or(u32::MAX) % accounts;
                *names.entry(name).or_insert(next)
            };
            let records = transfers::read(file)?;
            records.into_iter().map(|record| (place(record.from), place(record.to))).collect()
        }
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Ok(Payments(pattern.into_iter().cycle().take(count).collect()))
}

impl Payments {
    /// Payments of the account that pays most often.
    pub(super) fn most_of_one(&self) -> u64 {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        self.0.iter().for_each(|(from, _)| *counts.entry(*from).or_default() += 1);
        counts.into_values().max().unwrap_or(0)
    }
}

/// Signed transactions in the order of their offers.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) transactions: Vec<TransactionBytes>,
    pub(super) hashes: Vec<Hash>,
}

impl Plan {
    /// Signs all payments on all cores.
    pub(super) fn sign(
        info: &wire::Info,
        accounts: &[LoadAccount],
        Payments(payments): Payments,
        fee: u64,
        progress: &dyn Progress,
    ) -> Result<Self, LoadError> {
        let domain = Word::new(info.domain.0);
        // Nonces follow the order of offers; they are given before signing, which goes in any order.
        let mut nonces: Vec<u32> = accounts.iter().map(|account| account.nonce).collect();
        let mut planned = Vec::with_capacity(payments.len());
        for (from, to) in payments {
            let (from, to) = (from as usize, to as usize);
            if let Some(nonce) = nonces.get_mut(from) {
                planned.push((from, to, *nonce));
                *nonce = nonce.saturating_add(1);
            }
        }
        for (account, next) in accounts.iter().zip(&nonces) {
            let expected = u64::from(next - account.nonce).saturating_mul(fee + AMOUNT);
            if account.balance < expected {
                return Err(LoadError::Funds { id: account.id, expected, got: account.balance });
            }
        }
        let (done, of) = (AtomicU64::new(0), planned.len() as u64);
        let signed = |&(from, to, nonce): &(usize, usize, u32)| {
            let (payer, payee) = (accounts.get(from)?, accounts.get(to)?);
            let transaction =
                Transaction::Transfer { from: payer.id, to: payee.id, amount: AMOUNT, fee };
            let authorization =
                Authorization { domain, token: 0, nonce, expiry: 0, recipient: payee.public };
            let signed = sign(&payer.secret, transaction, authorization);
            let hash = Digest::from(message_digest(&transaction, &authorization));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(256) || done == of {
                progress.step("signatures", done, of);
            }
            Some((Hex(signed.to_bytes()), Hash::from(hash)))
        };
        let (transactions, hashes) = planned.par_iter().filter_map(signed).unzip();
        Ok(Self { transactions, hashes })
    }
}
