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
    /// This operator, as others of the same rollup see it. Empty: the host's name and the API's port.
    pub operator: String,
    /// Copies of the stream of commits and of the lease: 1, or 3 on a cluster of three.
    pub replicas: usize,
    /// The size of the stream of commits, in GiB: what a standby may lack and still catch up with.
    pub stream_gib: u32,
    /// Seconds without a sign of the operator that leads after which a standby takes over.
    pub lease_s: u64,
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
            operator: String::new(),
            replicas: 1,
            stream_gib: 4,
            lease_s: 5,
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
        // A pair of short transfers is never cut.
        if self.max_operations_a_chunk < 2 {
            return Err("fleet.max_operations_a_chunk: expected at least 2".to_owned());
        }
        let is_name = |c: char| c.is_ascii_graphic() || c == ' ';
        if self.operator.len() > 64 || !self.operator.chars().all(is_name) {
            return Err("fleet.operator: expected at most 64 printable letters".to_owned());
        }
        if ![1, 3, 5].contains(&self.replicas) {
            return Err(format!("fleet.replicas: expected 1, 3 or 5, got {}", self.replicas));
        }
        if !(1..=1_024).contains(&self.stream_gib) {
            return Err(format!("fleet.stream_gib: expected 1 to 1024, got {}", self.stream_gib));
        }
        if !(1..=60).contains(&self.lease_s) {
            return Err(format!("fleet.lease_s: expected 1 to 60, got {}", self.lease_s));
        }
        Ok(())
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
