//! Why there is no key.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::secret_file::shown_name;

/// What the file with the token is called in errors.
pub(super) const TOKEN: &str = "token of cairn admin";

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

/// The error of a file that is called this.
pub(super) fn file_error(what: &str, path: &Path, source: io::Error) -> KeyError {
    KeyError::File { what: what.to_owned(), path: path.to_owned(), source }
}
