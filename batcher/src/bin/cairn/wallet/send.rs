//! `cairn wallet send` and `withdraw`: transactions of the rollup.

use std::{fmt, path::PathBuf, time::Duration};

use alloy::primitives::Address;
use cairn_batcher::{
    api::{
        hex::{Hash, Hex, Key, TransactionBytes},
        wire::{AccountView, FeeKind, SignedReceipt},
    },
    client::{Token, transaction_hash},
    clock::now_ms,
    parse, tell,
};
use cairn_prover::files::Output;
use cairn_types::{AccountId, Authorization, PublicKey, SignedTransaction};
use eyre::{Result, WrapErr, ensure, eyre};
use serde::Serialize;

use super::{
    bad,
    file::Unlocked,
    home,
    payee::{Payee, Payment, payee},
    place::{Amount, L1Place, Place, Service, accounts_of, amount},
    words::{self, WaitFor},
};
use crate::reconstruct::print;

pub(super) const SEND_EXAMPLES: &str = "\
TO is the payee's key, or the number of an account. A key that has no account of the token yet gets
one.

Examples:
  cairn wallet send 1.5 ETH 65538 --l1 http://127.0.0.1:8545
  cairn wallet send 20 USDC 0x4d..c1 --wait finalized --timeout 3600";

pub(super) const WITHDRAW_EXAMPLES: &str = "\
Once the withdrawal is proven on L1, `cairn wallet claim` has it paid.

Examples:
  cairn wallet withdraw 0.25 ETH 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed
  cairn wallet withdraw 20 1 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --wait proven";

/// Seconds that L1's latest block and this machine's clock may be apart.
const MOST_APART: u64 = 3_600;

/// See [`super::WalletCommand::Send`].
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    what: What,
    /// Who is paid: a key of the rollup, or the number of an account.
    #[arg(value_name = "TO")]
    to: Payee,
    #[command(flatten)]
    terms: Terms,
}

/// See [`super::WalletCommand::Withdraw`].
#[derive(Debug, clap::Args)]
pub(crate) struct Withdraw {
    #[command(flatten)]
    what: What,
    /// The address on L1 that is paid.
    #[arg(value_name = "ADDRESS", value_parser = parse::address)]
    recipient: Address,
    #[command(flatten)]
    terms: Terms,
}

/// How much of what.
#[derive(Debug, clap::Args)]
struct What {
    /// How much, in units of the token, as 2 or 0.5.
    #[arg(value_name = "AMOUNT")]
    amount: String,
    /// The token: its name on L1 as ETH or USDC, its address, or its number.
    #[arg(value_name = "TOKEN")]
    token: String,
}

/// Everything else of a transaction.
#[derive(Debug, clap::Args)]
struct Terms {
    #[command(flatten)]
    wallet: Unlocked,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    l1: L1Place,
    /// The account that pays [default: the wallet's of this token that has the most].
    #[arg(long, value_name = "ID", value_parser = parse::decimal::<u32>)]
    from: Option<AccountId>,
    /// The fee, in units of the token [default: what the operator asks for].
    #[arg(long, value_name = "AMOUNT", conflicts_with = "max_fee")]
    fee: Option<String>,
    /// The most that the operator may ask for, in units of the token [default: a hundredth of the amount].
    #[arg(long, value_name = "AMOUNT")]
    max_fee: Option<String>,
    /// It is never executed later than SECONDS from now, by L1's clock. The default leaves an operator that could
    /// commit nothing for a day the time to stamp its batch anew.
    #[arg(long, value_name = "SECONDS", default_value_t = 172_800)]
    #[arg(value_parser = parse::within(1..=31_536_000_u32))]
    expires_in: u32,
    /// The stage that is waited for.
    #[arg(long, value_enum, value_name = "STAGE", default_value = "inBlock")]
    wait: WaitFor,
    /// How long it is waited for, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    #[arg(value_parser = parse::within(1..=604_800_u64))]
    timeout: u64,
    /// Who signs the operator's receipts, known from elsewhere [default: as the operator says].
    #[arg(long, value_name = "ADDRESS", env = "CAIRN_RECEIPT_SIGNER")]
    #[arg(value_parser = parse::address)]
    receipt_signer: Option<Address>,
    /// Writes the transaction and the operator's receipt to a file: with them anyone can show that the operator has broken its
    /// word.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Prints JSON instead of lines.
    #[arg(long)]
    json: bool,
}

