//! What an operator is told: one TOML file. Each room has its own section; here they come together.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{keys::KeysConfig, locate, telemetry::TelemetryConfig};
use crate::{
    api::ApiConfig, fleet::config::FleetConfig, l1::connection::ConnectionConfig,
    mempool::MempoolConfig, parse::fields, proving::config::ProvingConfig, regular_file,
    sequencer::SequencerConfig, settlement::SettlementConfig, watcher::WatcherConfig,
};

/// Bytes of the longest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// The operator's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the store and of all that must survive; made if it is not there. A relative path counts from the
    /// folder of this file. No default.
    pub data_dir: PathBuf,
    /// Folder of circuits and the proving key, which can be made again. Default: $CAIRN_CACHE, else the user's cache folder.
    pub cache_dir: Option<PathBuf>,
    /// Where the rollup is on L1.
    pub l1: L1Config,
    /// Who signs.
    #[serde(default)]
    pub keys: KeysConfig,
    /// Where the API listens, and what it takes.
    #[serde(default)]
    pub api: ApiConfig,
    /// What is accepted, and what it must pay.
    #[serde(default)]
    pub mempool: MempoolConfig,
    /// When blocks are made and batches sealed.
    #[serde(default)]
    pub sequencer: SequencerConfig,
    /// How batches are published and proven.
    #[serde(default)]
    pub proving: ProvingConfig,
    /// Where proofs are made, if not in the operator's own process.
    #[serde(default)]
    pub fleet: FleetConfig,
    /// What L1 transactions may cost, and how they are followed.
    #[serde(default)]
    pub settlement: SettlementConfig,
    /// How L1 is watched.
    #[serde(default)]
    pub watcher: WatcherConfig,
    /// Logs, metrics and spans.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

/// Where the rollup is on L1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields)]
pub struct L1Config {
    /// HTTP endpoints of nodes of L1, the preferred one first; another is used when one fails. At least one; no default.
    pub urls: Vec<String>,
    /// The chain that they must serve. No default.
    pub chain_id: u64,
    /// Address of the rollup's contract. No default.
    #[serde(deserialize_with = "fields::address")]
    pub rollup: Address,
    /// The block of the deployment's first transaction: nothing is read before it. Default: 0.
    #[serde(default)]
    pub first_block: u64,
    /// How patient the connection to the nodes is.
    #[serde(default)]
    pub connection: ConnectionConfig,
}

/// A field, as `section.name`, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadField {
    /// Its name, with that of its section.
    pub field: String,
    /// What it has, and what is expected.
    pub reason: String,
}

impl BadField {
    /// Of the field `name` of a section.
    pub fn new(section: &str, name: &str, reason: impl fmt::Display) -> Self {
        Self { field: format!("{section}.{name}"), reason: reason.to_string() }
    }
}

/// What a room says of its section: `section.field: reason`.
fn room<E: fmt::Display>(checked: Result<(), E>) -> Result<(), BadField> {
    checked.map_err(|error| {
        let text = error.to_string();
        let (field, reason) = text.split_once(": ").unwrap_or(("", &text));
        BadField { field: field.to_owned(), reason: reason.to_owned() }
    })
}

/// A configuration that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file says something else than it must.
    #[error("{}:{line}: {}", .path.display(), field_and_reason(.field, .reason))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The field; empty where the file is no TOML there.
        field: String,
        /// What is expected.
        reason: String,
    },
}

fn field_and_reason(field: &str, reason: &str) -> String {
    if field.is_empty() { reason.to_owned() } else { format!("{field}: {reason}") }
}

impl Config {
    /// Reads and checks a file. Relative paths in it count from its folder.
    ///
    /// # Errors
    /// It is not there, or the first thing in it that is wrong, with its line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = regular_file::text(path, MAX_BYTES)
            .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
        let wrong = |(line, field, reason)| ConfigError::Wrong {
            path: path.to_owned(),
            line,
            field,
            reason,
        };
        let mut config: Self =
            toml::from_str(&text).map_err(|e| wrong(locate::error(&text, &e)))?;
        config.check().map_err(|BadField { field, reason }| {
            wrong((locate::field(&text, &field), field, reason))
        })?;
        config.start_from(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Refuses values that no operator can work with, section by section.
    ///
    /// # Errors
    /// The first bad field.
    pub fn check(&self) -> Result<(), BadField> {
        if self.data_dir.as_os_str().is_empty() {
            let reason = "is empty, expected a folder".to_owned();
            return Err(BadField { field: "data_dir".to_owned(), reason });
        }
        self.l1.check()?;
        self.keys.check()?;
        room(self.api.check())?;
        room(self.mempool.check())?;
        room(self.sequencer.check())?;
        room(self.proving.check())?;
        room(self.fleet.check())?;
        room(self.settlement.check())?;
        room(self.watcher.check())?;
        room(self.settlement.check_beside(&self.watcher))?;
        self.telemetry.check()
    }

    /// Makes relative paths count from `folder`.
    fn start_from(&mut self, folder: &Path) {
        let keys = &mut self.keys;
        let optional = [
            &mut keys.operator,
            &mut keys.operator_password_file,
            &mut keys.receipts,
            &mut keys.receipts_password_file,
            &mut keys.admin_token_file,
            &mut self.cache_dir,
            &mut self.fleet.nkey_file,
            &mut self.fleet.ca_file,
        ];
        let paths = optional.into_iter().filter_map(Option::as_mut);
        for path in paths.chain([&mut self.data_dir]) {
            *path = folder.join(&*path);
        }
    }

    /// A configuration to start from: its paths, URLs and addresses are there to be changed.
    #[must_use]
    pub fn template() -> Self {
        let l1 = L1Config {
            urls: vec!["http://127.0.0.1:8545".to_owned()],
            chain_id: 1,
            rollup: Address::ZERO,
            first_block: 0,
            connection: ConnectionConfig::default(),
        };
        Self {
            data_dir: "/var/lib/cairn".into(),
            cache_dir: None,
            l1,
            keys: KeysConfig::default(),
            api: ApiConfig::default(),
            mempool: MempoolConfig::default(),
            sequencer: SequencerConfig::default(),
            proving: ProvingConfig::default(),
            fleet: FleetConfig::default(),
            settlement: SettlementConfig::default(),
            watcher: WatcherConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }

    /// The file with the token of `cairn admin`.
    #[must_use]
    pub fn admin_token_file(&self) -> PathBuf {
        let default = || self.data_dir.join("admin-token");
        self.keys.admin_token_file.clone().unwrap_or_else(default)
    }

    /// The store's folder.
    #[must_use]
    pub fn store_dir(&self) -> PathBuf {
        self.data_dir.join("store")
    }
}

impl L1Config {
    fn check(&self) -> Result<(), BadField> {
        let bad = |name, reason: &str| Err(BadField::new("l1", name, reason));
        if self.urls.is_empty() {
            return bad("urls", "is empty, expected at least one URL");
        }
        for (i, url) in self.urls.iter().enumerate() {
            // Not the URL itself: it may hold credentials.
            let scheme = url.parse::<reqwest::Url>().map(|url| url.scheme().to_owned());
            if !scheme.is_ok_and(|scheme| scheme == "http" || scheme == "https") {
                let number = i + 1;
                return bad("urls", &format!("number {number} is no http:// or https:// URL"));
            }
        }
        if self.rollup.is_zero() {
            return bad("rollup", "is the zero address, expected that of the rollup's contract");
        }
        room(self.connection.check().map_err(|e| {
            format!("l1.connection.{}: expected {}, got {}", e.field, e.expected, e.got)
        }))
    }
}

/// A port of this machine only.
#[must_use]
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
