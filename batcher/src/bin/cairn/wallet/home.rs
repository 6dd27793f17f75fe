//! The rollup that a wallet is for, noted in its file when it first signs or claims: an address that was changed since,
//! or another operator on this machine, would have money paid into a contract that is not the user's.

use std::{fmt, path::Path};

use alloy::primitives::Address;
use cairn_batcher::{node::keys, secret_file::shown_name, tell};
use eyre::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    bad,
    file::{BESIDE, WHAT, WalletFile},
    place::Place,
};

/// Where it stands beside the public key.
const ROLLUP: &str = "rollup";

/// A rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Home {
    chain_id: u64,
    address: Address,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rollup {} on chain {}", self.address, self.chain_id)
    }
}

/// Refuses another rollup than the wallet was used with before; the first is noted in its file.
pub(super) fn check(wallet: &WalletFile, place: &Place) -> Result<()> {
    let here = Home { chain_id: place.l1.chain_id(), address: place.l1.address() };
    hold(wallet.path(), here)
}

fn hold(path: &Path, here: Home) -> Result<()> {
    let name = shown_name(path);
    let mut keystore = keys::read_keystore(WHAT, path).map_err(bad)?;
    let beside = keystore.get_mut(BESIDE).and_then(Value::as_object_mut);
    let beside = beside.ok_or_else(|| bad(format!("{name}: expected a wallet file")))?;
    if let Some(noted) = beside.get(ROLLUP) {
        let noted = Home::deserialize(noted);
        let noted = noted.map_err(|error| bad(format!("{name}: {BESIDE}.{ROLLUP}: {error}")))?;
        return match noted == here {
            true => Ok(()),
            false => Err(bad(format!(
                "{name} is for {noted}, this is {here}: check --rollup, --url and --l1; for \
                 another rollup, `cairn wallet import` its seed into another file"
            ))),
        };
    }
    beside.insert(ROLLUP.to_owned(), serde_json::to_value(here)?);
    keys::replace_private(WHAT, path, &serde_json::to_vec(&keystore)?).map_err(bad)?;
    tell!("cairn: {name} is for {here} from now on");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wallet_is_for_the_rollup_that_it_was_first_used_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wallet.json");
        keys::seal(&path, &[7; 32], "long and wide", Some((BESIDE, json!({ "key": "0x07" }))))
            .unwrap();
        let here = Home { chain_id: 1, address: Address::repeat_byte(7) };
        hold(&path, here).unwrap();
        hold(&path, here).unwrap();
        for other in
            [Home { chain_id: 2, ..here }, Home { address: Address::repeat_byte(8), ..here }]
        {
            let error = hold(&path, other).unwrap_err().to_string();
            let said = format!("wallet.json is for {here}, this is {other}: check --rollup");
            assert!(error.contains(&said), "{error}");
        }
        // Nothing else has changed.
        assert_eq!(keys::open(WHAT, &path, "long and wide").unwrap(), [7; 32]);
        assert_eq!(keys::read_keystore(WHAT, &path).unwrap()[BESIDE]["key"], "0x07");
    }
}
