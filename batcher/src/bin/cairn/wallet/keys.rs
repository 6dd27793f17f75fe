//! `cairn wallet new`, `import` and `export`.

use std::{fmt, path::PathBuf};

use alloy::signers::local::PrivateKeySigner;
use cairn_batcher::{
    api::hex::Key,
    node::keys::{check_new, read_secret, write_private},
    secret_file::shown_name,
};
use cairn_types::PublicKey;
use eyre::Result;
use serde::Serialize;

use super::{
    bad,
    file::{MIN_SEED_BYTES, Password, Unlocked, WalletFile},
};
use crate::reconstruct::print;

/// The seed to be imported: not on the command line, where everyone on the machine can read it.
const SEED: &str = "CAIRN_SEED";

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  cairn wallet new
  cairn wallet new --wallet savings.json --password-file password";

pub(super) const IMPORT_EXAMPLES: &str = "\
Examples:
  cairn wallet import --seed-file seed
  CAIRN_SEED=$(cat seed) cairn wallet import --wallet savings.json";

/// See [`super::WalletCommand::New`].
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    #[command(flatten)]
    file: WalletFile,
    #[command(flatten)]
    password: Password,
    /// Prints JSON instead of a line.
    #[arg(long)]
    json: bool,
}

/// See [`super::WalletCommand::Import`].
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    new: New,
    /// A file whose first line is the seed, 16 bytes or more in hex [default: $CAIRN_SEED].
    #[arg(long, value_name = "FILE")]
    seed_file: Option<PathBuf>,
}

/// See [`super::WalletCommand::Export`].
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    wallet: Unlocked,
    /// The file that is made; only its owner can read it.
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Made {
    key: Key,
    file: String,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)
    }
}

/// Thirty-two bytes of the system's randomness, as keys of L1 are.
pub(super) fn new(arguments: New) -> Result<()> {
    arguments.file.check_new()?;
    make(&arguments, PrivateKeySigner::random().to_bytes().as_slice())
}

pub(super) fn import(arguments: Import) -> Result<()> {
    let Import { new, seed_file } = arguments;
    new.file.check_new()?;
    let (text, from) = match &seed_file {
        Some(path) => (read_secret("--seed-file", path).map_err(bad)?, shown_name(path)),
        None => {
            let seed = std::env::var(SEED);
            let missing = |_| bad(format!("no seed: give --seed-file FILE or set {SEED}"));
            (seed.map_err(missing)?, format!("${SEED}"))
        }
    };
    let text = text.trim();
    let seed = hex::decode(text.strip_prefix("0x").unwrap_or(text));
    let seed = seed.map_err(|_| bad(format!("{from}: the seed is not hex")))?;
    if seed.len() < MIN_SEED_BYTES {
        let got = seed.len();
        return Err(bad(format!(
            "{from}: expected a seed of at least {MIN_SEED_BYTES} bytes, got {got}"
        )));
    }
    make(&new, &seed)
}

pub(super) fn export(arguments: Export) -> Result<()> {
    check_new(&arguments.out).map_err(bad)?;
    let line = format!("0x{}\n", hex::encode(arguments.wallet.seed()?));
    write_private("seed", &arguments.out, line.as_bytes()).map_err(bad)?;
    println!("the seed is in {}: whoever reads it has the money", shown_name(&arguments.out));
    Ok(())
}

fn make(new: &New, seed: &[u8]) -> Result<()> {
    let key: PublicKey = new.file.write(seed, &new.password.choose()?)?;
    print(&Made { key: key.into(), file: shown_name(new.file.path()) }, new.json)
}
