//! The operator's keys: from encrypted keystore files, or from the environment. They are never shown.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use alloy::signers::{
    k256::elliptic_curve::rand_core::OsRng,
    local::{LocalSignerError, PrivateKeySigner},
};
use cairn_prover::files::check_writable;
use documented::DocumentedFields;
use eth_keystore::KeystoreError;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::config::BadField;
use crate::{
    secret_file::{self, check_name, is_everyones, shown_name},
    temporary::Temporary,
};

/// Bytes of the longest keystore, password or token that is read.
const MAX_BYTES: u64 = 1 << 16;
/// Blocks of 128 bytes that scrypt may take: its n times its r. Others write files that take a quarter of that.
const MOST_SCRYPT: u64 = 1 << 23;

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

/// Why there is no key. No text holds any part of a key or password.
#[derive(Debug, Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("{what}, {}: {source}", shown_name(.path))]
    File {
        /// What it should be.
        what: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others can read a secret.
    #[error("{what}, {path}: everyone on this machine can read it: chmod 600 {path}", path = shown_name(.path))]
    Readable {
        /// What it is.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// Neither a file nor a variable.
    #[error("no {name} key: set keys.{name} to a keystore file, or ${variable} to the key in hex")]
    NoKey {
        /// Of the key.
        name: &'static str,
        /// Where it could be.
        variable: &'static str,
    },
    /// A keystore whose password nobody says.
    #[error("no password for {}: set {field} or ${variable}", shown_name(.path))]
    NoPassword {
        /// The keystore.
        path: PathBuf,
        /// The field.
        field: String,
        /// Where it could be, too.
        variable: &'static str,
    },
    /// A password that protects nothing.
    #[error("{from}: the password is empty: a keystore needs one that nobody guesses")]
    EmptyPassword {
        /// Where it came from.
        from: String,
    },
    /// The password opens nothing.
    #[error("{}: wrong password", shown_name(.path))]
    WrongPassword {
        /// The keystore.
        path: PathBuf,
    },
    /// A file that is no keystore.
    #[error("{}: this is no keystore file: {reason}", shown_name(.path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A token that could be guessed.
    #[error(
        "{TOKEN}, {}: its first line has {got} characters, expected at least {expected}: remove it, and the next start makes one",
        shown_name(.path)
    )]
    ShortToken {
        /// The file.
        path: PathBuf,
        /// Characters that it must have.
        expected: usize,
        /// Characters that it has.
        got: usize,
    },
    /// Something that is no key.
    #[error("{from}: expected a key, 32 bytes in hex")]
    NoHex {
        /// Where it came from.
        from: String,
    },
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

/// The first line of a file that only its owner and group can read.
///
/// # Errors
/// It is not there, or others can read it.
pub fn read_secret(what: &str, path: &Path) -> Result<String, KeyError> {
    let text = read_private(what, path)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The password in the first line of a file.
///
/// # Errors
/// As [`read_secret`], or the line is empty.
pub fn read_password(what: &str, path: &Path) -> Result<String, KeyError> {
    check_password(read_secret(what, path)?, &format!("{what}, {}", shown_name(path)))
}

/// Gives a password back that is one; `from` says where it came from.
///
/// # Errors
/// It is empty: the keystore would be as good as the bare key.
pub fn check_password(password: String, from: &str) -> Result<String, KeyError> {
    match password.trim() {
        "" => Err(KeyError::EmptyPassword { from: from.to_owned() }),
        _ => Ok(password),
    }
}

fn read_private(what: &str, path: &Path) -> Result<String, KeyError> {
    let file = |source| file_error(what, path, source);
    // A file that is not there is told by who reads it.
    if is_everyones(path).unwrap_or(false) {
        return Err(KeyError::Readable { what: what.to_owned(), path: path.to_owned() });
    }
    secret_file::read(path, MAX_BYTES).map_err(file)
}

/// What the file with the token is called in errors.
const TOKEN: &str = "token of cairn admin";
/// Characters of the shortest token that nobody guesses; the one that is made has 64.
const SHORTEST_TOKEN: usize = 16;

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

/// Writes a new file that only its owner can read, whole or not at all.
///
/// # Errors
/// What the file system says; a file that is there stays.
pub fn write_private(what: &str, path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let file = |source| file_error(what, path, source);
    let new = new_beside(path, content).map_err(file)?;
    new.persist_noclobber(path).map_err(|e| file(e.error))?;
    Ok(())
}

/// As [`write_private`], in place of the file that is there: at any time it is the old one or the new one.
///
/// # Errors
/// What the file system says; there is no file.
pub fn replace_private(what: &str, path: &Path, content: &[u8]) -> Result<(), KeyError> {
    let file = |source| file_error(what, path, source);
    // Not a link to it.
    let target = path.canonicalize().map_err(file)?;
    let new = new_beside(&target, content).map_err(file)?;
    new.persist(&target).map_err(|e| file(e.error))?;
    Ok(())
}

/// A file of another name in the folder of `path`, whole and on disk; it goes unless it gets that name.
fn new_beside(path: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let mut new = tempfile::NamedTempFile::new_in(parent)?;
    new.write_all(content)?;
    new.as_file().sync_all()?;
    Ok(new)
}

/// A key in hex, from the place `from`.
///
/// # Errors
/// It is no key.
pub fn parse(text: &str, from: &str) -> Result<PrivateKeySigner, KeyError> {
    text.trim().parse().map_err(|_: LocalSignerError| KeyError::NoHex { from: from.to_owned() })
}

/// Opens a keystore file with a key of L1; `what` names it in errors. Takes as long as who wrote it has chosen, up to
/// seconds.
///
/// # Errors
/// As [`open`], or it holds no key.
pub fn decrypt(what: &str, path: &Path, password: &str) -> Result<PrivateKeySigner, KeyError> {
    let secret = open(what, path, password)?;
    let no_key = |_| malformed(path, "it holds no key");
    PrivateKeySigner::from_slice(&secret).map_err(no_key)
}

/// The secret in a keystore file; `what` names it in errors. Takes as long as who wrote it has chosen, up to seconds.
///
/// # Errors
/// The file is missing, open to others or no keystore, or the password is another.
pub fn open(what: &str, path: &Path, password: &str) -> Result<Vec<u8>, KeyError> {
    let json = read_keystore(what, path)?;
    check_sizes(&json).map_err(|reason| malformed(path, reason))?;
    eth_keystore::decrypt_key(path, password).map_err(|error| match error {
        KeystoreError::MacMismatch => KeyError::WrongPassword { path: path.to_owned() },
        other => malformed(path, other),
    })
}

/// What the library takes apart, or makes room for, without looking at its size.
fn check_sizes(keystore: &Value) -> Result<(), &'static str> {
    let number = |name: &str| keystore.pointer(name).and_then(Value::as_u64);
    if number("/crypto/kdfparams/dklen") != Some(32) {
        return Err("expected crypto.kdfparams.dklen of 32");
    }
    let vector = keystore.pointer("/crypto/cipherparams/iv").and_then(Value::as_str);
    if vector.map(str::len) != Some(32) {
        return Err("expected crypto.cipherparams.iv of 16 bytes in hex");
    }
    let [n, r] = ["n", "r"].map(|name| number(&format!("/crypto/kdfparams/{name}")).unwrap_or(0));
    if n.saturating_mul(r) > MOST_SCRYPT {
        return Err("expected crypto.kdfparams that take at most 1 GiB");
    }
    Ok(())
}

