//! What a deployment is asked for: a TOML file.

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    l1::data_modes::{DataModes, as_bits},
    parse::fields,
    regular_file,
};

/// Bytes of the longest file that is read.
const MAX_BYTES: u64 = 1 << 20;

/// A deployment to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The chain: one that the node does not serve is refused.
    pub chain_id: u64,
    /// Who may do what.
    pub roles: Roles,
    /// What users are promised.
    #[serde(default)]
    pub terms: Terms,
}

/// Who may do what (docs/security.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Registers tokens and circuit sets, gives the roles below but the council's; behind the timelock if there is one.
    #[serde(deserialize_with = "fields::address")]
    pub governor: Address,
    /// Seconds of the timelock between the governor and the contracts; no timelock where zero.
    #[serde(default)]
    pub timelock_delay: u64,
    /// Commits batches, and takes back those that are not proven.
    #[serde(deserialize_with = "fields::address")]
    pub committer: Address,
    /// Proves batches.
    #[serde(deserialize_with = "fields::address")]
    pub prover: Address,
    /// Pauses settlement.
    #[serde(deserialize_with = "fields::address")]
    pub guardian: Address,
    /// Retires circuit sets at once, and installs them.
    #[serde(deserialize_with = "fields::address")]
    pub council: Address,
}

/// What users are promised; fixed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Wei that each priority operation pays to whoever proves it.
    #[serde(with = "decimal")]
    pub priority_fee: U256,
    /// Seconds that a priority operation may wait until it is proven.
    pub priority_deadline: u32,
    /// Seconds from the registration of a circuit set until it counts.
    pub upgrade_delay: u32,
    /// The circuits execute forced transactions.
    pub forced_transactions: bool,
    /// Where batches may have their data: 1 for calldata, 2 for blobs, 4 for the committee, or their sum.
    #[serde(with = "as_bits")]
    pub data_modes: DataModes,
}

impl Default for Terms {
    fn default() -> Self {
        const DAY: u32 = 24 * 60 * 60;
        Self {
            priority_fee: U256::from(10).pow(U256::from(14)),
            priority_deadline: 14 * DAY,
            upgrade_delay: 30 * DAY,
            forced_transactions: false,
            data_modes: DataModes::ON_L1,
        }
    }
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
        source: std::io::Error,
    },
    /// The file does not say what it must.
    #[error("{}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// A role that nobody has.
    #[error("the {0} is the zero address: name who has this role")]
    NoHolder(&'static str),
    /// No mode, or one that there is not.
    #[error(
        "data_modes is {0}: expected 1 for calldata, 2 for blobs, 4 for the committee, or their sum"
    )]
    DataModes(u8),
    /// A time that makes no sense.
    #[error("{0} is zero: users would have no time at all")]
    NoTime(&'static str),
    /// New circuits would count before anyone could leave.
    #[error(
        "upgrade_delay is {delay} s, expected more than priority_deadline, {deadline} s: it takes that long to freeze a rollup whose operator lets nobody leave, and until then its new circuits must not count"
    )]
    NoExitWindow {
        /// Seconds until a circuit set counts.
        delay: u32,
        /// Seconds until anyone may freeze.
        deadline: u32,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or lacks something.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = regular_file::text(path, MAX_BYTES)
            .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|e| ConfigError::Malformed {
            path: path.to_owned(),
            // The parser draws the line; ours has to be one.
            reason: one_line(&e.to_string()),
        })
    }

    /// Refuses roles without holders, times of zero, and an upgrade that nobody could leave before.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Roles { governor, committer, prover, guardian, council, .. } = self.roles;
        let holders = [
            ("governor", governor),
            ("committer", committer),
            ("prover", prover),
            ("guardian", guardian),
            ("council", council),
        ];
        if let Some((role, _)) = holders.into_iter().find(|(_, holder)| holder.is_zero()) {
            return Err(ConfigError::NoHolder(role));
        }
        let Terms { priority_deadline, upgrade_delay, data_modes, .. } = self.terms;
        if !data_modes.is_valid() {
            return Err(ConfigError::DataModes(data_modes.bits()));
        }
        let times = [("priority_deadline", priority_deadline), ("upgrade_delay", upgrade_delay)];
        if let Some((time, _)) = times.into_iter().find(|(_, seconds)| *seconds == 0) {
            return Err(ConfigError::NoTime(time));
        }
        if upgrade_delay <= priority_deadline {
            let (delay, deadline) = (upgrade_delay, priority_deadline);
            return Err(ConfigError::NoExitWindow { delay, deadline });
        }
        Ok(())
    }
}

