//! What a newcomer is told of a development rollup: where it is and whose keys work.

use std::{fmt, net::SocketAddr, path::PathBuf};

use alloy::primitives::{Address, B256};
use cairn_types::AccountId;
use serde::Serialize;

use super::{
    OPERATOR_KEY, RECEIPT_KEY,
    deployment::{Deployment, Token},
    fund::BALANCE,
    keys,
};
use crate::{development::development_key, node::config::Config};

/// Accounts that are listed, at the most.
const LISTED: u32 = 10;

/// A development rollup that runs.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// JSON-RPC over HTTP.
    pub api: String,
    /// JSON-RPC over WebSocket.
    pub api_ws: String,
    /// The folder of the rollup.
    pub data_dir: PathBuf,
    /// What `cairn admin` takes as --token-file.
    pub admin_token_file: PathBuf,
    /// The local L1.
    pub l1: String,
    /// Its chain id.
    pub chain_id: u64,
    /// The rollup's contract.
    pub rollup: Address,
    /// Holds the funds.
    pub custody: Address,
    /// What signatures are bound to.
    pub domain: B256,
    /// By their numbers.
    pub tokens: Vec<Token>,
    /// The account that has every role on L1.
    pub operator: L1Key,
    /// Signs receipts.
    pub receipts: L1Key,
    /// How many accounts have money.
    pub funded_accounts: u32,
    /// The first of them.
    pub accounts: Vec<DevAccount>,
}

/// A key of L1's kind that everyone knows.
#[derive(Debug, Clone, Serialize)]
pub struct L1Key {
    /// Its address.
    pub address: Address,
    /// The key.
    pub key: &'static str,
}

/// An account of the rollup whose key everyone knows.
#[derive(Debug, Clone, Serialize)]
pub struct DevAccount {
    /// Its number.
    pub number: u32,
    /// The key follows from it.
    pub seed: String,
    /// The public key, 40 bytes: five u64, little-endian.
    pub public_key: String,
    /// Its leaf of each token, and what it started with, in quanta.
    pub leaves: Vec<(String, AccountId, u64)>,
}

impl Summary {
    /// Of a deployment whose service has this configuration and listens at `api`, which the configuration may leave to the
    /// system.
    #[must_use]
    pub fn new(deployment: &Deployment, config: &Config, l1: String, api: SocketAddr) -> Self {
        let keys = keys();
        let account = |number: u32| {
            let tokens = (0..).zip(&deployment.tokens);
            let key = development_key(number.into()).public().to_bytes();
            DevAccount {
                number,
                seed: format!("cairn development account {number}"),
                public_key: format!("0x{}", hex::encode(key)),
                leaves: tokens
                    .filter_map(|(i, token)| {
                        Some((token.name.clone(), deployment.leaf(number, i)?, BALANCE))
                    })
                    .collect(),
            }
        };
        Self {
            api: format!("http://{api}"),
            api_ws: format!("ws://{api}"),
            data_dir: config.data_dir.clone(),
            admin_token_file: config.admin_token_file(),
            l1,
            chain_id: config.l1.chain_id,
            rollup: deployment.rollup,
            custody: deployment.custody,
            domain: deployment.domain,
            tokens: deployment.tokens.clone(),
            operator: L1Key { address: keys.operator.address(), key: OPERATOR_KEY },
            receipts: L1Key { address: keys.receipts.address(), key: RECEIPT_KEY },
            funded_accounts: deployment.accounts,
            accounts: (0..deployment.accounts.min(LISTED)).map(account).collect(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "API          {} and {}", self.api, self.api_ws)?;
        writeln!(f, "folder       {}", self.data_dir.display())?;
        writeln!(f, "admin token  {}", self.admin_token_file.display())?;
        writeln!(f, "L1           {} (chain {})", self.l1, self.chain_id)?;
        writeln!(f, "rollup       {}", self.rollup)?;
        writeln!(f, "custody      {}", self.custody)?;
        for (number, token) in self.tokens.iter().enumerate() {
            let Token { name, asset, quantum_exponent } = token;
            writeln!(
                f,
                "token {number}      {name}, {asset}, a quantum is 10^{quantum_exponent} base units"
            )?;
        }
        for (what, L1Key { address, key }) in
            [("operator", &self.operator), ("receipts", &self.receipts)]
        {
            writeln!(f, "{what}     {address}, key {key}")?;
        }
        writeln!(f)?;
        for account in &self.accounts {
            let leaves: Vec<_> = account
                .leaves
                .iter()
                .map(|(token, leaf, balance)| format!("{token}: leaf {leaf}, {balance} quanta"))
                .collect();
            writeln!(f, "account {:<4} {}", account.number, leaves.join("; "))?;
            writeln!(f, "             key {}", account.public_key)?;
        }
        let listed = self.accounts.len() as u32;
        if self.funded_accounts > listed {
            writeln!(f, "             and {} more", self.funded_accounts - listed)?;
        }
        let seed = "SecretKey::from_seed(\"cairn development account N\")";
        write!(f, "the secret key of account N is {seed}: everyone knows it, and those above")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newcomer_is_told_where_everything_is() {
        let deployment = Deployment {
            rollup: Address::ZERO,
            custody: Address::ZERO,
            first_block: 1,
            domain: B256::ZERO,
            genesis: B256::ZERO,
            tokens: Vec::new(),
            accounts: 0,
            prepared: false,
        };
        let mut config = Config::template();
        config.data_dir = "/tmp/cairn-dev-1".into();
        config.api.listen = ([127, 0, 0, 1], 0).into();
        let bound = ([127, 0, 0, 1], 4_321).into();
        let summary = Summary::new(&deployment, &config, "http://l1".into(), bound).to_string();
        for expected in
            ["http://127.0.0.1:4321 ", "/tmp/cairn-dev-1\n", "/tmp/cairn-dev-1/admin-token\n"]
        {
            assert!(summary.contains(expected), "{expected} is not in {summary}");
        }
    }
}
