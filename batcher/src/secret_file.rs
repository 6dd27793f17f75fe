//! Files with a secret: a key, a password, a token. What is given as the name of one may be the secret itself, by
//! mistake: no error shows it then.

use std::{
    borrow::Cow,
    fs,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::{
    console::{ADDRESS_DIGITS, HIDDEN},
    regular_file, tell,
};

/// Hex digits of the shortest secret: the seed of an L2 key.
const SHORTEST: usize = 32;

/// Rights that no secret gives: everyone's.
const EVERYONE: u32 = 0o007;

/// The name of a file with a secret, as it may be shown.
#[must_use]
pub fn shown_name(path: &Path) -> String {
    let shown = match last(path) {
        name if !is_secret(&name) => path.to_owned(),
        name if name.trim_start().starts_with("0x") => path.with_file_name(format!("0x{HIDDEN}")),
        _ => path.with_file_name(HIDDEN),
    };
    shown.to_string_lossy().into_owned()
}

/// The name without its folder: that of a configuration may be in front.
fn last(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Whether a name is more likely a secret in hex. A keystore may be named by its address.
fn is_secret(name: &str) -> bool {
    let name = name.trim();
    let digits = name.strip_prefix("0x").unwrap_or(name);
    digits.len() >= SHORTEST
        && digits.len() != ADDRESS_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The text of a file of at most so many bytes, as [`regular_file::text`] has it.
///
/// # Errors
/// As there. Where there is no such file since its name is the secret itself, that is what is said.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    regular_file::text(path, most).map_err(|error| match error.kind() {
        ErrorKind::NotFound if is_secret(&last(path)) => {
            let what = "expected the name of a file with the secret, got what may be the secret";
            io::Error::new(ErrorKind::NotFound, what)
        }
        _ => error,
    })
}

/// Refuses to make a file whose name may be a secret.
///
/// # Errors
/// It is.
pub fn check_name(path: &Path) -> io::Result<()> {
    match is_secret(&last(path)) {
        true => {
            let what = "expected the name of a file, got what may be the secret";
            Err(io::Error::new(ErrorKind::InvalidInput, what))
        }
        false => Ok(()),
    }
}

/// Whether everyone on this machine can read a file, or write it. A pipe, as a shell makes one, is gone soon.
///
/// # Errors
/// What the file system says.
pub fn is_everyones(path: &Path) -> io::Result<bool> {
    let found = fs::metadata(path)?;
    Ok(found.is_file() && found.permissions().mode() & EVERYONE != 0)
}

/// Says so if everyone can read a file that is taken nevertheless.
pub fn warn_of_readers(path: &Path) {
    // Who reads the file says what is wrong with it.
    if is_everyones(path).unwrap_or(false) {
        let name = shown_name(path);
        tell!("cairn: warning: {name}: everyone on this machine can read it: chmod 600 {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_no_name_that_is_shown() {
        let (key, seed) = ("5eC4e7a1".repeat(8), "5ec4e7a1".repeat(4));
        for (name, shown) in [
            (key.clone(), "***"),
            (format!("0x{key}"), "0x***"),
            // A digit too few, a space too many.
            (format!("0x{}", &key[1..]), "0x***"),
            (format!(" 0x{key}\n"), "0x***"),
            (format!("config/0x{key}"), "config/0x***"),
            (seed, "***"),
        ] {
            assert_eq!(shown_name(Path::new(&name)), shown);
            let error = read(Path::new(&name), 64).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().starts_with("expected the name of a file"), "{error}");
            assert!(check_name(Path::new(&name)).is_err());
        }
        let address = "5eC4e7a1".repeat(5);
        for name in [address, format!("{key}.json"), "key.json".to_owned(), "facade".to_owned()] {
            assert_eq!(shown_name(Path::new(&name)), name);
            let error = read(Path::new(&name), 64).unwrap_err().to_string();
            assert!(error.starts_with("No such file"), "{error}");
            check_name(Path::new(&name)).unwrap();
        }
    }

    #[test]
    fn who_can_read_a_file_is_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, expected) in [(0o600, false), (0o640, false), (0o644, true), (0o602, true)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_everyones(file.path()).unwrap(), expected, "{mode:o}");
        }
        assert!(!is_everyones(Path::new("/dev/null")).unwrap());
        assert!(is_everyones(Path::new("/nowhere")).is_err());
    }
}
