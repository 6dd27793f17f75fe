//! The operator's keys: from encrypted keystore files, or from the environment. They are never shown.
//!
//! ```text
//! error <- private (files, passwords) <- sealed (keystores) <- keys: which there are, and the token
//! ```

mod error;
mod private;
mod sealed;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use alloy::signers::local::{LocalSignerError, PrivateKeySigner};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

use self::error::TOKEN;
pub use self::{
    error::KeyError,
    private::{check_password, read_password, read_secret, replace_private, write_private},
    sealed::{check_new, decrypt, encrypt, open, read_keystore, seal},
};
use super::config::BadField;

/// Characters of the shortest token that nobody guesses; the one that is made has 64.
const SHORTEST_TOKEN: usize = 16;

/// Who signs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// Keystore file (Web3 Secret Storage, see `cairn keys`) of the account that commits and proves batches on L1 and pays
    /// for it. Default: the key itself, 32 bytes in hex, in $CAIRN_OPERATOR_KEY.
    pub operator: Option<PathBuf>,
    /// File with the password of `operator`. Default: the password in $CAIRN_OPERATOR_PASSWORD.
    pub operator_password_file: Option<PathBuf>,
    /// Keystore file of the key that signs receipts of soft confirmations. Default: the key in $CAIRN_RECEIPT_KEY, else
    /// the operator's key.
    pub receipts: Option<PathBuf>,
    /// File with the password of `receipts`. Default: the password in $CAIRN_RECEIPT_PASSWORD.
    pub receipts_password_file: Option<PathBuf>,
    /// File whose first line lets `cairn admin` in. Default: `admin-token` in data_dir, made at the first start.
    pub admin_token_file: Option<PathBuf>,
}

impl KeysConfig {
    pub(super) fn check(&self) -> Result<(), BadField> {
        let pairs = [
            ("operator", &self.operator, &self.operator_password_file),
            ("receipts", &self.receipts, &self.receipts_password_file),
        ];
        for (name, keystore, password) in pairs {
            if keystore.is_none() && password.is_some() {
                let field = format!("{name}_password_file");
                let reason = format!("is set, but keys.{name} is not: expected both or neither");
                return Err(BadField::new("keys", &field, reason));
            }
        }
        Ok(())
    }
}

/// The operator's keys.
#[derive(Clone)]
pub struct Keys {
    /// Commits, proves and pays on L1.
    pub operator: PrivateKeySigner,
    /// Signs receipts of soft confirmations.
    pub receipts: PrivateKeySigner,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operator, receipts) = (self.operator.address(), self.receipts.address());
        write!(f, "Keys {{ operator: {operator}, receipts: {receipts} }}")
    }
}

/// Where a key may be.
struct Source<'a> {
    name: &'static str,
    keystore: Option<&'a Path>,
    password_file: Option<&'a Path>,
    key_variable: &'static str,
    password_variable: &'static str,
}

impl Keys {
    /// Opens what the configuration names; `variable` reads the environment. May take a second for each keystore.
    ///
    /// # Errors
    /// A file that is missing, open to others or no keystore, a wrong password, or no key at all.
    pub fn load(
        config: &KeysConfig,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, KeyError> {
        let operator = Source {
            name: "operator",
            keystore: config.operator.as_deref(),
            password_file: config.operator_password_file.as_deref(),
            key_variable: "CAIRN_OPERATOR_KEY",
            password_variable: "CAIRN_OPERATOR_PASSWORD",
        };
        let receipts = Source {
            name: "receipts",
            keystore: config.receipts.as_deref(),
            password_file: config.receipts_password_file.as_deref(),
            key_variable: "CAIRN_RECEIPT_KEY",
            password_variable: "CAIRN_RECEIPT_PASSWORD",
        };
        let no_key = KeyError::NoKey { name: operator.name, variable: operator.key_variable };
        let operator = operator.open(&variable)?.ok_or(no_key)?;
        let receipts = receipts.open(&variable)?.unwrap_or_else(|| operator.clone());
        Ok(Self { operator, receipts })
    }
}

impl Source<'_> {
    fn open(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<PrivateKeySigner>, KeyError> {
        let Some(keystore) = self.keystore else {
            let key = variable(self.key_variable);
            return key.map(|key| parse(&key, &format!("${}", self.key_variable))).transpose();
        };
        let field = format!("keys.{}_password_file", self.name);
        let password = match self.password_file {
            Some(path) => read_password(&field, path)?,
            None => {
                let password =
                    variable(self.password_variable).ok_or_else(|| KeyError::NoPassword {
                        path: keystore.to_owned(),
                        field: field.clone(),
                        variable: self.password_variable,
                    })?;
                check_password(password, &format!("${}", self.password_variable))?
            }
        };
        decrypt(&format!("keys.{}", self.name), keystore, &password).map(Some)
    }
}

/// The token in a file, which is made if it is not there: for its owner only.
///
/// # Errors
/// What the file system says, others can read it, or it is too short.
pub fn token(path: &Path) -> Result<String, KeyError> {
    if !path.exists() {
        let token = hex::encode(PrivateKeySigner::random().to_bytes());
        write_private(TOKEN, path, format!("{token}\n").as_bytes())?;
    }
    read_token(path)
}

/// That the token in a file will do, if there is one.
///
/// # Errors
/// As [`token`].
pub fn check_token(path: &Path) -> Result<(), KeyError> {
    if path.exists() { read_token(path).map(drop) } else { Ok(()) }
}

fn read_token(path: &Path) -> Result<String, KeyError> {
    let token = read_secret(TOKEN, path)?;
    let (expected, got) = (SHORTEST_TOKEN, token.trim().len());
    if got < expected {
        return Err(KeyError::ShortToken { path: path.to_owned(), expected, got });
    }
    Ok(token)
}

/// A key in hex, from the place `from`.
///
/// # Errors
/// It is no key.
pub fn parse(text: &str, from: &str) -> Result<PrivateKeySigner, KeyError> {
    text.trim().parse().map_err(|_: LocalSignerError| KeyError::NoHex { from: from.to_owned() })
}

#[cfg(test)]
mod tests;
