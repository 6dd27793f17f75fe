//! `cairn wallet` where nobody is asked: its file, and what it refuses before it speaks to anyone.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use cairn_batcher::{api::hex::Key, node::keys};
use cairn_primitives::schnorr::SecretKey;
use cairn_types::PublicKey;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::cairn;

const SEED: [u8; 32] = [7; 32];

/// A folder with a wallet of [`SEED`], and its password.
struct Wallet {
    folder: TempDir,
}

impl Wallet {
    fn new() -> Self {
        let wallet = Self { folder: tempfile::tempdir().unwrap() };
        wallet.write("password", "long and wide\n");
        wallet.write("seed", &format!("0x{}\n", hex::encode(SEED)));
        let seed = wallet.path("seed");
        said(&wallet.run("import", &["--seed-file", &seed], "wallet.json"));
        wallet
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
        self.path(name)
    }

    /// A command with a wallet file and the password's.
    fn run(&self, command: &str, arguments: &[&str], file: &str) -> Output {
        let (file, password) = (self.path(file), self.path("password"));
        let known = ["wallet", command, "--wallet", &file, "--password-file", &password];
        cairn(&[&known[..], arguments].concat()).output().unwrap()
    }
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The one line of what is refused as bad input.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_wallet_is_its_owners_and_is_never_replaced() {
    let wallet = Wallet::new();
    let key = said(&wallet.run("new", &[], "other.json"));
    let key: Key = key.trim().parse().unwrap();
    assert!(PublicKey::try_from(key).is_ok());
    assert_eq!(mode(&wallet.path("other.json")), 0o600);
    let before = fs::read(wallet.path("other.json")).unwrap();
    for arguments in [&["new"][..], &["import", "--seed-file", &wallet.path("seed")]] {
        let error = refused(&wallet.run(arguments[0], &arguments[1..], "other.json"));
        assert!(error.contains("other.json: File exists"), "{error}");
    }
    assert_eq!(fs::read(wallet.path("other.json")).unwrap(), before);
    let text = String::from_utf8(before).unwrap();
    assert!(text.contains(&key.to_string()), "the public key is for everyone: {text}");

    let made: Value =
        serde_json::from_str(&said(&wallet.run("new", &["--json"], "third.json"))).unwrap();
    assert_ne!(made["key"], key.to_string(), "every key is another");
    assert_eq!(made["file"], wallet.path("third.json"));
}

#[test]
fn a_seed_goes_in_and_comes_out() {
    let wallet = Wallet::new();
    let keystore = fs::read_to_string(wallet.path("wallet.json")).unwrap();
    assert!(!keystore.contains(&hex::encode(SEED)));
    let key = Key::from(PublicKey::from(SecretKey::from_seed(&SEED).public()));
    assert!(keystore.contains(&key.to_string()));
    let out = wallet.path("out");
    said(&wallet.run("export", &[&out], "wallet.json"));
    assert_eq!(fs::read_to_string(&out).unwrap(), format!("0x{}\n", hex::encode(SEED)));
    assert_eq!(mode(&out), 0o600);
    let error = refused(&wallet.run("export", &[&out], "wallet.json"));
    assert!(error.contains("File exists"), "{error}");

    // By the environment, too; never by the command line.
    let file = wallet.path("by-environment.json");
    let output = cairn(&["wallet", "import", "--wallet", &file])
        .env("CAIRN_SEED", hex::encode(SEED))
        .env("CAIRN_WALLET_PASSWORD", "long and wide")
        .output()
        .unwrap();
    assert_eq!(said(&output).trim(), key.to_string());
    for (seed, reason) in [("07", "at least 16 bytes, got 1"), ("secret", "the seed is not hex")] {
        let seed = wallet.write("bad-seed", seed);
        let error = refused(&wallet.run("import", &["--seed-file", &seed], "new.json"));
        assert!(error.contains(reason) && !error.contains("secret"), "{error}");
    }
    let error = refused(&wallet.run("import", &[], "new.json"));
    assert!(error.contains("give --seed-file FILE or set CAIRN_SEED"), "{error}");
    assert!(!fs::exists(wallet.path("new.json")).unwrap());
}

#[test]
fn what_does_not_open_a_wallet_is_named() {
    let wallet = Wallet::new();
    let out = wallet.path("out");
    let error = refused(&wallet.run("export", &[&out], "nowhere.json"));
    assert!(error.contains("make one with `cairn wallet new`"), "{error}");
    let other = wallet.write("other-password", "short\n");
    let file = wallet.path("wallet.json");
    let open = |more: &[&str]| {
        cairn(&[&["wallet", "export", &out, "--wallet", &file], more].concat()).output().unwrap()
    };
    let error = refused(&open(&["--password-file", &other]));
    assert!(error.contains("wallet.json: wrong password"), "{error}");
    let error = refused(&open(&[]));
    assert!(error.contains("there is no terminal to ask at"), "{error}");

    let signer = alloy::signers::local::PrivateKeySigner::random();
    let of_l1 = wallet.folder.path().join("l1.json");
    keys::encrypt(&of_l1, &signer, "long and wide").unwrap();
    let error = refused(&wallet.run("export", &[&out], "l1.json"));
    assert!(error.contains("a keystore of L1 is none"), "{error}");

    // Somebody has put another public key beside the seed: money would be asked for that nobody can spend.
    let text = fs::read_to_string(&file).unwrap();
    let mut keystore: Value = serde_json::from_str(&text).unwrap();
    let stranger = PublicKey::from(SecretKey::from_seed(&[8; 32]).public());
    keystore["cairn"]["key"] = Key::from(stranger).to_string().into();
    wallet.write("changed.json", &keystore.to_string());
    let error = refused(&wallet.run("export", &[&out], "changed.json"));
    assert!(error.contains("the public key beside the seed was changed"), "{error}");
    let l1_key = wallet.write("l1-key", &hex::encode(signer.to_bytes()));
    let paid = ["1", "ETH", "--l1", "http://127.0.0.1:9", "--l1-key", &l1_key];
    let error = refused(&wallet.run("deposit", &paid, "changed.json"));
    assert!(error.contains("the public key beside the seed was changed"), "{error}");

    wallet.write("open.json", &text);
    fs::set_permissions(wallet.path("open.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = refused(&wallet.run("export", &[&out], "open.json"));
    assert!(error.contains("chmod 600"), "{error}");
    assert!(!fs::exists(&out).unwrap());
}

#[test]
fn what_cannot_be_is_refused_before_anyone_is_asked() {
    let wallet = Wallet::new();
    let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    let zero = format!("0x{}", "0".repeat(40));
    let no_key = format!("0x{}", "0".repeat(80));
    let receipt = wallet.path("wallet.json");
    let l1 = ["--l1", "http://127.0.0.1:9"];
    let cases: [(&str, &[&str], &str); 9] = [
        ("send", &["1", "ETH", "65536"], "give --l1 URL"),
        ("send", &["1", "ETH", address], "an address of L1 is paid with `cairn wallet withdraw`"),
        ("send", &["1", "ETH", &no_key], "a key that is not zero"),
        ("send", &["1", "ETH", "-5"], "unexpected argument"),
        ("send", &["1", "ETH", "5", "--wait", "soon"], "inBlock"),
        ("send", &["1", "ETH", "5", l1[0], l1[1], "--receipt", &receipt], "--wallet"),
        ("send", &["1", "ETH", "5", l1[0], l1[1], "--receipt", "-"], "expected a file"),
        ("withdraw", &["1", "ETH", &zero, l1[0], l1[1]], "would lose the money"),
        ("withdraw", &["1", "ETH", "65536"], "expected an address"),
    ];
    for (command, arguments, reason) in cases {
        let error = refused(&wallet.run(command, arguments, "wallet.json"));
        assert!(error.contains(reason), "{command} {arguments:?}: {error}");
    }
    let file = wallet.path("wallet.json");
    let nowhere = wallet.path("nowhere");
    let key = wallet.write("key", "not a key");
    let cases: [(&[&str], &str); 5] = [
        (&["status", "0x12"], "expected 0x and 64 hex digits"),
        (&["balance", "--wallet", &file, "--verified"], "give --l1 URL"),
        (&["deposit", "1", "ETH", "--wallet", &file, l1[0], l1[1]], "--l1-key"),
        (
            &["deposit", "1", "ETH", "--wallet", &file, l1[0], l1[1], "--l1-key", &nowhere],
            "--l1-key, ",
        ),
        (&["claim", "--wallet", &file, l1[0], l1[1], "--l1-key", &key], "expected an L1 key"),
    ];
    for (arguments, reason) in cases {
        let error = refused(&cairn(&[&["wallet"], arguments].concat()).output().unwrap());
        assert!(error.contains(reason) && !error.contains("not a key"), "{arguments:?}: {error}");
    }
}

/// That nobody listens is no bad input: the same command may work later.
#[test]
fn an_operator_that_does_not_run_is_named() {
    let wallet = Wallet::new();
    let file = wallet.path("wallet.json");
    let output = cairn(&["wallet", "balance", "--wallet", &file, "--url", "http://127.0.0.1:9"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no answer from http://127.0.0.1:9"), "{error}");
}

#[test]
fn shells_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("new/man");
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&cairn(&["completions", shell]).output().unwrap());
        assert!(script.contains("wallet") && script.contains("withdraw"), "{shell}: {script}");
    }
    said(&cairn(&["man", pages.to_str().unwrap()]).output().unwrap());
    let page = fs::read_to_string(pages.join("cairn-wallet-send.1")).unwrap();
    assert!(page.contains("Examples:") && page.contains("max\\-fee"), "{page}");
    {
        let (program, page) = (env!("CARGO_BIN_EXE_cairn-prover"), "cairn-prover-run.1");
        let output = std::process::Command::new(program).arg("man").arg(&pages).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(pages.join(page).exists(), "{page}");
    }
    let output = cairn(&["man", "/dev/null"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let help = said(&cairn(&["wallet", "claim", "--help"]).output().unwrap());
    assert!(help.contains("Examples:\n  cairn wallet claim --l1 "), "{help}");
}
