//! The program, and a folder with what its commands take.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

use alloy::primitives::Address;
use cairn_batcher::snapshot::Snapshot;
use cairn_primitives::schnorr::SecretKey;
use cairn_state::State;
use cairn_types::{PriorityOperation, domain};
use tempfile::TempDir;

pub(crate) const CHAIN: u64 = 31_337;
pub(crate) const ROLLUP: Address = Address::repeat_byte(0x11);

/// What of the environment would answer for an argument, or change what is shown.
const VARIABLES: [&str; 13] = [
    "CAIRN_CONTRACTS",
    "CAIRN_L1",
    "CAIRN_L1_KEY",
    "CAIRN_L1_PASSWORD",
    "CAIRN_RECEIPT_SIGNER",
    "CAIRN_ROLLUP",
    "CAIRN_SEED",
    "CAIRN_URL",
    "CAIRN_WALLET",
    "CAIRN_WALLET_PASSWORD",
    "HTTP_PROXY",
    "RUST_BACKTRACE",
    "http_proxy",
];

/// The program, not yet started, whatever the test's own environment is.
pub(crate) fn cairn(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cairn"));
    command.args(arguments).stdin(Stdio::null());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// The one line on stderr that a failed run ends with.
#[track_caller]
pub(crate) fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// A folder with a snapshot of one token and one account, which has 500 quanta; a request to leave, the account's key, and
/// that of who sends on L1.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) state: State,
}

impl World {
    pub(crate) fn new() -> Self {
        let key = |seed: u8| SecretKey::from_seed(&[seed; 32]).public().into();
        let operations = [
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 9, key: key(1) },
            PriorityOperation::Deposit { leaf: u32::MAX, token: 0, amount: 500, key: key(2) },
        ];
        let words: Vec<_> = operations.iter().flat_map(|o| o.words().unwrap()).collect();
        let mut state = State::genesis();
        state.replay(&domain(CHAIN, &ROLLUP.0.0), &words, &[]).unwrap();
        let world = Self { folder: tempfile::tempdir().unwrap(), state };
        let state = world.state.clone();
        let mut snapshot = Snapshot { chain_id: CHAIN, rollup: ROLLUP, batch: 1, state };
        snapshot.write(&world.folder.path().join("state")).unwrap();
        world.write("leaves.csv", &format!("leaf,recipient\n65536,{}\n", Address::repeat_byte(7)));
        for (name, seed) in [("keys", "02"), ("sender", "01")] {
            let secret = world.write(name, &seed.repeat(32));
            fs::set_permissions(secret, Permissions::from_mode(0o600)).unwrap();
        }
        world
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        // As one keeps a key: nobody is warned of it.
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
        self.path(name)
    }
}
