//! Settings of proving on other machines: the `[fleet]` section.

use std::path::PathBuf;

use cairn_fleet::{bus::Target, names::Names};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// The `[fleet]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct FleetConfig {
    /// The NATS server, as nats://HOST:PORT or tls://HOST:PORT. Empty: the operator proves in its own process.
    pub url: String,
    /// The file with the seed of the operator's nkey.
    pub nkey_file: Option<PathBuf>,
    /// The certificate of who vouches for the server, where the system does not.
    pub ca_file: Option<PathBuf>,
    /// The prefix of this rollup's streams and subjects, which its workers have too.
    pub prefix: String,
    /// Proofs that are made at the same time: a proof's end leaves workers to the next one's beginning.
    pub proofs: usize,
    /// Operations of a chunk at the most; fewer make more assignments, each for smaller workers.
    pub max_operations_a_chunk: usize,
}

impl Default for FleetConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            nkey_file: None,
            ca_file: None,
            prefix: Names::default().to_string(),
            proofs: 4,
            max_operations_a_chunk: 8_192,
        }
    }
}

impl FleetConfig {
    /// Refuses settings under which nothing would be proven.
    ///
    /// # Errors
    /// The field, what it must be, and what it is.
    pub fn check(&self) -> Result<(), String> {
        self.prefix.parse::<Names>().map_err(|error| format!("fleet.prefix: {error}"))?;
        let scheme = self.url.split_once("://").map(|(scheme, _)| scheme);
        if !self.url.is_empty() && !scheme.is_some_and(|scheme| ["nats", "tls"].contains(&scheme)) {
            // Not the address itself: it may hold a password.
            return Err("fleet.url: is no nats:// or tls:// URL".to_owned());
        }
        if !(1..=64).contains(&self.proofs) {
            return Err(format!("fleet.proofs: expected 1 to 64, got {}", self.proofs));
        }
        match self.max_operations_a_chunk {
            // A pair of short transfers is never cut.
            0 | 1 => Err("fleet.max_operations_a_chunk: expected at least 2".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether proofs are made elsewhere.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !self.url.is_empty()
    }

    /// The server, and who the operator is there.
    #[must_use]
    pub fn target(&self) -> Target {
        let (nkey, ca) = (self.nkey_file.clone(), self.ca_file.clone());
        Target { url: self.url.clone(), nkey, ca }
    }
}
