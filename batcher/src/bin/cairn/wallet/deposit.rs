//! `cairn wallet deposit`: from an L1 account into the wallet.

use std::{
    fmt,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, U256, utils::format_ether},
    rpc::types::TransactionReceipt,
    sol_types::SolEvent,
};
use cairn_batcher::{
    api::hex::Key,
    client::{Client, Token},
    l1::{
        client::{Deposit, L1Client},
        contracts::ICustody,
    },
    parse, tell,
};
use cairn_types::{AccountId, PublicKey, TokenId};
use eyre::{Result, WrapErr, bail, eyre};
use serde::Serialize;

use super::{
    bad,
    file::Unlocked,
    home,
    l1_key::{L1Key, sender},
    place::{Amount, L1Place, Place, Service, accounts_of, amount},
};
use crate::reconstruct::print;

pub(super) const EXAMPLES: &str = "\
The L1 account pays the amount, the fee of an operation of L1's queue, and gas. A deposit cannot be
left out by the operator: it is executed once L1 is deep enough.

Examples:
  cairn wallet deposit 2 ETH --l1 http://127.0.0.1:8545 --l1-key l1-key
  cairn wallet deposit 100 USDC --l1-key keystore.json --l1-password-file l1-password --wait";

/// The pause between two looks at the balance.
const PAUSE: Duration = Duration::from_millis(500);

/// See [`super::WalletCommand::Deposit`].
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How much, in units of the token, as 2 or 0.5.
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// The token: its name on L1 as ETH or USDC, its address, or its number.
    #[arg(value_name = "TOKEN")]
    token: String,
    #[command(flatten)]
    wallet: Unlocked,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    #[command(flatten)]
    key: L1Key,
    /// Waits until the wallet has it.
    #[arg(long)]
    wait: bool,
    /// How long, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    #[arg(value_parser = parse::within(1..=604_800_u64))]
    timeout: u64,
    /// Prints JSON instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Deposited {
    key: Key,
    amount: Amount,
    /// Wei that the operation's place in L1's queue has cost.
    fee_wei: String,
    transaction: B256,
    /// Its place in L1's queue.
    queue_index: u64,
    /// Whether the wallet has it, where that was waited for.
    credited: Option<bool>,
}

impl fmt::Display for Deposited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deposited    {} for {}", self.amount, self.key)?;
        writeln!(
            f,
            "L1           transaction {}, place {} of the queue",
            self.transaction, self.queue_index
        )?;
        match self.credited {
            Some(true) => write!(f, "stage        executed: the wallet has it"),
            _ => write!(f, "stage        queued on L1; see `cairn wallet balance`"),
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    arguments.l1.url()?;
    let signer = arguments.key.open()?;
    // Not the key that stands in clear in the file: who has changed that would be paid.
    let key = PublicKey::from(arguments.wallet.secret()?.public());
    let place = Place::connect(&arguments.service, &arguments.l1).await?;
    home::check(&arguments.wallet.file, &place)?;
    let token = place.token(&arguments.token).await?;
    let quanta = amount(&token, &arguments.amount)?;
    let units = token.base_units(quanta);
    let units =
        units.ok_or_else(|| bad(format!("{} are too much for L1", token.amount(quanta))))?;

    let l1 = sender(&place, signer)?;
    let fee = place.l1.priority_fee().await?;
    prepare(&l1, &token, units, fee).await?;
    let account = own(&place.client, key, token.index).await?;
    let before = account.map_or(0, |(_, balance)| balance);
    let is_ether = token.asset.is_zero();
    let deposit = Deposit { token: token.index, is_ether, amount: units, key };
    let pending = match account {
        Some((id, _)) => l1.send_deposit_into(id, &deposit, fee).await?,
        None => l1.send_deposit(&deposit, fee).await?,
    };
    tell!("cairn: sent to L1: transaction {}", pending.hash());
    let receipt = pending.receipt().await?;
    let queue_index = queued(&receipt, place.l1.custody())?;

    let timeout = Duration::from_secs(arguments.timeout);
    let credited = match arguments.wait {
        true => Some(credited(&place.client, key, token.index, before, timeout).await?),
        false => None,
    };
    let deposited = Deposited {
        key: key.into(),
        amount: Amount::of(&token, quanta),
        fee_wei: fee.to_string(),
        transaction: receipt.transaction_hash,
        queue_index,
        credited,
    };
    print(&deposited, arguments.json)
}

/// That the L1 account has what it is to pay, and that custody may draw it.
async fn prepare(l1: &L1Client, token: &Token, units: U256, fee: U256) -> Result<()> {
    let sender = l1.sender();
    let ether = l1.balance(Address::ZERO, sender).await?;
    let needed = if token.asset.is_zero() { fee.saturating_add(units) } else { fee };
    if ether <= needed {
        return Err(bad(format!(
            "{sender} has {} ETH on L1, and pays {} and gas: send it some, or give another \
             --l1-key",
            format_ether(ether),
            format_ether(needed)
        )));
    }
    if token.asset.is_zero() {
        return Ok(());
    }
    let balance = l1.balance(token.asset, sender).await?;
    if balance < units {
        return Err(bad(format!(
            "{sender} has {balance} base units of {token} ({}) on L1, and pays {units}",
            token.asset
        )));
    }
    let allowed = l1.allowance(token.asset).await?;
    if allowed < units {
        // Some tokens take a new allowance in place of none only.
        if !allowed.is_zero() {
            l1.approve(token.asset, U256::ZERO).await?;
        }
        tell!("cairn: letting custody draw {units} base units of {token}");
        l1.approve(token.asset, units).await?;
    }
    Ok(())
}

/// The wallet's account of a token that a deposit goes into, with its balance: the first.
async fn own(client: &Client, key: PublicKey, token: TokenId) -> Result<Option<(AccountId, u64)>> {
    let accounts = accounts_of(client, key).await?;
    let account = accounts.into_iter().find(|account| account.token == token);
    Ok(account.map(|account| (account.id, account.balance.0)))
}

/// The place in L1's queue that custody gave.
fn queued(receipt: &TransactionReceipt, custody: Address) -> Result<u64> {
    let mut logs = receipt.logs().iter().filter(|log| log.address() == custody);
    let event = logs.find_map(|log| ICustody::Deposited::decode_log(&log.inner).ok());
    let missing = || eyre!("L1's receipt of {} tells of no deposit", receipt.transaction_hash);
    Ok(event.ok_or_else(missing)?.queueIndex)
}

/// Waits until the account has more than before: the operator executes deposits once L1 is deep enough.
async fn credited(
    client: &Client,
    key: PublicKey,
    token: TokenId,
    before: u64,
    timeout: Duration,
) -> Result<bool> {
    let started = Instant::now();
    while started.elapsed() < timeout {
        let own = own(client, key, token).await;
        let own = own.wrap_err("the deposit is on L1, and the operator cannot be asked for it")?;
        if own.is_some_and(|(_, balance)| balance > before) {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let seconds = timeout.as_secs();
    bail!(
        "the deposit is on L1 and not executed after {seconds} s: it cannot be lost, see \
         `cairn wallet balance` later"
    )
}