/// Without the lines of the file, which are drawn behind a bar: a key file given by mistake is not shown.
fn one_line(text: &str) -> String {
    let is_drawn = |line: &&str| {
        let number = |c: char| c.is_ascii_digit() || c == ' ';
        line.trim_start_matches(number).starts_with('|')
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !is_drawn(line)).collect::<Vec<_>>().join(": ")
}

/// Wei as decimal strings: they do not fit TOML's or JSON's integers.
mod decimal {
    use alloy::primitives::U256;
    use serde::Serializer;

    pub(super) use crate::parse::fields::decimal as deserialize;

    pub(super) fn serialize<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
chain_id = 31337

[roles]
governor = "0x0000000000000000000000000000000000000001"
committer = "0x0000000000000000000000000000000000000002"
prover = "0x0000000000000000000000000000000000000003"
guardian = "0x0000000000000000000000000000000000000004"
council = "0x0000000000000000000000000000000000000005"

[terms]
priority_fee = "200000000000000"
"#;

    fn read(text: &str) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::read(file.path()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_file_is_read_and_checked() {
        let config = read(FILE).unwrap();
        config.check().unwrap();
        assert_eq!(config.roles.prover, Address::with_last_byte(3));
        assert_eq!(config.roles.timelock_delay, 0);
        assert_eq!(config.terms.priority_fee, U256::from(200_000_000_000_000u64));
        assert_eq!(config.terms.upgrade_delay, 30 * 24 * 60 * 60);
        let nobody = read(&FILE.replace("0003", "0000")).unwrap().check();
        assert_eq!(
            nobody.unwrap_err().to_string(),
            "the prover is the zero address: name who has this role"
        );
        for modes in [0, 8] {
            let other = read(&format!("{FILE}data_modes = {modes}\n")).unwrap().check();
            assert!(matches!(other, Err(ConfigError::DataModes(_))));
        }
        let now = read(&format!("{FILE}upgrade_delay = 0\n")).unwrap().check();
        assert!(matches!(now, Err(ConfigError::NoTime("upgrade_delay"))));
        let terms = "priority_deadline = 600\nupgrade_delay";
        let no_window = read(&format!("{FILE}{terms} = 600\n")).unwrap().check();
        assert!(matches!(no_window, Err(ConfigError::NoExitWindow { delay: 600, deadline: 600 })));
        read(&format!("{FILE}{terms} = 601\n")).unwrap().check().unwrap();
    }

    /// What is deployed stays as it is: a fee of 0 that nobody meant, a role that nobody has.
    #[test]
    fn numbers_and_addresses_are_written_in_one_way() {
        for fee in ["", "_", "+5", "0x10", "1_000", "007", " 5", "1e14"] {
            let text = FILE.replace("\"200000000000000\"", &format!("{fee:?}"));
            let error = read(&text).unwrap_err();
            assert!(error.contains("expected a decimal number below 2^256"), "{fee:?}: {error}");
        }
        let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for role in 1..=5 {
            let with = |holder: &str| {
                read(&FILE.replace(&format!("\"0x{role:040}\""), &format!("{holder:?}")))
            };
            with(good).unwrap();
            with(&good.to_lowercase()).unwrap();
            let error = with(&good.replace("5aA", "5aa")).unwrap_err();
            assert!(error.contains("EIP-55 checksum"), "{error}");
            let error = with(&good[2..]).unwrap_err();
            assert!(error.contains("0x and 40 hex digits"), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for (text, part) in [
            (FILE.replace("council", "counsel"), "counsel"),
            (FILE.replace("\"200", "\"2e"), "line 12, column 16: "),
            (FILE.replace("chain_id = 31337", ""), "chain_id"),
            ("]".to_owned(), "line 1"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(part), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
