//! `cairn wallet claim`: has withdrawals that are proven paid on L1.

use std::fmt;

use alloy::primitives::{Address, B256};
use cairn_batcher::{
    api::{hex::Hash, wire::WithdrawalView},
    client::{ClientError, check_withdrawal, l1::RollupError},
    l1::{client::L1Client, error::L1Error},
    tell,
};
use cairn_types::Word;
use eyre::{Report, Result, ensure, eyre};
use serde::Serialize;

use super::{
    file::WalletFile,
    history, home,
    l1_key::{L1Key, sender, sender_anew},
    place::{Amount, L1Place, Place, Service},
    signed::{self, is_own_withdrawal},
};
use crate::reconstruct::print;

pub(super) const EXAMPLES: &str = "\
Anyone can claim for anyone: the money goes to the address that the withdrawal names. What the
operator says of a withdrawal is held against L1 before gas is paid.

Examples:
  cairn wallet claim --l1 http://127.0.0.1:8545 --l1-key l1-key
  cairn wallet claim 0x6b..02 --l1-key keystore.json --l1-password-file l1-password";

/// Withdrawals that are looked for where none is named.
const MOST: usize = 200;

/// See [`super::WalletCommand::Claim`].
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Transactions that withdraw [default: the latest of this wallet].
    #[arg(value_name = "HASH")]
    hashes: Vec<Hash>,
    #[command(flatten)]
    wallet: WalletFile,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    #[command(flatten)]
    key: L1Key,
    /// Prints JSON instead of lines.
    #[arg(long)]
    json: bool,
}

/// What became of one withdrawal.
#[derive(Serialize)]
struct Claim {
    hash: Hash,
    /// `claimed`, `claimedBefore`, `waiting`, or `failed`.
    outcome: &'static str,
    /// For people.
    words: String,
    amount: Option<Amount>,
    recipient: Option<Address>,
    transaction: Option<B256>,
}

#[derive(Serialize)]
struct Claims {
    withdrawals: Vec<Claim>,
}

impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.withdrawals.is_empty() {
            return write!(f, "this wallet has signed no withdrawal that the operator knows");
        }
        let lines = self.withdrawals.iter().map(|claim| format!("{}  {}", claim.hash, claim.words));
        write!(f, "{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<()> {
    arguments.l1.url()?;
    let signer = arguments.key.open()?;
    let key = if arguments.hashes.is_empty() { Some(arguments.wallet.key()?) } else { None };
    let place = Place::connect(&arguments.service, &arguments.l1).await?;
    let hashes = match key {
        Some(key) => {
            home::check(&arguments.wallet, &place)?;
            let all = history::of_key(&place.client, key, MOST).await?;
            let domain = place.l1.domain();
            let own = all.iter().filter(|own| is_own_withdrawal(&own.view, domain, key));
            own.map(|own| own.view.hash).collect()
        }
        None => arguments.hashes,
    };
    let mut l1 = sender(&place, signer.clone())?;
    let (all, mut withdrawals) = (hashes.len(), Vec::new());
    for hash in hashes {
        match claim(&place, &l1, hash).await {
            Ok(claim) => withdrawals.push(claim),
            // One that its recipient does not take keeps nobody from the others.
            Err(error) => {
                let reason = crate::line(&error);
                tell!("cairn: claiming {hash}: {reason}");
                withdrawals.push(Claim::none(hash, "failed", format!("not claimed: {reason}")));
                if is_away(&error) {
                    break;
                }
                l1 = sender_anew(&place, signer.clone())?;
            }
        }
    }
    let failed = withdrawals.iter().filter(|claim| claim.outcome == "failed").count();
    let left = all - withdrawals.len();
    print(&Claims { withdrawals }, arguments.json)?;
    ensure!(
        failed == 0,
        "{failed} of {all} withdrawals could not be claimed, {left} were not tried"
    );
    Ok(())
}

/// Whether L1's node or the operator is away: each of the others would be waited for as long.
fn is_away(error: &Report) -> bool {
    let l1 = match error.downcast_ref() {
        Some(RollupError::L1(error)) => Some(error),
        _ => error.downcast_ref::<L1Error>(),
    };
    let no_answer = matches!(error.downcast_ref(), Some(ClientError::NoAnswer { .. }));
    no_answer || l1.is_some_and(L1Error::is_transient)
}

impl Claim {
    /// That there is nothing on L1 to show.
    fn none(hash: Hash, outcome: &'static str, words: String) -> Self {
        Self { hash, outcome, words, amount: None, recipient: None, transaction: None }
    }
}

async fn claim(place: &Place, l1: &L1Client, hash: Hash) -> Result<Claim> {
    let waits = |words| Claim::none(hash, "waiting", words);
    let view = match place.client.withdrawal(hash).await {
        Ok(view) => view,
        Err(ClientError::Refused { data: Some(data), message, .. }) if data.reason == "not_yet" => {
            return Ok(waits(format!("waits: {message}")));
        }
        Err(error) => return Err(error.into()),
    };
    let unknown = || eyre!("the operator has never accepted it: check the hash, and --url");
    let transaction = place.client.transaction(hash).await?.ok_or_else(unknown)?;
    let signed = signed::withdrawal(&transaction, place.l1.domain(), hash)?;
    let proven = place.l1.proven().await?;
    if view.batch > proven.batch {
        return Ok(waits(format!(
            "waits for a proof of batch {}, the last that L1 has is {}",
            view.batch, proven.batch
        )));
    }
    let root = place.l1.withdrawals_root(view.batch).await?;
    let withdrawal = check_withdrawal(&view, root)?;
    ensure!(withdrawal == signed, "the operator names another withdrawal than was signed");
    let token = place.l1.token(withdrawal.token).await?;
    let amount = Amount::of(&token, withdrawal.amount);
    let recipient = Address::from(withdrawal.recipient);
    let done = |outcome, words, transaction| Claim {
        hash,
        outcome,
        words,
        amount: Some(amount.clone()),
        recipient: Some(recipient),
        transaction,
    };
    if place.l1.is_claimed(view.batch, view.index).await? {
        let words = format!("{amount} were claimed before, for {recipient}");
        return Ok(done("claimedBefore", words, None));
    }
    let transaction = send(l1, &view).await?;
    let words = format!("{amount} are claimed for {recipient}, in L1's transaction {transaction}");
    Ok(done("claimed", words, Some(transaction)))
}

async fn send(l1: &L1Client, view: &WithdrawalView) -> Result<B256> {
    let path: Vec<_> = view.path.iter().map(|hash| hash.0).collect();
    let word = Word::new(view.word.0);
    let pending = l1.send_claim(view.batch, view.index as usize, &word, &path).await?;
    tell!("cairn: sent to L1: transaction {}", pending.hash());
    Ok(pending.receipt().await?.transaction_hash)
}
