//! What has become of transactions: mined, taken back with their block, final, or pushed aside by another one.

use alloy::{
    consensus::Transaction as _,
    network::TransactionBuilder,
    primitives::B256,
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use metrics::{counter, histogram};
use tracing::{info, warn};

use super::{chain::Chain, draft, error::SettlementError, outbox::Outbox, vain::Vain};
use crate::{
    clock::now_ms,
    l1::error::{L1Error, rpc},
    store::records::{Mined, OutboxTransaction},
};

/// Brings the outbox up to the chain. Returns whether anything has changed.
///
/// What it finds is for people and for fees. That a batch is committed or proven, only the watcher says.
///
/// `last_final` is the last block that nothing takes back, as the watcher has read the chain; none if the node is on another
/// branch. Only up to there are transactions final: their bytes are given up then.
///
/// # Errors
/// The node's or the store's; what was found before stays.
pub(super) async fn confirm(
    provider: &DynProvider,
    chain: &Chain,
    outbox: &mut Outbox,
    vain: &mut Vain,
    last_final: Option<u64>,
) -> Result<bool, SettlementError> {
    let mut changed = false;
    let mut all_final = true;
    for nonce in outbox.nonces() {
        let Some(row) = outbox.get(nonce).cloned() else { continue };
        let mined = if nonce < chain.nonce { find(provider, chain, &row).await? } else { None };
        if mined != row.mined {
            changed = true;
            report(provider, nonce, &row, mined.as_ref()).await;
            if mined.is_some_and(|mined| !mined.success) {
                let signed_ms = row.attempts.last().map_or(0, |attempt| attempt.signed_ms);
                vain.note(row.purpose, nonce, signed_ms);
            }
            outbox.put(nonce, OutboxTransaction { mined, ..row })?;
        }
        let since = match mined {
            Some(mined) => Some(mined.block),
            None if nonce < chain.nonce => Some(pushed_aside(outbox, nonce, chain.head)),
            None => None,
        };
        if mined.is_some() || since.is_none() {
            outbox.give_back(nonce);
        }
        all_final &= since.zip(last_final).is_some_and(|(block, last)| block <= last);
        if all_final {
            outbox.finish(nonce)?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Since which head another transaction has had this nonce.
fn pushed_aside(outbox: &mut Outbox, nonce: u64, head: u64) -> u64 {
    let since = outbox.take(nonce, head);
    if since == head {
        counter!("tx_nonce_taken").increment(1);
        warn!(
            nonce,
            "the nonce was used by a transaction that is none of the settlement's: does anybody else send with this key?"
        );
    }
    since
}

/// Where one of a transaction's forms was mined, if its block is on the chain.
async fn find(
    provider: &DynProvider,
    chain: &Chain,
    row: &OutboxTransaction,
) -> Result<Option<Mined>, SettlementError> {
    if let Some(mined) = row.mined
        && chain.contains(provider, mined.block, mined.block_hash).await?
    {
        return Ok(Some(mined));
    }
    for attempt in row.attempts.iter().rev() {
        let what = "reading a receipt";
        let receipt = provider.get_transaction_receipt(attempt.hash).await;
        let receipt = receipt.map_err(|e| rpc(what, e))?;
        let Some(mined) = receipt.and_then(|receipt| mined(attempt.hash, &receipt)) else {
            continue;
        };
        if chain.contains(provider, mined.block, mined.block_hash).await? {
            return Ok(Some(mined));
        }
    }
    Ok(None)
}

fn mined(hash: B256, receipt: &TransactionReceipt) -> Option<Mined> {
    Some(Mined {
        hash,
        block: receipt.block_number?,
        block_hash: receipt.block_hash?,
        success: receipt.status(),
        gas: receipt.gas_used,
        gas_price: receipt.effective_gas_price,
        blob_gas: receipt.blob_gas_used.unwrap_or(0),
        blob_gas_price: receipt.blob_gas_price.unwrap_or(0),
    })
}

async fn report(
    provider: &DynProvider,
    nonce: u64,
    row: &OutboxTransaction,
    mined: Option<&Mined>,
) {
    let purpose = row.purpose;
    let Some(mined) = mined else {
        warn!(nonce, %purpose, "the node does not show it as mined any more: its block has left the chain");
        return;
    };
    if let Some(first) = row.sent_ms {
        histogram!("tx_confirmed_latency_ms").record(now_ms().saturating_sub(first) as f64);
    }
    let gas_wei = u128::from(mined.gas).saturating_mul(mined.gas_price);
    let blob_wei = u128::from(mined.blob_gas).saturating_mul(mined.blob_gas_price);
    let fee_gwei = gas_wei.saturating_add(blob_wei) as f64 / 1e9;
    counter!("tx_fee_gwei_total").increment(fee_gwei as u64);
    counter!("blob_used_bytes").increment(mined.blob_gas);
    if mined.success {
        info!(nonce, %purpose, hash = %mined.hash, block = mined.block, gas = mined.gas, fee_gwei, "mined");
        return;
    }
    counter!("tx_reverted_count").increment(1);
    let reason = why(provider, mined).await.unwrap_or_else(|e| e.to_string());
    warn!(nonce, %purpose, hash = %mined.hash, block = mined.block, reason, "mined and reverted");
}

/// Why a transaction was refused: it is called again on top of its block.
async fn why(provider: &DynProvider, mined: &Mined) -> Result<String, L1Error> {
    let what = "asking why a transaction was reverted";
    let found = provider.get_transaction_by_hash(mined.hash).await.map_err(|e| rpc(what, e))?;
    let found = found.ok_or_else(|| rpc(what, "the node does not have it"))?;
    let mut request = TransactionRequest::default()
        .with_from(found.inner.signer())
        .with_input(found.input().clone());
    request.to = Some(found.kind());
    request.blob_versioned_hashes = found.blob_versioned_hashes().map(<[B256]>::to_vec);
    match provider.call(request).block(mined.block.into()).await {
        Ok(_) => Ok("unknown: called again, it is not refused".to_owned()),
        Err(e) => draft::refusal(&e).ok_or_else(|| rpc(what, e)),
    }
}
