//! Files of secret keys: the seeds of L2 keys, and the L1 key that sends transactions.

use std::{collections::HashMap, path::Path};

use alloy::signers::local::PrivateKeySigner;
use cairn_primitives::schnorr::SecretKey;
use cairn_types::PublicKey;
use eyre::{Result, WrapErr, ensure, eyre};

use crate::secret_file::{self, shown_name, warn_of_readers};

/// Bytes of the longest file of seeds that is read.
const MAX_KEYS_BYTES: u64 = 128 << 20;
/// The same of one key.
const MAX_SENDER_BYTES: u64 = 4_096;

/// Fewest bytes of a seed: 128 bits.
const MIN_SEED_BYTES: usize = 16;

/// L2 keys by their public key.
#[derive(Debug, Default)]
pub struct Keys(HashMap<PublicKey, SecretKey>);

impl Keys {
    /// Reads one seed a line, in hex; empty lines and lines that start with `#` are passed over.
    ///
    /// # Errors
    /// The file's, or a line that holds no seed. No error shows what the line holds.
    pub fn read(path: &Path) -> Result<Self> {
        let name = shown_name(path);
        let text = secret_file::read(path, MAX_KEYS_BYTES)
            .wrap_err_with(|| format!("reading the keys in {name}"))?;
        warn_of_readers(path);
        let mut keys = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let seed = hex::decode(line.strip_prefix("0x").unwrap_or(line))
                .map_err(|_| eyre!("{name}, line {number}: the seed is not hex"))?;
            ensure!(
                seed.len() >= MIN_SEED_BYTES,
                "{name}, line {number}: expected a seed of at least {MIN_SEED_BYTES} bytes, got {}",
                seed.len()
            );
            keys.add(SecretKey::from_seed(&seed));
        }
        Ok(keys)
    }

    /// Adds a key.
    pub fn add(&mut self, key: SecretKey) {
        self.0.insert(key.public().into(), key);
    }

    /// The secret key of a public one.
    #[must_use]
    pub fn get(&self, key: &PublicKey) -> Option<&SecretKey> {
        self.0.get(key)
    }
}

/// Reads an L1 key, that of who sends transactions or signs for data: 32 bytes in hex, alone in the file.
///
/// # Errors
/// The file's, or it holds no key.
pub fn read_sender(path: &Path) -> Result<PrivateKeySigner> {
    let name = shown_name(path);
    let text = secret_file::read(path, MAX_SENDER_BYTES)
        .wrap_err_with(|| format!("reading the sender's key in {name}"))?;
    warn_of_readers(path);
    // The parser's error might show the key.
    text.trim().parse().map_err(|_| eyre!("{name}: expected an L1 key of 32 bytes in hex"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Keys> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Keys::read(file.path())
    }

    #[test]
    fn seeds_are_found_by_their_public_key() {
        let keys =
            read(&format!("# mine\n\n0x{}\n{}\n", "07".repeat(32), "08".repeat(16))).unwrap();
        for seed in [&[7; 32][..], &[8; 16]] {
            let key = SecretKey::from_seed(seed).public();
            assert_eq!(keys.get(&key.into()).unwrap().public(), key);
        }
    }

    #[test]
    fn what_is_no_seed_is_named_by_its_line_and_not_shown() {
        for (text, reason) in
            [("\nsecret", "line 2: the seed is not hex"), ("0x0102", "line 1: expected")]
        {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("secret") && !error.contains("0102"), "{error}");
        }
        let sender = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(sender.path(), "secret").unwrap();
        assert!(!read_sender(sender.path()).unwrap_err().to_string().contains("secret,"));
    }
}
