//! A secret in the place of something else: no command shows it, whatever it says.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Output,
};

use crate::world::{ROLLUP, World, cairn, refusal};

/// A key, and what a URL may have.
const KEY: &str = "5ec4e70000000000000000000000000000000000000000000000000000005ec4";
const PASSWORD: &str = "hunter2";

/// What a failed command says, which holds no secret.
#[track_caller]
fn said(arguments: &[&str]) -> String {
    let output: Output = cairn(arguments).env("CAIRN_KEY", KEY).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{arguments:?}: {text}");
    for secret in [&KEY[..16], PASSWORD] {
        assert!(!text.contains(secret), "{arguments:?}: {text}");
    }
    text
}

#[test]
fn a_key_in_the_place_of_its_file_is_not_shown() {
    let world = World::new();
    let [state, leaves, data, out] = ["state", "leaves.csv", "keys", "out"].map(|n| world.path(n));
    let rollup = ROLLUP.to_string();
    let hash = format!("0x{}", "22".repeat(32));
    let words = ["--rollup", &rollup, "--batch", "1", "--digest", &hash, "--count", "0"];
    let member = ["--chain-id", "1", "--data", &data, "--keep", &out];
    let sign = ["exit", "sign", "--state", &state, "--leaves", &leaves, "--out", &out];
    let refund = ["exit", "refund", "--rollup", &rollup, "--l1", "http://127.0.0.1:9"];
    for (key, shown) in [(format!("0x{KEY}"), "0x***"), (KEY.to_owned(), "***")] {
        let commands: [&[&str]; 8] = [
            &[&refund[..], &["--sender", &key]].concat(),
            &[&["committee", "sign"], &words[..], &member, &["--key", &key]].concat(),
            &[&sign[..], &["--keys", &key]].concat(),
            &["admin", "pause", "--token-file", &key],
            &["keys", "show", &key, "--password-file", &data],
            &["keys", "show", &state, "--password-file", &key],
            &["keys", "new", &key],
            &["keys", "import", &key],
        ];
        for arguments in commands {
            let text = said(arguments);
            assert!(text.contains(shown), "{text}");
        }
        let text = said(&[&refund[..], &["--sender", &key]].concat());
        assert!(text.contains("expected the name of a file with the secret"), "{text}");
        assert!(!fs::exists(&key).unwrap(), "a file is named by the key");

        // Where no file is expected either.
        for arguments in [
            &["status", &key][..],
            &["exit", "submit", "--proofs", &out, &key],
            &["demo", "--seed", &key],
            &["committee", "sign", "--rollup", &key],
        ] {
            let text = said(arguments);
            assert!(text.contains("***") && text.ends_with("; see --help\n"), "{text}");
        }
    }
}

#[test]
fn a_key_in_the_configuration_is_not_printed() {
    let world = World::new();
    let text = format!(
        "data_dir = \"data\"\n[l1]\nurls = [\"http://127.0.0.1:1\"]\nchain_id = 1\n\
         rollup = \"{ROLLUP}\"\n[keys]\noperator = \"0x{KEY}\"\n"
    );
    let file = world.write("cairn.toml", &text);
    let printed = cairn(&["config", "print", &file]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("/0x***\"\n") && !printed.contains(KEY), "{printed}");
    assert!(printed.contains(&ROLLUP.to_string()), "{printed}");
    let output = cairn(&["run", "--config", &file]).env("CAIRN_OPERATOR_PASSWORD", "p").output();
    let text = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(text.contains("/0x***: expected the name of a file") && !text.contains(KEY), "{text}");
}

#[test]
fn a_user_and_a_password_are_not_shown_where_a_url_has_no_scheme() {
    let rollup = ROLLUP.to_string();
    for url in [
        format!("user:{PASSWORD}@127.0.0.1:1"),
        format!("{PASSWORD}:@127.0.0.1:1/v3/{PASSWORD}"),
        format!("data:{PASSWORD}"),
    ] {
        let l1 = ["--l1", &url, "--rollup", &rollup];
        said(&["status", "--url", &url]);
        said(&["load", "--url", &url]);
        said(&[&["reconstruct"], &l1[..]].concat());
        said(&["reconstruct", "--l1", "http://127.0.0.1:9", "--rollup", &rollup, "--beacon", &url]);
        let world = World::new();
        said(&["snapshot", "--check", &world.path("state"), "--l1", &url]);
        said(&["exit", "list", "--state", &world.path("state"), "--l1", &url]);
    }
    for word in [format!("user:{PASSWORD}@host"), format!("--l2=user:{PASSWORD}@host:1/x")] {
        said(&["status", &word]);
    }
}

/// In the environment, too, whose values help shows else.
#[test]
fn help_shows_no_value_of_a_secret() {
    for command in [&["admin", "--help"][..], &["db", "check", "--help"], &["status", "--help"]] {
        let mut help = cairn(command);
        help.env("CAIRN_ADMIN_TOKEN_FILE", KEY).env("CAIRN_URL", format!("http://u:{PASSWORD}@h"));
        let text = String::from_utf8(help.output().unwrap().stdout).unwrap();
        assert!(text.contains("CAIRN_") && !text.contains(KEY), "{text}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

/// The hash that something is about is no secret.
#[test]
fn hashes_are_shown() {
    let world = World::new();
    let hash = format!("0x{}", "22".repeat(32));
    let missing = world.path(&hash);
    let text = refusal(&cairn(&["snapshot", "--check", &missing]).output().unwrap());
    assert!(text.contains(&hash), "{text}");
}

/// It is taken: a key of a test, or one that is alone on its machine.
#[test]
fn a_key_that_everyone_can_read_is_warned_of() {
    let world = World::new();
    let [state, leaves, keys] = ["state", "leaves.csv", "keys"].map(|name| world.path(name));
    let arguments =
        ["exit", "sign", "--state", &state, "--leaves", &leaves, "--keys", &keys, "--out", "-"];
    for (mode, is_told) in [(0o600, false), (0o640, false), (0o644, true)] {
        fs::set_permissions(&keys, Permissions::from_mode(mode)).unwrap();
        let output = cairn(&arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        let warning = format!(
            "cairn: warning: {keys}: everyone on this machine can read it: chmod 600 {keys}\n"
        );
        assert_eq!(text.contains(&warning), is_told, "{mode:o}: {text}");
        assert!(text.contains("1 leaves signed"), "{text}");
    }
}

#[test]
fn a_keystore_is_for_its_owner_and_replaces_nothing() {
    let world = World::new();
    let (file, below) = (world.path("new/key"), world.path("keys/below"));
    let new = |path: &str| {
        cairn(&["keys", "new", path]).env("CAIRN_KEYSTORE_PASSWORD", "long and wide").output()
    };
    let made = new(&file).unwrap();
    assert!(made.status.success(), "{made:?}");
    let address = String::from_utf8(made.stdout).unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = world.path("other/");
    for (path, reason) in [
        (&file, "File exists"),
        (&below, "Not a directory"),
        (&folder, "expected the name of a file"),
        (&"-".to_owned(), "expected a file, got standard output"),
    ] {
        let refused = new(path).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains(&format!("keystore file, {path}: {reason}")), "{text}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(!fs::exists(&folder).unwrap());
    let mut show = cairn(&["keys", "show", &file]);
    let shown = show.env("CAIRN_KEYSTORE_PASSWORD", "long and wide").output().unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), address);
}
