//! What was deployed, for `cairn verify-deployment` and for everyone who reads along.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256, Bytes};
use cairn_prover::{Engine, LocalProver, files::write_atomically};
use cairn_types::Digest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use thiserror::Error;

use super::config::{Roles, Terms};
use crate::{
    l1::{artifacts::Compiler, http::quote},
    parse::{fields, unique::Unique},
    regular_file::Input,
};

/// Version of the format.
pub const FORMAT: u32 = 2;

/// Bytes of the longest file that is read. A manifest has some thousands, an unfinished one some hundred thousand.
const MAX_BYTES: u64 = 4 << 20;

/// How the keys of the SNARK were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetUp {
    /// Locally: who made them can forge proofs.
    Development,
    /// By several parties, one of whom was honest.
    Ceremony,
}

/// What the verifier follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuits {
    /// Merkle root over the digests of the verifier keys.
    #[serde(deserialize_with = "fields::hash")]
    pub circuit_set_root: B256,
    /// Digest of each circuit's key, by role.
    #[serde(deserialize_with = "fields::named_hashes")]
    pub digests: BTreeMap<String, B256>,
    /// SHA-256 of the verifying key of the SNARK, compressed.
    #[serde(deserialize_with = "fields::hash")]
    pub verifying_key_hash: B256,
    /// How it was made.
    pub set_up: SetUp,
}

impl Circuits {
    /// Of this machine's prover, whose keys are for development.
    #[must_use]
    pub fn of(prover: &LocalProver) -> Self {
        let hash = |digest: Digest| B256::from(digest.to_bytes());
        let digests = prover.circuit_digests().into_iter();
        Self {
            circuit_set_root: hash(prover.circuit_set_root()),
            digests: digests.map(|(role, digest)| (role, hash(digest))).collect(),
            verifying_key_hash: prover.keys().verifying_key_hash().into(),
            set_up: SetUp::Development,
        }
    }
}

/// A contract that the deployer has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Its name in the source.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Where it is: it follows from deployer and nonce.
    #[serde(deserialize_with = "fields::address")]
    pub address: Address,
    /// Of the deployer's transaction.
    pub nonce: u64,
    /// Of the constructor, ABI-encoded.
    #[serde(deserialize_with = "fields::data")]
    pub arguments: Bytes,
    /// Keccak-256 of its code on the chain.
    #[serde(deserialize_with = "fields::hash")]
    pub code_hash: B256,
    /// The transaction.
    #[serde(deserialize_with = "fields::hash")]
    pub transaction: B256,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The chain.
    pub chain_id: u64,
    /// The block of the first of its transactions: there is nothing to read before it.
    pub first_block: u64,
    /// Who has sent them.
    #[serde(deserialize_with = "fields::address")]
    pub deployer: Address,
    /// What holds the money; the rollup makes it.
    #[serde(deserialize_with = "fields::address")]
    pub custody: Address,
    /// Keccak-256 of its code.
    #[serde(deserialize_with = "fields::hash")]
    pub custody_code_hash: B256,
    /// What signatures and proofs are bound to.
    #[serde(deserialize_with = "fields::hash")]
    pub domain: B256,
    /// State commitment of the empty tree.
    #[serde(deserialize_with = "fields::hash")]
    pub genesis_state: B256,
    /// In the order of their transactions.
    pub contracts: Vec<Contract>,
    /// Who may do what; the governor is behind the timelock if there is one.
    pub roles: Roles,
    /// What users are promised.
    pub terms: Terms,
    /// What the verifier follows from.
    pub circuits: Circuits,
    /// What the contracts were compiled with.
    pub compiler: Compiler,
    /// The source's commit, and whether it had changes; empty where there is no repository.
    pub commit: String,
}

/// A manifest that cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no manifest.
    #[error("{}: this is no manifest of `cairn deploy`: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// Another format.
    #[error(
        "{}: format {got}, expected {FORMAT}: another version of Cairn has made it; use that version, or deploy again",
        .path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Of the file.
        got: u32,
    },
    /// Not everything is deployed.
    #[error(
        "{}: this deployment is unfinished: run the `cairn deploy` that began it once more, it goes on from this file",
        .path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// A contract that every deployment has.
    #[error("the manifest has no {0}")]
    Missing(&'static str),
}

impl Manifest {
    /// A contract by its name.
    ///
    /// # Errors
    /// [`ManifestError::Missing`].
    pub fn contract(&self, name: &'static str) -> Result<&Contract, ManifestError> {
        let found = self.contracts.iter().find(|contract| contract.name == name);
        found.ok_or(ManifestError::Missing(name))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, no manifest of this format, or unfinished.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let value = read_value(path)?;
        if value.get("unfinished").is_some() {
            return Err(ManifestError::Unfinished { path: path.to_owned() });
        }
        from_value(path, value)
    }

    /// Writes a file, whole or not at all.
    ///
    /// # Errors
    /// [`ManifestError::File`].
    pub fn write(&self, path: &Path) -> Result<(), ManifestError> {
        write_atomically(path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            writeln!(file)
        })
        .map_err(|source| ManifestError::File { path: path.to_owned(), source })
    }
}

/// The JSON in a file of this format.
pub(super) fn read_value(path: &Path) -> Result<Value, ManifestError> {
    let file = |source| ManifestError::File { path: path.to_owned(), source };
    let mut text = Vec::new();
    Input::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut text)).map_err(file)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(malformed(path, &format!("it has more than {MAX_BYTES} bytes")));
    }
    let Unique(value) = serde_json::from_slice(&text).map_err(|e| malformed(path, &e))?;
    match value.get("format").and_then(Value::as_u64) {
        Some(got) if got != u64::from(FORMAT) => {
            let got = u32::try_from(got).unwrap_or(u32::MAX);
            Err(ManifestError::Format { path: path.to_owned(), got })
        }
        _ => Ok(value),
    }
}

