//! Accounts to load with, where there are none: one deposit on L1, and transfers to new keys from it.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use cairn_state::sign;
use cairn_types::{Authorization, PublicKey, Transaction, Word};

use super::{LoadError, Progress, accounts::development_key};
use crate::{
    api::{
        methods,
        wire::{self, AccountView, Stage, SubmitOutcome},
    },
    client::Client,
    l1::{
        connection::{connect_with, signing},
        contracts::{ICustody, IRollupL1},
    },
};

/// Transfers to new keys that wait at once: the mempool bounds what one account may have waiting.
const WINDOW: usize = 32;
/// How long a deposit may take to arrive, and a window to be executed.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is to be funded, and by whom.
#[derive(Debug)]
pub(super) struct Funding<'a> {
    /// L1's URL.
    pub(super) l1: &'a str,
    /// Pays the deposit.
    pub(super) signer: &'a PrivateKeySigner,
    /// How many development accounts.
    pub(super) accounts: u32,
    /// Quanta that each needs.
    pub(super) each: u64,
}

/// Funds the first development accounts with token 0, which must be ether. Those that exist already stay as they are.
pub(super) async fn fund(
    client: &Client,
    info: &wire::Info,
    funding: &Funding<'_>,
    progress: &dyn Progress,
) -> Result<(), LoadError> {
    let fee = wire::EstimateFee { token: 0, kind: wire::FeeKind::TransferToNew };
    let fee = client.ask::<methods::EstimateFee>(&fee).await?.fee.0;
    let total = (funding.each + fee).saturating_mul(u64::from(funding.accounts) + 1);
    let source = development_key(0);
    let source_key = PublicKey::from(source.public());
    let rich = |account: &AccountView| account.token == 0 && account.balance.0 >= total;
    let mut payer = client.accounts_of(source_key).await?.into_iter().find(rich);
    if payer.is_none() {
        deposit(info, funding, &source_key, total).await?;
        let deadline = Instant::now() + PATIENCE;
        while payer.is_none() {
            if Instant::now() > deadline {
                let reason = format!("it did not arrive within {} s", PATIENCE.as_secs());
                return Err(LoadError::L1 { what: "waiting for the deposit", reason });
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            payer = client.accounts_of(source_key).await?.into_iter().find(rich);
        }
    }
    let Some(payer) = payer else { return Ok(()) };
    let domain = Word::new(info.domain.0);
    let mut nonce = payer.next_nonce;
    let mut window = Vec::new();
    for index in 1..funding.accounts {
        let key = PublicKey::from(development_key(index.into()).public());
        if !client.accounts_of(key).await?.iter().any(|account| account.token == 0) {
            let transaction =
                Transaction::TransferToNew { from: payer.id, key, amount: funding.each, fee };
            let recipient = PublicKey::ZERO;
            let authorization = Authorization { domain, token: 0, nonce, expiry: 0, recipient };
            window.push(sign(&source, transaction, authorization));
            nonce = nonce.saturating_add(1);
        }
        if window.len() == WINDOW || index + 1 == funding.accounts {
            execute(client, &window).await?;
            window.clear();
        }
        progress.step("funding", (index + 1).into(), funding.accounts.into());
    }
    Ok(())
}

/// Submits transactions of one account and waits for the last of them.
async fn execute(
    client: &Client,
    window: &[cairn_types::SignedTransaction],
) -> Result<(), LoadError> {
    let mut last = None;
    for outcome in client.submit_many(window).await? {
        match outcome {
            SubmitOutcome::Accepted(submitted) => last = Some(submitted.hash),
            SubmitOutcome::Refused(body) => {
                return Err(LoadError::Client(body.into()));
            }
        }
    }
    if let Some(hash) = last {
        client.wait_for(hash, Stage::InBlock, PATIENCE).await?;
    }
    Ok(())
}

async fn deposit(
    info: &wire::Info,
    funding: &Funding<'_>,
    key: &PublicKey,
    quanta: u64,
) -> Result<(), LoadError> {
    let failed = |what: &'static str| {
        move |error: alloy::contract::Error| LoadError::L1 { what, reason: error.to_string() }
    };
    let provider = connect_with(funding.l1)
        .map_err(|error| LoadError::L1 { what: "connecting", reason: error.to_string() })?;
    let provider = signing(provider, funding.signer.clone());
    let custody = ICustody::new(Address::from(info.custody), &provider);
    let token = custody.tokenAt(0).call().await.map_err(failed("reading token 0"))?;
    if !token.registered || !token.asset.is_zero() {
        let reason = format!("expected ether, got {}", token.asset);
        return Err(LoadError::L1 { what: "token 0", reason });
    }
    let rollup = IRollupL1::new(Address::from(info.rollup), &provider);
    let fee = rollup.PRIORITY_FEE().call().await.map_err(failed("reading the priority fee"))?;
    let amount = U256::from(quanta) * U256::from(10).pow(U256::from(token.quantumExponent));
    // No account has the largest id: the deposit makes a new one.
    let call = custody.deposit(u32::MAX, 0, amount, key.elements()).value(amount + fee);
    let sent = call.send().await.map_err(failed("depositing"))?;
    let receipt = sent.get_receipt().await;
    let refuse = |reason: String| LoadError::L1 { what: "depositing", reason };
    let receipt = receipt.map_err(|error| refuse(error.to_string()))?;
    if receipt.status() { Ok(()) } else { Err(refuse("the transaction was reverted".into())) }
}
