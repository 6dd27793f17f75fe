//! `cairn wallet send` and `withdraw`: transactions of the rollup.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use alloy::primitives::Address;
use cairn_batcher::{
    api::{
        hex::{Hash, Hex, Key, TransactionBytes},
        wire::{AccountView, FeeKind, SignedReceipt},
    },
    client::{Token, transaction_hash},
    parse, tell,
};
use cairn_prover::files::Output;
use cairn_types::{AccountId, Authorization, PublicKey, SignedTransaction, Transaction};
use eyre::{Result, WrapErr, eyre};
use serde::Serialize;

use super::{
    bad,
    file::Unlocked,
    place::{Amount, L1Place, Place, Service, amount},
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
    /// The most that the operator may ask for, in units of the token [default: as much as the amount].
    #[arg(long, value_name = "AMOUNT")]
    max_fee: Option<String>,
    /// It is never executed later than so many seconds from now [default: no end].
    #[arg(long, value_name = "SECONDS", value_parser = parse::within(1..=31_536_000_u32))]
    expires_in: Option<u32>,
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

/// Who is paid on the rollup.
#[derive(Debug, Clone)]
enum Payee {
    Account(AccountId),
    Key(PublicKey),
}

impl FromStr for Payee {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = parse::decimal(text) {
            return Ok(Self::Account(id));
        }
        let key: Key = text.parse().map_err(|_| {
            "expected a key, 0x and 80 hex digits, or the number of an account; an address of L1 \
             is paid with `cairn wallet withdraw`"
                .to_owned()
        })?;
        PublicKey::try_from(key).map(Self::Key).map_err(|error| error.to_string())
    }
}

/// A payment before its fee is known.
#[derive(Debug, Clone, Copy)]
enum Payment {
    Transfer { to: AccountId, key: PublicKey },
    NewAccount { key: PublicKey },
    Withdrawal { recipient: Address },
}

impl Payment {
    fn transaction(&self, from: AccountId, amount: u64, fee: u64) -> Transaction {
        match *self {
            Self::Transfer { to, .. } => Transaction::Transfer { from, to, amount, fee },
            Self::NewAccount { key } => Transaction::TransferToNew { from, key, amount, fee },
            Self::Withdrawal { recipient } => {
                Transaction::Withdraw { from, recipient: recipient.into_array(), amount, fee }
            }
        }
    }

    /// What is signed beside the transaction: the key that the paid account must have.
    fn recipient(&self) -> PublicKey {
        match *self {
            Self::Transfer { key, .. } => key,
            Self::NewAccount { .. } | Self::Withdrawal { .. } => PublicKey::ZERO,
        }
    }
}

/// What became of it.
#[derive(Serialize)]
struct Sent {
    hash: Hash,
    from: AccountId,
    to: String,
    amount: Amount,
    fee: Amount,
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

/// How somebody is paid. The key that an account must have is signed too: an operator that names another account for a
/// key, or another key for an account, can keep the payment from being executed, and not lead it elsewhere.
async fn payee(place: &Place, token: &Token, to: &Payee) -> Result<Payment> {
    match *to {
        Payee::Key(key) => {
            let accounts = place.client.accounts_of(key).await?;
            let account = accounts.into_iter().find(|account| account.token == token.index);
            Ok(match account {
                Some(account) => Payment::Transfer { to: account.id, key },
                None => Payment::NewAccount { key },
            })
        }
        Payee::Account(id) => {
            let account = place.client.account(id).await?;
            let account = account.ok_or_else(|| bad(format!("there is no account {id}")))?;
            if account.token != token.index {
                let got = account.token;
                return Err(bad(format!("account {id} is of token {got}, not of {token}")));
            }
            let key = PublicKey::try_from(account.key);
            let key = key.wrap_err_with(|| format!("the key of account {id}"))?;
            Ok(Payment::Transfer { to: id, key })
        }
    }
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
            expiry: self.expiry(&place).await?,
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
        let accounts = place.client.accounts_of(key).await?;
        let of_token = accounts.into_iter().filter(|account| account.token == token.index);
        let found = match self.from {
            Some(id) => of_token.into_iter().find(|account| account.id == id),
            None => of_token.max_by_key(|account| account.balance.0),
        };
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
            None => quanta,
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

    async fn expiry(&self, place: &Place) -> Result<u32> {
        let Some(seconds) = self.expires_in else { return Ok(0) };
        let now = place.client.head().await?.l1_timestamp;
        let expiry = now.checked_add(seconds.into()).and_then(|at| u32::try_from(at).ok());
        expiry
            .ok_or_else(|| eyre!("the operator says that L1's clock shows {now}, expected seconds"))
    }

    fn signer(&self, place: &Place) -> Address {
        self.receipt_signer.unwrap_or_else(|| place.info.receipt_signer.into())
    }

    /// Submits and waits; returns the stage in words, and the receipt where it is executed. Whatever fails, the hash is
    /// told first: without it nobody could ask what became of the money.
    async fn submit(
        &self,
        place: &Place,
        signed: &SignedTransaction,
    ) -> Result<(String, Option<SignedReceipt>)> {
        let hash = transaction_hash(signed);
        let client = &place.client;
        client.submit(signed).await.map_err(|error| match error.reason() {
            Some(reason) if reason != "timeout" => eyre!(error),
            _ => eyre!(
                "{error}; it may be accepted nevertheless: see `cairn wallet status {hash}` before \
                 you send again"
            ),
        })?;
        tell!("cairn: accepted: transaction {hash}");
        let timeout = Duration::from_secs(self.timeout);
        let seen = client.wait_for(hash, self.wait.stage(), timeout).await;
        let seen = seen.map_err(|error| eyre!("{error}; see `cairn wallet status {hash}`"))?;
        let life = seen.life;
        if life.in_block.is_none() {
            return Ok((words::stage(&life), None));
        }
        let domain = place.l1.receipt_domain();
        let receipt = client.receipt(hash, &domain, self.signer(place)).await;
        let receipt = receipt.wrap_err("the operator's receipt")?;
        Ok((words::stage(&life), Some(receipt)))
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transfer { to, .. } => write!(f, "account {to}"),
            Self::NewAccount { key } => write!(f, "a new account of {}", Key::from(*key)),
            Self::Withdrawal { recipient } => write!(f, "{recipient} on L1"),
        }
    }
}
