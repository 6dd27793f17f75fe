//! `cairn wallet history`: what the operator's log has of the wallet's accounts.

use std::fmt;

use alloy::primitives::Address;
use cairn_batcher::{
    api::{
        hex::Key,
        methods,
        wire::{FeeKind, HistoryOf, TransactionView},
    },
    client::Client,
    parse, tell,
};
use cairn_types::{AccountId, PublicKey};
use eyre::Result;
use serde::Serialize;

use super::{
    file::WalletFile,
    place::{Amount, L1Place, Place, Service, Tokens, accounts_of},
    words,
};
use crate::reconstruct::print;

pub(super) const EXAMPLES: &str = "\
It lists what the accounts have signed and the transfers that name them, as the operator's log has
them. Deposits are not among it, they are L1's; nor is a payment that has made the account: `cairn
wallet balance` shows what came of both.

Examples:
  cairn wallet history
  cairn wallet history --count 100 --l1 http://127.0.0.1:8545 --json";

/// Questions for one account: each answer looks at a bounded part of the operator's log.
const MOST_QUESTIONS: usize = 200;

/// See [`super::WalletCommand::History`].
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    wallet: WalletFile,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    /// How many transactions of an account at most, the latest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = parse::within(1..=10_000_usize))]
    count: usize,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A transaction of one of the wallet's accounts.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) account: AccountId,
    pub(super) view: TransactionView,
}

/// The latest transactions of a key's accounts, of each at most so many.
pub(super) async fn of_key(client: &Client, key: PublicKey, most: usize) -> Result<Vec<Own>> {
    let mut all: Vec<Own> = Vec::new();
    for account in accounts_of(client, key).await? {
        let (mut before, mut found) = (None, 0);
        for _ in 0..MOST_QUESTIONS {
            let params = HistoryOf { id: account.id, before };
            let part = client.ask::<methods::History>(&params).await?;
            for view in part.transactions {
                let is_new = !all.iter().any(|own| own.view.hash == view.hash);
                if found < most && is_new {
                    found += 1;
                    all.push(Own { account: account.id, view });
                }
            }
            before = part.before;
            if before.is_none() || found >= most {
                break;
            }
        }
        if before.is_some() && found < most {
            let id = account.id;
            tell!("cairn: the operator's log is long: what account {id} did earlier is left out");
        }
    }
    all.sort_by_key(|own| std::cmp::Reverse(own.view.sequence));
    Ok(all)
}

#[derive(Serialize)]
struct History {
    transactions: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    transaction: TransactionView,
    /// Which of the wallet's accounts it is of.
    account: AccountId,
    /// Whether the account is paid.
    incoming: bool,
    shown: Amount,
    fee_shown: Amount,
    /// The last batch that L1 has a proof of, where L1 was asked.
    #[serde(skip)]
    proven: Option<u32>,
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.transactions.is_empty() {
            return write!(
                f,
                "the operator's log has no transaction of this wallet; deposits are not in it"
            );
        }
        let lines = self.transactions.iter().map(Row::to_string);
        write!(f, "{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transaction: TransactionView { hash, life, .. }, .. } = self;
        writeln!(f, "{hash}  {}", words::ago(life.accepted_ms))?;
        writeln!(f, "    {}", self.what())?;
        write!(f, "    {}", words::stage(life, self.proven))
    }
}

impl Row {
    fn what(&self) -> String {
        let Self { transaction, account, shown, fee_shown, .. } = self;
        let from = transaction.from;
        let to = match (transaction.to, transaction.key, transaction.recipient) {
            (Some(to), _, _) => format!("account {to}"),
            (_, Some(key), _) => format!("a new account of {key}"),
            (_, _, Some(recipient)) => format!("{} on L1", Address::from(recipient)),
            (None, None, None) => "nobody".to_owned(),
        };
        match transaction.kind {
            FeeKind::ChangeKey => {
                let key = transaction.key.unwrap_or(Key::from(PublicKey::ZERO));
                format!("account {from} is handed to {key}, fee {fee_shown}")
            }
            _ if self.incoming => format!("{shown} from account {from} to account {account}"),
            FeeKind::Withdraw => {
                format!("{shown} withdrawn from account {from} to {to}, fee {fee_shown}")
            }
            FeeKind::Transfer | FeeKind::LongTransfer | FeeKind::TransferToNew => {
                format!("{shown} from account {from} to {to}, fee {fee_shown}")
            }
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let key = arguments.wallet.key()?;
    let (client, info) = arguments.service.connect().await?;
    let place = Place::connect_if_named(&arguments.service, &arguments.l1, &client, &info).await?;
    let mut tokens = Tokens::new(place.as_ref().map(|place| &place.l1));
    let proven = match &place {
        Some(place) => Some(place.l1.proven().await?.batch),
        None => None,
    };
    let mut transactions = Vec::new();
    for Own { account, view } in of_key(&client, key, arguments.count).await? {
        transactions.push(Row {
            account,
            incoming: view.from != account,
            shown: tokens.amount(view.token, view.amount.0).await?,
            fee_shown: tokens.amount(view.token, view.fee.0).await?,
            transaction: view,
            proven,
        });
    }
    print(&History { transactions }, arguments.json)
}
