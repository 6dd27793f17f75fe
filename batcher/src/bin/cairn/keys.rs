//! `cairn keys`: keystore files.

use std::{path::PathBuf, process::ExitCode};

use alloy::signers::local::PrivateKeySigner;
use cairn_batcher::{
    node::keys::{self, KeyError},
    tell,
};
use clap::Subcommand;
use eyre::{Result, eyre};

use crate::config::BAD_INPUT;

/// The password, where no file is given.
const PASSWORD: &str = "CAIRN_KEYSTORE_PASSWORD";
/// The key to be imported: not on the command line, where everyone on the machine can read it.
const KEY: &str = "CAIRN_KEY";

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key and writes it to an encrypted keystore file; prints its address.
    New(File),
    /// Writes the key in $CAIRN_KEY (32 bytes in hex) to an encrypted keystore file; prints its address.
    Import(File),
    /// Opens a keystore file and prints the address of its key.
    Show(File),
}

#[derive(Debug, clap::Args)]
pub(crate) struct File {
    /// The keystore file; one that is there is never replaced.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// A file whose first line is the password [default: $CAIRN_KEYSTORE_PASSWORD].
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl File {
    fn password(&self) -> Result<String> {
        match &self.password_file {
            Some(path) => Ok(keys::read_password("--password-file", path)?),
            None => {
                let password = std::env::var(PASSWORD)
                    .map_err(|_| eyre!("no password: set {PASSWORD} or give --password-file FILE"));
                Ok(keys::check_password(password?, &format!("${PASSWORD}"))?)
            }
        }
    }

    /// Writes a key to the file, once that can be.
    fn write(&self, key: impl FnOnce() -> Result<PrivateKeySigner>) -> Result<PrivateKeySigner> {
        keys::check_new(&self.path)?;
        let key = key()?;
        keys::encrypt(&self.path, &key, &self.password()?)?;
        Ok(key)
    }
}

pub(crate) fn run(command: KeysCommand) -> Result<ExitCode> {
    let key = || match command {
        KeysCommand::New(file) => file.write(|| Ok(PrivateKeySigner::random())),
        KeysCommand::Import(file) => file.write(|| {
            let text = std::env::var(KEY).map_err(|_| eyre!("no key to import: set {KEY}"))?;
            Ok(keys::parse(&text, &format!("${KEY}"))?)
        }),
        KeysCommand::Show(file) => {
            let key = keys::decrypt("keystore file", &file.path, &file.password()?);
            key.map_err(KeyError::into)
        }
    };
    match key() {
        Ok(key) => {
            println!("{}", key.address());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            tell!("cairn: {error}");
            Ok(ExitCode::from(BAD_INPUT))
        }
    }
}
