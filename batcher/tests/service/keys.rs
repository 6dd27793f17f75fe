//! Where keys come from, and that nothing shows them.

use std::{os::unix::fs::PermissionsExt, path::Path};

use alloy::signers::local::PrivateKeySigner;
use cairn_batcher::node::keys::{Keys, KeysConfig, check_token, encrypt, parse, token};

const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

fn private(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn keys_come_from_keystores_and_nothing_else_opens_them() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = folder.path().join("operator.json");
    let password = folder.path().join("password");
    let key = parse(KEY, "test").unwrap();
    encrypt(&keystore, &key, "a b").unwrap();
    assert_eq!(std::fs::metadata(&keystore).unwrap().permissions().mode() & 0o777, 0o600);
    let again = encrypt(&keystore, &key, "a b").unwrap_err().to_string();
    assert!(again.starts_with(&format!("keystore file, {}: ", keystore.display())), "{again}");

    let mut config = KeysConfig {
        operator: Some(keystore.clone()),
        operator_password_file: Some(password.clone()),
        ..KeysConfig::default()
    };
    private(&password, "a b\n");
    let keys = Keys::load(&config, |_| None).unwrap();
    assert_eq!(keys.operator, key);
    assert_eq!(keys.receipts, key, "no other key is named");
    let shown = format!("{keys:?}");
    assert!(shown.contains(&key.address().to_string()) && !shown.contains("ac0974be"));

    let error = |config: &KeysConfig, variables: &[(&str, &str)]| {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name);
        let error = Keys::load(config, |name| find(name).map(|(_, value)| value.to_string()));
        error.unwrap_err().to_string()
    };
    private(&password, "other\n");
    let path = keystore.display();
    assert_eq!(error(&config, &[]), format!("{path}: wrong password"));
    std::fs::set_permissions(&password, PermissionsExt::from_mode(0o644)).unwrap();
    let open = password.display();
    assert_eq!(
        error(&config, &[]),
        format!(
            "keys.operator_password_file, {open}: everyone on this machine can read it: chmod 600 {open}"
        )
    );
    config.operator_password_file = None;
    assert_eq!(
        error(&config, &[]),
        format!(
            "no password for {path}: set keys.operator_password_file or $CAIRN_OPERATOR_PASSWORD"
        )
    );
    let variables = [("CAIRN_OPERATOR_PASSWORD", "other")];
    assert_eq!(error(&config, &variables), format!("{path}: wrong password"));
    for (text, reason) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("{}", "expected crypto.kdfparams.dklen of 32"),
    ] {
        private(&keystore, text);
        let expected = format!("{path}: this is no keystore file: {reason}");
        assert_eq!(error(&config, &variables), expected);
    }
    std::fs::remove_file(&keystore).unwrap();
    assert_eq!(
        error(&config, &variables),
        format!("keys.operator, {path}: No such file or directory (os error 2)")
    );
}

#[test]
fn keys_come_from_the_environment_and_are_never_shown() {
    let other = PrivateKeySigner::random();
    let hex = alloy::primitives::hex::encode(other.to_bytes());
    let variables = |name: &str| match name {
        "CAIRN_OPERATOR_KEY" => Some(format!("{KEY}\n")),
        "CAIRN_RECEIPT_KEY" => Some(hex.clone()),
        _ => None,
    };
    let keys = Keys::load(&KeysConfig::default(), variables).unwrap();
    assert_eq!((keys.operator, keys.receipts), (parse(KEY, "").unwrap(), other));
    let none = Keys::load(&KeysConfig::default(), |_| None).unwrap_err().to_string();
    assert_eq!(
        none,
        "no operator key: set keys.operator to a keystore file, or $CAIRN_OPERATOR_KEY to the key in hex"
    );
    let half = Keys::load(&KeysConfig::default(), |_| Some(KEY[..40].to_owned()));
    assert_eq!(
        half.unwrap_err().to_string(),
        "$CAIRN_OPERATOR_KEY: expected a key, 32 bytes in hex"
    );
}

#[test]
fn a_token_that_could_be_guessed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin-token");
    check_token(&path).unwrap();
    assert!(!path.exists(), "a check makes nothing");
    for (text, got) in [("", 0), ("\n0123456789abcdef\n", 0), ("0123456789abcde\n", 15)] {
        private(&path, text);
        let expected = format!(
            "token of cairn admin, {}: its first line has {got} characters, expected at least 16: remove it, and the next start makes one",
            path.display()
        );
        assert_eq!(token(&path).unwrap_err().to_string(), expected);
        assert_eq!(check_token(&path).unwrap_err().to_string(), expected);
    }
    private(&path, "0123456789abcdef\n");
    assert_eq!(token(&path).unwrap(), "0123456789abcdef");
    std::fs::remove_file(&path).unwrap();
    let made = token(&path).unwrap();
    assert_eq!((made.len(), token(&path).unwrap()), (64, made));
}
