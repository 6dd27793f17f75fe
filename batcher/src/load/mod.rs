//! A bounded load generator: transfers between development accounts, offered at a rate, followed to L1.
//!
//! ```text
//! accounts (funded, if asked for) -> plan (signed ahead) -> send (open loop) -> follow -> report
//! ```
//!
//! Open loop: a transaction is offered when it is due, whether or not the service keeps up, and its latency counts from
//! then. It speaks to a service as any client does, on loopback unless it is told otherwise.

pub mod accounts;
mod follow;
mod fund;
mod plan;
mod report;
mod send;

use std::{net::IpAddr, path::PathBuf, time::Duration};

use alloy::{primitives::Address, signers::local::PrivateKeySigner};

pub use self::report::{Finality, Latency, Report};
use self::{follow::Follower, plan::Plan};
use crate::{
    api::{methods, wire},
    client::{Client, ClientError, WaitError, websocket},
    clock::now_ms,
    l1::error::L1Error,
};

/// The most transactions of a run: they are all in memory.
pub const MOST: u64 = 3_000_000;

/// What to offer, and to whom.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The service's `http://` or `ws://` URL.
    pub url: String,
    /// Transfers a second.
    pub rate: u32,
    /// For how long.
    pub seconds: u32,
    /// Accounts that pay and are paid.
    pub accounts: u32,
    /// Who pays whom, from a file of transfers; else everyone pays a neighbour.
    pub input: Option<PathBuf>,
    /// How long to wait afterwards for proofs.
    pub wait: Duration,
    /// WebSocket connections.
    pub connections: u32,
    /// Transfers of one request, at most.
    pub batch: u32,
    /// Funds the accounts through L1: its URL, and who pays.
    pub funding: Option<(String, PrivateKeySigner)>,
    /// Loads a service that is not on this machine.
    pub allow_remote: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A number is out of range.
    #[error("{what}: expected {expected}, got {got}")]
    Range {
        /// Which.
        what: &'static str,
        /// Its range.
        expected: String,
        /// As given.
        got: u64,
    },
    /// The service is on another machine.
    #[error("{host} is not this machine: load what is yours, with --allow-remote")]
    Remote {
        /// The URL's host.
        host: String,
    },
    /// There are fewer accounts than asked for.
    #[error(
        "the service has {got} of {expected} development accounts: start it with `cairn run --dev \
         --accounts {expected}`, fund them with --l1 URL, or ask for fewer with --accounts"
    )]
    Accounts {
        /// As asked for.
        expected: u32,
        /// As found.
        got: u32,
    },
    /// An account has too little for its part.
    #[error("account {id} has {got} quanta, expected at least {expected}: fund it, or offer less")]
    Funds {
        /// The account.
        id: u32,
        /// What it needs.
        expected: u64,
        /// What it has.
        got: u64,
    },
    /// The file of transfers.
    #[error(transparent)]
    Input(#[from] crate::transfers::CsvError),
    /// L1 does not fund the accounts.
    #[error("funding the accounts: {0}")]
    L1(#[from] L1Error),
    /// A deposit is on L1, and the service does not say so.
    #[error("funding the accounts: the deposit did not arrive within {} s", .0.as_secs())]
    NoDeposit(Duration),
    /// The service's first token is not what the accounts are funded with.
    #[error("funding the accounts: token 0 is {got}, expected ether")]
    NoEther {
        /// Its contract.
        got: Address,
    },
    /// The service refuses or is silent.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A transaction that others need was not executed.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// Shows how far each part is.
pub trait Progress: Sync {
    /// `done` of `of` in a part with this name; called often.
    fn step(&self, part: &'static str, done: u64, of: u64);
}

/// Offers the load and follows it.
///
/// # Errors
/// The options are out of range, the accounts are missing or poor, or the service does not answer at the beginning, or
/// not as it should. What it refuses is no error but a figure, and so is what it does not say in the end.
pub async fn run(options: LoadOptions, progress: &dyn Progress) -> Result<Report, LoadError> {
    check(&options)?;
    let url = websocket(&options.url);
    let client = Client::connect(&url).await?;
    let info = client.info().await?;
    let fee = wire::EstimateFee { token: 0, kind: wire::FeeKind::Transfer };
    let fee = client.ask::<methods::EstimateFee>(&fee).await?.fee.0;
    let count = u64::from(options.rate) * u64::from(options.seconds);
    let payments = plan::payments(&options, count)?;
    let needed = payments.most_of_one().saturating_mul(fee + plan::AMOUNT);
    if let Some((l1, signer)) = &options.funding {
        let funding = fund::Funding { l1, signer, accounts: options.accounts, each: needed };
        fund::fund(&client, &info, &funding, progress).await?;
    }
    let accounts = accounts::find(&client, &info, options.accounts, progress).await?;
    let plan = Plan::sign(&info, &accounts, payments, fee, progress)?;
    drop(accounts);

    let mut clients = vec![client.clone()];
    for _ in 1..options.connections {
        clients.push(Client::connect(&url).await?);
    }
    let batch = options.batch.min(info.max_items).max(1);
    let started_ms = now_ms();
    let sent = send::send(&clients, &plan, options.rate, batch, progress).await;
    let follower = Follower::new(&options.url, info.max_items, options.wait).await?;
    let finality = follower.finality(&plan.hashes, &sent, started_ms, progress).await?;
    let fates = follower.fates(&plan.hashes, &sent, progress).await?;
    Ok(Report::new(&options, &plan, sent, fates, finality))
}

fn check(options: &LoadOptions) -> Result<(), LoadError> {
    let range = |what, got: u64, most: u64| {
        if (1..=most).contains(&got) {
            return Ok(());
        }
        Err(LoadError::Range { what, expected: format!("1 to {most}"), got })
    };
    range("--rate", options.rate.into(), 1_000_000)?;
    range("--seconds", options.seconds.into(), 86_400)?;
    range("--rate times --seconds", u64::from(options.rate) * u64::from(options.seconds), MOST)?;
    range("--accounts", options.accounts.into(), 10_000_000)?;
    range("--connections", options.connections.into(), 256)?;
    range("--batch", options.batch.into(), 10_000)?;
    let urls = [Some(&options.url), options.funding.as_ref().map(|(url, _)| url)];
    for url in urls.into_iter().flatten().filter(|_| !options.allow_remote) {
        let parsed = reqwest::Url::parse(url).ok();
        let host = parsed.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if host != "localhost" && !address.is_ok_and(|address| address.is_loopback()) {
            return Err(LoadError::Remote { host });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> LoadOptions {
        LoadOptions {
            url: url.into(),
            rate: 10,
            seconds: 10,
            accounts: 2,
            input: None,
            wait: Duration::ZERO,
            connections: 1,
            batch: 10,
            funding: None,
            allow_remote: false,
        }
    }

    #[test]
    fn only_this_machine_is_loaded_unless_allowed() {
        for good in ["http://127.0.0.1:1", "ws://localhost:1", "http://[::1]:1", "http://127.9.9.9"]
        {
            check(&options(good)).unwrap();
        }
        for bad in
            ["http://10.0.0.1:1", "http://example.org", "nonsense", "http://127.0.0.1.evil.org"]
        {
            assert!(matches!(check(&options(bad)), Err(LoadError::Remote { .. })), "{bad}");
            check(&LoadOptions { allow_remote: true, ..options(bad) }).unwrap();
        }
    }

    #[test]
    fn a_run_is_bounded() {
        let url = "http://127.0.0.1:1";
        let long = LoadOptions { rate: 10_000, seconds: 1_000, ..options(url) };
        let error = check(&long).unwrap_err().to_string();
        assert!(error.contains("3000000") && error.contains("10000000"), "{error}");
        check(&LoadOptions { rate: 0, ..options(url) }).unwrap_err();
    }
}