/// What became of it.
#[derive(Serialize)]
struct Sent {
    hash: Hash,
    from: AccountId,
    to: String,
    amount: Amount,
    fee: Amount,
    /// The last second of L1's clock at which it may be executed.
    expiry: u32,
    stage: String,
    /// The operator's signed word, if it is executed.
    receipt: Option<SignedReceipt>,
    receipt_signer: Address,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hash, from, to, amount, fee, stage, .. } = self;
        writeln!(f, "transaction  {hash}")?;
        writeln!(f, "paid         {amount} from account {from} to {to}, fee {fee}")?;
        write!(f, "stage        {stage}")?;
        match &self.receipt {
            Some(_) => write!(f, "\nreceipt      signed by {}", self.receipt_signer),
            None => Ok(()),
        }
    }
}

/// What is kept against the operator.
#[derive(Serialize)]
struct Evidence {
    transaction: TransactionBytes,
    receipt: SignedReceipt,
}

pub(super) async fn send(arguments: Send) -> Result<()> {
    let Send { what, to, terms } = arguments;
    terms.pay(&what, async |place, token| payee(place, token, &to).await).await
}

pub(super) async fn withdraw(arguments: Withdraw) -> Result<()> {
    let Withdraw { what, recipient, terms } = arguments;
    if recipient.is_zero() {
        return Err(bad("the zero address would lose the money: give the address that is paid"));
    }
    terms.pay(&what, async |_, _| Ok(Payment::Withdrawal { recipient })).await
}

impl Terms {
    async fn pay(
        &self,
        what: &What,
        payment: impl AsyncFnOnce(&Place, &Token) -> Result<Payment>,
    ) -> Result<()> {
        let evidence = self.evidence()?;
        self.l1.url()?;
        let secret = self.wallet.secret()?;
        let key = PublicKey::from(secret.public());
        let place = Place::connect(&self.service, &self.l1).await?;
        home::check(&self.wallet.file, &place)?;
        let token = place.token(&what.token).await?;
        let quanta = amount(&token, &what.amount)?;
        let from = self.account(&place, &token, key).await?;
        let payment = payment(&place, &token).await?;

        let fee = self.fee(&place, &token, &payment, from.id, quanta).await?;
        let balance = from.balance.0;
        if quanta.checked_add(fee).is_none_or(|all| all > balance) {
            return Err(bad(format!(
                "account {} has {}: {} and a fee of {} are more",
                from.id,
                token.amount(balance),
                token.amount(quanta),
                token.amount(fee)
            )));
        }
        let authorization = Authorization {
            domain: place.l1.domain(),
            token: token.index,
            nonce: from.next_nonce,
            expiry: expiry(place.l1.timestamp().await?, now_ms() / 1_000, self.expires_in)?,
            recipient: payment.recipient(),
        };
        let transaction = payment.transaction(from.id, quanta, fee);
        let signed = cairn_state::sign(&secret, transaction, authorization);
        let (stage, receipt) = self.submit(&place, &signed).await?;
        if let (Some(out), Some(receipt)) = (evidence, receipt) {
            let evidence = Evidence { transaction: Hex(signed.to_bytes()), receipt };
            out.write(|file| Ok(serde_json::to_writer_pretty(file, &evidence)?))?;
        }
        let sent = Sent {
            hash: transaction_hash(&signed),
            from: from.id,
            to: payment.to_string(),
            amount: Amount::of(&token, quanta),
            fee: Amount::of(&token, fee),
            expiry: authorization.expiry,
            stage,
            receipt,
            receipt_signer: self.signer(&place),
        };
        print(&sent, self.json)
    }

    /// Where the receipt goes.
    fn evidence(&self) -> Result<Option<Output>> {
        let [out] = Output::create_all([("--receipt", self.receipt.as_deref())]).map_err(bad)?;
        let Some(out) = out else { return Ok(None) };
        out.refuse_inputs([("--wallet", Some(self.wallet.file.path()))]).map_err(bad)?;
        if out.is_standard_output() {
            return Err(bad(
                "--receipt: expected a file, got standard output: ./- is a file of that name",
            ));
        }
        if self.wait == WaitFor::Accepted {
            return Err(bad(
                "--receipt: there is none before a transaction is executed: give --wait inBlock",
            ));
        }
        Ok(Some(out))
    }

    /// The account that pays.
    async fn account(&self, place: &Place, token: &Token, key: PublicKey) -> Result<AccountView> {
        // One that is named need not be among the first of very many.
        let accounts: Vec<_> = match self.from {
            Some(id) => place.client.account(id).await?.into_iter().collect(),
            None => accounts_of(&place.client, key).await?,
        };
        let is_own = |account: &AccountView| {
            let is_named = self.from.is_none_or(|id| id == account.id);
            is_named && account.key == Key::from(key) && account.token == token.index
        };
        let own = accounts.into_iter().filter(is_own);
        let found = own.max_by_key(|account| account.balance.0);
        found.ok_or_else(|| match self.from {
            Some(id) => bad(format!("account {id} is none of this wallet's of {token}")),
            None => bad(format!(
                "this wallet has no account of {token}: make one with `cairn wallet deposit`, or \
                 be paid"
            )),
        })
    }

