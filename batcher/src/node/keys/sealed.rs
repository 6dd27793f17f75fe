//! Keystore files (Web3 Secret Storage): secrets that a password seals.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use alloy::signers::{k256::elliptic_curve::rand_core::OsRng, local::PrivateKeySigner};
use cairn_prover::files::check_writable;
use eth_keystore::KeystoreError;
use rustix::io::Errno;
use serde_json::{Map, Value};

use super::{
    error::{KeyError, file_error},
    private::{check_password, read_private, write_private},
};
use crate::{secret_file::check_name, temporary::Temporary};

/// Blocks of 128 bytes that scrypt may take: its n times its r times its p. Others write files that take a quarter of
/// that.
const MOST_SCRYPT: u64 = 1 << 23;
/// Rounds that PBKDF2 may take. Others write files with a thirtieth of that.
const MOST_PBKDF2: u64 = 1 << 23;

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

/// What the library takes apart, makes room for, or repeats, without looking at its size.
fn check_sizes(keystore: &Value) -> Result<(), &'static str> {
    let number = |name: &str| keystore.pointer(name).and_then(Value::as_u64);
    if number("/crypto/kdfparams/dklen") != Some(32) {
        return Err("expected crypto.kdfparams.dklen of 32");
    }
    let vector = keystore.pointer("/crypto/cipherparams/iv").and_then(Value::as_str);
    if vector.map(str::len) != Some(32) {
        return Err("expected crypto.cipherparams.iv of 16 bytes in hex");
    }
    let parameter = |name: &str| number(&format!("/crypto/kdfparams/{name}")).unwrap_or(0);
    let scrypt = ["n", "r", "p"].map(|name| parameter(name).max(1));
    if scrypt.into_iter().fold(1, u64::saturating_mul) > MOST_SCRYPT {
        return Err("expected crypto.kdfparams that take at most 1 GiB");
    }
    if parameter("c") > MOST_PBKDF2 {
        return Err("expected crypto.kdfparams.c of at most 8388608");
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
