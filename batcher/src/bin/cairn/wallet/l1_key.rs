//! Who pays on L1: a key in a file.

use std::path::PathBuf;

use alloy::{primitives::B256, signers::local::PrivateKeySigner};
use cairn_batcher::{
    exit::keys::read_sender,
    l1::{client::L1Client, deployment::Deployment},
    node::keys::{self, KeyError},
    tell,
};
use eyre::Result;

use super::{bad, file::ask, place::Place};

/// The password of the keystore, where no file is given.
const PASSWORD: &str = "CAIRN_L1_PASSWORD";
/// What the file is called in errors.
const WHAT: &str = "--l1-key";

/// Who pays on L1.
#[derive(Debug, clap::Args)]
pub(super) struct L1Key {
    /// The key that pays on L1: a keystore file as geth and foundry write them, or a file with 32 bytes in hex.
    #[arg(long, value_name = "FILE", env = "CAIRN_L1_KEY", hide_env_values = true)]
    l1_key: PathBuf,
    /// A file whose first line is the password of that keystore [default: $CAIRN_L1_PASSWORD, else you are asked].
    #[arg(long, value_name = "FILE")]
    l1_password_file: Option<PathBuf>,
}

impl L1Key {
    /// Opens the file.
    pub(super) fn open(&self) -> Result<PrivateKeySigner> {
        match keys::read_keystore(WHAT, &self.l1_key) {
            Ok(keystore) if keystore.is_object() => {
                keys::decrypt(WHAT, &self.l1_key, &self.password()?).map_err(bad)
            }
            Ok(_) | Err(KeyError::Malformed { .. }) => read_sender(&self.l1_key)
                .map_err(|error| bad(format!("{WHAT}: {}", crate::line(&error)))),
            Err(error) => Err(bad(error)),
        }
    }

    fn password(&self) -> Result<String> {
        if let Some(path) = &self.l1_password_file {
            return keys::read_password("--l1-password-file", path).map_err(bad);
        }
        let (password, from) = match std::env::var(PASSWORD) {
            Ok(password) => (password, format!("${PASSWORD}")),
            Err(_) => {
                let options = format!("--l1-password-file FILE or set {PASSWORD}");
                (ask("password of the L1 key: ", &options)?, "the terminal".to_owned())
            }
        };
        keys::check_password(password, &from).map_err(bad)
    }
}

/// What sends for the user, who is told where to before anything is signed.
pub(super) fn sender(place: &Place, signer: PrivateKeySigner) -> Result<L1Client> {
    let (rollup, custody) = (place.l1.address(), place.l1.custody());
    tell!(
        "cairn: {} pays on L1's chain {}, for rollup {rollup} with custody {custody}",
        signer.address(),
        place.l1.chain_id()
    );
    sender_anew(place, signer)
}

/// The same after something that could not be sent: it counts as sent with the one before, and the next would wait for
/// it for ever.
pub(super) fn sender_anew(place: &Place, signer: PrivateKeySigner) -> Result<L1Client> {
    let mut domain = B256::ZERO;
    let [_, word @ ..] = &mut domain.0;
    *word = place.l1.domain().bytes();
    let (rollup, custody) = (place.l1.address(), place.l1.custody());
    Ok(L1Client::new(&place.l1_url, signer, Deployment { rollup, custody, domain })?)
}