/// A keystore file as it stands there, its secret encrypted; `what` names it in errors.
///
/// # Errors
/// The file is missing, open to others or no JSON.
pub fn read_keystore(what: &str, path: &Path) -> Result<Value, KeyError> {
    let text = read_private(what, path)?;
    serde_json::from_str(&text).map_err(|error| malformed(path, error))
}

fn malformed(path: &Path, reason: impl ToString) -> KeyError {
    KeyError::Malformed { path: path.to_owned(), reason: reason.to_string() }
}

/// What a keystore file is called in errors.
const KEYSTORE: &str = "keystore file";

/// That a keystore file can be made under this name, before anything is asked for it: by making a file, which goes
/// again.
///
/// # Errors
/// What stands against it, as a file that is there.
pub fn check_new(path: &Path) -> Result<(), KeyError> {
    let check = || {
        check_name(path)?;
        if path == Path::new("-") {
            let what = "expected a file, got standard output: ./- is a file of that name";
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
        match std::fs::symlink_metadata(path) {
            Ok(_) => Err(Errno::EXIST.into()),
            Err(_) => check_writable(path),
        }
    };
    check().map_err(|source| file_error(KEYSTORE, path, source))
}

/// Writes a key of L1 as [`seal`] does.
///
/// # Errors
/// As [`seal`].
pub fn encrypt(path: &Path, key: &PrivateKeySigner, password: &str) -> Result<(), KeyError> {
    seal(path, key.to_bytes().as_slice(), password, None)
}

/// Writes a secret to a keystore file that only its owner can read; one that is there stays. What `beside` names stands
/// there for everyone. Takes some hundredths of a second (scrypt with n = 2^13, which the library does not let us
/// choose): so long is each guess at the password, too.
///
/// # Errors
/// What the file system says, or the password is empty.
pub fn seal(
    path: &Path,
    secret: &[u8],
    password: &str,
    beside: Option<(&str, Value)>,
) -> Result<(), KeyError> {
    check_new(path)?;
    check_password(password.to_owned(), KEYSTORE)?;
    let file = |source| file_error(KEYSTORE, path, source);
    let folder = Temporary::new("cairn-keys-").map_err(file)?;
    let name = Some("keystore");
    eth_keystore::encrypt_key(folder.path(), &mut OsRng, secret, password, name)
        .map_err(|e| file(io::Error::other(e.to_string())))?;
    let text = std::fs::read(folder.path().join("keystore")).map_err(file)?;
    let text = match beside {
        None => text,
        Some((name, value)) => {
            let mut keystore: Map<String, Value> =
                serde_json::from_slice(&text).map_err(|e| file(e.into()))?;
            keystore.insert(name.to_owned(), value);
            serde_json::to_vec(&keystore).map_err(|e| file(e.into()))?
        }
    };
    write_private(KEYSTORE, path, &text)
}

fn file_error(what: &str, path: &Path, source: io::Error) -> KeyError {
    KeyError::File { what: what.to_owned(), path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
