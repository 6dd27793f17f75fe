//! `cairn wallet status`: how far a transaction is, in words.

use std::fmt;

use cairn_batcher::{
    api::{
        hex::Hash,
        wire::{FeeKind, Stage, TransactionView},
    },
    client::check_withdrawal,
};
use eyre::{Result, ensure, eyre};
use serde::Serialize;

use super::{
    place::{Amount, L1Place, Place, Service, Tokens},
    signed, words,
};
use crate::reconstruct::print;

pub(super) const EXAMPLES: &str = "\
When the next stages may be reached is what the last final batch took: nobody promises it.

Examples:
  cairn wallet status 0x6b..02
  cairn wallet status 0x6b..02 --l1 http://127.0.0.1:8545 --json";

/// See [`super::WalletCommand::Status`].
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The transaction.
    #[arg(value_name = "HASH")]
    hash: Hash,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    /// Prints JSON instead of lines.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Status {
    transaction: TransactionView,
    amount: Amount,
    words: String,
    /// When it may be further.
    expected: Option<String>,
    /// Whether L1 has paid a withdrawal, where L1 was asked.
    claimed: Option<bool>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { transaction, amount, words, expected, claimed } = self;
        writeln!(f, "transaction  {}", transaction.hash)?;
        let accepted = words::ago(transaction.life.accepted_ms);
        writeln!(
            f,
            "moves        {amount} from account {}, accepted {accepted}",
            transaction.from
        )?;
        write!(f, "stage        {words}")?;
        if let Some(expected) = expected {
            write!(f, "\nexpected     {expected}")?;
        }
        match claimed {
            Some(true) => write!(f, "\nwithdrawal   paid on L1"),
            Some(false) => write!(
                f,
                "\nwithdrawal   can be claimed: `cairn wallet claim {}`",
                transaction.hash
            ),
            None => Ok(()),
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    let hash = arguments.hash;
    let (client, info) = arguments.service.connect().await?;
    let place = Place::connect_if_named(&arguments.service, &arguments.l1, &client, &info).await?;
    let unknown =
        || eyre!("the operator has never accepted transaction {hash}: check the hash, and --url");
    let transaction = client.transaction(hash).await?.ok_or_else(unknown)?;
    let mut tokens = Tokens::new(place.as_ref().map(|place| &place.l1));
    let life = &transaction.life;
    let proven = match &place {
        Some(place) => place.proven(life).await?,
        None => None,
    };
    let is_payable = transaction.kind == FeeKind::Withdraw
        && matches!(life.stage, Stage::Proven | Stage::Finalized)
        && words::is_proven(life, proven);
    let claimed = match &place {
        Some(place) if is_payable => Some(is_claimed(place, &transaction, hash).await?),
        _ => None,
    };
    let status = Status {
        amount: tokens.amount(transaction.token, transaction.amount.0).await?,
        words: words::stage(life, proven),
        expected: words::expected(life, client.pace().await?.as_ref()),
        claimed,
        transaction,
    };
    print(&status, arguments.json)
}

/// Whether L1 has paid a withdrawal, which L1 owes and which is the one that was signed.
async fn is_claimed(place: &Place, transaction: &TransactionView, hash: Hash) -> Result<bool> {
    let signed = signed::withdrawal(transaction, place.l1.domain(), hash)?;
    let view = place.client.withdrawal(hash).await?;
    let owed = check_withdrawal(&view, place.l1.withdrawals_root(view.batch).await?)?;
    ensure!(owed == signed, "the operator names another withdrawal than transaction {hash} signs");
    Ok(place.l1.is_claimed(view.batch, view.index).await?)
}
