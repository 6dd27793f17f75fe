//! Which operator, which rollup, which node of L1; and the tokens there.
//!
//! The operator's word does not decide where money goes. The rollup's address is the user's, and everything else of it
//! (custody, tokens, what signatures are for) is read from L1 or follows from the address. An operator on this machine
//! is believed: it is the user's own.

use std::{collections::BTreeMap, fmt, time::Duration};

use alloy::primitives::Address;
use cairn_batcher::{
    api::{
        hex::Key,
        wire::{AccountView, Info, Life, OwnedAccounts, Stage},
    },
    client::{
        Client, Token,
        l1::{Rollup, RollupError, error::L1Error, http::is_loopback},
    },
    parse, tell,
};
use cairn_types::{PublicKey, TokenId};
use eyre::{Report, Result, bail, ensure};
use reqwest::Url;
use serde::Serialize;

use super::bad;
use crate::service::ServiceUrl;

/// How often L1 is asked for a batch that the operator calls proven, and the pause between two questions.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(2);

/// The service.
#[derive(Debug, clap::Args)]
pub(super) struct Service {
    #[command(flatten)]
    at: ServiceUrl,
}

/// L1, as the user reads it.
#[derive(Debug, clap::Args)]
pub(super) struct L1Place {
    /// A node of L1, which knows tokens' names and what is proven.
    #[arg(long, value_name = "URL", env = "CAIRN_L1", hide_env_values = true)]
    l1: Option<String>,
    /// The rollup's contract, known from elsewhere [default: as an operator on this machine says].
    #[arg(long, value_name = "ADDRESS", env = "CAIRN_ROLLUP", value_parser = parse::address)]
    rollup: Option<Address>,
}

/// A running operator, and its rollup on L1.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) info: Info,
    pub(super) l1: Rollup,
    pub(super) l1_url: String,
}

impl Service {
    /// Connects, and asks who is there.
    pub(super) async fn connect(&self) -> Result<(Client, Info)> {
        let client = Client::connect(&self.at.url).await?;
        let info = client.info().await?;
        Ok((client, info))
    }

    fn is_here(&self) -> bool {
        self.at.url.parse().is_ok_and(|url: Url| is_loopback(&url))
    }
}

impl L1Place {
    /// Whether a node of L1 is named.
    pub(super) fn is_named(&self) -> bool {
        self.l1.is_some()
    }

    /// The node, which a command cannot do without.
    pub(super) fn url(&self) -> Result<&str> {
        let missing =
            || bad("this reads L1: give --l1 URL, a node that you trust, or set CAIRN_L1");
        self.l1.as_deref().ok_or_else(missing)
    }

    /// The rollup: the user's word, held against the operator's.
    pub(super) fn rollup(&self, service: &Service, info: &Info) -> Result<Address> {
        let stated = Address::from(info.rollup);
        match self.rollup {
            Some(rollup) if rollup == stated => Ok(rollup),
            Some(rollup) => {
                bail!("the operator serves the rollup {stated}, expected {rollup}: check --url")
            }
            None if service.is_here() => Ok(stated),
            None => Err(bad(format!(
                "the operator says that the rollup is {stated}: give --rollup with the address \
                 that you know from elsewhere"
            ))),
        }
    }
}

impl Place {
    /// Connects to both, and refuses an operator of another rollup or chain.
    pub(super) async fn connect(service: &Service, l1: &L1Place) -> Result<Self> {
        let url = l1.url()?;
        let (client, info) = service.connect().await?;
        Self::with(service, l1, url, client, info).await
    }

    /// As [`Self::connect`], where L1's node may be missing.
    pub(super) async fn connect_if_named(
        service: &Service,
        l1: &L1Place,
        client: &Client,
        info: &Info,
    ) -> Result<Option<Self>> {
        match l1.is_named() {
            true => {
                Self::with(service, l1, l1.url()?, client.clone(), info.clone()).await.map(Some)
            }
            false => Ok(None),
        }
    }

