//! `cairn wallet balance`: what the wallet has, by the operator's word, and by L1's.

use std::fmt;

use cairn_batcher::api::hex::Key;
use cairn_types::AccountId;
use eyre::{Result, ensure};
use serde::Serialize;

use super::{
    file::WalletFile,
    place::{Amount, L1Place, Place, Service, Tokens, accounts_of},
};
use crate::reconstruct::print;

pub(super) const EXAMPLES: &str = "\
The balance is the operator's word. With --verified, each account is proven against the state that
L1 has verified a proof of: what was executed since is not in that.

Examples:
  cairn wallet balance --l1 http://127.0.0.1:8545
  cairn wallet balance --verified --json";

/// See [`super::WalletCommand::Balance`].
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    wallet: WalletFile,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    /// Holds each account against L1's last proven state.
    #[arg(long)]
    verified: bool,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Balances {
    key: Key,
    accounts: Vec<Account>,
}

#[derive(Serialize)]
struct Account {
    id: AccountId,
    balance: Amount,
    nonce: u32,
    /// Where it was asked for.
    proven: Option<Proven>,
}

/// What L1 has proven of an account.
#[derive(Serialize)]
struct Proven {
    balance: Amount,
    nonce: u32,
    batch: u32,
}

impl fmt::Display for Balances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.key)?;
        if self.accounts.is_empty() {
            return write!(
                f,
                "\nno account yet: `cairn wallet deposit` makes one, and so does a payment to \
                 the key"
            );
        }
        for Account { id, balance, proven, .. } in &self.accounts {
            write!(f, "\naccount {id:<10} {balance}")?;
            if let Some(Proven { balance, batch, .. }) = proven {
                write!(f, "; proven on L1 up to batch {batch}: {balance}")?;
            }
        }
        Ok(())
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let key = arguments.wallet.key()?;
    if arguments.verified {
        arguments.l1.url()?;
    }
    let (client, info) = arguments.service.connect().await?;
    let place = Place::connect_if_named(&arguments.service, &arguments.l1, &client, &info).await?;
    let mut tokens = Tokens::new(place.as_ref().map(|place| &place.l1));
    let mut accounts = Vec::new();
    for view in accounts_of(&client, key).await? {
        ensure!(
            view.key == key.into(),
            "the operator names account {} of another key: its answer cannot be used",
            view.id
        );
        let mut proven = None;
        if arguments.verified
            && let Some(place) = &place
        {
            let seen = client.verified_account(&place.l1, view.id).await?;
            // An account of somebody else, or none, has nothing of this wallet's.
            let is_own = seen.account.key == key && seen.account.token == view.token;
            let (balance, nonce) =
                if is_own { (seen.account.balance, seen.account.nonce) } else { (0, 0) };
            let balance = tokens.amount(view.token, balance).await?;
            proven = Some(Proven { balance, nonce, batch: seen.proven.batch });
        }
        let balance = tokens.amount(view.token, view.balance.0).await?;
        accounts.push(Account { id: view.id, balance, nonce: view.nonce, proven });
    }
    print(&Balances { key: key.into(), accounts }, arguments.json)
}
