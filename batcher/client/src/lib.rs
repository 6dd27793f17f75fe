//! A client of a Cairn operator, and of its contracts on L1. It has no prover in it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use cairn_client::{Client, api::wire::Stage, l1::Rollup};
//!
//! let client = Client::connect("http://127.0.0.1:8650").await?;
//! // Known from elsewhere: neither is the operator's word.
//! let rollup = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".parse()?;
//! let l1 = Rollup::connect("http://127.0.0.1:8545", rollup).await?;
//! let token = l1.token(0).await?;
//! let account = client.verified_account(&l1, 65_536).await?;
//! println!("{} {} are proven on L1", token.text(account.account.balance), token.symbol);
//!
//! let hash = "0x07..".parse()?;
//! client.wait_for(hash, Stage::Finalized, Duration::from_secs(600)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! client, calls, wait, metrics   speak to the operator
//! check, verified, pace          hold what it says against L1, and tell what to expect
//! token                          amounts as people write them
//! api                            the operator's API, the same types on both sides
//! l1                             L1, read with limits
//! parse, url                     text from outside
//! ```

pub mod api;
mod calls;
mod check;
mod client;
mod error;
pub mod l1;
mod metrics;
pub mod pace;
pub mod parse;
#[cfg(test)]
mod tests;
pub mod token;
pub mod url;
mod verified;
mod wait;

pub use self::{
    calls::{MOST_ANSWERS, transaction_hash},
    check::{ProofError, WithdrawalError, check_proof, check_withdrawal},
    client::Client,
    error::ClientError,
    token::{AmountError, Token},
    url::{http, websocket},
    verified::{Verified, VerifyError},
    wait::WaitError,
};
