//! Accounts to load with, where there are none: one deposit on L1, and transfers to new keys from it.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, B256, U256},
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
        client::{Deposit, L1Client},
        contracts::ICustody,
        deployment::Deployment,
        error::rpc,
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
                return Err(LoadError::NoDeposit(PATIENCE));
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

/// Makes the deposit, and waits until it is mined: at a bounded price, and not for ever.
async fn deposit(
    info: &wire::Info,
    funding: &Funding<'_>,
    key: &PublicKey,
    quanta: u64,
) -> Result<(), LoadError> {
    let contracts = Deployment {
        rollup: Address::from(info.rollup),
        custody: Address::from(info.custody),
        domain: B256::left_padding_from(&info.domain.0),
    };
    let l1 = L1Client::new(funding.l1, funding.signer.clone(), contracts)?;
    let custody = ICustody::new(contracts.custody, l1.provider());
    let token = custody.tokenAt(0).call().await.map_err(|e| rpc("reading token 0", e))?;
    if !token.registered || !token.asset.is_zero() {
        return Err(LoadError::NoEther { got: token.asset });
    }
    let fee = l1.priority_fee().await?;
    let amount = U256::from(quanta) * U256::from(10).pow(U256::from(token.quantumExponent));
    let deposit = Deposit { token: 0, is_ether: true, amount, key: *key };
    l1.send_deposit(&deposit, fee).await?.receipt().await?;
    Ok(())
}
