//! The wallet file: a keystore as geth and foundry write them, whose secret is the seed of a key of the rollup. The
//! public key stands beside it, so that a balance can be shown without the password.

use std::{
    io::{ErrorKind, IsTerminal},
    path::{Path, PathBuf},
};

use cairn_batcher::{
    api::hex::Key,
    node::keys::{self, KeyError},
    secret_file::shown_name,
};
use cairn_primitives::schnorr::SecretKey;
use cairn_types::PublicKey;
use eyre::{Result, WrapErr};
use serde_json::{Value, json};

use super::bad;

/// What the file is called in errors.
pub(super) const WHAT: &str = "wallet file";
/// Where the public key stands in the file, and what else anyone may read.
pub(super) const BESIDE: &str = "cairn";
const KEY: &str = "/cairn/key";
/// The password, where no file is given.
const PASSWORD: &str = "CAIRN_WALLET_PASSWORD";
const OPTIONS: &str = "--password-file FILE or set CAIRN_WALLET_PASSWORD";
/// Fewest bytes of a seed: 128 bits.
pub(super) const MIN_SEED_BYTES: usize = 16;

/// A wallet that can be read.
#[derive(Debug, clap::Args)]
pub(super) struct WalletFile {
    /// The wallet file, see `cairn wallet new`.
    #[arg(
        long = "wallet",
        value_name = "FILE",
        env = "CAIRN_WALLET",
        hide_env_values = true,
        default_value = "wallet.json"
    )]
    path: PathBuf,
}

/// Where the password of a wallet is.
#[derive(Debug, clap::Args)]
pub(super) struct Password {
    /// A file whose first line is the wallet's password [default: $CAIRN_WALLET_PASSWORD, else you are asked].
    #[arg(long = "password-file", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A wallet that can sign.
#[derive(Debug, clap::Args)]
pub(super) struct Unlocked {
    #[command(flatten)]
    pub(super) file: WalletFile,
    #[command(flatten)]
    password: Password,
}

impl WalletFile {
    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The public key.
    pub(super) fn key(&self) -> Result<PublicKey> {
        let keystore = keys::read_keystore(WHAT, &self.path).map_err(|e| self.refuse(e))?;
        let key: Option<Key> =
            keystore.pointer(KEY).and_then(Value::as_str).and_then(|text| text.parse().ok());
        let key = key.and_then(|key| PublicKey::try_from(key).ok());
        key.ok_or_else(|| {
            let name = shown_name(&self.path);
            bad(format!(
                "{name}: expected a wallet file as `cairn wallet new` makes one; a keystore of L1 \
                 is none"
            ))
        })
    }

    fn refuse(&self, error: KeyError) -> eyre::Report {
        match &error {
            KeyError::File { source, .. } if source.kind() == ErrorKind::NotFound => {
                bad(format!("{error}; make one with `cairn wallet new`, or name it with --wallet"))
            }
            _ => bad(error),
        }
    }

    /// That a new file can be written there.
    pub(super) fn check_new(&self) -> Result<()> {
        keys::check_new(&self.path).map_err(bad)
    }

    /// Writes a new file with a seed.
    pub(super) fn write(&self, seed: &[u8], password: &str) -> Result<PublicKey> {
        let key = PublicKey::from(SecretKey::from_seed(seed).public());
        let beside = json!({ "key": Key::from(key) });
        keys::seal(&self.path, seed, password, Some((BESIDE, beside))).map_err(bad)?;
        Ok(key)
    }
}

impl Unlocked {
    /// The secret key.
    pub(super) fn secret(&self) -> Result<SecretKey> {
        Ok(SecretKey::from_seed(&self.seed()?))
    }

    /// The seed that the secret key follows from.
    pub(super) fn seed(&self) -> Result<Vec<u8>> {
        let stated = self.file.key()?;
        let password = self.password.read()?;
        let seed = keys::open(WHAT, &self.file.path, &password).map_err(bad)?;
        let name = shown_name(&self.file.path);
        if seed.len() < MIN_SEED_BYTES {
            return Err(bad(format!("{name}: expected a seed of {MIN_SEED_BYTES} bytes at least")));
        }
        let key = PublicKey::from(SecretKey::from_seed(&seed).public());
        if key != stated {
            let key = Key::from(key);
            return Err(bad(format!(
                "{name}: the public key beside the seed was changed: expected {key}"
            )));
        }
        Ok(seed)
    }
}

impl Password {
    /// The password of a file that is there.
    pub(super) fn read(&self) -> Result<String> {
        self.get(|| ask("password of the wallet: ", OPTIONS))
    }

    /// The password of a file that is made: asked for twice, since a mistyped one would lose the money.
    pub(super) fn choose(&self) -> Result<String> {
        self.get(|| {
            let password = ask("password for the new wallet: ", OPTIONS)?;
            if ask("once more: ", OPTIONS)? != password {
                return Err(bad("the two passwords differ: nothing was written"));
            }
            Ok(password)
        })
    }

    fn get(&self, asked: impl FnOnce() -> Result<String>) -> Result<String> {
        if let Some(path) = &self.file {
            return keys::read_password("--password-file", path).map_err(bad);
        }
        let (password, from) = match std::env::var(PASSWORD) {
            Ok(password) => (password, format!("${PASSWORD}")),
            Err(_) => (asked()?, "the terminal".to_owned()),
        };
        keys::check_password(password, &from).map_err(bad)
    }
}

/// Asks at the terminal, which shows nothing of what is typed; `options` says how else a password is given.
pub(super) fn ask(prompt: &str, options: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(bad(format!("no password: give {options}; there is no terminal to ask at")));
    }
    rpassword::prompt_password(prompt).wrap_err("reading the password from the terminal")
}
