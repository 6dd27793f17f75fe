//! Tests of the operator's keys.

use serde_json::{Value, json};

use super::*;

#[test]
fn a_keystore_that_cannot_be_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| PathBuf::from(format!("{}/{name}", folder.path().display()));
    std::fs::write(inside("file"), "old").unwrap();
    let secret = PathBuf::from(format!("0x{}", "5eC4e7a1".repeat(8)));
    for (path, reason) in [
        (inside("file"), "File exists"),
        (inside("new/"), "expected the name of a file"),
        (inside("file/below"), "Not a directory"),
        (secret, "keystore file, 0x***: expected the name of a file"),
        ("-".into(), "expected a file, got standard output"),
    ] {
        let error = check_new(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    check_new(&inside("new/key")).unwrap();
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!((names.len(), std::fs::read(inside("file")).unwrap()), (1, b"old".into()));
    encrypt(&inside("new/key"), &PrivateKeySigner::random(), "long and wide").unwrap();
}

#[test]
fn a_private_file_is_replaced_where_it_is_and_stays_private() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("file"), folder.path().join("link"));
    assert!(replace_private("wallet", &path, b"new").is_err() && !path.exists());
    write_private("wallet", &path, b"old").unwrap();
    symlink(&path, &link).unwrap();
    replace_private("wallet", &link, b"new").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn an_empty_password_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (keystore, password) = (folder.path().join("key"), folder.path().join("password"));
    let key = PrivateKeySigner::random();
    let empty = |error: KeyError| {
        assert!(matches!(error, KeyError::EmptyPassword { .. }), "{error}");
    };
    empty(encrypt(&keystore, &key, "").unwrap_err());
    assert!(!keystore.exists());
    encrypt(&keystore, &key, "long and wide").unwrap();

    let mut config = KeysConfig { operator: Some(keystore), ..KeysConfig::default() };
    empty(Keys::load(&config, |_| Some(String::new())).unwrap_err());
    write_private("password", &password, b"\nlong and wide\n").unwrap();
    empty(read_password("--password-file", &password).unwrap_err());
    config.operator_password_file = Some(password);
    empty(Keys::load(&config, |_| None).unwrap_err());
}

#[test]
fn what_the_library_would_take_too_much_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let beside = Some(("cairn", Value::from(7)));
    seal(&path, &[7; 20], "long and wide", beside).unwrap();
    assert_eq!(open("keystore", &path, "long and wide").unwrap(), [7; 20]);
    assert!(matches!(open("keystore", &path, "other"), Err(KeyError::WrongPassword { .. })));
    let good = read_keystore("keystore", &path).unwrap();
    assert_eq!(good["cairn"], 7);
    let of_hours = json!({ "c": u32::MAX, "dklen": 32, "prf": "hmac-sha256", "salt": "00" });
    for (place, value, reason) in [
        ("/crypto/kdfparams/dklen", Value::from(16), "dklen of 32"),
        ("/crypto/cipherparams/iv", Value::from("00"), "iv of 16 bytes"),
        ("/crypto/kdfparams/n", Value::from(1_u64 << 31), "at most 1 GiB"),
        // It makes room for p blocks, too.
        ("/crypto/kdfparams/p", Value::from(1 << 24), "at most 1 GiB"),
        ("/crypto/kdfparams", of_hours, "kdfparams.c of at most"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        std::fs::write(&path, bad.to_string()).unwrap();
        let error = open("keystore", &path, "long and wide").unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