    /// The fee: the user's, or what the operator asks for, within what the user allows.
    async fn fee(
        &self,
        place: &Place,
        token: &Token,
        payment: &Payment,
        from: AccountId,
        quanta: u64,
    ) -> Result<u64> {
        if let Some(fee) = &self.fee {
            return token.quanta(fee).map_err(bad);
        }
        let kind = FeeKind::of(&payment.transaction(from, quanta, 0));
        let asked = place.client.estimate_fee(token.index, kind).await?.fee.0;
        let most = match &self.max_fee {
            Some(most) => token.quanta(most).map_err(bad)?,
            None => usual_fee(quanta),
        };
        if asked > most {
            return Err(bad(format!(
                "the operator asks for a fee of {}, more than {}: allow it with --max-fee {}",
                token.amount(asked),
                token.amount(most),
                token.text(asked)
            )));
        }
        Ok(asked)
    }

    fn signer(&self, place: &Place) -> Address {
        self.receipt_signer.unwrap_or_else(|| place.info.receipt_signer.into())
    }

    /// Submits and waits; returns the stage in words, and the receipt where it is executed. The hash is told before:
    /// whoever has the transaction can have it executed until it expires, whatever the operator answers.
    async fn submit(
        &self,
        place: &Place,
        signed: &SignedTransaction,
    ) -> Result<(String, Option<SignedReceipt>)> {
        let hash = transaction_hash(signed);
        let until = signed.authorization.expiry;
        tell!(
            "cairn: signed transaction {hash}: it can be executed until L1's clock shows {until}, \
             in {}",
            words::time(Duration::from_secs(self.expires_in.into()))
        );
        self.follow(place, signed, hash).await.map_err(|error| {
            eyre!(
                "{}; transaction {hash} can be executed until L1's clock shows {until}: see \
                 `cairn wallet status {hash}` before you send again",
                crate::line(&error)
            )
        })
    }

    async fn follow(
        &self,
        place: &Place,
        signed: &SignedTransaction,
        hash: Hash,
    ) -> Result<(String, Option<SignedReceipt>)> {
        let client = &place.client;
        client.submit(signed).await?;
        tell!("cairn: accepted: transaction {hash}");
        let timeout = Duration::from_secs(self.timeout);
        let life = client.wait_for(hash, self.wait.stage(), timeout).await?.life;
        let proven = place.proven(&life).await?;
        let stage = words::stage(&life, proven);
        if matches!(self.wait, WaitFor::Proven | WaitFor::Finalized) {
            ensure!(words::is_proven(&life, proven), "it is {stage}");
        }
        if life.in_block.is_none() {
            return Ok((stage, None));
        }
        let domain = place.l1.receipt_domain();
        let receipt = client.receipt(hash, &domain, self.signer(place)).await;
        Ok((stage, Some(receipt.wrap_err("the operator's receipt")?)))
    }
}

/// The most that an operator may ask for where the user does not say: a hundredth of the amount, which is lost in no
/// surprise, or one quantum, below which there is no fee.
fn usual_fee(quanta: u64) -> u64 {
    (quanta / 100).max(1)
}

/// The last second at which a transaction may be executed: so many from L1's clock on, which is no other than that of
/// this machine. An old node would have it expire at once, a wrong one much too late.
fn expiry(l1: u64, here: u64, seconds: u32) -> Result<u32> {
    ensure!(
        l1.abs_diff(here) <= MOST_APART,
        "the latest block of L1 is of second {l1}, and this machine's clock shows {here}: check \
         the clock, and that the node of --l1 is in sync"
    );
    let expiry = l1.checked_add(seconds.into()).and_then(|at| u32::try_from(at).ok());
    expiry.ok_or_else(|| eyre!("L1's clock shows {l1}: no transaction can expire so late"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_that_nobody_has_allowed_is_small() {
        for (quanta, most) in [(1, 1), (199, 1), (200, 2), (1_000_000, 10_000), (0, 1)] {
            assert_eq!(usual_fee(quanta), most);
        }
    }

    #[test]
    fn a_transaction_expires_by_l1s_clock_if_that_can_be() {
        let now = 1_800_000_000;
        for l1 in [now, now - MOST_APART, now + MOST_APART] {
            assert_eq!(u64::from(expiry(l1, now, 60).unwrap()), l1 + 60);
        }
        for l1 in [0, now - MOST_APART - 1, now + MOST_APART + 1, u64::MAX] {
            let error = expiry(l1, now, 60).unwrap_err().to_string();
            assert!(error.contains("check the clock"), "{error}");
        }
        let last = u64::from(u32::MAX);
        assert!(expiry(last, last, 1).is_err());
    }
}