pub(super) fn from_value<T: DeserializeOwned>(
    path: &Path,
    value: Value,
) -> Result<T, ManifestError> {
    serde_json::from_value(value).map_err(|e| malformed(path, &e))
}

fn malformed(path: &Path, reason: &dyn std::fmt::Display) -> ManifestError {
    // The parser quotes the file, which may hold anything.
    ManifestError::Malformed { path: path.to_owned(), reason: quote(&reason.to_string()) }
}
#[cfg(test)]
mod tests {
    use alloy::primitives::U256;
    use serde_json::{Value, json};

    use super::*;
    use crate::l1::data_modes::DataModes;

    fn manifest() -> Manifest {
        let account = Address::repeat_byte(0xab);
        let contract = Contract {
            name: "Rollup".into(),
            file: "Rollup.sol".into(),
            address: account,
            nonce: 1,
            arguments: Bytes::from([1, 2]),
            code_hash: B256::repeat_byte(0xcd),
            transaction: B256::repeat_byte(0xef),
        };
        Manifest {
            format: FORMAT,
            chain_id: 1,
            first_block: 2,
            deployer: account,
            custody: account,
            custody_code_hash: B256::repeat_byte(1),
            domain: B256::repeat_byte(2),
            genesis_state: B256::repeat_byte(3),
            contracts: vec![contract],
            roles: Roles {
                governor: account,
                timelock_delay: 0,
                committer: account,
                prover: account,
                guardian: account,
                council: account,
            },
            terms: Terms { data_modes: DataModes::ON_L1, ..Terms::default() },
            circuits: Circuits {
                circuit_set_root: B256::repeat_byte(4),
                digests: [("leaf".to_owned(), B256::repeat_byte(5))].into(),
                verifying_key_hash: B256::repeat_byte(6),
                set_up: SetUp::Ceremony,
            },
            compiler: Compiler { version: "0.8".into(), settings: BTreeMap::new() },
            commit: String::new(),
        }
    }

    fn read(value: &Value) -> Result<Manifest, String> {
        read_text(&value.to_string())
    }

    fn read_text(text: &str) -> Result<Manifest, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Manifest::read(file.path()).map_err(|error| error.to_string())
    }

    /// Every text of a manifest but names and versions.
    fn texts(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(k, v)| texts(v, &format!("{path}/{k}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| texts(v, &format!("{path}/{i}"), found));
            }
            Value::String(text) if text.starts_with("0x") => found.push(path.to_owned()),
            _ => {}
        }
    }

    /// Whoever reads the first of two sees another manifest than is verified.
    #[test]
    fn a_field_that_stands_twice_is_refused() {
        let text = serde_json::to_string(&manifest()).unwrap();
        read_text(&text).unwrap();
        for (first, place) in
            [("\"custody\":\"0x66\",", "{"), ("\"council\":\"0x66\",", "\"roles\":{")]
        {
            let twice = text.replacen(place, &format!("{place}{first}"), 1);
            let error = read_text(&twice).unwrap_err();
            assert!(error.contains("stands there twice"), "{error}");
        }
    }

    /// What was read is held against what was built, text by text.
    #[test]
    fn a_fraction_among_the_compilers_settings_stays_as_it_is() {
        let mut manifest = manifest();
        let fraction = json!(1.000_000_000_001_716_8e24);
        manifest.compiler.settings.insert("runs".into(), fraction);
        let once = read(&serde_json::to_value(&manifest).unwrap()).unwrap();
        let text = serde_json::to_string(&once).unwrap();
        assert_eq!(read_text(&text), Ok(once));
        assert!(text.contains("1.0000000000017168e"), "{text}");
    }

    #[test]
    fn addresses_hashes_and_wei_are_written_in_one_way() {
        let good = serde_json::to_value(manifest()).unwrap();
        assert_eq!(read(&good), Ok(manifest()));
        let mut paths = Vec::new();
        texts(&good, "", &mut paths);
        assert_eq!(paths.len(), 17, "{paths:?}");
        for path in paths {
            let text = good.pointer(&path).unwrap().as_str().unwrap();
            let bytes: Vec<u8> = hex::decode(&text[2..]).unwrap();
            for bad in [json!(&text[2..]), json!(&text[..text.len() - 1]), json!(bytes)] {
                let mut other = good.clone();
                *other.pointer_mut(&path).unwrap() = bad;
                let error = read(&other).unwrap_err();
                assert!(error.contains("expected"), "{path}: {error}");
            }
            if text.len() == 42 {
                let mut other = good.clone();
                // Its checksum begins with two capitals.
                *other.pointer_mut(&path).unwrap() = json!(text.replacen("abab", "aBab", 1));
                assert!(read(&other).unwrap_err().contains("EIP-55"), "{path}");
            }
        }
        for fee in [json!(""), json!("_"), json!("+5"), json!("0x10"), json!(5)] {
            let mut other = good.clone();
            other["terms"]["priority_fee"] = fee;
            assert!(read(&other).is_err(), "{other}");
        }
        let mut other = good;
        other["terms"]["priority_fee"] = json!("5");
        assert_eq!(read(&other).unwrap().terms.priority_fee, U256::from(5));
    }
}