    async fn with(
        service: &Service,
        place: &L1Place,
        url: &str,
        client: Client,
        info: Info,
    ) -> Result<Self> {
        let rollup = place.rollup(service, &info)?;
        let l1 = Rollup::connect(url, rollup).await?;
        let (expected, got) = (info.chain_id, l1.chain_id());
        ensure!(
            expected == got,
            "the operator's rollup is on chain {expected}, the node of --l1 serves {got}: give one \
             of that chain"
        );
        ensure!(
            info.domain.0 == l1.domain().bytes(),
            "the operator takes signatures for {}, which is not what follows from the rollup's \
             address",
            info.domain
        );
        Ok(Self { client, info, l1, l1_url: url.to_owned() })
    }

    /// The last batch that L1 has a proof of, if the operator says that the transaction's is proven. A node that is behind
    /// is asked again for some seconds.
    pub(super) async fn proven(&self, life: &Life) -> Result<Option<u32>, L1Error> {
        if !matches!(life.stage, Stage::Proven | Stage::Finalized) {
            return Ok(None);
        }
        let said = life.in_block.map_or(0, |place| place.batch);
        let mut attempt = 1;
        loop {
            let proven = self.l1.proven().await?.batch;
            if proven >= said || attempt == ATTEMPTS {
                return Ok(Some(proven));
            }
            attempt += 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The token that the user names.
    pub(super) async fn token(&self, name: &str) -> Result<Token> {
        self.l1.token_named(name).await.map_err(|error| match error {
            RollupError::L1(error) => Report::from(error),
            other => bad(other),
        })
    }
}

/// The accounts of a key; the user is told where there are more than anyone looks through.
pub(super) async fn accounts_of(client: &Client, key: PublicKey) -> Result<Vec<AccountView>> {
    let OwnedAccounts { accounts, more } = client.owned_accounts(key).await?;
    if let Some(id) = more {
        tell!("cairn: {} has more accounts, from {id} on: they are not looked at", Key::from(key));
    }
    Ok(accounts)
}

/// Quanta of an amount that is not zero.
pub(super) fn amount(token: &Token, text: &str) -> Result<u64> {
    match token.quanta(text) {
        Ok(0) => Err(bad(format!("expected an amount above zero, got {}", parse::shown(text)))),
        Ok(quanta) => Ok(quanta),
        Err(error) => Err(bad(error)),
    }
}

/// An amount as it is shown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Amount {
    /// In units of the token; none where L1 was not asked for them.
    pub(super) amount: Option<String>,
    /// The token's name on L1.
    pub(super) symbol: Option<String>,
    /// The token's number.
    pub(super) token: TokenId,
    /// As the rollup counts.
    pub(super) quanta: String,
}

impl Amount {
    /// Quanta of a token that may not be known.
    pub(super) fn new(token: Option<&Token>, index: TokenId, quanta: u64) -> Self {
        Self {
            amount: token.map(|token| token.text(quanta)),
            symbol: token.map(|token| token.symbol.clone()),
            token: index,
            quanta: quanta.to_string(),
        }
    }

    /// Quanta of a token.
    pub(super) fn of(token: &Token, quanta: u64) -> Self {
        Self::new(Some(token), token.index, quanta)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.amount, &self.symbol) {
            (Some(amount), Some(symbol)) => write!(f, "{amount} {symbol}"),
            _ => write!(f, "{} quanta of token {}", self.quanta, self.token),
        }
    }
}

/// Tokens by their numbers, each asked for once; none where there is no node to ask.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    l1: Option<&'a Rollup>,
    known: BTreeMap<TokenId, Token>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(l1: Option<&'a Rollup>) -> Self {
        Self { l1, known: BTreeMap::new() }
    }

    /// Quanta of a token, in its units if they are known.
    pub(super) async fn amount(&mut self, index: TokenId, quanta: u64) -> Result<Amount> {
        if let Some(l1) = self.l1
            && !self.known.contains_key(&index)
        {
            self.known.insert(index, l1.token(index).await?);
        }
        Ok(Amount::new(self.known.get(&index), index, quanta))
    }
}
